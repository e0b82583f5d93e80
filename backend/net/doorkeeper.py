"""Who may come in: how many at all, how many from one address, and how often.

An address is counted, not remembered: whoever needs to tell addresses apart gets an opaque key.
Knows neither telnet nor HTTP; the doors say a refusal in their own words.
"""

import hashlib
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Literal

import trio

from backend.config import Limits
from backend.room.bucket import TokenBucket

Refusal = Literal["full", "address", "logins"]

REFUSALS: dict[Refusal, str] = {
    "full": "The room is full, please try again later",
    "address": "There are too many connections from your address",
    "logins": "There were too many logins from your address, please try again in a minute",
}
"""What is told, by what the matter is."""

SPARE = 64
"""Refused connections that are still told why. Beyond these they are closed without a word."""

FETCHES_PER_SESSION = 6
"""Connections of any kind from an address, by how many sessions it may have: a browser fetches so
many things at once, and the whole classroom may open the page at the same moment."""

MAX_BUCKETS = 4_096
"""Addresses whose logins are counted at once. Those who have not logged in for a minute are
forgotten first; should an attacker have more, all are, once."""

_MINUTE = 60.0


class Visit:
    """One connection, as it is counted.

    Attributes:
        refusal: why it may not come in, if so.
        origin: an opaque key, equal for equal addresses; empty while the address is not known.
        is_session: whether it is more than a page that is being fetched.
    """

    __slots__ = ("_doorkeeper", "is_session", "origin", "refusal")

    def __init__(self, doorkeeper: "Doorkeeper") -> None:
        self._doorkeeper = doorkeeper
        self.refusal: Refusal | None = None
        self.is_session = False
        self.origin = ""

    def comes_from(self, address: str, forwarded_for: str = "") -> None:
        """Count the address, too.

        Args:
            address: the peer's.
            forwarded_for: what X-Forwarded-For says, if there is such a header.
        """
        self._doorkeeper.count_address(self, address, forwarded_for)

    def logs_in(self) -> None:
        """Count a session, and a login."""
        self._doorkeeper.count_login(self)


class Doorkeeper:
    """Counts those who are here.

    Args:
        limits: how many may be.
        trusted_proxies: how many proxies in front add to X-Forwarded-For.

    Attributes:
        trusted_proxies: likewise.
        key: what origins are made with now: at most 64 bytes, and others give other origins.
        refused: how often somebody was, by reason.
    """

    def __init__(self, limits: Limits, trusted_proxies: int = 0) -> None:
        self._limits = limits
        self.trusted_proxies = trusted_proxies
        self.key: Callable[[], bytes] = partial(bytes, secrets.token_bytes(16))
        self._by_origin: Counter[str] = Counter()
        self._logins: dict[str, TokenBucket] = {}
        self._sessions: Counter[str] = Counter()
        self._total = 0  # of those who are not refused
        self._refused_now = 0
        self._nobody_left = trio.Event()
        self.refused: Counter[str] = Counter()

    @property
    def is_full(self) -> bool:
        """Whether the next one will be refused."""
        return self._total >= self._limits.max_connections

    @contextmanager
    def visit(self) -> Iterator[Visit]:
        """Count one connection, from its first byte to its last."""
        visit = Visit(self)
        self._total += 1
        if self._total > self._limits.max_connections:
            self._refuse(visit, "full")
        try:
            yield visit
        finally:
            if visit.refusal is None:
                self._total -= 1
            else:
                self._refused_now -= 1
            _uncount(self._by_origin, visit.origin)
            if visit.is_session:
                _uncount(self._sessions, visit.origin)
            if not self._total + self._refused_now:
                self._nobody_left.set()
                self._nobody_left = trio.Event()

    @property
    def is_overrun(self) -> bool:
        """Whether there are so many who are refused that not even that can be said."""
        return self._refused_now > SPARE

    async def nobody_left(self) -> None:
        """Wait until nobody is here."""
        if self._total + self._refused_now:
            await self._nobody_left.wait()

    def turned_away(self, reason: str) -> None:
        """A door refused somebody by itself.

        Args:
            reason: one of a few, being a label of the figures.
        """
        self.refused[reason] += 1

    def count_address(self, visit: Visit, address: str, forwarded_for: str) -> None:
        """For ``Visit.comes_from``."""
        visit.origin = self._origin(_client(address, forwarded_for, self.trusted_proxies))
        self._by_origin[visit.origin] += 1
        most = self._limits.max_connections_per_address * FETCHES_PER_SESSION
        if self._by_origin[visit.origin] > most:
            self._refuse(visit, "address")

    def count_login(self, visit: Visit) -> None:
        """For ``Visit.logs_in``."""
        if visit.refusal is not None:
            return
        visit.is_session = True
        self._sessions[visit.origin] += 1
        if self._sessions[visit.origin] > self._limits.max_connections_per_address:
            self._refuse(visit, "address")
            return
        if not self._takes_login(visit.origin):
            self._refuse(visit, "logins")

    def came_elsewhere(self, origin: str, at: float) -> None:
        """Somebody has logged in at another door of the same room, on another machine perhaps.

        Args:
            origin: where they came from; see ``Visit``.
            at: Unix seconds. What is a minute ago counts no more.
        """
        if time.time() - at < _MINUTE:
            self._takes_login(origin)

    def _takes_login(self, origin: str) -> bool:
        """Count one more from there, unless it is one too many."""
        now = trio.current_time()
        bucket = self._logins.get(origin)
        if bucket is None:
            self._forget_logins(now)
            each_minute = self._limits.logins_per_minute
            bucket = TokenBucket(each_minute / _MINUTE, each_minute, now)
            self._logins[origin] = bucket
        may_come = bucket.has(1, now)
        if may_come:
            bucket.take(1, now)
        return may_come

    def _forget_logins(self, now: float) -> None:
        if len(self._logins) >= MAX_BUCKETS:
            known = self._logins.items()
            self._logins = {key: bucket for key, bucket in known if not bucket.is_full(now)}
        if len(self._logins) >= MAX_BUCKETS:
            self._logins.clear()

    def _refuse(self, visit: Visit, reason: Refusal) -> None:
        if visit.refusal is None:
            # Whoever is not let in takes no place from those who are.
            self._total -= 1
            self._refused_now += 1
            visit.refusal = reason
            self.refused[reason] += 1

    def _origin(self, address: str) -> str:
        return hashlib.blake2b(address.encode(), key=self.key(), digest_size=8).hexdigest()


def _uncount(counts: Counter[str], origin: str) -> None:
    if origin in counts:
        counts[origin] -= 1
        if not counts[origin]:
            del counts[origin]


def _client(peer: str, forwarded_for: str, trusted_proxies: int) -> str:
    """The address that counts: of an IPv6 one its /64, which is what one customer gets."""
    told = [part.strip() for part in forwarded_for.split(",")] if forwarded_for else []
    if trusted_proxies and len(told) >= trusted_proxies:
        # Each trusted proxy has added the address it saw, at the right; what stands further left
        # is only what somebody says.
        return _network(told[-trusted_proxies]) or _network(peer) or peer
    return _network(peer) or peer


def _network(told: str) -> str | None:
    """The address, or its /64; None for what is none. Some proxies add a port."""
    host = told
    if told.startswith("["):
        host = told[1:].partition("]")[0]
    elif told.count(":") == 1:
        host = told.partition(":")[0]
    try:
        address: IPv4Address | IPv6Address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is None:
            return str(IPv6Network((address, 64), strict=False))
        address = address.ipv4_mapped
    return str(address)
