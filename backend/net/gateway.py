"""The websocket door: ``/ws``, by trio-websocket over our own socket.

trio-websocket reads and answers the protocol; all that it writes (handshake, pongs, the close)
goes through the connection's outbox like everything else, so bytes never interleave and nothing it
does can wait for a slow peer. Knows nothing of telnet or of the page.
"""

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress

import h11
import trio
from trio_websocket import ConnectionClosed, WebSocketConnection, wrap_server_stream

from backend.net.connection import Connection, Peer, Ping
from backend.net.hub import Hub
from backend.net.session import converse
from backend.wire import frames

MAX_MESSAGE_LENGTH = 16 * 1024
"""Largest message kept, in characters (the library's default is 1 MiB): beyond what a line may be,
so that the room gets to say what its limit is; above it the close code 1009 says so."""

PING = Ping(frames.PING, every=25.0, answer_within=20.0)
"""Proxies cut a connection that is silent for about 55 seconds."""

MAX_QUEUED_MESSAGES = 1_024
"""Messages the library may hand on before they are taken: more than fit into one read, so that it
never waits for us in the middle of one."""

HANDSHAKE_SECONDS = 10.0
"""How long the opening handshake may take once the request is here."""

NORMAL_CLOSURE = 1000
PROTOCOL_ERROR = 1002
INVALID_PAYLOAD = 1007
POLICY_VIOLATION = 1008
ABNORMAL_CLOSURE = 1006
"""RFC 6455 (7.4.1)."""

_HANDSHAKE_HEADERS = frozenset(
    {b"connection", b"upgrade", b"sec-websocket-key", b"sec-websocket-version"}
)


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

    async def handle(self, peer: Peer, head: bytes, rest: bytes) -> None:
        """Serve one connection to its end.

        Args:
            peer: its socket.
            head: its request, made by ``handshake``.
            rest: what was read beyond the request's head.
        """
        with self._hub.connected("web", frames.encode, peer) as connection:
            stream = _OutboxStream(peer, connection, head, rest)
            async with trio.open_nursery() as nursery:
                websocket = await _open(nursery, stream)
                if websocket is not None:
                    connection.ping = PING
                    await converse(self._hub, connection, _Messages(websocket, stream, connection))
                    _say_goodbye(websocket, connection)
                # If the library's reader has failed, it needs this turn to say so.
                await trio.lowlevel.checkpoint()
                nursery.cancel_scope.cancel()
            await connection.flush()
            await peer.hang_up()


def handshake(request: h11.Request) -> bytes:
    """The request head for trio-websocket: what the handshake needs, and nothing it stumbles on."""
    lines = [request.method + b" " + request.target + b" HTTP/1.1", b"Host: localhost"]
    lines += [
        name + b": " + value
        for name, value in request.headers
        if name in _HANDSHAKE_HEADERS and value.isascii()
    ]
    return b"\r\n".join([*lines, b"", b""])


async def _open(nursery: trio.Nursery, stream: "_OutboxStream") -> WebSocketConnection | None:
    # The library answers a bad handshake and closes the stream, but whoever waits for the request
    # is not told; hence the scope.
    with trio.move_on_after(HANDSHAKE_SECONDS) as patience:
        stream.on_close = patience.cancel
        request = await wrap_server_stream(
            nursery,
            stream,
            message_queue_size=MAX_QUEUED_MESSAGES,
            max_message_size=MAX_MESSAGE_LENGTH,
        )
        websocket = await request.accept()
        stream.accept()
        return websocket
    return None


def _say_goodbye(websocket: WebSocketConnection, connection: Connection) -> None:
    """Send the close frame, unless the library has.

    By its own ``aclose`` it would answer a ping that comes behind the close, and fail. And to a
    peer's protocol error it says nothing at all.
    """
    if websocket.closed is None:
        connection.outbox.push(frames.close(*(connection.goodbye or (NORMAL_CLOSURE, ""))))
    elif websocket.closed.code in (PROTOCOL_ERROR, INVALID_PAYLOAD):
        connection.outbox.push(frames.close(websocket.closed.code, ""))


class _Messages:
    """The lines that come in, one a message; calling it is ``session.Receive``."""

    __slots__ = ("_connection", "_stream", "_websocket")

    def __init__(
        self, websocket: WebSocketConnection, stream: "_OutboxStream", connection: Connection
    ) -> None:
        self._websocket = websocket
        self._stream = stream
        self._connection = connection

    async def __call__(self) -> Sequence[str | None]:
        try:
            messages = [await self._websocket.get_message()]
        except ConnectionClosed as closed:
            if closed.reason is None or closed.reason.code == ABNORMAL_CLOSURE:
                raise trio.BrokenResourceError from closed
            return []
        # What came in one read is one batch, or each message would leave in a send of its own.
        while self._stream.is_being_read and self._websocket.closed is None:
            await trio.lowlevel.checkpoint()
            messages += self._waiting()
        messages += self._waiting()
        lines = [message for message in messages if isinstance(message, str)]
        if len(lines) < len(messages):
            self._connection.dismiss(POLICY_VIOLATION, "Text messages only, please.")
        return lines

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
    keep an early frame, and look at it only when more bytes come.
    """

    __slots__ = ("_accepted", "_connection", "_head", "_peer", "_rest", "is_being_read", "on_close")

    def __init__(self, peer: Peer, connection: Connection, head: bytes, rest: bytes) -> None:
        self._peer = peer
        self._connection = connection
        self._head = head
        self._rest = rest
        self._accepted: trio.Event | None = trio.Event()
        self.is_being_read = False  # the library has yet to take apart what it was given
        self.on_close: Callable[[], None] | None = None

    def accept(self) -> None:
        """The handshake is done: what comes now are frames."""
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
        if self._rest:
            data, self._rest = self._rest, b""
        else:
            data = await self._peer.receive()
        self._connection.heard = trio.current_time()
        self.is_being_read = True
        return data

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        self._connection.outbox.push(bytes(data))
        await trio.lowlevel.checkpoint()
        if self._connection.outbox.is_closed:
            raise trio.BrokenResourceError

    async def wait_send_all_might_not_block(self) -> None:
        await trio.lowlevel.checkpoint()

    async def aclose(self) -> None:
        # Flushing and hanging up are the handler's, once the library is out of the way.
        if self.on_close is not None:
            self.on_close()
        await trio.lowlevel.checkpoint()
