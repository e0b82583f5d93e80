"""What holds at the front door for any bytes, however they are cut.

Over real sockets, because the door, the site's relay and the gateway are about sockets; but with a
clock that jumps, so that whoever sends too little is out of patience at once.
"""

import os
import re
from collections.abc import Iterator
from http import HTTPStatus
from itertools import pairwise

import h11
import pytest
import trio
import trio.testing
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.app import Bound, serve
from backend.config import Settings
from backend.net.answers import SECURITY_HEADERS
from tests.talkers import CLOSE, HANDSHAKE, upgrade

AT_LAST = 120.0
"""Seconds, which pass at once, after which nobody's patience is left: a silent websocket's is the
longest."""

UPGRADE = upgrade("Host: x", *HANDSHAKE)
FRAMES = [
    *(b"\x81\x83\0\0\0\0bob", b"\x81\x85\0\0\0\0/quit", b"\x01\x82\0\0\0\0hi", b"\x80\x80\0\0\0\0"),
    *(b"\x82\x81\0\0\0\0x", b"\x89\x82\0\0\0\0hi", b"\x8a\x80\0\0\0\0", b"\x81\x02hi", CLOSE),
    *(b"\x81\xfe\x40\x01\0\0\0\0" + b"x" * 16_385, b"\x88\x82\0\0\0\0\x03\xe8", b"\xff" * 20),
]
REQUESTS = [
    b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"HEAD /js/main.js HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: x\r\n\r\n",
    b"GET /healthz HTTP/1.0\r\n\r\n",
    b"POST /ws HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
    b"GET /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    UPGRADE,
    upgrade("Host: x", "Origin: http://x", *HANDSHAKE),
    upgrade("Host: x", "Origin: http://y"),
]
METHODS = [b"GET", b"GET", b"GET", b"HEAD", b"POST", b"OPTIONS", b"CONNECT", b"get", b"\xff", b""]
TARGETS = [
    *(b"/", b"/ws", b"/healthz", b"/index.html", b"//ws", b"/../x", b"/%2e%2e/", b"/%00", b"/\xff"),
    *(b"http://x/ws", b"http://x", b"https://[::1", b"ftp://x/", b"*", b"x:1", b"?", b"/\\", b""),
]
VERSIONS = [
    b"HTTP/1.1",
    b"HTTP/1.1",
    b"HTTP/1.1",
    b"HTTP/1.0",
    b"HTTP/0.9",
    b"HTTP/2.0",
    b"http/1.1",
    b"HTTP/1.1 x",
    b"",
]
NAMES = [
    *(b"Host", b"Connection", b"Upgrade", b"Content-Length", b"Transfer-Encoding", b"Expect"),
    *(b"Origin", b"Sec-WebSocket-Key", b"Sec-WebSocket-Version", b"Range", b"Accept-Encoding"),
    *(b"If-None-Match", b"If-Match", b"If-Modified-Since", b"Cookie", b"Content-Type", b"TE"),
    *(b"X-Forwarded-For", b"Forwarded", b"X-HTTP-Method-Override", b"HTTP2-Settings", b"", b" X"),
]
VALUES = [
    *(b"", b"x", b"localhost", b"close", b"upgrade", b"keep-alive, Upgrade", b"websocket", b"h2c"),
    *(b"0", b"5", b"+5", b"5, 5", b"chunked", b"chunked, identity", b"100-continue", b"13", b"8"),
    *(b"bytes=0-", b"bytes=9-1", b"*", b'"x", W/"y"', b"Thu, 99 Foo 0", b"\xff", b"a\0b", b"a\rb"),
    *(b"AAAAAAAAAAAAAAAAAAAAAA==", b"y\r\n folded", b"text/x; charset=\xff", b"y" * 17_000),
]
ENDS = [b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r"]

bits = st.sampled_from([*FRAMES, *METHODS, *TARGETS, *NAMES, *VALUES, *ENDS])
fields = st.tuples(st.sampled_from(NAMES), st.sampled_from([b": ", b":", b" : "])).flatmap(
    lambda pair: st.sampled_from(VALUES).map(lambda value: b"".join(pair) + value)
)


@st.composite
def composed(draw: st.DrawFn) -> bytes:
    """A request of parts that are likely to mean something, and one end of line throughout."""
    first = (METHODS, TARGETS, VERSIONS)
    line = b" ".join(draw(st.sampled_from(some)) for some in first)
    host = draw(st.sampled_from([[b"Host: x"], [b"Host: x"], []]))
    some_more = draw(st.lists(fields, max_size=4))
    return draw(st.sampled_from(ENDS)).join([line, *host, *some_more, b"", b""])


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A good request, with something put in the place of something, a few times over."""
    data = draw(st.sampled_from(REQUESTS))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(data)))
        stop = start + draw(st.sampled_from([0, 0, 1, 2, 10]))
        data = data[:start] + draw(st.one_of(bits, st.binary(max_size=4))) + data[stop:]
    return data


what_is_sent = st.tuples(
    st.one_of(composed(), mutated(), st.just(UPGRADE), st.binary(max_size=100)),
    st.lists(st.one_of(st.sampled_from([*FRAMES, *REQUESTS]), st.binary(max_size=20)), max_size=4),
).map(lambda parts: parts[0] + b"".join(parts[1]))


@settings(
    deadline=None, max_examples=600, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(what_is_sent, st.lists(st.floats(0, 1), max_size=5), st.booleans())
def test_any_bytes_have_one_of_the_defined_outcomes_and_leave_nothing_open(
    caplog: pytest.LogCaptureFixture, data: bytes, cuts: list[float], hangs_up: bool
) -> None:
    """One answer of the site or the door, or a websocket, or silence; and no trace of it later."""
    caplog.clear()
    places = [0, *sorted(round(cut * len(data)) for cut in cuts), len(data)]
    pieces = [data[a:b] for a, b in pairwise(places) if a < b]
    clock = trio.testing.MockClock(autojump_threshold=0)
    answer = trio.run(_send_and_settle, pieces, hangs_up, clock=clock)
    _is_a_defined_outcome(data, answer)
    assert not [record for record in caplog.records if record.exc_info]


async def _send_and_settle(pieces: list[bytes], hangs_up: bool) -> bytes:
    stop = trio.Event()
    async with trio.open_nursery() as nursery:
        here = Settings(host="127.0.0.1", port=0, telnet_port=None)
        room: Bound = await nursery.start(serve, here, stop)
        await trio.testing.wait_all_tasks_blocked()
        before = _what_is_open()
        with trio.fail_after(AT_LAST):
            answer = await _ask(room, pieces, hangs_up)
        await trio.sleep(AT_LAST)
        assert _what_is_open() == before
        stop.set()
    return answer


async def _ask(room: Bound, pieces: list[bytes], hangs_up: bool) -> bytes:
    """Send the pieces one by one; all that comes back."""
    answer = b""
    async with (
        await trio.open_tcp_stream(room.host, room.port) as stream,
        trio.open_nursery() as nursery,
    ):

        async def send() -> None:
            try:
                for piece in pieces:
                    await stream.send_all(piece)
                    await trio.testing.wait_all_tasks_blocked()  # each is a read of its own
                if hangs_up:
                    await stream.send_eof()
            except trio.BrokenResourceError:
                pass  # answered before all was said

        nursery.start_soon(send)
        try:
            async for received in stream:
                answer += received
        except trio.BrokenResourceError:
            pass  # whoever is silent for too long is dropped
        nursery.cancel_scope.cancel()
    return answer


def _what_is_open() -> tuple[int, int]:
    return trio.lowlevel.current_statistics().tasks_living, len(os.listdir("/dev/fd"))


def _is_a_defined_outcome(data: bytes, answer: bytes) -> None:
    if not answer:
        return
    parser = h11.Connection(h11.CLIENT)
    method = "HEAD" if data.startswith(b"HEAD ") else "GET"
    headers = [("Host", "x"), ("Connection", "upgrade"), ("Upgrade", "websocket")]
    parser.send(h11.Request(method=method, target="/", headers=headers))
    parser.send(h11.EndOfMessage())
    parser.receive_data(answer)
    head = parser.next_event()
    if isinstance(head, h11.InformationalResponse):
        assert head.status_code == 101
        assert re.match(rb"GET (https?://[^/]*)?/ws(\?[^ ]*)? HTTP/1\.1\r?\n", data)
        begins = list(_what_frames_begin_with(answer.partition(b"\r\n\r\n")[2]))
        assert set(begins) <= {0x81, 0x88, 0x89, 0x8A}
        assert 0x88 not in begins[:-1]
        return
    assert isinstance(head, h11.Response)
    assert head.status_code in (200, 304, 400, 403, 404, 405, 408, 412, 426, 431, 501, 505)
    got = dict(head.headers)
    for name, value in SECURITY_HEADERS.items():
        assert got[name.lower().encode()] == value.encode()
    event = parser.next_event()
    while isinstance(event, h11.Data):
        event = parser.next_event()
    assert isinstance(event, h11.EndOfMessage)
    status = HTTPStatus(head.status_code)
    # A HEAD that could not be read is not known to be one.
    assert parser.trailing_data[0] in (b"", f"{status} {status.phrase}\n".encode())


def _what_frames_begin_with(data: bytes) -> Iterator[int]:
    while len(data) >= 4:
        yield data[0]
        short = data[1] < 126
        data = data[2 + data[1] if short else 4 + int.from_bytes(data[2:4]) :]
    if data:
        yield data[0]
