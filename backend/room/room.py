"""The room: ``Room.apply(entry) -> deliveries``.

A pure function of the ordered log: the same entries give the same room and the same deliveries, on
any machine, at any time. Knows connections by their ids only, and never how anything reaches them.
A refusal is an event to one person, not an exception; an entry about a connection that is not
here (any more) is nothing. Should a bug raise one all the same, nobody is half in the room or
called two names: what can fail is done before anybody is moved, and whoever goes is moved first.
"""

from backend.room import commands, names, text, usage
from backend.room.crowd import CROWD, NAMED, News
from backend.room.entries import Arrived, Entry, Gone, Line, Overlong, Promoted, Tick
from backend.room.events import (
    Acted,
    Delivery,
    Dismissed,
    Joined,
    Left,
    Listed,
    Noticed,
    Person,
    Prompted,
    Renamed,
    Said,
    Topic,
    Welcomed,
)
from backend.room.hearing import Hearing
from backend.room.members import Member, Members
from backend.room.moderation import MAX_TOPIC, ONLY_OPERATORS, Moderation

NORMAL_CLOSURE = 1000
"""RFC 6455 (7.4.1): the purpose of the connection has been fulfilled."""


class Room:
    """One chat room. Start with an empty one and apply the log to it."""

    def __init__(self) -> None:
        self._waiting: dict[str, Arrived] = {}
        self._members = Members()
        self._moderation = Moderation(self._members)
        self._hearing = Hearing(self._members)
        self._news = News()
        self._topic = Topic(0, 0.0, "", "")
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
        return self._members.people(limit)

    def is_member(self, connection: str) -> bool:
        """Whether this connection has been let in (and has not left)."""
        return self._members.get(connection) is not None

    def nick_of(self, connection: str) -> str | None:
        """What this connection's member is called."""
        return member.nick.text if (member := self._members.get(connection)) else None

    def is_operator(self, connection: str) -> bool:
        """Whether this connection's member may give orders."""
        return self._moderation.is_operator(connection)

    def apply(self, entry: Entry) -> list[Delivery]:
        """Let one thing happen; what comes of it, in the order people see it."""
        if isinstance(entry, Line) and len(entry.text) > text.MAX_RAW_CHARACTERS:
            entry = Overlong(entry.connection, entry.at)
        match entry:
            case Tick(at):
                return self._tell_news(at)
            case Arrived(connection=connection, at=at) if not self.is_member(connection):
                if barred := self._moderation.barred(entry, at):
                    return [Delivery(barred, (connection,))]
                self._waiting[connection] = entry
                return [Delivery(Prompted(), (connection,))]
            case Gone(connection, reason, at):
                self._waiting.pop(connection, None)
                return self._leave(connection, reason, at)
        member = self._members.get(entry.connection)
        arrival = self._waiting.get(entry.connection)
        match entry:
            case Promoted(connection) if member:
                return [Delivery(self._moderation.promote(member), (connection,))]
            case Overlong(connection) if member:
                return [Delivery(Noticed(text.TOO_LONG), (connection,))]
            case Overlong(connection) if arrival:
                return [Delivery(Prompted(names.TOO_LONG), (connection,))]
            case Line() if member:
                return self._hear(member, text.clean(entry.text), entry.at)
            case Line() if arrival:
                return self._let_in(arrival, text.clean(entry.text), entry.at)
        return []

    # --- coming and going ---

    def _let_in(self, arrival: Arrived, proposed: str, at: float) -> list[Delivery]:
        connection, via = arrival.connection, arrival.via
        if not proposed:
            return [Delivery(Prompted(), (connection,))]
        if isinstance(commands.parse(proposed), commands.Quit):
            del self._waiting[connection]
            return [Delivery(Dismissed("Goodbye.", NORMAL_CLOSURE), (connection,))]
        if barred := self._moderation.barred(arrival, at):  # since it arrived
            del self._waiting[connection]
            return [Delivery(barred, (connection,))]
        try:
            nick = self._members.free_nick(proposed)
        except names.UnacceptableError as why:
            return [Delivery(Prompted(str(why)), (connection,))]
        member = Member(connection, via, arrival.token, arrival.origin, nick)
        told = self._came(member, at)
        del self._waiting[connection]
        # Whoever is not told of yet may leave as if never here, so is no newcomer's to know either.
        members = self._members.people(NAMED, but=self._news.joined)
        if member.person not in members:
            members = (*members, member.person)
        room_now = (members, self.total, self._last, self._topic.text)
        welcome = Welcomed(nick.text, via, arrival.token, False, *room_now)
        return [Delivery(welcome, (connection,)), *told]

    def _came(self, member: Member, at: float) -> list[Delivery]:
        """Seat somebody; what the others are told of it."""
        told = []
        if len(self._members) >= CROWD or self.has_news:
            self._news.came(member.person)
        else:
            told.append(Joined(self._next_id(), at, member.nick.text, member.via))
        self._moderation.came(member, at)
        self._members.add(member)
        others = self._members.connections, frozenset({member.connection})
        return [Delivery(joined, *others) for joined in told]

    def _leave(self, connection: str, reason: str, at: float) -> list[Delivery]:
        member = self._members.get(connection)
        if member is None:
            return []
        self._members.remove(member)
        self._moderation.left(connection)
        self._hearing.left(connection)
        if len(self._members) >= CROWD or self.has_news:
            self._news.went(member.nick.text)
            return []
        left = Left(self._next_id(), at, member.nick.text, text.clean(reason))
        return [Delivery(left, self._members.connections)]

    def _tell_news(self, at: float) -> list[Delivery]:
        if not self.has_news:
            return []
        return [
            Delivery(self._news.tell(self._next_id(), at, self.total), self._members.connections)
        ]

    # --- what a member's line does ---

    def _hear(self, member: Member, line: str, at: float) -> list[Delivery]:
        me = (member.connection,)
        if not line:
            return []
        if len(line) > text.MAX_CHARACTERS:
            return [Delivery(Noticed(text.TOO_LONG), me)]
        nick, via = member.nick.text, member.via
        command = commands.parse(line)
        silenced = self._moderation.silenced(member.connection, at)
        if silenced and isinstance(command, commands.Aloud):
            return [Delivery(silenced, me)]
        if isinstance(command, commands.ByOperator) and not self.is_operator(member.connection):
            return [Delivery(Noticed(ONLY_OPERATORS), me)]
        if isinstance(command, commands.Ruled):
            return self._moderate(member, command, at)
        if isinstance(command, commands.Asked):
            return [Delivery(self._answer(member, command), me)]
        match command:
            case commands.Say(words):
                return [self._hearing.to_all(Said(self._next_id(), at, nick, via, words), member)]
            case commands.Act(deed):
                return [self._hearing.to_all(Acted(self._next_id(), at, nick, via, deed), member)]
            case commands.Whisper(to, words):
                return [self._hearing.to_one(member, to, words, at)]
            case commands.Rename(proposed):
                return self._rename(member, proposed, at)
            case commands.Quit(reason):
                goodbye = Dismissed(f"Goodbye {nick}.", NORMAL_CLOSURE)
                left = self._leave(member.connection, "" if silenced else reason, at)
                return [Delivery(goodbye, me), *left]
            case commands.SetTopic(words):
                return self._set_topic(member, words, at)

    def _answer(self, member: Member, command: commands.Asked) -> Listed | Noticed:
        """What concerns nobody but the one who asks."""
        match command:
            case commands.ListMembers():
                return Listed(self.members(), self.total)
            case commands.Help():
                is_operator = self.is_operator(member.connection)
                return Noticed(usage.help_text(member.via, is_operator))
            case commands.Ignore() | commands.Unignore():
                return Noticed(self._hearing.obey(member, command))
            case commands.ShowTopic():
                topic = self._topic
                by = f"The topic is: {topic.text} (by {topic.nick})"
                return Noticed(by if topic.text else "There is no topic.")
            case commands.Misused(advice):
                return Noticed(advice)

    def _rename(self, member: Member, proposed: str, at: float) -> list[Delivery]:
        try:
            nick = self._members.free_nick(proposed, member, at)
        except names.UnacceptableError as why:
            return [Delivery(Noticed(f"{why}."), (member.connection,))]
        if nick == member.nick:
            return [Delivery(Noticed(f"You are {nick.text} already."), (member.connection,))]
        # First the news: they tell of people by the nicks they had, which change hands now.
        told = self._tell_news(at)
        self._members.rename(member, nick, at)
        self._hearing.renamed(member.connection, member.nick, nick)
        renamed = Renamed(self._next_id(), at, member.nick.text, nick.text)
        return [*told, Delivery(renamed, self._members.connections)]

    # --- moderation ---

    def _moderate(self, member: Member, command: commands.Ruled, at: float) -> list[Delivery]:
        ruling = self._moderation.rule(member, command, at)
        deliveries = []
        if ruling.on and ruling.told:
            deliveries.append(Delivery(ruling.told, (ruling.on.connection,)))
            if isinstance(ruling.told, Dismissed):
                deliveries += self._leave(ruling.on.connection, ruling.reason, at)
        return [*deliveries, Delivery(ruling.answer, (member.connection,))]

    def _set_topic(self, member: Member, words: str, at: float) -> list[Delivery]:
        if len(words) > MAX_TOPIC:
            advice = f"That topic is too long: the limit is {MAX_TOPIC} characters."
            return [Delivery(Noticed(advice), (member.connection,))]
        self._topic = Topic(self._next_id(), at, member.nick.text, words)
        return [Delivery(self._topic, self._members.connections)]

    def _next_id(self) -> int:
        self._last += 1
        return self._last
