"""A token bucket: so much at once, and so much more with time.

Knows no clock: the time is handed in, in seconds of any clock. The libraries at hand start helper
threads; this is all there is to it.
"""


class TokenBucket:
    """Full at first.

    Args:
        rate: tokens that come back a second.
        burst: tokens it holds.
        now: the time.
    """

    __slots__ = ("_at", "_burst", "_level", "_rate")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._level = burst
        self._at = now

    def take(self, cost: float, now: float) -> float:
        """Take tokens, on credit if need be; how many seconds it takes to pay the debt back."""
        self._level = self._level_at(now) - cost
        self._at = now
        return max(0.0, -self._level / self._rate)

    def has(self, cost: float, now: float) -> bool:
        """Whether so much could be taken without a debt."""
        return self._level_at(now) >= cost

    def is_full(self, now: float) -> bool:
        """Whether nothing has been taken, or all has come back."""
        return self._level_at(now) >= self._burst

    @property
    def state(self) -> tuple[float, float]:
        """What has to be known to go on: how full it was, and when."""
        return self._level, self._at

    def resume(self, level: float, at: float) -> None:
        """Go on from another one's ``state``."""
        self._level, self._at = level, at

    def _level_at(self, now: float) -> float:
        # A clock that is set back brings nothing, and takes nothing.
        return min(self._burst, self._level + max(0.0, now - self._at) * self._rate)
