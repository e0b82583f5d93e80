"""Guesses at the operators' secret: which is right, and when somebody has guessed enough.

Knows whom they come from by an opaque key only, and the time by what it is told.
"""

import hmac
from dataclasses import dataclass

from backend.room.events import POLICY_VIOLATION, Dismissed, Noticed
from backend.room.text import clean

FREE_GUESSES = 3
"""Wrong ones before there is a pause: enough for slips of the finger."""

PAUSE_SECONDS = 60.0
"""How long nothing is looked at then, and a wrong guess is remembered: at three a minute, eight
random letters take a hundred thousand years."""

MAX_GUESSES = 6
"""From this one on, within a pause, whoever guesses is shown out."""

MAX_GUESSERS = 1_000
"""Addresses remembered; the longest known is forgotten first. Whoever has more of them than this
gains little by having one forgotten."""

_NONE_HERE = "There are no operators here."
_WRONG = "That is not the secret."
_PAUSED = "Too many guesses: nothing is looked at for a minute."


@dataclass(slots=True)
class _Guesser:
    guesses: int
    forget_at: float


class Guesses:
    """The secret, and everybody's wrong guesses of the last minute.

    Args:
        secret: what operators know; None if there are none.
    """

    def __init__(self, secret: str | None) -> None:
        # As it would be typed: a line is cleaned, too.
        self._secret = clean(secret or "").encode()
        self._guessers: dict[str, _Guesser] = {}

    def refuse(self, guess: str, who: str, now: float) -> Noticed | Dismissed | None:
        """What to tell whoever made this guess; None if it is right.

        Args:
            guess: what was typed, clean.
            who: whose it is; all of one ``who``'s guesses count together.
            now: seconds on a clock that never goes back.
        """
        if not self._secret:
            return Noticed(_NONE_HERE)
        guesser = self._guessers.get(who)
        if guesser is None or now >= guesser.forget_at:
            guesser = _Guesser(0, now + PAUSE_SECONDS)
        if guesser.guesses < FREE_GUESSES:
            if hmac.compare_digest(guess.encode(), self._secret):
                return None
            guesser.forget_at = now + PAUSE_SECONDS
            answer = _WRONG
        else:
            answer = _PAUSED
        guesser.guesses += 1
        self._remember(who, guesser)
        if guesser.guesses >= MAX_GUESSES:
            return Dismissed(_PAUSED, POLICY_VIOLATION)
        return Noticed(answer)

    def _remember(self, who: str, guesser: _Guesser) -> None:
        self._guessers.pop(who, None)
        self._guessers[who] = guesser
        if len(self._guessers) > MAX_GUESSERS:
            del self._guessers[next(iter(self._guessers))]
