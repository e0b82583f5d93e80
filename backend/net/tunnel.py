"""The tunnel: ``/telnet``, a websocket that carries the raw telnet stream in binary messages.

So telnet comes through routers that pass HTTP only. A bridge that speaks ``RESUMES`` also has a
browser's way back to its seat: its first message is text, ``/resume TOKEN SINCE WHISPERS`` or
nothing, and ours that are text are cues (``frames.cue``), each about the binary message behind it.
Knows websockets only through ``websocket``, and telnet only through ``telnet``.
"""

from collections.abc import Awaitable, Sequence
from functools import partial

from backend.net import telnet
from backend.net.connection import Connection, Ping
from backend.net.doorkeeper import Visit
from backend.net.hub import Hub
from backend.net.peer import Peer
from backend.net.websocket import PING, Receive, admit, is_offered, speak
from backend.room.codes import POLICY_VIOLATION
from backend.room.commands import Resume, parse_at_the_door
from backend.room.events import Event, Prompted
from backend.wire import frames, terminal

SUBPROTOCOL = "telnet.mudstandards.org"
"""The MUD community's name for this; a peer that does not ask for it is served all the same."""

RESUMES = "playroom.telnet"
"""Our own: the same, and the seat can be resumed. Preferred wherever it is offered."""

MAX_MESSAGE_BYTES = 16 * 1024
"""Largest message kept: more than a terminal sends at once; above it the close code is 1009."""

MAX_PIECES = 1_024
"""Most pieces of one message; programs that send keys one by one do so in messages."""

_PLAIN = telnet.Packed(terminal.encode, frames.binary)
_WITH_CUES = telnet.Packed(terminal.encode, frames.binary, frames.cue)


class Tunnel:
    """Handles one websocket upgrade after the other.

    Args:
        hub: where people go.
        ping: how to keep them alive.
    """

    def __init__(self, hub: Hub, ping: Ping = PING) -> None:
        self._hub = hub
        self._ping = ping

    def handle(self, peer: Peer, visit: Visit, head: bytes, rest: bytes) -> Awaitable[None]:
        """See ``door.Handles``."""
        resumes = is_offered(RESUMES, head)
        encode = _unprompted if resumes else _PLAIN
        connection = self._hub.connected("telnet", encode, peer, id=peer.id, origin=visit.origin)
        connection.ping = self._ping
        connection.resumes = resumes
        talk = partial(self._talk, connection, _WITH_CUES if resumes else _PLAIN)
        return speak(
            peer,
            connection,
            head,
            rest,
            partial(self._begun if resumes else _bytes, connection),
            admit(connection, visit.refusal, talk),
            MAX_MESSAGE_BYTES,
            MAX_PIECES,
            RESUMES if resumes else SUBPROTOCOL,
        )

    async def _talk(
        self, connection: Connection, packed: telnet.Packed, receive: Receive[bytes]
    ) -> None:
        async def stream() -> bytes:
            # A bridge's beginning is read when the prompt that it is not to see has been made.
            await self._hub.patience.settled(connection)
            while messages := await receive():
                if data := b"".join(messages):
                    return data
            return b""

        await telnet.talk(self._hub, connection, stream, _wrong_port, packed)

    def _begun(self, connection: Connection, messages: Sequence[str | bytes]) -> Sequence[bytes]:
        """The bytes of a bridge, whose first message says how it begins: as a line at the door."""
        if connection.encode is not _unprompted:
            return _bytes(connection, messages)
        first, *others = messages
        if not isinstance(first, str) or not _is_beginning(first):
            connection.dismiss(POLICY_VIOLATION, f"{RESUMES} begins with /resume or empty text.")
            return []
        self._hub.adapt(connection, _WITH_CUES)
        if first:
            return [f"{first}\r\n".encode(), *_bytes(connection, others)]
        connection.tell(Prompted())
        return [b"", *_bytes(connection, others)]  # what the client says is its first word


def _unprompted(event: Event) -> bytes:
    """Ask for no name before it is known whether there is a seat to resume."""
    return b"" if isinstance(event, Prompted) else _WITH_CUES(event)


def _is_beginning(message: str) -> bool:
    return not message or isinstance(parse_at_the_door(message), Resume)


def _wrong_port(protocol: str) -> str:
    return f"This websocket carries telnet, not {protocol}. The page is at / of this host."


def _bytes(connection: Connection, messages: Sequence[str | bytes]) -> Sequence[bytes]:
    binary = [message for message in messages if isinstance(message, bytes)]
    if len(binary) < len(messages):
        connection.dismiss(POLICY_VIOLATION, "Binary messages only, please.")
    return binary
