"""How late the scheduler is: what everybody waits who waits for this process.

Knows only the clock.
"""

from collections import deque

import trio

BEAT_SECONDS = 0.5
"""How often to look; each look costs one turn of the scheduler."""

REMEMBERED_BEATS = 20
"""How many looks are remembered: whoever asks every ten seconds misses none."""

BUCKETS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Upper bounds in seconds, as Prometheus counts: people notice 0.1."""


class Pulse:
    """Beats as long as it runs.

    Attributes:
        counts: how many beats were late by at most each of BUCKETS, or more (the last).
        total: by how many seconds all of them were late.
    """

    def __init__(self) -> None:
        self._recent = deque([0.0], maxlen=REMEMBERED_BEATS)
        self.counts = [0] * (len(BUCKETS) + 1)
        self.total = 0.0

    @property
    def lateness(self) -> float:
        """By how many seconds the latest of the last few beats was late."""
        return max(self._recent)

    async def run(self) -> None:
        """Beat until cancelled."""
        while True:
            due = trio.current_time() + BEAT_SECONDS
            await trio.sleep_until(due)
            late = trio.current_time() - due
            self._recent.append(late)
            self.total += late
            self.counts[sum(late > bound for bound in BUCKETS)] += 1
