"""What operators may do to others, and what of it still holds.

Answers with a ``Ruling`` and remembers it; the room carries it out. A mute or a ban is on a seat
and on its whole address, operators excepted: another connection from there costs nothing.
"""

import math
from dataclasses import dataclass, replace
from typing import Literal

from backend.room import names
from backend.room.codes import POLICY_VIOLATION
from backend.room.commands import Ban, Kick, ListBans, Mute, Ruled, Unban
from backend.room.entries import Arrived
from backend.room.events import Dismissed, Moderated, Noticed
from backend.room.members import Member, Members
from backend.room.plain import Plain
from backend.room.sentences import Sentence, longest

MAX_SENTENCES = 200
"""Bans in force, and mutes likewise: what an operator can still read as one list."""

MAX_TOPIC = 200
"""Longest topic, in code points: two or three lines of a terminal, told to everybody who comes."""

MAX_NAMED = 10
"""People an operator is told of by name, of those at the same address."""

ONLY_OPERATORS = "Only operators may do that."

_NOTHING = Noticed("")

_FULL = f"{MAX_SENTENCES} people are in that state already: lift one of them first."


@dataclass(frozen=True, slots=True)
class Ruling:
    """What comes of an operator's command.

    Attributes:
        answer: for the operator.
        on: whom it concerns, of those who are here.
        told: for each of them; whoever is dismissed leaves the room.
        reason: what the others hear of such a leaving.
    """

    answer: Noticed | Moderated
    on: tuple[Member, ...] = ()
    told: Noticed | Dismissed = _NOTHING
    reason: str = ""


class Moderation:
    """The operators, and whom they have muted or banned."""

    def __init__(self, members: Members) -> None:
        self._members = members
        self._operators: set[str] = set()
        self._bans: list[Sentence] = []
        self._mutes: list[Sentence] = []

    def snapshot(self) -> Plain:
        """See ``plain.Kept``."""
        return {
            "operators": sorted(self._operators),
            "bans": [ban.as_plain for ban in self._bans],
            "mutes": [mute.as_plain for mute in self._mutes],
        }

    def restore(self, data: Plain) -> None:
        """See ``plain.Kept``."""
        self._operators.update(data["operators"])
        self._bans.extend(map(Sentence.from_plain, data["bans"]))
        self._mutes.extend(map(Sentence.from_plain, data["mutes"]))

    def is_operator(self, connection: str) -> bool:
        """Whether somebody here may give orders."""
        return connection in self._operators

    # --- coming and going ---

    def promote(self, member: Member) -> Moderated:
        """Somebody is an operator from now on."""
        self._operators.add(member.connection)
        told = "You are an operator now. /help lists what you may do."
        return Moderated("promoted", member.connection, told)

    def barred(self, person: Arrived, at: float) -> Dismissed | None:
        """What to tell somebody who is not to come in."""
        ban = longest(self._bans, person, at)
        if ban is None:
            return None
        text = f"You are banned: {_span(ban.until - at)} left."
        return Dismissed(text, POLICY_VIOLATION, "banned")

    def left(self, connection: str) -> None:
        """Somebody is gone. What holds for them holds when they come back."""
        self._operators.discard(connection)

    def moved(self, old: str, new: str) -> None:
        """Somebody has another connection, and is as they were."""
        if old in self._operators:
            self._operators.remove(old)
            self._operators.add(new)

    def silenced(self, member: Member, at: float) -> Noticed | None:
        """What to tell somebody here who is not to be heard."""
        mute = longest(self._mutes, member, at)
        if mute is None or self.is_operator(member.connection):
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
            (target,),
            Dismissed(f"You were {reason}", POLICY_VIOLATION, "kicked"),
            reason,
        )

    def _mute(self, by: Member, target: Member, seconds: int, at: float) -> Ruling:
        nick = target.nick.text
        if not seconds:
            if self.silenced(target, at) is None:
                return Ruling(Noticed(f"{nick} is not muted."))
            on = self._present(target, self._unmute(target))
            done = f"{nick} may speak again.{_too('may', on)}"
            told = Noticed("You may speak again.")
            return Ruling(Moderated("unmuted", target.connection, done), on, told)
        if not _has_room(self._mutes, at):
            return Ruling(Noticed(_FULL))
        self._unmute(target)  # the last one counts, also over one that they came back with
        mute = Sentence(target, by.nick.text, at + seconds)
        self._mutes.append(mute)
        on = self._present(target, [mute])
        done = f"{nick} is muted for {_span(seconds)}.{_too('be', on)}"
        told = Noticed(f"You are muted for {_span(seconds)}, by {by.nick.text}.")
        return Ruling(Moderated("muted", target.connection, done), on, told)

    def _unmute(self, member: Member) -> list[Sentence]:
        lifted = [mute for mute in self._mutes if mute.covers(member)]
        self._mutes = [mute for mute in self._mutes if mute not in lifted]
        return lifted

    def _ban(self, by: Member, target: Member, seconds: int, at: float) -> Ruling:
        if not _has_room(self._bans, at):
            return Ruling(Noticed(_FULL))
        ban = Sentence(target, by.nick.text, at + seconds)
        on = self._present(target, [ban])
        self._bans.append(replace(ban, nicks=frozenset(each.nick.key for each in on)))
        done = f"{target.nick.text} is banned for {_span(seconds)}.{_too('be', on)}"
        if ban.covers(by):
            done += " So is your own address: once you leave, you cannot come back."
        text = f"You are banned for {_span(seconds)}, by {by.nick.text}."
        return Ruling(
            Moderated("banned", target.connection, done),
            on,
            Dismissed(text, POLICY_VIOLATION, "banned"),
            f"banned by {by.nick.text}",
        )

    def _present(self, target: Member, sentences: list[Sentence]) -> tuple[Member, ...]:
        """Whom these cover of those here, the one they are meant for first."""
        others = (
            member
            for member in self._members
            if member != target
            and not self.is_operator(member.connection)
            and any(each.covers(member) for each in sentences)
        )
        return (target, *others)

    def _unban(self, nick: str) -> Noticed | Moderated:
        lifted = [ban for ban in self._bans if names.same(nick) in ban.nicks]
        if not lifted:
            return Noticed(f"No {nick} is banned.")
        self._bans = [ban for ban in self._bans if ban not in lifted]
        whom = ", ".join(ban.on.connection for ban in lifted)
        return Moderated("unbanned", whom, f"{nick} is banned no more.")

    def _listed_bans(self, at: float) -> str:
        rows = [
            f"{ban.on.nick.text}: {_span(ban.until - at)} left, by {ban.by}"
            for ban in self._bans
            if at < ban.until
        ]
        return "\n".join(rows) or "Nobody is banned."


def _has_room(sentences: list[Sentence], at: float) -> bool:
    sentences[:] = [each for each in sentences if at < each.until]
    return len(sentences) < MAX_SENTENCES


def _too(verb: Literal["be", "may"], on: tuple[Member, ...]) -> str:
    """The same holds for all of these but the first."""
    others = [member.nick.text for member in on[1:]]
    if not others:
        return ""
    shown = ", ".join([*others[:MAX_NAMED], *(["..."] if len(others) > MAX_NAMED else [])])
    who = "1 other" if len(others) == 1 else f"{len(others)} others"
    does = "may" if verb == "may" else "is" if len(others) == 1 else "are"
    return f" So {does} {who} at that address: {shown}."


def _span(seconds: float) -> str:
    """So long, in the largest unit of which there are two."""
    for size, unit in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{round(seconds / size)} {unit}"
    whole = math.ceil(seconds)
    return f"{whole} seconds" if whole != 1 else "1 second"
