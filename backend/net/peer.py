"""The public socket of one connection, and who accepts them.

Knows bytes and the kernel, and neither protocol nor room.
"""

import errno
import itertools
import logging
import socket
import struct
from collections.abc import Callable
from contextlib import suppress

import trio

READ_BYTES = 4 * 1024
"""Read at most this much at once: many lines of typing, yet nobody's burst holds up the others."""

LINGER_SECONDS = 2.0
"""How long to wait, after our last byte, for the peer to hang up by itself."""

_OPTIONS = [
    # Telnet's "synch" sends the second byte of IAC DM as urgent data; taken out of line, the IAC
    # would swallow the next letter instead.
    (socket.SOL_SOCKET, socket.SO_OOBINLINE, 1),
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

_OUT_OF_SOMETHING = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)

OUT_OF_SOMETHING_SECONDS = 0.2
"""How long to accept nobody when descriptors or memory have run out: some are closed meanwhile."""

_numbers = itertools.count(1)

log = logging.getLogger("playroom")


def prepare(accepted: socket.socket | trio.socket.SocketType) -> None:
    """Set what a connection to somebody's telnet or browser needs.

    Raises OSError if it is gone already.
    """
    for level, option, value in _OPTIONS:
        accepted.setsockopt(level, option, value)


class Peer(trio.abc.AsyncResource):
    """The public socket of one connection: read by its door, written by its outbox.

    The standard-library socket is the one thing that both Trio (to read, to wait) and the Postman
    (to send without waiting) hold.

    Attributes:
        id: unique in this process.
        address: the other end's; empty if it was gone already.
        send_now: see ``sink.Sink``.
    """

    __slots__ = ("_socket", "address", "id", "send_now")

    def __init__(self, accepted: trio.SocketStream) -> None:
        self._socket = socket.socket(fileno=accepted.socket.detach())
        self._socket.setblocking(False)
        self.id = f"c{next(_numbers)}"
        self.address = ""
        with suppress(OSError):  # gone already: reading will tell
            name = self._socket.getpeername()
            self.address = name[0] if isinstance(name, tuple) else ""  # a unix socket's is a path
            prepare(self._socket)
        self.send_now: Callable[[bytes], int] = self._socket.send

    async def receive(self, most: int = READ_BYTES) -> bytes:
        """The next bytes, so many at most; empty at the end.

        Raises trio.BrokenResourceError or trio.ClosedResourceError.
        """
        self._check_open()
        try:
            while True:
                # Waiting first is a system call and three frames less than trying first, and an
                # idle member is kept waiting nearly all the time.
                await trio.lowlevel.wait_readable(self._socket)
                with suppress(BlockingIOError):
                    return self._socket.recv(most)
        except OSError as error:
            raise trio.BrokenResourceError from error

    async def send_some(self, data: bytes) -> int:
        """Wait, then write; see ``sink.Sink``."""
        self._check_open()
        count = 0
        while not count:
            await trio.lowlevel.wait_writable(self._socket)
            with suppress(BlockingIOError):
                count = self.send_now(data)
        return count

    def _check_open(self) -> None:
        if self._socket.fileno() < 0:  # which Trio would not know how to wait for
            raise trio.ClosedResourceError

    async def send_all(self, data: bytes) -> None:
        """Write everything, however long that takes.

        Raises trio.BrokenResourceError or trio.ClosedResourceError.
        """
        try:
            while data:
                data = data[await self.send_some(data) :]
        except OSError as error:
            raise trio.BrokenResourceError from error

    async def say(self, last_words: bytes) -> None:
        """Send something short to somebody who is not served, and hang up."""
        with trio.move_on_after(LINGER_SECONDS):
            with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
                await self.send_all(last_words)
        await self.hang_up()

    async def hang_up(self) -> None:
        """End our side, wait a little for the peer's end, and close.

        Closing with input unread would reset the connection, and could destroy our last words
        before the peer has seen them. Safe to call twice.
        """
        with (
            trio.move_on_after(LINGER_SECONDS),
            suppress(OSError, trio.BrokenResourceError, trio.ClosedResourceError),
        ):
            self._socket.shutdown(socket.SHUT_WR)
            while await Peer.receive(self):  # whatever it means: nobody will ask
                pass
        await self._close()

    async def aclose(self) -> None:
        """Close at once, with nothing left to linger in the kernel. Safe to call twice."""
        with suppress(OSError):  # closed already, or the peer was quicker
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        await self._close()

    async def _close(self) -> None:
        if self._socket.fileno() >= 0:
            trio.lowlevel.notify_closing(self._socket)
            self._socket.close()
        await trio.lowlevel.checkpoint()


class PeerListener(trio.abc.Listener[Peer]):
    """Accepts peers, and has patience when the system has no room for more."""

    def __init__(self, listener: trio.abc.Listener[trio.SocketStream]) -> None:
        self._listener = listener

    async def accept(self) -> Peer:
        """The next one. Raises OSError."""
        is_told = False
        while True:
            try:
                accepted = await self._listener.accept()
            except OSError as error:
                if error.errno not in _OUT_OF_SOMETHING:
                    raise
                if not is_told:
                    log.warning("cannot accept connections for now: %s", error.strerror)
                is_told = True
                await trio.sleep(OUT_OF_SOMETHING_SECONDS)
                continue
            try:
                return Peer(accepted)
            except Exception:  # this one's trouble: the next may come in
                log.exception("a connection failed before it was served")
                await trio.aclose_forcefully(accepted)

    async def aclose(self) -> None:
        """Accept no more."""
        await self._listener.aclose()
