"""Deliveries into outboxes: each event encoded once per wire, however many people get it.

Knows which connections there are and how each wants its events; not what the events mean.
"""

import logging
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from backend.net.connection import Connection, Encode
from backend.net.outbox import MailingList, Outbox
from backend.net.postman import Postman
from backend.room.deliveries import Delivery
from backend.room.events import Acted, Dismissed, Event, Said, Welcomed, Whispered
from backend.wire.people import some

log = logging.getLogger("playroom")

FEW = 2
"""People who are written to one by one; more of them are an audience."""


class Dispatch:
    """Hands out what comes of the room.

    Args:
        connections: everybody connected, by id; kept by the hub.
        postman: who carries it.

    Attributes:
        messages: how much was said, by kind.
        copies: how many copies of events were handed out.
        bytes: how many bytes these had.
    """

    def __init__(self, connections: Mapping[str, Connection], postman: Postman) -> None:
        self._connections = connections
        self._postman = postman
        self._audience: tuple[str, ...] = ()
        self._mailings: dict[Encode, MailingList] = {}
        self.messages: Counter[str] = Counter()
        self.copies = self.bytes = 0

    def deliver(self, delivery: Delivery) -> None:
        """Push it to everybody it is for; whoever is dismissed by it is read no more."""
        event, to = delivery.event, delivery.to
        if isinstance(event, Said | Acted | Whispered):
            self.messages[type(event).__name__.lower()] += 1
        if len(to) <= FEW:
            self.hand_out(event, self._connected(delivery.recipients))
        else:
            self._broadcast(delivery)
        if isinstance(event, Dismissed):
            for connection in self._connected(to):
                connection.dismiss(event.code, event.text, event.reason)
        elif isinstance(event, Welcomed):
            for connection in self._connected(to):
                connection.reading.deadline = math.inf  # no hurry any more

    def hand_out(self, event: Event, connections: Iterable[Connection]) -> None:
        """Push it to each of these by itself: people who are no audience to be remembered."""
        by_wire: dict[Encode, list[Connection]] = {}
        for connection in connections:
            by_wire.setdefault(connection.encode, []).append(connection)
        for encode, alike in by_wire.items():
            data = self._encode(event, encode, [connection.id for connection in alike])
            for connection in alike:
                connection.outbox.push(data)
            self._count(len(alike), data)

    def _broadcast(self, delivery: Delivery) -> None:
        mailings = self._mailings_for(delivery.to)
        spared: dict[MailingList | None, list[Outbox]] = {}
        for connection in self._connected(delivery.but):
            spared.setdefault(connection.outbox.mailing, []).append(connection.outbox)
        for encode, mailing in mailings.items():
            but = spared.get(mailing, ())
            copies = len(mailing.outboxes) - len(but)
            if copies:
                data = self._encode(delivery.event, encode, delivery.to)
                mailing.push(data, but)
                self._count(copies, data)

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

    def _count(self, copies: int, data: bytes) -> None:
        self.copies += copies
        self.bytes += copies * len(data)

    def _connected(self, ids: Iterable[str]) -> Iterator[Connection]:
        found = map(self._connections.get, ids)
        return (connection for connection in found if connection and connection.is_present)

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
                encode: MailingList(each, self._postman.announce_mailing)
                for encode, each in outboxes.items()
            }
        return self._mailings

    def changed(self, connection: Connection) -> None:
        """Somebody is here no more, or wants events encoded in another way."""
        if connection.outbox.mailing is not None:
            self._forget_audience()

    def _forget_audience(self) -> None:
        for mailing in self._mailings.values():
            mailing.close()
        self._audience, self._mailings = (), {}
