"""What the program was started on: a window that may be closed, a pipe that nobody reads, nothing.

Knows the descriptors that everything is started with, and nothing of what is shown on them.
"""

import os
import sys
from typing import TextIO

PLAIN = ("", "dumb")
"""What TERM is where nothing that is written can be taken back, such as in an editor's window."""

_STREAMS = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))


def fill() -> None:
    """Put what swallows everything where there is nothing, as after ``>&-``.

    Or the next connection would have that number, and be sent what a library says to stderr.
    """
    for name, mode in _STREAMS:
        if getattr(sys, name) is None:
            # The lowest number that is free: this one, as those before it are taken.
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115 - until the end


def say(text: str, to: TextIO | None = None) -> None:
    """Print it, or write it elsewhere, for whoever wants to hear it."""
    stream = to or sys.stdout
    try:
        print(text, file=stream, flush=True)
    except OSError:
        forget(stream)


def live_terminal() -> int | None:
    """Descriptor of a terminal on which a line can be written again and again; None without one.

    And None if the log goes elsewhere: that would be full of what is for a terminal only.
    """
    if os.environ.get("TERM", "") in PLAIN or not (sys.stdout.isatty() and sys.stderr.isatty()):
        return None
    here = sys.stdout.fileno()
    return here if os.path.sameopenfile(here, sys.stderr.fileno()) else None


def forget(stream: TextIO) -> None:
    """What is written there from now on goes nowhere, for there is nobody any more."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def finish() -> None:
    """Write what is left; what cannot be written is nobody's trouble.

    It would be Python's own, which tries once more and makes an exit status of it.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            forget(stream)
