"""The websocket door: ``/ws``. One text message is one line; events go out as JSON.

Knows nothing of telnet or of the page, and the protocol only through ``websocket``.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from functools import partial

from backend.logs import About
from backend.net.connection import Connection, Ping
from backend.net.doorkeeper import REFUSALS, Refusal, Visit
from backend.net.hub import Hub
from backend.net.peer import Peer
from backend.net.session import converse
from backend.net.websocket import Receive, speak
from backend.room.events import POLICY_VIOLATION
from backend.wire import frames

MAX_MESSAGE_LENGTH = 16 * 1024
"""Largest message kept, in characters (the library's default is 1 MiB): beyond what a line may be,
so that the room gets to say what its limit is; above it the close code 1009 says so."""

MAX_PIECES = 4 * 1024
"""Most pieces of one message: the longest line with each of its bytes in a frame of its own."""

PING = Ping(frames.PING, every=25.0, answer_within=20.0)
"""Proxies cut a connection that is silent for about 55 seconds."""


TRY_AGAIN_LATER = 1013
"""RFC 6455 (7.4.1), and the registry it begins."""


class Gateway:
    """Handles one websocket upgrade after the other.

    Args:
        hub: where people go.
        allowed_origins: exact origins whose pages may connect; empty for the page of this host.
    """

    def __init__(self, hub: Hub, allowed_origins: Collection[str]) -> None:
        self._hub = hub
        self._allowed_origins = frozenset(allowed_origins)

    def allows(self, origin: str | None, host: str) -> bool:
        """Whether a request with these headers may open a websocket.

        Browsers always send an Origin; without one it is a program, and not led by a stranger's
        page.
        """
        if origin is None:
            return True
        if self._allowed_origins:
            return origin in self._allowed_origins
        # Behind a proxy the scheme is the proxy's; the host is what tells one site from another.
        return origin in (f"http://{host}", f"https://{host}")

    def handle(self, peer: Peer, visit: Visit, head: bytes, rest: bytes) -> Awaitable[None]:
        """Serve one connection to its end.

        Args:
            peer: its socket.
            visit: whether it may come in.
            head: its request, made by ``upgrade.handshake``.
            rest: what was read beyond the request's head.
        """
        connection = self._hub.connected(
            "web", frames.encode, peer, id=peer.id, origin=visit.origin
        )
        connection.ping = PING
        take = partial(_lines, connection)
        talk: Callable[[Receive[str]], Awaitable[None]]
        if visit.refusal is None:
            talk = partial(converse, self._hub, connection)
        else:
            talk = partial(_turn_away, connection, visit.refusal)
        return speak(peer, connection, head, rest, take, talk, MAX_MESSAGE_LENGTH, MAX_PIECES)


async def _turn_away(connection: Connection, refusal: Refusal, _: Receive[str]) -> None:
    # Not before the websocket is open: only then can a page be told why.
    About(connection.id).info("refused: %s", refusal)
    connection.dismiss(TRY_AGAIN_LATER, REFUSALS[refusal])


def _lines(connection: Connection, messages: Sequence[str | bytes]) -> Sequence[str]:
    """One message is one line."""
    lines = [message for message in messages if isinstance(message, str)]
    if len(lines) < len(messages):
        connection.dismiss(POLICY_VIOLATION, "Text messages only, please.")
    return lines
