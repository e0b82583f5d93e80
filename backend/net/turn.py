"""A fair share of the scheduler's time for work that never has to wait.

Sending to thousands, or applying a pasted book, awaits nothing by itself; without a pause in it,
reading, pings and logins would starve. Knows no work in particular.
"""

from time import perf_counter

import trio

TURN_SECONDS = 0.005
"""How long one task may go on: a person notices 100 ms, and there may be ten such tasks."""


class Turn:
    """One task's turn, beginning now."""

    def __init__(self) -> None:
        self._ends = perf_counter() + TURN_SECONDS

    async def give_way(self) -> None:
        """Let the others have theirs, if this one has lasted long enough."""
        if perf_counter() > self._ends:
            await trio.lowlevel.checkpoint()
            self._ends = perf_counter() + TURN_SECONDS
