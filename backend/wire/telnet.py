"""The telnet protocol (RFC 854), sans-I/O: bytes in, lines out.

Telnet's commands are skipped, wherever they stand and however they are cut; what remains is text.
Knows no socket and no room.
"""

import re
from collections.abc import Iterator

from backend.wire.lines import LineBuffer

SE, SB, WILL, WONT, DO, DONT, IAC = 240, 250, 251, 252, 253, 254, 255
"""Names and values as in RFC 854."""

_HTTP_REQUEST = re.compile(r"[A-Z]+ \S+ HTTP/\d")


class Telnet:
    """One connection's codec."""

    def __init__(self) -> None:
        self._lines = LineBuffer()
        self._pending = b""  # a command cut short: IAC, or IAC and a verb
        self._in_subnegotiation = False

    def feed(self, data: bytes) -> list[str | None]:
        """Lines that ``data`` completes, without their ends; None for one too long to be kept."""
        return [line for text in self._text(data) for line in self._lines.feed(text)]

    def _text(self, data: bytes) -> Iterator[bytes]:
        """What is left of the input without its commands; ``IAC IAC`` is the byte 255."""
        data, self._pending = self._pending + data, b""
        start = 0
        while (at := data.find(IAC, start)) >= 0:
            if at > start and not self._in_subnegotiation:
                yield data[start:at]
            command = data[at + 1] if at + 1 < len(data) else None
            if command is None or (WILL <= command <= DONT and at + 2 == len(data)):
                self._pending = data[at:]
                return
            if command == IAC and not self._in_subnegotiation:
                yield bytes([IAC])
            if command in (SB, SE):
                self._in_subnegotiation = command == SB
            start = at + (3 if WILL <= command <= DONT else 2)
        if start < len(data) and not self._in_subnegotiation:
            yield data[start:]


def is_http_request(line: str) -> bool:
    """Whether a first line was meant for a web server."""
    return _HTTP_REQUEST.match(line) is not None
