"""Entries as text, and back."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.journal.codec import decode, encode
from backend.room.entries import Entry, Line

ANY_ENTRY = st.one_of(*(st.from_type(kind) for kind in get_args(Entry)))


@given(ANY_ENTRY)
def test_an_entry_comes_back_as_it_was(entry: Entry) -> None:
    """Whatever is in it; and the text is one line of ASCII."""
    text = encode(entry)
    assert "\n" not in text
    assert text.isascii()
    assert repr(decode(text)) == repr(entry)  # NaN is not equal to itself


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "1",
        "{}",
        '{"type":"Line"}',
        '{"type":"Lime","at":1}',
        '{"type":"Tick","x":1}',
    ],
)
def test_what_is_no_entry_is_refused(text: str) -> None:
    """With one kind of error, whatever is wrong with it."""
    with pytest.raises(ValueError):  # noqa: PT011 - the kind is the promise
        decode(text)


def test_half_a_character_survives() -> None:
    """A page may send one; the room drops it, but the log is as it came."""
    line = Line("c1", "\ud83d", 1.0)
    assert decode(encode(line)) == line
