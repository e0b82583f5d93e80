"""The bridge, between real sockets: a telnet at one end, the room at the other."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial

import pytest
import trio
import trio.testing
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, Request

from backend.app import Bound
from backend.bridge import bridge, pauses, visitor
from backend.bridge.address import parse
from backend.bridge.bridge import serve
from backend.bridge.dial import CannotReachError, dial
from backend.bridge.websocket import PING_SECONDS, RESUMES, SUBPROTOCOL, Websocket
from backend.config import UNLIMITED
from backend.wire import frames
from tests.talkers import (
    HELLO_PUTTY,
    PROMPT,
    PUTTY_HELLO,
    Terminal,
    a_room,
    at_browser,
    at_terminal,
)

HOST = "127.0.0.1"

AGAIN = "<meta>: Connecting again. What you type meanwhile is kept."
LOST = "<meta>: The connection to the room is lost."


@asynccontextmanager
async def a_bridge(dial: visitor.Dial) -> AsyncIterator[int]:
    """A bridge that gets to a room so; its port."""
    async with trio.open_nursery() as nursery:
        stop = trio.Event()
        yield await nursery.start(serve, HOST, 0, dial, stop)
        stop.set()


@asynccontextmanager
async def at_bridge(room: Bound, nick: str | None = None) -> AsyncIterator[Terminal]:
    """Somebody at a telnet, on a bridge of their own."""
    way = partial(dial, parse(room.page_url))
    async with a_bridge(way) as port, await trio.open_tcp_stream(HOST, port) as stream:
        terminal = Terminal(stream)
        yield terminal if nick is None else await terminal.joins(nick)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long before they try again."""
    monkeypatch.setattr(pauses, "LONGEST_SECONDS", 0.05)
    monkeypatch.setattr(pauses, "FIRST_SECONDS", 0.05)


# --- a conversation ---


async def test_telnet_over_the_bridge_is_telnet(room: Bound) -> None:
    """The room's own texts, both ways, and a goodbye that ends the connection."""
    async with at_browser(room, "bob") as bob, at_bridge(room, "alice") as alice:
        await bob.sees("joined", nick="alice", via="telnet")
        await bob.type("hi alice")
        await alice.reads_line("<bob> : hi alice")
        await alice.type("hi bob")
        await bob.sees("said", text="hi alice")
        await bob.sees("said", nick="alice", text="hi bob")
        await alice.type("/quit")
        assert await alice.rest() == "<meta>: Goodbye alice.\r\n"
        await bob.sees("left", nick="alice")


async def test_negotiation_goes_through_the_bridge(room: Bound) -> None:
    """PuTTY's opening bytes get the answers that they get without it."""
    async with at_bridge(room) as putty:
        await putty.reads(PROMPT)
        await putty.send(PUTTY_HELLO)
        assert await putty.take(len(HELLO_PUTTY)) == HELLO_PUTTY


async def test_an_interrupt_drops_the_line_through_the_bridge_too(room: Bound) -> None:
    """The second byte of GNU telnet's synch is urgent, and stays in its place."""
    async with at_terminal(room, "bob") as bob, at_bridge(room, "alice") as alice:
        await bob.reads_line("<meta>: alice joined.")
        await alice.send(b"half a line\xff\xf4\xff\xfd\x06\xff")
        await alice.tcp.socket.send(b"\xf2", socket.MSG_OOB)
        await alice.type("whole")
        await bob.reads_line("<alice> : whole")


async def test_whoever_vanishes_without_a_word_is_asked_after(
    room: Bound, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the kernel, as at the room's own door: else they would stay for ever."""
    telnets: list[trio.SocketStream] = []

    class Seen(visitor.Visitor):
        def __init__(self, number: int, telnet: trio.SocketStream, dial: visitor.Dial) -> None:
            super().__init__(number, telnet, dial)
            telnets.append(telnet)

    monkeypatch.setattr(bridge, "Visitor", Seen)
    async with at_bridge(room, "alice"):
        (telnet,) = telnets
        assert telnet.socket.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)


@pytest.mark.parametrize(
    ("said", "protocol"),
    [(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP"), (b"\x16\x03\x01\x02\x00\x01", "TLS")],
)
async def test_whoever_speaks_another_protocol_is_told_so(
    room: Bound, said: bytes, protocol: str
) -> None:
    """A browser that was sent to the wrong port; and that is the end."""
    async with at_bridge(room) as lost:
        await lost.reads(PROMPT)
        await lost.send(said)
        told = await lost.rest()
    assert told.strip() == (
        f"This websocket carries telnet, not {protocol}. The page is at / of this host."
    )


async def test_whoever_ends_their_side_still_reads_the_answers(room: Bound) -> None:
    """As with ``printf ... | nc -N``."""
    async with at_bridge(room) as alice:
        await alice.send(b"alice\r\n/who\r\n")
        await alice.tcp.send_eof()
        assert await alice.rest() == (
            f"{PROMPT}<meta>: Welcome alice.\r\n<meta>: 1 here: alice (telnet)\r\n"
        )


async def test_a_telnet_that_is_cut_off_has_left() -> None:
    """No seat is kept for it: the bridge knows that nobody will come back."""
    limits = replace(UNLIMITED, grace=60.0)
    async with (
        a_room(limits) as room,
        at_terminal(room, "bob") as bob,
        at_bridge(room, "alice") as alice,
    ):
        await bob.reads_line("<meta>: alice joined.")
        alice.reset()
        await bob.reads_line("<meta>: alice left")


async def test_a_bridge_that_is_stopped_has_left() -> None:
    """Neither is one for its telnets."""
    limits = replace(UNLIMITED, grace=60.0)
    async with a_room(limits) as room, at_terminal(room, "bob") as bob:
        way = partial(dial, parse(room.page_url))
        async with a_bridge(way) as port:
            alice = Terminal(await trio.open_tcp_stream(HOST, port))
            await alice.joins("alice")
            await bob.reads_line("<meta>: alice joined.")
        async with alice.tcp:
            assert await alice.rest() == "<meta>: The bridge is closing.\r\n"
        await bob.reads_line("<meta>: alice left")


async def test_who_is_not_let_in_reads_why() -> None:
    """A room's refusal is a line, and the end."""
    limits = replace(UNLIMITED, max_connections_per_address=1)
    async with a_room(limits) as room, at_terminal(room, "bob"), at_bridge(room) as alice:
        answer = await alice.rest()
    assert answer.startswith("<meta>: ")
    assert answer.count("\r\n") == 1
    assert "address" in answer


async def test_whoever_is_shown_out_reads_why_once_and_stays_out() -> None:
    """What the room has said already is not said again by the bridge."""
    async with (
        a_room(UNLIMITED, operator_secret="owl") as room,
        at_terminal(room, "bob") as bob,
        at_bridge(room, "eve") as eve,
    ):
        await bob.reads_line("<meta>: eve joined.")
        await bob.type("/op owl")
        await bob.type("/kick eve")
        assert await eve.rest() == "<meta>: You were kicked by bob\r\n"


async def test_any_bytes_of_a_telnet_are_the_rooms_business(room: Bound) -> None:
    """The bridge neither understands nor minds them."""
    async with at_bridge(room, "alice") as alice:
        await alice.send(bytes(range(256)) * 20 + b"\r\n")
        await alice.type("/who")
        while "1 here" not in await alice.line():
            pass


# --- a room that goes away ---


class Rooms:
    """Where the room is at the moment, if anywhere."""

    def __init__(self) -> None:
        self.bound: Bound | None = None

    async def dial(self) -> Websocket:
        """See ``visitor.Dial``."""
        if self.bound is None:
            await trio.lowlevel.checkpoint()
            raise CannotReachError("nobody is there")
        return await dial(parse(self.bound.page_url))

    @asynccontextmanager
    async def one(self) -> AsyncIterator[Bound]:
        """A room, which is there for as long as this."""
        async with a_room(UNLIMITED) as self.bound:
            yield self.bound
            self.bound = None


@pytest.mark.usefixtures("hasty")
async def test_a_restart_is_told_and_people_are_back_under_their_nicks() -> None:
    """Under the newest one; the bridge's own lines say what happened."""
    rooms = Rooms()
    async with a_bridge(rooms.dial) as port:
        async with rooms.one():
            alice = Terminal(await trio.open_tcp_stream(HOST, port))
            await alice.joins("alice")
            await alice.type("/nick Älice")
            assert "Älice" in await alice.line()
        async with alice.tcp:
            await alice.reads_line("<meta>: The room is closing, come back soon")
            await alice.reads_line(AGAIN)
            await alice.reads_line("<meta>: Nobody is there.")
            async with rooms.one() as second:
                await alice.reads_line("<meta>: Your seat was not kept.")
                await alice.reads_line(f"{PROMPT}Älice")
                await alice.reads_line("<meta>: Welcome Älice.")
                async with at_terminal(second, "bob") as bob:
                    await alice.reads_line("<meta>: bob joined.")
                    await alice.type("here again")
                    await bob.reads_line("<Älice> : here again")


@pytest.mark.usefixtures("hasty")
async def test_a_nick_that_is_taken_meanwhile_is_asked_for_again() -> None:
    """By the room, as everybody is asked."""
    rooms = Rooms()
    async with a_bridge(rooms.dial) as port:
        async with rooms.one():
            alice = Terminal(await trio.open_tcp_stream(HOST, port))
            await alice.joins("alice")
        async with alice.tcp:
            await alice.reads_line("<meta>: The room is closing, come back soon")
            await alice.reads_line(AGAIN)
            async with a_room(UNLIMITED) as second, at_terminal(second, "alice"):
                rooms.bound = second
                while PROMPT not in (line := await alice.line()):
                    pass
                assert line == f"{PROMPT}alice"
                await alice.reads("<meta>: Username taken. Please enter another: ")
                await alice.type("alison")
                await alice.reads_line("<meta>: Welcome alison.")


@pytest.mark.usefixtures("hasty")
async def test_whoever_hangs_up_meanwhile_is_not_connected_again() -> None:
    """The bridge notices, and ends."""
    rooms = Rooms()
    async with a_bridge(rooms.dial) as port:
        async with rooms.one():
            alice = Terminal(await trio.open_tcp_stream(HOST, port))
            await alice.joins("alice")
        async with alice.tcp:
            await alice.tcp.send_eof()
            assert (await alice.rest()).startswith("<meta>: The room is closing")


# --- peers that misbehave ---


@asynccontextmanager
async def a_visitor(
    subprotocol: str = SUBPROTOCOL,
) -> AsyncIterator[tuple[trio.abc.Stream, trio.abc.Stream, list[int]]]:
    """A telnet and a server on a bridge that keeps nothing in between; and calls, as they come."""
    telnet, near = trio.testing.lockstep_stream_pair()
    far, server = trio.testing.lockstep_stream_pair()
    calls: list[int] = []

    async def dial_once() -> Websocket:
        calls.append(1)
        if len(calls) > 1:
            raise CannotReachError("it is gone", is_final=True)
        websocket = Websocket(far)
        await websocket.open("x", "/telnet")
        return websocket

    async with trio.open_nursery() as nursery:
        nursery.start_soon(visitor.Visitor(1, near, dial_once).bridge)
        protocol = WSConnection(ConnectionType.SERVER)
        while not (asked := list(protocol.events())):
            protocol.receive_data(bytes(await server.receive_some()))
        assert isinstance(asked[0], Request)
        assert asked[0].target == "/telnet"
        assert asked[0].subprotocols == [RESUMES, SUBPROTOCOL]
        await server.send_all(protocol.send(AcceptConnection(subprotocol=subprotocol)))
        yield telnet, server, calls
        nursery.cancel_scope.cancel()


async def flood(stream: trio.abc.Stream, piece: bytes, sent: list[int]) -> None:
    """Send for ever, and count."""
    while True:
        await stream.send_all(piece)
        sent.append(1)


async def test_a_telnet_that_stops_reading_holds_up_the_server(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    """Nothing piles up in the bridge, and nobody is given up for being waited for."""
    async with a_visitor() as (telnet, server, calls):
        sent: list[int] = []
        nursery.start_soon(flood, server, frames.binary(b"x" * 10_000), sent)
        await trio.sleep(600)
        assert len(sent) <= 4
        assert calls == [1]
        got = 0
        while got < 100_000:
            got += len(await telnet.receive_some())
        assert len(sent) >= 9
        nursery.cancel_scope.cancel()


async def test_a_server_that_stops_reading_holds_up_the_telnet_and_is_given_up(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Nothing piles up; a server that says nothing either is gone, and that is said."""
    async with a_visitor() as (telnet, _, calls):
        sent: list[int] = []
        async with trio.open_nursery() as nursery:
            nursery.start_soon(flood, telnet, b"x" * 10_000, sent)
            await trio.sleep(PING_SECONDS - 1)
            assert len(sent) <= 2
            answer = bytes(await telnet.receive_some())
            nursery.cancel_scope.cancel()
        while data := await telnet.receive_some():
            answer += data
        assert answer.decode().split("\r\n") == [
            "<meta>: The room does not answer.",
            "<meta>: Connecting again. What you type meanwhile is lost.",
            "<meta>: It is gone.",
            "",
        ]
        assert calls == [1, 1]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (b"\xff" * 20, "<meta>: What the room sends is no websocket."),
        (b"\x81\x02\xff\xff", "<meta>: What the room sends is no websocket."),
        (b"\x88\x02\x00\x00", "<meta>: What the room sends is no websocket."),
        (b"\x81\x05hello", "<meta>: What the room sends is no telnet."),
        (b"\x88\x0e\x03\xf0Go \x1b[2J away", "<meta>: Go ?[2J away."),
        (b"", LOST),
    ],
)
async def test_a_server_that_speaks_nonsense_is_left_with_a_line(
    said: bytes, told: str, autojump_clock: trio.testing.MockClock
) -> None:
    """Whatever it says, a telnet's screen shows words."""
    async with a_visitor() as (telnet, server, _), trio.open_nursery() as nursery:
        nursery.start_soon(_say_and_close, server, said)
        answer = b""
        while data := await telnet.receive_some():
            answer += data
    assert answer.decode().startswith(told)
    assert answer.isascii()
    assert b"\x1b" not in answer


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (b"hello", "<meta>: What the room says makes no sense."),
        (b"[" * 100, "<meta>: What the room says makes no sense."),
        (b'{"type":"seat","token":7}', "<meta>: What the room says makes no sense."),
        (b"\xff", "<meta>: What the room sends is no websocket."),
    ],
)
async def test_a_server_that_speaks_nonsense_of_a_seat_is_left_with_a_line(
    said: bytes, told: str, autojump_clock: trio.testing.MockClock
) -> None:
    """And nothing of it is shown."""
    async with a_visitor(RESUMES) as (telnet, server, _), trio.open_nursery() as nursery:
        assert bytes(await server.receive_some())[0] == 0x81  # text, whole: how it begins
        nursery.start_soon(_say_and_close, server, bytes((0x81, len(said))) + said)
        answer = b""
        while data := await telnet.receive_some():
            answer += data
    assert answer.decode().startswith(told)
    assert answer.isascii()
    assert b"type" not in answer.partition(b"\n")[0]


async def test_what_only_newer_bridges_understand_is_passed_over(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """And not shown; the conversation goes on."""
    async with a_visitor(RESUMES) as (telnet, server, _):
        await server.receive_some()
        await server.send_all(b'\x81\x0e{"type":"new"}' + frames.binary(b"hello\r\n"))
        assert await telnet.receive_some() == b"hello\r\n"


async def test_a_message_without_end_is_not_waited_for(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """What comes in pieces is shown when it is whole, and is not kept without bound."""
    async with a_visitor() as (telnet, server, _), trio.open_nursery() as nursery:
        await server.send_all(b"\x02\x05hello")
        await server.send_all(b"\x80\x02\r\n")
        assert await telnet.receive_some() == b"hello\r\n"
        await server.send_all(b"\x02\x05hello")
        nursery.start_soon(_flood_in_vain, server, b"\x00\x7e\x27\x10" + b"x" * 10_000)
        assert await telnet.receive_some() == b"<meta>: What the room sends is too much.\r\n"
        nursery.cancel_scope.cancel()


async def _flood_in_vain(stream: trio.abc.Stream, piece: bytes) -> None:
    with suppress(trio.BrokenResourceError):
        await flood(stream, piece, [])


async def _say_and_close(server: trio.abc.Stream, said: bytes) -> None:
    if said:
        await server.send_all(said)
        with suppress(trio.BrokenResourceError):
            await server.receive_some()
    await server.aclose()
