"""One connection: its outbox, its pace, and the two ways it ends.

Either it is *dismissed*: it stops being read, gets the rest of its mail and a goodbye. Or it is
*dropped*: everything about it is cancelled and the socket is reset. Knows neither protocol nor
room.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import trio

from backend.config import Limits
from backend.logs import About
from backend.net.outbox import CONNECTION_LOST, TOO_SLOW, Outbox
from backend.net.pace import Pace
from backend.room.codes import POLICY_VIOLATION, TRY_AGAIN_LATER
from backend.room.entries import Via
from backend.room.events import Dismissed, Event, Noticed

FLUSH_SECONDS = 3.0
"""How long a dismissed connection may take over the mail it still has."""

NO_ANSWER = "no answer"
"""Why a connection ends that answers no ping."""

TOO_FAST = "That is faster than the room reads. The rest of it comes slowly."
FLOODING = "That was far too much at once. Goodbye."

Encode = Callable[[Event], bytes]
"""Makes the bytes of an event for one kind of connection."""


@dataclass(frozen=True, slots=True)
class Ping:
    """How to keep a connection alive.

    Attributes:
        data: what to send.
        every: seconds between two of them.
        answer_within: seconds the peer may take to send something in return; None if it need not.
    """

    data: bytes
    every: float
    answer_within: float | None = None


def obey_nothing(_: str) -> bool:
    """For a peer that has no terminal."""
    return False


class Connection:
    """What the hub knows of one connection; a block in which it is served.

    Dropping it ends the block quietly.

    Attributes:
        id: unique in this process.
        origin: where it comes from, as an opaque key, equal for equal addresses.
        via: the door it came through.
        encode: makes this connection's bytes of an event. Connections that share the function
            share its results.
        outbox: where its mail goes.
        reading: the scope around waiting for its lines; cancelled when it is dismissed.
        life: the scope around all of its handler; cancelled when it is dropped.
        goodbye: once dismissed, the websocket close code and what to say.
        reason: why it ended, unless the person just left.
        went_away: whether a browser hung up because its page is left or loaded again.
        resumes: whether it knows how to take a seat again; a browser does.
        is_returning: whether it has asked for one, and there was no answer yet.
        pace: how fast it is read.
        is_present: whether a session is going on: events are for nobody before and after it.
        ping: how to keep it alive; None to leave that to TCP.
        fault: what its handler is to raise; only the theatre has it do so.
        heard: when something last came, in trio's seconds.
        pinged: when a ping was last sent, likewise.
        since: when it began, likewise.
        task: the one that serves it.
        unsettled: how much of what it did has not come of it yet; with what follows, see
            ``patience``.
        answers: those to lines that are withheld, in their order.
        settled: what its session waits for.
        obey: obeys a line that is for its terminal, and not for the room; whether it was.

    Args:
        make_outbox: given what to call when the outbox gives up, the outbox.
        forget: called when the block has ended.
        limits: what it may do.
    """

    __slots__ = (
        *("_forget", "answers", "encode", "fault", "goodbye", "heard", "id", "is_present"),
        *("is_returning", "life", "obey"),
        *("origin", "outbox", "pace", "ping", "pinged", "reading", "reason", "resumes", "settled"),
        *("since", "task", "unsettled", "via", "went_away"),
    )

    def __init__(
        self,
        id: str,
        origin: str,
        via: Via,
        encode: Encode,
        make_outbox: Callable[[Callable[[str | Exception], None]], Outbox],
        forget: Callable[["Connection"], None],
        limits: Limits,
    ) -> None:
        self.id = id
        self.origin = origin
        self.via = via
        self.encode = encode
        self.outbox = make_outbox(self.drop)
        self.reading = trio.CancelScope()
        self.life = trio.CancelScope()
        self.goodbye: tuple[int, str] | None = None
        self.reason = ""
        self.went_away = False
        self.resumes = via == "web"
        self.is_returning = False
        self.pace = Pace(limits.line_rate, limits.line_burst, self)
        self.is_present = False
        self.obey: Callable[[str], bool] = obey_nothing
        self.ping: Ping | None = None
        self.fault: Exception | None = None
        self.since = self.heard = self.pinged = trio.current_time()
        self.task = trio.lowlevel.current_task()
        self.unsettled = 0
        self.answers: deque[Event] | None = None
        self.settled: trio.Event | None = None
        self._forget = forget

    # Not a generator with @contextmanager: that would keep three more objects per connection.

    def __enter__(self) -> Self:
        self.life.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        try:
            return self.life.__exit__(kind, error, traceback)
        finally:
            self.outbox.close()
            self._forget(self)

    @property
    def may_return(self) -> bool:
        """Whether it ended in a way that a person need not have meant."""
        if self.goodbye is not None:  # to come again for a seat that it then has, perhaps
            return self.is_returning and self.goodbye[0] == TRY_AGAIN_LATER
        is_lost = self.reason in (CONNECTION_LOST, NO_ANSWER, TOO_SLOW)
        return self.resumes and (is_lost or self.went_away)

    def tell(self, event: Event) -> None:
        """Something for this connection alone."""
        self.outbox.push(self.encode(event))

    def dismiss(self, code: int, text: str, reason: str = "") -> None:
        """Read no more; what is in the outbox still leaves."""
        self.goodbye = self.goodbye or (code, text)
        self.reason = self.reason or reason
        self.reading.cancel()

    def show_out(self, code: int, text: str, reason: str) -> None:
        """Say why, and dismiss."""
        if self.goodbye is None:
            self.tell(Dismissed(text, code))
            self.dismiss(code, text, reason)

    def warn(self) -> None:
        """See ``pace.Paced``."""
        self.tell(Noticed(TOO_FAST))

    def close(self) -> None:
        """See ``pace.Paced``."""
        self.show_out(POLICY_VIOLATION, FLOODING, "flooding")

    def drop(self, why: str | Exception) -> None:
        """End everything about this connection now.

        Args:
            why: what the others are told; or a fault of ours, which only the log is told.
        """
        if isinstance(why, Exception):
            About(self.id).error("failed", exc_info=why)
        else:
            self.reason = self.reason or why
        self.outbox.close()
        self.life.cancel()

    def fail(self, fault: Exception) -> None:
        """Have the handler itself raise this, as soon as it would read."""
        self.fault = fault
        self.reading.cancel()

    async def flush(self) -> None:
        """Wait until the mail has left, but no longer than ``FLUSH_SECONDS``."""
        with trio.move_on_after(FLUSH_SECONDS):
            await self.outbox.flushed()
