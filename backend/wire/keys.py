"""Keys out of what a terminal sends: ``Keys.feed(bytes) -> keys``, however the bytes are cut.

A key is a ``Key`` or a string of ordinary characters. Knows escape sequences (ECMA-48, and what
xterm, PuTTY, the Linux console and screen make of the same key), not what a key does.
"""

import codecs
import enum
import re


class Key(enum.Enum):
    """A key that is not a character."""

    ENTER = enum.auto()
    TAB = enum.auto()
    BACKSPACE = enum.auto()
    DELETE = enum.auto()
    LEFT = enum.auto()
    RIGHT = enum.auto()
    UP = enum.auto()
    DOWN = enum.auto()
    HOME = enum.auto()
    END = enum.auto()
    WORD_LEFT = enum.auto()
    WORD_RIGHT = enum.auto()
    KILL_LINE = enum.auto()
    KILL_WORD = enum.auto()
    KILL_REST = enum.auto()
    REDRAW = enum.auto()


_CONTROLS = {
    "\r": Key.ENTER,
    "\n": Key.ENTER,
    "\t": Key.TAB,
    "\x08": Key.BACKSPACE,
    "\x7f": Key.BACKSPACE,
    "\x01": Key.HOME,
    "\x02": Key.LEFT,
    "\x03": Key.KILL_LINE,
    "\x04": Key.DELETE,
    "\x05": Key.END,
    "\x06": Key.RIGHT,
    "\x0b": Key.KILL_REST,
    "\x0c": Key.REDRAW,
    "\x0e": Key.DOWN,
    "\x10": Key.UP,
    "\x15": Key.KILL_LINE,
    "\x17": Key.KILL_WORD,
}

_FINALS = {
    "A": Key.UP,
    "B": Key.DOWN,
    "C": Key.RIGHT,
    "D": Key.LEFT,
    "F": Key.END,
    "H": Key.HOME,
}

_NUMBERED = {
    "1": Key.HOME,
    "3": Key.DELETE,
    "4": Key.END,
    "7": Key.HOME,
    "8": Key.END,
}

_META = {
    "b": Key.WORD_LEFT,
    "f": Key.WORD_RIGHT,
    "\x7f": Key.KILL_WORD,
    "\x08": Key.KILL_WORD,
}

_SS3_FINALS = _FINALS | {"c": Key.WORD_RIGHT, "d": Key.WORD_LEFT}

MAX_SEQUENCE = 32
"""Longest escape sequence that may be a key; a longer one is passed over to its end."""

# The Linux console's F1 to F5; CSI (rxvt ends some with a dollar); SS3 (Konsole has parameters
# here, too); an Alt combination; a line end; a control; characters; a sequence that breaks off.
_TOKEN = re.compile(
    r"\x1b\[\[(?P<function>[A-E])"
    r"|\x1b\[(?P<parameters>[ -#%-?]*)(?P<csi>[@-Z\\-~$])"
    r"|\x1bO[0-9;]*(?P<ss3>[@-~])"
    r"|\x1b(?P<meta>[^\[O\0-\x07\x09-\x1f\x80-\x9f])"
    r"|(?P<end>\r\n|\r\0)"
    r"|(?P<control>[\0-\x1a\x1c-\x1f\x7f-\x9f])"
    r"|(?P<text>[^\0-\x1f\x7f-\x9f]+)"
    r"|(?P<broken>\x1b(?:\[\[|\[[ -#%-?]*|O[0-9;]*)?)"
)


_LONE = range(0xDC80, 0xDD00)
_RUN = re.compile("[\udc80-\udcff]+|[^\udc80-\udcff]+")


class Latin1(str):
    """Characters whose bytes were no UTF-8."""

    __slots__ = ()


class Keys:
    """One connection's keys in the making.

    Attributes:
        after_cr: whether the last thing was a CR, so that an LF is the rest of its line end.
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._pending = ""
        self.after_cr = False

    def feed(self, data: bytes) -> list[Key | str]:
        """The keys that ``data`` completes, in order. What is no key is left out."""
        text = self._pending + self._decoder.decode(data)
        self._pending = ""
        keys: list[Key | str] = []
        for token in _TOKEN.finditer(text):
            if token.lastgroup == "broken" and token.end() == len(text):
                self._pending = token[0][:MAX_SEQUENCE]  # with what follows, it is too long
            else:
                keys += self._key(token)
        return keys

    def _key(self, token: re.Match[str]) -> list[Key | str]:
        after_cr, self.after_cr = self.after_cr, token[0] == "\r"
        key: Key | str | None
        match token.lastgroup:
            case "text":
                return _characters(token[0])
            case "end":
                key = Key.ENTER
            case "csi" | "ss3" if len(token[0]) > MAX_SEQUENCE:
                key = None
            case "broken" | "function":
                key = None
            case "control" if after_cr and token[0] in "\n\0":
                key = None  # the other half of a line end cut in two
            case "control":
                key = _CONTROLS.get(token[0])
            case "csi" if token["csi"] == "~":
                key = _NUMBERED.get(token["parameters"].partition(";")[0])
            case "csi" if token["csi"] in "CD" and ";" in token["parameters"]:
                key = Key.WORD_RIGHT if token["csi"] == "C" else Key.WORD_LEFT
            case "csi":
                key = _FINALS.get(token["csi"])
            case "ss3":
                key = _SS3_FINALS.get(token["ss3"])
            case _:
                key = _META.get(token["meta"])
        return [] if key is None else [key]


def _characters(text: str) -> list[Key | str]:
    # Bytes that are no UTF-8 come out of the decoder as lone surrogates.
    runs = (_latin_1(run) if ord(run[0]) in _LONE else run for run in _RUN.findall(text))
    return [run for run in runs if run]


def _latin_1(run: str) -> Latin1:
    # Its first 32 beyond ASCII are controls.
    return Latin1("".join(chr(ord(c) - 0xDC00) for c in run if c >= "\udca0"))
