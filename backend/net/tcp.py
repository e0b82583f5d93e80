"""The telnet door: TCP in, with TLS or without, a conversation in telnet behind it.

Knows sockets, and whom to let in; nothing of telnet, and nothing of HTTP.
"""

import trio

from backend.logs import About
from backend.net import telnet
from backend.net.doorkeeper import REFUSALS, Doorkeeper, Refusal, Visit
from backend.net.hub import Hub
from backend.net.introduction import Introductions, NotIntroducedError
from backend.net.peer import Peer
from backend.net.tls import NoTlsError, Tls
from backend.room.events import Noticed
from backend.wire import terminal

PROXY_ONLY = terminal.encode(
    Noticed("This port expects the PROXY protocol: come by way of the proxy in front of it.")
)

TLS_ONLY = terminal.encode(Noticed("This port speaks telnet over TLS only."))


class TelnetDoor:
    """Handles one accepted TCP connection after the other.

    Args:
        hub: where people go.
        doorkeeper: who says whether there is room.
        page_url: where to send people who speak another protocol to this port.
        tls: what makes connections secure; None for plain telnet.
        introductions: who tells where connections are from; None if they themselves do.
    """

    def __init__(
        self,
        hub: Hub,
        doorkeeper: Doorkeeper,
        page_url: str,
        tls: Tls | None = None,
        introductions: Introductions | None = None,
    ) -> None:
        self._hub = hub
        self._doorkeeper = doorkeeper
        self._page_url = page_url
        self._tls = tls
        self._introductions = introductions

    async def handle(self, peer: Peer) -> None:
        """Serve one connection to its end; this is the barrier for whatever goes wrong in it."""
        try:
            with self._doorkeeper.visit() as visit:
                About(peer.id).debug("from %s", peer.address)
                if self._is_in_vain(visit):
                    return
                visit.comes_from(await self._address(peer))
                visit.logs_in()
                if self._is_in_vain(visit):
                    return
                if self._tls is not None:
                    peer = await self._tls.secure(peer, TLS_ONLY)
                if visit.refusal is None:
                    await self._serve(peer, visit.origin)
                else:
                    await _turn_away(peer, visit.refusal)
        except* (NotIntroducedError, NoTlsError):
            pass  # the log has been told
        except* Exception:
            About(peer.id).exception("failed")

    def _is_in_vain(self, visit: Visit) -> bool:
        """Whether not even a refusal can be said."""
        return visit.refusal is not None and self._doorkeeper.is_overrun

    async def _address(self, peer: Peer) -> str:
        """Where the connection is from, as far as anybody says."""
        if self._introductions is None:
            return peer.address
        address = await self._introductions.address(peer, PROXY_ONLY)
        About(peer.id).debug("on behalf of %s", address)
        return address

    async def _serve(self, peer: Peer, origin: str) -> None:
        connected = self._hub.connected("telnet", terminal.encode, peer, id=peer.id, origin=origin)
        with connected as connection:

            async def receive() -> bytes:
                data = await peer.receive()
                connection.heard = trio.current_time()
                await connection.pace.read(len(data))
                return data

            await telnet.talk(self._hub, connection, receive, self._wrong_port)
            await connection.flush()
            await peer.hang_up()

    def _wrong_port(self, protocol: str) -> str:
        """Count somebody who came to the wrong port; where to send them."""
        self._doorkeeper.turned_away("protocol")
        spoken = "plain telnet" if self._tls is None else "telnet"
        return f"This port speaks {spoken}, not {protocol}. The page is at {self._page_url}"


async def _turn_away(peer: Peer, refusal: Refusal) -> None:
    About(peer.id).info("refused: %s", refusal)
    await peer.say(terminal.encode(Noticed(f"{REFUSALS[refusal]}.")))
