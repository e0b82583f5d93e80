"""Flood control for one connection: slower reading first, then a word, then the door.

A token is a line, or as many bytes of anything else (pings, key strokes, negotiation, a line
without an end). Whoever spends more than there is waits, and is not read meanwhile, so that the
network holds the rest back; nothing is lost. Knows neither telnet nor websockets.
"""

from typing import Protocol

import trio

from backend.room.bucket import TokenBucket

BYTES_PER_TOKEN = 8 * 1024
"""A line of 1,000 characters in UTF-8, with what frames and telnet add, costs half a token more
than a short one."""

WARN_SECONDS = 5.0
"""Waiting after which somebody is told why the room seems slow. A paste of 20 lines comes near."""

CLOSE_SECONDS = 30.0
"""Waiting after which a connection is closed: a paste of 70 lines is let through, and no more. It
is also less than a browser may leave a ping unanswered, which it must while it is not read."""


class Paced(Protocol):
    """Whoever goes too fast."""

    def warn(self) -> None:
        """It has been slowed down for a while."""

    def close(self) -> None:
        """It went on nevertheless."""


class Pace:
    """How fast one peer may go on.

    Args:
        rate: tokens a second.
        burst: tokens at once.
        peer: whose pace it is.
    """

    __slots__ = ("_bucket", "_peer", "_until", "_waited")

    def __init__(self, rate: float, burst: float, peer: Paced) -> None:
        self._bucket = TokenBucket(rate, burst, trio.current_time())
        self._peer = peer
        self._waited = 0.0  # since the bucket was last full
        self._until = 0.0  # when the last wait ends

    async def line(self) -> None:
        """The peer has sent a line: wait until there is a token for it."""
        await self._spend(1.0)

    async def read(self, count: int) -> None:
        """The peer has sent so many bytes: wait until there is enough for them."""
        await self._spend(count / BYTES_PER_TOKEN)

    async def _spend(self, cost: float) -> None:
        now = trio.current_time()
        if self._waited and self._bucket.is_full(now):
            self._waited = 0.0
        debt = self._bucket.take(cost, now)
        if not debt:
            return
        # Two tasks may wait at once, one for bytes and one for lines: the time counts once.
        before, until = self._waited, now + debt
        self._waited += max(0.0, until - max(now, self._until))
        self._until = until
        if self._waited >= CLOSE_SECONDS:
            self._peer.close()
        elif before < WARN_SECONDS <= self._waited:
            self._peer.warn()
        await trio.sleep(debt)
