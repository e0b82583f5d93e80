"""The server under attack: the program itself, as a process, with its limits out of the way."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.processes import Running, running


@contextmanager
def serving(*before: str) -> Iterator[Running]:
    """A server on free ports.

    Args:
        before: a command that runs the rest of its arguments.
    """
    with running(
        command=(*before, sys.executable, "-m", "backend"),
        HOST="127.0.0.1",
        PORT="0",
        TELNET_PORT="0",
        # An attack that is refused at the door would say nothing about what is behind it.
        limits=False,
        MAX_CONNECTIONS="100000",
        # What is not closed but by the garbage collector is told of in the log.
        PYTHONWARNINGS="always::ResourceWarning",
    ) as server:
        yield server


def complaints(log: str) -> list[str]:
    """Where a log tells of what nobody has thought of."""
    return [line for line in log.splitlines() if "Traceback" in line or "Warning" in line]
