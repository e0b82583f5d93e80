"""One connection: its socket, its outbox, and the two ways it ends.

Either it is *dismissed*: it stops being read, gets the rest of its mail and a goodbye. Or it is
*dropped*: everything about it is cancelled and the socket is reset. Knows neither protocol nor
room.
"""

import logging
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import trio

from backend.net.outbox import Outbox
from backend.room.entries import Via
from backend.room.events import Event

READ_BYTES = 4 * 1024
"""Read at most this much at once: many lines of typing, yet nobody's burst holds up the others."""

LINGER_SECONDS = 2.0
"""How long to wait, after our last byte, for the peer to hang up by itself."""

FLUSH_SECONDS = 3.0
"""How long a dismissed connection may take over the mail it still has."""

_NOTICE_THE_DEAD = [
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    *(
        (socket.IPPROTO_TCP, getattr(socket, name), value)
        for name, value in (
            ("TCP_KEEPIDLE", 60),  # silence before the first probe, in seconds
            ("TCP_KEEPINTVL", 15),
            ("TCP_KEEPCNT", 4),
            ("TCP_USER_TIMEOUT", 120_000),  # milliseconds that something sent may be unacknowledged
        )
        if hasattr(socket, name)  # not every system has every knob
    ),
]
"""A peer that is gone without a word (a cut cable, a lost phone) is noticed in two minutes."""

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)

log = logging.getLogger("playroom")

Encode = Callable[[Event], bytes]
"""Makes the bytes of an event for one kind of connection."""


class Peer(trio.abc.AsyncResource):
    """The public socket of one connection: read by its door, written by its outbox.

    The standard-library socket is the one thing that both Trio (to read, to wait) and the Postman
    (to send without waiting) hold.
    """

    __slots__ = ("_socket", "send_now", "stream")

    def __init__(self, accepted: trio.SocketStream) -> None:
        self._socket = socket.socket(fileno=accepted.socket.detach())
        self._socket.setblocking(False)
        with suppress(OSError):  # gone already: reading will tell
            for level, option, value in _NOTICE_THE_DEAD:
                self._socket.setsockopt(level, option, value)
        self.stream = trio.SocketStream(trio.socket.from_stdlib_socket(self._socket))
        self.send_now: Callable[[bytes], int] = self._socket.send

    async def receive(self) -> bytes:
        """The next bytes; empty at the end. Raises trio.BrokenResourceError."""
        try:
            while True:
                # Waiting first is a system call and three frames less than trying first, and an
                # idle member is kept waiting nearly all the time.
                await trio.lowlevel.wait_readable(self._socket)
                with suppress(BlockingIOError):
                    return self._socket.recv(READ_BYTES)
        except OSError as error:
            raise trio.BrokenResourceError from error

    async def send_some(self, data: bytes) -> int:
        """Wait, then write; see ``sink.Sink``."""
        count = 0
        while not count:
            await trio.lowlevel.wait_writable(self._socket)
            with suppress(BlockingIOError):
                count = self.send_now(data)
        return count

    async def hang_up(self) -> None:
        """End our side, wait a little for the peer's end, and close.

        Closing with input unread would reset the connection, and could destroy our last words
        before the peer has seen them. Safe to call twice.
        """
        with trio.move_on_after(LINGER_SECONDS):
            try:
                await self.stream.send_eof()
                while await self.stream.receive_some(READ_BYTES):
                    pass
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                pass
        await self.stream.aclose()

    async def aclose(self) -> None:
        """Close at once, with nothing left to linger in the kernel. Safe to call twice."""
        with suppress(OSError):  # closed already, or the peer was quicker
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        await self.stream.aclose()


class PeerListener(trio.abc.Listener[Peer]):
    """Accepts peers."""

    def __init__(self, listener: trio.SocketListener) -> None:
        self._listener = listener

    async def accept(self) -> Peer:
        """The next one. Raises OSError."""
        return Peer(await self._listener.accept())

    async def aclose(self) -> None:
        """Accept no more."""
        await self._listener.aclose()


@dataclass(frozen=True, slots=True)
class Ping:
    """How to keep a connection alive.

    Attributes:
        data: what to send.
        every: seconds between two of them.
        answer_within: seconds the peer may take to send something in return; None if it need not.
    """

    data: bytes
    every: float
    answer_within: float | None = None


class Connection:
    """What the hub knows of one connection; a block in which it is served.

    Dropping it ends the block quietly.

    Attributes:
        id: unique in this process.
        via: the door it came through.
        encode: makes this connection's bytes of an event. Connections that share the function
            share its results.
        outbox: where its mail goes.
        reading: the scope around waiting for its lines; cancelled when it is dismissed.
        life: the scope around all of its handler; cancelled when it is dropped.
        goodbye: once dismissed, the websocket close code and what to say.
        lost: once dropped, why.
        is_present: whether a session is going on: events are for nobody before and after it.
        ping: how to keep it alive; None to leave that to TCP.
        heard: when something last came, in trio's seconds.
        pinged: when a ping was last sent, likewise.

    Args:
        make_outbox: given what to call when the outbox gives up, the outbox.
        forget: called when the block has ended.
    """

    __slots__ = (
        *("_forget", "encode", "goodbye", "heard", "id", "is_present", "life", "lost", "outbox"),
        *("ping", "pinged", "reading", "via"),
    )

    def __init__(
        self,
        id: str,
        via: Via,
        encode: Encode,
        make_outbox: Callable[[Callable[[str | Exception], None]], Outbox],
        forget: Callable[["Connection"], None],
    ) -> None:
        self.id = id
        self.via = via
        self.encode = encode
        self.outbox = make_outbox(self.drop)
        self.reading = trio.CancelScope()
        self.life = trio.CancelScope()
        self.goodbye: tuple[int, str] | None = None
        self.lost = ""
        self.is_present = False
        self.ping: Ping | None = None
        self.heard = self.pinged = trio.current_time()
        self._forget = forget

    # Not a generator with @contextmanager: that would keep three more objects per connection.

    def __enter__(self) -> Self:
        self.life.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        try:
            return self.life.__exit__(kind, error, traceback)
        finally:
            self.outbox.close()
            self._forget(self)

    def dismiss(self, code: int, text: str) -> None:
        """Read no more; what is in the outbox still leaves."""
        self.goodbye = self.goodbye or (code, text)
        self.reading.cancel()

    def drop(self, why: str | Exception) -> None:
        """End everything about this connection now.

        Args:
            why: what the others are told; or a fault of ours, which only the log is told.
        """
        if isinstance(why, Exception):
            log.error("%s failed", self.id, exc_info=why)
        else:
            self.lost = self.lost or why
        self.outbox.close()
        self.life.cancel()

    async def flush(self) -> None:
        """Wait until the mail has left, but no longer than ``FLUSH_SECONDS``."""
        with trio.move_on_after(FLUSH_SECONDS):
            await self.outbox.flushed()
