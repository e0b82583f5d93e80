"""Mail for slow and quick alike: a bounded ``Outbox`` per connection, one ``Postman`` for all.

Pushing is synchronous, so the room never waits for a person. What was pushed in one turn of the
scheduler leaves in the next with one non-blocking send per connection, and without a task switch
per connection. A connection that will not take its mail gets a task of its own that waits until
it can be written to, and is given up when it stays stuck or the mail piles up. Knows bytes, not
events.
"""

from collections.abc import Callable
from typing import Protocol

import trio

from backend.net.turn import Turn

MAX_BYTES = 256 * 1024
"""Mail kept for one connection beyond what the kernel holds: minutes of a busy room, and little
enough that a thousand stalled readers cost no more than 256 MiB."""

STALL_SECONDS = 20.0
"""How long a connection may take nothing at all before it is given up."""


class Sink(Protocol):
    """Where an outbox empties into."""

    def send_now(self, data: bytes) -> int:
        """Write without blocking; how many bytes were taken, perhaps 0. Raises OSError."""

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


class Outbox:
    """One connection's mailbox.

    Args:
        sink: where the mail goes.
        postman: who carries it.
        give_up: called once, with the reason, when the connection cannot be written to or takes
            too little; the outbox accepts and sends nothing after that.
        max_bytes: the bound on what is kept.
    """

    __slots__ = ("_chunks", "_empty", "_give_up", "_max", "_posted", "_postman", "_sink", "size")

    def __init__(
        self,
        sink: Sink,
        postman: "Postman",
        give_up: Callable[[str], None],
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self._sink = sink
        self._postman = postman
        self._give_up: Callable[[str], None] | None = give_up
        self._max = max_bytes
        self._chunks: list[bytes] = []
        self._posted = False
        self._empty: trio.Event | None = None
        self.size = 0

    @property
    def is_open(self) -> bool:
        """Whether what is pushed still has a chance to arrive."""
        return self._give_up is not None

    def push(self, data: bytes) -> None:
        """Add mail; it leaves in the scheduler's next turn. Never blocks, never raises."""
        if self._give_up is None:
            return
        self._chunks.append(data)
        self.size += len(data)
        if self.size > self._max:
            self._fail("too slow")
        elif not self._posted:
            self._posted = True
            self._postman.post(self)

    def close(self) -> None:
        """Throw away what is left, and whatever is pushed from now on."""
        self._give_up = None
        self._chunks.clear()
        self.size = 0
        self._tell_empty()

    async def flushed(self) -> None:
        """Wait until all mail is in the kernel's hands (or the outbox is closed)."""
        if self.size:
            self._empty = self._empty or trio.Event()
            await self._empty.wait()

    def send_due(self) -> bool:
        """Write what one non-blocking send takes; whether nothing is left. For the Postman."""
        data = self._take()
        try:
            count = self._sink.send_now(data)
        except OSError:
            self._fail("connection lost")
            return True
        return self._sent(data, count)

    async def send_rest(self) -> None:
        """Write until nothing is left, waiting for the connection. For the Postman."""
        done = False
        while not done and self.is_open:
            data, count = self._take(), 0
            try:
                with trio.move_on_after(STALL_SECONDS):
                    count = await self._sink.send_some(data)
            except (OSError, trio.BrokenResourceError, trio.ClosedResourceError):
                self._fail("connection lost")
                return
            if not count:
                self._fail("too slow")
                return
            done = self._sent(data, count)

    def _take(self) -> bytes:
        data = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks.clear()
        return data

    def _sent(self, data: bytes, count: int) -> bool:
        if self._give_up is None:
            return True
        if count < len(data):
            self._chunks.insert(0, data[count:])
        self.size -= count
        if self.size:
            return False
        self._posted = False
        self._tell_empty()
        return True

    def _fail(self, reason: str) -> None:
        give_up = self._give_up
        self.close()
        if give_up is not None:
            give_up(reason)

    def _tell_empty(self) -> None:
        if self._empty is not None:
            self._empty.set()
            self._empty = None


class Postman:
    """The one task that writes to everybody."""

    def __init__(self) -> None:
        self._due: list[Outbox] = []
        self._mail = trio.Event()

    def post(self, outbox: Outbox) -> None:
        """Put an outbox on the next round. It must not be on one already."""
        self._due.append(outbox)
        self._mail.set()

    async def run(self) -> None:
        """Make rounds until cancelled."""
        async with trio.open_nursery() as waiting:
            while True:
                await self._mail.wait()
                self._mail = trio.Event()
                due, self._due = self._due, []
                turn = Turn()
                for outbox in due:
                    if outbox.is_open and not outbox.send_due():
                        waiting.start_soon(outbox.send_rest)
                    await turn.give_way()
