"""The tunnel: ``/telnet``, a websocket that carries the raw telnet stream in binary messages.

So telnet comes through routers that pass HTTP only. Knows websockets only through ``websocket``,
and telnet only through ``telnet``.
"""

from collections.abc import Awaitable, Sequence
from functools import partial

from backend.net import telnet
from backend.net.connection import Connection
from backend.net.doorkeeper import Visit
from backend.net.hub import Hub
from backend.net.peer import Peer
from backend.net.websocket import PING, Receive, admit, speak
from backend.room.codes import POLICY_VIOLATION
from backend.wire import frames, terminal

SUBPROTOCOL = "telnet.mudstandards.org"
"""The MUD community's name for this; a peer that does not ask for it is served all the same."""

MAX_MESSAGE_BYTES = 16 * 1024
"""Largest message kept: more than a terminal sends at once; above it the close code is 1009."""

MAX_PIECES = 1_024
"""Most pieces of one message; programs that send keys one by one do so in messages."""


class Tunnel:
    """Handles one websocket upgrade after the other.

    Args:
        hub: where people go.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def handle(self, peer: Peer, visit: Visit, head: bytes, rest: bytes) -> Awaitable[None]:
        """See ``door.Handles``."""
        encode = telnet.Packed(terminal.encode, frames.binary)
        connection = self._hub.connected("telnet", encode, peer, id=peer.id, origin=visit.origin)
        connection.ping = PING
        return speak(
            peer,
            connection,
            head,
            rest,
            partial(_bytes, connection),
            admit(connection, visit.refusal, partial(self._talk, connection)),
            MAX_MESSAGE_BYTES,
            MAX_PIECES,
            SUBPROTOCOL,
        )

    async def _talk(self, connection: Connection, receive: Receive[bytes]) -> None:
        async def stream() -> bytes:
            while messages := await receive():
                if data := b"".join(messages):
                    return data
            return b""

        await telnet.talk(self._hub, connection, stream, _wrong_port, frames.binary)


def _wrong_port(protocol: str) -> str:
    return f"This websocket carries telnet, not {protocol}. The page is at / of this host."


def _bytes(connection: Connection, messages: Sequence[str | bytes]) -> Sequence[bytes]:
    binary = [message for message in messages if isinstance(message, bytes)]
    if len(binary) < len(messages):
        connection.dismiss(POLICY_VIOLATION, "Binary messages only, please.")
    return binary
