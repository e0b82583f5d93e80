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
from backend.net.outbox import MailingList, Outbox
from backend.net.postman import Postman
from backend.net.sink import Sink
from backend.room.entries import Arrived, Entry, Gone, Line, Overlong, Tick, Via
from backend.room.events import (
    Delivery,
    Dismissed,
    Event,
    Left,
    Person,
    Prompted,
    Renamed,
    Welcomed,
)
from backend.room.room import Room
from backend.wire.people import some

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
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.time,
        new_token: Callable[[], str] = secrets.token_urlsafe,
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

    def connected(self, via: Via, encode: Encode, sink: Sink) -> Connection:
        """One connection, from its first byte to its last: the block to serve it in."""
        outbox = partial(Outbox, sink, self.postman.announce)
        connection = Connection(f"c{next(self._numbers)}", via, encode, outbox, self._forget)
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
            self._show_out([c.id for c in self.connections if c.is_present and not c.goodbye])
            await self._nobody_left.wait()

    # --- what comes of it ---

    def _follow(self, entry: Entry) -> None:
        for delivery in self._room.apply(entry):
            if isinstance(delivery.event, _LOGGED):
                _log(entry, delivery.event)
            self._deliver(delivery)

    def _deliver(self, delivery: Delivery) -> None:
        event, to = delivery.event, delivery.to
        if len(to) <= FEW:
            for connection in self._connected(delivery.recipients):
                if data := self._encode(event, connection.encode, (connection.id,)):
                    connection.outbox.push(data)
        else:
            spared = self._connections.get(delivery.but) if delivery.but else None
            for encode, mailing in self._mailings_for(to).items():
                if data := self._encode(event, encode, to):
                    mailing.push(data, but=spared.outbox if spared else None)
        if isinstance(event, Dismissed):
            for connection in self._connected(to):
                connection.dismiss(event.code, event.text)

    def _encode(self, event: Event, encode: Encode, to: Iterable[str]) -> bytes:
        """The event for one wire; nothing if that fails, which ends whoever of ``to`` is on it.

        Whoever caused the event, and whoever gets it by another wire, has no part in the fault.
        """
        try:
            return encode(event)
        except Exception:
            struck = [c for c in self._connected(to) if c.encode == encode]
            ids = some([connection.id for connection in struck], len(struck))
            log.exception("a %s could not be encoded for %s", type(event).__name__, ids)
            for connection in struck:
                connection.drop("")
            return b""

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


_LOGGED = (Welcomed, Prompted, Renamed, Left)


def _log(entry: Entry, event: Event) -> None:
    # Never what people wrote, and that includes the reason somebody gives for leaving.
    match entry, event:
        case Line(connection), Welcomed(nick=nick):
            log.info("%s joined: %s", connection, nick)
        case Line(connection) | Overlong(connection), Prompted(str(reason)):
            log.info("%s refused: %s", connection, reason)
        case Line(connection), Renamed(old=old, new=new):
            log.info("%s renamed: %s to %s", connection, old, new)
        case Line(connection), Left(nick=nick):
            log.info("%s left: %s (quit)", connection, nick)
        case Gone(connection, reason), Left(nick=nick):
            log.info("%s left: %s%s", connection, nick, reason and f" ({reason})")
