"""Somebody on telnet without a terminal between: whatever they say arrives byte for byte.

(What a person at a real terminal sees, ``tests.clients.programs.gnu_telnet`` tells.)
"""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from backend.app import Bound

PATIENCE = 10.0


class RawTelnet:
    """A connection to the telnet door."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._screen = b""

    def says(self, *lines: str) -> None:
        """Send these lines."""
        self._connection.sendall("".join(f"{line}\r\n" for line in lines).encode())

    def sees(self, text: str) -> None:
        """Read until this has come."""
        while text.encode() not in self._screen:
            data = self._connection.recv(65_536)
            assert data, f"the connection ended without {text!r}"
            self._screen += data


@contextmanager
def raw_telnet(bound: Bound, nick: str) -> Iterator[RawTelnet]:
    """Somebody in the room under this name."""
    assert bound.telnet_port is not None
    with socket.create_connection((bound.host, bound.telnet_port), PATIENCE) as connection:
        telnet = RawTelnet(connection)
        telnet.says(nick)
        telnet.sees(f"<meta>: Welcome {nick}.\r\n")
        yield telnet
