"""The telnet door: raw TCP in, a session behind it.

A thin shell: the codec knows telnet, the session knows the room. Knows nothing of HTTP but the
hint for people who came to the wrong port.
"""

import logging
from collections.abc import Sequence

import trio

from backend.net.connection import Connection, Peer
from backend.net.hub import Hub
from backend.net.session import converse
from backend.wire import telnet, terminal

log = logging.getLogger("playroom")


class TelnetDoor:
    """Handles one accepted TCP connection after the other.

    Args:
        hub: where people go.
        page_url: where to send people who speak HTTP to this port.
    """

    def __init__(self, hub: Hub, page_url: str) -> None:
        self._hub = hub
        self._page_url = page_url

    async def handle(self, accepted: trio.SocketStream) -> None:
        """Serve one connection to its end; this is the barrier for whatever goes wrong in it."""
        peer = Peer(accepted)
        try:
            with self._hub.connected("telnet", terminal.encode, peer) as connection:
                await converse(self._hub, connection, _Lines(peer, connection, self._page_url))
                await connection.flush()
                await peer.hang_up()
        except* Exception:
            log.exception("a telnet connection failed")
        finally:
            peer.reset()


class _Lines:
    """The lines that come in; calling it is ``session.Receive``."""

    def __init__(self, peer: Peer, connection: Connection, page_url: str) -> None:
        self._peer = peer
        self._connection = connection
        self._page_url = page_url
        self._codec = telnet.Telnet()
        self._is_first = True

    async def __call__(self) -> Sequence[str | None]:
        while data := await self._peer.receive():
            self._connection.heard = trio.current_time()
            if lines := self._codec.feed(data):
                if self._is_first and telnet.is_http_request(lines[0] or ""):
                    self._send_to_the_page()
                    return []
                self._is_first = False
                return lines
        return []

    def _send_to_the_page(self) -> None:
        hint = f"This port speaks telnet. The page is at {self._page_url}"
        self._connection.outbox.push(f"{terminal.END}{hint}{terminal.END}".encode())
        log.info("%s refused: HTTP on the telnet port", self._connection.id)
