"""A window with a program on its terminal, that somebody may close while the program runs.

The terminal is the controlling one of the program's session, so closing it means what it means to
programs everywhere: SIGHUP, and from then on nothing but errors. Knows nothing of the program.
"""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tests.processes import ROOT, START_SECONDS, environment

BUFFERED = {"PYTHONUNBUFFERED": ""}
"""As everybody has it: what could not be written is tried once more at the very end."""


class Window:
    """A program on a terminal of its own.

    Attributes:
        process: the program.
        shown: all that it has written there so far, as far as it was looked at.
    """

    def __init__(self, process: "subprocess.Popen[bytes]", terminal: int) -> None:
        self.process = process
        self.shown = ""
        self._terminal: int | None = terminal

    def sees(self, pattern: str, *, within: float = START_SECONDS) -> re.Match[str]:
        """Wait until this has been written, and forget all up to its end."""
        deadline = time.monotonic() + within
        while not (found := re.search(pattern, self.shown)):
            assert self._read(deadline - time.monotonic()), f"{pattern!r} not in {self.shown!r}"
        self.shown = self.shown[found.end() :]
        return found

    def looks(self, seconds: float) -> str:
        """All that is written in so many seconds."""
        deadline = time.monotonic() + seconds
        while self._read(deadline - time.monotonic()):
            pass
        return self.shown

    def types(self, text: str) -> None:
        """Press these keys."""
        assert self._terminal is not None
        os.write(self._terminal, text.encode())

    def resize(self, columns: int) -> None:
        """Make it this wide."""
        assert self._terminal is not None
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("4H", 24, columns, 0, 0))

    def close(self) -> None:
        """Close it, as somebody does who has forgotten what was running there."""
        if self._terminal is not None:
            os.close(self._terminal)
        self._terminal = None

    def _read(self, seconds: float) -> bool:
        if (
            self._terminal is None
            or not select.select([self._terminal], [], [], max(0, seconds))[0]
        ):
            return False
        try:
            data = os.read(self._terminal, 10_000)
        except OSError:  # what Linux says when no program has it open any more
            return False
        self.shown += data.decode()
        return bool(data)


@contextmanager
def window(
    *arguments: str,
    command: Sequence[str] = (sys.executable, "-m", "backend"),
    columns: int = 80,
    term: str = "xterm-256color",
    **settings: str,
) -> Iterator[Window]:
    """A window in which a command is typed; make sure that it is gone afterwards."""
    ours, its = pty.openpty()
    with (
        tempfile.TemporaryDirectory() as temporary,
        subprocess.Popen(
            [*command, *arguments],
            cwd=ROOT,
            env=environment(**{"TMPDIR": temporary, "TERM": term, **BUFFERED, **settings}),
            stdin=its,
            stdout=its,
            stderr=its,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        ) as process,
    ):
        os.close(its)
        opened = Window(process, ours)
        try:
            opened.resize(columns)
            yield opened
        finally:
            process.kill()
            opened.close()
