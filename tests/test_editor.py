"""The line editor, as a terminal emulator shows it.

pyte keeps the screen; it counts the columns of every character by itself, where the editor counts
those of grapheme clusters (so do most terminals of today). The two agree on the alphabet used here:
no joiners, variation selectors, skin tones or flags. tmux, which joins, is asked for those.
"""

import itertools
import os
import re
import shlex
import shutil
import subprocess
import time
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path

import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.room.events import Acted, Event, Joined, Noticed, Said
from backend.wire.editor import MAX_CHARACTERS, MAX_HISTORY, PROMPT, Editor
from backend.wire.inputs import Input, Reply, Typed
from backend.wire.profile import Profile
from backend.wire.terminal import PLAIN, Style, encoder

AT = 1_700_000_000.0

UP, DOWN, RIGHT, LEFT = b"\x1b[A", b"\x1b[B", b"\x1b[C", b"\x1b[D"
HOME, END, DELETE, BACKSPACE = b"\x1b[H", b"\x1b[F", b"\x1b[3~", b"\x7f"
WORD_LEFT, WORD_RIGHT = b"\x1bb", b"\x1bf"
KILL_LINE, KILL_WORD, KILL_REST, CTRL_C = b"\x15", b"\x17", b"\x0b", b"\x03"
REDRAW, TAB, ENTER = b"\x0c", b"\t", b"\r"

KNOWN = ["alice", "alfred", "bob", "田中", "Zoë"]


def complete(beginning: str) -> list[str]:
    """Tab, as the telnet door has it: nicks."""
    *before, word = beginning.split(" ")
    end = " " if before else ": "
    return [name + end for name in KNOWN if word and name.startswith(word)]


def said(text: str, nick: str = "bob") -> Said:
    """Somebody speaks."""
    return Said(1, AT, nick, "web", text)


class Terminal:
    """A terminal's screen, all that has scrolled off it, and who sits at it."""

    def __init__(self, columns: int = 40, height: int = 24) -> None:
        self.columns, self.height = columns, height
        self.screen = pyte.HistoryScreen(columns, height, history=5_000)
        self.stream = pyte.ByteStream(self.screen)
        self.profile = Profile()
        self.profile.size = (columns, height)
        self.editor = Editor(self.profile, complete)
        self.entered: list[str | None] = []
        self.show(self.editor.start())

    def resize(self, columns: int, height: int) -> None:
        """The window is pulled to another size, and says so (NAWS)."""
        self.columns, self.height = columns, height
        self.screen.resize(height, columns)
        self.profile.size = (columns, height)

    def show(self, data: bytes) -> None:
        """What the server sends reaches the screen through telnet, which undoubles 255."""
        self.stream.feed(data.replace(b"\xff\xff", b"\xff"))

    def take(self, inputs: Iterable[Input]) -> int:
        """Everything that keys lead to, in order; how many bytes of it were sent."""
        sent = 0
        for out in inputs:
            match out:
                case Reply(data):
                    self.show(data)
                    sent += len(data)
                case Typed(line):
                    self.entered.append(line)
                case _:
                    pytest.fail(f"an editor makes no {out}")
        return sent

    def type(self, *keys: str | bytes) -> int:
        """Press keys, each in a packet of its own; how many bytes came back."""
        reads = (key.encode() if isinstance(key, str) else key for key in keys)
        return sum(self.take(self.editor.feed(read)) for read in reads)

    def hear(self, event: Event) -> list[str]:
        """Something happens in the room; the rows that it takes."""
        data = encoder(self.profile.style)(event)
        self.show(self.editor.above(data))
        return shown(data, self.profile.style)

    @property
    def all_rows(self) -> list[str]:
        """Every row there ever was, down to the bottom of the screen."""
        lines = [*self.screen.history.top, *(self.screen.buffer[y] for y in range(self.height))]
        rows = ("".join(line[x].data for x in range(self.columns)) for line in lines)
        return [unicodedata.normalize("NFC", row).rstrip() for row in rows]

    @property
    def rows(self) -> list[str]:
        """The rows with something on them."""
        rows = self.all_rows
        while rows and not rows[-1]:
            rows.pop()
        return rows

    @property
    def cursor(self) -> tuple[int, int]:
        """Where the next letter goes: the row, counted from the first of all, and the column."""
        return len(self.screen.history.top) + self.screen.cursor.y, self.screen.cursor.x


def shown(data: bytes, style: Style = PLAIN) -> list[str]:
    """What encoded events look like: their rows without colours."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", data.decode(style.encoding))
    return [unicodedata.normalize("NFC", row).rstrip() for row in text.split("\r\n")[:-1]]


# --- one key after the other ---


def test_the_empty_line_is_a_prompt() -> None:
    """Whoever turns the editor on sees where to type."""
    terminal = Terminal()
    assert terminal.rows == [">"]
    assert terminal.cursor == (0, 2)


def test_letters_stand_where_they_are_typed() -> None:
    """The echo is ours, and the cursor is behind it."""
    terminal = Terminal()
    terminal.type("h", "i ", "田", "e", "\u0301")
    assert terminal.rows == ["> hi 田é"]
    assert terminal.cursor == (0, 8)


def test_letters_can_be_put_into_the_middle() -> None:
    """What is behind the cursor makes room."""
    terminal = Terminal()
    terminal.type("held", LEFT, LEFT, "l", RIGHT, "o wor")
    assert terminal.rows == ["> hello word"]
    terminal.type(LEFT, LEFT, RIGHT, RIGHT, "l", ENTER)
    assert terminal.entered == ["hello world"]


@pytest.mark.parametrize(
    "cluster", ["a", "é", "e\u0301\u0323", "田", "👧", "👩‍👩‍👧", "🇩🇪", "☺️", "한", "क्षि"]
)
def test_the_cursor_and_the_erasers_take_a_whole_character(cluster: str) -> None:
    """What a reader calls a character is one, however many code points it has."""
    terminal = Terminal()
    terminal.type(f"x{cluster}y", LEFT, LEFT, "1", RIGHT, "2", ENTER)
    terminal.type(f"x{cluster}y", LEFT, BACKSPACE, "-", ENTER)
    terminal.type(f"x{cluster}y", HOME, RIGHT, DELETE, "-", ENTER)
    terminal.type(f"x{cluster}")
    terminal.take(terminal.editor.erase_character())
    terminal.type("-y", ENTER)
    assert terminal.entered == [f"x1{cluster}2y", "x-y", "x-y", "x-y"]


def test_the_cursor_stands_on_the_next_character() -> None:
    """Wide characters take it two columns further, marks none."""
    terminal = Terminal()
    terminal.type("a田e\u0301b")
    columns = [terminal.cursor[1]]
    for _ in range(4):
        terminal.type(LEFT)
        columns.append(terminal.cursor[1])
    assert columns == [7, 6, 5, 3, 2]


def test_keys_at_the_ends_of_the_line_do_nothing() -> None:
    """And nothing is sent for them."""
    terminal = Terminal()
    assert terminal.type(LEFT, RIGHT, HOME, END, BACKSPACE, DELETE, UP, DOWN, TAB) == 0
    assert terminal.type(KILL_LINE, KILL_WORD, KILL_REST, WORD_LEFT, WORD_RIGHT, b"\x1b[15~") == 0
    terminal.type("hi")
    assert terminal.type(RIGHT, END, DELETE, KILL_REST, WORD_RIGHT) == 0
    terminal.type(HOME)
    assert terminal.type(LEFT, HOME, BACKSPACE, KILL_WORD, WORD_LEFT) == 0
    assert terminal.rows == ["> hi"]
    assert terminal.cursor == (0, 2)


@pytest.mark.parametrize(
    ("keys", "line", "column"),
    [
        ([HOME], "one two  three", 0),
        ([HOME, END], "one two  three", 14),
        ([b"\x01"], "one two  three", 0),
        ([b"\x01", b"\x05"], "one two  three", 14),
        ([WORD_LEFT], "one two  three", 9),
        ([WORD_LEFT, WORD_LEFT], "one two  three", 4),
        ([WORD_LEFT] * 3, "one two  three", 0),
        ([WORD_LEFT] * 4, "one two  three", 0),
        ([HOME, WORD_RIGHT], "one two  three", 3),
        ([HOME, WORD_RIGHT, WORD_RIGHT], "one two  three", 7),
        ([HOME, *[WORD_RIGHT] * 4], "one two  three", 14),
        ([KILL_WORD], "one two  ", 9),
        ([KILL_WORD, KILL_WORD], "one ", 4),
        ([WORD_LEFT, KILL_WORD], "one three", 4),
        ([LEFT, LEFT, KILL_WORD], "one two  ee", 9),
        ([b"\x1b\x7f"], "one two  ", 9),
        ([WORD_LEFT, KILL_REST], "one two  ", 9),
        ([HOME, KILL_REST], "", 0),
        ([WORD_LEFT, KILL_LINE], "", 0),
        ([WORD_LEFT, CTRL_C], "", 0),
        ([HOME, DELETE, DELETE], "e two  three", 0),
        ([HOME, b"\x04"], "ne two  three", 0),
    ],
)
def test_moving_and_erasing(keys: list[bytes], line: str, column: int) -> None:
    """The keys that readline has taught everybody."""
    terminal = Terminal()
    terminal.type("one two  three", *keys)
    assert terminal.rows == [f"> {line}".rstrip()]
    assert terminal.cursor == (0, 2 + column)
    terminal.type(ENTER)
    assert terminal.entered == [line]


def test_telnets_own_erase_line_takes_back_the_line() -> None:
    """IP, BRK and EL come as commands, past the keys."""
    terminal = Terminal()
    terminal.type("half a thought", LEFT)
    terminal.take(terminal.editor.erase_line())
    assert terminal.rows == [">"]
    terminal.type("hi", ENTER)
    assert terminal.entered == ["hi"]


def test_enter_leaves_the_line_on_the_screen() -> None:
    """Wherever the cursor was; the next line begins below."""
    terminal = Terminal()
    terminal.type("hello", LEFT, LEFT, ENTER)
    assert terminal.entered == ["hello"]
    assert terminal.rows == ["> hello", ">"]
    assert terminal.cursor == (1, 2)


def test_enter_on_a_line_of_several_rows_leaves_them_all() -> None:
    """The next line begins below the last of them, also with the cursor in the first."""
    terminal = Terminal(20, 24)
    terminal.type("x" * 40, HOME, ENTER)
    assert terminal.rows == ["> " + "x" * 17, "x" * 19, "xxxx", ">"]
    assert terminal.cursor == (3, 2)


def test_many_lines_in_one_packet_are_many_lines() -> None:
    """A paste, with every kind of line end."""
    terminal = Terminal()
    terminal.type(b"one\r\ntwo\nthree\r\0\rfour")
    assert terminal.entered == ["one", "two", "three", ""]
    assert terminal.rows == ["> one", "> two", "> three", ">", "> four"]


def replies_first(inputs: list[Input]) -> list[Input]:
    """As the telnet door takes them."""
    return sorted(inputs, key=lambda out: not isinstance(out, Reply))


def test_an_answer_shown_between_two_lines_of_one_packet_harms_neither() -> None:
    """What the editor draws leaves first; the answer then goes above the line that is left."""
    terminal = Terminal()
    data = encoder(terminal.profile.style)(Noticed("Colours are on."))
    for out in replies_first(terminal.editor.feed(b"/color on\rhello")):
        if isinstance(out, Reply):
            terminal.show(out.data)
        else:
            terminal.show(terminal.editor.above(data))
    assert terminal.rows == ["> /color on", "<meta>: Colours are on.", "> hello"]
    assert terminal.cursor == (2, 7)


def test_leaving_in_the_midst_of_a_packet_leaves_no_prompt() -> None:
    """``/rich off`` ends the editor when what it has drawn is there."""
    terminal = Terminal()
    for out in replies_first(terminal.editor.feed(b"/rich off\r")):
        if isinstance(out, Reply):
            terminal.show(out.data)
        else:
            terminal.show(terminal.editor.leave())
    assert terminal.rows == ["> /rich off"]
    assert terminal.cursor == (1, 0)


# --- history ---


def test_the_arrows_bring_back_what_was_entered() -> None:
    """Newest first, and the draft is kept for whoever comes back down."""
    terminal = Terminal()
    terminal.type("one", ENTER, "two", ENTER, "dra", LEFT)
    seen = []
    for key in (UP, UP, UP, DOWN, DOWN, DOWN):
        terminal.type(key)
        seen.append(terminal.rows[-1])
    assert seen == ["> two", "> one", "> one", "> two", "> dra", "> dra"]
    terminal.type("ft", ENTER)
    assert terminal.entered[-1] == "draft"


def test_a_line_brought_back_can_be_changed_and_sent() -> None:
    """What is sent is new history; the old is as it was."""
    terminal = Terminal()
    terminal.type("one", ENTER, UP, "!", ENTER, UP, UP, ENTER, UP, ENTER)
    assert terminal.entered == ["one", "one!", "one", "one"]


def test_a_line_brought_back_is_drawn_whole() -> None:
    """Also where the end of it looks like what stood there before."""
    terminal = Terminal(20, 24)
    terminal.type("a" * 17 + "end", ENTER, "b" * 17 + "en", ENTER, UP)
    assert terminal.rows[-2:] == ["> " + "b" * 17, "en"]
    terminal.type(UP)
    assert terminal.rows[-2:] == ["> " + "a" * 17, "end"]


def test_the_history_has_no_line_twice_in_a_row_and_no_empty_one() -> None:
    """Repeating oneself does not make the way back longer."""
    terminal = Terminal()
    terminal.type("one", ENTER, "two", ENTER, "two", ENTER, ENTER, "  ", ENTER, "one", ENTER)
    terminal.type(UP, UP)
    assert terminal.rows[-1] == "> two"
    terminal.type(UP)
    assert terminal.rows[-1] == "> one"


def test_an_operators_secret_is_drawn_as_stars() -> None:
    """While it is typed and edited, and for good; the line that is sent is what was typed."""
    terminal = Terminal()
    terminal.type("bob: /op owl")
    assert terminal.rows[-1] == "> bob: /op ***"
    terminal.type(LEFT, LEFT, "x")
    assert terminal.rows[-1] == "> bob: /op ****"
    terminal.type(ENTER, UP)
    assert terminal.rows[-2:] == ["> bob: /op ****", ">"]
    assert terminal.entered == ["bob: /op oxwl"]


def test_an_operators_secret_is_not_kept_as_history() -> None:
    """Whoever sits down at that terminal next must not find it; and it is sent all the same."""
    terminal = Terminal()
    terminal.type("before", ENTER, "/op owl", UP, DOWN, ENTER, " /OP owl", ENTER, UP)
    assert terminal.entered == ["before", "/op owl", " /OP owl"]
    assert terminal.rows[-1] == "> before"
    terminal.type(UP, DOWN, DOWN)
    assert terminal.rows[-1] == ">"
    assert "owl" not in str(vars(terminal.editor))


def test_the_history_is_bounded() -> None:
    """The oldest lines are forgotten."""
    terminal = Terminal()
    for number in range(MAX_HISTORY + 10):
        terminal.type(f"line {number}", ENTER)
    terminal.type(*[UP] * (MAX_HISTORY + 10))
    assert terminal.rows[-1] == "> line 10"


# --- completion ---


def test_tab_completes_a_nick() -> None:
    """The only one there is, at the beginning of a line and in it."""
    terminal = Terminal()
    terminal.type("b", TAB, "hi, says Z", TAB, "too", ENTER)
    assert terminal.entered == ["bob: hi, says Zoë too"]


def test_tab_offers_one_after_the_other_and_comes_back() -> None:
    """After the last offer comes what was typed, and so on."""
    terminal = Terminal()
    terminal.type("hi al")
    seen = []
    for _ in range(6):
        terminal.type(TAB)
        seen.append(terminal.rows[-1])
    once = ["> hi alice", "> hi alfred", "> hi al"]
    assert seen == [*once, *once]


def test_tab_begins_anew_after_any_other_key() -> None:
    """What was completed is what is typed now."""
    terminal = Terminal()
    terminal.type("田", TAB, BACKSPACE, BACKSPACE, TAB)
    assert terminal.rows == ["> 田中:"]
    assert terminal.cursor == (0, 8)
    terminal.type("al", TAB, TAB, "x", TAB, ENTER, "al", TAB)
    assert terminal.entered == ["田中: alfred x"]
    assert terminal.rows[-1] == "> alice:"


def test_tab_completes_at_the_cursor() -> None:
    """What is behind it stays."""
    terminal = Terminal()
    terminal.type("hi b again", *[LEFT] * 6, TAB)
    assert terminal.rows == ["> hi bob  again"]
    assert terminal.cursor == (0, 9)


def test_a_message_does_not_disturb_the_offers() -> None:
    """They are made of what was typed when Tab was first hit."""
    terminal = Terminal()
    terminal.type("al", TAB)
    terminal.hear(Joined(1, AT, "alina", "web"))
    terminal.type(TAB)
    terminal.hear(Joined(1, AT, "alan", "web"))
    terminal.type(TAB)
    assert terminal.rows == ["<meta>: alina joined.", "<meta>: alan joined.", "> al"]


def test_tab_may_find_nothing() -> None:
    """Then the line stays as it is."""
    terminal = Terminal()
    terminal.type("q")
    assert terminal.type(TAB, TAB) == 0
    terminal.type(ENTER)
    assert terminal.entered == ["q"]


# --- lines too long ---


def test_the_longest_line_is_kept_whole() -> None:
    """To its last character."""
    terminal = Terminal(80, 24)
    terminal.type("x" * MAX_CHARACTERS, ENTER)
    assert terminal.entered == ["x" * MAX_CHARACTERS]


@pytest.mark.parametrize(
    "keys",
    [
        ["x" * (MAX_CHARACTERS + 1)],
        ["x" * MAX_CHARACTERS, "y"],
        ["x" * MAX_CHARACTERS, HOME, "y"],
        ["x" * MAX_CHARACTERS, "yy", BACKSPACE, "z"],
        ["x" * MAX_CHARACTERS * 3, BACKSPACE, BACKSPACE],
        ["x " * MAX_CHARACTERS, UP, DOWN],
        ["x" * (MAX_CHARACTERS - 2) + " b", TAB],
    ],
)
def test_a_line_too_long_is_never_half_sent(keys: list[str | bytes]) -> None:
    """Somebody who did not see the end go missing must be told; the next line is fine."""
    terminal = Terminal(80, 24)
    terminal.type("before", ENTER, *keys, ENTER, "after", ENTER)
    assert terminal.entered == ["before", None, "after"]


@pytest.mark.parametrize(
    "emptied", [[KILL_LINE], [CTRL_C], [HOME, KILL_REST], [KILL_WORD], [b"\x7f" * MAX_CHARACTERS]]
)
def test_a_line_begun_anew_is_not_too_long(emptied: list[bytes]) -> None:
    """Whichever way the line was emptied: nothing of what was too long is in the new one."""
    terminal = Terminal(80, 24)
    terminal.type("x" * (MAX_CHARACTERS + 1), *emptied, "fine", ENTER)
    assert terminal.entered == ["fine"]


def test_a_line_too_long_is_not_kept_as_history() -> None:
    """Half of it would pass for all of it, brought back."""
    terminal = Terminal(80, 24)
    terminal.type("before", ENTER, "x" * MAX_CHARACTERS, "and more", ENTER, UP)
    assert terminal.rows[-1] == "> before"


# --- many rows ---


def test_a_line_takes_as_many_rows_as_it_needs() -> None:
    """One column stays free; no wide character is cut in two."""
    terminal = Terminal(20, 24)
    terminal.type("x" * 16, "田", "y" * 20)
    assert terminal.rows == ["> " + "x" * 16, "田" + "y" * 17, "yyy"]
    assert terminal.cursor == (2, 3)


def test_the_cursor_goes_from_row_to_row() -> None:
    """It stands on the character that is next, also where that begins a row."""
    terminal = Terminal(20, 24)
    terminal.type("0123456789abcdefghij", *[LEFT] * 4)
    seen = [terminal.cursor]
    for _ in range(4):
        terminal.type(RIGHT)
        seen.append(terminal.cursor)
    assert seen == [(0, 18), (1, 0), (1, 1), (1, 2), (1, 3)]


def test_a_line_shrinks_to_fewer_rows() -> None:
    """Nothing of it is left below."""
    terminal = Terminal(20, 24)
    terminal.type("x" * 50, *[BACKSPACE] * 40)
    assert terminal.rows == ["> " + "x" * 10]
    terminal.type("y" * 50, KILL_LINE)
    assert terminal.rows == [">"]
    assert terminal.cursor == (0, 2)


@pytest.mark.parametrize("height", [5, 24])
def test_a_line_longer_than_the_screen_stays_usable(height: int) -> None:
    """The rows around the cursor are shown, at least the one it is in."""
    terminal = Terminal(20, height)
    message = terminal.hear(said("before"))
    line = "".join(f"{number:04}" for number in range(300))
    rows = rows_of([*"> ", *line], 20)
    terminal.type(line)
    assert terminal.rows == [*message, *rows[-(height - 1) :]]
    assert terminal.cursor == (height - 1, len(rows[-1]))
    terminal.type(HOME)
    assert terminal.rows == [*message, *rows[: height - 1]]
    assert terminal.cursor == (1, 2)
    message += terminal.hear(said("meanwhile"))
    terminal.type(DELETE, "x")
    assert terminal.rows == [*message, "> x" + rows[0][3:], *rows[1 : height - 1]]
    terminal.type(BACKSPACE, "0", END, BACKSPACE)
    assert terminal.rows == [*message, *rows[-(height - 1) : -1], rows[-1][:-1]]
    terminal.type(ENTER)
    assert terminal.entered == [line[:-1]]
    assert terminal.rows[-1] == ">"


def test_the_window_may_be_resized_between_keys() -> None:
    """From the next key or message on, the line has the new width."""
    terminal = Terminal(20, 10)
    message = terminal.hear(said("hi"))
    terminal.type("x" * 30)
    terminal.resize(40, 24)
    terminal.type("y")
    assert terminal.rows == [*message, "> " + "x" * 30 + "y"]
    assert terminal.cursor == (1, 33)
    terminal.resize(25, 24)
    message += terminal.hear(said("a line that needs two rows"))
    assert terminal.rows == [*message, "> " + "x" * 22, "x" * 8 + "y"]
    terminal.type(HOME)
    terminal.resize(20, 24)
    terminal.type(DELETE)
    assert terminal.rows[-2:] == ["> " + "x" * 17, "x" * 12 + "y"]


def test_a_screen_of_unknown_size_is_taken_for_an_ordinary_one() -> None:
    """80 columns; a wider one is not used to the full."""
    terminal = Terminal(100, 24)
    terminal.profile.size = None
    terminal.type("x" * 100)
    assert terminal.rows == ["> " + "x" * 77, "x" * 23]


# --- what is sent ---


@pytest.mark.parametrize("letter", ["x", " ", "é", "田", "\u0301", "👧", "ÿ"])
def test_typing_at_the_end_sends_nothing_but_the_letter(letter: str) -> None:
    """A byte for a byte, as an echo would."""
    terminal = Terminal()
    terminal.type("hi")
    assert list(terminal.editor.feed(letter.encode())) == [Reply(letter.encode())]


def test_a_message_costs_one_erase_and_one_draw() -> None:
    """However many lines it has and however many rows the half-typed line."""
    terminal = Terminal(20, 24)
    terminal.type("x" * 100, LEFT)
    before = terminal.rows
    data = encoder(terminal.profile.style)(Noticed("one\ntwo\nthree"))
    sent = terminal.editor.above(data)
    assert sent.count(data) == 1
    assert sent.count(b"\x1b[J") == 1
    assert sent.count(b"x") == 100
    assert len(sent) < len(data) + 100 + 50
    terminal.show(sent)
    assert terminal.rows == [*shown(data), *before]


def test_many_keys_in_one_packet_are_drawn_once() -> None:
    """Holding a key down does not multiply what is sent."""
    terminal = Terminal()
    terminal.type("x" * 30)
    assert terminal.type(LEFT * 20 + BACKSPACE * 5 + b"yz") < 60
    assert terminal.rows == ["> " + "x" * 5 + "yz" + "x" * 20]


def test_redraw_cleans_the_screen() -> None:
    """Whatever another program wrote over it is gone."""
    terminal = Terminal(20, 5)
    terminal.type("x" * 30, LEFT)
    terminal.show(b"wall: the machine goes down\r\nnow")
    terminal.type(REDRAW)
    assert terminal.rows[-2:] == ["> " + "x" * 17, "x" * 13]
    assert terminal.screen.cursor.x == 12
    terminal.type(HOME)
    assert terminal.screen.cursor.y == 0


def test_leaving_takes_the_prompt_off_the_screen() -> None:
    """What was said stays, and plain lines go on where the prompt was."""
    terminal = Terminal(20, 24)
    message = terminal.hear(said("hi"))
    terminal.type("half a thought that takes rows", HOME)
    terminal.show(terminal.editor.leave())
    assert terminal.rows == message
    assert terminal.cursor == (1, 0)
    data = encoder(terminal.profile.style)(Noticed("Rich editing is off."))
    terminal.show(data)
    assert terminal.rows == [*message, *shown(data)]


# --- another encoding ---


def latin_1_terminal() -> Terminal:
    """A terminal of the old days, whose bytes have told that it is one."""
    terminal = Terminal()
    terminal.stream.select_other_charset("@")
    terminal.profile.heard("é", "latin-1")
    return terminal


def test_whoever_types_latin_1_is_known_to() -> None:
    """As with plain lines: the codec hears how a line's bytes had to be read."""
    terminal = Terminal()
    typed = [
        out
        for read in (b"caf\xe9\r", "café\r".encode(), b"caf\xe9\r\ncaf\xc3\xa9\r\n")
        for out in terminal.editor.feed(read)
        if isinstance(out, Typed)
    ]
    assert typed == [Typed("café", "latin-1"), Typed("café", "utf-8")] * 2


def test_latin_1_is_echoed_as_latin_1() -> None:
    """The highest letter as well, whose byte telnet doubles."""
    terminal = latin_1_terminal()
    assert terminal.type(b"\xe9") + terminal.type(b"\xff") + terminal.type(b"!") == 4
    terminal.hear(said("Grüße"))
    terminal.type(LEFT, b"y", ENTER)
    assert terminal.rows == ["<bob> : Grüße", "> éÿy!", ">"]
    assert terminal.entered == ["éÿy!"]


def test_what_latin_1_cannot_say_takes_the_columns_it_takes() -> None:
    """A wide character or a mark is one question mark, and the cursor knows."""
    terminal = latin_1_terminal()
    terminal.type("田", TAB, "e\u0323", LEFT, "!")
    assert terminal.rows == ["> ??: !e?"]
    assert terminal.cursor == (0, 7)


# --- whatever people do, whatever the room does ---

CLUSTERS = [*"ab .-", "é", "ÿ", "e\u0301", "x\u0323\u0302", "田", "か\u3099", "한", "👧", "ａ"]
LETTERS = st.sampled_from(CLUSTERS)
WORDS = st.lists(LETTERS, min_size=1, max_size=60).map("".join)
NICKS = st.sampled_from(["bob", "Zoë", "田中", "averyverylongnick"])
EVENTS = st.one_of(
    st.builds(lambda nick, text: Said(1, AT, nick, "web", text.strip() or "."), NICKS, WORDS),
    st.builds(lambda nick, text: Acted(1, AT, nick, "web", text.strip() or "."), NICKS, WORDS),
    st.builds(lambda nick: Joined(1, AT, nick, "web"), NICKS),
    st.builds(lambda lines: Noticed("\n".join(lines)), st.lists(st.text("ab "), max_size=4)),
)
MOVES = st.sampled_from([RIGHT, LEFT, UP, DOWN, HOME, END, WORD_LEFT, WORD_RIGHT])
ERASERS = st.sampled_from([DELETE, BACKSPACE, KILL_WORD, KILL_REST, KILL_LINE, CTRL_C])
ENTERS = st.sampled_from([b"\r", b"\r\n", b"\r\0"])
PHRASES = st.lists(LETTERS, min_size=1, max_size=50).map(tuple)
HELD_DOWN = st.builds(
    lambda key, times: [key] * times, st.sampled_from([LEFT, RIGHT, BACKSPACE]), st.integers(2, 40)
)
PACKETS = st.lists(PHRASES | MOVES | ERASERS | ENTERS, min_size=1, max_size=5)
ONE_KEY = PHRASES.map("".join) | MOVES | MOVES | ERASERS | ENTERS | st.just(TAB)
KEYS = st.lists(PHRASES | MOVES, min_size=1, max_size=2) | HELD_DOWN | PACKETS
SIZES = st.sampled_from([(columns, height) for columns in (20, 40, 80) for height in (5, 24)])


def width_of(cluster: str) -> int:
    """Columns of a cluster of this alphabet."""
    return 2 if unicodedata.east_asian_width(cluster[0]) in "WF" else 1


def cells_of(clusters: Sequence[str], columns: int) -> list[tuple[int, int]]:
    """Where each character stands, and the one that will come next."""
    cells, row, column = [], 0, 0
    for cluster in clusters:
        if column + width_of(cluster) > columns - 1:
            row, column = row + 1, 0
        cells.append((row, column))
        column += width_of(cluster)
    return [*cells, (row, column)]


def rows_of(clusters: Sequence[str], columns: int) -> list[str]:
    """The rows that these characters take."""
    cells = cells_of(clusters, columns)
    rows = [""] * (cells[-1][0] + 1)
    for cluster, (row, _) in zip(clusters, cells, strict=False):
        rows[row] += cluster
    return [unicodedata.normalize("NFC", row).rstrip() for row in rows]


class Typist:
    """What the line should be: characters and a cursor, and no screen."""

    def __init__(self) -> None:
        self.line: list[str] = []
        self.at = 0
        self.history: list[list[str]] = []
        self.recalled = 0
        self.draft: list[str] = []

    def press(self, key: bytes) -> None:
        """Anything but a letter or Enter."""
        before, after = self.line[: self.at], self.line[self.at :]
        if key == LEFT:
            self.at = max(0, self.at - 1)
        elif key == RIGHT:
            self.at = min(len(self.line), self.at + 1)
        elif key == HOME:
            self.at = 0
        elif key == END:
            self.at = len(self.line)
        elif key == WORD_LEFT:
            self.at = self.word_start()
        elif key == WORD_RIGHT:
            self.at = self.word_end()
        elif key == BACKSPACE:
            self.set(before[:-1], after)
        elif key == DELETE:
            self.set(before, after[1:])
        elif key == KILL_WORD:
            self.set(before[: self.word_start()], after)
        elif key == KILL_REST:
            self.set(before, [])
        elif key in (KILL_LINE, CTRL_C):
            self.set([], [])
        elif key == UP:
            self.recall(self.recalled + 1)
        elif key == DOWN:
            self.recall(self.recalled - 1)

    def set(self, before: list[str], after: list[str]) -> None:
        """Change the line; the cursor is between these two."""
        self.line, self.at = before + after, len(before)

    def insert(self, clusters: list[str]) -> None:
        """Type letters."""
        self.set(self.line[: self.at] + clusters, self.line[self.at :])

    def word_start(self) -> int:
        """Where the word before the cursor begins."""
        at = self.at
        while at and self.line[at - 1] == " ":
            at -= 1
        while at and self.line[at - 1] != " ":
            at -= 1
        return at

    def word_end(self) -> int:
        """Where the word after the cursor ends."""
        at, end = self.at, len(self.line)
        while at < end and self.line[at] == " ":
            at += 1
        while at < end and self.line[at] != " ":
            at += 1
        return at

    def recall(self, back: int) -> None:
        """Go to a line of the history, or back to the draft."""
        if 0 <= back <= len(self.history):
            if self.recalled == 0:
                self.draft = self.line
            self.recalled = back
            self.set(self.history[-back] if back else self.draft, [])

    def enter(self) -> list[str]:
        """The line is done."""
        line = self.line
        if "".join(line).strip() and line not in self.history[-1:]:
            self.history = [*self.history, line][-MAX_HISTORY:]
        self.set([], [])
        self.recalled = 0
        return line


def check(terminal: Terminal, above: list[str], typist: Typist) -> None:
    """What was said and entered, in order, and below it the line with its cursor: nothing else."""
    clusters = [*PROMPT, *typist.line]
    rows = rows_of(clusters, terminal.columns)
    row, column = cells_of(clusters, terminal.columns)[len(PROMPT) + typist.at]
    got = (terminal.all_rows, terminal.cursor)
    wanted = []
    most = terminal.height - 1
    for first in range(max(0, row - most + 1), max(0, min(row, len(rows) - most)) + 1):
        # Of a line longer than the screen, any rows will do that the cursor is among.
        lines = [*above, *rows[first : first + most]]
        blank = [""] * (len(got[0]) - len(lines))
        wanted.append(([*lines, *blank], (len(above) + row - first, column)))
    assert got in wanted
    assert {line[terminal.columns - 1].data for line in terminal.screen.buffer.values()} <= {" "}


@settings(deadline=None, max_examples=300)
@given(SIZES, st.booleans(), st.lists(KEYS | EVENTS, min_size=5, max_size=30))
def test_whatever_happens_the_line_stands_below_the_messages(
    size: tuple[int, int], colour: bool, script: list[list[tuple[str, ...] | bytes] | Event]
) -> None:
    """Any keys between any messages: every row is where it should be, and so is the cursor."""
    terminal, typist = Terminal(*size), Typist()
    terminal.profile.want_colour(colour)
    above: list[str] = []
    for step in script:
        if not isinstance(step, list):
            above += terminal.hear(step)
            check(terminal, above, typist)
            continue
        read = b""
        entered: list[str | None] = []
        for key in step:
            if not isinstance(key, bytes):
                typist.insert(list(key))
                read += "".join(key).encode()
                continue
            read += key
            if key.startswith(ENTER):
                line = typist.enter()
                entered.append("".join(line))
                above += rows_of([*PROMPT, *line], size[0])[1 - size[1] :]
            else:
                typist.press(key)
        terminal.entered.clear()
        terminal.type(read)
        assert terminal.entered == entered
        check(terminal, above, typist)


@settings(deadline=None, max_examples=200)
@given(SIZES, st.lists(ONE_KEY | EVENTS, min_size=5, max_size=40))
def test_what_stands_there_is_what_is_sent(
    size: tuple[int, int], script: list[str | bytes | Event]
) -> None:
    """Each key in its own packet, Tab too: what Enter sends is what could be read before."""
    terminal = Terminal(*size)
    messages: list[str] = []
    for step in [*script, END]:
        if isinstance(step, str | bytes):
            terminal.type(step)
        else:
            messages += terminal.hear(step)
    terminal.entered.clear()
    standing = terminal.all_rows[: terminal.cursor[0] + 1]
    terminal.type(ENTER)
    assert terminal.rows == [*standing, ">"]
    (line,) = terminal.entered
    assert line is not None
    text = unicodedata.normalize("NFC", PROMPT + line).replace(" ", "")
    seen = "".join(standing[1 - size[1] :]).replace(" ", "")  # no more of it than fits
    assert seen.endswith(text) or text.endswith(seen)
    rest = iter(standing)
    assert all(row in rest for row in messages)  # all of them, in order


@settings(deadline=None)
@given(st.lists(st.binary(max_size=200) | LETTERS.map(str.encode) | MOVES | ERASERS, max_size=30))
def test_any_bytes_are_keys(reads: list[bytes]) -> None:
    """No exception, and nothing on its way to the screen but text and four sequences."""
    editor = Editor(Profile(), complete)
    for read in reads:
        for out in editor.feed(read):
            if isinstance(out, Reply):
                text = re.sub(r"\r\n|\r|\x1b\[(\d*[ACJ]|H|2J)", "", out.data.decode())
                assert not any(c < " " or "\x7f" <= c <= "\x9f" for c in text)


def test_no_packet_of_keys_keeps_the_room_waiting() -> None:
    """As long as the line may get, a read full of the dearest keys takes a moment, not seconds."""
    lines = ["a" + " " * (MAX_CHARACTERS - 2) + "x", "x" * (MAX_CHARACTERS - 2) + " x"]
    dearest = [END + WORD_LEFT + WORD_LEFT, LEFT + TAB, END + WORD_LEFT + TAB, UP + KILL_WORD]
    for line, keys in itertools.product(lines, dearest):
        terminal = Terminal(80, 24)
        terminal.type(line, ENTER, line)
        began = time.process_time()
        for _ in terminal.editor.feed(keys * (4_096 // len(keys))):
            pass
        assert time.process_time() - began < 1


# --- a second opinion ---

needs_tmux = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")


# A terminal answers where its cursor is (ECMA-48 DSR) only once it has drawn everything.
SHOW = "stty raw -echo; cat data; printf '\\033[6n'; read -rd R; tmux wait-for -S drawn; exec cat"


def seen_by_tmux(directory: Path, data: bytes) -> tuple[list[str], str]:
    """What these bytes look like in 40 by 10: all rows, and "column,row" of the cursor."""
    (directory / "data").write_bytes(data)

    def tmux(*command: str) -> str:
        done = subprocess.run(
            ["tmux", "-u", "-S", "socket", "-f", "/dev/null", *command],
            cwd=directory,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
            check=True,
            capture_output=True,
            timeout=20,
        )
        return unicodedata.normalize("NFC", done.stdout.decode()).rstrip("\n")

    tmux("new-session", "-d", "-x", "40", "-y", "10", shlex.join(["bash", "-c", SHOW]))
    try:
        tmux("wait-for", "drawn")
        rows = tmux("capture-pane", "-p", "-S", "-").split("\n")
        return rows, tmux("display-message", "-p", "#{cursor_x},#{cursor_y}")
    finally:
        tmux("kill-server")


@needs_tmux
@pytest.mark.parametrize(
    ("script", "rows", "cursor"),
    [
        (["hello ", said("hi"), "world"], ["<bob> : hi", "> hello world"], "13,2"),
        (
            ["x" * 50, LEFT, LEFT, said("hi"), HOME, said("ho"), "田e\u0301"],
            ["<bob> : hi", "<bob> : ho", "> 田é" + "x" * 34, "x" * 16],
            "5,3",
        ),
        (
            ["one", ENTER, UP, "👧!", said("a line that is longer than the terminal is wide")],
            [
                "> one",
                "<bob> : a line that is longer than the",
                "        terminal is wide",
                "> one👧!",
            ],
            "8,4",
        ),
        (
            [*[said(str(number)) for number in range(20)], "x" * 100, *[BACKSPACE] * 70, "end"],
            [*[f"<bob> : {number}" for number in range(20)], "> " + "x" * 30 + "end"],
            "35,7",
        ),
        (
            ["x" * 2_000, said("hi"), HOME, said("ho"), KILL_REST, "done"],
            ["<bob> : hi", "<bob> : ho", "> done"],
            "6,1",
        ),
        (["一👩‍👩‍👧二", LEFT, said("hi"), "!"], ["<bob> : hi", "> 一👩‍👩‍👧!二"], "7,2"),
    ],
    ids=["typing", "rows", "history", "scrolling", "taller than the screen", "a joined emoji"],
)
def test_tmux_shows_the_same(
    tmp_path: Path, script: list[str | bytes | Event], rows: list[str], cursor: str
) -> None:
    """Another emulator, with other ideas of width, agrees to the cell."""
    profile = Profile()
    profile.size = (40, 10)
    editor = Editor(profile, complete)
    sent = b"$ telnet localhost 12345\r\n" + editor.start()
    for step in script:
        if isinstance(step, str | bytes):
            read = step.encode() if isinstance(step, str) else step
            sent += b"".join(out.data for out in editor.feed(read) if isinstance(out, Reply))
        else:
            sent += editor.above(encoder(profile.style)(step))
    assert seen_by_tmux(tmp_path, sent) == (["$ telnet localhost 12345", *rows], cursor)
