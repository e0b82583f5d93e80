"""A crowd: comings and goings are gathered, told together, and cost no more for being many."""

import json
from unittest.mock import PropertyMock, patch

import pytest

from backend.room import comings
from backend.room.crowd import CROWD, NAMED
from backend.room.deliveries import Delivery
from backend.room.entries import Arrived, Gone, Line, Tick
from backend.room.events import Joined, Left, Listed, Person, Presence, Renamed, Welcomed
from backend.room.members import Members
from backend.room.room import Room
from backend.wire import frames, terminal

AT = 1_700_000_000.0


def crowd_of(count: int) -> Room:
    """A room with so many people, with nothing left to tell."""
    room = Room()
    for number in range(count):
        join(room, f"p{number}")
    room.apply(Tick(AT))
    return room


def join(room: Room, nick: str) -> list[Delivery]:
    """Somebody comes in by telnet, under a connection of the same name."""
    room.apply(Arrived(nick, "telnet", f"{nick}'s token", AT))
    return room.apply(Line(nick, nick, AT))


def tick(room: Room) -> Presence:
    """Time passes; the one event that comes of it, told to everybody."""
    (delivery,) = room.apply(Tick(AT + 1))
    assert isinstance(delivery.event, Presence)
    assert len(delivery.recipients) == room.total
    return delivery.event


def test_up_to_a_few_hundred_everybody_is_told_of_everybody() -> None:
    """Nothing changes for an ordinary room."""
    room = crowd_of(CROWD - 1)
    _, joined = join(room, "last")
    assert isinstance(joined.event, Joined)
    assert len(joined.recipients) == CROWD - 1
    assert room.apply(Tick(AT)) == []
    (left,) = room.apply(Gone("last", "", AT))
    assert isinstance(left.event, Left)


def test_in_a_crowd_comings_and_goings_are_told_together() -> None:
    """At the next tick, to everybody, in one event with the next id."""
    room = crowd_of(CROWD)
    (welcome,) = join(room, "ann")
    assert isinstance(welcome.event, Welcomed)
    assert welcome.event.last == CROWD
    assert room.apply(Gone("p7", "", AT)) == []
    assert room.is_due(0.0)
    assert tick(room) == Presence(
        id=CROWD + 1,
        at=AT + 1,
        joined=(Person("ann", "telnet"),),
        left=("p7",),
        joined_total=1,
        left_total=1,
        members=CROWD,
    )
    assert room.apply(Tick(AT + 2)) == []


def test_who_came_and_went_between_two_ticks_was_never_here() -> None:
    """For the others, who have not been told of either."""
    room = crowd_of(CROWD)
    join(room, "ann")
    room.apply(Gone("ann", "", AT))
    assert not room.is_due(0.0)


def test_a_newcomer_is_not_shown_who_may_yet_go_untold() -> None:
    """Or the list would keep somebody for ever of whose going nobody is told."""
    room = crowd_of(2)
    with patch.object(comings, "CROWD", 2):
        join(room, "ann")
        (welcome,) = join(room, "bob")
        assert isinstance(welcome.event, Welcomed)
        assert [person.nick for person in welcome.event.members] == ["p0", "p1", "bob"]
        assert welcome.event.total == 4
        room.apply(Gone("ann", "", AT))
        assert [person.nick for person in tick(room).joined] == ["bob"]


def test_before_a_nick_changes_hands_it_is_told_who_had_it() -> None:
    """A late "p1 left" would take the one who has just become p1 off everybody's list."""
    room = crowd_of(CROWD + 1)
    room.apply(Gone("p1", "", AT))
    told, renamed = room.apply(Line("p2", "/nick p1", AT))
    assert isinstance(told.event, Presence)
    assert told.event.left == ("p1",)
    assert isinstance(renamed.event, Renamed)
    assert renamed.event.id == told.event.id + 1
    assert not room.is_due(0.0)


def test_what_was_gathered_is_told_before_anything_is_told_one_by_one() -> None:
    """Else a late "left" would hit somebody who has come back meanwhile."""
    room = crowd_of(CROWD + 1)
    room.apply(Gone("p1", "", AT))
    room.apply(Gone("p2", "", AT))  # no crowd any more, but there is something to tell
    (welcome,) = join(room, "p1")
    assert isinstance(welcome.event, Welcomed)
    news = tick(room)
    assert news.left == ("p1", "p2")
    assert [person.nick for person in news.joined] == ["p1"]


def test_a_storm_names_some_and_counts_the_rest() -> None:
    """One event of bounded size, and each newcomer's welcome is bounded too."""
    room = crowd_of(CROWD)
    sizes = set()
    for number in range(5_000 - CROWD):
        (welcome,) = join(room, f"q{number}")
        assert isinstance(welcome.event, Welcomed)
        assert welcome.event.total == room.total
        assert len(welcome.event.members) == NAMED + 1
        assert welcome.event.members[-1].nick == f"q{number}"
        sizes.add(len(frames.encode(welcome.event)) // 1_000)
    news = tick(room)
    assert len(news.joined) == NAMED
    assert news.joined_total == 5_000 - CROWD
    assert len(frames.encode(news)) < 8_000
    assert max(sizes) < 8


def test_nobody_lists_the_whole_crowd_for_one_who_comes_or_goes() -> None:
    """So that it costs as much in a room of 100,000 as in one of a thousand."""
    room = crowd_of(CROWD + 2)
    with patch.object(Members, "connections", new_callable=PropertyMock) as listed:
        join(room, "ann")
        room.apply(Gone("p7", "", AT))
    listed.assert_not_called()


def test_who_lists_some_of_a_crowd_and_counts_the_rest() -> None:
    """Thousands of names are no answer."""
    room = crowd_of(CROWD)
    (answer,) = room.apply(Line("p0", "/who", AT))
    assert answer.event == Listed(room.members(), CROWD)
    text = terminal.to_text(answer.event)
    assert text.startswith(f"<meta>: {CROWD} here: p0 (telnet), ")
    assert text.endswith(f"p{NAMED - 1} (telnet) and {CROWD - NAMED} more\r\n")
    notice = json.loads(frames.to_json(answer.event))
    assert notice["text"] == text.removeprefix("<meta>: ").strip()


@pytest.mark.parametrize(
    ("joined", "joined_total", "left", "left_total", "text"),
    [
        (["ann"], 1, [], 0, "<meta>: ann joined.\r\n"),
        (["ann", "bob"], 2, [], 0, "<meta>: ann and bob joined.\r\n"),
        (["ann", "bob", "eve"], 3, [], 0, "<meta>: ann, bob and eve joined.\r\n"),
        (["ann", "bob", "eve", "x"], 43, [], 0, "<meta>: ann, bob and 41 others joined.\r\n"),
        ([], 0, ["ann"], 1, "<meta>: ann left\r\n"),
        (["eve"], 1, ["ann", "bob"], 2, "<meta>: ann and bob left\r\n<meta>: eve joined.\r\n"),
    ],
)
def test_a_terminal_reads_it_as_a_sentence(
    joined: list[str], joined_total: int, left: list[str], left_total: int, text: str
) -> None:
    """Like a single joining or leaving, with the first few names."""
    people = tuple(Person(nick, "web") for nick in joined)
    event = Presence(1, AT, people, tuple(left), joined_total, left_total, 400)
    assert terminal.to_text(event) == text
