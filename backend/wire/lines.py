"""Bytes into lines, however they are cut: ``LineBuffer.feed(bytes) -> lines``.

Takes LF, CR LF, CR NUL and bare CR for a line end, split anywhere, and keeps at most
``MAX_LINE_BYTES``. Knows nothing of telnet's commands (they are gone before) or of the room.
"""

import re

MAX_LINE_BYTES = 8_192
"""Longest line kept: twice what 1,000 characters of UTF-8 can need, so that the room, which tells
people its limit in characters, is the one to refuse nearly all that is too long."""

_LINE_END = re.compile(rb"\r\n|\r\0|\r|\n")


class LineBuffer:
    """One connection's line in the making."""

    def __init__(self) -> None:
        self._partial = bytearray()
        self._overlong = False
        self._after_cr = False

    def feed(self, data: bytes) -> list[str | None]:
        """Lines that ``data`` completes, without their ends; None for one too long to be kept."""
        if not data:
            return []
        if self._after_cr:
            # The line ended with the CR; an LF or NUL that follows is the rest of its end.
            self._after_cr = False
            if data[0] in b"\n\0":
                data = data[1:]
        *complete, rest = _LINE_END.split(data)
        self._after_cr = data.endswith(b"\r")
        lines = [self._finish(piece) for piece in complete]
        self._keep(rest)
        return lines

    def _keep(self, piece: bytes) -> None:
        if len(self._partial) + len(piece) > MAX_LINE_BYTES:
            self._overlong = True
            self._partial.clear()
        if not self._overlong:
            self._partial += piece

    def _finish(self, piece: bytes) -> str | None:
        self._keep(piece)
        line = None if self._overlong else _decode(bytes(self._partial))
        self._partial.clear()
        self._overlong = False
        return line


def _decode(line: bytes) -> str:
    # UTF-8 hardly ever happens by accident, and in Latin-1 every byte means something.
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("latin-1")
