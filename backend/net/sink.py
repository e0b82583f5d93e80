"""What mail leaves through: a socket (``peer.Peer``), with TLS or without.

Knows bytes only, and not whose they are.
"""

from collections.abc import Callable
from typing import Protocol


class Sink(Protocol):
    """Where an outbox empties into."""

    @property
    def send_now(self) -> Callable[[bytes], int]:
        """Writes without blocking; how many bytes were taken. Raises OSError, as a socket does.

        What was not taken is what has to come next, if anything does.
        """

    async def send_some(self, data: bytes) -> int:
        """Wait until something can be written, write it, and return how many bytes that were.

        Raises OSError, trio.BrokenResourceError or trio.ClosedResourceError.
        """
