"""A line editor for a terminal in character mode, sans-I/O: keys in; lines and screen bytes out.

The line in the making stands at the bottom, as many rows as it needs; whatever the room says
appears above it. The editor never asks the terminal where the cursor is: it draws every row itself,
one column short of the width, so that it always knows. Knows no event and no socket.
"""

import re
from collections.abc import Callable, Sequence

from wcwidth import grapheme_boundary_before, iter_graphemes
from wcwidth import width as display_width

from backend.room.claims import claimed_secret, has_claim, masked
from backend.wire.inputs import Encoding, Input, Reply, Typed
from backend.wire.keys import Key, Keys, Latin1
from backend.wire.profile import DEFAULT_SIZE, Profile
from backend.wire.terminal import rows_of, sayable, to_bytes

PROMPT = "> "

MAX_CHARACTERS = 2_000
"""Longest line kept: twice what the room takes, which is the one to refuse what is too long."""

MAX_HISTORY = 50
"""Lines that the arrow keys can bring back."""

_BELL = "\a"

Complete = Callable[[str], Sequence[str]]
"""What a beginning may be completed to: the whole of it up to the cursor goes in, whole words that
may take the last word's place come out."""


class Editor:
    """One connection's line in the making; an ``inputs.Reader`` that draws it.

    Attributes:
        keys: what makes keys of its bytes.

    Args:
        profile: the terminal's size and encoding.
        complete: what Tab offers.
    """

    def __init__(self, profile: Profile, complete: Complete) -> None:
        self._profile = profile
        self._complete = complete
        self.keys = Keys()
        self._before = ""  # the line: what stands before the cursor, and after it
        self._after = ""
        self._overlong = False
        self._encoding: Encoding = "utf-8"
        self._history: list[str] = []
        self._recalled = 0  # how far back in the history; 0 is the line in the making
        self._draft = ("", False)
        self._offers: list[str] = []  # what Tab has yet to offer, the present one last
        self._rows = [""]  # as drawn
        self._cursor = (0, 0)

    # --- in and out ---

    def start(self) -> bytes:
        """Draw the empty line."""
        return self._bytes(self._draw())

    def leave(self) -> bytes:
        """Take the line off the screen, for good."""
        return self._bytes(self._erased())

    def above(self, data: bytes) -> bytes:
        """Show whole lines above the one in the making."""
        return self._bytes(self._erased()) + data + self._bytes(self._draw())

    def feed(self, data: bytes) -> list[Input]:
        """Take keys; the lines they finish, and what to draw.

        Each reply goes by those before it: all of them must leave before anything is shown
        ``above``.
        """
        out: list[Input] = []
        for key in self.keys.feed(data):
            if key is Key.ENTER:
                out += self._enter()
            elif key is Key.REDRAW:
                out.append(Reply(b"\x1b[H\x1b[2J"))
                self._rows, self._cursor = [""], (0, 0)
            else:
                self._press(key)
        return [*out, *self._update()]

    def erase_character(self) -> list[Input]:
        """Take back the character before the cursor."""
        self._press(Key.BACKSPACE)
        return self._update()

    def erase_line(self) -> list[Input]:
        """Take back the whole line."""
        self._press(Key.KILL_LINE)
        return self._update()

    # --- what keys do ---

    def _press(self, key: Key | str) -> None:
        if key is Key.TAB:
            self._offer()
            return
        self._offers = []
        match key:
            case str():
                self._insert(key)
                if not key.isascii():
                    self._encoding = "latin-1" if isinstance(key, Latin1) else "utf-8"
            case Key.BACKSPACE:
                self._before = self._before[: self._last_boundary()]
            case Key.DELETE:
                self._after = self._after[len(self._next()) :]
            case Key.LEFT:
                self._move_to(self._last_boundary())
            case Key.RIGHT:
                self._move_to(len(self._before) + len(self._next()))
            case Key.HOME:
                self._move_to(0)
            case Key.END:
                self._move_to(len(self._before + self._after))
            case Key.WORD_LEFT:
                self._move_to(_word_start(self._before.rstrip()))
            case Key.WORD_RIGHT:
                word = re.match(r"\s*\S*", self._after)
                self._move_to(len(self._before) + (word.end() if word else 0))
            case Key.KILL_WORD:
                self._before = self._before[: _word_start(self._before.rstrip())]
            case Key.KILL_REST:
                self._after = ""
            case Key.KILL_LINE:
                self._set("")
            case Key.UP:
                self._recall(self._recalled + 1)
            case Key.DOWN:
                self._recall(self._recalled - 1)
        self._overlong = self._overlong and bool(self._before or self._after)

    def _insert(self, text: str) -> None:
        free = MAX_CHARACTERS - len(self._before) - len(self._after)
        self._overlong = self._overlong or len(text) > free
        self._before += text[:free]

    def _move_to(self, position: int) -> None:
        line = self._before + self._after
        self._before, self._after = line[:position], line[position:]

    def _last_boundary(self) -> int:
        return grapheme_boundary_before(self._before, len(self._before)) if self._before else 0

    def _next(self) -> str:
        return next(iter_graphemes(self._after), "")

    def _set(self, line: str) -> None:
        self._before, self._after, self._overlong = line, "", False

    def _recall(self, back: int) -> None:
        if not 0 <= back <= len(self._history):
            return
        if self._recalled == 0:
            self._draft = self._before + self._after, self._overlong
        self._recalled = back
        line, overlong = (self._history[-back], False) if back else self._draft
        self._set(line)
        self._overlong = overlong

    def _offer(self) -> None:
        if not self._offers:
            word = self._before[_word_start(self._before) :]
            self._offers = [*self._complete(self._before), word]
        standing, following = self._offers[-1], self._offers[0]
        self._before = self._before.removesuffix(standing)
        self._insert(following)
        self._offers = [*self._offers[1:], following]

    def _enter(self) -> list[Input]:
        self._move_to(len(self._before + self._after))
        shown = self._update()
        line, overlong = self._before, self._overlong
        is_new = line.strip() and not overlong and line not in self._history[-1:]
        if is_new and claimed_secret(line) is None and not has_claim(line):
            self._history = [*self._history, line][-MAX_HISTORY:]
        self._set("")
        self._recalled, self._offers, self._draft = 0, [], ("", False)
        self._rows, self._cursor = [""], (0, 0)
        return [*shown, Reply(b"\r\n"), Typed(None if overlong else line, self._encoding)]

    # --- what the screen shows ---

    def _update(self) -> list[Input]:
        """Bring the screen up to date."""
        rows, cursor = self._lay_out()
        if (rows, cursor) == (self._rows, self._cursor):
            return []
        last = len(rows) - 1
        grown = rows[last].startswith(self._rows[-1]) and rows[:last] == self._rows[:-1]
        at_end = self._cursor == (last, display_width(self._rows[-1]))
        if grown and at_end and cursor == (last, display_width(rows[last])):
            # The common case, somebody typing: nothing but the new characters.
            text = rows[last].removeprefix(self._rows[-1])
            self._rows, self._cursor = rows, cursor
        else:
            text = self._erased() + self._draw()
        return [Reply(self._bytes(text))]

    def _erased(self) -> str:
        up = self._cursor[0]
        self._rows, self._cursor = [""], (0, 0)
        return (f"\x1b[{up}A" if up else "") + "\r\x1b[J"

    def _draw(self) -> str:
        self._rows, self._cursor = rows, (row, column) = self._lay_out()
        up = len(rows) - 1 - row
        back = "\r" + (f"\x1b[{column}C" if column else "")
        return "\r\n".join(rows) + (f"\x1b[{up}A" if up else "") + back

    def _lay_out(self) -> tuple[list[str], tuple[int, int]]:
        """The rows as they should be, and where the cursor is: row and column from 0."""
        columns, height = self._profile.size or DEFAULT_SIZE
        style = self._profile.style
        shown = masked(self._before + self._after)
        before = rows_of(sayable(PROMPT + shown[: len(self._before)], style), columns - 1)
        rows = rows_of(sayable(PROMPT + shown, style), columns - 1)
        row, column = len(before) - 1, display_width(before[-1])
        if self._after and rows[row] == before[row] and row + 1 < len(rows):
            row, column = row + 1, 0  # the character at the cursor begins a row
        # Rows that have left the screen cannot be drawn over: show those around the cursor.
        first = max(0, row - (height - 2))
        return rows[first : first + height - 1], (row - first, column)

    def _bytes(self, text: str) -> bytes:
        return to_bytes(text, self._profile.style)


def _word_start(text: str) -> int:
    """Where the last word begins; a regular expression would try every place before it, too."""
    return next((at for at in range(len(text), 0, -1) if text[at - 1].isspace()), 0)
