"""People without a socket: their lines are handed in, and what they get ends in a pipe."""

from collections.abc import Callable

import trio
import trio.testing

from backend.net.connection import Connection
from backend.net.hub import Hub
from backend.net.session import converse
from backend.net.sink import Sink
from backend.room.entries import Via
from backend.room.events import Event
from backend.wire import terminal

settled = trio.testing.wait_all_tasks_blocked

MAX_BATCHES = 1_000
"""More than any test hands in before it lets the session run."""


class Pipe:
    """A sink with a valve: takes up to ``room`` bytes, then blocks until there is more."""

    def __init__(self, room: int = 1_000_000) -> None:
        self.room = room
        self.writes: list[bytes] = []
        self.written: list[bytes] = []  # what was handed in, whole
        self.broken = False
        self._opened = trio.Event()

    @property
    def taken(self) -> bytes:
        """Everything written so far."""
        return b"".join(self.writes)

    def open(self, room: int) -> None:
        """Make room for so many bytes more."""
        self.room += room
        self._opened.set()
        self._opened = trio.Event()

    def send_now(self, data: bytes) -> int:
        """See ``sink.Sink``."""
        if self.broken:
            raise ConnectionResetError
        count = min(self.room, len(data))
        self.written.append(data)
        if count:
            self.writes.append(data[:count])
            self.room -= count
        return count

    async def send_some(self, data: bytes) -> int:
        """See ``sink.Sink``."""
        while not (count := self.send_now(data)):
            await self._opened.wait()
        return count


class StreamSink:
    """A sink for any Trio stream, always by way of the waiting task: nothing is taken at once."""

    CHUNK = 16 * 1024

    def __init__(self, stream: trio.abc.SendStream) -> None:
        self._stream = stream

    def send_now(self, data: bytes) -> int:
        """See ``sink.Sink``."""
        return 0

    async def send_some(self, data: bytes) -> int:
        """See ``sink.Sink``."""
        chunk = data[: self.CHUNK]
        await self._stream.send_all(chunk)
        return len(chunk)


class Guest:
    """Somebody with a session of their own.

    Attributes:
        pipe: where their mail ends, unless they were given another sink.
        connection: what the hub has made of them.
        has_gone: whether their handler has ended.
    """

    def __init__(
        self,
        hub: Hub,
        nursery: trio.Nursery,
        encode: Callable[[Event], bytes] = terminal.encode,
        *,
        via: Via = "telnet",
        sink: Sink | None = None,
        origin: str = "",
    ) -> None:
        self.pipe = Pipe()
        self.connection: Connection | None = None
        self.has_gone = False
        self._hub = hub
        self._encode = encode
        self._via = via
        self._origin = origin
        self._sink = sink or self.pipe
        self._say, self._lines = trio.open_memory_channel[list[str | None]](MAX_BATCHES)
        self._is_lost = False
        self._seen = 0
        nursery.start_soon(self._stay)

    async def _stay(self) -> None:
        try:
            connected = self._hub.connected(
                self._via, self._encode, self._sink, origin=self._origin
            )
            with connected as connection:
                self.connection = connection
                await converse(self._hub, connection, self._receive)
                await connection.flush()
        finally:
            self.has_gone = True

    async def _receive(self) -> list[str | None]:
        try:
            return await self._lines.receive()
        except trio.EndOfChannel:
            if self._is_lost:
                raise trio.BrokenResourceError from None
            return []

    @property
    def id(self) -> str:
        """The id of their connection."""
        assert self.connection is not None
        return self.connection.id

    def sends(self, *lines: str | None) -> None:
        """Hand in lines that arrive together."""
        self._say.send_nowait(list(lines))

    async def types(self, *lines: str | None) -> None:
        """Hand in lines that arrive together, and wait for what comes of it."""
        self.sends(*lines)
        await settled()

    async def joins(self, nick: str) -> "Guest":
        """Give this name; nothing of what came of it is left to read."""
        await self.types(nick)
        await self.mail()
        return self

    def hangs_up(self) -> None:
        """Nothing more will come."""
        self._say.close()

    def is_cut_off(self) -> None:
        """Nothing more will come, and not because they wanted it so."""
        self._is_lost = True
        self._say.close()

    async def mail(self) -> str:
        """What has arrived in the pipe since the last look."""
        await settled()
        taken, seen = self.pipe.taken, self._seen
        self._seen = len(taken)
        return taken[seen:].decode(errors="replace")


class Through(trio.abc.Stream):
    """A connection over another one, which is just that but for what is changed of it."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """See ``trio.abc.SendStream``."""
        await self._stream.send_all(data)

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        """See ``trio.abc.ReceiveStream``."""
        return await self._stream.receive_some(max_bytes)

    async def wait_send_all_might_not_block(self) -> None:
        """See ``trio.abc.SendStream``."""
        await self._stream.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        """See ``trio.abc.AsyncResource``."""
        await self._stream.aclose()
