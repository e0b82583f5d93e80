"""Guesses at the operators' secret: which is right, and when somebody has guessed enough.

Knows whom they come from by an opaque key only, and the time by what it is told.
"""

import hmac
from dataclasses import dataclass

from backend.room.codes import POLICY_VIOLATION
from backend.room.events import Dismissed, Noticed
from backend.room.text import clean

FREE_GUESSES = 3
"""Wrong ones before there is a pause: enough for slips of the finger."""

PAUSE_SECONDS = 60.0
"""How long nothing is looked at then, and a wrong guess is remembered: at three a minute, eight
random letters take a hundred thousand years."""

MAX_GUESSES = 6
"""From this one on, with less than a pause between them, the connection is shown out. The pause is
for a whole address, this is not: nobody is shown out for what a neighbour guesses."""

MAX_GUESSERS = 1_000
"""Addresses remembered, and connections likewise; the longest known is forgotten first. Whoever has
more of them than this gains little by having one forgotten."""

_NONE_HERE = "There are no operators here."
_WRONG = "That is not the secret."
_PAUSED = "Too many guesses: nothing is looked at for a minute."

GIVEN_AWAY = "That line has the operators' secret in it: it was not sent."

MIN_GIVEN_AWAY = 8
"""Shortest secret, in bytes, that is looked for in what operators say: shorter ones may be words
they need."""


class Guesses:
    """The secret, and everybody's wrong guesses of the last minute.

    Args:
        secret: what operators know; None if there are none.
    """

    def __init__(self, secret: str | None) -> None:
        # As it would be typed: a line is cleaned, too.
        self._clean_secret = clean(secret or "")
        self._secret = self._clean_secret.encode()
        self._by_address = _Counts()
        self._by_connection = _Counts()

    def refuse(
        self, guess: str, address: str, connection: str, now: float
    ) -> Noticed | Dismissed | None:
        """What to tell whoever made this guess; None if it is right.

        Args:
            guess: what was typed, clean.
            address: where it comes from; all guesses from there count together.
            connection: whose it is.
            now: seconds on a clock that never goes back.
        """
        if not self._secret:
            return Noticed(_NONE_HERE)
        is_looked_at = self._by_address.of(address, now) < FREE_GUESSES
        if is_looked_at:
            if hmac.compare_digest(guess.encode(), self._secret):
                return None
            self._by_address.add(address, now)
        if self._by_connection.add(connection, now) >= MAX_GUESSES:
            return Dismissed(_PAUSED, POLICY_VIOLATION, "guessing")
        return Noticed(_WRONG if is_looked_at else _PAUSED)

    def is_given_away(self, line: str) -> bool:
        """Whether the secret is in this line of an operator's.

        Not to be asked of anybody else's lines: a thousand characters are a thousand guesses.
        """
        return len(self._secret) >= MIN_GIVEN_AWAY and self._clean_secret in clean(line)


@dataclass(slots=True)
class _Count:
    number: int
    forget_at: float


class _Counts:
    """How often each did something, with less than a pause between two times."""

    def __init__(self) -> None:
        self._counts: dict[str, _Count] = {}

    def of(self, who: str, now: float) -> int:
        count = self._counts.get(who)
        return count.number if count and now < count.forget_at else 0

    def add(self, who: str, now: float) -> int:
        number = self.of(who, now) + 1
        self._counts.pop(who, None)
        self._counts[who] = _Count(number, now + PAUSE_SECONDS)
        if len(self._counts) > MAX_GUESSERS:
            del self._counts[next(iter(self._counts))]
        return number
