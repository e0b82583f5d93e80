"""What mail leaves through: a socket (``connection.Peer``) or any Trio stream.

Knows bytes only, and not whose they are.
"""

from collections.abc import Callable
from typing import Protocol

import trio


class Sink(Protocol):
    """Where an outbox empties into."""

    @property
    def send_now(self) -> Callable[[bytes], int]:
        """Writes without blocking; how many bytes were taken. Raises OSError, as a socket does."""

    async def send_some(self, data: bytes) -> int:
        """Wait until something can be written, write it, and return how many bytes that were.

        Raises OSError, trio.BrokenResourceError or trio.ClosedResourceError.
        """


class StreamSink:
    """A sink for any Trio stream (TLS, memory): always by way of the waiting task."""

    CHUNK = 16 * 1024
    """What counts as progress: a stream that takes this much within the stall time is alive."""

    def __init__(self, stream: trio.abc.SendStream) -> None:
        self._stream = stream

    def send_now(self, data: bytes) -> int:
        """Nothing: a stream has no way to write without waiting."""
        return 0

    async def send_some(self, data: bytes) -> int:
        """Write the next chunk."""
        chunk = data[: self.CHUNK]
        await self._stream.send_all(chunk)
        return len(chunk)
