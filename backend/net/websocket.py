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

from backend.config import DEFAULT_PING_SECONDS
from backend.logs import About
from backend.net.connection import Connection, Ping
from backend.net.doorkeeper import REFUSALS, Refusal
from backend.net.outbox_stream import OutboxStream
from backend.net.peer import Peer
from backend.room.codes import GOING_AWAY, TRY_AGAIN_LATER
from backend.wire import frames

MAX_QUEUED_MESSAGES = 1_024
"""Messages the library may hand on before they are taken: more than fit into one read, so that it
never waits for us in the middle of one."""

ANSWER_SHARE = 0.8
"""How much of the time between two pings there is to answer one."""

HANDSHAKE_SECONDS = 10.0
"""How long the opening handshake may take once the request is here."""

PROTOCOL_ERROR = 1002
ABNORMAL_CLOSURE = 1006
INVALID_PAYLOAD = 1007
"""RFC 6455 (7.4.1)."""

Taken = TypeVar("Taken")
"""What is made of a message."""

Receive = Callable[[], Awaitable[Sequence[Taken]]]
"""Waits for messages, and returns what is made of all that are there; nothing at the end. Raises
trio.BrokenResourceError when the connection is lost."""


Talk = Callable[[Receive[Taken]], Awaitable[None]]


def ping_every(seconds: float) -> Ping:
    """How to keep a websocket alive; whoever answers no ping before the next is gone."""
    return Ping(frames.PING, seconds, seconds * ANSWER_SHARE)


PING = ping_every(DEFAULT_PING_SECONDS)


def is_offered(subprotocol: str, head: bytes) -> bool:
    """Whether the peer whose head (see ``door.Handles``) this is offers this subprotocol."""
    return f"\r\nSec-WebSocket-Protocol: {subprotocol}\r\n".encode() in head


def admit(connection: Connection, refusal: Refusal | None, talk: Talk[Taken]) -> Talk[Taken]:
    """What to do with a connection: ``talk``, or to say why not."""
    if refusal is None:
        return talk

    async def turn_away(_: Receive[Taken]) -> None:
        # Not before the websocket is open: only then can a page be told why.
        About(connection.id).info("refused: %s", refusal)
        connection.dismiss(TRY_AGAIN_LATER, REFUSALS[refusal])

    return turn_away


async def speak(
    peer: Peer,
    connection: Connection,
    head: bytes,
    rest: bytes,
    take: Callable[[Sequence[str | bytes]], Sequence[Taken]],
    talk: Talk[Taken],
    max_message_length: int,
    max_pieces: int,
    subprotocol: str | None = None,
) -> None:
    """Open a websocket, ``talk`` over it, close it, and hang up.

    Args:
        peer: the socket.
        connection: the connection on it.
        head: see ``door.Handles``.
        rest: likewise.
        take: what to make of messages. Not a coroutine: each that waits costs half a KiB a
            member.
        talk: what to do with that; what is to be sent goes into the outbox.
        max_message_length: a message of more characters, or bytes, is closed with 1009.
        max_pieces: a message that came in more pieces is closed with 1008. Frames may be empty, so
            the length alone bounds nothing.
        subprotocol: what is spoken, if the peer asks for it by name.
    """
    stream = OutboxStream(peer, connection, head, rest, max_pieces)
    del head, rest  # which would be kept as long as the connection
    with connection:
        async with trio.open_nursery() as nursery:
            websocket = await _open(nursery, stream, max_message_length, subprotocol)
            if websocket is not None:
                await talk(_Messages(websocket, stream, take))
                _say_goodbye(websocket, stream, connection)
            # If the library's reader has failed, it needs this turn to say so.
            await trio.lowlevel.checkpoint()
            nursery.cancel_scope.cancel()
        await connection.flush()
        await peer.hang_up()


async def _open(
    nursery: trio.Nursery,
    stream: OutboxStream,
    max_message_length: int,
    subprotocol: str | None,
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
        is_asked_for = subprotocol in request.proposed_subprotocols
        websocket = await request.accept(subprotocol=subprotocol if is_asked_for else None)
        stream.accept(websocket)
        return websocket
    return None


def _say_goodbye(
    websocket: WebSocketConnection, stream: OutboxStream, connection: Connection
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
        stream: OutboxStream,
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
