"""Somebody who looks at the task tree while others are measured.

A member with a browser, for whom it is also noted which tasks run. What comes is read and thrown
away by a thread.
"""

import socket
from threading import Thread
from types import TracebackType
from typing import Self

from tests.talkers import HANDSHAKE, upgrade

PATIENCE = 5.0


class Onlooker:
    """In the room while the block lasts; raises OSError if there is no tree to look at.

    Args:
        port: the websockets'.

    Attributes:
        shown: how often it was told of a tree, or of what had run in it.
    """

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self._reader = Thread(target=self._read, daemon=True)
        self.shown = 0

    def __enter__(self) -> Self:
        self._socket.sendall(upgrade("Host: x", *HANDSHAKE))
        self._send(b"onlooker")
        self._send(b"/tasks")
        seen = b""
        while b"postman" not in seen:
            data = self._socket.recv(65_536)
            if not data:
                self._socket.close()
                raise ConnectionError("nobody shows a tree")
            seen += data
        self._socket.settimeout(None)
        self._reader.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._reader.join()
        self._socket.close()

    def look(self, on: bool) -> None:
        """Watch from now on, or no more."""
        self._send(b"/tasks watch" if on else b"/tasks stop")

    def _send(self, line: bytes) -> None:
        self._socket.sendall(b"\x81" + bytes([0x80 + len(line)]) + b"\0\0\0\0" + line)

    def _read(self) -> None:
        while data := self._socket.recv(65_536):
            self.shown += data.count(b'"type":"tasks"') + data.count(b'"type":"ran"')
