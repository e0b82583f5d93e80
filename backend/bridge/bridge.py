"""The bridge: every connection to a local port becomes a telnet websocket in a room.

If the room's server goes away, its people are told, and brought back under their nicks. Knows
telnet only through ``memory``, and the way to the room only through what it is given to dial with.
"""

import itertools
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress

import trio

from backend.bridge.dial import CannotReachError
from backend.bridge.memory import Memory
from backend.bridge.websocket import LOST, PING_SECONDS, PROTOCOL_ERROR, EndedError, Websocket
from backend.net.listen import open_listeners
from backend.room.codes import GOING_AWAY, NORMAL_CLOSURE, TRY_AGAIN_LATER

READ_BYTES = 4 * 1024
"""At once from a telnet, and so in one message: the room takes 16 KiB."""

LAST_WORDS_SECONDS = 5.0
"""How long what the server still has to say may take, once the telnet has ended its side."""

LINGER_SECONDS = 2.0
"""How long to wait, after our last byte, for the telnet to hang up by itself."""

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
"""Between two tries to reach a room that has gone."""

STABLE_SECONDS = 60.0
"""A connection that held so long was a good one: the next tries begin in quick succession."""

NO_STATUS, INTERNAL_ERROR, SERVICE_RESTART = 1005, 1011, 1012
"""RFC 6455, 7.4.1 and 11.7."""

_GOODBYES = (NORMAL_CLOSURE, NO_STATUS)
"""Close codes of a server that has nothing to add."""

_COMES_BACK = (GOING_AWAY, LOST, PROTOCOL_ERROR, INTERNAL_ERROR, SERVICE_RESTART)
"""Close codes after which the room may be there again soon."""

Dial = Callable[[], Awaitable[Websocket]]
"""Opens a websocket to the room. Raises CannotReachError."""

log = logging.getLogger("playroom.bridge")


async def serve(
    host: str,
    port: int,
    dial: Dial,
    stop: trio.Event,
    *,
    task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Bridge until ``stop`` is set; reports the port really bound.

    Args:
        host: address to bind.
        port: 0 for any free one.
        dial: opens a websocket to the room.
        stop: when set, everybody hangs up.
        task_status: gets the port.

    Raises:
        StartError: the port could not be had.
    """
    listeners = await open_listeners(host, port)
    numbers = itertools.count(1)

    async def handle(telnet: trio.SocketStream) -> None:
        await Visitor(next(numbers), telnet, dial).bridge()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, handle, listeners)
        task_status.started(listeners[0].socket.getsockname()[1])
        await stop.wait()
        nursery.cancel_scope.cancel()


class Visitor:
    """One telnet, and its way to the room.

    Args:
        number: what the log calls it.
        telnet: the connection to it.
        dial: opens a websocket to the room.
    """

    def __init__(self, number: int, telnet: trio.abc.HalfCloseableStream, dial: Dial) -> None:
        self._number = number
        self._telnet = telnet
        self._dial = dial
        self._memory = Memory()
        self._has_left = False

    async def bridge(self) -> None:
        """Carry bytes both ways until the telnet or the room has had enough."""
        log.info("%d: connected", self._number)
        try:
            async with self._telnet:
                await self._stay()
                await self._hang_up()
        except* (trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # the telnet went away: its right
        except* Exception:
            log.exception("%d: failed", self._number)
        log.info("%d: closed", self._number)

    async def _stay(self) -> None:
        try:
            websocket = await self._dial()
        except CannotReachError as error:
            await self._say(f"{error}.", logging.WARNING)
            return
        pauses = _pauses()
        while True:
            since = trio.current_time()
            try:
                ended = await self._carry(websocket)
            finally:
                await websocket.aclose()
            if self._has_left or ended.code in _GOODBYES:
                return
            if not (ended.reason and ended.reason.encode() in self._memory.tail):
                await self._say(_why(ended))
            if ended.code not in _COMES_BACK and not (
                ended.code == TRY_AGAIN_LATER and self._memory.nick
            ):
                return
            if trio.current_time() - since > STABLE_SECONDS:
                pauses = _pauses()
            back = await self._return(pauses)
            if back is None:
                return
            websocket = back

    async def _carry(self, websocket: Websocket) -> EndedError:
        """Bytes both ways, until either side ends; how the server did."""
        ended = EndedError(NORMAL_CLOSURE, "")
        async with trio.open_nursery() as nursery:
            try:
                await self._take_seat(websocket)
                nursery.start_soon(self._upload, websocket, nursery.cancel_scope)
                nursery.start_soon(_ping, websocket)
                while True:
                    await self._show(await websocket.receive())
            except EndedError as error:
                ended = error
            nursery.cancel_scope.cancel()
        return ended

    async def _upload(self, websocket: Websocket, both: trio.CancelScope) -> None:
        while data := await self._telnet.receive_some(READ_BYTES):
            await websocket.send(bytes(data))
        self._has_left = True
        await websocket.close()
        # A websocket has no half to close: the room takes this for a goodbye, and says its own.
        both.deadline = trio.current_time() + LAST_WORDS_SECONDS

    async def _take_seat(self, websocket: Websocket) -> None:
        """Whoever was in the room before gives the same nick to its new server."""
        nick = self._memory.nick
        if nick is None:
            return
        self._memory.nick = None  # until it is welcome
        await self._telnet.send_all(self._memory.new_server())
        await self._show(await websocket.receive() + nick + b"\r\n")  # its prompt, and the answer
        await websocket.send(nick + b"\r\n")
        # A line that is typed before this would be taken for a name, if this one were refused.
        await self._show(await websocket.receive())

    async def _return(self, pauses: Iterator[float]) -> Websocket | None:
        """Dial until the room is there again; None if the telnet leaves or it makes no sense."""
        await self._say("Connecting again. What you type meanwhile is lost.", logging.INFO)
        told = ""
        async with self._ignoring_telnet():
            for pause in pauses:
                await trio.sleep(pause)
                try:
                    return await self._dial()
                except CannotReachError as error:
                    if str(error) != told or error.is_final:
                        told = str(error)
                        await self._say(f"{told}.", logging.WARNING)
                    if error.is_final:
                        break
        return None

    @asynccontextmanager
    async def _ignoring_telnet(self) -> AsyncIterator[None]:
        """A block that ends when the telnet does, and in which nobody heeds what it says."""

        async def read() -> None:
            with suppress(trio.BrokenResourceError):
                while await self._telnet.receive_some(READ_BYTES):
                    pass
            nursery.cancel_scope.cancel()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(read)
            yield
            nursery.cancel_scope.cancel()

    async def _show(self, data: bytes) -> None:
        self._memory.saw(data)
        await self._telnet.send_all(data)

    async def _say(self, text: str, level: int = logging.INFO) -> None:
        """A line of the bridge's own, to the telnet and to the log."""
        text = "".join(c if c.isprintable() else "?" for c in text)
        log.log(level, "%d: %s", self._number, text)
        start = "\r\n" if self._memory.is_in_line else ""
        await self._show(f"{start}<meta>: {text[:1].upper()}{text[1:]}\r\n".encode())

    async def _hang_up(self) -> None:
        """End our side first: to close with input unread would destroy our last words."""
        with trio.move_on_after(LINGER_SECONDS):
            await self._telnet.send_eof()
            while await self._telnet.receive_some(READ_BYTES):
                pass


async def _ping(websocket: Websocket) -> None:
    while True:
        await trio.sleep(PING_SECONDS)
        await websocket.ping()


def _why(ended: EndedError) -> str:
    return f"{ended.reason.rstrip('.')}." if ended.reason else "The connection to the room is lost."


def _pauses() -> Iterator[float]:
    """Seconds before each try; never quite the same, or everybody would come at once."""
    pause = FIRST_PAUSE_SECONDS
    while True:
        yield pause * random.uniform(0.5, 1.0)
        pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
