"""People for the tests: somebody at a terminal, somebody with a browser's protocol.

Both talk to real sockets and give up after ``PATIENCE`` seconds, so that a promise not kept is a
failure and not a hang.
"""

import json
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio
from trio_websocket import ConnectionClosed, WebSocketConnection, wrap_client_stream

from backend.app import Bound, serve
from backend.config import Limits, Settings

PATIENCE = 5.0

PROMPT = "<meta>: Please enter username: "

PUTTY_HELLO = bytes.fromhex("fffb1f fffb20 fffb18 fffb27 fffd01 fffb03 fffd03")
HELLO_PUTTY = bytes.fromhex("fffd1f fffd18 fffe20 fffa1801fff0 fffe27 fffc01 fffe03 fffc03")
"""DO NAWS, DO TTYPE; no to its speed, its environment, echo and SGA; and what type it is."""


class Terminal:
    """Somebody with a terminal and no telnet options: bytes out, text in."""

    def __init__(self, stream: "trio.abc.Stream | Wire") -> None:
        self.stream = stream
        self._unread = b""

    @property
    def tcp(self) -> trio.SocketStream:
        """The connection, of one who is not in a tunnel."""
        assert isinstance(self.stream, trio.SocketStream)
        return self.stream

    async def send(self, data: bytes) -> None:
        """Send bytes just as they are."""
        await self.stream.send_all(data)

    async def type(self, line: str) -> None:
        """Type a line and press return."""
        await self.send(line.encode() + b"\r\n")

    async def take(self, count: int) -> bytes:
        """The next so many bytes; fewer at the end, or when patience is."""
        with trio.move_on_after(PATIENCE):
            while len(self._unread) < count and (data := await self.stream.receive_some()):
                self._unread += data
        got, self._unread = self._unread[:count], self._unread[count:]
        return got

    async def reads(self, expected: str) -> None:
        """The next thing on the screen is exactly this."""
        assert (await self.take(len(expected.encode()))).decode() == expected

    async def reads_line(self, expected: str) -> None:
        """The next line on the screen is exactly this."""
        await self.reads(expected + "\r\n")

    async def line(self) -> str:
        """The next line on the screen, whatever it is."""
        with trio.fail_after(PATIENCE):
            while b"\r\n" not in self._unread:
                data = await self.stream.receive_some()
                assert data, "the connection ended in the middle of a line"
                self._unread += data
        line, _, self._unread = self._unread.partition(b"\r\n")
        return line.decode()

    async def rest(self) -> str:
        """Everything up to the end of the connection."""
        with trio.fail_after(PATIENCE):
            while data := await self.stream.receive_some():
                self._unread += data
        return self._unread.decode()

    async def joins(self, nick: str) -> "Terminal":
        """Go through the door under this name."""
        await self.reads(PROMPT)
        await self.type(nick)
        await self.reads_line(f"<meta>: Welcome {nick}.")
        return self

    def reset(self) -> None:
        """Be gone as after a power cut: RST instead of FIN."""
        linger_not_at_all = struct.pack("ii", 1, 0)
        self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_not_at_all)
        self.tcp.socket.close()


class Browser:
    """Somebody on the page's end of the websocket: lines out, events in."""

    def __init__(self, websocket: WebSocketConnection) -> None:
        self.websocket = websocket

    async def type(self, line: str) -> None:
        """Send one line."""
        await self.websocket.send_message(line)

    async def resumes(self, token: str, since: int = 0) -> dict[str, Any]:
        """Take a seat again; the welcome."""
        await self.sees("prompt")
        await self.type(f"/resume {token} {since}")
        return await self.sees("welcome", resumed=True)

    async def event(self) -> dict[str, Any]:
        """The next event."""
        with trio.fail_after(PATIENCE):
            event: dict[str, Any] = json.loads(await self.websocket.get_message())
        return event

    async def sees(self, type: str, **fields: Any) -> dict[str, Any]:
        """The next event is of this type and has these fields (perhaps among others)."""
        event = await self.event()
        assert event["type"] == type
        assert {name: event.get(name) for name in fields} == fields
        return event

    async def joins(self, nick: str) -> "Browser":
        """Go through the door under this name."""
        await self.sees("prompt")
        await self.type(nick)
        await self.sees("welcome", nick=nick)
        return self

    async def close_code(self) -> int:
        """Read to the end; the code the server closed with."""
        with trio.fail_after(PATIENCE), pytest.raises(ConnectionClosed) as closed:
            await self._read_to_the_end()
        assert closed.value.reason is not None
        return closed.value.reason.code

    async def _read_to_the_end(self) -> None:
        while True:
            await self.websocket.get_message()


@asynccontextmanager
async def a_room(limits: Limits, **settings: Any) -> AsyncIterator[Bound]:
    """The whole program in this process, on free ports, from start to drained."""
    stop = trio.Event()
    async with trio.open_nursery() as nursery:
        where = Settings(host="127.0.0.1", port=0, telnet_port=0, limits=limits, **settings)
        yield await nursery.start(serve, where, stop)
        stop.set()


async def connect(
    bound: Bound, port: int | None, context: ssl.SSLContext | None = None
) -> "trio.SocketStream | trio.SSLStream[trio.SocketStream]":
    """A connection to this door; given a context, by TLS."""
    assert port is not None
    stream = await trio.open_tcp_stream(bound.host, port)
    return trio.SSLStream(stream, context, server_hostname=bound.host) if context else stream


@asynccontextmanager
async def at_terminal(
    bound: Bound, nick: str | None = None, context: ssl.SSLContext | None = None
) -> AsyncIterator[Terminal]:
    """Somebody at a terminal; given a nick, in the room already."""
    port = bound.telnet_tls_port if context else bound.telnet_port
    async with await connect(bound, port, context) as stream:
        terminal = Terminal(stream)
        yield terminal if nick is None else await terminal.joins(nick)


@asynccontextmanager
async def at_sleeper(bound: Bound, nick: str) -> AsyncIterator[Terminal]:
    """Somebody in the room whose machine takes in next to nothing, and who will not read."""
    assert bound.telnet_port is not None
    with trio.socket.socket() as narrow:
        narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        await narrow.connect((bound.host, bound.telnet_port))
        yield await Terminal(trio.SocketStream(narrow)).joins(nick)


@asynccontextmanager
async def a_websocket(
    bound: Bound,
    path: str = "/ws",
    subprotocols: Sequence[str] = (),
    context: ssl.SSLContext | None = None,
    forwarded_for: str = "",
) -> AsyncIterator[WebSocketConnection]:
    """A websocket to the front door, closed in the end as people do who leave."""
    headers = [(b"X-Forwarded-For", forwarded_for.encode())] if forwarded_for else []
    # A stream of our own: when the server closes first, the library's client leaves its own open.
    async with (
        await connect(bound, bound.port, context) as stream,
        trio.open_nursery() as nursery,
    ):
        websocket = await wrap_client_stream(
            nursery,
            stream,
            bound.host,
            path,
            subprotocols=subprotocols,
            extra_headers=headers,
        )
        yield websocket
        await websocket.aclose()


@asynccontextmanager
async def at_browser(
    bound: Bound,
    nick: str | None = None,
    context: ssl.SSLContext | None = None,
    forwarded_for: str = "",
) -> AsyncIterator[Browser]:
    """Somebody with a browser; given a nick, in the room already."""
    async with a_websocket(bound, context=context, forwarded_for=forwarded_for) as websocket:
        browser = Browser(websocket)
        yield browser if nick is None else await browser.joins(nick)


class Wire:
    """A telnet stream in a websocket's binary messages, for a ``Terminal``."""

    def __init__(self, websocket: WebSocketConnection) -> None:
        self.websocket = websocket

    async def send_all(self, data: bytes) -> None:
        """Send a message."""
        await self.websocket.send_message(data)

    async def receive_some(self) -> bytes:
        """The next message; nothing at the end."""
        try:
            message = await self.websocket.get_message()
        except ConnectionClosed:
            return b""
        assert isinstance(message, bytes)
        return message


@asynccontextmanager
async def at_tunnel(
    bound: Bound, nick: str | None = None, subprotocols: Sequence[str] = ()
) -> AsyncIterator[Terminal]:
    """Somebody at a terminal, through a websocket; given a nick, in the room already."""
    async with a_websocket(bound, "/telnet", subprotocols) as websocket:
        terminal = Terminal(Wire(websocket))
        yield terminal if nick is None else await terminal.joins(nick)


async def ask(bound: Bound, request: bytes, context: ssl.SSLContext | None = None) -> bytes:
    """Send raw bytes to the front door; everything that comes back until the connection ends."""
    async with await connect(bound, bound.port, context) as stream:
        await stream.send_all(request)
        with trio.fail_after(PATIENCE):
            return b"".join([data async for data in stream])


def upgrade(*headers: str) -> bytes:
    """A websocket upgrade request, with these headers too."""
    lines = ["GET /ws HTTP/1.1", "Connection: Upgrade", "Upgrade: websocket", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1")


HANDSHAKE = ("Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==")
"""What RFC 6455 asks of a client besides the upgrade."""

CLOSE = b"\x88\x80\0\0\0\0"
"""A client's empty close frame, masked with zeros."""
