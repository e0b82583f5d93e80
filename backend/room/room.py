"""The room: ``Room.apply(entry) -> deliveries``.

A pure function of the ordered log: the same entries give the same room and the same deliveries, on
any machine, at any time. Knows connections by their ids only, and never how anything reaches them.
A refusal is an event to one person, not an exception; an entry about a connection that is not
here (any more) is nothing. Should a bug raise one all the same, nobody is half in the room or
called two names: what can fail is done before anybody is moved, and whoever goes is moved first.
"""

from dataclasses import dataclass, replace
from itertools import islice

from backend.room import commands, names, text
from backend.room.crowd import CROWD, NAMED, News
from backend.room.entries import Arrived, Entry, Gone, Line, Overlong, Tick, Via
from backend.room.events import (
    Acted,
    Delivery,
    Dismissed,
    Event,
    Joined,
    Left,
    Listed,
    Noticed,
    Person,
    Prompted,
    Renamed,
    Said,
    Welcomed,
    Whispered,
)

NORMAL_CLOSURE = 1000
"""RFC 6455 (7.4.1): the purpose of the connection has been fulfilled."""


@dataclass(frozen=True, slots=True)
class _Member:
    connection: str
    via: Via
    nick: names.Nick

    @property
    def person(self) -> Person:
        return Person(self.nick.text, self.via)


class Room:
    """One chat room. Start with an empty one and apply the log to it."""

    def __init__(self) -> None:
        self._waiting: dict[str, Arrived] = {}
        self._members: dict[str, _Member] = {}
        self._by_key: dict[str, _Member] = {}
        self._by_look: dict[str, _Member] = {}
        self._news = News()
        self._everybody_known: tuple[str, ...] | None = ()
        self._last = 0

    @property
    def total(self) -> int:
        """How many are here."""
        return len(self._members)

    @property
    def has_news(self) -> bool:
        """Whether a ``Tick`` would tell something."""
        return bool(self._news)

    def members(self, limit: int = NAMED) -> tuple[Person, ...]:
        """The first of those who are here, in the order they came in."""
        return tuple(m.person for m in islice(self._members.values(), limit))

    def is_member(self, connection: str) -> bool:
        """Whether this connection has been let in (and has not left)."""
        return connection in self._members

    def apply(self, entry: Entry) -> list[Delivery]:
        """Let one thing happen; what comes of it, in the order people see it."""
        if isinstance(entry, Line) and len(entry.text) > text.MAX_RAW_CHARACTERS:
            entry = Overlong(entry.connection, entry.at)
        match entry:
            case Tick(at):
                return self._tell_news(at)
            case Arrived(connection=connection):
                self._waiting[connection] = entry
                return [Delivery(Prompted(), (connection,))]
            case Gone(connection, reason, at):
                self._waiting.pop(connection, None)
                return self._leave(connection, reason, at)
            case Overlong(connection) if connection in self._members:
                return [Delivery(Noticed(text.TOO_LONG), (connection,))]
            case Overlong(connection) if connection in self._waiting:
                return [Delivery(Prompted(names.TOO_LONG), (connection,))]
            case Line(connection) if connection in self._members:
                return self._hear(self._members[connection], text.clean(entry.text), entry.at)
            case Line(connection) if connection in self._waiting:
                return self._let_in(self._waiting[connection], text.clean(entry.text), entry.at)
        return []

    # --- coming and going ---

    def _let_in(self, arrival: Arrived, proposed: str, at: float) -> list[Delivery]:
        connection, via = arrival.connection, arrival.via
        if not proposed:
            return [Delivery(Prompted(), (connection,))]
        if isinstance(commands.parse(proposed), commands.Quit):
            del self._waiting[connection]
            return [Delivery(Dismissed("Goodbye.", NORMAL_CLOSURE), (connection,))]
        try:
            nick = self._free(proposed)
        except names.UnacceptableError as why:
            return [Delivery(Prompted(str(why)), (connection,))]
        member = _Member(connection, via, nick)
        told = self._came(member, at)
        del self._waiting[connection]
        # Whoever is not told of yet may leave as if never here, so is no newcomer's to know either.
        told_of = (m.person for m in self._members.values() if m.nick.text not in self._news.joined)
        members = tuple(islice(told_of, NAMED))
        if member.person not in members:
            members = (*members, member.person)
        welcome = Welcomed(nick.text, via, arrival.token, False, members, self.total, self._last)
        return [Delivery(welcome, (connection,)), *told]

    def _came(self, member: _Member, at: float) -> list[Delivery]:
        """Seat somebody; what the others are told of it."""
        if len(self._members) >= CROWD or self.has_news:
            self._news.came(member.person)
            self._seat(member)
            return []
        joined = Joined(self._next_id(), at, member.nick.text, member.via)
        self._seat(member)
        return [Delivery(joined, self._everybody, but=member.connection)]

    def _leave(self, connection: str, reason: str, at: float) -> list[Delivery]:
        member = self._members.pop(connection, None)
        if member is None:
            return []
        self._everybody_known = None
        self._unseat(member)
        if len(self._members) >= CROWD or self.has_news:
            self._news.went(member.nick.text)
            return []
        left = Left(self._next_id(), at, member.nick.text, text.clean(reason))
        return [Delivery(left, self._everybody)]

    def _tell_news(self, at: float) -> list[Delivery]:
        if not self.has_news:
            return []
        news = self._news.tell(self._next_id(), at, self.total)
        return [Delivery(news, self._everybody)]

    def _free(self, proposed: str, bearer: _Member | None = None) -> names.Nick:
        nick = names.accept(proposed)
        holder = self._by_key.get(nick.key)
        if holder not in (None, bearer):
            raise names.UnacceptableError("Username taken")
        for look in sorted(nick.looks):  # a set's own order differs between processes
            alike = self._by_look.get(look)
            if alike is not None and alike is not bearer:
                raise names.UnacceptableError(f"That looks too much like {alike.nick.text}")
        return nick

    def _seat(self, member: _Member) -> None:
        if member.connection not in self._members:
            self._everybody_known = None
        self._members[member.connection] = member
        self._by_key[member.nick.key] = member
        self._by_look.update(dict.fromkeys(member.nick.looks, member))

    def _unseat(self, member: _Member) -> None:
        del self._by_key[member.nick.key]
        for look in member.nick.looks:
            del self._by_look[look]

    # --- what a member's line does ---

    def _hear(self, member: _Member, line: str, at: float) -> list[Delivery]:
        me = (member.connection,)
        if not line:
            return []
        if len(line) > text.MAX_CHARACTERS:
            return [Delivery(Noticed(text.TOO_LONG), me)]
        nick, via = member.nick.text, member.via
        match commands.parse(line):
            case commands.Say(words):
                return [self._for_all(Said(self._next_id(), at, nick, via, words), member)]
            case commands.Act(deed):
                return [self._for_all(Acted(self._next_id(), at, nick, via, deed), member)]
            case commands.Whisper(to, words):
                return self._whisper(member, to, words, at)
            case commands.Rename(proposed):
                return self._rename(member, proposed, at)
            case commands.ListMembers():
                return [Delivery(Listed(self.members(), self.total), me)]
            case commands.Help():
                return [Delivery(Noticed(commands.help_text(via)), me)]
            case commands.Quit(reason):
                goodbye = Dismissed(f"Goodbye {nick}.", NORMAL_CLOSURE)
                return [Delivery(goodbye, me), *self._leave(member.connection, reason, at)]
            case commands.Misused(advice):
                return [Delivery(Noticed(advice), me)]

    def _for_all(self, event: Event, speaker: _Member) -> Delivery:
        # A terminal already shows what was typed on it; to a browser its own event is the receipt.
        but = speaker.connection if speaker.via == "telnet" else None
        return Delivery(event, self._everybody, but)

    def _whisper(self, member: _Member, to: str, words: str, at: float) -> list[Delivery]:
        other = self._by_key.get(names.same(to))
        if other is None:
            return [Delivery(Noticed(f"There is no {to} here."), (member.connection,))]
        ends = {other.connection: None}
        if member.via == "web":
            ends[member.connection] = None
        whisper = Whispered(at, member.nick.text, other.nick.text, words)
        return [Delivery(whisper, tuple(ends))]

    def _rename(self, member: _Member, proposed: str, at: float) -> list[Delivery]:
        try:
            nick = self._free(proposed, bearer=member)
        except names.UnacceptableError as why:
            return [Delivery(Noticed(f"{why}."), (member.connection,))]
        if nick == member.nick:
            return [Delivery(Noticed(f"You are {nick.text} already."), (member.connection,))]
        # First the news: they tell of people by the nicks they had, which change hands now.
        told = self._tell_news(at)
        self._unseat(member)
        self._seat(replace(member, nick=nick))
        renamed = Renamed(self._next_id(), at, member.nick.text, nick.text)
        return [*told, Delivery(renamed, self._everybody)]

    @property
    def _everybody(self) -> tuple[str, ...]:
        if self._everybody_known is None:
            self._everybody_known = tuple(self._members)
        return self._everybody_known

    def _next_id(self) -> int:
        self._last += 1
        return self._last
