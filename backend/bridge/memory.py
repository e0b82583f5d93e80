"""What a bridge remembers of a telnet stream, to take it up again with a new server.

The telnet options that a server has turned on, for the next server knows nothing of them, so the
client must not either; and what stands on the screen last. Pure: bytes in, bytes out.
"""

import re

from backend.wire.options import DO, DONT, IAC, WILL, WONT
from backend.wire.splitter import Request, Splitter

MAX_TAIL_BYTES = 1_024
"""How much of what stands on the screen is known: more than a goodbye and what draws it."""

_DRAWING = re.compile(r"\x1b\[[\d;?]*[A-Za-z]|\s")


class Memory:
    """Follows what a server sends to one client.

    Attributes:
        speaks_telnet: whether the client has ever agreed on an option.
        is_in_line: whether the cursor stands in the middle of a line.
    """

    def __init__(self) -> None:
        self.speaks_telnet = False
        self.is_in_line = False
        self._tail = b""
        self._splitter = Splitter()
        self._on: dict[tuple[int, int], None] = {}  # how to turn off what is on, in order

    def saw(self, data: bytes) -> None:
        """This went to the client."""
        for piece in self._splitter.split(data):
            if isinstance(piece, bytes):
                self._tail = (self._tail + piece)[-MAX_TAIL_BYTES:]
                self.is_in_line = not piece.endswith(b"\n")
            elif isinstance(piece, Request):
                undo = WONT if piece.verb in (WILL, WONT) else DONT
                if piece.verb in (WILL, DO):
                    self.speaks_telnet = True
                    self._on[undo, piece.option] = None
                else:
                    self._on.pop((undo, piece.option), None)

    def has_just_seen(self, text: str) -> bool:
        """Whether this was among the last words, however they were wrapped and drawn."""
        seen = {self._tail.decode(encoding, "replace") for encoding in ("utf-8", "latin-1")}
        return any(_words(text) in _words(each) for each in seen)

    def new_server(self) -> bytes:
        """Forget what the last one had agreed on; what makes the client forget it, too."""
        off = b"".join(bytes((IAC, verb, option)) for verb, option in self._on)
        self._on.clear()
        self._splitter = Splitter()
        self._tail = b""
        return off


def _words(text: str) -> str:
    return _DRAWING.sub("", text)
