"""One telnet on a bridge, and its websocket to the room; the next one, if the first is lost.

If the room's server goes away, the person is told, and brought back: to their seat, if the room
keeps it, and else under their nick. Knows telnet only through ``memory``, cues only through
``seat``, and the way to the room only through what it is given to dial with.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress

import trio

from backend.bridge.dial import CannotReachError
from backend.bridge.memory import Memory
from backend.bridge.pauses import pauses
from backend.bridge.seat import Seat
from backend.bridge.websocket import (
    LOST,
    PING_SECONDS,
    PROTOCOL_ERROR,
    UNSUPPORTED,
    EndedError,
    Websocket,
)
from backend.room.codes import GOING_AWAY, NORMAL_CLOSURE, TRY_AGAIN_LATER
from backend.wire.options import IAC, NOP

READ_BYTES = 4 * 1024
"""At once from a telnet, and so in one message: the room takes 16 KiB."""

LAST_WORDS_SECONDS = 35.0
"""How long what the server still has to say may take, once the telnet has ended its side: a room
reads who sends too much more slowly, for up to 30 s."""

GOODBYE_SECONDS = 1.0
"""How long it may take to say that the bridge ends, whatever ends it."""

LINGER_SECONDS = 2.0
"""How long to wait, after our last byte, for the telnet to hang up by itself."""

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
        self._seat = Seat()
        self._has_left = False

    async def bridge(self) -> None:
        """Carry bytes both ways until the telnet or the room has had enough."""
        log.info("%d: connected", self._number)
        try:
            async with self._telnet:
                try:
                    await self._stay()
                finally:
                    if trio.current_effective_deadline() < trio.current_time():
                        with trio.move_on_after(GOODBYE_SECONDS, shield=True):
                            await self._say("The bridge is closing.")
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
        tries = pauses()
        while True:
            since = trio.current_time()
            try:
                ended = await self._carry(websocket)
            except BaseException:  # the telnet is gone, or the bridge is stopped
                await websocket.leave()
                raise
            finally:
                await websocket.aclose()
            if self._has_left or ended.code in _GOODBYES:
                return
            if not (ended.reason and self._memory.has_just_seen(ended.reason)):
                await self._say(_why(ended))
            is_late = ended.code == TRY_AGAIN_LATER and self._seat.nick
            if ended.code not in _COMES_BACK and not is_late:
                return
            if trio.current_time() - since > STABLE_SECONDS:
                tries = pauses()
            back = await self._return(tries)
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
                    await self._hear(websocket)
            except EndedError as error:
                ended = error
            nursery.cancel_scope.cancel()
        return ended

    async def _upload(self, websocket: Websocket, both: trio.CancelScope) -> None:
        while data := await self._telnet.receive_some(READ_BYTES):
            await self._send(websocket, bytes(data))
        self._has_left = True
        await websocket.close()
        # A websocket has no half to close: the room takes this for a goodbye, and says its own.
        both.deadline = trio.current_time() + LAST_WORDS_SECONDS

    async def _take_seat(self, websocket: Websocket) -> None:
        """Whoever was in the room before has their seat again, or else gives the same nick."""
        if not websocket.resumes:
            return
        await websocket.say(self._seat.beginning)
        if self._seat.nick is None:
            return
        await self._hear(websocket)  # a welcome, or a prompt
        if self._seat.is_asked:
            name = f"{self._seat.nick}\r\n".encode(self._seat.speech.encoding, "replace")
            await self._show(name)
            await self._send(websocket, name)
            # A line typed before this would be taken for a name, if this one were refused.
            await self._hear(websocket)
        if self._memory.speaks_telnet:
            await websocket.send(bytes((IAC, NOP)))  # so the server may ask for options

    async def _return(self, tries: Iterator[float]) -> Websocket | None:
        """Dial until the room is there again; None if the telnet leaves or it makes no sense."""
        self._seat.lost()
        await self._telnet.send_all(self._memory.new_server())
        kept = "kept" if self._seat.nick else "lost"  # for it would be taken for a name
        await self._say(f"Connecting again. What you type meanwhile is {kept}.")
        told = ""
        async with self._keeping_lines():
            for pause in tries:
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
    async def _keeping_lines(self) -> AsyncIterator[None]:
        """A block that ends when the telnet does, and in which what it says is put by."""

        async def read() -> None:
            with suppress(trio.BrokenResourceError):
                while data := await self._telnet.receive_some(READ_BYTES):
                    if self._seat.nick:
                        self._seat.speech.typed(bytes(data))
            nursery.cancel_scope.cancel()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(read)
            yield
            nursery.cancel_scope.cancel()

    async def _hear(self, websocket: Websocket) -> None:
        """Show the next that the room says."""
        while isinstance(message := await websocket.receive(), str):
            try:
                self._seat.told(message)
            except ValueError as error:
                raise EndedError(UNSUPPORTED, "what the room says makes no sense") from error
        await self._show(message)
        self._seat.shown()
        if self._seat.is_taken and self._seat.speech.is_due:
            lines, losses = self._seat.speech.take()
            if lines:
                await self._send(websocket, lines)
            for loss in losses:
                await self._say(loss)

    async def _send(self, websocket: Websocket, data: bytes) -> None:
        self._seat.speech.sent(data)
        await websocket.send(data)

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
