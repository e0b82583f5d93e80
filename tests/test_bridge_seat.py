"""What a bridge makes of a room's cues."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.bridge.seat import Seat
from backend.room.commands import Resume, parse_at_the_door

SEATED = '{"type":"seat","nick":"al","token":"t0ken","resumed":false,"last":7,"heard":0}'
RENAMED = '{"type":"renamed","last":%d,"old":"%s","new":"%s"}'
RESUMED = '{"type":"seat","nick":"al","token":"t0ken","resumed":true,"last":%d,"heard":0}'
SHOWN = '{"type":"shown","last":%d}'
WHISPERED = '{"type":"whispered"}'


def after(*cues: str, seat: Seat | None = None) -> Seat:
    """A seat of which these were told, each with its message."""
    seat = seat or Seat()
    for cue in cues:
        seat.told(cue)
        seat.shown()
    return seat


@pytest.mark.parametrize(
    ("cues", "beginning"),
    [
        ((), ""),
        ((SHOWN % 3,), ""),
        ((SEATED,), "/resume t0ken 7 0"),
        ((SEATED, SHOWN % 9, SHOWN % 8, WHISPERED, WHISPERED), "/resume t0ken 9 2"),
        ((SEATED, SHOWN % 9, WHISPERED, SEATED), "/resume t0ken 7 0"),
        ((SEATED, SHOWN % 9, WHISPERED, RESUMED % 12), "/resume t0ken 9 1"),
        ((SEATED, SHOWN % 9, WHISPERED, RESUMED % 8), "/resume t0ken 8 1"),
        ((SEATED, '{"type":"of a newer room","last":99}'), "/resume t0ken 7 0"),
    ],
)
def test_what_was_shown_is_what_will_be_resumed_from(cues: tuple[str, ...], beginning: str) -> None:
    """What was shown again counts once; and a new seat begins anew, maybe with lower numbers."""
    assert after(*cues).beginning == beginning


def test_the_nick_is_the_one_the_room_last_used() -> None:
    """Others may take another, too; and it is remembered when the room is gone."""
    seat = after()
    assert (seat.nick, seat.is_taken) == (None, False)
    after(SEATED, RENAMED % (8, "bob", "rob"), RENAMED % (9, "al", "ali"), seat=seat)
    assert (seat.nick, seat.is_taken) == ("ali", True)
    assert seat.beginning == "/resume t0ken 9 0"
    seat.lost()
    assert (seat.nick, seat.is_taken, seat.is_asked) == ("ali", False, False)
    after('{"type":"prompted"}', seat=seat)
    assert (seat.nick, seat.is_taken, seat.is_asked) == ("ali", False, True)
    seat.lost()
    assert (seat.nick, seat.is_taken, seat.is_asked) == ("ali", False, False)
    after(RESUMED % 9, seat=seat)
    assert (seat.nick, seat.is_taken) == ("al", True)


def test_an_announced_message_that_never_came_was_not_shown() -> None:
    """Nor is a message that nobody announced."""
    seat = after(SEATED)
    seat.told(SHOWN % 8)
    seat.lost()
    seat.shown()
    assert seat.beginning == "/resume t0ken 7 0"


@pytest.mark.parametrize(
    "text",
    [
        *("hello", "", "null", "7", "[]", "{}", '{"type":7}', '{"type":"seat"}', "[" * 100_000),
        *('{"type":"shown","last":"8"}', '{"type":"shown"}', "9" * 5_000),
        '{"type":"seat","nick":"al","token":7,"resumed":false,"last":1,"heard":0}',
        '{"type":"seat","nick":"al","token":"x","resumed":false,"heard":0}',
        '{"type":"seat","nick":"al","token":"x","resumed":null,"last":1,"heard":0}',
        '{"type":"seat","nick":"al","token":"x","resumed":true,"last":1}',
        '{"type":"seat","token":"x","resumed":true,"last":1,"heard":0}',
        '{"type":"renamed","last":1,"old":"al"}',
    ],
)
def test_what_is_no_cue_is_an_error_and_changes_nothing(text: str) -> None:
    """One that says so."""
    seat = after(SEATED)
    with pytest.raises(ValueError, match=r"."):
        seat.told(text)
    seat.shown()
    assert seat.beginning == "/resume t0ken 7 0"


@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_nothing_that_a_room_says_is_more_than_an_error(text: str) -> None:
    """However wrong it is."""
    seat = after(SEATED)
    with suppress(ValueError):
        seat.told(text)
    seat.shown()
    assert isinstance(parse_at_the_door(seat.beginning), Resume)
