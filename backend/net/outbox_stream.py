"""Our socket and our outbox as trio-websocket sees them: one stream.

Knows of the protocol only what a close frame begins with.
"""

from collections.abc import Callable

import trio
from trio_websocket import WebSocketConnection

from backend.net.connection import Connection
from backend.net.peer import Peer
from backend.room.codes import POLICY_VIOLATION

_CLOSE_FRAME = 0x88
"""What a whole close frame begins with (RFC 6455, 5.2)."""


class OutboxStream(trio.abc.Stream):
    """Our socket as trio-websocket sees it.

    Reads the request head that the front door has read already, then the socket; writes into the
    outbox. Nothing behind the head is read before the handshake is ``accepted``: the library would
    keep an early frame, and look at it only when more bytes come. Its close frame is kept back
    until everything else is said: nothing may follow it.
    """

    __slots__ = (
        *("_accepted", "_head", "_max_pieces", "_peer", "_rest", "_websocket"),
        *("close_frame", "connection", "is_being_read", "on_close"),
    )

    def __init__(
        self, peer: Peer, connection: Connection, head: bytes, rest: bytes, max_pieces: int
    ) -> None:
        self._peer = peer
        self.connection = connection
        self._head = head
        self._rest = rest
        self._max_pieces = max_pieces
        self._accepted: trio.Event | None = trio.Event()
        self._websocket: WebSocketConnection | None = None
        self.close_frame = b""
        self.is_being_read = False  # the library has yet to take apart what it was given
        self.on_close: Callable[[], None] | None = None

    def accept(self, websocket: WebSocketConnection) -> None:
        """The handshake is done: what comes now are frames."""
        self._websocket = websocket
        if self._accepted is not None:
            self._accepted.set()
            self._accepted = self.on_close = None

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """The head, then what the peer sends."""
        self.is_being_read = False
        if self._head:
            await trio.lowlevel.checkpoint()
            data, self._head = self._head, b""
            return data
        if self._accepted is not None:
            await self._accepted.wait()
        # Not public, and pinned by a test, here and below.
        if self._websocket is not None and len(self._websocket._message_parts) > self._max_pieces:
            self.connection.dismiss(POLICY_VIOLATION, "That message is in too many pieces.")
        if self._rest:
            data, self._rest = self._rest, b""
        else:
            data = await self._peer.receive()
        self.connection.heard = trio.current_time()
        await self.connection.pace.read(len(data))
        self.is_being_read = True
        return data

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Into the outbox, at once; a close frame is kept."""
        if data[0] == _CLOSE_FRAME and self._websocket is not None:
            self.close_frame = bytes(data)
            self._websocket._send_channel.close()  # it has no more messages, but would go on
            await trio.sleep_forever()  # to answer what comes behind the close, and fail
        self.connection.outbox.push(bytes(data))
        await trio.lowlevel.checkpoint()
        if self.connection.outbox.is_closed:
            raise trio.BrokenResourceError

    async def wait_send_all_might_not_block(self) -> None:
        """It never does."""
        await trio.lowlevel.checkpoint()

    async def aclose(self) -> None:
        """The library has no more to say."""
        # Flushing and hanging up are the handler's, once the library is out of the way.
        if self.on_close is not None:
            self.on_close()
        await trio.lowlevel.checkpoint()
