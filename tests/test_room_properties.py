"""What holds in the room for any sequence of entries."""

import os
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from backend.room import comings, names
from backend.room.deliveries import Delivery
from backend.room.entries import (
    Arrived,
    Entry,
    Gone,
    Line,
    Overlong,
    Promoted,
    Recovered,
    Tick,
    Via,
    Withheld,
)
from backend.room.events import (
    Acted,
    Dismissed,
    Joined,
    Left,
    Moderated,
    Noticed,
    Presence,
    Prompted,
    Recalled,
    Renamed,
    Said,
    Topic,
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
OTHERS = ("/topic", "/topic owls", "/topic -", "/ignore", "/bans", "/mute x 1h")
LINE = st.one_of(
    NICK,
    st.sampled_from([*COMMANDS, *OTHERS]),
    st.sampled_from(
        ["ignore {}", "unignore {}", "kick {}", "mute {} 1h", "mute {} 0", "unban {}"]
    ).flatmap(lambda form: st.sampled_from([f"/{form.format(nick)}" for nick in FIRST_NICKS])),
    st.sampled_from([f"/ban {nick} {time}" for nick in FIRST_NICKS for time in ("1h", "1d")]),
    st.sampled_from([f"/nick {nick}" for nick in NICKS]),
    st.sampled_from([f"/msg {nick} hi" for nick in NICKS]),
    st.sampled_from([f"/msg {nick} hi" for nick in FIRST_NICKS]),
    st.builds("{}{}".format, st.sampled_from(["", "/", "/me ", "/nick ", "/msg "]), ANY_TEXT),
    st.just("x" * 1_001),
)
PAST = st.just("/history 9 9")
IGNORE = st.sampled_from([f"/ignore {nick}" for nick in FIRST_NICKS])
CONNECTION = st.sampled_from(CONNECTIONS)
VIA: st.SearchStrategy[Via] = st.sampled_from(["web", "telnet"])
TIME = st.floats(0, 4e9) | st.floats(0, 4 * 3_600)
ORIGIN = st.sampled_from(["", "here", "there"])


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    """Anything that can be done by anybody; mostly lines, for they make the conversation."""
    connection, at = draw(CONNECTION), draw(TIME)
    match draw(st.integers(0, 10)):
        case 10:
            return Promoted(connection, at)
        case 7:
            return Arrived(connection, draw(VIA), f"token of {connection}", at, draw(ORIGIN))
        case 8:
            return Overlong(connection, at)
        case 9:
            return Gone(connection, draw(st.just("") | ANY_TEXT), at)
        case _:
            return Line(connection, draw(LINE), at)


def opening(people: list[tuple[Via, str]]) -> Iterator[Entry]:
    """The first few connections arrive and propose a nick, so that most logs have a room."""
    origins = ("", "here", "there", "here", "")
    for connection, origin, (via, nick) in zip(CONNECTIONS, origins, people, strict=False):
        yield Arrived(connection, via, f"{connection}'s token", 0.0, origin)
        yield Line(connection, nick, 0.0)


def in_time(log: list[Entry]) -> list[Entry]:
    """The same things, with time going forward."""
    timed = [entry for entry in log if not isinstance(entry, Recovered)]
    times = sorted(entry.at for entry in timed)
    return [replace(entry, at=at) for entry, at in zip(timed, times, strict=True)]


LOG = st.builds(
    lambda people, rest: [*opening(people), *in_time(rest)],
    st.lists(
        st.tuples(VIA, st.sampled_from(FIRST_NICKS)),
        min_size=2,
        max_size=len(CONNECTIONS),
        unique_by=lambda person: person[1],
    ),
    st.lists(entries(), min_size=15, max_size=40),
)


@st.composite
def troubles(draw: st.DrawFn) -> Entry:
    """What happens where an operator is busy: the first connection's, with the others."""
    at = draw(st.floats(0, 6 * 3_600))
    others, nicks = st.sampled_from(CONNECTIONS[1:4]), st.sampled_from(("bob", "lris", "dan"))
    match draw(st.integers(0, 9)):
        case 0 | 1 | 2:
            deed = st.sampled_from(["mute {} 1h", "mute {} 0", "ban {} 1h", "unban {}", "kick {}"])
            return Line(CONNECTIONS[0], f"/{draw(deed).format(draw(nicks))}", at)
        case 3:
            who = draw(others)
            return Arrived(who, draw(VIA), f"{who}'s token", at, draw(ORIGIN))
        case 4:
            return Gone(draw(others), "", at)
        case 5:
            return Line(draw(others), draw(nicks), at)
        case 6:
            form = draw(st.sampled_from(["/ignore {}", "/nick {}", "/unignore {}"]))
            return Line(draw(others), form.format(draw(nicks)), at)
        case _:
            words = ["hi", "/me waves", "/msg alice hi", "/quit bye"]
            return Line(draw(others), draw(st.sampled_from(words)), at)


TROUBLE = st.builds(
    lambda vias, rest: [
        *opening(list(zip(vias, FIRST_NICKS, strict=False))),
        Promoted(CONNECTIONS[0], 0.0),
        *in_time(rest),
    ],
    st.lists(VIA, min_size=4, max_size=4),
    st.lists(troubles(), min_size=10, max_size=40),
)

SEATS = tuple(f"token-{number}" for number in range(8))
"""The seats that may be had: an arrival's token is its connection's, by number."""


@st.composite
def drops_and_returns(draw: st.DrawFn) -> list[Entry]:
    """People who are cut off and come back, on a new connection each time, and talk in between.

    Time goes on by up to 10 seconds each time, and a seat is kept for 15.
    """
    log: list[Entry] = []
    vias: list[Via] = []
    at = 0.0
    for _ in range(draw(st.integers(10, 50))):
        at += draw(st.sampled_from([0.0, 0.5, 10.0]))
        who = f"c{draw(st.integers(max(len(vias) - 8, 0), max(len(vias) - 1, 0)))}"
        match draw(st.integers(0, 11)):
            case 0 | 1:
                new = f"c{len(vias)}"
                vias.append(draw(st.sampled_from(["web", "web", "web", "telnet"])))
                token = f"token-{len(vias) - 1}"
                log.append(Arrived(new, vias[-1], token, at, draw(ORIGIN), draw(st.booleans())))
                log.append(Line(new, draw(st.sampled_from(FIRST_NICKS)), at))
            case 2 | 3 | 4:
                new = f"c{len(vias)}"
                vias.append(draw(st.sampled_from(["web", "web", "telnet"])))
                token, seat = f"token-{len(vias) - 1}", draw(st.sampled_from(SEATS))
                log.append(Arrived(new, vias[-1], token, at, resumes=vias[-1] == "telnet"))
                seen = draw(st.sampled_from(["", " 0", " 2"]))
                log.append(Line(new, f"/resume {seat} {draw(st.integers(0, 20))}{seen}", at))
            case 5 | 6:
                log.append(Gone(who, "connection lost", at, draw(st.sampled_from([0.0, at + 15]))))
            case 7:
                log.append(Tick(at))
            case 8:
                log.append(Withheld(who, at) if draw(st.booleans()) else Promoted(who, at))
            case _:
                log.append(Line(who, draw(LINE | PAST | IGNORE), at))
    return log


RETURNS = drops_and_returns()

for_any_log = settings(deadline=None, max_examples=150)

Public = Said | Acted | Joined | Left | Presence | Renamed | Topic
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
                is_silent_leaving = isinstance(event, Left) and not event.reason
                assert event.id == last + 1 or (is_silent_leaving and event.id == last)
                last = event.id
        for event in [delivery.event for delivery in deliveries]:
            if isinstance(event, Welcomed):
                assert event.last == last


@for_any_log
@given(LOG | TROUBLE)
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
@given(LOG | TROUBLE)
def test_everybody_in_the_room_receives_what_is_public(log: list[Entry]) -> None:
    """But the newcomer, the speaker whose terminal shows it, and who ignores the speaker."""
    ignoring = Ignoring()
    for entry, deliveries, room in played(log):
        for number, delivery in enumerate(deliveries, start=1):
            inside = {c for c in CONNECTIONS if room.is_member(c)}
            inside |= shown_out(deliveries[number:])  # a ban is carried out one by one
            deaf = ignoring.deaf_to(delivery.event)
            match delivery.event:
                case Joined():
                    assert isinstance(entry, Line)
                    assert set(delivery.recipients) == inside - {entry.connection}
                case Said(via="telnet") | Acted(via="telnet"):
                    assert isinstance(entry, Line)
                    assert set(delivery.recipients) == inside - deaf - {entry.connection}
                case Said() | Acted():
                    assert set(delivery.recipients) == inside - deaf
                case Left(reason=reason) if delivery.but:
                    assert set(delivery.recipients) == (inside - deaf if reason else inside & deaf)
                case Left(reason=reason) if reason:
                    assert set(delivery.recipients) == inside
                    assert not deaf
                case Left() | Renamed() | Topic():
                    assert set(delivery.recipients) == inside
                case Whispered():
                    assert not set(delivery.recipients) & deaf
        ignoring.follow(entry, deliveries)


def shown_out(deliveries: list[Delivery]) -> set[str]:
    """Who is."""
    return {c for each in deliveries if isinstance(each.event, Dismissed) for c in each.recipients}


class Ignoring:
    """The simple model: pairs of who ignores and the nick that is ignored.

    What somebody asked for is known from the answer they got.
    """

    def __init__(self) -> None:
        self.pairs: set[tuple[str, str]] = set()
        self.brought: set[tuple[str, str]] = set()  # by a rename
        self.nicks: dict[str, str] = {}

    def deaf_to(self, event: object) -> set[str]:
        """Who does not hear whoever this comes from."""
        if not isinstance(event, Said | Acted | Whispered | Left):
            return set()
        key = names.same(event.nick)
        return {c for c, ignored in self.pairs if ignored == key}

    def follow(self, entry: Entry, deliveries: list[Delivery]) -> None:
        """Learn from what happened."""
        if isinstance(entry, Gone):
            self._forget(entry.connection)
        for delivery in deliveries:
            match delivery.event:
                case Dismissed():
                    self._forget(*delivery.recipients)
                case Left(nick=nick):
                    gone = names.same(nick)
                    self.pairs -= {(c, n) for c, n in self.brought if n == gone}
                case Renamed(old=old, new=new):
                    assert isinstance(entry, Line)
                    was, becomes = names.same(old), names.same(new)
                    moved = {(c, becomes if n == was else n) for c, n in self.pairs}
                    self.brought = (self.brought | (moved - self.pairs)) & moved
                    self.pairs = moved - {(entry.connection, becomes)}
                case Noticed(text) if isinstance(entry, Line):
                    if text.startswith("You hear no more of "):
                        nick = text.removeprefix("You hear no more of ").split(". /unignore")[0]
                        self.pairs.add((entry.connection, names.same(nick)))
                    elif text.startswith("You hear ") and text.endswith(" again."):
                        nick = text.removeprefix("You hear ").removesuffix(" again.")
                        self.pairs.discard((entry.connection, names.same(nick)))
        self.brought &= self.pairs

    def _forget(self, *gone: str) -> None:
        self.pairs = {(c, nick) for c, nick in self.pairs if c not in gone}


@for_any_log
@given(LOG | TROUBLE)
def test_who_is_muted_is_not_heard_before_its_time(log: list[Entry]) -> None:
    """Nor is anybody else at that seat or origin, unless it is lifted; operators apart."""
    arrivals: dict[str, Arrived] = {}
    mutes: list[tuple[Arrived, float]] = []
    operators: set[str] = set()
    for entry, deliveries, room in played(log):
        if isinstance(entry, Arrived) and not room.is_member(entry.connection):
            arrivals[entry.connection] = entry
        if isinstance(entry, Gone):
            operators.discard(entry.connection)
        for event in [delivery.event for delivery in deliveries]:
            match event:
                case Moderated("muted" | "unmuted" as deed, connection):
                    person = arrivals[connection]
                    mutes = [mute for mute in mutes if not is_same(mute[0], person)]
                    assert isinstance(entry, Line)
                    mutes += [(person, entry.at + 3_600)] if deed == "muted" else []
                case Moderated("promoted", connection):
                    operators.add(connection)
                case Said() | Acted() | Whispered() | Left(reason="bye"):
                    assert isinstance(entry, Line)
                    person = arrivals[entry.connection]
                    held = [until for on, until in mutes if is_same(on, person)]
                    assert entry.connection in operators or entry.at >= max(held, default=0.0)
        operators = {c for c in operators if room.is_member(c)}


def is_same(one: Arrived, other: Arrived) -> bool:
    """Whether what is laid on one of them is on the other, too."""
    return bool(one.origin and one.origin == other.origin) or one.token == other.token


@for_any_log
@given(LOG | TROUBLE)
def test_who_is_banned_never_gets_in_before_its_time(log: list[Entry]) -> None:
    """Neither that seat nor anybody from that origin, unless an operator lifts it."""
    arrivals: dict[str, Arrived] = {}
    bans: dict[str, tuple[Arrived, float]] = {}
    for entry, deliveries, room in played(log):
        if isinstance(entry, Arrived) and not room.is_member(entry.connection):
            arrivals[entry.connection] = entry
        for delivery in deliveries:
            match delivery.event:
                case Moderated("banned", connection):
                    assert isinstance(entry, Line)
                    seconds = 86_400 if entry.text.endswith("1d") else 3_600
                    bans[connection] = (arrivals[connection], entry.at + seconds)
                case Moderated("unbanned", connections):
                    for lifted in connections.split(", "):
                        bans.pop(lifted, None)
                case Prompted() | Welcomed():
                    assert not isinstance(entry, Recovered)
                    newcomer = arrivals[delivery.recipients[0]]
                    if isinstance(entry, Line) and isinstance(delivery.event, Prompted):
                        continue  # at the prompt still, but no further
                    for banned, until in bans.values():
                        assert entry.at >= until or not is_same(newcomer, banned)


@for_any_log
@given(LOG | TROUBLE)
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
        order = [c for c in order if room.is_member(c) or c in shown_out(deliveries)]
        order += [c for c in CONNECTIONS if room.is_member(c) and c not in order]
        for delivery in deliveries:
            if hasattr(delivery.event, "id"):
                assert list(delivery.recipients) == [c for c in order if c in delivery.recipients]


@for_any_log
@given(RETURNS, st.sampled_from([2, 300]))
def test_nobody_is_shown_a_public_event_twice_but_from_the_history(
    log: list[Entry], crowd: int
) -> None:
    """Live it comes to a seat once and in order, whichever connection the seat has."""
    seats: dict[str, str] = {}
    newest: Counter[str] = Counter()
    with patch.object(comings, "CROWD", crowd):
        for _, deliveries, _ in played(log):
            for delivery in deliveries:
                for connection in delivery.recipients:
                    match delivery.event:
                        case Welcomed(token=token, last=last, resumed=resumed):
                            assert resumed == (token in seats.values())
                            assert last >= newest[token]
                            seats = {c: seat for c, seat in seats.items() if seat != token}
                            seats[connection], newest[token] = token, last
                        case Recalled(since, before, events):
                            ids = [event.id for event in events]
                            assert ids == sorted(set(ids))
                            assert all(since < id < before for id in ids)
                        case event if isinstance(event, Public):
                            assert event.id > newest[seats[connection]]
                            newest[seats[connection]] = event.id


@for_any_log
@given(RETURNS, st.sampled_from([2, 300]))
def test_what_is_told_again_is_what_was_told(log: list[Entry], crowd: int) -> None:
    """Event by event; what is missing was said, for only that is ignored, or one's own."""
    public: list[Public] = []
    telnets = {e.connection for e in log if isinstance(e, Arrived) and e.via == "telnet"}
    with patch.object(comings, "CROWD", crowd):
        for entry, deliveries, _ in played(log):
            seen = 0  # a terminal knows that there is more, if it has seen that
            if isinstance(entry, Line) and entry.connection in telnets:
                seen = int(entry.text.split()[2]) if entry.text.startswith("/resume") else 0
            public += [each.event for each in deliveries if isinstance(each.event, Public)]
            for told in [each.event for each in deliveries if isinstance(each.event, Recalled)]:
                told_ids = {event.id for event in told.events}
                whole = public[told.since : told.before - 1]
                assert list(told.events) == [event for event in whole if event.id in told_ids]
                assert all(isinstance(e, Said | Acted) for e in whole if e.id not in told_ids)
                assert told.more == (told.since > seen)


@for_any_log
@given(RETURNS)
def test_a_seat_has_one_connection_and_its_nick_one_bearer(log: list[Entry]) -> None:
    """However often it changes hands; whoever is gone for good has none."""
    seats: dict[str, str] = {}
    for entry, deliveries, room in played(log):
        for delivery in deliveries:
            if isinstance(delivery.event, Welcomed):
                token = delivery.event.token
                seats = {c: seat for c, seat in seats.items() if seat != token}
                seats[delivery.to[0]] = token
        here = [c for c in seats if room.is_member(c)]
        seats = {c: seats[c] for c in here}
        nicks = [person.nick for person in room.members()]
        assert len(here) == len(nicks) == len(set(nicks)) == room.total
        if isinstance(entry, Gone) and entry.until <= entry.at:
            assert entry.connection not in seats


@for_any_log
@given(RETURNS | LOG | TROUBLE)
def test_a_token_is_told_to_nobody_but_who_has_the_seat(log: list[Entry]) -> None:
    """And to them by their welcome only: it opens the seat."""
    brought: dict[str, set[str]] = defaultdict(set)
    for entry, deliveries, _ in played(log):
        match entry:
            case Arrived(connection, token=token):
                brought[connection].add(token)
            case Line(connection, text):
                brought[connection].update(text.split()[1:2])
        for delivery in deliveries:
            if isinstance(delivery.event, Welcomed):
                assert delivery.event.token in brought[delivery.to[0]]
                assert len(delivery.to) == 1
            elif not isinstance(entry, Line) or "token" not in entry.text:
                assert "token" not in frames.to_json(delivery.event)


@for_any_log
@given(RETURNS)
def test_a_welcome_says_how_many_lines_of_the_seat_were_taken(log: list[Entry]) -> None:
    """Each once, over all its connections, those withheld or too long included."""
    seats: dict[str, str] = {}
    taken: Counter[str] = Counter()
    for entry, deliveries, room in played(log):
        if isinstance(entry, Line | Overlong | Withheld):
            taken[seats.get(entry.connection, "")] += 1
        for delivery in deliveries:
            if isinstance(delivery.event, Welcomed):
                token = delivery.event.token
                assert delivery.event.heard == taken[token] * delivery.event.resumed
                seats = {c: seat for c, seat in seats.items() if seat != token}
                seats[delivery.to[0]] = token
        seats = {c: seat for c, seat in seats.items() if room.is_member(c)}


@for_any_log
@given(RETURNS)
def test_nothing_is_kept_of_who_has_left(log: list[Entry]) -> None:
    """Once the last one is gone, all that grew with people is empty."""
    room = Room()
    for entry in log:
        room.apply(entry)
    for number in range(len(log) + 1):
        room.apply(Gone(f"c{number}", "", 1e9))
    room.apply(Tick(1e9))
    assert room.total == 0
    kept = [room._waiting, *about(room._members), *about(room._seats), *about(room._hearing)]
    assert not any(kept)
    assert not room._moderation._operators


def about(keeper: object) -> list[object]:
    """What it keeps by connection, nick or token."""
    return [value for value in vars(keeper).values() if isinstance(value, dict)]


@for_any_log
@given(LOG | TROUBLE | RETURNS)
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
    room.apply(Arrived(str(connection), "web", f"token of {connection}", 0.0))
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
