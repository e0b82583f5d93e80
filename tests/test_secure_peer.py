"""A peer with TLS on it: what it writes and reads, and what a bad connection does to that."""

import os
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
import trio
import trio.testing
import trustme
from hypothesis import given
from hypothesis import strategies as st

from backend.certificate import Certificate
from backend.net import secure_peer
from backend.net.outbox import STALL_SECONDS, Outbox
from backend.net.peer import LINGER_SECONDS, READ_BYTES, Peer
from backend.net.postman import Postman
from backend.net.secure_peer import SecurePeer
from backend.net.tls import HANDSHAKE_SECONDS, NoTlsError, Tls
from tests.guests import Pipe, Through

settled = trio.testing.wait_all_tasks_blocked

OTHERWISE = b"TLS only.\r\n"

MEGABYTE = os.urandom(1_000_000)


class Dribble(Through):
    """A connection whose bytes leave one by one."""

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """See ``trio.abc.SendStream``."""
        for byte in bytes(data):
            await self._stream.send_all(bytes([byte]))
            await settled()


@pytest.fixture
def tls(certfile: Path) -> Tls:
    """What makes connections secure."""
    return Tls(Certificate(certfile))


@asynccontextmanager
async def a_line(send_buffer: int = 0) -> AsyncIterator[tuple[Peer, trio.SocketStream]]:
    """A peer that was just accepted, and the other end."""
    ours, theirs = trio.socket.socketpair()
    if send_buffer:
        ours.setsockopt(trio.socket.SOL_SOCKET, trio.socket.SO_SNDBUF, send_buffer)
    async with Peer(trio.SocketStream(ours)) as peer, trio.SocketStream(theirs) as other:
        yield peer, other


@asynccontextmanager
async def a_secure_line(
    tls: Tls, trusting: ssl.SSLContext, send_buffer: int = 0
) -> AsyncIterator[tuple[SecurePeer, "trio.SSLStream[trio.SocketStream]"]]:
    """A peer that speaks TLS already, and the other end."""
    async with a_line(send_buffer) as (plain, other), trio.open_nursery() as nursery:
        client = trio.SSLStream(other, trusting, server_hostname="localhost")
        nursery.start_soon(client.do_handshake)
        peer = await tls.secure(plain, OTHERWISE)
        await settled()
        yield peer, client


async def _read(peer: SecurePeer, count: int) -> bytes:
    got = b""
    while len(got) < count:
        data = await peer.receive()
        assert 0 < len(data) <= READ_BYTES
        got += data
    return got


# --- coming in ---


async def test_a_handshake_may_come_byte_by_byte(tls: Tls, trusting: ssl.SSLContext) -> None:
    """And so may what follows."""
    async with a_line() as (plain, other), trio.open_nursery() as nursery:
        client = trio.SSLStream(Dribble(other), trusting, server_hostname="localhost")
        nursery.start_soon(client.send_all, b"hello")
        peer = await tls.secure(plain, OTHERWISE)
        assert await _read(peer, 5) == b"hello"
        await peer.send_all(b"hi")
        assert await client.receive_some() == b"hi"
    assert (peer.id, peer.address) == (plain.id, plain.address)


@pytest.mark.parametrize("opening", [b"GET / HTTP/1.1\r\n\r\n", b"alice\r\n", b"\x80\x2e\x01", b""])
async def test_whoever_does_not_begin_with_tls_is_told_so_in_plain(
    tls: Tls, opening: bytes, autojump_clock: trio.testing.MockClock
) -> None:
    """Those too who wait for a prompt: nobody speaks first in telnet."""
    async with a_line() as (plain, other), trio.open_nursery() as nursery:
        started = trio.current_time()
        if opening:
            await other.send_all(opening)
        nursery.start_soon(_is_not_let_in, tls, plain)
        assert await other.receive_some() == OTHERWISE
        assert trio.current_time() - started == pytest.approx(0 if opening else HANDSHAKE_SECONDS)
        assert await other.receive_some() == b""


async def _is_not_let_in(tls: Tls, plain: Peer) -> None:
    with pytest.raises(NoTlsError):
        await tls.secure(plain, OTHERWISE)


async def test_whoever_stops_in_the_middle_of_the_handshake_is_let_go(
    tls: Tls, autojump_clock: trio.testing.MockClock
) -> None:
    """After the time for all of it, however slowly it comes; and nothing is said in plain."""
    async with a_line() as (plain, other), trio.open_nursery() as nursery:
        nursery.start_soon(_is_not_let_in, tls, plain)
        started = trio.current_time()
        await other.send_all(b"\x16")
        await trio.sleep(HANDSHAKE_SECONDS / 2)
        await other.send_all(b"\x03\x01")
        assert await other.receive_some() == b""
        assert trio.current_time() - started == pytest.approx(HANDSHAKE_SECONDS)


@pytest.mark.parametrize("is_reset", [False, True])
async def test_whoever_vanishes_in_the_middle_of_the_handshake_is_let_go(
    tls: Tls, is_reset: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Without waiting, and without a traceback."""
    caplog.set_level("INFO")
    (listening,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with listening, trio.open_nursery() as nursery:
        other = await trio.open_tcp_stream(*listening.socket.getsockname())
        async with Peer(await listening.accept()) as plain:
            nursery.start_soon(_is_not_let_in, tls, plain)
            await other.send_all(b"\x16\x03\x01\x02\x00\x01\x00")
            await settled()
            if is_reset:
                other.setsockopt(trio.socket.SOL_SOCKET, trio.socket.SO_LINGER, b"\1\0\0\0" * 2)
            other.socket.close()
            with trio.fail_after(LINGER_SECONDS):
                while nursery.child_tasks:
                    await settled()
    assert [r.message for r in caplog.records] == [f"{plain.id} refused: no TLS (it hung up)"]


@pytest.mark.parametrize("garbage", [b"\x16\x03\x01\xff\xff", b"\x16\x03\x01\x00\x05hello"])
async def test_garbage_for_a_handshake_is_refused_by_an_alert(
    tls: Tls, garbage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """And a line in the log."""
    caplog.set_level("INFO")
    async with a_line() as (plain, other), trio.open_nursery() as nursery:
        nursery.start_soon(_is_not_let_in, tls, plain)
        await other.send_all(garbage)
        assert (await other.receive_some())[:1] == b"\x15"
        await other.send_eof()
    (record,) = caplog.records
    assert "refused: no TLS (" in record.message
    assert record.exc_info is None


async def test_nobody_is_waited_for_any_more_once_it_closes(
    tls: Tls, autojump_clock: trio.testing.MockClock
) -> None:
    """Neither the silent nor those in the middle."""
    started = trio.current_time()
    async with a_line() as (plain, other), a_line() as (slow, _), trio.open_nursery() as nursery:
        nursery.start_soon(_is_not_let_in, tls, plain)
        nursery.start_soon(_is_not_let_in, tls, slow)
        await other.send_all(b"\x16")
        await settled()
        tls.close()
    assert trio.current_time() - started < HANDSHAKE_SECONDS


async def test_a_handshake_can_be_cancelled(tls: Tls) -> None:
    """By whoever serves the connection."""
    async with a_line() as (plain, other):
        await other.send_all(b"\x16\x03")
        with trio.CancelScope() as scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(tls.secure, plain, OTHERWISE)
                await settled()
                scope.cancel()
        assert scope.cancelled_caught


async def test_a_flight_that_does_not_fit_into_the_socket_is_waited_for(
    tls: Tls, trusting: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long chain of certificates, say: its rest leaves when there is room."""
    async with a_line() as (plain, other), trio.open_nursery() as nursery:
        send, calls = plain.send_now, 0

        def sips(data: bytes) -> int:
            nonlocal calls
            calls += 1
            if calls % 2:
                raise BlockingIOError
            return send(data[:100])

        plain.send_now = sips
        client = trio.SSLStream(other, trusting, server_hostname="localhost")
        nursery.start_soon(client.do_handshake)
        peer = await tls.secure(plain, OTHERWISE)
        await peer.send_all(b"x" * 500)
        got = b""
        while len(got) < 500:
            got += await client.receive_some()
        assert got == b"x" * 500
    assert calls > 10


# --- both ways ---


async def test_a_megabyte_goes_both_ways_at_once(tls: Tls, trusting: ssl.SSLContext) -> None:
    """Whole and in order; what is read comes in pieces no larger than without TLS."""
    got = b""
    async with a_secure_line(tls, trusting) as (peer, client), trio.open_nursery() as nursery:
        nursery.start_soon(peer.send_all, MEGABYTE)
        nursery.start_soon(client.send_all, MEGABYTE)

        async def read() -> None:
            nonlocal got
            while len(got) < len(MEGABYTE):
                got += await client.receive_some()

        nursery.start_soon(read)
        assert await _read(peer, len(MEGABYTE)) == MEGABYTE
    assert got == MEGABYTE


async def test_many_small_records_are_read_at_once(tls: Tls, trusting: ssl.SSLContext) -> None:
    """As a browser sends several messages: what came in one read is one batch."""
    async with a_secure_line(tls, trusting) as (peer, client):
        for _ in range(50):
            await client.send_all(b"a line\r\n")
        assert await peer.receive() == b"a line\r\n" * 50


async def test_being_cancelled_while_reading_loses_nothing(
    tls: Tls, trusting: ssl.SSLContext
) -> None:
    """In the middle of a record, too."""
    async with a_line() as (plain, other), trio.open_nursery() as nursery:
        client = trio.SSLStream(Dribble(other), trusting, server_hostname="localhost")
        nursery.start_soon(client.do_handshake)
        peer = await tls.secure(plain, OTHERWISE)
        nursery.start_soon(client.send_all, b"a record in many pieces")
        got, tries = b"", 0
        while not got:
            with trio.CancelScope() as scope:
                nursery.start_soon(_cancel_soon, scope)
                got = await peer.receive()
            tries += 1
        assert got == b"a record in many pieces"
        assert tries > 1


async def _cancel_soon(scope: trio.CancelScope) -> None:
    await settled()
    await settled()
    scope.cancel()


@given(
    mail=st.lists(st.integers(1, 40_000), max_size=8),
    rooms=st.lists(st.integers(0, 30_000), max_size=30),
)
def test_whatever_the_socket_takes_at_a_time_nothing_is_lost_or_sent_twice(
    mail: list[int], rooms: list[int]
) -> None:
    """And a byte counts as taken only when all of it is in the socket's hands."""
    pipe = Pipe(room=1_000_000)
    peer, client = _shaken(pipe)
    pipe.room, sent = 0, b""
    for number, size in enumerate(mail):
        data = bytes([65 + number % 26]) * size
        while data:
            pipe.room += rooms.pop() if rooms else 20_000
            taken = peer.send_now(data)
            sent, data = sent + data[:taken], data[taken:]
            assert (client.read_all()) == sent
    assert client.got == sent
    assert len(sent) == sum(mail)


class _Client:
    """The other end, in memory."""

    def __init__(self, pipe: Pipe) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing)
        self.got = b""
        self._pipe = pipe
        self._seen = 0

    def step(self) -> None:
        """Take what has come."""
        taken = self._pipe.taken
        self.incoming.write(taken[self._seen :])
        self._seen = len(taken)

    def read_all(self) -> bytes:
        """Everything that has come so far, up to whole records."""
        self.step()
        try:
            while True:
                self.got += self.tls.read(100_000)
        except ssl.SSLWantReadError:
            return self.got


def _shaken(pipe: Pipe) -> tuple[SecurePeer, _Client]:
    """A peer over a pipe, and the other end; the handshake is done."""
    context = _CERTIFICATE
    plain = cast(Peer, SimpleNamespace(_socket=None, id="c1", address="", send_now=pipe.send_now))
    peer, client = SecurePeer(plain, context, b""), _Client(pipe)
    for _ in range(3):
        for step in (client.tls.do_handshake, peer._tls.do_handshake):
            with suppress(ssl.SSLWantReadError):
                step()
            peer._answer()
            client.step()
            peer._incoming.write(client.outgoing.read())
    assert client.tls.version() == "TLSv1.3"
    return peer, client


def _context() -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    return context


_CERTIFICATE = _context()


# --- slow readers ---


class Desk:
    """A Postman at work for one outbox."""

    def __init__(self, nursery: trio.Nursery, peer: SecurePeer) -> None:
        postman = Postman()
        self.given_up: list[str | Exception] = []
        self.box = Outbox(peer, postman.announce, self.given_up.append)
        nursery.start_soon(postman.run)


async def test_a_slow_readers_mail_waits_and_arrives_whole(
    tls: Tls, trusting: ssl.SSLContext, nursery: trio.Nursery
) -> None:
    """The outbox is empty when the kernel has all of it, and not before."""
    async with a_secure_line(tls, trusting, send_buffer=4_096) as (peer, client):
        desk = Desk(nursery, peer)
        text = MEGABYTE[:200_000]
        for start in range(0, len(text), 777):
            desk.box.push(text[start : start + 777])
            if start % 5 == 0:
                await trio.lowlevel.checkpoint()
        await settled()
        assert desk.box.size > 100_000
        got = b""
        while desk.box.size:
            got += await client.receive_some()
            await settled()
        await desk.box.flushed()
        assert desk.given_up == []
        while len(got) < len(text):
            got += await client.receive_some()
        assert got == text


async def test_a_reader_that_stops_is_given_up_as_without_tls(
    tls: Tls,
    trusting: ssl.SSLContext,
    nursery: trio.Nursery,
    autojump_clock: trio.testing.MockClock,
) -> None:
    """When nothing has been taken for the stall time."""
    async with a_secure_line(tls, trusting, send_buffer=4_096) as (peer, _):
        desk = Desk(nursery, peer)
        started = trio.current_time()
        desk.box.push(MEGABYTE[:100_000])
        await desk.box.flushed()
        assert desk.given_up == ["too slow"]
        assert trio.current_time() - started == pytest.approx(STALL_SECONDS, abs=1)


async def test_a_peer_that_cannot_be_written_to_any_more_is_lost(
    tls: Tls, trusting: ssl.SSLContext, nursery: trio.Nursery
) -> None:
    """And no fault of ours."""
    async with a_secure_line(tls, trusting) as (peer, client):
        desk = Desk(nursery, peer)
        client.transport_stream.socket.close()
        desk.box.push(b"hello")
        await settled()
        assert desk.given_up == ["connection lost"]


# --- the end ---


async def test_hanging_up_says_that_this_was_all(tls: Tls, trusting: ssl.SSLContext) -> None:
    """So nobody on the way can cut anything off unnoticed."""
    async with a_secure_line(tls, trusting) as (peer, client), trio.open_nursery() as nursery:
        await peer.send_all(b"goodbye")
        nursery.start_soon(peer.hang_up)
        assert await client.receive_some() == b"goodbye"
        assert await client.receive_some() == b""
        await client.aclose()


async def test_what_was_cut_off_is_not_said_to_be_all(
    tls: Tls, trusting: ssl.SSLContext, autojump_clock: trio.testing.MockClock
) -> None:
    """Hanging up in the middle of the mail is seen by whoever reads on; and it takes its time."""
    async with a_secure_line(tls, trusting, send_buffer=4_096) as (peer, client):
        assert peer.send_now(MEGABYTE) < len(MEGABYTE)
        with trio.fail_after(LINGER_SECONDS + 1):
            await peer.hang_up()
        with pytest.raises(trio.BrokenResourceError):
            b"".join([data async for data in client])


async def test_whoever_has_said_all_can_still_read(tls: Tls, trusting: ssl.SSLContext) -> None:
    """Half-closed, as by ``openssl s_client < file``; the end is told as often as it is asked."""
    async with a_secure_line(tls, trusting) as (peer, client):
        await client.send_all(b"last words")
        raw = client._ssl_object
        with pytest.raises(ssl.SSLWantReadError):
            raw.unwrap()
        await client.transport_stream.send_all(client._outgoing.read())
        assert await peer.receive() == b"last words"
        assert await peer.receive() == await peer.receive() == b""
        await peer.send_all(b"an answer")
        ciphertext = await client.transport_stream.receive_some()
        client._incoming.write(ciphertext)
        assert raw.read(100) == b"an answer"


async def test_an_end_that_tls_does_not_tell_of_is_a_lost_connection(
    tls: Tls, trusting: ssl.SSLContext
) -> None:
    """It may be anybody's doing on the way."""
    async with a_secure_line(tls, trusting) as (peer, client):
        await client.send_all(b"last wo")
        await client.transport_stream.send_eof()
        assert await peer.receive() == b"last wo"
        with pytest.raises(trio.BrokenResourceError):
            await peer.receive()


async def test_garbage_after_the_handshake_is_the_end(tls: Tls, trusting: ssl.SSLContext) -> None:
    """For reading and for writing; the other end gets an alert."""
    async with a_secure_line(tls, trusting) as (peer, client):
        await client.transport_stream.send_all(b"\x17\x03\x03\x00\x20" + bytes(32))
        with pytest.raises(trio.BrokenResourceError):
            await peer.receive()
        with pytest.raises(trio.BrokenResourceError) as alert:
            await client.receive_some()
        assert isinstance(alert.value.__cause__, ssl.SSLError)
        with pytest.raises(ssl.SSLError):
            peer.send_now(b"hello")


async def test_ciphertext_without_a_word_in_it_is_bounded(
    tls: Tls, trusting: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is paced by nothing, for nothing has been said."""
    monkeypatch.setattr(secure_peer, "MAX_OVERHEAD", 1_000)
    async with a_secure_line(tls, trusting) as (peer, client):
        for _ in range(20):  # each is well below the bound
            await client.send_all(b"x" * 500)
            await peer.receive()
        await client.transport_stream.send_all(b"\x17\x03\x03\x20\x00" + bytes(1_100))
        with pytest.raises(trio.BrokenResourceError):
            await peer.receive()


async def test_a_closed_peer_can_neither_be_read_nor_written(
    tls: Tls, trusting: ssl.SSLContext
) -> None:
    """As without TLS; and closing it again is no trouble."""
    async with a_secure_line(tls, trusting) as (peer, _):
        await peer.aclose()
        await peer.hang_up()
        with pytest.raises(trio.ClosedResourceError):
            await peer.receive()
        with pytest.raises(trio.ClosedResourceError):
            await peer.send_some(b"x")
