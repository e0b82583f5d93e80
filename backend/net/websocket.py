"""Websockets by trio-websocket over our own socket.

trio-websocket reads and answers the protocol; all that it writes (handshake, pongs, the close)
goes through the connection's outbox like everything else, so bytes never interleave and nothing it
does can wait for a slow peer. Knows nothing of what is talked about.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Generic, TypeVar

import trio
from trio_websocket import ConnectionClosed, WebSocketConnection, wrap_server_stream

from backend.net.connection import Connection
from backend.net.peer import Peer
from backend.room.events import POLICY_VIOLATION
from backend.wire import frames

MAX_QUEUED_MESSAGES = 1_024
"""Messages the library may hand on before they are taken: more than fit into one read, so that it
never waits for us in the middle of one."""

HANDSHAKE_SECONDS = 10.0
"""How long the opening handshake may take once the request is here."""

GOING_AWAY = 1001
PROTOCOL_ERROR = 1002
ABNORMAL_CLOSURE = 1006
INVALID_PAYLOAD = 1007
"""RFC 6455 (7.4.1)."""

_CLOSE_FRAME = 0x88
"""What a whole close frame begins with (RFC 6455, 5.2)."""

Taken = TypeVar("Taken")
"""What is made of a message."""

Receive = Callable[[], Awaitable[Sequence[Taken]]]
"""Waits for messages, and returns what is made of all that are there; nothing at the end. Raises
trio.BrokenResourceError when the connection is lost."""


async def speak(
    peer: Peer,
    connection: Connection,
    head: bytes,
    rest: bytes,
    take: Callable[[Sequence[str | bytes]], Sequence[Taken]],
    talk: Callable[[Receive[Taken]], Awaitable[None]],
    max_message_length: int,
    max_pieces: int,
) -> None:
    """Open a websocket, ``talk`` over it, close it, and hang up.

    Args:
        peer: the socket.
        connection: the connection on it.
        head: see ``Gateway.handle``.
        rest: likewise.
        take: what to make of messages. Not a coroutine: each that waits costs half a KiB a
            member.
        talk: what to do with that; what is to be sent goes into the outbox.
        max_message_length: a message of more characters, or bytes, is closed with 1009.
        max_pieces: a message that came in more pieces is closed with 1008. Frames may be empty, so
            the length alone bounds nothing.
    """
    stream = _OutboxStream(peer, connection, head, rest, max_pieces)
    del head, rest  # which would be kept as long as the connection
    with connection:
        async with trio.open_nursery() as nursery:
            websocket = await _open(nursery, stream, max_message_length)
            if websocket is not None:
                await talk(_Messages(websocket, stream, take))
                _say_goodbye(websocket, stream, connection)
            # If the library's reader has failed, it needs this turn to say so.
            await trio.lowlevel.checkpoint()
            nursery.cancel_scope.cancel()
        await connection.flush()
        await peer.hang_up()


async def _open(
    nursery: trio.Nursery, stream: "_OutboxStream", max_message_length: int
) -> WebSocketConnection | None:
    # The library answers a bad handshake and closes the stream, but whoever waits for the request
    # is not told; hence the scope.
    with trio.move_on_after(HANDSHAKE_SECONDS) as patience:
        stream.on_close = patience.cancel
        request = await wrap_server_stream(
            nursery,
            stream,
            message_queue_size=MAX_QUEUED_MESSAGES,
            max_message_size=max_message_length,
        )
        websocket = await request.accept()
        stream.accept(websocket)
        return websocket
    return None


def _say_goodbye(
    websocket: WebSocketConnection, stream: "_OutboxStream", connection: Connection
) -> None:
    """Send the one close frame: ours, the library's, or what it owes the peer.

    By its own ``aclose`` it would answer a ping that comes behind the close, and fail. And to a
    peer's protocol error it says nothing at all.
    """
    closed = websocket.closed
    if connection.goodbye is not None:
        connection.outbox.push(frames.close(*connection.goodbye))
    elif stream.close_frame:
        connection.outbox.push(stream.close_frame)
    elif closed is not None and closed.code in (PROTOCOL_ERROR, INVALID_PAYLOAD):
        connection.outbox.push(frames.close(closed.code, ""))


class _Messages(Generic[Taken]):
    """The messages that come in; calling it is ``Receive``."""

    __slots__ = ("_stream", "_take", "_websocket")

    def __init__(
        self,
        websocket: WebSocketConnection,
        stream: "_OutboxStream",
        take: Callable[[Sequence[str | bytes]], Sequence[Taken]],
    ) -> None:
        self._websocket = websocket
        self._stream = stream
        self._take = take

    async def __call__(self) -> Sequence[Taken]:
        try:
            messages = [await self._websocket.get_message()]
        except ConnectionClosed as closed:
            code = closed.reason.code if closed.reason else ABNORMAL_CLOSURE
            if code == ABNORMAL_CLOSURE:
                raise trio.BrokenResourceError from closed
            self._stream.connection.went_away = code == GOING_AWAY
            return []
        # What came in one read is one batch, or each message would leave in a send of its own.
        while self._stream.is_being_read and self._websocket.closed is None:
            await trio.lowlevel.checkpoint()
            messages += self._waiting()
        messages += self._waiting()
        return self._take(messages)

    def _waiting(self) -> list[str | bytes]:
        messages: list[str | bytes] = []
        # Not public, and pinned by a test: get_message() costs a turn of the scheduler each.
        channel = self._websocket._recv_channel
        with suppress(trio.WouldBlock, trio.EndOfChannel, trio.ClosedResourceError):
            while True:
                messages.append(channel.receive_nowait())
        return messages


class _OutboxStream(trio.abc.Stream):
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
        if data[0] == _CLOSE_FRAME and self._websocket is not None:
            self.close_frame = bytes(data)
            self._websocket._send_channel.close()  # it has no more messages, but would go on
            await trio.sleep_forever()  # to answer what comes behind the close, and fail
        self.connection.outbox.push(bytes(data))
        await trio.lowlevel.checkpoint()
        if self.connection.outbox.is_closed:
            raise trio.BrokenResourceError

    async def wait_send_all_might_not_block(self) -> None:
        await trio.lowlevel.checkpoint()

    async def aclose(self) -> None:
        # Flushing and hanging up are the handler's, once the library is out of the way.
        if self.on_close is not None:
            self.on_close()
        await trio.lowlevel.checkpoint()
