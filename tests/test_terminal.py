"""Events as text for a terminal."""

import json
import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from wcwidth import width as display_width

from backend.room.events import (
    Acted,
    Dismissed,
    Event,
    Joined,
    Left,
    Listed,
    Moderated,
    Noticed,
    Person,
    Presence,
    Prompted,
    Renamed,
    Said,
    Topic,
    Welcomed,
    Whispered,
)
from backend.room.text import clean
from backend.wire import gmcp
from backend.wire.inputs import Encoding
from backend.wire.terminal import (
    META,
    PLAIN,
    Style,
    encode,
    encoder,
    to_text,
    tone,
)

AT = 1_700_000_000.0

ANY_TEXT = st.text(st.characters(exclude_categories=()))
NICK = st.sampled_from(["bob", "Zoë", "田中", "علی"])


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (Prompted(), "<meta>: Please enter username: "),
        (Prompted("Username taken"), "<meta>: Username taken. Please enter another: "),
        (
            Prompted("A username is written in one script"),
            "<meta>: A username is written in one script. Please enter another: ",
        ),
        (Welcomed("alice", "telnet", "t", False, (), 1, 1), "<meta>: Welcome alice.\r\n"),
        (Joined(2, AT, "bob", "web"), "<meta>: bob joined.\r\n"),
        (
            Said(3, AT, "bob", "telnet", "hi alice, how are you"),
            "<bob> : hi alice, how are you\r\n",
        ),
        (Left(4, AT, "bob", ""), "<meta>: bob left\r\n"),
    ],
)
def test_the_tutorials_texts_are_these(event: Event, text: str) -> None:
    """The contract, byte for byte."""
    assert to_text(event) == text
    assert encode(event) == text.encode()


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (Left(4, AT, "bob", "too slow"), "<meta>: bob left (too slow)\r\n"),
        (Renamed(5, AT, "bob", "Carol"), "<meta>: bob is now Carol.\r\n"),
        (Acted(6, AT, "bob", "web", "waves"), "* bob waves\r\n"),
        (Whispered(AT, "bob", "alice", "psst"), "<bob> to you: psst\r\n"),
        (Noticed("There is no carol here."), "<meta>: There is no carol here.\r\n"),
        (Dismissed("Goodbye bob.", 1000), "<meta>: Goodbye bob.\r\n"),
        (Moderated("muted", "c7", "bob is muted."), "<meta>: bob is muted.\r\n"),
        (Topic(8, AT, "bob", "Owls"), "<meta>: bob set the topic: Owls\r\n"),
        (Topic(8, AT, "bob", ""), "<meta>: bob cleared the topic.\r\n"),
        (
            Welcomed("alice", "telnet", "t", False, (), 1, 1, "Owls"),
            "<meta>: Welcome alice.\r\n<meta>: The topic is: Owls\r\n",
        ),
        (
            Listed((Person("bob", "web"), Person("田中", "telnet")), 2),
            "<meta>: 2 here: bob (web), 田中 (telnet)\r\n",
        ),
        (Listed((Person("bob", "web"),), 7), "<meta>: 7 here: bob (web) and 6 more\r\n"),
        (Presence(7, AT, (Person("bob", "web"),), (), 1, 0, 9), "<meta>: bob joined.\r\n"),
        (
            Presence(7, AT, (Person("a", "web"), Person("b", "web")), ("x", "y", "z"), 2, 9, 50),
            "<meta>: x, y and 7 others left\r\n<meta>: a and b joined.\r\n",
        ),
    ],
)
def test_what_the_tutorial_did_not_have_reads_like_this(event: Event, text: str) -> None:
    """Whatever comes from the house begins as its lines do, and it all ends CR LF."""
    assert to_text(event) == text


def test_every_line_of_a_notice_is_the_houses() -> None:
    """A notice of several lines, an empty one among them, has the prefix on each."""
    lines = b"<meta>: one\r\n<meta>: \r\n<meta>: three\r\n"
    assert encode(Noticed("one\n\nthree")) == lines
    assert encode(Dismissed("one\n\nthree", 1001)) == lines


def test_text_goes_out_as_utf_8_without_a_telnet_command() -> None:
    """Byte 255 never occurs, so no text can be taken for IAC."""
    said = encode(Said(1, AT, "Zoë", "web", "ÿ \u07ff \uffff \U0010ffff 한"))
    assert said == "<Zoë> : ÿ \u07ff \uffff \U0010ffff 한\r\n".encode()
    assert 255 not in said


@settings(deadline=None)
@given(NICK, ANY_TEXT)
def test_nothing_a_person_says_can_begin_a_line(nick: str, typed: str) -> None:
    """Exactly one line comes of it, and what begins that line is not the person's."""
    words = clean(typed)
    assume(words)
    for event, beginning in (
        (Said(1, AT, nick, "web", words), f"<{nick}> : "),
        (Acted(1, AT, nick, "web", words), f"* {nick} "),
        (Whispered(AT, nick, "alice", words), f"<{nick}> to you: "),
        (Left(1, AT, nick, words), f"<meta>: {nick} left ("),
        (Topic(1, AT, nick, words), f"<meta>: {nick} set the topic: "),
        (Noticed(f"There is no {words} here."), "<meta>: There is no "),
    ):
        shown = encode(event)
        assert shown.startswith(beginning.encode())
        assert shown.endswith(b"\r\n")
        assert shown.count(b"\r") == shown.count(b"\n") == 1
        assert len(shown.decode().splitlines()) == 1
        assert not any(byte < 0x20 or byte in (0x7F, 0xFF) for byte in shown[:-2])


# --- what a terminal's width makes of it ---

LINE = "one two three four five six seven"


@pytest.mark.parametrize(
    ("event", "rows"),
    [
        (
            Said(1, AT, "bob", "web", LINE),
            ["<bob> : one two three", "        four five six", "        seven"],
        ),
        (
            Acted(1, AT, "bob", "web", LINE),
            ["* bob one two three four", "      five six seven"],
        ),
        (
            Whispered(AT, "bob", "alice", LINE),
            ["<bob> to you: one two", "        three four five", "        six seven"],
        ),
        (
            Noticed(f"short\n{LINE}"),
            ["<meta>: short", "<meta>: one two three", "        four five six", "        seven"],
        ),
        (Joined(1, AT, "somebodynew", "web"), ["<meta>: somebodynew", "        joined."]),
        (
            Said(1, AT, "bob", "web", "wide 日本語 日本語 日本語"),
            ["<bob> : wide 日本語", "        日本語 日本語"],
        ),
        (
            Said(1, AT, "bob", "web", "e\u0323" * 10 + " " + "e\u0323" * 10),
            ["<bob> : " + "ẹ" * 10, "        " + "ẹ" * 10],
        ),
        (
            Said(1, AT, "bob", "web", "a" * 40),
            ["<bob> : " + "a" * 17, "        " + "a" * 17, "        " + "a" * 6],
        ),
        (Said(1, AT, "bob", "web", "x" * 17), ["<bob> : " + "x" * 17]),
    ],
)
def test_a_line_too_long_for_the_terminal_goes_on_indented(event: Event, rows: list[str]) -> None:
    """At 26 columns, of which the last stays free; marks take none, wide characters two."""
    shown = unicodedata.normalize("NFC", to_text(event, Style(width=26)))
    assert shown == "".join(f"{row}\r\n" for row in rows)


@pytest.mark.parametrize("width", [20, 21, 26, 40, 80, 500])
def test_what_fits_is_the_tutorials_text_whatever_the_width(width: int) -> None:
    """To the last column but one; prompts are one line whatever they take."""
    assert to_text(Prompted("Username taken"), Style(width)) == to_text(Prompted("Username taken"))
    said = Said(1, AT, "bob", "web", "x" * (width - len("<bob> : ") - 1))
    assert to_text(said, Style(width)) == to_text(said)


def test_a_terminal_of_unknown_width_wraps_for_itself() -> None:
    """However long the line: a window may be any size."""
    said = Said(1, AT, "bob", "web", "word " * 199 + "word")
    assert to_text(said).count("\r\n") == 1
    assert to_text(said, Style(colours=256, gmcp=True)).count("\r\n") == 1


WORDS = st.one_of(
    ANY_TEXT,
    st.text("ab -.é田か\u3099e\u0301\u0323👧\u200d🇩☺\ufe0f한ÿ\u3000\xa0", max_size=300),
    st.lists(st.text("abc-田é", min_size=1, max_size=40), max_size=30).map(" ".join),
).map(lambda typed: clean(typed) or ".")
NICKS = NICK | st.sampled_from(["x" * 20, "田" * 20, "q̣̂" * 20, "a"])
VIA = st.sampled_from(["web", "telnet"])
PEOPLE = st.lists(st.builds(Person, NICKS, VIA), min_size=1, max_size=30).map(tuple)
EVENTS = st.one_of(
    st.builds(lambda nick, words: Said(1, AT, nick, "web", words), NICKS, WORDS),
    st.builds(lambda nick, words: Acted(1, AT, nick, "web", words), NICKS, WORDS),
    st.builds(lambda nick, words: Whispered(AT, nick, "alice", words), NICKS, WORDS),
    st.builds(lambda nick: Welcomed(nick, "web", "t", False, (), 1, 1), NICKS),
    st.builds(lambda nick: Joined(1, AT, nick, "web"), NICKS),
    st.builds(lambda nick, words: Left(1, AT, nick, words), NICKS, st.just("") | WORDS),
    st.builds(lambda old, new: Renamed(1, AT, old, new), NICKS, NICKS),
    st.builds(lambda lines: Noticed("\n".join(lines)), st.lists(WORDS, max_size=4)),
    st.builds(lambda words: Dismissed(words, 1000), WORDS),
    st.builds(lambda people: Listed(people, len(people) + 3), PEOPLE),
    st.builds(
        lambda people: Presence(1, AT, people[:3], tuple(p.nick for p in people[:2]), 4, 9, 50),
        PEOPLE,
    ),
)
STYLES = st.builds(
    Style,
    st.none() | st.integers(20, 100) | st.integers(20, 500),
    st.sampled_from([0, 16, 256]),
    st.sampled_from(["utf-8", "latin-1"]),
)

COLOUR = re.compile(r"\x1b\[([0-9;]*)m")


def rows_of(event: Event, style: Style) -> list[str]:
    """The rows as the terminal gets them, without colours; telnet's doubling undone."""
    text = encoder(style)(event).replace(b"\xff\xff", b"\xff").decode(style.encoding)
    rows = COLOUR.sub("", text).split("\r\n")
    assert rows.pop() == ""
    return rows


def squeezed(text: str) -> str:
    """Text without any space."""
    return "".join(text.split())


@settings(deadline=None)
@given(EVENTS, STYLES)
def test_no_row_reaches_the_last_column(event: Event, style: Style) -> None:
    """Where the width is known, whatever is said; what Latin-1 lacks is one question mark wide."""
    for row in rows_of(event, style):
        assert style.width is None or display_width(row) < style.width


@settings(deadline=None)
@given(EVENTS, STYLES)
def test_wrapping_loses_nothing(event: Event, style: Style) -> None:
    """Without indents and line ends the words are there, all of them, in order."""
    assume(not isinstance(event, Listed))  # is laid out in another way, see below
    plain = rows_of(event, Style(encoding=style.encoding))
    assert squeezed("".join(rows_of(event, style))) == squeezed("".join(plain))


@settings(deadline=None)
@given(st.lists(st.text("abcdé", min_size=1, max_size=8), min_size=1), st.integers(20, 100))
def test_wrapping_breaks_no_word_that_fits(words: list[str], width: int) -> None:
    """Rows end between words."""
    rows = rows_of(Said(1, AT, "bob", "web", " ".join(words)), Style(width))
    assert " ".join(rows).split() == ["<bob>", ":", *words]


@settings(deadline=None)
@given(EVENTS, STYLES)
def test_no_further_row_can_be_taken_for_a_line(event: Event, style: Style) -> None:
    """What does not begin with the house's or the speaker's mark begins with a space."""
    first, *further = rows_of(event, style)
    assert first.startswith((META.rstrip(), "<", "*"))
    has_lines = isinstance(event, Noticed | Dismissed | Listed | Presence)
    beginnings = (" ", META.rstrip()) if has_lines else (" ",)
    assert all(row.startswith(beginnings) for row in further)


# --- colours ---


def colours_of(event: Event, style: Style) -> dict[str, set[str]]:
    """The colours that nicks are shown in, by nick."""
    found: dict[str, set[str]] = {}
    for colour, nick in re.findall(r"\x1b\[([0-9;]+)m(.*?)\x1b\[0?m", to_text(event, style)):
        found.setdefault(nick, set()).add(colour)
    return found


@settings(deadline=None)
@given(EVENTS, STYLES)
def test_colours_are_all_that_is_added(event: Event, style: Style) -> None:
    """Nothing else that a terminal would obey, and nothing at all where none are wanted."""
    text = encoder(style)(event).replace(b"\xff\xff", b"\xff").decode(style.encoding)
    bare = Style(style.width, encoding=style.encoding)
    seen, plain = rows_of(event, style), rows_of(event, bare)
    assert [row.rstrip() for row in seen] == [row.rstrip() for row in plain]
    if not style.colours:
        assert "\x1b" not in text
    for line in text.split("\r\n"):
        assert not any(c < " " or "\x7f" <= c <= "\x9f" for c in COLOUR.sub("", line))
        colours = COLOUR.findall(line)
        assert colours[1::2] == ["0"] * (len(colours) // 2)  # each is ended within its row
        assert len(colours) % 2 == 0


@pytest.mark.parametrize("colours", [16, 256])
def test_a_nick_has_one_colour_wherever_it_is_shown(colours: Literal[16, 256]) -> None:
    """And the next time, too: it depends on the nick alone."""
    style = Style(colours=colours)
    events: list[Event] = [
        Said(1, AT, "Zoë", "web", "hi"),
        Acted(1, AT, "Zoë", "telnet", "waves"),
        Whispered(AT, "Zoë", "bob", "psst"),
        Welcomed("Zoë", "web", "t", False, (), 1, 1),
        Joined(1, AT, "Zoë", "web"),
        Left(1, AT, "Zoë", "too slow"),
        Renamed(1, AT, "Zoë", "bob"),
        Renamed(1, AT, "bob", "Zoë"),
        Presence(1, AT, (Person("Zoë", "web"),), ("bob",), 1, 1, 9),
        Presence(1, AT, (), ("bob", "Zoë"), 0, 2, 9),
    ]
    found = [colours_of(event, style)["Zoë"] for event in events]
    assert len(found[0]) == 1
    assert all(one == found[0] for one in found)


def test_the_tone_of_a_nick_is_the_pages() -> None:
    """Numbers that the page's own ``toneOf`` gives for these nicks, of eight tones."""
    assert [tone(nick, 8) for nick in ("bob", "alice", "Zoë", "田中", "👧")] == [4, 7, 5, 7, 6]


def test_no_colour_is_wanted_by_default() -> None:
    """A plain terminal would show it as garbage."""
    assert "\x1b" not in to_text(Said(1, AT, "bob", "web", "hi"))
    assert "\x1b" not in to_text(Said(1, AT, "bob", "web", "hi"), Style(80, gmcp=True))


def palette(colours: Literal[16, 256]) -> set[str]:
    """All colours that nicks may get."""
    nicks = (f"nick{number}" for number in range(500))
    shown = (colours_of(Joined(1, AT, nick, "web"), Style(colours=colours)) for nick in nicks)
    return {colour for found in shown for ones in found.values() for colour in ones}


def luminance(number: int) -> float:
    """Of a colour of xterm's 6x6x6 cube, as WCAG 2 defines it."""
    levels = (0, 95, 135, 175, 215, 255)
    cube = number - 16
    parts = (levels[cube // 36] / 255, levels[cube // 6 % 6] / 255, levels[cube % 6] / 255)
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_every_colour_can_be_read_on_black_and_on_white() -> None:
    """A contrast of 4:1 at the least on either; nobody knows the background."""
    numbers = {re.fullmatch("38;5;([0-9]+)", colour) for colour in palette(256)}
    assert len(numbers) == 8
    for number in numbers:
        assert number
        assert 16 <= int(number[1]) < 232
        light = luminance(int(number[1]))
        assert (light + 0.05) / 0.05 >= 4
        assert 1.05 / (light + 0.05) >= 4


def test_of_sixteen_colours_none_is_black_white_or_garish() -> None:
    """Themes differ; red, green, magenta and cyan are what most keep apart from both grounds."""
    assert palette(16) == {"31", "32", "35", "36"}


# --- /who ---


def test_who_is_here_stands_in_columns() -> None:
    """As many as fit, aligned by display width."""
    nicks = ["bob", "Zoë", "田中", "alice", "한글", "q̣̂q̣̂", "x"]
    listed = Listed(tuple(Person(nick, "web") for nick in nicks), 9)
    assert to_text(listed, Style(width=48)).split("\r\n") == [
        "<meta>: 9 here:",
        "<meta>: bob (web)    Zoë (web)    田中 (web)",
        "<meta>: alice (web)  한글 (web)   q̣̂q̣̂ (web)",
        "<meta>: x (web)",
        "<meta>: and 2 more",
        "",
    ]


@settings(deadline=None)
@given(PEOPLE, st.integers(20, 200), st.sampled_from(["utf-8", "latin-1"]))
def test_columns_are_aligned_for_every_width(
    people: tuple[Person, ...], width: int, encoding: Encoding
) -> None:
    """Every entry begins a fixed distance after the one before; all are there, in order."""
    style = Style(width, encoding=encoding)
    head, *rows = rows_of(Listed(people, len(people)), style)
    assert head == f"{META}{len(people)} here:"
    shown = [f"{p.nick} ({p.via})".encode(encoding, "replace").decode(encoding) for p in people]
    assert squeezed("".join(rows).replace(META.rstrip(), "")) == squeezed("".join(shown))
    widest = max(map(display_width, shown)) + 2
    if len(META) + widest > width:
        return  # not even one fits: its name goes on in a further row
    for row in rows:
        names = row.removeprefix(META)
        starts = [found.start() for found in re.finditer(r"\S+ \((web|telnet)\)", names)]
        assert [display_width(names[:start]) % widest for start in starts] == [0] * len(starts)


# --- other encodings, and programs ---


def test_latin_1_says_what_it_can() -> None:
    """A question mark for each character it lacks, and its last letter doubled for telnet."""
    said = Said(1, AT, "Zoë", "web", "ÿ naïve 田 👧!")
    shown = encoder(Style(encoding="latin-1"))(said)
    assert shown == b"<Zo\xeb> : \xff\xff na\xefve ? ?!\r\n"


def subnegotiation(data: bytes) -> tuple[str, object]:
    """A GMCP message taken apart, after whatever text is before it."""
    found = re.fullmatch(rb"\xff\xfa\xc9([A-Za-z.]+) (.*)\xff\xf0", data, re.DOTALL)
    assert found
    assert b"\xff" not in found[2]
    return found[1].decode(), json.loads(found[2])


@settings(deadline=None)
@given(NICKS, WORDS, STYLES)
def test_what_is_said_is_also_said_to_programs(nick: str, words: str, style: Style) -> None:
    """As JSON, in UTF-8 whatever the text is in, unwrapped and without colours."""
    said = Said(1, AT, nick, "web", words)
    text = encoder(style)(said)
    both = encoder(replace(style, gmcp=True))(said)
    assert both.startswith(text)
    assert subnegotiation(both[len(text) :]) == (
        "Comm.Channel.Text",
        {"channel": "room", "talker": nick, "text": words},
    )


@pytest.mark.parametrize(
    "event",
    [
        Prompted(),
        Joined(1, AT, "bob", "web"),
        Left(1, AT, "bob", ""),
        Acted(1, AT, "bob", "web", "waves"),
        Whispered(AT, "bob", "alice", "psst"),
        Listed((Person("bob", "web"),), 1),
        Noticed("hi"),
    ],
)
def test_only_what_is_said_is_said_to_programs(event: Event) -> None:
    """Nothing is added to anything else, and nothing for programs that did not ask."""
    assert encoder(Style(gmcp=True))(event) == encode(event)


def test_programs_get_the_list_of_people() -> None:
    """With the channel that each is in."""
    people = [Person("bob", "web"), Person("田中", "telnet")]
    assert subnegotiation(gmcp.players(people)) == (
        "Comm.Channel.Players",
        [{"name": "bob", "channels": ["room"]}, {"name": "田中", "channels": ["room"]}],
    )
    assert subnegotiation(gmcp.players([])) == ("Comm.Channel.Players", [])


@pytest.mark.parametrize("name", ["n{:04}", "田" * 16 + "{:04}", "👧" * 16 + "{:04}"])
def test_a_long_list_of_people_is_cut(name: str) -> None:
    """Where it would be more than clients take; what is left is whole, from the first on."""
    nicks = [name.format(number) for number in range(5_000)]
    data = gmcp.players(Person(nick, "web") for nick in nicks)
    assert gmcp.MAX_BYTES / 4 < len(data) <= gmcp.MAX_BYTES
    _, listed = subnegotiation(data)
    assert isinstance(listed, list)
    assert listed == [{"name": n, "channels": ["room"]} for n in nicks[: len(listed)]]


def test_a_prompt_is_marked_only_for_those_who_asked() -> None:
    """With telnet's end of record, right behind it."""
    marking = encoder(Style(marks_prompts=True))
    for prompt in (Prompted(), Prompted("Username taken")):
        assert marking(prompt) == encode(prompt) + b"\xff\xef"
    said = Said(1, AT, "bob", "web", "hi")
    assert marking(said) == encode(said)
    assert b"\xff" not in encode(Prompted())


def test_equal_styles_share_one_encoder() -> None:
    """So that an event is encoded once for all who see it alike."""

    def of(width: int | None) -> Callable[[Event], bytes]:
        return encoder(Style(width, 256, "latin-1", gmcp=True, marks_prompts=True))

    assert of(80) is of(80)
    assert of(80) is not of(81)
    assert encoder(PLAIN) is encoder(Style()) is encode
