"""Those who attack: how they connect, what they send, and that they all leave in the end.

Knows the two doors' protocols well enough to break them.
"""

import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import trio

from backend.app import Bound
from tests.processes import ROOT
from tests.talkers import HANDSHAKE, Terminal, upgrade

PATIENCE = 20.0
"""How long an attacker waits for an answer, or for the server to be rid of it."""

NARROW = 64 * 1024
"""Bytes that those have room for who do not read: soon full. With much less, segments are dropped
whole, acknowledgements and all, and one waits for TCP's timers instead of the server."""

TEXT, CONTINUATION, BINARY, CLOSE, PING = 0x1, 0x0, 0x2, 0x8, 0x9
"""Opcodes (RFC 6455, 5.2)."""

FINAL = 0x80


def head(opcode: int, length: int, *, final: bool = True, reserved: int = 0) -> bytes:
    """The beginning of a client's frame, which is masked with zeros: as good as not at all."""
    first = opcode | reserved | (FINAL if final else 0)
    if length < 126:
        size = bytes((0x80 | length,))
    elif length < 1 << 16:
        size = b"\xfe" + length.to_bytes(2)
    else:
        size = b"\xff" + length.to_bytes(8)
    return bytes((first,)) + size + bytes(4)


def frame(opcode: int, payload: bytes = b"", *, final: bool = True, reserved: int = 0) -> bytes:
    """A client's frame."""
    return head(opcode, len(payload), final=final, reserved=reserved) + payload


class Crowd:
    """Everybody who attacks; they stay until told to leave.

    Attributes:
        bound: where the doors are.
        ports: both of them.
    """

    def __init__(self, bound: Bound) -> None:
        assert bound.telnet_port is not None
        self.bound = bound
        self.telnet_port = bound.telnet_port
        self.ports = (bound.port, bound.telnet_port)
        self._streams: list[trio.SocketStream] = []

    async def connect(self, port: int, *, narrow: bool = False) -> trio.SocketStream:
        """One more; ``narrow``: with room for no more than ``NARROW`` unread."""
        plug = trio.socket.socket()
        if narrow:
            plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, NARROW)
        stream = trio.SocketStream(plug)
        self._streams.append(stream)
        with trio.fail_after(PATIENCE):
            await plug.connect((self.bound.host, port))
        return stream

    async def terminal(self, nick: str, *, narrow: bool = False) -> trio.SocketStream:
        """Somebody at a terminal, in the room."""
        stream = await self.connect(self.telnet_port, narrow=narrow)
        await Terminal(stream).joins(nick)
        return stream

    async def browser(self, nick: str | None = None, *, narrow: bool = False) -> trio.SocketStream:
        """Somebody with a websocket; given a nick, in the room."""
        stream = await self.connect(self.bound.port, narrow=narrow)
        await stream.send_all(upgrade("Host: localhost", *HANDSHAKE))
        await until(stream, b'{"type":"prompt"}')
        if nick is not None:
            await stream.send_all(frame(TEXT, nick.encode()))
            await until(stream, b'{"type":"welcome"')
        return stream

    async def members(
        self, count: int, nick: str, *, narrow: bool = False
    ) -> list[trio.SocketStream]:
        """So many in the room, at both doors: nick0, nick1, and so on."""
        members: list[trio.SocketStream] = []

        async def join(number: int) -> None:
            come = self.browser if number % 2 else self.terminal
            members.append(await come(f"{nick}{number}", narrow=narrow))

        await self.each(count, join)
        return members

    async def each(self, count: int, attacker: Callable[[int], Awaitable[object]]) -> None:
        """So many attackers at once, numbered."""
        async with trio.open_nursery() as nursery:
            for number in range(count):
                nursery.start_soon(attacker, number)

    async def leave(self) -> None:
        """All are gone."""
        for stream in self._streams:
            await stream.aclose()


@asynccontextmanager
async def crowd_at(bound: Bound) -> AsyncIterator[Crowd]:
    """A crowd that has left at the end."""
    crowd = Crowd(bound)
    try:
        yield crowd
    finally:
        with trio.CancelScope(shield=True):  # closing does not wait for anybody
            await crowd.leave()


@asynccontextmanager
async def reader(bound: Bound, nick: str) -> AsyncIterator[trio.Process]:
    """Somebody at a terminal, in the room, who is a process: what it reads is its stdout."""
    program = (sys.executable, "-m", "tests.chaos.reader")
    address = (bound.host, str(bound.telnet_port), str(NARROW))
    process = await trio.lowlevel.open_process(
        [*program, *address, nick], stdout=subprocess.PIPE, cwd=ROOT
    )
    assert process.stdout is not None
    async with process.stdout:
        try:
            await until(process.stdout, f"Welcome {nick}.\r\n".encode())
            yield process
        finally:
            process.kill()
            with trio.CancelScope(shield=True):  # it has no say in this
                await process.wait()


async def until(stream: trio.abc.ReceiveStream, expected: bytes) -> bytes:
    """Read until this has come."""
    got = b""
    with trio.fail_after(PATIENCE):
        while expected not in got:
            data = await stream.receive_some()
            assert data, f"the connection ended before {expected!r} came"
            got += data
    return got


async def send(stream: trio.SocketStream, data: bytes) -> None:
    """Send as much as the server will have: it may end the connection at any time."""
    with suppress(trio.BrokenResourceError):
        await stream.send_all(data)


async def ended(stream: trio.SocketStream) -> bytes:
    """Read until the server ends the connection; what came."""
    got = b""
    with trio.fail_after(PATIENCE), suppress(trio.BrokenResourceError):
        while data := await stream.receive_some():
            got += data
    return got


async def exchange(stream: trio.SocketStream, data: bytes) -> bytes:
    """Send, and read what comes meanwhile, until the server ends the connection; what came."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(send, stream, data)
        got = await ended(stream)
        nursery.cancel_scope.cancel()
    return got


async def send_and_finish(stream: trio.SocketStream, data: bytes) -> bytes:
    """Send, and then FIN, so that the server has to have read all of it; what came."""

    async def finish() -> None:
        await send(stream, data)
        with suppress(trio.BrokenResourceError):
            await stream.send_eof()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(finish)
        got = await ended(stream)
        nursery.cancel_scope.cancel()
    return got


def reset(stream: trio.SocketStream) -> None:
    """Be gone as after a power cut: RST instead of FIN."""
    Terminal(stream).reset()
