"""Bytes into lines, however they are cut.

Takes LF, CR LF, CR NUL and bare CR for a line end, split anywhere, and keeps at most
``MAX_LINE_BYTES``. Because a client may send each key as it is hit, the keys that take something
back work here as on a terminal. Knows nothing of telnet's commands (they are gone before) or of
the room.
"""

import re

from wcwidth import grapheme_boundary_before

from backend.wire.inputs import Encoding, Input, Typed

MAX_LINE_BYTES = 8_192
"""Longest line kept: twice what 1,000 characters of UTF-8 can need, so that the room, which tells
people its limit in characters, is the one to refuse nearly all that is too long."""

_TAIL_BYTES = 256
"""How far back a character is looked for: a grapheme cluster of more bytes is taken back in
several strokes."""

# Line ends; then backspace, delete, ^C, ^U and ^W.
_KEY = re.compile(rb"(\r\n|[\r\n\x08\x7f\x03\x15\x17])")


class LineBuffer:
    """One connection's line in the making; an ``inputs.Reader`` that draws nothing.

    Attributes:
        after_cr: whether the last thing was a CR, so that an LF is the rest of its line end.
    """

    __slots__ = ("_overlong", "_partial", "after_cr")

    def __init__(self) -> None:
        self._partial = bytearray()
        self._overlong = False
        self.after_cr = False

    def feed(self, data: bytes) -> list[Input]:
        """Lines that ``data`` completes."""
        lines: list[Input] = []
        if self.after_cr and data:
            self.after_cr = False
            data = data.removeprefix(b"\n")  # the other half of a CR LF
        # Text and keys alternate: text, key, text, key, ..., text.
        for number, piece in enumerate(_KEY.split(data)):
            if number % 2 == 0:
                self._keep(piece)
            elif piece in (b"\r", b"\n", b"\r\n"):
                lines.append(self._finish())
            elif piece in (b"\x08", b"\x7f"):
                self.erase_character()
            elif piece == b"\x17":
                del self._partial[self._partial.rstrip(b" ").rfind(b" ") + 1 :]
            else:
                self.erase_line()
        self.after_cr = data.endswith(b"\r") if data else self.after_cr
        return lines

    def erase_character(self) -> list[Input]:
        """Take back one grapheme cluster: what a reader calls a character."""
        tail = bytes(self._partial[-_TAIL_BYTES:])
        while tail and 0x80 <= tail[0] < 0xC0:
            tail = tail[1:]  # the rest of a character whose beginning is not in the tail
        text, encoding = _decode(tail or bytes(self._partial[-1:]))
        if text:
            last = text[grapheme_boundary_before(text, len(text)) :]
            del self._partial[-len(last.encode(encoding)) :]
        return []

    def erase_line(self) -> list[Input]:
        """Take back everything since the last line end."""
        self._partial.clear()
        self._overlong = False
        return []

    def _keep(self, piece: bytes) -> None:
        piece = piece.replace(b"\0", b"")  # the rest of a CR NUL; elsewhere it is nothing either
        if len(self._partial) + len(piece) > MAX_LINE_BYTES:
            self._overlong = True
            self._partial.clear()
        if not self._overlong:
            self._partial += piece

    def _finish(self) -> Typed:
        typed = Typed(None) if self._overlong else Typed(*_decode(bytes(self._partial)))
        self.erase_line()
        return typed


def _decode(line: bytes) -> tuple[str, Encoding]:
    # UTF-8 hardly ever happens by accident, and in Latin-1 every byte means something.
    try:
        return line.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return line.decode("latin-1"), "latin-1"
