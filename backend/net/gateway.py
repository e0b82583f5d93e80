"""The websocket door: ``/ws``. One text message is one line; events go out as JSON.

Knows nothing of telnet or of the page, and the protocol only through ``websocket``.
"""

from collections.abc import Awaitable, Sequence
from functools import partial

from backend.net.connection import Connection
from backend.net.doorkeeper import Visit
from backend.net.hub import Hub
from backend.net.peer import Peer
from backend.net.session import converse
from backend.net.websocket import PING, admit, speak
from backend.room.codes import POLICY_VIOLATION
from backend.wire import frames

MAX_MESSAGE_LENGTH = 16 * 1024
"""Largest message kept, in characters (the library's default is 1 MiB): beyond what a line may be,
so that the room gets to say what its limit is; above it the close code 1009 says so."""

MAX_PIECES = 4 * 1024
"""Most pieces of one message: the longest line with each of its bytes in a frame of its own."""


class Gateway:
    """Handles one websocket upgrade after the other.

    Args:
        hub: where people go.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def handle(self, peer: Peer, visit: Visit, head: bytes, rest: bytes) -> Awaitable[None]:
        """See ``door.Handles``."""
        connection = self._hub.connected(
            "web", frames.encode, peer, id=peer.id, origin=visit.origin
        )
        connection.ping = PING
        take = partial(_lines, connection)
        talk = admit(connection, visit.refusal, partial(converse, self._hub, connection))
        return speak(peer, connection, head, rest, take, talk, MAX_MESSAGE_LENGTH, MAX_PIECES)


def _lines(connection: Connection, messages: Sequence[str | bytes]) -> Sequence[str]:
    """One message is one line."""
    lines = [message for message in messages if isinstance(message, str)]
    if len(lines) < len(messages):
        connection.dismiss(POLICY_VIOLATION, "Text messages only, please.")
    return lines
