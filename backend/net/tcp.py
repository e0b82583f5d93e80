"""The telnet door: TCP in, with TLS or without, a conversation in telnet behind it.

Knows sockets, and whom to let in; nothing of telnet, and nothing of HTTP.
"""

import trio

from backend.logs import About
from backend.net import telnet
from backend.net.doorkeeper import REFUSALS, Doorkeeper, Refusal
from backend.net.hub import Hub
from backend.net.peer import Peer
from backend.net.tls import NoTlsError, Tls
from backend.room.events import Noticed
from backend.wire import terminal

TLS_ONLY = terminal.encode(Noticed("This port speaks telnet over TLS only."))


class TelnetDoor:
    """Handles one accepted TCP connection after the other.

    Args:
        hub: where people go.
        doorkeeper: who says whether there is room.
        page_url: where to send people who speak another protocol to this port.
        tls: what makes connections secure; None for plain telnet.
    """

    def __init__(
        self, hub: Hub, doorkeeper: Doorkeeper, page_url: str, tls: Tls | None = None
    ) -> None:
        self._hub = hub
        self._doorkeeper = doorkeeper
        self._page_url = page_url
        self._tls = tls

    async def handle(self, peer: Peer) -> None:
        """Serve one connection to its end; this is the barrier for whatever goes wrong in it."""
        try:
            with self._doorkeeper.visit() as visit:
                About(peer.id).debug("from %s", peer.address)
                visit.comes_from(peer.address)
                visit.logs_in()
                if visit.refusal is not None and self._doorkeeper.is_overrun:
                    return
                if self._tls is not None:
                    peer = await self._tls.secure(peer, TLS_ONLY)
                if visit.refusal is None:
                    await self._serve(peer, visit.origin)
                else:
                    await _turn_away(peer, visit.refusal)
        except* NoTlsError:
            pass  # the log has been told
        except* Exception:
            About(peer.id).exception("failed")

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
