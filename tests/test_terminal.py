"""Events as text for a terminal."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from backend.room.events import (
    Acted,
    Dismissed,
    Event,
    Joined,
    Left,
    Noticed,
    Prompted,
    Renamed,
    Said,
    Welcomed,
    Whispered,
)
from backend.room.text import clean
from backend.wire.terminal import encode, to_text

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
        (Welcomed("alice", "telnet", "t", False, (), 1), "<meta>: Welcome alice.\r\n"),
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
        (Noticed(f"There is no {words} here."), "<meta>: There is no "),
    ):
        shown = encode(event)
        assert shown.startswith(beginning.encode())
        assert shown.endswith(b"\r\n")
        assert shown.count(b"\r") == shown.count(b"\n") == 1
        assert len(shown.decode().splitlines()) == 1
        assert not any(byte < 0x20 or byte in (0x7F, 0xFF) for byte in shown[:-2])
