"""Between people and the room: entry -> journal -> room -> outboxes.

The only place with a clock and a source of tokens: both go into the entries. Encodes each event
once per wire, however many people get it. Knows connections, but not what kind of socket or
protocol they have.
"""

import itertools
import logging
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial

import trio

from backend.journal.memory import MemoryJournal
from backend.net.connection import Connection, Encode
from backend.net.guesses import Guesses
from backend.net.notes import note
from backend.net.outbox import MailingList, Outbox
from backend.net.postman import Postman
from backend.net.sink import Sink
from backend.room.claims import claimed_secret
from backend.room.entries import Arrived, Entry, Gone, Line, Overlong, Promoted, Tick, Via
from backend.room.events import Delivery, Dismissed, Event, Person, Prompted
from backend.room.room import Room

GOING_AWAY = 1001
"""RFC 6455 (7.4.1): the server is going down."""

NEWS_SECONDS = 1.0
"""How often a crowd is told who came and went: as fast as anybody reads."""

FEW = 2
"""People who are written to one by one; more of them are an audience."""

CLOSING_TEXT = "The room is closing, come back soon"

log = logging.getLogger("playroom")


class Hub:
    """The people connected to this process, and the room they share.

    Args:
        clock: the time that goes into entries, in Unix seconds.
        new_token: makes an unguessable seat token.
        operator_secret: what makes a member an operator; None if nothing does.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.time,
        new_token: Callable[[], str] = secrets.token_urlsafe,
        operator_secret: str | None = None,
    ) -> None:
        self.postman = Postman()
        self.is_closing = False
        self._clock = clock
        self._new_token = new_token
        self._guesses = Guesses(operator_secret)
        self._room = Room()
        self._journal = MemoryJournal(self._follow)
        self._connections: dict[str, Connection] = {}
        self._audience: tuple[str, ...] = ()
        self._mailings: dict[Encode, MailingList] = {}
        self._numbers = itertools.count(1)
        self._nobody_left = trio.Event()

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

    def is_operator(self, connection: Connection) -> bool:
        """Whether this connection's member may give orders."""
        return self._room.is_operator(connection.id)

    def connected(self, via: Via, encode: Encode, sink: Sink, origin: str = "") -> Connection:
        """One connection, from its first byte to its last: the block to serve it in."""
        outbox = partial(Outbox, sink, self.postman.announce)
        number = f"c{next(self._numbers)}"
        connection = Connection(number, via, encode, outbox, self._forget, origin)
        self._connections[connection.id] = connection
        log.info("%s opened: %s", connection.id, via)
        return connection

    def adapt(self, connection: Connection, encode: Encode) -> None:
        """Encode for a connection in another way from now on."""
        if encode != connection.encode:
            connection.encode = encode
            self._forget_audience()

    def _forget(self, connection: Connection) -> None:
        del self._connections[connection.id]
        self._forget_audience()
        log.info("%s closed%s", connection.id, connection.lost and f": {connection.lost}")
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
        elif (guess := claimed_secret(line)) is not None:
            self._guessed(connection, guess)
        else:
            self._journal.record(Line(connection.id, line, self._now()))

    def _guessed(self, connection: Connection, guess: str) -> None:
        """Somebody offers a secret, which goes no further than this."""
        refusal: Event | None = Prompted("Join first")
        if self.is_member(connection):
            who = connection.origin or connection.id
            refusal = self._guesses.refuse(guess, who, trio.current_time())
        if refusal is None:
            self._journal.record(Promoted(connection.id, self._now()))
        else:
            log.info("%s refused: not an operator", connection.id)
            self._deliver(Delivery(refusal, (connection.id,)))

    def gone(self, connection: Connection) -> None:
        """Nothing more will come from somebody. Safe for one who has left already."""
        connection.is_present = False
        connection.ping = None
        if not self.is_closing:
            self._journal.record(Gone(connection.id, connection.lost, self._now()))

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
            note(entry, delivery)
            self._deliver(delivery)

    def _deliver(self, delivery: Delivery) -> None:
        event, to = delivery.event, delivery.to
        if len(to) <= FEW:
            for connection in self._connected(delivery.recipients):
                connection.outbox.push(connection.encode(event))
        else:
            mailings = self._mailings_for(to)
            spared: dict[MailingList | None, list[Outbox]] = {}
            for connection in self._connected(delivery.but):
                spared.setdefault(connection.outbox.mailing, []).append(connection.outbox)
            for encode, mailing in mailings.items():
                but = spared.get(mailing, ())
                if len(but) < len(mailing.outboxes):  # or it would be encoded for nobody
                    mailing.push(encode(event), but)
        if isinstance(event, Dismissed):
            for connection in self._connected(to):
                connection.dismiss(event.code, event.text)

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
