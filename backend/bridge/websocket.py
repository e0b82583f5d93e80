"""A client's end of a websocket that carries a stream of bytes, and text for the ends themselves.

wsproto takes the protocol apart; this moves the bytes. Not trio-websocket's client: that waits for
ever for an answer which never comes or makes no sense, drops what arrives behind our own close, and
reads on into a queue. Here whoever wants bytes reads the socket, so a slow reader slows the sender
down, and what was on its way when we hang up still arrives. Knows nothing of telnet.
"""

import io
from collections import deque
from contextlib import suppress

import trio
import wsproto.events as events
from wsproto import ConnectionType, WSConnection
from wsproto.connection import ConnectionState
from wsproto.utilities import ProtocolError

from backend.room.codes import NORMAL_CLOSURE

RESUMES = "playroom.telnet"
"""The subprotocol of rooms that let us resume a seat; see ``net.tunnel``."""

SUBPROTOCOL = "telnet.mudstandards.org"
"""The one of everybody else, in which there is no text."""

MAX_MESSAGE_BYTES = 512 * 1024
"""Twice what a room keeps for anybody."""

READ_BYTES = 16 * 1024

SILENCE_SECONDS = 45.0
"""How long a server may say nothing while it is listened to: it answers a ping within 20."""

PING_SECONDS = 25.0
"""Routers cut what is silent for 55; and a server that pings less often than we is pinged."""

GOODBYE_SECONDS = 1.0
"""How long a server may take to take our last words in, if somebody waits for us to end."""

PROTOCOL_ERROR, UNSUPPORTED, LOST, TOO_BIG = 1002, 1003, 1006, 1009
"""RFC 6455, 7.4.1."""


NO_WEBSOCKET = "what the room sends is no websocket"


class EndedError(Exception):
    """The websocket has ended.

    Attributes:
        code: RFC 6455, 7.4.1; 1006 if it was lost.
        reason: in the server's words, or ours.
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


class RejectedError(Exception):
    """The server answered, and not with a websocket.

    Attributes:
        status: of its answer; None if that was no HTTP, or nothing.
        location: where it sends us, if anywhere.
    """

    def __init__(self, status: int | None, location: str = "") -> None:
        super().__init__(status, location)
        self.status = status
        self.location = location


class Websocket:
    """Bytes in binary messages. Pings are answered while somebody receives.

    Attributes:
        resumes: whether the server has chosen the subprotocol with which a seat can be resumed.

    Args:
        stream: a connection to the server, which has not been used.
    """

    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream
        self._protocol = WSConnection(ConnectionType.CLIENT)
        self._events: deque[events.Event] = deque()
        self._sending = trio.Lock()
        self.resumes = False

    async def open(self, authority: str, path: str) -> None:
        """Shake hands.

        Raises:
            RejectedError: the server does not want to, or does not know how.
        """
        await self._send(
            events.Request(host=authority, target=path, subprotocols=[RESUMES, SUBPROTOCOL]),
        )
        try:
            answer = await self._next()
        except EndedError:
            raise RejectedError(None) from None
        match answer:
            case events.AcceptConnection(subprotocol=subprotocol):
                self.resumes = subprotocol == RESUMES
                return
            case events.RejectConnection(status_code=status, headers=headers):
                location = dict(headers).get(b"location", b"").decode("latin-1")
                raise RejectedError(status, location)
        raise RejectedError(None)

    async def receive(self) -> bytes | str:
        """Wait for a message, which is never empty: half of one would be seen again when resumed.

        Raises:
            EndedError: there are no more.
        """
        text, data = io.StringIO(), io.BytesIO()
        while True:
            match await self._next():
                case events.TextMessage() if not self.resumes:
                    raise EndedError(UNSUPPORTED, "what the room sends is no telnet")
                case events.TextMessage() as piece:
                    text.write(piece.data)
                    if piece.message_finished and text.tell():
                        return text.getvalue()
                case events.BytesMessage() as piece:
                    data.write(piece.data)
                    if piece.message_finished and data.tell():
                        return data.getvalue()
                case events.Ping() as ping if self._protocol.state is ConnectionState.OPEN:
                    await self._send(ping.response())
                case events.CloseConnection(code=code, reason=reason) as close:
                    if self._protocol.state is ConnectionState.REMOTE_CLOSING:
                        await self._send(close.response())
                    elif self._protocol.state is not ConnectionState.CLOSED:
                        reason = NO_WEBSOCKET  # nobody closes: it is the library's own complaint
                    raise EndedError(int(code), reason or "")
            if text.tell() + data.tell() > MAX_MESSAGE_BYTES:
                raise EndedError(TOO_BIG, "what the room sends is too much")

    async def send(self, data: bytes) -> None:
        """Send bytes, waiting until the network has taken them. Loss is what ``receive`` tells."""
        await self._send(events.BytesMessage(data=data))

    async def say(self, text: str) -> None:
        """Send text, likewise."""
        await self._send(events.TextMessage(data=text))

    async def ping(self) -> None:
        """Ask for a sign of life."""
        await self._send(events.Ping())

    async def close(self) -> None:
        """Say that nothing more will come; what the server still has to say can be received."""
        await self._send(events.CloseConnection(code=NORMAL_CLOSURE))

    async def leave(self) -> None:
        """Say that nobody will come back, if that can be said without delay, whatever ends us."""
        with trio.move_on_after(GOODBYE_SECONDS, shield=True):
            await self.close()

    async def aclose(self) -> None:
        """Hang up at once."""
        await trio.aclose_forcefully(self._stream)

    async def _send(self, event: events.Event) -> None:
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            async with self._sending:
                # Or the protocol would take for sent what is cancelled before it is.
                await trio.lowlevel.checkpoint_if_cancelled()
                # A close may have come or gone while this waited for its turn.
                with suppress(ProtocolError):
                    await self._stream.send_all(self._protocol.send(event))

    async def _next(self) -> events.Event:
        while not self._events:
            data = b""
            with (
                suppress(trio.BrokenResourceError, trio.ClosedResourceError),
                trio.move_on_after(SILENCE_SECONDS) as patience,
            ):
                data = bytes(await self._stream.receive_some(READ_BYTES))
            if patience.cancelled_caught:
                raise EndedError(LOST, "the room does not answer")
            if not data:
                raise EndedError(LOST, "")
            try:
                self._protocol.receive_data(data)
            except ProtocolError as error:
                raise EndedError(PROTOCOL_ERROR, NO_WEBSOCKET) from error
            self._events += self._protocol.events()
        return self._events.popleft()
