"""What operators may do to others, and what of it still holds.

Answers with a ``Ruling`` and remembers it; the room carries it out. Knows no clock: whether
something has run out is computed from an entry's time.
"""

import math
from dataclasses import dataclass

from backend.room import names
from backend.room.commands import Ban, Kick, ListBans, Mute, Ruled, Unban
from backend.room.entries import Arrived
from backend.room.events import POLICY_VIOLATION, Dismissed, Moderated, Noticed
from backend.room.members import Member, Members

MAX_SENTENCES = 200
"""Bans in force, and mutes likewise: what an operator can still read as one list."""

MAX_TOPIC = 200
"""Longest topic, in code points: two or three lines of a terminal, told to everybody who comes."""

ONLY_OPERATORS = "Only operators may do that."

_FULL = f"{MAX_SENTENCES} people are in that state already: lift one of them first."


@dataclass(frozen=True, slots=True)
class Sentence:
    """A ban or a mute: who got it, from whom, and until when, in Unix seconds."""

    on: Member
    by: str
    until: float

    def covers(self, person: Member | Arrived) -> bool:
        """Whether this is the same person as far as anybody can tell: by seat or by origin."""
        is_from_there = person.origin != "" and person.origin == self.on.origin
        return is_from_there or person.token == self.on.token


@dataclass(frozen=True, slots=True)
class Ruling:
    """What comes of an operator's command.

    Attributes:
        answer: for the operator.
        on: whom it concerns, if anybody who is here.
        told: for that person; whoever is dismissed leaves the room.
        reason: what the others hear of such a leaving.
    """

    answer: Noticed | Moderated
    on: Member | None = None
    told: Noticed | Dismissed | None = None
    reason: str = ""


class Moderation:
    """The operators, and whom they have muted or banned."""

    def __init__(self, members: Members) -> None:
        self._members = members
        self._operators: set[str] = set()
        self._bans: dict[str, Sentence] = {}  # by the connection that got it, like the mutes
        self._mutes: dict[str, Sentence] = {}
        self._silenced: dict[str, Sentence] = {}  # by the connection of somebody here

    def is_operator(self, connection: str) -> bool:
        """Whether somebody here may give orders."""
        return connection in self._operators

    # --- coming and going ---

    def promote(self, member: Member) -> Moderated:
        """Somebody is an operator from now on."""
        self._operators.add(member.connection)
        self._unmute(member)
        told = "You are an operator now. /help lists what you may do."
        return Moderated("promoted", member.connection, told)

    def barred(self, person: Arrived, at: float) -> Dismissed | None:
        """What to tell somebody who is not to come in."""
        ban = _longest(self._bans, person, at)
        if ban is None:
            return None
        return Dismissed(f"You are banned: {_span(ban.until - at)} left.", POLICY_VIOLATION)

    def came(self, member: Member, at: float) -> None:
        """Somebody came in; whoever left muted is muted still."""
        if mute := _longest(self._mutes, member, at):
            self._silenced[member.connection] = mute

    def left(self, connection: str) -> None:
        """Somebody is gone. What holds for them holds when they come back."""
        self._operators.discard(connection)
        self._silenced.pop(connection, None)

    def moved(self, old: str, new: str) -> None:
        """Somebody has another connection, and is as they were."""
        if old in self._operators:
            self._operators.remove(old)
            self._operators.add(new)
        if mute := self._silenced.pop(old, None):
            self._silenced[new] = mute

    def silenced(self, connection: str, at: float) -> Noticed | None:
        """What to tell somebody here who is not to be heard."""
        mute = self._silenced.get(connection)
        if mute is None or at >= mute.until:
            return None
        return Noticed(
            f"You are muted: {_span(mute.until - at)} left. Nothing was sent.", refused=True
        )

    # --- what operators say ---

    def rule(self, by: Member, command: Ruled, at: float) -> Ruling:
        """Decide on an operator's command."""
        match command:
            case ListBans():
                return Ruling(Noticed(self._listed_bans(at)))
            case Unban(nick):
                return Ruling(self._unban(nick))
        target = self._members.called(command.nick)
        if target is None:
            return Ruling(Noticed(f"There is no {command.nick} here."))
        if target == by:
            return Ruling(Noticed(f"{by.nick.text} is you: choose somebody else."))
        if self.is_operator(target.connection):
            return Ruling(Noticed(f"{target.nick.text} is an operator, too."))
        match command:
            case Kick(reason=reason):
                return self._kick(by, target, reason)
            case Mute(seconds=seconds):
                return self._mute(by, target, seconds, at)
            case Ban(seconds=seconds):
                return self._ban(by, target, seconds, at)

    def _kick(self, by: Member, target: Member, words: str) -> Ruling:
        reason = f"kicked by {by.nick.text}" + (words and f": {words}")
        return Ruling(
            Moderated("kicked", target.connection, f"{target.nick.text} is shown out."),
            target,
            Dismissed(f"You were {reason}", POLICY_VIOLATION),
            reason,
        )

    def _mute(self, by: Member, target: Member, seconds: int, at: float) -> Ruling:
        nick = target.nick.text
        if not seconds:
            if self.silenced(target.connection, at) is None:
                return Ruling(Noticed(f"{nick} is not muted."))
            self._unmute(target)
            done = Moderated("unmuted", target.connection, f"{nick} may speak again.")
            return Ruling(done, target, Noticed("You may speak again."))
        if not _has_room(self._mutes, at):
            return Ruling(Noticed(_FULL))
        self._unmute(target)  # the last one counts, also over one that they came back with
        mute = Sentence(target, by.nick.text, at + seconds)
        self._mutes[target.connection] = self._silenced[target.connection] = mute
        return Ruling(
            Moderated("muted", target.connection, f"{nick} is muted for {_span(seconds)}."),
            target,
            Noticed(f"You are muted for {_span(seconds)}, by {by.nick.text}."),
        )

    def _unmute(self, member: Member) -> None:
        mute = self._silenced.pop(member.connection, None)
        self._mutes = {who: other for who, other in self._mutes.items() if other is not mute}

    def _ban(self, by: Member, target: Member, seconds: int, at: float) -> Ruling:
        if not _has_room(self._bans, at):
            return Ruling(Noticed(_FULL))
        ban = Sentence(target, by.nick.text, at + seconds)
        self._bans[target.connection] = ban
        done = f"{target.nick.text} is banned for {_span(seconds)}."
        if ban.covers(by):
            done += " So is your own address: once you leave, you cannot come back."
        return Ruling(
            Moderated("banned", target.connection, done),
            target,
            Dismissed(f"You are banned for {_span(seconds)}, by {by.nick.text}.", POLICY_VIOLATION),
            f"banned by {by.nick.text}",
        )

    def _unban(self, nick: str) -> Noticed | Moderated:
        lifted = [who for who, ban in self._bans.items() if ban.on.nick.key == names.same(nick)]
        if not lifted:
            return Noticed(f"No {nick} is banned.")
        for who in lifted:
            del self._bans[who]
        return Moderated("unbanned", ", ".join(lifted), f"{nick} is banned no more.")

    def _listed_bans(self, at: float) -> str:
        rows = [
            f"{ban.on.nick.text}: {_span(ban.until - at)} left, by {ban.by}"
            for ban in self._bans.values()
            if at < ban.until
        ]
        return "\n".join(rows) or "Nobody is banned."


def _longest(
    sentences: dict[str, Sentence], person: Member | Arrived, at: float
) -> Sentence | None:
    found = [each for each in sentences.values() if at < each.until and each.covers(person)]
    return max(found, key=lambda each: each.until, default=None)


def _has_room(sentences: dict[str, Sentence], at: float) -> bool:
    for who in [who for who, each in sentences.items() if each.until <= at]:
        del sentences[who]
    return len(sentences) < MAX_SENTENCES


def _span(seconds: float) -> str:
    """So long, in the largest unit of which there are two."""
    for size, unit in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{round(seconds / size)} {unit}"
    whole = math.ceil(seconds)
    return f"{whole} seconds" if whole != 1 else "1 second"
