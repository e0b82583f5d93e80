"""The hub against a simple model: whatever people do, each gets what is theirs, once, in order.

Real are the hub, the journal, the sessions, the encoders, the outboxes and the Postman; only the
sockets are not. Many things happen at once, and which comes first is the scheduler's choice. So the
model goes by the journal, and the journal is held against what people did. A lost connection ends
a membership here: the model knows no way back to one's seat.
"""

import json
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Literal
from unittest.mock import patch

import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.journal.memory import MemoryJournal
from backend.net import hub as hub_module
from backend.net import postman, session, turn
from backend.net.hub import CLOSING_TEXT, Hub
from backend.net.outbox import STALL_SECONDS
from backend.net.sink import StreamSink
from backend.room import comings
from backend.room import members as members_module
from backend.room.entries import Arrived, Entry, Gone, Line, Overlong, Tick, Via
from backend.wire import frames, terminal
from tests.guests import Guest, Pipe, settled

Item = dict[str, Any]
"""What one person is shown: the contract's JSON object."""

SAFETY_SECONDS = 3_600.0
"""Of the clock that jumps: more than any example lasts."""

# --- what was shown, read from the bytes ---


def as_text(item: Item) -> str:
    """What a terminal shows of an item."""
    match item:
        case {"type": "prompt", "reason": reason}:
            return f"<meta>: {reason}. Please enter another: "
        case {"type": "prompt"}:
            return "<meta>: Please enter username: "
        case {"type": "welcome", "nick": nick}:
            return f"<meta>: Welcome {nick}.\r\n"
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
    raise AssertionError(item)


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


# --- people ---

SIP, GULP = 100, 1_000_000_000
"""Bytes a reader takes at once: one has a narrow connection, another none that could be felt."""

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
        latin_from: the last entry of the journal before their terminal was one for Latin-1 only.
    """

    def __init__(self, hub: Hub, nursery: trio.Nursery, via: Via, habit: Habit) -> None:
        self.mouth = Mouth(SIP if habit == "in sips" else GULP)
        self.habit = habit
        self.via = via
        self.sent: list[str | None] = []
        self.has_stopped = self.has_rested = self.has_hung_up = self.was_cut_off = False
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
class Sends:
    """Somebody sends lines, in one packet."""

    who: int
    lines: tuple[str | None, ...]


@dataclass(frozen=True)
class Does:
    """Somebody does something else."""

    who: int
    what: Literal["stop", "read on", "hang up", "be cut off", "get another terminal"]


@dataclass(frozen=True)
class Pause:
    """Nothing happens for so many seconds; with 0, what has been begun comes to its end."""

    seconds: float


Step = Comes | Sends | Does | Pause

VIA: st.SearchStrategy[Via] = st.sampled_from(["web", "telnet"])
HABIT: st.SearchStrategy[Habit] = st.sampled_from(["quick", "quick", "in sips", "stream"])
WHO = st.integers(0, 7)
NICK = st.sampled_from(NICKS)
TALK = st.sampled_from(["hellå #", "café #", "/me wåves #", "//hellå #"])
OTHER = st.sampled_from(["", None, "x" * 1_001, "/who", "/dance"])
LINE = st.one_of(
    *(TALK, TALK, NICK, OTHER, NICK.map("/nick {}".format), NICK.map("/msg {} psst #".format)),
)
LAST_LINE = st.sampled_from(["/quit", "/quit bye #"])
LINES = st.one_of(
    st.lists(LINE, min_size=1, max_size=4).map(tuple),
    st.lists(LINE, min_size=1, max_size=4).map(tuple),
    st.tuples(LAST_LINE, LINE),
)
SENDS = st.builds(Sends, WHO, LINES)
COMES = st.builds(Comes, VIA, HABIT, st.just("guest#") | NICK)
PAUSE = st.builds(Pause, st.sampled_from([0.0, 0.0, 0.0, 0.3, 1.0, 7.0, 19.0, 100.0]))
STEP = st.one_of(
    *(SENDS, SENDS, SENDS, COMES, PAUSE, PAUSE),
    st.builds(Does, WHO, st.sampled_from(["stop", "read on", "get another terminal"])),
    st.builds(Does, WHO, st.sampled_from(["hang up", "be cut off"])),
)
OPENING = st.lists(COMES, min_size=2, max_size=5)
PLOT = st.lists(STEP, min_size=10, max_size=50)


class Play:
    """One performance: a hub, its people, and the journal of what happened."""

    def __init__(self, house: trio.Nursery, journal: list[Entry], crowd: int) -> None:
        tokens, self._numbers = count(1), count(1)
        self.hub = Hub(clock=trio.current_time, new_token=lambda: f"token {next(tokens)}")
        self.players: list[Player] = []
        self._house = house
        self._journal = journal
        self._crowd = crowd
        house.start_soon(self.hub.postman.run)
        house.start_soon(self.hub.keep_time)

    async def perform(self, step: Step) -> None:
        """Do what the script says."""
        match step:
            case Comes(via, habit, nick):
                self.players.append(Player(self.hub, self._house, via, habit))
                self._send(self.players[-1], [nick])
            case Pause(seconds):
                await trio.sleep(seconds)
                await settled()
            case Sends(who, lines):
                self._send(self.players[who % len(self.players)], lines)
            case Does(who, what):
                await self._do(self.players[who % len(self.players)], what)

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
        model = Model(self._crowd)
        for entry in self._journal:
            model.follow(entry)
        return model

    def check(self, model: Model, *, is_over: bool = False) -> None:
        """What people did is in the journal, and what the model says was shown to them."""
        for player in self.players:
            id = player.id
            gone = [e for e in self._journal if isinstance(e, Gone) and e.connection == id]
            assert len(gone) <= 1
            self._check_heard(player, id, gone, is_over=is_over)
            self._check_shown(player, model.owed[id], gone, is_over=is_over)

    def _check_heard(self, player: Player, id: str, gone: list[Gone], *, is_over: bool) -> None:
        said = [e for e in self._journal if isinstance(e, Line | Overlong) and e.connection == id]
        heard = [entry.text if isinstance(entry, Line) else None for entry in said]
        assert heard == player.sent[: len(heard)]
        if any(line and line.startswith("/quit") for line in heard):
            assert (heard[-1] or "").startswith("/quit")
            assert gone or is_over
        elif not gone:
            assert is_over or (heard == player.sent and player.can_send)
        elif gone[0].reason == "too slow":
            assert player.has_rested
        else:
            assert heard == player.sent
            assert player.has_hung_up if gone[0].reason == "" else player.was_cut_off

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

    def check_lists(self, model: Model) -> None:
        """Once all is told: the hub, the model and every page agree on who is here."""
        here = [member.person for member in model.members.values()]
        assert [{"nick": p.nick, "via": p.via} for p in self.hub.members(100)] == here
        here.sort(key=lambda person: str(person["nick"]))
        for player in self.players:
            if player.id in model.members and player.via == "web":
                items = list(messages(player.mouth.taken))
                if len(items) == len(model.owed[player.id]):
                    assert who_is_here(items) == here


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


async def perform(script: list[Step], last_words: list[Sends], crowd: int) -> None:
    """The whole play, from an empty house to an empty house."""
    journal: list[Entry] = []

    class Journal(MemoryJournal):
        def record(self, entry: Entry) -> None:
            journal.append(entry)
            super().record(entry)

    with patch.object(hub_module, "MemoryJournal", Journal), trio.fail_after(SAFETY_SECONDS):
        async with trio.open_nursery() as house:
            play = Play(house, journal, crowd)
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

            for step in last_words:
                await play.perform(step)
            await trio.lowlevel.checkpoint()
            closing = trio.current_time()
            await play.hub.close()
            await settled()
            model = play.model()
            model.close(closing)
            play.check(model, is_over=True)
            assert list(play.hub.connections) == []
            assert trio.lowlevel.current_statistics().tasks_living == tasks
            house.cancel_scope.cancel()


@settings(deadline=None, max_examples=400)
@given(
    opening=OPENING,
    plot=PLOT,
    last_words=st.lists(SENDS, max_size=5),
    crowd=st.sampled_from([2, 3, 300]),
    gives_way=st.booleans(),
)
def test_whatever_people_do_each_is_shown_what_is_theirs_once_and_in_order(
    opening: list[Comes], plot: list[Step], last_words: list[Sends], crowd: int, gives_way: bool
) -> None:
    """Also in a crowd, and when the Postman and the sessions give way after each single step."""
    with (
        patch.object(comings, "CROWD", crowd),
        # Limits have tests of their own.
        patch.object(members_module, "RENAMES", math.inf),
        patch.object(session, "LOGIN_SECONDS", math.inf),
        patch.object(turn, "TURN_SECONDS", -1.0 if gives_way else math.inf),
        patch.object(postman, "BETWEEN_LOOKS", 1 if gives_way else postman.BETWEEN_LOOKS),
    ):
        clock = trio.testing.MockClock(autojump_threshold=0)
        trio.run(perform, [*opening, *plot], last_words, crowd, clock=clock)
