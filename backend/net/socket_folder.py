"""The folder of a private socket: of nobody else, and gone with the process.

A process that is killed removes nothing, so each start removes what others have left. Knows nothing
of what is served at the socket.
"""

import os
import socket
import stat
import tempfile
import time
import zlib
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from backend.net.listen import StartError

MAX_SOCKET_PATH = 100
"""What fits into a unix socket's address, in bytes: 104 on some systems, 108 on Linux."""

PREFIX = f"playroom-{zlib.crc32(socket.gethostname().encode()):08x}-"
"""How the folders' names begin. Each machine has another: on a disk that several have, nobody seems
to listen at another's sockets."""

SOCKET = "site.sock"

LEAST_AGE_SECONDS = 60.0
"""A younger socket may be of a process that is about to listen."""


class SocketFolder:
    """A new folder, for as long as the block.

    Attributes:
        socket: where in it the socket is to be.

    Raises:
        StartError: the path is too long for one.
    """

    def __init__(self) -> None:
        _remove_left_behind(Path(tempfile.gettempdir()))
        self._folder = tempfile.TemporaryDirectory(prefix=PREFIX)
        self.socket = str(Path(self._folder.name) / SOCKET)
        if len(self.socket.encode()) > MAX_SOCKET_PATH:
            raise StartError(f"the folder for temporary files has too long a name: {self.socket}")

    def __enter__(self) -> "SocketFolder":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._folder.cleanup()


def _remove_left_behind(temporary: Path) -> None:
    for folder in temporary.glob(f"{PREFIX}*"):
        with suppress(OSError):  # another start may be faster
            if _is_left_behind(folder):
                (folder / SOCKET).unlink()
                folder.rmdir()


def _is_left_behind(folder: Path) -> bool:
    """Whether it is one of ours, with a socket that nobody listens at any more."""
    about = folder.lstat()
    if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.getuid():
        return False
    if time.time() - about.st_mtime < LEAST_AGE_SECONDS or os.listdir(folder) != [SOCKET]:
        return False
    with socket.socket(socket.AF_UNIX) as probe:
        probe.setblocking(False)  # one that is too busy to be connected to is there
        try:
            probe.connect(str(folder / SOCKET))
        except ConnectionRefusedError:
            return True
        return False
