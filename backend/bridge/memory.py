"""What a bridge remembers of a telnet conversation, to take it up again with a new server.

The nick, read from the room's own words; and the telnet options that a server has turned on, for
the next server knows nothing of them, so the client must not either. Pure: bytes in, bytes out.
"""

import re

from backend.wire.options import DO, DONT, IAC, WILL, WONT
from backend.wire.splitter import Request, Splitter

MAX_LINE_BYTES = 1_024
"""How much of a line is looked at: a welcome is far shorter."""

_COLOUR = re.compile(rb"\x1b\[[\d;]*m")

_WELCOME = re.compile(rb"<meta>: Welcome (?:back )?(\S+)\.$")
_RENAMED = re.compile(rb"<meta>: (\S+) is now (\S+)\.")


class Memory:
    """Follows what a server sends to one client.

    Attributes:
        nick: by which the client was in the room last, in the bytes it came in; None if never.
        is_welcome: whether the server of now has let it in.
        speaks_telnet: whether the client has ever agreed on an option.
        is_in_line: whether the cursor stands in the middle of a line.
        tail: the last of the text, to tell what was just said.
    """

    def __init__(self) -> None:
        self.nick: bytes | None = None
        self.is_welcome = False
        self.speaks_telnet = False
        self.is_in_line = False
        self.tail = b""
        self._line = b""
        self._splitter = Splitter()
        self._on: dict[tuple[int, int], None] = {}  # how to turn off what is on, in order

    def saw(self, data: bytes) -> None:
        """This went to the client."""
        for piece in self._splitter.split(data):
            if isinstance(piece, bytes):
                self._read(piece)
            elif isinstance(piece, Request):
                undo = WONT if piece.verb in (WILL, WONT) else DONT
                if piece.verb in (WILL, DO):
                    self.speaks_telnet = True
                    self._on[undo, piece.option] = None
                else:
                    self._on.pop((undo, piece.option), None)

    def new_server(self) -> bytes:
        """Forget what the last one had agreed on; what makes the client forget it, too."""
        off = b"".join(bytes((IAC, verb, option)) for verb, option in self._on)
        self._on.clear()
        self._splitter = Splitter()
        self._line = self.tail = b""
        self.is_welcome = False
        return off

    def _read(self, text: bytes) -> None:
        self.tail = (self.tail + text)[-MAX_LINE_BYTES:]
        self.is_in_line = not text.endswith(b"\n")
        *whole, rest = (self._line + text).split(b"\n")
        for line in whole:
            self._understand(_COLOUR.sub(b"", line[:MAX_LINE_BYTES]).rstrip(b"\r"))
        self._line = rest[:MAX_LINE_BYTES]

    def _understand(self, line: bytes) -> None:
        if not self.is_welcome:
            # Behind the prompt, on its line: what is typed there is echoed elsewhere. Before one is
            # in the room, nobody but the house says anything.
            if welcome := _WELCOME.search(line):
                self.nick, self.is_welcome = welcome[1], True
        # Only the house begins a line so: what people say begins with their nick.
        elif (renamed := _RENAMED.fullmatch(line)) and renamed[1] == self.nick:
            self.nick = renamed[2]
