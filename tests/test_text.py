"""What may be said: the hygiene of every line."""

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from backend.room.text import MAX_CHARACTERS, TOO_LONG, clean

ANY_TEXT = st.text(st.characters(exclude_categories=()))
"""Any string Python can hold, lone surrogates included."""

CONTROLS = [chr(c) for c in (*range(0x20), *range(0x7F, 0xA0)) if chr(c) not in "\t\n\r"]
EMPTY = ["", "\x00\x1b", "\ud800"]
BLANK = [" ", "\t\r\n", "\u00a0\u3000", " \u200b "]
FORMATS = ["\u200b", "\u200d\u200c", "\u2060\ufeff", "\u00ad", "\u200e\u200f", "\U000e0041"]
BIDI_CONTROLS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


@pytest.mark.parametrize(
    "line",
    [
        "hi alice, how are you",
        "<meta>: fake",
        "/me waves",
        "naïve Straße",
        "こんにちは、世界",
        "שלום עולם",
        "नमस्ते",
        "می‌خواهم",
        "a  b",
    ],
)
def test_ordinary_text_of_any_language_is_left_as_it_is(line: str) -> None:
    """What people write comes out as they wrote it."""
    assert clean(line) == line


@pytest.mark.parametrize("control", CONTROLS, ids=ascii)
def test_c0_c1_and_del_are_removed(control: str) -> None:
    """A control goes, and its neighbours close up."""
    assert clean(f"a{control}b") == "ab"


def test_an_escape_sequence_loses_its_escape() -> None:
    """A terminal that gets the rest shows it and obeys nothing."""
    assert clean("\x1b[31mred\x1b[0m \x9b2Jgone\a") == "[31mred[0m 2Jgone"


@pytest.mark.parametrize("separator", "\t\n\r\u2028\u2029", ids=ascii)
def test_a_tab_and_whatever_breaks_a_line_become_a_space(separator: str) -> None:
    """One line stays one line and its words stay apart."""
    assert clean(f"a{separator}b") == "a b"


@pytest.mark.parametrize("control", BIDI_CONTROLS, ids=ascii)
def test_a_bidi_control_is_removed(control: str) -> None:
    """An embedding, override or isolate cannot reorder what comes after the line."""
    assert clean(f"a{control}b") == "ab"
    assert clean(control) == ""


def test_text_is_composed() -> None:
    """Letters and their marks come out in NFC."""
    assert clean("cafe\u0301 \u1112\u1161\u11ab") == "caf\u00e9 한"


def test_a_mark_composes_with_its_letter_across_a_removed_control() -> None:
    """Removal comes before composition, so that what is left is NFC too."""
    assert clean("e\x00\u0301") == "\u00e9"


@pytest.mark.parametrize("half", [chr(0xD800), chr(0xDFFF), "\ud83d\ude00"], ids=ascii)
def test_surrogates_are_removed(half: str) -> None:
    """Half characters, which no UTF-8 can carry, do not get in."""
    assert clean(f"a{half}b") == "ab"


def test_spaces_around_a_line_are_no_part_of_it() -> None:
    """Leading and trailing white space of any kind goes."""
    assert clean(" \t\u00a0\u3000hi there\u2003\r\n") == "hi there"


@pytest.mark.parametrize(
    "line",
    [*EMPTY, *BLANK, *FORMATS],
    ids=ascii,
)
def test_text_of_spaces_and_formats_alone_is_empty(line: str) -> None:
    """Nothing visible was typed, so nothing is said."""
    assert clean(line) == ""


@pytest.mark.parametrize(
    "line",
    ["\u3164", "\u115f\u1160", "\uffa0", "\u2800", "\ufe0f", "\u034f", "\u17b4", "\U000e0100"],
    ids=ascii,
)
def test_letters_marks_and_symbols_without_ink_alone_are_empty_too(line: str) -> None:
    """A filler, a blank Braille cell or a bare variation selector shows nothing either."""
    assert clean(line) == ""


@pytest.mark.parametrize("emoji", ["👩‍👩‍👧‍👦", "🏳️‍🌈", "👍🏽", "🇫🇷", "❤️", "1️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"], ids=ascii)
def test_an_emoji_sequence_survives_whole(emoji: str) -> None:
    """Joiners, selectors, tags and modifiers stay where they mean something."""
    assert clean(f"look {emoji}!") == f"look {emoji}!"
    assert clean(emoji) == emoji


def test_length_is_left_to_the_room() -> None:
    """A long line comes back whole; the refusal that the room gives says the limit."""
    assert clean("x" * 5_000) == "x" * 5_000
    assert MAX_CHARACTERS == 1_000
    assert "1,000" in TOO_LONG


@settings(deadline=None)
@given(ANY_TEXT)
@example("\u0301 e\x00\u0301")
@example(" \ud800\u1100\u1161")
def test_any_text_comes_out_fit_to_be_said(raw: str) -> None:
    """The result is NFC, one line, encodable, without controls, and clean already."""
    text = clean(raw)
    assert unicodedata.is_normalized("NFC", text)
    assert clean(text) == text
    assert text.encode().decode() == text
    assert text == text.strip()
    assert len(text.splitlines()) <= 1
    assert not any(unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} for c in text)
    assert not set(text) & set(BIDI_CONTROLS)
