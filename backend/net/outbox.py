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

BETWEEN_LOOKS = 32
"""Connections written to between two looks at the clock."""


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


class Outbox:
    """One connection's mailbox.

    Attributes:
        chunks: the mail, in order.
        size: how many bytes of it there are.
        max_size: how many it may be.
        is_closed: whether what is pushed has no chance to arrive any more.
        is_due: whether the Postman has it on a round, or waits for its connection.
        send_now: the sink's.
        waiting_for_empty: set when all mail has left.

    Args:
        sink: where the mail goes.
        postman: who carries it.
        give_up: called once, with the reason, when the connection cannot be written to or takes
            too little; the outbox accepts and sends nothing after that.
        max_bytes: the bound on what is kept.
    """

    __slots__ = (
        *("_give_up", "_postman", "_sink", "chunks", "is_closed", "is_due", "max_size"),
        *("send_now", "size", "waiting_for_empty"),
    )

    def __init__(
        self,
        sink: Sink,
        postman: "Postman",
        give_up: Callable[[str], None],
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self._sink = sink
        self._postman = postman
        self._give_up = give_up
        self.max_size = max_bytes
        self.is_closed = False
        self.chunks: list[bytes] = []
        self.size = 0
        self.is_due = False
        self.send_now = sink.send_now
        self.waiting_for_empty: trio.Event | None = None

    def push(self, data: bytes) -> None:
        """Add mail; it leaves in the scheduler's next turn. Never blocks, never raises."""
        self._postman.push_all([self], data)

    def close(self) -> None:
        """Throw away what is left, and whatever is pushed from now on."""
        self.is_closed = True
        self.chunks.clear()
        self.size = 0
        self._tell_empty()

    async def flushed(self) -> None:
        """Wait until all mail is in the kernel's hands (or the outbox is closed)."""
        if self.size:
            self.waiting_for_empty = self.waiting_for_empty or trio.Event()
            await self.waiting_for_empty.wait()

    async def send_rest(self) -> None:
        """Write until nothing is left, waiting for the connection. For the Postman."""
        while self.size:
            data, count = b"".join(self.chunks), 0
            self.chunks = [data]
            try:
                with trio.move_on_after(STALL_SECONDS):
                    count = await self._sink.send_some(data)
            except (OSError, trio.BrokenResourceError, trio.ClosedResourceError):
                self.fail("connection lost")
            else:
                self.sent(count) if count else self.fail("too slow")

    def sent(self, count: int) -> None:
        """So many bytes of the first chunk have left. For the Postman."""
        if self.is_closed:
            return
        self.size -= count
        if self.size:
            self.chunks[0] = self.chunks[0][count:]
            return
        self.chunks.clear()
        self.is_due = False
        self._tell_empty()

    def fail(self, reason: str) -> None:
        """Give the connection up. For the Postman."""
        if not self.is_closed:
            self.close()
            self._give_up(reason)

    def _tell_empty(self) -> None:
        if self.waiting_for_empty is not None:
            self.waiting_for_empty.set()
            self.waiting_for_empty = None


class Postman:
    """The one task that writes to everybody.

    What a copy costs: 3.4 us, where a C loop that sends to each costs 2.5 (a thousand members, one
    message at a time); in a burst, where many messages share a send, 0.16 us. Nearly all that is
    ours goes into calling ``socket.send`` and keeping the books on it, so the round below is one
    loop in which nothing is called that need not be. ``python -m tests.bench`` measures it anew.
    """

    def __init__(self) -> None:
        self._due: list[Outbox] = []
        self._mail = trio.Event()

    def push_all(self, outboxes: list[Outbox], data: bytes) -> None:
        """Push the same to many: ``Outbox.push`` for each, without a call for each."""
        size = len(data)
        was_idle = not self._due
        for outbox in outboxes:
            if outbox.is_closed:
                continue
            outbox.chunks.append(data)
            outbox.size += size
            if outbox.size > outbox.max_size:
                outbox.fail("too slow")
            elif not outbox.is_due:
                outbox.is_due = True
                self._due.append(outbox)
        if was_idle and self._due:
            self._mail.set()

    async def run(self) -> None:
        """Make rounds until cancelled."""
        async with trio.open_nursery() as waiting:
            while True:
                await self._mail.wait()
                self._mail = trio.Event()
                due, self._due = self._due, []
                turn = Turn()
                for start in range(0, len(due), BETWEEN_LOOKS):
                    for outbox in self._send(due[start : start + BETWEEN_LOOKS]):
                        waiting.start_soon(outbox.send_rest)
                    await turn.give_way()

    def _send(self, due: list[Outbox]) -> list[Outbox]:
        """Send to each what one non-blocking write takes; those with something left."""
        unfinished = []
        for outbox in due:
            chunks = outbox.chunks
            if not chunks:
                continue  # closed since
            if len(chunks) > 1:
                chunks[:] = [b"".join(chunks)]
            try:
                count = outbox.send_now(chunks[0])
            except BlockingIOError:
                count = 0
            except OSError:
                outbox.fail("connection lost")
                continue
            if count == outbox.size and outbox.waiting_for_empty is None:
                chunks.clear()
                outbox.size = 0
                outbox.is_due = False
            else:
                outbox.sent(count)
                if outbox.size:
                    unfinished.append(outbox)
        return unfinished
