"""What is known of one peer's terminal, and how it came to be known.

Size (NAWS, RFC 1073), type (TTYPE, RFC 1091, with the MTTS extension of game clients), character
set (RFC 2066), GMCP. Whatever a peer says is bounded and cleaned; what makes no sense is ignored.
Knows how options are used, not how they are agreed on.
"""

import json

from backend.wire.inputs import Encoding, Input, PlayersWanted, Reply
from backend.wire.options import CHARSET, EOR, GMCP, NAWS, TTYPE, subnegotiation
from backend.wire.terminal import PLAIN, Colours, Style

DEFAULT_SIZE = (80, 24)
"""What 0 columns and 0 rows stand for: GNU telnet says so when it does not know."""

MIN_SIDE, MAX_SIDE = 20, 500
"""Narrower cannot hold a nick; wider (RFC 1073 allows 65,535) is an attack on our line wrapping."""

MAX_TYPES = 4
"""Terminal types asked for: a name, a generic name, the MTTS bits, and one to see it repeat."""

MAX_TYPE_CHARACTERS = 40
"""RFC 1091's own limit on a terminal type."""

_ANSI_TYPES = (
    *("ALACRITTY", "ANSI", "CYGWIN", "FOOT", "GNOME", "ITERM", "KITTY", "KONSOLE", "LINUX"),
    *("MUDLET", "PUTTY", "RXVT", "SCREEN", "TINTIN", "TMUX", "VT1", "VT2", "VT3", "VTE", "XTERM"),
)
"""Beginnings of the names of terminals that obey ECMA-48 colours."""

_FULL_COLOUR_TYPES = ("KITTY", "MUDLET", "PUTTY", "TINTIN", "XTERM")
_FULL_COLOUR_MARKS = ("256COLOR", "TRUECOLOR", "DIRECT")
"""How the names of terminals begin that know 256 colours, and what others have in theirs."""

_MTTS_ANSI, _MTTS_UTF_8, _MTTS_256_COLOURS, _MTTS_SCREEN_READER = 1, 4, 8, 64

_IS, _SEND = 0, 1
_REQUEST, _ACCEPTED, _REJECTED = 1, 2, 3
_UTF_8_OFFER = subnegotiation(CHARSET, bytes([_REQUEST]) + b";UTF-8")


class Profile:
    """Everything that decides how events are encoded for one terminal.

    Attributes:
        types: the terminal types it told, cleaned, in order.
        style: how to write for it, by what is known now; the same object until that changes.
    """

    def __init__(self) -> None:
        self._size: tuple[int, int] | None = None
        self.types: list[str] = []
        self.style = PLAIN
        self._colour_wanted: bool | None = None  # None to go by the terminal type
        self._mtts = 0
        self._encoding: Encoding = "utf-8"
        self._encoding_is_agreed = False
        self._gmcp = False
        self._marks_prompts = False
        self._types_asked = 0
        self._offers_charset = False

    @property
    def size(self) -> tuple[int, int] | None:
        """Columns and rows; None when not known."""
        return self._size

    @size.setter
    def size(self, size: tuple[int, int] | None) -> None:
        self._size = size
        self._restyle()

    def _restyle(self) -> None:
        self.style = Style(
            width=None if self._size is None else self._size[0],
            colours=self._colours(),
            encoding=self._encoding,
            gmcp=self._gmcp,
            marks_prompts=self._marks_prompts,
        )

    def _colours(self) -> Colours:
        many = any(
            told.startswith(_FULL_COLOUR_TYPES) or any(mark in told for mark in _FULL_COLOUR_MARKS)
            for told in self.types
        )
        obeys = bool(self._mtts & _MTTS_ANSI) or any(t.startswith(_ANSI_TYPES) for t in self.types)
        reads_aloud = bool(self._mtts & _MTTS_SCREEN_READER)
        wanted = self._colour_wanted
        if wanted is None:
            wanted = (obeys or many) and not reads_aloud
        if not wanted:
            return 0
        return 256 if many or self._mtts & _MTTS_256_COLOURS else 16

    def want_colour(self, wanted: bool) -> None:
        """The person chooses, whatever the terminal type says."""
        self._colour_wanted = wanted
        self._restyle()

    def heard(self, line: str, encoding: Encoding) -> None:
        """Learn from a line: whoever writes in one encoding also wants to read it."""
        if not line.isascii() and not self._encoding_is_agreed:
            self._encoding = encoding
            self._restyle()

    def option_changed(self, option: int, ours: bool, theirs: bool) -> list[Input]:
        """An option is on or off now, at our end or theirs; what to say to that."""
        out = self._option_changed(option, ours, theirs)
        self._restyle()
        return out

    def _option_changed(self, option: int, ours: bool, theirs: bool) -> list[Input]:
        match option:
            case _ if option == TTYPE and theirs:
                return self._ask_for_type()
            case _ if option == CHARSET:
                is_new, self._offers_charset = ours and not self._offers_charset, ours
                return [Reply(_UTF_8_OFFER)] if is_new else []
            case _ if option == NAWS and not theirs:
                self.size = None
            case _ if option == EOR:
                self._marks_prompts = ours
            case _ if option == GMCP:
                self._gmcp = ours or theirs
        return []

    def receive(self, option: int, payload: bytes) -> list[Input]:
        """Take a subnegotiation; what to say to that."""
        out = self._receive(option, payload)
        self._restyle()
        return out

    def _receive(self, option: int, payload: bytes) -> list[Input]:
        if option == NAWS and len(payload) == 4:
            columns, rows = int.from_bytes(payload[:2]), int.from_bytes(payload[2:])
            self.size = _side(columns, DEFAULT_SIZE[0]), _side(rows, DEFAULT_SIZE[1])
        elif option == TTYPE and payload[:1] == bytes([_IS]):
            return self._receive_type(payload[1:])
        elif option == CHARSET:
            return self._receive_charset(payload)
        elif option == GMCP and self._gmcp:
            return _receive_gmcp(payload)
        return []

    def _receive_type(self, payload: bytes) -> list[Input]:
        name = "".join(chr(c) for c in payload if 0x21 <= c <= 0x7E or c == 0x20)
        name = name.upper()[:MAX_TYPE_CHARACTERS].strip()
        if name in self.types or len(self.types) >= MAX_TYPES:
            return []  # the list is at its end when it repeats
        self.types.append(name)
        if name.startswith("MTTS ") and name[5:].isdecimal():
            self._mtts = int(name[5:])
            if self._mtts & _MTTS_UTF_8:
                self._agree_on_utf_8()
        return self._ask_for_type()

    def _ask_for_type(self) -> list[Input]:
        if self._types_asked == MAX_TYPES:
            return []
        self._types_asked += 1
        return [Reply(subnegotiation(TTYPE, bytes([_SEND])))]

    def _receive_charset(self, payload: bytes) -> list[Input]:
        command, rest = payload[:1], payload[1:]
        if command == bytes([_ACCEPTED]):
            self._agree_on_utf_8()  # nothing else was offered
        elif command == bytes([_REQUEST]) and rest:
            offered = {name.upper() for name in rest[1:].split(rest[:1])}
            if b"UTF-8" in offered:
                self._agree_on_utf_8()
                return [Reply(subnegotiation(CHARSET, bytes([_ACCEPTED]) + b"UTF-8"))]
            return [Reply(subnegotiation(CHARSET, bytes([_REJECTED])))]
        return []

    def _agree_on_utf_8(self) -> None:
        self._encoding, self._encoding_is_agreed = "utf-8", True


def _side(told: int, default: int) -> int:
    return min(max(told or default, MIN_SIDE), MAX_SIDE)


def _receive_gmcp(payload: bytes) -> list[Input]:
    name, _, body = payload.partition(b" ")
    try:
        json.loads(body or b"null")
    except (ValueError, RecursionError):
        return []
    return [PlayersWanted()] if name.lower() == b"comm.channel.players" else []
