"""A room that is brought back is the room that was, whatever has happened in it."""

import json
from typing import Any
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from backend.room import comings
from backend.room.deliveries import Delivery
from backend.room.entries import Arrived, Entry, Gone, Line, Promoted, Recovered, Tick, Withheld
from backend.room.room import Room
from tests.test_room_properties import CONNECTIONS, LOG, TIME, TROUBLE, in_time

HOUR = 3_600.0


@st.composite
def returns(draw: st.DrawFn) -> list[Entry]:
    """Somebody drops out, and perhaps comes back; or something that others seldom do."""
    at, since = draw(TIME), draw(st.integers(0, 9))
    who, to = draw(st.sampled_from(CONNECTIONS)), draw(st.sampled_from(CONNECTIONS))
    token = draw(st.sampled_from([f"{who}'s token", f"token of {who}"]))
    gone = Gone(who, "connection lost", at, at + draw(st.sampled_from([0.0, 1.0, HOUR])))
    return [
        *some(draw, gone, Arrived(to, "web", "new token", at)),
        *some(draw, Line(to, f"/resume {token} {since}", at)),
        *some(draw, Tick(at), Withheld(to, at)),
        *some(draw, Promoted(who, at), Line(who, "/topic owls", at)),
        *some(draw, Line(who, "/ignore alice", at), Line(CONNECTIONS[0], "/nick zoe", at)),
    ]


def some(draw: st.DrawFn, *entries: Entry) -> tuple[Entry, ...]:
    """The first of them, or none."""
    return entries[: draw(st.integers(0, len(entries)))]


def shuffled_in(
    log: list[Entry], more: list[tuple[int, list[Entry]]], kills: list[int]
) -> list[Entry]:
    """The log with other things happening in the middle of it."""
    log = list(log)
    for place, entries in more:
        at = max(10, len(log) * place // 100)  # behind the opening
        log[at:at] = entries
    log = in_time(log)
    for place in kills:
        log.insert(len(log) * place // 100, Recovered(5))
    return log


LIFE = st.builds(
    shuffled_in,
    LOG | TROUBLE,
    st.lists(st.tuples(st.integers(0, 100), returns()), max_size=8),
    st.lists(st.integers(0, 100), max_size=2),
)


def stored(snapshot: dict[str, Any]) -> dict[str, Any]:
    """What becomes of it on its way through a store."""
    back: dict[str, Any] = json.loads(json.dumps(snapshot))
    return back


@settings(deadline=None, max_examples=300)
@given(log=LIFE, percent=st.integers(0, 100), crowd=st.sampled_from([2, 3, 300]))
def test_a_snapshot_and_the_rest_of_the_log_are_the_whole_log(
    log: list[Entry], percent: int, crowd: int
) -> None:
    """Delivery for delivery, snapshot for snapshot, wherever the log is cut."""
    with patch.object(comings, "CROWD", crowd):
        cut = len(log) * percent // 100
        room, restored = Room(), Room()
        for entry in log[:cut]:
            room.apply(entry)
        restored.restore(stored(room.snapshot()))
        assert restored.snapshot() == room.snapshot()
        assert restored.connections == room.connections
        for entry in log[cut:]:
            assert restored.apply(entry) == room.apply(entry)
            assert stored(restored.snapshot()) == room.snapshot()


def test_all_that_a_room_remembers_is_in_a_snapshot() -> None:
    """Each part has something to forget here, and none of it is forgotten."""
    room = Room()
    for number, nick in enumerate(("ann", "bob", "eve")):
        room.apply(Arrived(f"c{number}", "web", f"t{number}", 0.0, f"home of {nick}"))
        room.apply(Line(f"c{number}", nick, 0.0))
    room.apply(Arrived("c9", "telnet", "t9", 0.0))
    for who, line in (("c0", "/nick anna"), ("c1", "/ignore anna"), ("c2", "/msg bob psst")):
        room.apply(Line(who, line, 1.0))
    room.apply(Gone("c2", "connection lost", 2.0, HOUR))

    restored = Room()
    restored.restore(stored(room.snapshot()))

    def told(room: Room, *entries: Entry) -> list[list[Delivery]]:
        return [room.apply(entry) for entry in entries]

    entries: tuple[Entry, ...] = (
        Line("c9", "dan", 3.0),
        Line("c0", "hello", 3.0),
        Line("c1", "/ignore", 3.0),
        Line("c1", "/history", 3.0),
        Arrived("c10", "web", "t10", 3.0),
        Line("c10", "/resume t2 0", 3.0),
        *(Line("c0", f"/nick ann{number}", 4.0) for number in range(3)),
    )
    assert told(restored, *entries) == told(room, *entries)


def test_nothing_has_happened_in_a_room_restored_from_an_empty_one() -> None:
    """Ids begin at one, and nobody is there."""
    restored = Room()
    restored.restore(stored(Room().snapshot()))
    assert restored.snapshot() == Room().snapshot()
    assert restored.total == 0
