"""Mail that has not left yet: an ``Outbox`` per connection, a ``MailingList`` per wire.

Pushing is synchronous and never fails, so the room never waits for a person. What many get alike
is kept once, in the list, with a mark in each outbox how far it has come: a fan-out costs nothing
per person until the Postman sends. Only mail that a connection does not take at once, or that is
for it alone, is put into its own outbox. Knows bytes, not events.
"""

from collections.abc import Callable
from typing import Protocol

import trio

MAX_BYTES = 256 * 1024
"""Mail kept for one connection beyond what the kernel holds: minutes of a busy room, and little
enough that a thousand stalled readers cost no more than 256 MiB."""

STALL_SECONDS = 20.0
"""How long a connection may take nothing at all before it is given up."""

_NOWHERE = -1


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
    """One connection's mail.

    Attributes:
        chunks: what is for it alone, or has been left over, in order; all of it comes before what
            is still to come from the mailing list.
        size: how many bytes those are.
        is_closed: whether what is pushed has no chance to arrive any more.
        is_due: whether the Postman knows that there is mail, or a task waits for the connection.
        mailing: the list it is on.
        position: how many of that list's letters it has had.
        send_now: the sink's.

    Args:
        sink: where the mail goes.
        announce: tells the Postman that there is mail.
        give_up: called once, with the reason, when the connection cannot be written to or takes
            too little; the outbox accepts and sends nothing after that.
        max_bytes: the bound on what is kept.
    """

    __slots__ = (
        *("_announce", "_empty", "_give_up", "_max_bytes", "_sink", "chunks", "is_closed"),
        *("is_due", "mailing", "position", "send_now", "size"),
    )

    def __init__(
        self,
        sink: Sink,
        announce: Callable[["Outbox"], None],
        give_up: Callable[[str], None],
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self._sink = sink
        self._announce = announce
        self._give_up = give_up
        self._max_bytes = max_bytes
        self._empty: trio.Event | None = None
        self.chunks: list[bytes] = []
        self.size = 0
        self.is_closed = False
        self.is_due = False
        self.mailing: MailingList | None = None
        self.position = 0
        self.send_now = sink.send_now

    def push(self, data: bytes) -> None:
        """Add mail for this connection alone. Never blocks, never raises."""
        self.catch_up()
        self.keep([data])

    def catch_up(self) -> None:
        """Take over what it has not had yet from its mailing list."""
        if self.mailing is not None and not self.is_closed:
            letters = self.mailing.letters_from(self.position)
            self.position = self.mailing.end
            if letters:
                self.keep(letters)

    def keep(self, letters: list[bytes]) -> None:
        """Add to its own mail."""
        if self.is_closed:
            return
        self.chunks += letters
        self.size += sum(map(len, letters))
        if self.size > self._max_bytes:
            self.fail("too slow")
        elif not self.is_due:
            self.is_due = True
            self._announce(self)

    def sent(self, count: int) -> None:
        """So many bytes of the first chunk have left."""
        if self.is_closed:
            return
        self.size -= count
        if self.size:
            self.chunks[0] = self.chunks[0][count:]
            return
        self.chunks.clear()
        self.is_due = False
        self._tell_empty()

    async def send_rest(self) -> None:
        """Write until nothing is left, waiting for the connection."""
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

    async def flushed(self) -> None:
        """Wait until all mail is in the kernel's hands (or the outbox is closed)."""
        self.catch_up()
        if self.size:
            self._empty = self._empty or trio.Event()
            await self._empty.wait()

    def fail(self, reason: str) -> None:
        """Give the connection up."""
        if not self.is_closed:
            self.close()
            self._give_up(reason)

    def close(self) -> None:
        """Throw away what is left, and whatever is pushed from now on."""
        self.is_closed = True
        self.position = _NOWHERE
        self.chunks.clear()
        self.size = 0
        self._tell_empty()

    def _tell_empty(self) -> None:
        if self._empty is not None:
            self._empty.set()
            self._empty = None


class MailingList:
    """What goes alike to many: a log, and each outbox's position in it.

    Attributes:
        outboxes: who gets it.
        end: the position behind the last letter.

    Args:
        outboxes: who gets it. A list they have been on must be closed.
        announce: tells the Postman that there is mail.
    """

    __slots__ = ("_announce", "_letters", "_start", "end", "is_due", "outboxes")

    def __init__(self, outboxes: list[Outbox], announce: Callable[["MailingList"], None]) -> None:
        self._announce = announce
        self._letters: list[bytes] = []
        self._start = 0  # the position of the first letter that is kept
        self.end = 0
        self.is_due = False
        self.outboxes = outboxes
        for outbox in outboxes:
            outbox.mailing = self
            if not outbox.is_closed:
                outbox.position = 0

    def push(self, data: bytes, but: Outbox | None = None) -> None:
        """Add mail for everybody on the list, or everybody but one."""
        if but is None or but.mailing is not self:
            self._letters.append(data)
            self.end += 1
        else:
            but.catch_up()
            self._letters.append(data)
            self.end = but.position = self.end + 1
        if not self.is_due:
            self.is_due = True
            self._announce(self)

    def pick_up(self) -> tuple[int, int, bytes]:
        """What is there now: from which position to which, and all of it in one piece."""
        self.is_due = False
        return self._start, self.end, b"".join(self._letters)

    def letters_from(self, position: int) -> list[bytes]:
        """What somebody has still to get who has come so far."""
        return self._letters[position - self._start :]

    def forget_to(self, position: int) -> None:
        """Everybody has come so far."""
        if position > self._start:
            del self._letters[: position - self._start]
            self._start = position

    def close(self) -> None:
        """Put what is left into everybody's own outbox, and have nobody on the list any more."""
        if self._letters:
            for outbox in self.outboxes:
                outbox.catch_up()
        self.forget_to(self.end)
        self.outboxes = []
