"""The telnet doors behind a proxy that says who comes: over real sockets, with headers by hand.

With a real proxy in front, ``tests/clients/test_haproxy.py`` tries them.
"""

import logging
import signal
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
import trio
import trio.testing

from backend.app import Bound
from backend.certificate import Certificate
from backend.config import UNLIMITED, Limits
from backend.net.doorkeeper import FETCHES_PER_SESSION, SPARE, Doorkeeper
from backend.net.introduction import INTRODUCTION_SECONDS, Introductions, NotIntroducedError
from backend.net.peer import Peer
from backend.net.tcp import PROXY_ONLY
from tests.guests import Through, settled
from tests.processes import running
from tests.talkers import PROMPT, Terminal, a_room, ask, at_browser, connect
from tests.test_proxy import binary, ip

FULL = "<meta>: The room is full, please try again later.\r\n"
TOO_MANY = "<meta>: There are too many connections from your address.\r\n"

UNKNOWN = b"PROXY UNKNOWN\r\n"
LOCAL = binary(0, b"", command=0x20)

Introduces = Callable[[str], bytes]
"""Makes a header about somebody at an address."""

ONE_EACH = replace(UNLIMITED, max_connections_per_address=1)


def line(address: str) -> bytes:
    """A header of version 1 about somebody there."""
    kind, ours = ("TCP6", "2001:db8::1") if ":" in address else ("TCP4", "192.0.2.1")
    return f"PROXY {kind} {address} {ours} 51234 12345\r\n".encode()


def packed(address: str) -> bytes:
    """Likewise of version 2, with a name behind."""
    kind, ours = (0x21, "2001:db8::1") if ":" in address else (0x11, "192.0.2.1")
    return binary(kind, ip(address, ours) + b"\x02\0\x0cchat.example")


@asynccontextmanager
async def a_proxied_room(
    limits: Limits = UNLIMITED, certfile: Path | None = None, secret: str | None = None
) -> AsyncIterator[Bound]:
    """The whole program in this process, whose telnet doors have a proxy in front."""
    async with a_room(
        limits,
        telnet_proxy_protocol=True,
        operator_secret=secret,
        certificate=Certificate(certfile) if certfile else None,
        telnet_tls_port=0 if certfile else None,
    ) as bound:
        yield bound


@pytest.fixture
async def room() -> AsyncIterator[Bound]:
    """Such a one, without limits."""
    async with a_proxied_room() as bound:
        yield bound


class Introduced(Through):
    """A connection opened by a proxy for somebody: the header leaves with their first bytes."""

    def __init__(self, stream: trio.SocketStream, header: bytes) -> None:
        super().__init__(stream)
        self._header = header

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """See ``trio.abc.SendStream``."""
        header, self._header = self._header, b""
        await self._stream.send_all(header + bytes(data))


@asynccontextmanager
async def at_door(bound: Bound, opening: bytes = b"") -> AsyncIterator[Terminal]:
    """Somebody at the plain door, who begins like this."""
    stream = await connect(bound, bound.telnet_port)
    async with stream:
        terminal = Terminal(stream)
        await terminal.send(opening)
        yield terminal


@asynccontextmanager
async def by_proxy(
    bound: Bound, header: bytes, nick: str | None = None, context: ssl.SSLContext | None = None
) -> AsyncIterator[Terminal]:
    """Somebody at a terminal, introduced like this; given a nick, in the room already.

    All in one piece with what they say first; given a context, by TLS.
    """
    tcp = await connect(bound, bound.telnet_tls_port if context else bound.telnet_port)
    assert isinstance(tcp, trio.SocketStream)
    stream: trio.abc.Stream = Introduced(tcp, header)
    if context:
        stream = trio.SSLStream(stream, context, server_hostname=bound.host)
    async with stream:
        terminal = Terminal(stream)
        await terminal.send(f"{nick}\r\n".encode() if nick else b"")
        if nick:
            await terminal.reads(f"{PROMPT}<meta>: Welcome {nick}.\r\n")
        yield terminal


async def refusals(bound: Bound) -> str:
    """What ``/metrics`` says about those who were not introduced."""
    figures = await ask(bound, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
    found = [
        row for row in figures.decode().splitlines() if 'refusals_total{reason="proxy"}' in row
    ]
    return found[0].split()[1] if found else "0"


# --- who is introduced ---


@pytest.mark.parametrize("header", [line, packed])
async def test_what_the_proxy_says_is_not_what_its_client_says(
    room: Bound, header: Introduces
) -> None:
    """Nothing of it is taken for a name, and nothing behind it is lost, however it is cut."""
    opening = header("198.51.100.1") + b"alice\r\nhello\r\n"
    async with by_proxy(room, header("198.51.100.2"), "bob") as bob, at_door(room) as alice:
        for byte in opening:
            await alice.send(bytes([byte]))
        await alice.reads(f"{PROMPT}<meta>: Welcome alice.\r\n")
        await bob.reads_line("<meta>: alice joined.")
        await bob.reads_line("<alice> : hello")


async def test_nobody_is_asked_for_a_name_before_they_are_introduced(room: Bound) -> None:
    """As long as the header is not complete, nothing is sent."""
    async with at_door(room, line("198.51.100.1")[:-1]) as alice:
        with trio.move_on_after(0.05) as waited:
            await alice.tcp.receive_some()
        assert waited.cancelled_caught
        await alice.send(b"\n")
        await alice.reads(PROMPT)


@pytest.mark.parametrize("header", [line, packed])
async def test_limits_go_by_the_address_that_was_told(header: Introduces) -> None:
    """Not by the proxy's, which all of them have; of IPv6 by the /64."""
    async with a_proxied_room(ONE_EACH) as room, AsyncExitStack() as stack:
        for nick, address in (("a", "198.51.100.1"), ("b", "198.51.100.2"), ("c", "2001:db8::1")):
            await stack.enter_async_context(by_proxy(room, header(address), nick))
        for address in ("198.51.100.1", "2001:db8::2", "::ffff:198.51.100.2"):
            async with by_proxy(room, header(address)) as again:
                assert await again.rest() == TOO_MANY
        async with by_proxy(room, header("2001:db8:0:1::1"), "d"):
            pass


async def test_logins_are_counted_by_it_too() -> None:
    """Together with those from there at the page."""
    limits = replace(UNLIMITED, logins_per_minute=1)
    async with a_proxied_room(limits) as room, by_proxy(room, line("198.51.100.1"), "alice"):
        async with by_proxy(room, line("198.51.100.2"), "bob"):
            pass
        async with by_proxy(room, line("127.0.0.1"), "carol"):
            pass
        async with at_browser(room) as browser:
            assert await browser.close_code() == 1013
        async with by_proxy(room, line("198.51.100.1")) as again:
            assert "too many logins" in await again.rest()


@pytest.mark.parametrize("header", [UNKNOWN, LOCAL, binary(0x31, bytes(216))])
async def test_who_is_introduced_without_an_address_has_the_proxys(header: bytes) -> None:
    """The proxy itself, which looks whether all is well, and whoever has none."""
    async with a_proxied_room(ONE_EACH) as room, by_proxy(room, header, "alice"):
        for again in (header, line("127.0.0.1")):
            async with by_proxy(room, again) as bob:
                assert await bob.rest() == TOO_MANY


async def test_a_ban_is_on_the_address_that_was_told() -> None:
    """Those who came by the same proxy stay, and may come."""
    bans = "<meta>: You are banned"
    async with (
        a_proxied_room(secret="owl") as room,
        by_proxy(room, line("198.51.100.1"), "alice") as alice,
        by_proxy(room, line("198.51.100.2"), "bob") as bob,
        by_proxy(room, packed("198.51.100.3"), "carol") as carol,
    ):
        await alice.type("/op owl")
        await alice.type("/ban bob 1h")
        assert f"{bans} for 60 minutes, by alice.\r\n" in await bob.rest()
        await carol.reads_line("<meta>: bob left (banned by alice)")
        async with by_proxy(room, packed("198.51.100.2")) as again:
            assert (await again.rest()).startswith(bans)
        async with by_proxy(room, packed("198.51.100.4"), "dave"):
            await carol.reads_line("<meta>: dave joined.")


async def test_at_the_tls_door_the_header_comes_before_tls(
    certfile: Path, trusting: ssl.SSLContext
) -> None:
    """In one piece with the client's hello, of which not a byte is lost."""
    async with a_proxied_room(ONE_EACH, certfile) as room, AsyncExitStack() as stack:
        alice = await stack.enter_async_context(
            by_proxy(room, line("198.51.100.1"), "alice", trusting)
        )
        bob = await stack.enter_async_context(
            by_proxy(room, packed("198.51.100.2"), "bob", trusting)
        )
        await alice.reads_line("<meta>: bob joined.")
        await bob.type("hi")
        await alice.reads_line("<bob> : hi")
        async with by_proxy(room, line("198.51.100.2"), None, trusting) as again:
            assert await again.rest() == TOO_MANY


async def test_the_address_is_in_the_log_for_those_who_debug(
    room: Bound, caplog: pytest.LogCaptureFixture
) -> None:
    """And for nobody else."""
    caplog.set_level(logging.DEBUG)
    async with by_proxy(room, line("198.51.100.7"), "alice"):
        pass
    told = [record for record in caplog.records if "198.51.100.7" in record.getMessage()]
    assert [(record.levelname, record.getMessage().split(" ", 1)[1]) for record in told] == [
        ("DEBUG", "on behalf of 198.51.100.7")
    ]


# --- who is not ---


@pytest.mark.parametrize(
    ("opening", "why"),
    [
        (b"alice\r\n", "it speaks something else"),
        (b"a", "it speaks something else"),
        (b"\xff\xfb\x1f", "it speaks something else"),
        (b"\x16\x03\x01\x02\0", "it speaks something else"),
        (b"PROXY TCP4 alice\r\n", "its line makes no sense"),
        (binary(0x11, b""), "it is too short for its addresses"),
    ],
)
async def test_who_came_past_the_proxy_is_told_so_at_once(
    room: Bound, opening: bytes, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    """In one line; the log has one, without an address, and the figures have it, too."""
    caplog.set_level(logging.INFO)
    async with at_door(room, opening) as lost:
        assert await lost.rest() == (
            "<meta>: This port expects the PROXY protocol: "
            "come by way of the proxy in front of it.\r\n"
        )
    await settled()
    assert [record.getMessage().split(" ", 1)[1] for record in caplog.records] == [
        f"refused: no PROXY header ({why})"
    ]
    assert await refusals(room) == "1.0"


@pytest.mark.parametrize("opening", [b"\x16\x03\x01\x02\0\1", b"alice\r\n"])
async def test_at_the_tls_door_too(certfile: Path, opening: bytes) -> None:
    """In plain, for there is no TLS yet."""
    async with (
        a_proxied_room(UNLIMITED, certfile) as room,
        at_door(replace(room, telnet_port=room.telnet_tls_port), opening) as lost,
    ):
        assert (await lost.rest()).encode() == PROXY_ONLY


@pytest.mark.parametrize("opening", [b"", b"PROXY TCP4 198.", binary(0x11, bytes(12))[:20]])
@pytest.mark.parametrize("resets", [True, False])
async def test_who_hangs_up_in_the_middle_is_no_fault_of_ours(
    room: Bound, opening: bytes, resets: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """However they do it."""
    caplog.set_level(logging.INFO)
    async with at_door(room, opening) as lost:
        await settled(0.01)
        if resets:
            lost.reset()
        else:
            await lost.tcp.send_eof()
            assert (await lost.rest()).encode() == PROXY_ONLY
    await settled(0.01)
    assert [record.getMessage().split(" ", 1)[1] for record in caplog.records] == [
        "refused: no PROXY header (it hung up)"
    ]
    assert await refusals(room) == "1.0"


@asynccontextmanager
async def a_line() -> AsyncIterator[tuple[Peer, trio.SocketStream]]:
    """A peer that was just accepted, and the other end."""
    ours, theirs = trio.socket.socketpair()
    async with Peer(trio.SocketStream(ours)) as peer, trio.SocketStream(theirs) as other:
        yield peer, other


@pytest.mark.parametrize("opening", [b"", b"PROXY", line("198.51.100.1")[:-1], LOCAL[:-1]])
async def test_silence_is_given_up_in_time(
    opening: bytes, autojump_clock: trio.testing.MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing, or half a header; and the peer is told what was missing."""
    caplog.set_level(logging.INFO)
    doorkeeper = Doorkeeper(UNLIMITED)
    async with a_line() as (peer, other), trio.open_nursery() as nursery:
        await other.send_all(opening)
        heard: list[bytes] = []

        async def listen() -> None:
            heard.extend([bytes(data) async for data in other])
            await other.aclose()

        nursery.start_soon(listen)
        with pytest.raises(NotIntroducedError):
            await Introductions(doorkeeper).address(peer, b"No.\r\n")
        assert trio.current_time() == pytest.approx(INTRODUCTION_SECONDS)
    assert heard == [b"No.\r\n"]
    assert caplog.messages == [f"{peer.id} refused: no PROXY header (too slow)"]
    assert doorkeeper.refused == {"proxy": 1}


async def test_the_limit_is_on_the_whole_header(autojump_clock: trio.testing.MockClock) -> None:
    """And not on each of its bytes."""
    async with a_line() as (peer, other), trio.open_nursery() as nursery:

        async def dribble() -> None:
            with suppress(trio.BrokenResourceError):
                for byte in line("198.51.100.1"):
                    await other.send_all(bytes([byte]))
                    await trio.sleep(INTRODUCTION_SECONDS / 20)

        nursery.start_soon(dribble)
        with pytest.raises(NotIntroducedError):
            await Introductions(Doorkeeper(UNLIMITED)).address(peer, b"")


async def test_who_is_not_introduced_yet_takes_a_place_and_nobodys_share() -> None:
    """Like everybody else, for all that come are the proxy's connections; and gives it back."""
    limits = Limits(max_connections=2 * FETCHES_PER_SESSION, max_connections_per_address=1)
    async with a_proxied_room(limits) as room, AsyncExitStack() as stack:
        silent = [
            await stack.enter_async_context(at_door(room, b"PROXY "))
            for _ in range(limits.max_connections - 1)
        ]
        await settled(0.02)
        async with by_proxy(room, UNKNOWN, "alice"), by_proxy(room, line("198.51.100.1")) as bob:
            assert await bob.rest() == FULL
            await silent[0].tcp.send_eof()
            assert (await silent[0].rest()).encode() == PROXY_ONLY
            await silent[0].tcp.aclose()
            await settled(0.02)
            async with by_proxy(room, line("198.51.100.1"), "bob"):
                pass


async def test_far_beyond_the_limit_nobody_is_waited_for() -> None:
    """A room that cannot even say no does not wait to hear who comes."""
    async with (
        a_proxied_room(replace(UNLIMITED, max_connections=1)) as room,
        AsyncExitStack() as stack,
    ):
        for _ in range(1 + SPARE):
            await stack.enter_async_context(at_door(room))
        await settled(0.02)
        async with at_door(room) as one_more:
            with pytest.raises((AssertionError, trio.BrokenResourceError)):
                await one_more.line()


# --- the end ---


async def test_a_signal_ends_it_without_waiting_for_those_who_are_not_introduced(
    certfile: Path,
) -> None:
    """At either door, whether they have begun or not; a member is told as ever."""
    ports = ("--host", "127.0.0.1", "--port", "0", "--telnet-port", "0", "--telnet-tls-port", "0")
    with running(*ports, "--certfile", str(certfile), TELNET_PROXY_PROTOCOL="1") as process:
        room = process.bound
        async with AsyncExitStack() as stack:
            alice = await stack.enter_async_context(by_proxy(room, line("198.51.100.1"), "alice"))
            for port in (room.telnet_port, room.telnet_tls_port):
                for opening in (b"", b"PROXY TCP4 198.", LOCAL[:-1]):
                    door = replace(room, telnet_port=port)
                    await stack.enter_async_context(at_door(door, opening))
            started = time.monotonic()
            process.process.send_signal(signal.SIGTERM)
            await alice.reads_line("<meta>: The room is closing, come back soon")
            assert await trio.to_thread.run_sync(lambda: process.process.wait(15)) == 0
            assert time.monotonic() - started < 5
        assert "Traceback" not in process.logged()
