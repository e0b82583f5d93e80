"""A simple model of the room: who is in, and what each connection has to be shown.

Goes by the journal, entry by entry. Knows nothing of how the room does it, and only as much of its
limits as the play for which it stands sets.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from backend.room.entries import Arrived, Entry, Gone, Line, Overlong, Tick, Via

Item = dict[str, Any]
"""What one person is shown: the contract's JSON object."""

LONG_NICK = "A username has 1 to 20 characters"
LONG_LINE = "That line is too long: the limit is 1,000 characters. Nothing was sent."
NOT_KEPT = "Your seat was not kept"
NORMAL, CONTINUED = 1000, 4001
"""Close codes."""


@dataclass(frozen=True)
class House:
    """How large all is.

    Attributes:
        crowd: how many make a crowd, whose comings and goings are told once a second.
        grace: seconds that a dropped browser's seat is kept.
        remembered: public events that are.
        recalled: of these, how many in one answer.
        whispers: how many are kept for one seat.
    """

    crowd: int
    grace: float
    remembered: int
    recalled: int
    whispers: int


@dataclass(frozen=True)
class Typed:
    """Somebody types: no entry, but it stands among them here."""

    connection: str
    at: float


@dataclass
class Member:
    """Somebody in the room."""

    nick: str
    via: Via
    token: str
    heard: int = 0
    whispers: list[tuple[int, Item]] = field(default_factory=list)  # with the last public id

    @property
    def person(self) -> Item:
        """As they stand in lists."""
        return {"nick": self.nick, "via": self.via}


@dataclass(frozen=True)
class Owed:
    """Something that has to be shown to somebody.

    Attributes:
        item: what.
        at: since when.
        number: by which entry of the journal, counted from 1.
    """

    item: Item
    at: float
    number: int


@dataclass
class Model:
    """Who is in, and what each has to be shown.

    Attributes:
        house: how large all is.
        members: by connection, in the order they came in; who comes back comes in again.
        kept: who of them has dropped out, until when their seat is kept, and why they did.
        owed: to each connection.
        dismissed: whom goodbye was said to, with the close code.
        public: all that everybody saw, by id, from 1.
    """

    house: House
    members: dict[str, Member] = field(default_factory=dict)
    kept: dict[str, tuple[float, str]] = field(default_factory=dict)
    owed: dict[str, list[Owed]] = field(default_factory=dict)
    dismissed: dict[str, int] = field(default_factory=dict)
    public: list[Item] = field(default_factory=list)
    _arrived: dict[str, Arrived] = field(default_factory=dict)
    _number: int = 0
    _came: list[Item] = field(default_factory=list)
    _went: list[str] = field(default_factory=list)

    def follow(self, entry: Entry | Typed) -> None:
        """One more thing has happened."""
        self._number += 1
        if isinstance(entry, Line | Overlong) and entry.connection in self.members:
            self.members[entry.connection].heard += 1
        match entry:
            case Arrived(connection):
                self._arrived[connection] = entry
                self.owed[connection] = []
                self._owe([connection], entry.at, type="prompt")
            case Gone(connection, reason, at, until) if connection in self.members and until > at:
                self._arrived.pop(connection)
                self.kept[connection] = until, reason
            case Gone(connection, reason, at):
                self._arrived.pop(connection, None)
                self._leave(connection, reason, at)
            case Tick(at):
                for connection, (until, reason) in list(self.kept.items()):
                    if until <= at:
                        self._leave(connection, reason, at)
                self._tell_news(at)
            case Typed(connection, at) if connection in self.members:
                self._type(connection, at)
            case Overlong(connection, at) if connection in self.members:
                self._owe([connection], at, type="notice", text=LONG_LINE, refused=True)
            case Overlong(connection, at):
                self._owe([connection], at, type="prompt", reason=LONG_NICK)
            case Line(connection, text, at) if connection in self.members:
                self._hear(connection, text, at)
            case Line(connection, text, at):
                self._answer_the_door(connection, text, at)

    def close(self, at: float, text: str, connections: Iterable[str]) -> None:
        """The room closes on whoever is still there, or comes too late to be in the journal."""
        for connection in connections:
            is_late = connection not in self.owed
            if is_late or connection in self._arrived.keys() - self.dismissed.keys():
                self.owed.setdefault(connection, [])
                self._owe([connection], at, type="notice", text=text)

    @property
    def has_news(self) -> bool:
        """Whether there is something that the crowd has yet to be told."""
        return bool(self._came or self._went)

    def _owe(self, to: Iterable[str], when: float, /, **item: Any) -> None:
        for connection in to:
            if connection not in self.kept:
                self.owed[connection].append(Owed(item, when, self._number))

    def _dismiss(self, connection: str, at: float, code: int, text: str) -> None:
        self.dismissed[connection] = code
        self._owe([connection], at, type="notice", text=text)

    # --- coming and going ---

    def _tell(self, at: float, but: str | None = None, /, **item: Any) -> None:
        item = {"id": len(self.public) + 1, "at": at, **item}
        self.public.append(item)
        self._owe([c for c in self.members if c != but], at, **item)

    def _tell_news(self, at: float) -> None:
        if self.has_news:
            news = {"joined": self._came, "left": self._went, "members": len(self.members)}
            totals = {"joined_total": len(self._came), "left_total": len(self._went)}
            self._tell(at, type="presence", **news, **totals)
            self._came, self._went = [], []

    def _is_crowd(self) -> bool:
        return len(self.members) >= self.house.crowd

    def _refusal(self, nick: str, bearer: Member | None = None) -> str:
        if len(nick) > 20:
            return LONG_NICK
        if not re.fullmatch(r"[\w.-]+", nick):
            return "A username is made of letters, digits, . _ and -"
        if nick == "meta":
            return "That username is reserved"
        others = [m.nick.lower() for m in self.members.values() if m is not bearer]
        return "Username taken" if nick.lower() in others else ""

    def _answer_the_door(self, connection: str, line: str, at: float) -> None:
        if line.startswith("/quit"):
            self._dismiss(connection, at, NORMAL, "Goodbye.")
        elif not line:
            self._owe([connection], at, type="prompt")
        elif line.startswith("/resume "):
            _, token, since = line.split()
            self._resume(connection, token, int(since), at)
        elif reason := self._refusal(line):
            self._owe([connection], at, type="prompt", reason=reason)
        else:
            self._let_in(connection, line, at)

    def _let_in(self, connection: str, nick: str, at: float) -> None:
        arrival = self._arrived[connection]
        newcomer = Member(nick, arrival.via, arrival.token)
        is_gathered = self._is_crowd() or self.has_news
        self.members[connection] = newcomer
        if is_gathered:
            self._came.append(newcomer.person)
        last = len(self.public) + (not is_gathered)
        self._welcome(connection, at, last=last)
        if not is_gathered:
            self._tell(at, connection, type="joined", **newcomer.person)

    def _resume(self, connection: str, token: str, since: int, at: float) -> None:
        via = self._arrived[connection].via
        mine = [c for c, m in self.members.items() if m.token == token and m.via == via]
        if not mine:
            self._owe([connection], at, type="prompt", reason=NOT_KEPT)
            return
        (old,) = mine
        if not self.kept.pop(old, None):
            self._dismiss(old, at, CONTINUED, "You continued elsewhere.")
        me = self.members[connection] = self.members.pop(old)
        last = len(self.public)
        self._welcome(connection, at, resumed=True, last=last)
        for number, whisper in me.whispers:
            if number >= since:
                self._owe([connection], at, **whisper)
        news = self._recalled(max(since, last - self.house.recalled), last + 1)
        if via == "telnet":
            news |= {"events": _but_own(me, news["events"]), "more": news["since"] > since}
        if via == "web" or news["events"] or news["more"]:
            self._owe([connection], at, **news)

    def _welcome(self, connection: str, at: float, *, last: int, resumed: bool = False) -> None:
        me = self.members[connection]
        here = [m.person for m in self.members.values() if m is me or m.person not in self._came]
        seat = {"token": me.token, "resumed": resumed, "heard": me.heard}
        room = {"members": here, "total": len(self.members), "last": last, "topic": ""}
        self._owe([connection], at, type="welcome", **me.person, **seat, **room)

    def _leave(self, connection: str, reason: str, at: float) -> None:
        self.kept.pop(connection, None)
        if (member := self.members.pop(connection, None)) is None:
            return
        if not (self._is_crowd() or self.has_news):
            self._tell(at, type="left", nick=member.nick, reason=reason)
        elif member.person in self._came:
            self._came.remove(member.person)
        else:
            self._went.append(member.nick)

    # --- what members say ---

    def _hear(self, connection: str, line: str, at: float) -> None:
        me = self.members[connection]
        but = connection if me.via == "telnet" else None
        command, _, rest = line.partition(" ")
        if len(line) > 1_000:
            self._owe([connection], at, type="notice", text=LONG_LINE, refused=True)
        elif command == "/me":
            self._tell(at, but, type="acted", **me.person, text=rest)
        elif command == "/msg":
            self._whisper(connection, rest, at)
        elif command == "/nick":
            self._rename(connection, rest, at)
        elif command == "/who":
            here = ", ".join(f"{m.nick} ({m.via})" for m in self.members.values())
            self._owe([connection], at, type="notice", text=f"{len(self.members)} here: {here}")
        elif command == "/history":
            last = len(self.public)
            numbers = [int(number) for number in rest.split()] or [20]
            before = min(numbers[0] if len(numbers) == 2 else last + 1, last + 1)
            wanted = min(numbers[-1], self.house.recalled)
            self._owe([connection], at, **self._recalled(before - wanted - 1, before))
        elif command == "/quit":
            self._dismiss(connection, at, NORMAL, f"Goodbye {me.nick}.")
            self._leave(connection, rest, at)
        elif command in ("/dance", "/resume", "/typing"):
            advice = f"There is no {command} here. Type /help for what there is."
            self._owe([connection], at, type="notice", text=advice)
        elif line:
            self._tell(at, but, type="said", **me.person, text=line.replace("//", "/", 1))

    def _recalled(self, since: int, before: int) -> Item:
        """What was public between these two, as far as it is remembered."""
        forgotten = max(len(self.public) - self.house.remembered, 0)
        before = max(before, forgotten + 1)
        since = min(max(since, forgotten), before - 1)
        past = self.public[since : before - 1]
        is_more = since > forgotten
        answer = {"since": since, "before": before, "events": past, "more": is_more}
        return {"type": "history", **answer}

    def _type(self, connection: str, at: float) -> None:
        if not self._is_crowd():
            others = [c for c, m in self.members.items() if c != connection and m.via == "web"]
            self._owe(others, at, type="typing", nick=self.members[connection].nick)

    def _whisper(self, connection: str, rest: str, at: float) -> None:
        me = self.members[connection]
        to, _, text = rest.partition(" ")
        for other, member in self.members.items():
            if member.nick.lower() == to.lower():
                whisper = {"type": "whispered", "nick": me.nick, "to": member.nick, "text": text}
                ends = {other, connection} if me.via == "web" else {other}
                self._owe(ends, at, at=at, **whisper)
                for end in [end for end in ends if self.members[end].via == "web"]:
                    kept = self.members[end].whispers
                    kept.append((len(self.public), {"at": at, **whisper}))
                    del kept[: -self.house.whispers]
                return
        self._owe([connection], at, type="notice", text=f"There is no {to} here.")

    def _rename(self, connection: str, nick: str, at: float) -> None:
        me = self.members[connection]
        if reason := self._refusal(nick, bearer=me):
            self._owe([connection], at, type="notice", text=f"{reason}.")
        elif nick == me.nick:
            self._owe([connection], at, type="notice", text=f"You are {nick} already.")
        else:
            self._tell_news(at)
            old, me.nick = me.nick, nick
            self._tell(at, type="renamed", old=old, new=nick)


def _but_own(me: Member, events: list[Item]) -> list[Item]:
    """What somebody at a terminal has not typed there, under one nick or another."""
    nick, news = me.nick, []
    for item in reversed(events):
        if item["type"] == "renamed" and item["new"] == nick:
            nick = item["old"]
        if not (item["type"] in ("said", "acted") and item["nick"] == nick):
            news.append(item)
    return news[::-1]
