"""The hub against a simple model: whatever people do, each gets what is theirs, once, in order.

Real are the hub, the journal, the sessions, the encoders, the outboxes and the Postman; only the
sockets are not. Many things happen at once, and which comes first is the scheduler's choice. So the
model goes by the journal, and the journal is held against what people did.
"""

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Literal
from unittest.mock import patch

import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.config import UNLIMITED
from backend.journal.memory import MemoryJournal
from backend.net import chronicle, postman, session, turn
from backend.net import hub as hub_module
from backend.net.hub import CLOSING_TEXT, TYPING, Hub
from backend.net.outbox import STALL_SECONDS
from backend.room import comings, history, seats
from backend.room import members as members_module
from backend.room.deliveries import Delivery
from backend.room.entries import Arrived, Entry, Gone, Line, Overlong, Via
from backend.room.room import Room
from backend.wire import frames, terminal
from tests.guests import Guest, Pipe, StreamSink, settled
from tests.model import CONTINUED, NORMAL, NOT_KEPT, House, Item, Model, Owed, Typed

SAFETY_SECONDS = 3_600.0
"""Of the clock that jumps: more than any example lasts."""

# --- what was shown, read from the bytes ---


def as_text(item: Item) -> str:
    """What a terminal shows of an item."""
    match item:
        case {"type": "prompt", "reason": reason} if reason == NOT_KEPT:
            return f"<meta>: {reason}.\r\n<meta>: Please enter username: "
        case {"type": "prompt", "reason": reason}:
            return f"<meta>: {reason}. Please enter another: "
        case {"type": "prompt"}:
            return "<meta>: Please enter username: "
        case {"type": "welcome", "nick": nick, "resumed": resumed}:
            return f"<meta>: Welcome {'back ' if resumed else ''}{nick}.\r\n"
        case {"type": "said", "nick": nick, "text": text}:
            return f"<{nick}> : {text}\r\n"
        case {"type": "acted", "nick": nick, "text": text}:
            return f"* {nick} {text}\r\n"
        case {"type": "whispered", "nick": nick, "text": text}:
            return f"<{nick}> to you: {text}\r\n"
        case {"type": "joined", "nick": nick}:
            return f"<meta>: {nick} joined.\r\n"
        case {"type": "left", "nick": nick, "reason": reason}:
            return f"<meta>: {nick} left{reason and f' ({reason})'}\r\n"
        case {"type": "renamed", "old": old, "new": new}:
            return f"<meta>: {old} is now {new}.\r\n"
        case {"type": "presence", "joined": joined, "left": left}:
            came = [person["nick"] for person in joined]
            return (f"<meta>: {sentence(left)} left\r\n" if left else "") + (
                f"<meta>: {sentence(came)} joined.\r\n" if came else ""
            )
        case {"type": "notice", "text": text}:
            return f"<meta>: {text}\r\n"
        case {"type": "history", "events": events, "since": since, "before": before, "more": more}:
            title = "Earlier (times are UTC):" if events else "Nothing to show."
            count = before - since - 1
            advice = f"<meta>: /history {since + 1} {count} shows what was before.\r\n"
            lines = [f"<meta>: {title}\r\n", *map(as_past, events)]
            return "".join([*lines, *([advice] if more and count else [])])
    raise AssertionError(item)


def as_past(item: Item) -> str:
    """What a terminal shows of an item that was public before: each line with its time."""
    hours, minutes = divmod(int(item["at"]) // 60, 60)
    lines = [line.removeprefix("<meta>: ") for line in as_text(item).splitlines(keepends=True)]
    return "".join(f"<meta>: {hours:02}:{minutes:02} {line}" for line in lines)


def sentence(nicks: list[str]) -> str:
    """Some nicks, the first of them by name."""
    if len(nicks) > 3:
        return f"{nicks[0]}, {nicks[1]} and {len(nicks) - 2} others"
    return " and ".join(filter(None, [", ".join(nicks[:-1]), nicks[-1]]))


def messages(data: bytes) -> Iterator[Item]:
    """The whole messages in a server's websocket frames (RFC 6455, 5.2)."""
    while len(data) >= 4:
        assert data[0] == 0x81, "a whole text message in one frame"
        extended = data[1] == 126
        start, size = (4, int.from_bytes(data[2:4])) if extended else (2, data[1])
        if len(data) < start + size:
            return
        yield json.loads(data[start : start + size])
        data = data[start + size :]


def who_is_here(shown: Iterable[Item]) -> list[Item]:
    """The member list that a page makes of what it is shown."""
    here: dict[str, Item] = {}
    for item in shown:
        match item:
            case {"type": "welcome", "members": members}:
                here = {person["nick"]: person for person in members}
            case {"type": "joined", "nick": nick, "via": via}:
                here[nick] = {"nick": nick, "via": via}
            case {"type": "left", "nick": nick}:
                here.pop(nick, None)
            case {"type": "renamed", "old": old, "new": new} if old in here:
                here[new] = {**here.pop(old), "nick": new}
            case {"type": "presence", "joined": joined, "left": left}:
                here = {nick: person for nick, person in here.items() if nick not in left}
                here |= {person["nick"]: person for person in joined}
    return sorted(here.values(), key=lambda person: str(person["nick"]))


@dataclass
class Page:
    """What a page has of the conversation, over all of a seat's connections.

    Attributes:
        start: the newest public event when it was first let in.
        events: what was public, by id.
        whispers: what was not.
    """

    start: int = 0
    events: dict[int, Item] = field(default_factory=dict)
    whispers: list[Item] = field(default_factory=list)

    def take(self, items: Iterable[Item]) -> None:
        """What one of the connections was shown."""
        for item in items:
            match item:
                case {"type": "welcome", "resumed": False, "last": last}:
                    self.start = last
                case {"type": "whispered"}:
                    self.whispers.append(item)
                case {"type": "history", "since": since, "before": before, "events": events}:
                    assert [event["id"] for event in events] == list(range(since + 1, before))
                    self.take(events)
                case {"id": id}:
                    assert self.events.setdefault(id, item) == item


# --- people ---

SIP, GULP = 100, 1_000_000_000
"""Bytes a reader takes at once: one has a narrow connection, another none that could be felt."""

NICKS = ("ann", "bob", "eve", "kim", "zoe", "Ann", "BOB", "meta", "a b", "x" * 21)

Habit = Literal["quick", "in sips", "stream"]


class Mouth(Pipe):
    """A pipe that knows when it last took something."""

    def __init__(self, size: int) -> None:
        super().__init__(room=size)
        self.size = size
        self.last = -math.inf

    def send_now(self, data: bytes) -> int:
        """See ``sink.Sink``."""
        if took := super().send_now(data):
            self.last = trio.current_time()
        return took


class Player(Guest):
    """Somebody in the play, with a way of reading.

    Attributes:
        sent: the lines handed in.
        has_stopped: whether they read no more, for now.
        has_rested: whether they ever did that.
        has_hung_up: whether they have, after the last line.
        was_cut_off: whether the network has, likewise.
        went_away: whether they have by leaving the page.
        knows_the_future: whether they claimed to have seen more than there was.
        latin_from: the last entry of the journal before their terminal was one for Latin-1 only.
    """

    def __init__(self, hub: Hub, nursery: trio.Nursery, via: Via, habit: Habit) -> None:
        self.mouth = Mouth(SIP if habit == "in sips" else GULP)
        self.habit = habit
        self.via = via
        self.sent: list[str | None] = []
        self.has_stopped = self.has_rested = self.has_hung_up = self.was_cut_off = False
        self.went_away = self.knows_the_future = False
        self.latin_from = math.inf
        self._may_read = trio.Event()
        self._may_read.set()
        self._reading = trio.CancelScope()
        ours, self._theirs = trio.testing.lockstep_stream_pair()
        encode = terminal.encode if via == "telnet" else frames.encode
        sink = StreamSink(ours) if habit == "stream" else self.mouth
        super().__init__(hub, nursery, encode, via=via, sink=sink)

    async def _stay(self) -> None:
        async with trio.open_nursery() as reading:
            if self.habit != "quick":
                reading.start_soon(self._sip if self.habit == "in sips" else self._read)
            await super()._stay()
            reading.cancel_scope.cancel()
        self.mouth.broken = True  # as a socket that has been closed
        self.mouth.open(0)
        await self._theirs.aclose()

    async def _sip(self) -> None:
        while True:
            await trio.sleep(0.25)
            await self._may_read.wait()
            self.mouth.open(self.mouth.size - self.mouth.room)

    async def _read(self) -> None:
        while True:
            await self._may_read.wait()
            with trio.CancelScope() as self._reading:
                while True:
                    self.mouth.send_now(bytes(await self._theirs.receive_some()))

    @property
    def can_send(self) -> bool:
        """Whether the connection still stands at their end."""
        return not (self.has_hung_up or self.was_cut_off)

    @property
    def items(self) -> list[Item]:
        """What a page was shown."""
        return list(messages(self.mouth.taken)) if self.via == "web" else []

    @property
    def token(self) -> str | None:
        """What a page knows its seat by."""
        return next((item["token"] for item in self.items if item["type"] == "welcome"), None)

    def stops_reading(self) -> None:
        """Take nothing more in."""
        self.has_stopped = self.has_rested = True
        self._may_read = trio.Event()
        self._reading.cancel()
        if self.habit != "stream":
            self.mouth.room = 0

    async def reads_on(self) -> None:
        """Take in what has been left, and all that comes."""
        self.has_stopped = False
        self._may_read.set()
        if self.habit != "stream":
            self.mouth.open(self.mouth.size - self.mouth.room)
        await settled()


# --- the script ---


@dataclass(frozen=True)
class Comes:
    """Somebody connects, and proposes a nick at once."""

    via: Via
    habit: Habit
    nick: str


@dataclass(frozen=True)
class Returns:
    """Somebody takes the seat of somebody on a new connection, and goes on at once."""

    who: int
    via: Via
    habit: Habit
    since: Literal["the newest", "nothing", "the future"]
    lines: tuple[str | None, ...]


@dataclass(frozen=True)
class Sends:
    """Somebody sends lines, in one packet."""

    who: int
    lines: tuple[str | None, ...]


@dataclass(frozen=True)
class Does:
    """Somebody does something else."""

    who: int
    what: Literal["stop", "read on", "hang up", "go away", "be cut off", "get another terminal"]


@dataclass(frozen=True)
class Pause:
    """Nothing happens for so many seconds; with 0, what has been begun comes to its end."""

    seconds: float


Step = Comes | Returns | Sends | Does | Pause

VIA: st.SearchStrategy[Via] = st.sampled_from(["web", "telnet"])
HABIT: st.SearchStrategy[Habit] = st.sampled_from(["quick", "quick", "in sips", "stream"])
WHO = st.integers(0, 7)
NICK = st.sampled_from(NICKS)
TALK = st.sampled_from(["hellå #", "café #", "/me wåves #", "//hellå #"])
OTHER = st.sampled_from(["", None, "x" * 1_001, "/who", "/dance", TYPING, TYPING])
PAST = st.sampled_from(
    [*("/history", "/history 3", "/history 6 2", "/history 0 9", "/history 999 999")]
)
LINE = st.one_of(
    *(
        TALK,
        TALK,
        NICK,
        OTHER,
        PAST,
        NICK.map("/nick {}".format),
        NICK.map("/msg {} psst #".format),
    ),
)
LAST_LINE = st.sampled_from(["/quit", "/quit bye #"])
LINES = st.one_of(
    st.lists(LINE, min_size=1, max_size=4).map(tuple),
    st.lists(LINE, min_size=1, max_size=4).map(tuple),
    st.tuples(LAST_LINE, LINE),
)
SENDS = st.builds(Sends, WHO, LINES)
COMES = st.builds(Comes, VIA, HABIT, st.just("guest#") | NICK)
RETURNS = st.builds(
    Returns,
    WHO,
    st.sampled_from(["web", "web", "web", "web", "telnet"]),
    HABIT,
    st.sampled_from(["the newest", "the newest", "the newest", "nothing", "the future"]),
    st.just(()) | st.lists(LINE | st.just("/resume token-1 0"), max_size=3).map(tuple),
)
ENDS = st.builds(Does, WHO, st.sampled_from(["hang up", "go away", "be cut off", "be cut off"]))
PAUSE = st.builds(Pause, st.sampled_from([0.0, 0.0, 0.0, 0.3, 1.0, 7.0, 19.0, 100.0]))
STEP = st.one_of(
    *(SENDS, SENDS, SENDS, COMES, RETURNS, PAUSE, PAUSE, ENDS),
    st.builds(Does, WHO, st.sampled_from(["stop", "read on", "get another terminal"])),
)
OPENING = st.lists(COMES, min_size=2, max_size=5)
PLOT = st.lists(STEP, min_size=10, max_size=50)
HOUSE = st.builds(
    lambda crowd, grace, memory: House(crowd, grace, *memory),
    st.sampled_from([2, 3, 300]),
    st.sampled_from([0.0, 15.0, 15.0]),
    st.sampled_from([(12, 4, 2), (1_000, 100, 20)]),
)


class Play:
    """One performance: a hub, its people, and the journal of what happened."""

    def __init__(self, nursery: trio.Nursery, journal: list[Entry | Typed], house: House) -> None:
        tokens, self._numbers = count(1), count(1)
        self.hub = Hub(
            clock=trio.current_time,
            new_token=lambda: f"token-{next(tokens)}",
            limits=replace(UNLIMITED, grace=house.grace),
        )
        self.players: list[Player] = []
        self._nursery = nursery
        self._journal = journal
        self._house = house
        nursery.start_soon(self.hub.postman.run)
        nursery.start_soon(self.hub.keep_time)

    async def perform(self, step: Step) -> None:
        """Do what the script says."""
        match step:
            case Comes(via, habit, nick):
                self.players.append(Player(self.hub, self._nursery, via, habit))
                self._send(self.players[-1], [nick])
            case Returns(who, via, habit, since, lines):
                token, newest = await self._seat(self.players[who % len(self.players)])
                number = {"the newest": newest, "nothing": 0, "the future": 999_999}[since]
                self.players.append(Player(self.hub, self._nursery, via, habit))
                self.players[-1].knows_the_future = since == "the future"
                self._send(self.players[-1], [f"/resume {token} {number}", *lines])
            case Pause(seconds):
                await trio.sleep(seconds)
                await settled()
            case Sends(who, lines):
                self._send(self.players[who % len(self.players)], lines)
            case Does(who, what):
                await self._do(self.players[who % len(self.players)], what)

    async def _seat(self, player: Player) -> tuple[str, int]:
        """Which token is somebody's, and the newest public event that their page has."""
        if token := player.token:
            return token, max(self.page(token).events, default=0)
        if player.connection is None:
            await settled()
        arrivals = [each for each in self._journal if isinstance(each, Arrived)]
        (token,) = [each.token for each in arrivals if each.connection == player.id]
        return token, 0

    def page(self, token: str) -> Page:
        """What a seat's page has been shown so far."""
        page = Page()
        for player in self.players:
            if player.token == token:
                page.take(player.items)
        return page

    def _send(self, player: Player, lines: Sequence[str | None]) -> None:
        if player.can_send:
            # Each has a number, so that none can pass for another.
            numbered = [line and line.replace("#", str(next(self._numbers))) for line in lines]
            player.sent += numbered
            player.sends(*numbered)

    async def _do(self, player: Player, what: str) -> None:
        match what:
            case "stop" if not player.has_stopped:
                player.stops_reading()
            case "read on":
                await player.reads_on()
            case "hang up" if player.can_send:
                player.has_hung_up = True
                player.hangs_up()
            case "go away" if player.can_send and player.via == "web":
                if player.connection is None:
                    await settled()
                assert player.connection is not None
                player.connection.went_away = player.went_away = player.has_hung_up = True
                player.hangs_up()
            case "be cut off" if player.can_send:
                player.was_cut_off = True
                player.is_cut_off()
            case "get another terminal" if player.via == "telnet":
                await settled()
                assert player.connection is not None
                player.latin_from = min(player.latin_from, len(self._journal))
                style = terminal.Style(encoding="latin-1")
                self.hub.adapt(player.connection, terminal.encoder(style))

    def model(self) -> Model:
        """What the model makes of the journal so far."""
        model = Model(self._house)
        for entry in self._journal:
            model.follow(entry)
        return model

    def check(self, model: Model, *, is_over: bool = False) -> None:
        """What people did is in the journal, and what the model says was shown to them."""
        for player in self.players:
            id = player.id
            gone = [e for e in self._journal if isinstance(e, Gone) and e.connection == id]
            assert len(gone) <= 1
            self._check_heard(player, gone, model.dismissed.get(id), is_over=is_over)
            if gone:
                self._check_kept(player, gone[0], is_dismissed=id in model.dismissed)
            self._check_shown(player, model.owed[id], gone, is_over=is_over)

    def _check_heard(
        self, player: Player, gone: list[Gone], goodbye: int | None, *, is_over: bool
    ) -> None:
        heard: list[str | None] = []
        for entry in self._journal:
            match entry:
                case Line(player.id, text):
                    heard.append(text)
                case Overlong(player.id):
                    heard.append(None)
                case Typed(player.id):
                    heard.append(TYPING)
        assert heard == player.sent[: len(heard)]
        if goodbye is not None:
            has_quit = bool(heard) and (heard[-1] or "").startswith("/quit")
            assert has_quit == (goodbye == NORMAL)
            assert has_quit or goodbye == CONTINUED
            assert gone or is_over
        elif not gone:
            assert is_over or (heard == player.sent and player.can_send)
        elif gone[0].reason == "too slow":
            assert player.has_rested
        else:
            assert heard == player.sent
            assert player.has_hung_up if gone[0].reason == "" else player.was_cut_off

    def _check_kept(self, player: Player, gone: Gone, *, is_dismissed: bool) -> None:
        is_lost = gone.reason in ("connection lost", "too slow")
        was_lost = is_lost or (gone.reason == "" and player.went_away)
        if player.via == "web" and was_lost and not is_dismissed:
            assert gone.until == gone.at + self._house.grace
        else:
            assert gone.until == 0

    def _check_shown(
        self,
        player: Player,
        owed: list[Owed],
        gone: list[Gone],
        *,
        is_over: bool,
    ) -> None:
        missing = owed[shown(player, owed) :]
        since = max(missing[0].at, player.mouth.last) if missing else math.inf
        if gone and gone[0].reason == "too slow":
            assert abs(gone[0].at - since - STALL_SECONDS) < 0.01
        elif missing and (gone or is_over):
            assert player.has_rested or player.habit == "in sips"
        elif missing:
            assert player.has_stopped or player.habit == "in sips"
            assert trio.current_time() < since + STALL_SECONDS + 0.01

    def reading(self, model: Model) -> Iterator[Player]:
        """The pages of those in the room that have been shown all that they should."""
        for player in self.players:
            is_here = player.id in model.members and player.id not in model.kept
            is_shown_all = len(player.items) == len(model.owed.get(player.id, ()))
            if player.via == "web" and is_here and is_shown_all:
                yield player

    def check_lists(self, model: Model) -> None:
        """Once all is told: the hub, the model and every page agree on who is here."""
        here = [member.person for member in model.members.values()]
        assert [{"nick": p.nick, "via": p.via} for p in self.hub.members(100)] == here
        here.sort(key=lambda person: str(person["nick"]))
        for player in self.reading(model):
            assert who_is_here(player.items) == here

    async def check_pages(self) -> None:
        """Whoever asks for what they have missed, over all of their connections, has all."""
        for player in list(self.reading(self.model())):
            model = self.model()
            seat = model.members[player.id]
            players = [each for each in self.players if each.token == seat.token]
            if not any(each.knows_the_future for each in players):
                shown = self.page(seat.token).whispers
                assert all(whisper in shown for _, whisper in seat.whispers)
            if player.habit != "in sips" and not player.has_stopped:
                await self._ask_for_the_past(player)
                events = self.page(seat.token).events
                assert all(model.public[id - 1] == event for id, event in events.items())

    async def _ask_for_the_past(self, player: Player) -> None:
        """As a page does, from the newest that is missing."""
        assert player.token is not None
        public = len(self.model().public)
        while True:
            page = self.page(player.token)
            remembered = range(max(page.start, public - self._house.remembered) + 1, public + 1)
            missing = [id for id in remembered if id not in page.events]
            if not missing:
                return
            self._send(player, [f"/history {missing[-1] + 1} 100"])
            await settled()
            assert missing[-1] in self.page(player.token).events


def shown(player: Player, owed: list[Owed]) -> int:
    """How many of the items were shown whole; up to there all is as it should be."""
    taken = player.mouth.taken
    if player.via == "web":
        items = list(messages(taken))
        assert items == [due.item for due in owed[: len(items)]]
        return len(items)
    for number, due in enumerate(owed):
        encoding = "latin-1" if due.number > player.latin_from else "utf-8"
        text = as_text(due.item).encode(encoding)
        if not taken.startswith(text):
            assert text.startswith(taken)
            return number
        taken = taken.removeprefix(text)
    assert taken == b""
    return len(owed)


async def perform(script: list[Step], last_words: list[Step], house: House) -> None:
    """The whole play, from an empty house to an empty house."""
    journal: list[Entry | Typed] = []

    class Journal(MemoryJournal):
        def record(self, entry: Entry) -> None:
            journal.append(entry)
            super().record(entry)

    class Stage(Room):
        def typing(self, connection: str, at: float) -> list[Delivery]:
            journal.append(Typed(connection, at))
            return super().typing(connection, at)

    with (
        patch.object(hub_module, "MemoryJournal", Journal),
        patch.object(chronicle, "Room", Stage),
        trio.fail_after(SAFETY_SECONDS),
    ):
        async with trio.open_nursery() as nursery:
            play = Play(nursery, journal, house)
            await settled()
            tasks = trio.lowlevel.current_statistics().tasks_living
            for step in script:
                await play.perform(step)
            await settled()
            play.check(play.model())
            while play.model().has_news:  # and while it is told, somebody may be given up
                await trio.sleep(hub_module.NEWS_SECONDS)
                await settled()
            play.check(play.model())
            play.check_lists(play.model())
            await play.check_pages()

            for step in last_words:
                await play.perform(step)
            await trio.lowlevel.checkpoint()
            closing = trio.current_time()
            await play.hub.close()
            await settled()
            model = play.model()
            model.close(closing, CLOSING_TEXT, [player.id for player in play.players])
            play.check(model, is_over=True)
            assert list(play.hub.connections) == []
            assert trio.lowlevel.current_statistics().tasks_living == tasks
            nursery.cancel_scope.cancel()


@settings(deadline=None, max_examples=400)
@given(
    opening=OPENING,
    plot=PLOT,
    last_words=st.lists(SENDS | RETURNS | ENDS, max_size=5),
    house=HOUSE,
    gives_way=st.booleans(),
)
def test_whatever_people_do_each_is_shown_what_is_theirs_once_and_in_order(
    opening: list[Step], plot: list[Step], last_words: list[Step], house: House, gives_way: bool
) -> None:
    """Also in a crowd, and when the Postman and the sessions give way after each single step.

    And whoever drops out and comes back misses nothing.
    """
    with (
        patch.object(comings, "CROWD", house.crowd),
        patch.object(history, "REMEMBERED", house.remembered),
        patch.object(history, "MAX_RECALLED", house.recalled),
        patch.object(seats, "MAX_WHISPERS", house.whispers),
        # Limits have tests of their own.
        patch.object(members_module, "RENAMES", math.inf),
        patch.object(session, "LOGIN_SECONDS", math.inf),
        patch.object(turn, "TURN_SECONDS", -1.0 if gives_way else math.inf),
        patch.object(postman, "BETWEEN_LOOKS", 1 if gives_way else postman.BETWEEN_LOOKS),
    ):
        clock = trio.testing.MockClock(autojump_threshold=0)
        trio.run(perform, [*opening, *plot], last_words, house, clock=clock)
