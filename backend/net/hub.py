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
from backend.net.postman import Postman
from backend.net.sink import Sink
from backend.room.claims import WITHHELD, claimed_secret, has_claim
from backend.room.codes import GOING_AWAY
from backend.room.deliveries import Delivery
from backend.room.entries import Arrived, Entry, Gone, Line, Overlong, Promoted, Tick, Via, Withheld
from backend.room.events import Dismissed, Event, Noticed, Person, Prompted

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
        dispatch: what was said to whom, in figures.
        is_closing: whether everybody is being shown out.
        ended: how many connections we ended against their will, by reason.
        backstage: whether a member's line was for this process and not for the room; what it asks
            for is then done, and the journal never has it.
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
        self._clock = clock
        self._new_token = new_token
        self._guesses = Guesses(operator_secret)
        make = make_journal or MemoryJournal
        self.chronicle = Chronicle(make, self._tell, self._now, limits.grace)
        self._room, self._journal = self.chronicle.room, self.chronicle.journal
        self._connections: dict[str, Connection] = {}
        self._limits = limits
        self._numbers = itertools.count(1)
        self._nobody_left = trio.Event()
        self.dispatch = Dispatch(self._connections, self.postman)
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
            return
        token, origin = self._new_token(), connection.origin
        self._journal.record(Arrived(connection.id, connection.via, token, self._now(), origin))

    def heard(self, connection: Connection, line: str | None) -> None:
        """Somebody sent a line; None for one that was too long to keep."""
        if line is None:
            self._journal.record(Overlong(connection.id, self._now()))
        elif line == TYPING and self.is_member(connection):
            self._deliver(self._room.typing(connection.id, self._now()))
        elif (guess := claimed_secret(line)) is not None:
            self._guessed(connection, guess)
        elif has_claim(line):
            self._withhold(connection, WITHHELD)
        elif self.is_operator(connection) and self._guesses.is_given_away(line):
            self._withhold(connection, GIVEN_AWAY)
        elif self.is_member(connection) and self.backstage(connection, line):
            self._journal.record(Withheld(connection.id, self._now()))
        else:
            self._journal.record(Line(connection.id, line, self._now()))

    def _guessed(self, connection: Connection, guess: str) -> None:
        """Somebody offers a secret, which goes no further than this."""
        self._journal.record(Withheld(connection.id, self._now()))
        refusal: Event | None = Prompted("Join first")
        if self.is_member(connection):
            who = connection.origin or connection.id
            refusal = self._guesses.refuse(guess, who, connection.id, trio.current_time())
        if refusal is None:
            self._journal.record(Promoted(connection.id, self._now()))
        else:
            About(connection.id).info("refused: not an operator")
            self.dispatch.deliver(Delivery(refusal, (connection.id,)))

    def _withhold(self, connection: Connection, why: str) -> None:
        self._journal.record(Withheld(connection.id, self._now()))
        answer: Event = Prompted(why.removesuffix("."))
        if self.is_member(connection):
            answer = Noticed(why, refused=True)
        self.dispatch.deliver(Delivery(answer, (connection.id,)))

    def gone(self, connection: Connection) -> None:
        """Nothing more will come from somebody. Safe for one who has left already."""
        connection.is_present = False
        connection.ping = None
        self.dispatch.changed(connection)  # whose seat may be kept, and is written to no more
        if not self.is_closing:
            now = self._now()
            until = now + self._limits.grace if connection.may_return else 0.0
            self._journal.record(Gone(connection.id, connection.reason, now, until))

    async def keep_time(self) -> None:
        """Each second tell who came and went in a crowd, and who has not come back."""
        while True:
            await trio.sleep(NEWS_SECONDS)
            if not self.is_closing and self._room.is_due(now := self._now()):
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
            note(entry, delivery)
        self._deliver(deliveries)

    def _deliver(self, deliveries: Iterable[Delivery]) -> None:
        for delivery in deliveries:
            self.dispatch.deliver(delivery)

    def _show_out(self, ids: Iterable[str]) -> None:
        self.dispatch.deliver(Delivery(Dismissed(CLOSING_TEXT, GOING_AWAY), tuple(ids)))

    def _now(self) -> float:
        return round(self._clock(), 3)
