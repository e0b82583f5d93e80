"""What the line of somebody in the room does: talk, questions, orders.

Knows neither how they came in nor how they are told; leaving is handed in.
"""

from collections.abc import Callable

from backend.room import commands, names, plain, text, usage
from backend.room.codes import NORMAL_CLOSURE
from backend.room.comings import Comings
from backend.room.crowd import NAMED
from backend.room.deliveries import Delivery
from backend.room.events import Acted, Dismissed, Listed, Noticed, Recalled, Renamed, Said, Topic
from backend.room.hearing import Hearing
from backend.room.history import History
from backend.room.members import Member, Members
from backend.room.moderation import MAX_TOPIC, ONLY_OPERATORS, Moderation
from backend.room.plain import Plain

Leave = Callable[[Member, str, float], list[Delivery]]
"""Lets somebody go, for a reason, at a time; what the others are told."""


class Talk:
    """Obeys lines.

    Attributes:
        topic: what the room is about.
    """

    def __init__(
        self,
        members: Members,
        moderation: Moderation,
        hearing: Hearing,
        comings: Comings,
        history: History,
        leave: Leave,
    ) -> None:
        self._members = members
        self._moderation = moderation
        self._hearing = hearing
        self._comings = comings
        self._history = history
        self._leave = leave
        self.topic = Topic(0, 0.0, "", "")

    def snapshot(self) -> Plain:
        """See ``plain.Kept``."""
        return plain.of_event(self.topic)

    def restore(self, data: Plain) -> None:
        """See ``plain.Kept``."""
        self.topic = plain.event(data)

    def obey(self, member: Member, line: str, at: float) -> list[Delivery]:
        """Do what a clean line says."""
        me = (member.connection,)
        if not line:
            return []
        if len(line) > text.MAX_CHARACTERS:
            return [Delivery(Noticed(text.TOO_LONG, refused=True), me)]
        nick, via = member.nick.text, member.via
        command = commands.parse(line)
        silenced = self._moderation.silenced(member, at)
        if silenced and isinstance(command, commands.Aloud):
            is_speech = isinstance(command, commands.Say)
            return [Delivery(silenced if is_speech else Noticed(silenced.text), me)]
        if isinstance(command, commands.ByOperator) and not self._is_operator(member):
            return [Delivery(Noticed(ONLY_OPERATORS), me)]
        if isinstance(command, commands.Ruled):
            return self._moderate(member, command, at)
        if isinstance(command, commands.Asked):
            return [Delivery(self._answer(member, command), me)]
        match command:
            case commands.Say(words):
                said = Said(self._history.next_id(), at, nick, via, words)
                return [self._hearing.to_all(said, member)]
            case commands.Act(deed):
                acted = Acted(self._history.next_id(), at, nick, via, deed)
                return [self._hearing.to_all(acted, member)]
            case commands.Whisper(to, words):
                return [self._hearing.to_one(member, to, words, at)]
            case commands.Rename(proposed):
                return self._rename(member, proposed, at)
            case commands.Quit(reason):
                goodbye = Dismissed(f"Goodbye {nick}.", NORMAL_CLOSURE)
                left = self._leave(member, "" if silenced else reason, at)
                return [Delivery(goodbye, me), *left]
            case commands.SetTopic(words):
                return self._set_topic(member, words, at)

    def _answer(self, member: Member, command: commands.Asked) -> Listed | Noticed | Recalled:
        """What concerns nobody but the one who asks."""
        match command:
            case commands.ListMembers():
                return Listed(self._members.people(NAMED), len(self._members))
            case commands.Help():
                return Noticed(usage.help_text(member.via, self._is_operator(member)))
            case commands.Ignore() | commands.Unignore():
                return Noticed(self._hearing.obey(member, command))
            case commands.Recall(before, count):
                return self._history.before(before, count, self._hearing.of(member))
            case commands.ShowTopic():
                by = f"The topic is: {self.topic.text} (by {self.topic.nick})"
                return Noticed(by if self.topic.text else "There is no topic.")
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
        told = self._comings.tell(at)
        self._members.rename(member, nick, at)
        self._hearing.renamed(member.connection, member.nick, nick)
        renamed = Renamed(self._history.next_id(), at, member.nick.text, nick.text)
        return [*told, Delivery(renamed, self._members.connections)]

    def _moderate(self, member: Member, command: commands.Ruled, at: float) -> list[Delivery]:
        ruling = self._moderation.rule(member, command, at)
        deliveries = []
        for one in ruling.on:
            deliveries.append(Delivery(ruling.told, (one.connection,)))
            if isinstance(ruling.told, Dismissed):
                deliveries += self._leave(one, ruling.reason, at)
        return [*deliveries, Delivery(ruling.answer, (member.connection,))]

    def _set_topic(self, member: Member, words: str, at: float) -> list[Delivery]:
        if len(words) > MAX_TOPIC:
            advice = f"That topic is too long: the limit is {MAX_TOPIC} characters."
            return [Delivery(Noticed(advice), (member.connection,))]
        self.topic = Topic(self._history.next_id(), at, member.nick.text, words)
        return [Delivery(self.topic, self._members.connections)]

    def _is_operator(self, member: Member) -> bool:
        return self._moderation.is_operator(member.connection)
