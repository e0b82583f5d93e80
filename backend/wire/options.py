"""Telnet option negotiation: who may do what (RFC 854, 855), by the Q method (RFC 1143).

An option can be on at either end. Each end asks (WILL, DO) and the other agrees or refuses; the
Q method remembers what was asked, so that an answer is never taken for a question and two programs
never answer each other for ever. Knows nothing of what an option is for.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

SE, NOP, DM, BRK, IP, AO, AYT, EC, EL, GA, SB = (
    240,
    241,
    242,
    243,
    244,
    245,
    246,
    247,
    248,
    249,
    250,
)
WILL, WONT, DO, DONT, IAC = 251, 252, 253, 254, 255
EOR_MARK = 239
"""Commands, named as in RFC 854 (and RFC 885: the end of a record)."""

ECHO, SGA, TM, TTYPE, EOR, NAWS, CHARSET, GMCP = 1, 3, 6, 24, 25, 31, 42, 201
"""Options, named as in RFC 857, 858, 860, 1091, 885, 1073, 2066 and by the game protocol GMCP."""

End = Literal["us", "peer"]
"""Whose end of the connection an option is on."""

_State = Literal["no", "yes", "want no", "want yes", "refused"]


@dataclass(slots=True)
class _Option:
    state: _State = "no"
    opposite: bool = False
    """While an answer is awaited: the opposite is to be asked for next. Once refused: the peer has
    asked again, and still waits for its answer."""


class Options:
    """All options of one connection.

    Args:
        ours: options that the peer may ask us to turn on at our end.
        theirs: options that the peer may turn on at its own end.
    """

    __slots__ = ("_options", "_ours", "_theirs")

    def __init__(self, *, ours: Collection[int], theirs: Collection[int]) -> None:
        self._ours = ours
        self._theirs = theirs
        self._options: dict[tuple[End, int], _Option] = {}

    def is_on(self, end: End, option: int) -> bool:
        """Whether both ends have agreed on it, and nobody has asked to end it."""
        known = self._options.get((end, option))
        return known is not None and known.state == "yes"

    def is_open(self, end: End, option: int) -> bool:
        """Whether it has been asked for, and the peer has yet to answer."""
        known = self._options.get((end, option))
        return known is not None and known.state == "want yes" and not known.opposite

    def ask(self, end: End, option: int, on: bool) -> bytes:
        """Want an option on or off; what to send now."""
        known = self._get(end, option)
        waiting: _State = "want yes" if on else "want no"
        if known.state in ("want yes", "want no"):
            known.opposite = known.state != waiting
            return b""
        if (known.state == "yes") == on:
            return b""
        # To a peer that still waits for an answer (GNU telnet does), our question is one.
        is_answer = known.state == "refused" and known.opposite
        known.state, known.opposite = ("yes" if is_answer else waiting), False
        return _request(end, option, on)

    def receive(self, verb: int, option: int) -> bytes:
        """Take WILL, WONT, DO or DONT from the peer; what to answer."""
        end: End = "peer" if verb in (WILL, WONT) else "us"
        known = self._get(end, option)
        if verb in (WILL, DO):
            return self._turned_on(known, end, option)
        return self._turned_off(known, end, option)

    def _turned_on(self, known: _Option, end: End, option: int) -> bytes:
        match known.state:
            case "no" if option in (self._ours if end == "us" else self._theirs):
                known.state = "yes"
                return _request(end, option, True)
            case "no":
                known.state = "refused"
                return _request(end, option, False)
            case "refused":
                known.opposite = True  # said once: whoever insists is not answered again
            case "want yes" if known.opposite:
                known.state, known.opposite = "want no", False
                return _request(end, option, False)
            case "want yes":
                known.state = "yes"
            case "want no":
                # A refusal must not be answered so; RFC 1143 takes it as it would have been.
                known.state, known.opposite = ("yes" if known.opposite else "no"), False
        return b""

    def _turned_off(self, known: _Option, end: End, option: int) -> bytes:
        match known.state:
            case "yes":
                known.state = "no"
                return _request(end, option, False)
            case "want no" if known.opposite:
                known.state, known.opposite = "want yes", False
                return _request(end, option, True)
            case "want yes" | "want no" | "refused":
                known.state, known.opposite = "no", False
        return b""

    def _get(self, end: End, option: int) -> _Option:
        return self._options.setdefault((end, option), _Option())


def _request(end: End, option: int, on: bool) -> bytes:
    if end == "us":
        return bytes((IAC, WILL if on else WONT, option))
    return bytes((IAC, DO if on else DONT, option))


def subnegotiation(option: int, payload: bytes) -> bytes:
    """A whole subnegotiation (RFC 855), with 255 doubled in the payload."""
    return bytes((IAC, SB, option)) + payload.replace(b"\xff", b"\xff\xff") + bytes((IAC, SE))
