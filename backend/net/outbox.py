"""Mail that has not left yet: an ``Outbox`` per connection, a ``MailingList`` per wire.

Pushing is synchronous and never fails, so the room never waits for a person. What many get alike
is kept once, in their list, which knows how far each of them has come: a fan-out costs nothing per
person until the Postman sends. Only mail for one alone, or that a connection did not take at once,
is put into its own outbox, and is bounded there. Knows bytes, not events.
"""

from collections.abc import Callable, Sequence

import trio

from backend.net.sink import Sink

MAX_BYTES = 256 * 1024
"""Mail kept for one connection beyond what the kernel holds: minutes of a busy room, and little
enough that a thousand stalled readers cost no more than 256 MiB."""

CONNECTION_LOST, TOO_SLOW = "connection lost", "too slow"
"""What the others read of somebody whose connection has ended by itself, or did not keep up."""

STALL_SECONDS = 20.0
"""How long a connection may take nothing at all before it is given up."""

APART = -1
"""The position of an outbox that has mail of its own, which is to be sent before the list's."""

_LOST = (OSError, trio.BrokenResourceError, trio.ClosedResourceError)
"""What a sink raises when the peer is gone; anything else is a fault of ours."""


class Outbox:
    """One connection's mail.

    Attributes:
        chunks: what is for it alone, or has been left over, in order; all of it comes before what
            is still to come from the mailing list.
        size: how many bytes those are.
        is_closed: whether what is pushed has no chance to arrive any more.
        is_due: whether the Postman knows that there is mail, or a task waits for the connection.
        mailing: the list it is on, if any.
        seat: its place there.
        send_now: the sink's.

    Args:
        sink: where the mail goes.
        announce: tells the Postman that there is mail.
        give_up: called once, with the reason or with what was raised, when the connection cannot
            be written to or takes too little; the outbox accepts and sends nothing after that.
        max_bytes: the bound on what is kept.
    """

    __slots__ = (
        *("_announce", "_empty", "_give_up", "_max_bytes", "_sink", "chunks", "is_closed"),
        *("is_due", "mailing", "seat", "send_now", "size"),
    )

    def __init__(
        self,
        sink: Sink,
        announce: Callable[["Outbox"], None],
        give_up: Callable[[str | Exception], None],
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
        self.seat = 0
        self.send_now = sink.send_now

    def write_to(self, sink: Sink) -> None:
        """Write there from now on."""
        self._sink, self.send_now = sink, sink.send_now
        if self.mailing is not None:
            self.mailing.sends[self.seat] = sink.send_now

    def push(self, data: bytes) -> None:
        """Add mail for this connection alone. Never blocks, never raises."""
        self.catch_up()
        self.keep([data])

    def catch_up(self) -> None:
        """Take over what it has not had yet from its mailing list."""
        if self.mailing is not None and (letters := self.mailing.letters_for(self.seat)):
            self.keep(letters)

    def keep(self, letters: list[bytes]) -> None:
        """Add to its own mail."""
        if self.is_closed:
            return
        if self.mailing is not None:
            self.mailing.set_apart(self.seat)
        self.chunks += letters
        self.size += sum(map(len, letters))
        if self.size > self._max_bytes:
            self.fail(TOO_SLOW)
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
        if self.mailing is not None:
            self.mailing.fall_in(self.seat)
        self._tell_empty()

    async def send_rest(self) -> None:
        """Write until nothing is left, waiting for the connection."""
        try:
            while self.size:
                data, count = b"".join(self.chunks), 0
                self.chunks = [data]
                with trio.move_on_after(STALL_SECONDS):
                    count = await self._sink.send_some(data)
                self.sent(count) if count else self.fail(TOO_SLOW)
        except Exception as error:
            self.fail(error)

    async def flushed(self) -> None:
        """Wait until all mail is in the kernel's hands (or the outbox is closed)."""
        self.catch_up()
        if self.size:
            self._empty = self._empty or trio.Event()
            await self._empty.wait()

    def fail(self, why: str | Exception) -> None:
        """Give the connection up: for a reason, or for what was raised when writing to it."""
        if not self.is_closed:
            self.close()
            self._give_up(CONNECTION_LOST if isinstance(why, _LOST) else why)

    def close(self) -> None:
        """Throw away what is left, and whatever is pushed from now on."""
        self.is_closed = True
        if self.mailing is not None:
            self.mailing.set_apart(self.seat)
        self.chunks.clear()
        self.size = 0
        self._tell_empty()

    def _tell_empty(self) -> None:
        if self._empty is not None:
            self._empty.set()
            self._empty = None


class MailingList:
    """What goes alike to many: a log, and how far in it each of them has come.

    What the Postman must know of each outbox stands in columns, with a row for each seat: going
    down two lists takes a tenth less time than visiting objects all over the memory.

    Attributes:
        outboxes: who gets it.
        sends: their ``send_now``.
        positions: how many letters each has had; APART while it has mail of its own.

    Args:
        outboxes: who gets it; each is on no other list.
        announce: tells the Postman that there is mail.
    """

    __slots__ = (
        *("_announce", "_apart", "_end", "_is_due", "_letters", "_start", "outboxes"),
        *("positions", "sends"),
    )

    def __init__(self, outboxes: list[Outbox], announce: Callable[["MailingList"], None]) -> None:
        self._announce = announce
        self._letters: list[bytes] = []
        self._start = 0  # the position before the first letter that is kept
        self._end = 0  # the one behind the last
        self._is_due = False
        self._apart: dict[int, int] = {}  # seat -> position, of those apart
        self.outboxes = outboxes
        self.sends = [outbox.send_now for outbox in outboxes]
        self.positions = [0] * len(outboxes)
        for seat, outbox in enumerate(outboxes):
            outbox.mailing, outbox.seat = self, seat
            if outbox.chunks or outbox.is_closed:
                self.set_apart(seat)

    def push(self, data: bytes, but: Sequence[Outbox] = ()) -> None:
        """Add mail for everybody on the list, ``but`` these; the work is in their number only."""
        spared = [outbox for outbox in but if outbox.mailing is self]
        for outbox in spared:
            outbox.catch_up()
        self._letters.append(data)
        self._end += 1
        if not self._is_due:
            self._is_due = True
            self._announce(self)
        for outbox in spared:
            self._move(outbox.seat, self._end)

    def pick_up(self) -> tuple[int, int, bytes]:
        """What is there now: from which position to which, and all of it in one piece."""
        self._is_due = False
        return self._start, self._end, b"".join(self._letters)

    def picked_up(self, position: int) -> None:
        """Everybody has come so far."""
        if position > self._start:
            del self._letters[: position - self._start]
            self._start = position

    def letters_for(self, seat: int) -> list[bytes]:
        """What is still to come for one of them, who has had it now."""
        position = self._apart.get(seat, self.positions[seat])
        self._move(seat, self._end)
        return self._letters[position - self._start :]

    def set_apart(self, seat: int) -> None:
        """One of them has mail of its own now."""
        if seat not in self._apart:
            self._apart[seat] = self.positions[seat]
            self.positions[seat] = APART

    def fall_in(self, seat: int) -> None:
        """One of them has no mail of its own any more."""
        self.positions[seat] = self._apart.pop(seat)

    def _move(self, seat: int, position: int) -> None:
        if seat in self._apart:
            self._apart[seat] = position
        else:
            self.positions[seat] = position

    def close(self) -> None:
        """Put what is left into everybody's own outbox, and let them go."""
        for outbox in self.outboxes:
            outbox.catch_up()
            outbox.mailing = None
        self.picked_up(self._end)
        self.outboxes, self.sends, self.positions = [], [], []
