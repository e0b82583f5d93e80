"""Bans and mutes: on whom they are, and until when.

Knows neither who may pass one nor what comes of it.
"""

from dataclasses import dataclass

from backend.room import plain
from backend.room.entries import Arrived
from backend.room.members import Member
from backend.room.plain import Plain


@dataclass(frozen=True, slots=True)
class Sentence:
    """A ban or a mute.

    Attributes:
        on: who got it.
        by: from whom.
        until: when it ends, in Unix seconds.
        nicks: the keys of those by which it can be lifted, once they are gone.
    """

    on: Member
    by: str
    until: float
    nicks: frozenset[str] = frozenset()

    def covers(self, person: Member | Arrived) -> bool:
        """Whether this is the same person as far as anybody can tell: by seat or by origin."""
        is_from_there = person.origin != "" and person.origin == self.on.origin
        return is_from_there or person.token == self.on.token

    @property
    def as_plain(self) -> Plain:
        """See ``room.plain``."""
        return {**plain.of_fields(self), "on": self.on.as_plain, "nicks": sorted(self.nicks)}

    @classmethod
    def from_plain(cls, kept: Plain) -> "Sentence":
        """What ``as_plain`` was made of."""
        on = Member.from_plain(kept["on"])
        return cls(**{**kept, "on": on, "nicks": frozenset(kept["nicks"])})


def longest(sentences: list[Sentence], person: Member | Arrived, at: float) -> Sentence | None:
    """Of those that cover somebody now, the one that ends last."""
    found = [each for each in sentences if at < each.until and each.covers(person)]
    return max(found, key=lambda each: each.until, default=None)
