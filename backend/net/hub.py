"""Between people and the room: entry -> journal -> room -> outboxes.

The only place with a clock and a source of tokens: both go into the entries. Knows connections, but
not what kind of socket or protocol they have.
"""

import itertools
import logging
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial

import trio

from backend.config import UNLIMITED, Limits
from backend.journal.journal import MakeJournal
from backend.journal.memory import MemoryJournal
from backend.logs import About
from backend.net.chronicle import Chronicle
from backend.net.connection import Connection, Encode
from backend.net.dispatch import Dispatch
from backend.net.guesses import GIVEN_AWAY, Guesses
from backend.net.notes import note
from backend.net.outbox import CONNECTION_LOST, Outbox
from backend.net.patience import NOT_SENT, Patience
from backend.net.postman import Postman
from backend.net.sink import Sink
from backend.room.claims import WITHHELD, claimed_secret, has_claim
from backend.room.codes import GOING_AWAY
from backend.room.deliveries import Delivery
from backend.room.entries import Arrived, Entry, Gone, Line, Overlong, Promoted, Tick, Via, Withheld
from backend.room.events import Dismissed, Event, Person, Prompted

NEWS_SECONDS = 1.0
"""How often a crowd is told who came and went: as fast as anybody reads."""

TYPING = "/typing"
"""What a page says while somebody types: passed on, and nothing to remember."""

CLOSING_TEXT = "The room is closing, come back soon"

log = logging.getLogger("playroom")


class Hub:
    """The people connected to this process, and the room they share.

    Args:
        clock: the time that goes into entries, in Unix seconds.
        new_token: makes an unguessable seat token.
        limits: what one may do.
        operator_secret: what makes a member an operator; None if nothing does.
        make_journal: makes the log behind the room; None for one that ends with the process.

    Attributes:
        postman: who has to run for anything to arrive.
        chronicle: who has to run before anybody may come.
        patience: what has been done that has not come of it yet.
        dispatch: what was said to whom, in figures.
        is_closing: whether everybody is being shown out.
        ended: how many connections we ended against their will, by reason.
        backstage: obeys a member's line if it is for this process only; whether it was.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.time,
        new_token: Callable[[], str] = secrets.token_urlsafe,
        limits: Limits = UNLIMITED,
        operator_secret: str | None = None,
        make_journal: MakeJournal | None = None,
    ) -> None:
        self.postman = Postman()
        self.is_closing = False
        self._clock, self._new_token = clock, new_token
        self._guesses = Guesses(operator_secret)
        make = make_journal or MemoryJournal
        self.chronicle = Chronicle(make, self._tell, self._now, limits.grace)
        self._room, self._journal = self.chronicle.room, self.chronicle.journal
        self._connections: dict[str, Connection] = {}
        self._limits = limits
        self._numbers = itertools.count(1)
        self._nobody_left = trio.Event()
        self.dispatch = Dispatch(self._connections, self.postman)
        self.patience = Patience(self._journal, self._connections, self._show, self.is_member)
        self.chronicle.scatter = self.patience.scatter
        self.ended: Counter[str] = Counter()
        self.backstage: Callable[[Connection, str], bool] = lambda connection, line: False

    @property
    def connections(self) -> Iterable[Connection]:
        """Everybody connected, let in or not."""
        return self._connections.values()

    @property
    def total(self) -> int:
        """How many are in the room."""
        return self._room.total

    def members(self, limit: int) -> tuple[Person, ...]:
        """The first of those in the room, in the order they came in."""
        return self._room.members(limit)

    def is_member(self, connection: Connection) -> bool:
        """Whether this connection has been let in."""
        return self._room.is_member(connection.id)

    def nick_of(self, connection: Connection) -> str | None:
        """What this connection's member is called; None if nobody has been let in by it."""
        return self._room.nick_of(connection.id)

    def is_operator(self, connection: Connection) -> bool:
        """Whether this connection's member may give orders."""
        return self._room.is_operator(connection.id)

    def connected(
        self, via: Via, encode: Encode, sink: Sink, *, id: str = "", origin: str = ""
    ) -> Connection:
        """One connection, from its first byte to its last: the block to serve it in.

        Args:
            via: the door it came through.
            encode: makes its bytes of an event.
            sink: where they go.
            id: unique in this process; none for the next number.
            origin: where it comes from, as an opaque key, equal for equal addresses.
        """
        # Others write the same log, and so did we before: not even a "c1" may come twice.
        id = f"{self._journal.prefix}{id or f'c{next(self._numbers)}'}"
        outbox = partial(Outbox, sink, self.postman.announce)
        connection = Connection(id, origin, via, encode, outbox, self._forget, self._limits)
        self._connections[connection.id] = connection
        About(connection.id).info("opened: %s", via)
        return connection

    def adapt(self, connection: Connection, encode: Encode) -> None:
        """Encode for a connection in another way from now on."""
        if encode != connection.encode:
            connection.encode = encode
            self.dispatch.changed(connection)

    def _forget(self, connection: Connection) -> None:
        del self._connections[connection.id]
        self.dispatch.changed(connection)
        if connection.reason not in ("", CONNECTION_LOST):
            self.ended[connection.reason] += 1
        About(connection.id).info("closed%s", connection.reason and f": {connection.reason}")
        if self.is_closing and not self._connections:
            self._nobody_left.set()

    # --- what people do ---

    def arrived(self, connection: Connection) -> None:
        """Somebody is at the door: ask for a name."""
        connection.is_present = True
        if self.is_closing:
            self._show_out([connection.id])
        elif self.patience.is_here(connection):
            id, via, origin = connection.id, connection.via, connection.origin
            arrived = Arrived(id, via, self._new_token(), self._now(), origin, connection.resumes)
            self.patience.record(connection, arrived)

    def heard(self, connection: Connection, line: str | None) -> None:
        """Somebody sent a line; None for one that was too long to keep."""
        now = self._now()
        if line == TYPING and connection.via == "web" and self.is_member(connection):
            for delivery in self._room.typing(connection.id, now):
                self.dispatch.deliver(delivery)
        elif self.patience.is_at_end(connection):
            self.patience.withhold(connection, line or "", now, NOT_SENT)
        elif line is None:
            self.patience.record(connection, Overlong(connection.id, now))
        elif (guess := claimed_secret(line)) is not None:
            self._guessed(connection, guess, now)
        elif has_claim(line):
            self.patience.withhold(connection, line, now, WITHHELD)
        elif self.is_operator(connection) and self._guesses.is_given_away(line):
            self.patience.withhold(connection, line, now, GIVEN_AWAY)
        elif self.is_member(connection) and (
            connection.obey(line) or self.backstage(connection, line)
        ):
            self.patience.record(connection, Withheld(connection.id, now))
        else:
            self.patience.record(connection, Line(connection.id, line, now))

    def _guessed(self, connection: Connection, guess: str, now: float) -> None:
        """Somebody offers a secret, which goes no further than this."""
        no: Event | None = Prompted("Join first")
        if self.is_member(connection):
            who = connection.origin or connection.id
            no = self._guesses.refuse(guess, who, connection.id, trio.current_time())
        self.patience.record(connection, Withheld(connection.id, now), no)
        if no is None:
            self.patience.record(connection, Promoted(connection.id, now))
        else:
            About(connection.id).info("refused: not an operator")

    def gone(self, connection: Connection) -> None:
        """Nothing more will come from somebody. Safe for one who has left already."""
        connection.is_present = False
        connection.ping = None
        self.dispatch.changed(connection)  # whose seat may be kept, and is written to no more
        if not self.is_closing:
            now = self._now()
            until = now + self._limits.grace if connection.may_return else 0.0
            self.patience.record(connection, Gone(connection.id, connection.reason, now, until))

    async def keep_time(self) -> None:
        """Each second tell who came and went in a crowd, and who has not come back."""
        while True:
            await trio.sleep(NEWS_SECONDS)
            self.patience.look()
            is_idle = self.is_closing or self._journal.is_away
            if not is_idle and self._room.is_due(now := self._now()):
                try:
                    self._journal.record(Tick(now))
                except Exception:  # the house goes on without this news
                    log.exception("the news failed")

    async def close(self) -> None:
        """Tell everybody, show them out, and wait until the last one is gone.

        Nobody is told that the others leave: everybody does.
        """
        self.is_closing = True
        if self._connections:
            self._show_out([c.id for c in self.connections if c.is_present and not c.goodbye])
            await self._nobody_left.wait()

    # --- what comes of it ---

    def _tell(self, entry: Entry, deliveries: Iterable[Delivery]) -> None:
        for delivery in deliveries:
            if self.chronicle.is_ours(entry):
                note(entry, delivery)
            self.dispatch.deliver(delivery)
        self.patience.followed(entry)

    def _show_out(self, ids: Iterable[str]) -> None:
        self.dispatch.deliver(Delivery(Dismissed(CLOSING_TEXT, GOING_AWAY), tuple(ids)))

    def _show(self, event: Event, connection: Connection) -> None:
        self.dispatch.deliver(Delivery(event, (connection.id,)))

    def _now(self) -> float:
        return round(self._clock(), 3)
