"""What holds in the room for any sequence of entries."""

import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from backend.room import names
from backend.room.entries import Arrived, Entry, Gone, Line, Overlong, Via
from backend.room.events import (
    Acted,
    Delivery,
    Dismissed,
    Joined,
    Left,
    Prompted,
    Renamed,
    Said,
    Welcomed,
    Whispered,
)
from backend.room.room import Room
from backend.wire import frames, terminal

CONNECTIONS = ("c1", "c2", "c3", "c4", "c5")
FIRST_NICKS = ("alice", "bob", "lris", "coco", "Σας")
NICKS = (*FIRST_NICKS, "Bob", "ｂｏｂ", "Iris", "iris", "Irıs", "сосо", "σασ", "meta")

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=30)
NICK = st.sampled_from(NICKS)
COMMANDS = ("/me waves", "/who", "/help", "/quit", "/quit bye", "//hi", "/x", "/msg x", "", " ")
LINE = st.one_of(
    NICK,
    st.sampled_from(COMMANDS),
    st.sampled_from([f"/nick {nick}" for nick in NICKS]),
    st.sampled_from([f"/msg {nick} hi" for nick in NICKS]),
    st.sampled_from([f"/msg {nick} hi" for nick in FIRST_NICKS]),
    st.builds("{}{}".format, st.sampled_from(["", "/", "/me ", "/nick ", "/msg "]), ANY_TEXT),
    st.just("x" * 1_001),
)
CONNECTION = st.sampled_from(CONNECTIONS)
VIA: st.SearchStrategy[Via] = st.sampled_from(["web", "telnet"])
TIME = st.floats(0, 4e9)


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    """Anything that can be done by anybody; mostly lines, for they make the conversation."""
    connection, at = draw(CONNECTION), draw(TIME)
    match draw(st.integers(0, 9)):
        case 7:
            return Arrived(connection, draw(VIA), "token", at)
        case 8:
            return Overlong(connection, at)
        case 9:
            return Gone(connection, draw(st.just("") | ANY_TEXT), at)
        case _:
            return Line(connection, draw(LINE), at)


def opening(people: list[tuple[Via, str]]) -> Iterator[Entry]:
    """The first few connections arrive and propose a nick, so that most logs have a room."""
    for connection, (via, nick) in zip(CONNECTIONS, people, strict=False):
        yield Arrived(connection, via, f"{connection}'s token", 0.0)
        yield Line(connection, nick, 0.0)


LOG = st.builds(
    lambda people, rest: [*opening(people), *rest],
    st.lists(
        st.tuples(VIA, st.sampled_from(FIRST_NICKS)),
        min_size=2,
        max_size=len(CONNECTIONS),
        unique_by=lambda person: person[1],
    ),
    st.lists(entries(), min_size=15, max_size=40),
)

for_any_log = settings(deadline=None, max_examples=150)

Public = Said | Acted | Joined | Left | Renamed
"""What everybody in the room may see, numbered."""


def played(log: list[Entry]) -> Iterator[tuple[Entry, list[Delivery], Room]]:
    """Each entry with what it led to, and the room just after it."""
    room = Room()
    for entry in log:
        yield entry, room.apply(entry), room


@for_any_log
@given(LOG)
def test_no_two_people_have_the_same_nick_or_look_alike(log: list[Entry]) -> None:
    """Nicks stay unique under folding, and none can be mistaken for another."""
    for _, _, room in played(log):
        nicks = [names.accept(person.nick) for person in room.members()]
        assert len({nick.key for nick in nicks}) == len(nicks)
        assert not any(one.looks & other.looks for one, other in combinations(nicks, 2))


@for_any_log
@given(LOG)
def test_public_ids_grow_by_one(log: list[Entry]) -> None:
    """No id is skipped or given twice, and a welcome names the newest."""
    last = 0
    for _, deliveries, _ in played(log):
        for event in [delivery.event for delivery in deliveries]:
            if isinstance(event, Public):
                assert event.id == last + 1
                last = event.id
        for event in [delivery.event for delivery in deliveries]:
            if isinstance(event, Welcomed):
                assert event.last == last


@for_any_log
@given(LOG)
def test_nobody_outside_the_room_receives_room_events(log: list[Entry]) -> None:
    """From welcome to leaving, and not a moment longer, one is in the conversation."""
    inside: set[str] = set()
    for entry, deliveries, room in played(log):
        if isinstance(entry, Gone):
            inside.discard(entry.connection)
        for delivery in deliveries:
            if isinstance(delivery.event, Welcomed):
                inside.update(delivery.recipients)
            elif isinstance(delivery.event, Dismissed):
                inside.difference_update(delivery.recipients)
            elif isinstance(delivery.event, Public | Whispered):
                assert set(delivery.recipients) <= inside
        assert {c for c in CONNECTIONS if room.is_member(c)} == inside
        assert len(room.members()) == len(inside)


@for_any_log
@given(LOG)
def test_everybody_in_the_room_receives_what_is_public(log: list[Entry]) -> None:
    """All but the newcomer, who has the welcome, and the speaker whose terminal shows it."""
    for entry, deliveries, room in played(log):
        for delivery in deliveries:
            inside = {c for c in CONNECTIONS if room.is_member(c)}
            match delivery.event:
                case Joined() | Said(via="telnet") | Acted(via="telnet"):
                    assert isinstance(entry, Line)
                    assert set(delivery.recipients) == inside - {entry.connection}
                case Said() | Acted() | Left() | Renamed():
                    assert set(delivery.recipients) == inside


@for_any_log
@given(LOG)
def test_recipients_are_known_and_each_is_named_once(log: list[Entry]) -> None:
    """A delivery names only connections that arrived and are not gone, each once."""
    known: set[str] = set()
    for entry, deliveries, _ in played(log):
        if isinstance(entry, Arrived):
            known.add(entry.connection)
        if isinstance(entry, Gone):
            known.discard(entry.connection)
        for delivery in deliveries:
            assert len(set(delivery.recipients)) == len(delivery.recipients)
            assert set(delivery.recipients) <= known


@for_any_log
@given(LOG)
def test_who_gets_a_public_event_stands_in_the_order_they_came_in(log: list[Entry]) -> None:
    """So that such a delivery reads the same whatever it delivers."""
    order: list[str] = []
    for _, deliveries, room in played(log):
        order = [c for c in order if room.is_member(c)]
        order += [c for c in CONNECTIONS if room.is_member(c) and c not in order]
        for delivery in deliveries:
            if hasattr(delivery.event, "id"):
                assert list(delivery.recipients) == [c for c in order if c in delivery.recipients]


@for_any_log
@given(LOG)
def test_the_same_log_gives_the_same_deliveries(log: list[Entry]) -> None:
    """The room is a function of its log."""
    first = [deliveries for _, deliveries, _ in played(log)]
    second = [deliveries for _, deliveries, _ in played(log)]
    assert first == second


TOO_LIKE_TWO = """
from backend.room.entries import Arrived, Line
from backend.room.room import Room

room = Room()
for connection, nick in enumerate(["iris", "lris", "Irıs", "il", "ll", "Iı", "rl", "r1", "rI"]):
    room.apply(Arrived(str(connection), "web", "token", 0.0))
    print(ascii(room.apply(Line(str(connection), nick, 0.0))))
"""


def test_the_same_log_gives_the_same_deliveries_in_another_process() -> None:
    """Not even the order of a set, which each process has its own, can be seen in a refusal."""
    outputs = {
        subprocess.run(
            [sys.executable, "-c", TOO_LIKE_TWO],
            env={**os.environ, "PYTHONHASHSEED": str(seed), "PYTHONUTF8": "1"},
            cwd=Path(__file__).parent.parent,
            capture_output=True,
            check=True,
        ).stdout
        for seed in range(1, 6)
    }
    assert len(outputs) == 1


@for_any_log
@given(LOG)
def test_whatever_happens_can_be_shown_at_both_doors(log: list[Entry]) -> None:
    """Every event has its frame, and its terminal lines begin as the house's lines do."""
    for _, deliveries, _ in played(log):
        for event in [delivery.event for delivery in deliveries]:
            assert frames.encode(event)
            shown = terminal.encode(event).decode()
            if isinstance(event, Prompted):
                assert shown.startswith("<meta>: ")
                assert len(shown.splitlines()) == 1
                continue
            assert shown.endswith("\r\n")
            assert shown.splitlines() == shown[:-2].split("\r\n")
            assert all(line.startswith(("<meta>: ", "<", "* ")) for line in shown.splitlines())
            if not isinstance(event, Said | Acted | Whispered):
                assert all(line.startswith("<meta>: ") for line in shown.splitlines())
