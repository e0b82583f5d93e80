"""The front door: one port for the page and the websockets.

Reads one request head, bounded in size and time, and decides once: a websocket upgrade of ``/ws``
or ``/telnet`` goes to its gateway, everything else to the site. A connection carries one request,
without a body: the site is given the head that was understood here, never the peer's own bytes, and
nothing that came after it, so nothing can hide in a body or behind a first request. Knows neither
the room nor the page.
"""

import re
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import partial
from http import HTTPStatus
from typing import Protocol

import h11
import trio

from backend.logs import About
from backend.net import answers, upgrade
from backend.net.doorkeeper import Doorkeeper, Refusal, Visit
from backend.net.newcomers import Newcomers
from backend.net.peer import Peer
from backend.net.site import Site
from backend.net.tls import NoTlsError, Tls

MAX_HEAD_BYTES = 16 * 1024
"""Largest request head: browsers with many cookies send 8 KiB."""

HEAD_SECONDS = 10.0
"""How long a request head may take; a browser's comes in one piece."""

RELAY_SECONDS = 60.0
"""How long one answer may take to leave: the whole page over a bad phone connection."""

HTTPS_ONLY = answers.short(
    HTTPStatus.BAD_REQUEST, text="This port speaks HTTPS only: its addresses begin with https://"
)

_STATUS: dict[Refusal, HTTPStatus] = {
    "full": HTTPStatus.SERVICE_UNAVAILABLE,
    "address": HTTPStatus.TOO_MANY_REQUESTS,
    "logins": HTTPStatus.TOO_MANY_REQUESTS,
}

_ABSOLUTE_FORM = re.compile(rb"^https?://[^/]*")
"""What a request to a proxy begins with; every server has to take it (RFC 9112, 3.2.2)."""


class Handles(Protocol):
    """Serves websockets."""

    def handle(self, peer: Peer, visit: Visit, head: bytes, rest: bytes) -> Awaitable[None]:
        """Serve one connection to its end.

        Args:
            peer: its socket.
            visit: whether it may come in.
            head: its request, made by ``upgrade.handshake``.
            rest: what was read beyond the request's head.
        """


class FrontDoor:
    """Handles one accepted connection after the other.

    Args:
        gateways: where websockets go, by path.
        site: where everything else goes.
        doorkeeper: who says whether there is room.
        allowed_origins: see ``upgrade.is_from_here``.
        tls: what makes connections secure; None to leave that to a proxy in front.
    """

    def __init__(
        self,
        gateways: Mapping[bytes, Handles],
        site: Site,
        doorkeeper: Doorkeeper,
        allowed_origins: Collection[str] = (),
        tls: Tls | None = None,
    ) -> None:
        self._gateways = gateways
        self._site = site
        self._doorkeeper = doorkeeper
        self._allowed_origins = allowed_origins
        self._tls = tls
        self._newcomers = Newcomers()

    async def handle(self, peer: Peer) -> None:
        """Serve one connection to its end; this is the barrier for whatever goes wrong in it."""
        try:
            with self._doorkeeper.visit() as visit:
                About(peer.id).debug("from %s", peer.address)
                if not self._doorkeeper.trusted_proxies:
                    visit.comes_from(peer.address)
                if visit.refusal is not None and self._doorkeeper.is_overrun:
                    return
                if self._tls is not None:
                    peer = await self._tls.secure(peer, HTTPS_ONLY)
                await (await self._decide(peer, visit))()
        except* (trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # the peer went away in the middle of a request: its right
        except* NoTlsError:
            pass  # the log has been told
        except* Exception:
            About(peer.id).exception("failed")

    def close(self) -> None:
        """Wait no longer for those who have asked nothing yet."""
        self._newcomers.close()

    async def _decide(self, peer: Peer, visit: Visit) -> Callable[[], Awaitable[None]]:
        """Read the request, and say what is to be done; the request itself is then forgotten."""
        asked: _Asked | HTTPStatus | None = HTTPStatus.REQUEST_TIMEOUT
        with self._newcomers.wait(HEAD_SECONDS):
            asked = await _read_head(peer)
        if asked is None:
            return peer.hang_up
        if isinstance(asked, HTTPStatus):
            return self._refuse(peer, asked)
        request = asked.request
        refuse = partial(self._refuse, peer, method=request.method)
        if (status := _fault(request)) is not None:
            return refuse(status)
        if self._doorkeeper.trusted_proxies:
            told = [value for name, value in request.headers if name == b"x-forwarded-for"]
            visit.comes_from(peer.address, b",".join(told).decode("latin-1"))
        path = request.target.partition(b"?")[0]
        if not upgrade.is_upgrade(request):
            if visit.refusal and path != b"/healthz":
                return refuse(_STATUS[visit.refusal], is_counted=True)
            return partial(self._relay, peer, request)
        gateway = self._gateways.get(path)
        if gateway is None:
            return refuse(HTTPStatus.NOT_FOUND)
        if (status := upgrade.fault(request)) is not None:
            return refuse(status)
        is_secure = self._tls is not None
        if not upgrade.is_from_here(request, self._allowed_origins, is_secure=is_secure):
            return refuse(HTTPStatus.FORBIDDEN)
        visit.logs_in()
        return partial(gateway.handle, peer, visit, upgrade.handshake(request), asked.rest)

    def _refuse(
        self, peer: Peer, status: HTTPStatus, method: bytes = b"GET", is_counted: bool = False
    ) -> Callable[[], Awaitable[None]]:
        if not is_counted:
            self._doorkeeper.turned_away(str(status.value))
        About(peer.id).info("refused: %d %s", status, status.phrase)
        return partial(peer.say, answers.short(status, method))

    async def _relay(self, peer: Peer, request: h11.Request) -> None:
        with trio.move_on_after(RELAY_SECONDS):
            try:
                await self._site.answer(request, peer.send_all)
            except OSError:  # no descriptor left for the way to the site
                await self._refuse(peer, HTTPStatus.SERVICE_UNAVAILABLE)()
            else:
                await peer.hang_up()


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request, and what came behind its head."""

    request: h11.Request
    rest: bytes


async def _read_head(peer: Peer) -> _Asked | HTTPStatus | None:
    """What is asked for; a status if it makes no sense, None if nothing was asked."""
    parser = h11.Connection(h11.SERVER)
    size = 0
    while True:
        data = await peer.receive()
        size += len(data)
        if size > MAX_HEAD_BYTES:
            return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
        try:
            parser.receive_data(data)
            event = parser.next_event()
        except h11.RemoteProtocolError as error:
            return HTTPStatus(error.error_status_hint)
        if isinstance(event, h11.Request):
            target = _ABSOLUTE_FORM.sub(b"", event.target) or b"/"
            return _Asked(replace(event, target=target), parser.trailing_data[0])
        if event is not h11.NEED_DATA:
            return None


def _fault(request: h11.Request) -> HTTPStatus | None:
    """What to refuse a request with; None if it makes sense here."""
    if request.http_version not in (b"1.0", b"1.1"):
        return HTTPStatus.HTTP_VERSION_NOT_SUPPORTED
    if request.method.decode() not in answers.ALLOWED:
        return HTTPStatus.METHOD_NOT_ALLOWED
    headers = dict(request.headers)
    if headers.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in headers:
        return HTTPStatus.BAD_REQUEST  # a body here is for some other server, or another request
    return None if request.target.startswith(b"/") else HTTPStatus.BAD_REQUEST
