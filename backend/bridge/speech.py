"""What a bridge has yet to say to a room: what was not heard, and what is typed meanwhile.

A room counts the lines it has had from a seat, and says how many when that is resumed; here they
are counted as they leave. So none that the network has swallowed is lost, and none is said twice.
Pure: bytes in, bytes out.
"""

import re
from collections import deque
from dataclasses import dataclass, field
from itertools import islice

from backend.wire.inputs import Encoding, Typed
from backend.wire.lines import LineBuffer
from backend.wire.options import IAC
from backend.wire.splitter import Splitter

MAX_BYTES = 4 * 1024
"""How much is kept of what is typed meanwhile: more than anybody types into the blue."""

MAX_SAID_BYTES = 2 * MAX_BYTES
"""How much is kept of what was said: as much as may be said at once after a loss."""

_EDITING = re.compile(rb"[\x01\x02\x04-\x07\t\x0b\x0c\x0e-\x14\x16\x18-\x1f]")
"""Keys of which only an editor knows what they do; those that erase are alike anywhere."""

LOST = "Some of what you typed last was not heard, and is lost."
FULL = "Only the beginning of what you typed meanwhile was kept."

_IAC = bytes((IAC,))

_LINES = re.compile(rb"[^\r\n]*[\r\n]|[^\r\n]+")
"""Whole ones, and what is there of the last."""


@dataclass(slots=True)
class _Said:
    """What has been said on one connection, the name at the door apart.

    Attributes:
        count: how many lines of the seat the room has had, if it has had them all.
        lines: the newest of them; None for one that can only be typed again.
        size: bytes in them, of which even nothing counts as one.
    """

    count: int = 0
    lines: deque[bytes | None] = field(default_factory=deque)
    size: int = 0

    def add(self, line: bytes | None) -> None:
        self.count += 1
        self.lines.append(line)
        self.size += len(line or b"0")
        while self.size > MAX_SAID_BYTES:
            self._forget()

    def answered(self) -> None:
        """The oldest was for the door, which has had it."""
        self.count = max(0, self.count - 1)  # whatever a room may say
        if len(self.lines) > self.count:
            self._forget()

    def _forget(self) -> None:
        self.size -= len(self.lines.popleft() or b"0")


class _Kept:
    """Lines that are typed while there is no server: whole ones, and not too many."""

    def __init__(self) -> None:
        self.lines = b""
        self.is_full = False
        self._splitter = Splitter()

    def typed(self, data: bytes) -> None:
        # Telnet's commands are dropped: they answer the last server, or mean nothing to the next.
        text = b"".join(piece for piece in self._splitter.split(data) if isinstance(piece, bytes))
        lines = self.lines + text.replace(_IAC, 2 * _IAC)
        if self.is_full:
            return
        if len(lines) > MAX_BYTES:
            self.is_full = True
            lines = lines[: lines.rfind(b"\n", 0, MAX_BYTES) + 1]
        self.lines = lines


class Speech:
    """Follows what is sent to a room, and what the room says that it has heard.

    Attributes:
        encoding: of what is typed, as far as it shows.
    """

    def __init__(self) -> None:
        self.encoding: Encoding = "utf-8"
        self._before: _Said | None = None  # to the seat, by the connection that was lost
        self._unheard = b""
        self._has_loss = False
        self._kept = _Kept()
        self._begin()

    def _begin(self) -> None:
        self._said = _Said()
        self._said.add(b"")  # how one begins with a server, as ``seat`` says
        self._is_seated = False
        self._splitter = Splitter()
        self._buffer = LineBuffer()
        self._is_edited = False  # the line in the making

    def sent(self, data: bytes) -> None:
        """This leaves for the room."""
        for piece in self._splitter.split(data):
            for part in _LINES.findall(piece) if isinstance(piece, bytes) else ():
                self._is_edited = self._is_edited or _EDITING.search(part) is not None
                for typed in self._buffer.feed(part):
                    if isinstance(typed, Typed):
                        self._add(typed)

    def _add(self, typed: Typed) -> None:
        if typed.line is None or self._is_edited:
            self._said.add(None)
        else:
            line = typed.line.encode(typed.encoding).replace(_IAC, 2 * _IAC)
            self._said.add(line + b"\r\n")
            if not typed.line.isascii():
                self.encoding = typed.encoding
        self._is_edited = False

    def answered(self) -> None:
        """The door has had the oldest line, and asks for another."""
        self._said.answered()

    def seated(self) -> None:
        """The door has had the oldest line, and it was good for a seat."""
        self._said.answered()
        self._is_seated = True
        self._before = None  # a seat that is gone does not say what it has heard

    def resumed(self, heard: int) -> None:
        """The door has had the oldest line, and it was good for the seat of before.

        Args:
            heard: how many lines of that seat the room has had.
        """
        before = self._before or _Said()
        self.seated()
        self._said.count += heard
        missing = max(0, before.count - heard)
        kept = [line for line in islice(reversed(before.lines), missing) if line is not None]
        self._unheard = b"".join(reversed(kept))
        self._has_loss = len(kept) < missing

    def lost(self) -> None:
        """The connection is gone. What was heard on it, the next welcome says."""
        if self._is_seated:
            self._before = self._said
        self._begin()

    def typed(self, data: bytes) -> None:
        """This came from the client while there was no server."""
        self._kept.typed(data)

    @property
    def is_due(self) -> bool:
        """Whether there is something to say, or to tell."""
        return bool(self._unheard or self._has_loss or self._kept.lines or self._kept.is_full)

    def take(self) -> tuple[bytes, list[str]]:
        """All that has to be said now, once; and what there is to tell about what cannot be."""
        kept, self._kept = self._kept, _Kept()
        unheard, self._unheard = self._unheard, b""
        has_loss, self._has_loss = self._has_loss, False
        return unheard + kept.lines, [LOST] * has_loss + [FULL] * kept.is_full
