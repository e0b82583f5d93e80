"""The room: ``Room.apply(entry) -> deliveries``.

A pure function of the ordered log: the same entries give the same room and the same deliveries, on
any machine, at any time. Knows connections by their ids only, and never how anything reaches them.
A refusal is an event to one person, not an exception; an entry about a connection that is not
here (any more) is nothing. Should a bug raise one all the same, nobody is half in the room or
called two names: what can fail is done before anybody is moved, and whoever goes is moved first.

Here people come and go. ``talk`` is what they do in between.
"""

from backend.room import commands, names, plain, text
from backend.room.codes import CONTINUED_ELSEWHERE, NORMAL_CLOSURE
from backend.room.comings import Comings
from backend.room.crowd import NAMED
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
    Withheld,
)
from backend.room.events import (
    Dismissed,
    Noticed,
    Person,
    Prompted,
    Public,
    Typing,
    Welcomed,
    Whispered,
)
from backend.room.hearing import Hearing
from backend.room.history import History
from backend.room.members import Member, Members
from backend.room.missed import missed
from backend.room.moderation import Moderation
from backend.room.plain import Kept, Plain
from backend.room.seats import NOT_KEPT, Seats
from backend.room.talk import Talk


class Room:
    """One chat room. Start with an empty one and apply the log to it."""

    def __init__(self) -> None:
        self._waiting: dict[str, Arrived] = {}
        self._members = Members()
        self._history = History()
        self._moderation = Moderation(self._members)
        self._hearing = Hearing(self._members)
        self._seats = Seats()
        self._comings = Comings(self._members, self._hearing, self._history)
        about_people = (self._members, self._moderation, self._hearing, self._comings)
        self._talk = Talk(*about_people, self._history, self._leave)
        self._parts: dict[str, Kept] = {
            "members": self._members,
            "history": self._history,
            "moderation": self._moderation,
            "hearing": self._hearing,
            "seats": self._seats,
            "comings": self._comings,
            "topic": self._talk,
        }

    def snapshot(self) -> Plain:
        """All that the log has led to, in JSON's own values."""
        waiting = [plain.of_fields(arrival) for arrival in self._waiting.values()]
        return {"waiting": waiting, **{name: p.snapshot() for name, p in self._parts.items()}}

    def restore(self, data: Plain) -> None:
        """Be as the room was that this is a ``snapshot`` of, whatever it was before.

        Raises:
            Exception: of any kind, if it is none.
        """
        Room.__init__(self)
        self._waiting = {kept["connection"]: Arrived(**kept) for kept in data["waiting"]}
        for name, part in self._parts.items():
            part.restore(data[name])

    @property
    def remembered(self) -> tuple[Public, ...]:
        """What was public, oldest first, as far back as it is remembered."""
        return self._history.events

    @property
    def connections(self) -> tuple[str, ...]:
        """Everybody's who is at the door or has a seat."""
        return (*self._waiting, *self._members.connections)

    @property
    def total(self) -> int:
        """How many are here."""
        return len(self._members)

    def is_due(self, at: float) -> bool:
        """Whether a ``Tick`` would do something."""
        return self._comings.has_news or self._seats.is_due(at)

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

    def typing(self, connection: str, at: float) -> list[Delivery]:
        """What others see of somebody's typing. No entry: it is nothing to remember."""
        member = self._members.get(connection)
        if member is None or self._comings.is_crowd or self._moderation.silenced(member, at):
            return []
        return [self._hearing.to_browsers(Typing(member.nick.text), member)]

    def apply(self, entry: Entry) -> list[Delivery]:
        """Let one thing happen; what comes of it, in the order people see it."""
        deliveries = self._apply(entry)
        self._history.remember(deliveries)
        return deliveries

    def _apply(self, entry: Entry) -> list[Delivery]:
        if isinstance(entry, Line) and len(entry.text) > text.MAX_RAW_CHARACTERS:
            entry = Overlong(entry.connection, entry.at)
        match entry:
            case Tick(at):
                return self._tick(at)
            case Recovered(ids):
                self._history.skip(ids)
                return []
            case Arrived(connection=connection, at=at) if not self.is_member(connection):
                if barred := self._moderation.barred(entry, at):
                    return [Delivery(barred, (connection,))]
                self._waiting[connection] = entry
                return [Delivery(Prompted(), (connection,))]
            case Gone(connection=connection):
                self._waiting.pop(connection, None)
        member = self._members.get(entry.connection)
        arrival = self._waiting.get(entry.connection)
        if member and isinstance(entry, Line | Overlong | Withheld):
            self._members.hear(member)
        match entry:
            case Gone(connection, reason, at, until) if member:
                if member.may_return and until > at:
                    self._seats.keep(connection, until, reason)
                    return []
                return self._leave(member, reason, at)
            case Promoted(connection) if member:
                return [Delivery(self._moderation.promote(member), (connection,))]
            case Overlong(connection) if member:
                return [Delivery(Noticed(text.TOO_LONG, refused=True), (connection,))]
            case Overlong(connection) if arrival:
                return [Delivery(Prompted(names.TOO_LONG), (connection,))]
            case Line(text=line, at=at) if member:
                return self._hear(member, text.clean(line), at)
            case Line(text=line, at=at) if arrival:
                return self._answer_the_door(arrival, text.clean(line), at)
        return []

    def _hear(self, member: Member, line: str, at: float) -> list[Delivery]:
        deliveries = self._talk.obey(member, line, at)
        for each in deliveries:
            if isinstance(each.event, Whispered):
                ends = filter(self._members.may_return, each.recipients)
                self._seats.whispered(each.event, ends, self._history.last)
        return deliveries

    # --- coming and going ---

    def _answer_the_door(self, arrival: Arrived, line: str, at: float) -> list[Delivery]:
        connection = arrival.connection
        command = commands.parse_at_the_door(line)
        if isinstance(command, commands.Quit):
            del self._waiting[connection]
            return [Delivery(Dismissed("Goodbye.", NORMAL_CLOSURE), (connection,))]
        if not line:
            return [Delivery(Prompted(), (connection,))]
        if barred := self._moderation.barred(arrival, at):  # since it arrived
            del self._waiting[connection]
            return [Delivery(barred, (connection,))]
        if isinstance(command, commands.Resume):
            return self._resume(arrival, command)
        return self._let_in(arrival, line, at)

    def _let_in(self, arrival: Arrived, proposed: str, at: float) -> list[Delivery]:
        connection = arrival.connection
        try:
            nick = self._members.free_nick(proposed)
        except names.UnacceptableError as why:
            return [Delivery(Prompted(str(why)), (connection,))]
        via, token, origin, resumes = arrival.via, arrival.token, arrival.origin, arrival.resumes
        member = Member(connection, via, token, origin, nick, resumes)
        told = self._comings.came(member, at)
        del self._waiting[connection]
        return [Delivery(self._welcome(member), (connection,)), *told]

    def _resume(self, arrival: Arrived, command: commands.Resume) -> list[Delivery]:
        """Give somebody their seat again, also if the connection they had is still there."""
        connection, seated = arrival.connection, self._members.seated(command.token)
        if seated is None or seated.via != arrival.via:
            return [Delivery(Prompted(NOT_KEPT), (connection,))]
        old, was_kept = seated.connection, self._seats.is_kept(seated.connection)
        del self._waiting[connection]
        member = self._members.move(seated, connection, arrival.origin)
        self._moderation.moved(old, connection)
        self._hearing.moved(old, connection)
        whispers = self._seats.moved(old, connection, command.since, command.whispers)
        news = missed(member, command.since, self._history, self._hearing)
        goodbye = Dismissed("You continued elsewhere.", CONTINUED_ELSEWHERE)
        return [
            *([] if was_kept else [Delivery(goodbye, (old,))]),
            Delivery(self._welcome(member, resumed=True), (connection,)),
            *whispers,  # first: whoever has what was public is not told again what was not
            *(Delivery(recalled, (connection,)) for recalled in news),
        ]

    def _welcome(self, member: Member, resumed: bool = False) -> Welcomed:
        nick, via, token = member.nick.text, member.via, member.token
        people, heard = self._comings.people_for(member), self._members.heard(member)
        last, topic = self._history.last, self._talk.topic.text
        return Welcomed(nick, via, token, resumed, people, self.total, last, topic, heard)

    def _leave(self, member: Member, reason: str, at: float) -> list[Delivery]:
        told = self._comings.went(member, reason, at)
        self._moderation.left(member.connection)
        self._seats.left(member.connection)
        return told

    def _tick(self, at: float) -> list[Delivery]:
        deliveries = []
        for connection, reason in self._seats.overdue(at):
            if member := self._members.get(connection):
                deliveries += self._leave(member, reason, at)
        return [*deliveries, *self._comings.tell(at)]
