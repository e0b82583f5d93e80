"""Between people and the room: entry -> journal -> room -> outboxes.

The only place with a clock and a source of tokens: both go into the entries. Encodes each event
once per wire, however many people get it. Knows connections, but not what kind of socket or
protocol they have.
"""

import itertools
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial

import trio

from backend.config import UNLIMITED, Limits
from backend.journal.memory import MemoryJournal
from backend.logs import About
from backend.net.connection import Connection, Encode
from backend.net.diary import LOGGED, write
from backend.net.outbox import MailingList, Outbox
from backend.net.postman import Postman
from backend.net.sink import Sink
from backend.room.entries import Arrived, Entry, Gone, Line, Overlong, Tick, Via
from backend.room.events import (
    Acted,
    Delivery,
    Dismissed,
    Person,
    Said,
    Whispered,
)
from backend.room.room import Room

GOING_AWAY = 1001
"""RFC 6455 (7.4.1): the server is going down."""

NEWS_SECONDS = 1.0
"""How often a crowd is told who came and went: as fast as anybody reads."""

FEW = 2
"""People who are written to one by one; more of them are an audience."""

CLOSING_TEXT = "The room is closing, come back soon"


class Hub:
    """The people connected to this process, and the room they share.

    Args:
        clock: the time that goes into entries, in Unix seconds.
        new_token: makes an unguessable seat token.
        limits: what one may do.

    Attributes:
        postman: who has to run for anything to arrive.
        is_closing: whether everybody is being shown out.
        messages: how much was said to everybody, by kind.
        deliveries: how many copies of events were handed out.
        delivered_bytes: how many bytes these had.
        ended: how many connections did not just leave, by reason.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.time,
        new_token: Callable[[], str] = secrets.token_urlsafe,
        limits: Limits = UNLIMITED,
    ) -> None:
        self.postman = Postman()
        self.is_closing = False
        self._clock = clock
        self._new_token = new_token
        self._room = Room()
        self._journal = MemoryJournal(self._follow)
        self._connections: dict[str, Connection] = {}
        self._audience: tuple[str, ...] = ()
        self._mailings: dict[Encode, MailingList] = {}
        self._limits = limits
        self._numbers = itertools.count(1)
        self._nobody_left = trio.Event()
        self.messages: Counter[str] = Counter()
        self.deliveries = self.delivered_bytes = 0
        self.ended: Counter[str] = Counter()

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

    def connected(
        self, via: Via, encode: Encode, sink: Sink, *, id: str = "", origin: str = ""
    ) -> Connection:
        """One connection, from its first byte to its last: the block to serve it in.

        Args:
            via: the door it came through.
            encode: makes its bytes of an event.
            sink: where they go.
            id: what the log calls it; none for the next number.
            origin: where it comes from, as an opaque key, equal for equal addresses.
        """
        id = id or f"h{next(self._numbers)}"
        outbox = partial(Outbox, sink, self.postman.announce)
        connection = Connection(id, origin, via, encode, outbox, self._forget, self._limits)
        self._connections[connection.id] = connection
        About(connection.id).info("opened: %s", via)
        return connection

    def adapt(self, connection: Connection, encode: Encode) -> None:
        """Encode for a connection in another way from now on."""
        if encode != connection.encode:
            connection.encode = encode
            self._forget_audience()

    def _forget(self, connection: Connection) -> None:
        del self._connections[connection.id]
        self._forget_audience()
        if connection.reason:
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
        self._journal.record(Arrived(connection.id, connection.via, self._new_token(), self._now()))

    def heard(self, connection: Connection, line: str | None) -> None:
        """Somebody sent a line; None for one that was too long to keep."""
        if line is None:
            self._journal.record(Overlong(connection.id, self._now()))
        else:
            self._journal.record(Line(connection.id, line, self._now()))

    def gone(self, connection: Connection) -> None:
        """Nothing more will come from somebody. Safe for one who has left already."""
        connection.is_present = False
        connection.ping = None
        if not self.is_closing:
            self._journal.record(Gone(connection.id, connection.reason, self._now()))

    async def keep_time(self) -> None:
        """In a crowd, tell who came and went, once a second; until cancelled."""
        while True:
            await trio.sleep(NEWS_SECONDS)
            if self._room.has_news and not self.is_closing:
                self._journal.record(Tick(self._now()))

    async def close(self) -> None:
        """Tell everybody, show them out, and wait until the last one is gone.

        Nobody is told that the others leave: everybody does.
        """
        self.is_closing = True
        if self._connections:
            self._show_out([c.id for c in self.connections if c.is_present])
            await self._nobody_left.wait()

    # --- what comes of it ---

    def _follow(self, entry: Entry) -> None:
        for delivery in self._room.apply(entry):
            if isinstance(delivery.event, LOGGED):
                write(entry, delivery.event)
            self._deliver(delivery)

    def _deliver(self, delivery: Delivery) -> None:
        event, to = delivery.event, delivery.to
        if isinstance(event, Said | Acted | Whispered):
            self.messages[type(event).__name__.lower()] += 1
        if len(to) <= FEW:
            for connection in self._connected(delivery.recipients):
                data = connection.encode(event)
                connection.outbox.push(data)
                self._count(1, data)
        else:
            spared = self._connections.get(delivery.but) if delivery.but else None
            for encode, mailing in self._mailings_for(to).items():
                data = encode(event)
                mailing.push(data, but=spared.outbox if spared else None)
                self._count(len(mailing.outboxes), data)
        if isinstance(event, Dismissed):
            for connection in self._connected(to):
                connection.dismiss(event.code, event.text)

    def _count(self, copies: int, data: bytes) -> None:
        self.deliveries += copies
        self.delivered_bytes += copies * len(data)

    def _connected(self, ids: Iterable[str]) -> Iterator[Connection]:
        return filter(None, map(self._connections.get, ids))

    def _mailings_for(self, ids: tuple[str, ...]) -> dict[Encode, MailingList]:
        """The mailing lists of an audience, by wire.

        The room hands out the same tuple for as long as the same people are in it; so nearly
        always the lists are there already.
        """
        if ids is not self._audience:
            self._forget_audience()
            outboxes: dict[Encode, list[Outbox]] = {}
            for connection in self._connected(ids):
                outboxes.setdefault(connection.encode, []).append(connection.outbox)
            self._audience = ids
            self._mailings = {
                encode: MailingList(each, self.postman.announce_mailing)
                for encode, each in outboxes.items()
            }
        return self._mailings

    def _forget_audience(self) -> None:
        for mailing in self._mailings.values():
            mailing.close()
        self._audience, self._mailings = (), {}

    def _show_out(self, ids: Iterable[str]) -> None:
        self._deliver(Delivery(Dismissed(CLOSING_TEXT, GOING_AWAY), tuple(ids)))

    def _now(self) -> float:
        return round(self._clock(), 3)
