"""A telnet byte stream taken apart: text, commands, subnegotiations (RFC 854, 855).

However the stream is cut, the pieces are the same; what is kept is bounded. Knows no option.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from backend.wire.options import DONT, IAC, SB, SE, WILL

MAX_SUBNEGOTIATION = 4_096
"""Longest subnegotiation kept, in bytes as sent: ample for any GMCP a chat needs. A longer one is
dropped, and nothing after it."""

_FIRST_COMMAND = 236
"""Bytes below are no commands (RFC 854, 1184), so an IAC before one is no IAC: in CP1251, 255 is
a letter."""


@dataclass(frozen=True, slots=True)
class Signal:
    """``IAC code``."""

    code: int


@dataclass(frozen=True, slots=True)
class Request:
    """``IAC verb option``: WILL, WONT, DO or DONT."""

    verb: int
    option: int


@dataclass(frozen=True, slots=True)
class Subnegotiation:
    """``IAC SB option payload IAC SE``."""

    option: int
    payload: bytes


Piece = bytes | Signal | Request | Subnegotiation


class Splitter:
    """Takes a byte stream apart into text, commands and subnegotiations (RFC 854, 855)."""

    __slots__ = ("_pending", "_sub", "_too_long")

    def __init__(self) -> None:
        self._pending = b""  # a command cut short: IAC, or IAC and a verb
        self._sub: bytearray | None = None  # inside a subnegotiation: what it has so far
        self._too_long = False

    def split(self, data: bytes) -> Iterator[Piece]:
        """The pieces of ``data`` in order; text comes as bytes."""
        data, self._pending = self._pending + data, b""
        start = 0
        while (at := data.find(IAC, start)) >= 0:
            yield from self._text(data[start:at])
            code = data[at + 1] if at + 1 < len(data) else None
            if code is None or (WILL <= code <= DONT and at + 2 == len(data)):
                self._pending = data[at:]
                return
            start = at + 2
            if code == IAC:
                yield from self._text(b"\xff" if self._sub is None else b"\xff\xff")
            elif code < _FIRST_COMMAND:
                yield from self._text(b"\xff")
                start = at + 1
            elif code == SE:
                yield from self._end_of_subnegotiation()
            elif code == SB:
                self._sub, self._too_long = bytearray(), False
            else:
                self._sub = None  # inside one, its end was lost
                if WILL <= code <= DONT:
                    yield Request(code, data[at + 2])
                    start = at + 3
                else:
                    yield Signal(code)
        yield from self._text(data[start:])

    def _text(self, data: bytes) -> Iterator[bytes]:
        if self._sub is None:
            if data:
                yield data
        elif len(self._sub) + len(data) > MAX_SUBNEGOTIATION:
            self._too_long = True
            self._sub.clear()
        elif not self._too_long:
            self._sub += data

    def _end_of_subnegotiation(self) -> Iterator[Subnegotiation]:
        sub, self._sub = self._sub, None
        if sub and not self._too_long:
            yield Subnegotiation(sub[0], bytes(sub[1:]).replace(b"\xff\xff", b"\xff"))
