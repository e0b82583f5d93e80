"""Keys out of what a terminal sends: ``Keys.feed(bytes) -> keys``, however the bytes are cut.

A key is a ``Key`` or a string of ordinary characters. Knows escape sequences (ECMA-48, and what
xterm, PuTTY, the Linux console and screen make of the same key), not what a key does.
"""

import codecs
import enum
import re

from backend.wire.inputs import Encoding


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

# CSI (with parameters), SS3, an Alt combination, a line end, another control, or characters.
_TOKEN = re.compile(
    r"\x1b\[(?P<parameters>[0-9;?<=>]{0,24})[ -/]{0,4}(?P<csi>[@-~])"
    r"|\x1bO(?P<ss3>[ -~])"
    r"|\x1b(?P<meta>[^\[O\x1b])"
    r"|(?P<end>\r\n|\r\0)"
    r"|(?P<control>[\0-\x1a\x1c-\x1f\x7f-\x9f])"
    r"|(?P<text>[^\0-\x1f\x7f-\x9f]+)"
)

# Sequences are bounded, so that one that never ends is not waited for; no key has a longer one.
_UNFINISHED = re.compile(r"\x1b(\[[0-9;?<=>]{0,24}[ -/]{0,4}|O)?")


class Keys:
    """One connection's keys in the making.

    Attributes:
        after_cr: whether the last thing was a CR, so that an LF is the rest of its line end.
        encoding: how the last characters beyond ASCII had to be read.
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._pending = ""
        self.after_cr = False
        self.encoding: Encoding = "utf-8"

    def feed(self, data: bytes) -> list[Key | str]:
        """The keys that ``data`` completes, in order. What is no key is left out."""
        text = self._pending + self._read(data)
        self._pending = ""
        keys: list[Key | str] = []
        at = 0
        while at < len(text):
            token = _TOKEN.match(text, at)
            if token is not None:
                keys += self._key(token)
                at = token.end()
            elif _UNFINISHED.fullmatch(text, at):
                self._pending = text[at:]
                break
            else:
                at += 1
        return keys

    def _read(self, data: bytes) -> str:
        text = self._decoder.decode(data)
        if text.isascii():
            return text
        # Bytes that are no UTF-8 come out of the decoder as lone surrogates.
        read = "".join(chr(ord(c) - 0xDC00) if "\udc80" <= c <= "\udcff" else c for c in text)
        self.encoding = "utf-8" if read == text else "latin-1"
        return read

    def _key(self, token: re.Match[str]) -> list[Key | str]:
        after_cr, self.after_cr = self.after_cr, token[0] == "\r"
        key: Key | str | None
        match token.lastgroup:
            case "text":
                key = token[0]
            case "end":
                key = Key.ENTER
            case "control" if after_cr and token[0] in "\n\0":
                key = None  # the other half of a line end cut in two
            case "control":
                key = _CONTROLS.get(token[0])
            case "csi" if token["csi"] == "~":
                key = _NUMBERED.get(token["parameters"].partition(";")[0])
            case "csi" if token["csi"] in "CD" and ";" in token["parameters"]:
                key = Key.WORD_RIGHT if token["csi"] == "C" else Key.WORD_LEFT
            case "csi" | "ss3":
                key = _FINALS.get(token["csi"] or token["ss3"])
            case _:
                key = _META.get(token["meta"])
        return [] if key is None else [key]
