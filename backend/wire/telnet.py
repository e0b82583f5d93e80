"""The telnet protocol (RFC 854), sans-I/O: bytes in; lines, signals and replies out.

Ours, because nothing at hand fits: telnetlib3 belongs to asyncio; telnetio makes an event of every
byte, keeps a subnegotiation of any length and drops its own replies; mudtelnet is dead. Everything
here is bounded, no input is an error, and however the network cuts the bytes, the same comes out.

Nothing is sent until the peer has spoken telnet: ``nc`` shows negotiation as garbage. SGA, LINEMODE
and ECHO are never offered by themselves: each alone turns some client's line mode off. Knows no
socket and no room; ``wire.profile`` knows what a terminal can do, ``wire.lines`` what a line is.
"""

import re

from backend.room.events import Dismissed, Event
from backend.wire import options
from backend.wire.editor import Complete, Editor
from backend.wire.inputs import AreYouThere, Input, Reader, Reply, Typed, WrongProtocol
from backend.wire.lines import LineBuffer
from backend.wire.options import DO, IAC, TM, WILL, Options
from backend.wire.profile import Profile
from backend.wire.splitter import Piece, Request, Signal, Splitter, Subnegotiation
from backend.wire.terminal import encoder

_TLS_HELLO = b"\x16\x03"
_OTHER_PROTOCOL = re.compile(r"[A-Z]+ \S+ (HTTP)/\d|(SSH)-\d")

_OURS = frozenset({options.EOR, options.GMCP, options.CHARSET})
_THEIRS = frozenset({options.NAWS, options.TTYPE, options.GMCP, options.CHARSET})
_CHARACTER_MODE = (options.ECHO, options.SGA)


class Telnet:
    """One connection's codec.

    Attributes:
        profile: what is known of the peer's terminal.
        editor: draws the line in the making, while the peer is in character mode.
        speaks_telnet: whether the peer has proved that it does.

    Args:
        complete: what Tab offers in the editor.
    """

    __slots__ = (
        *("_complete", "_is_first_line", "_is_foreign", "_lines", "_opening", "_options"),
        *("_splitter", "_wants_character_mode", "editor", "profile", "speaks_telnet"),
    )

    def __init__(self, complete: Complete = lambda _: ()) -> None:
        self.profile = Profile()
        self.editor: Editor | None = None
        self.speaks_telnet = False
        self._complete = complete
        self._lines = LineBuffer()
        self._splitter = Splitter()
        self._options = Options(ours=_OURS, theirs=_THEIRS)
        self._opening: bytes | None = b""  # the first bytes, until they tell what is spoken here
        self._is_first_line = True
        self._is_foreign = False
        self._wants_character_mode = False

    def feed(self, data: bytes) -> list[Input]:
        """Everything that ``data`` completes, in order."""
        if self._is_foreign:
            return []
        if self._opening is not None:
            data = self._opening + data
            if data in (b"", _TLS_HELLO[:1]):
                self._opening = data
                return []
            self._opening = None
            if data.startswith(_TLS_HELLO):
                self._is_foreign = True
                return [WrongProtocol("TLS")]
        return [out for piece in self._splitter.split(data) for out in self._take(piece)]

    def encode(self, event: Event) -> bytes:
        """An event for this terminal alone, shown above the line in the making."""
        data = encoder(self.profile.style)(event)
        if self.editor is None:
            return data
        if isinstance(event, Dismissed):
            return self.editor.leave() + data
        return self.editor.above(data)

    def ask_character_mode(self, on: bool) -> list[Reply]:
        """Propose character mode (every key is sent, the echo is ours), or end it.

        The peer's agreement brings the editor; either side's word ends it.
        """
        self._wants_character_mode = on
        asked = b"".join(self._options.ask("us", option, on) for option in _CHARACTER_MODE)
        replies = [Reply(asked)] if asked else []
        return [*replies, *self._change_reader()] if on else [*self._change_reader(), *replies]

    def _change_reader(self) -> list[Reply]:
        agreed = all(self._options.is_on("us", option) for option in _CHARACTER_MODE)
        if agreed and self.editor is None:
            self.editor = Editor(self.profile, self._complete)
            self.editor.keys.after_cr = self._lines.after_cr
            self._lines.erase_line()
            return [Reply(self.editor.start())]
        if self.editor is not None and not agreed:
            editor, self.editor = self.editor, None
            self._lines.after_cr = editor.keys.after_cr
            return [Reply(editor.leave())]
        return []

    def _keep_whole(self) -> list[Reply]:
        """Take both halves of character mode back when one is refused: alone, each does harm."""
        refused = not all(
            self._options.is_on("us", option) or self._options.is_open("us", option)
            for option in _CHARACTER_MODE
        )
        return self.ask_character_mode(False) if self._wants_character_mode and refused else []

    @property
    def _reader(self) -> Reader:
        return self.editor or self._lines

    def _take(self, piece: Piece) -> list[Input]:
        match piece:
            case bytes():
                return [self._look_at(out) for out in self._reader.feed(piece)]
            case Subnegotiation(option, payload):
                return self._greet() + self.profile.receive(option, payload)
            case Request(verb, option):
                return self._greet() + self._negotiate(verb, option)
            case Signal(code):
                return self._greet() + self._obey(code)

    def _greet(self) -> list[Input]:
        if self.speaks_telnet:
            return []
        self.speaks_telnet = True
        asked = (self._options.ask("peer", o, True) for o in (options.NAWS, options.TTYPE))
        return [Reply(b"".join(asked))]

    def _obey(self, code: int) -> list[Input]:
        if code == options.AYT:
            return [AreYouThere()]
        if code == options.EC:
            return self._reader.erase_character()
        if code in (options.EL, options.IP, options.BRK, options.AO):
            return self._reader.erase_line()
        return []

    def _negotiate(self, verb: int, option: int) -> list[Input]:
        if option == TM:
            # Not a state but a mark in time (RFC 860): GNU telnet shows nothing until it is back.
            return [Reply(bytes((IAC, WILL, TM)))] if verb == DO else []
        before = self._ends(option)
        answer = self._options.receive(verb, option)
        out: list[Input] = [Reply(answer)] if answer else []
        if self._ends(option) != before:
            out += self.profile.option_changed(option, *self._ends(option))
        return [*out, *self._change_reader(), *self._keep_whole()]

    def _ends(self, option: int) -> tuple[bool, bool]:
        return self._options.is_on("us", option), self._options.is_on("peer", option)

    def _look_at(self, out: Input) -> Input:
        if isinstance(out, Typed):
            line = out.line or ""
            self.profile.heard(line, out.encoding)
            is_first, self._is_first_line = self._is_first_line, False
            if is_first and (other := _OTHER_PROTOCOL.match(line)):
                return WrongProtocol(other[1] or other[2])
        return out
