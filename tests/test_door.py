"""The front door: what is served, what is refused, and that nothing slips through."""

import errno
import json

import pytest
import trio

from backend.app import Bound
from backend.net import door
from backend.net.answers import SECURITY_HEADERS
from tests.talkers import CLOSE, HANDSHAKE, PATIENCE, ask, at_terminal, upgrade

UPGRADE = upgrade("Host: x", *HANDSHAKE)
NAME = b"\x81\x87\0\0\0\0mallory"
"""A masked frame with a name, as it would come behind an upgrade."""


def get(path: str, *headers: str, method: str = "GET") -> bytes:
    """A plain request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *headers, "", ""]
    return "\r\n".join(lines).encode()


def status(answer: bytes) -> int:
    """The status of a raw response."""
    return int(answer.split(b" ", 2)[1])


def headers(answer: bytes) -> dict[str, str]:
    """The headers of a raw response, names in lower case."""
    head = answer.partition(b"\r\n\r\n")[0].decode()
    pairs = (line.split(": ", 1) for line in head.split("\r\n")[1:])
    return {name.lower(): value for name, value in pairs}


async def test_the_page_is_served_with_its_safety(room: Bound) -> None:
    """A strict Content-Security-Policy, the right type, and a way to ask whether it changed."""
    answer = await ask(room, get("/"))
    assert status(answer) == 200
    assert b"<title>Playroom" in answer
    assert b"style=" not in answer
    assert b"<script>" not in answer
    got = headers(answer)
    assert got["content-type"] == "text/html; charset=utf-8"
    assert got["content-security-policy"].startswith("default-src 'none'; ")
    assert "unsafe" not in got["content-security-policy"]
    assert "img-src 'self' data:;" in got["content-security-policy"]  # the icon with a number
    assert got["x-content-type-options"] == "nosniff"
    assert got["cache-control"] == "no-cache"
    again = await ask(room, get("/", f"If-None-Match: {got['etag']}"))
    assert status(again) == 304


@pytest.mark.parametrize(
    ("path", "mime"),
    [
        ("/js/main.js", "text/javascript; charset=utf-8"),
        ("/css/tokens.css", "text/css; charset=utf-8"),
        ("/favicon.svg", "image/svg+xml"),
    ],
)
async def test_files_have_the_types_browsers_insist_on(room: Bound, path: str, mime: str) -> None:
    """With ``nosniff`` a module of another type would not run."""
    got = await ask(room, get(path))
    assert status(got) == 200
    assert headers(got)["content-type"].startswith(mime.partition(";")[0])


async def test_health_says_how_many_are_here(room: Bound) -> None:
    """``/healthz`` is JSON, and nobody keeps a copy."""
    answer = await ask(room, get("/healthz"))
    assert status(answer) == 200
    assert json.loads(answer.partition(b"\r\n\r\n")[2]) == {"status": "ok", "members": 0}
    assert headers(answer)["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "get", "X-Y"]
)
@pytest.mark.parametrize("target", ["/", "/healthz", "/ws", "/nowhere", "//x", "*", "host:1"])
async def test_nothing_can_be_changed_over_http(room: Bound, method: str, target: str) -> None:
    """Only GET and HEAD mean something here, whatever is asked for."""
    request = get(target, "Content-Length: 5", method=method) + b"hello"
    answer = await ask(room, request)
    assert status(answer) == 405
    assert headers(answer)["allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    ("request_head", "expected"),
    [
        (get("/"), 200),
        (get("/", method="HEAD"), 200),
        (get("/healthz"), 200),
        (get("/nowhere"), 404),
        (get("//evil.example/"), 404),
        (get("/ws"), 426),
        (upgrade("Host: x"), 426),
        (upgrade("Host: x", HANDSHAKE[0]), 400),
        (upgrade("Host: x", "Origin: http://evil.example", *HANDSHAKE), 403),
        (UPGRADE.replace(b"/ws", b"/x"), 404),
        (get("/", method="POST"), 405),
        (get("/", "Content-Length: 1"), 400),
        (b"nonsense\r\n\r\n", 400),
        (get("/", "Cookie: " + "x" * door.MAX_HEAD_BYTES), 431),
        (get("/", "Transfer-Encoding: gzip"), 501),
        (b"PRI * HTTP/2.0\r\n\r\n", 505),
        (b"GET / HT", 408),
    ],
)
async def test_every_answer_carries_the_security_headers(
    room: Bound, monkeypatch: pytest.MonkeyPatch, request_head: bytes, expected: int
) -> None:
    """The site's and the door's own, or the one without would be the way in."""
    monkeypatch.setattr(door, "HEAD_SECONDS", 0.2 if expected == 408 else PATIENCE)
    answer = await ask(room, request_head)
    assert status(answer) == expected
    got = headers(answer)
    assert {name: got.get(name.lower()) for name in SECURITY_HEADERS} == SECURITY_HEADERS
    assert "frame-ancestors 'none'" in got["content-security-policy"]


@pytest.mark.parametrize(("target", "expected"), [("/", 200), ("ftp://x/", 400)])
async def test_head_has_headers_and_no_body(room: Bound, target: str, expected: int) -> None:
    """And its relay ends, though the length it announces never comes."""
    answer = await ask(room, get(target, method="HEAD"))
    assert status(answer) == expected
    assert answer.index(b"\r\n\r\n") == len(answer) - 4


@pytest.mark.parametrize(
    "path",
    [
        *("/../pyproject.toml", "/%2e%2e/pyproject.toml", "/..%2fpyproject.toml", "//etc/passwd"),
        *("/js/../../pyproject.toml", "/./index.html", "/js//main.js", "/js/", "/index.html/"),
        *("/..\\pyproject.toml", "/%5c..%5cpyproject.toml", "/index.html%00", "/%00", "/%ff"),
        *("/%252e%252e/pyproject.toml", "/js/%2e%2e/index.html", "/index.html%0d%0aX-Y:%20z"),
        *("/index.html#x", "/index.html;x", "/C:/index.html", "/~root", "/.git/config"),
    ],
)
async def test_no_path_leads_out_of_the_page(room: Bound, path: str) -> None:
    """Only the front end's own files are there, each by its one name."""
    answer = await ask(room, get(path))
    assert status(answer) == 404
    assert answer.endswith(b"\r\n\r\nThere is nothing here.\n")
    assert "x-y" not in headers(answer)


async def test_a_websocket_anywhere_else_is_not_found(room: Bound) -> None:
    """The site's own server would answer an upgrade; it never sees one."""
    answer = await ask(room, get("/elsewhere", "Connection: Upgrade", "Upgrade: websocket"))
    assert status(answer) == 404


async def test_ws_without_an_upgrade_says_what_it_is(room: Bound) -> None:
    """A person who opens /ws in a browser gets an answer."""
    answer = await ask(room, get("/ws"))
    assert status(answer) == 426
    assert headers(answer)["upgrade"] == "websocket"


async def test_an_upgrade_to_http_2_is_ignored(room: Bound) -> None:
    """Else the bytes behind it would be read by another server than the one that was asked."""
    request = get("/", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AA")
    assert status(await ask(room, request)) == 200


@pytest.mark.parametrize("second", [get("/healthz"), UPGRADE + NAME, NAME])
@pytest.mark.parametrize("first", ["/healthz", "/ws", "/nowhere", "http://x/"])
async def test_what_comes_behind_a_request_is_never_looked_at(
    room: Bound, first: str, second: bytes
) -> None:
    """One connection, one request: nothing can be smuggled behind it."""
    async with at_terminal(room, "alice") as alice:
        answer = await ask(room, get(first) + second)
        assert answer.count(b"HTTP/1.1") == 1
        assert status(answer) != 101
        await alice.type("/who")
        await alice.reads_line("<meta>: 1 here: alice (telnet)")


async def test_what_comes_behind_an_upgrade_is_no_request(room: Bound) -> None:
    """It is frames, and a second request is not even that."""
    for second in (get("/healthz"), UPGRADE):
        answer = await ask(room, UPGRADE + second)
        assert answer.count(b"HTTP/1.1") == 1
        assert answer.endswith(b"\x88\x02" + (1002).to_bytes(2))


LENGTHS = [
    *("Content-Length: 22", "Content-Length: 22, 22", "Content-Length: 00", "Content-Length: +22"),
    *("Content-Length: 0x16", "Content-Length: -1", "Content-Length:", "Content-Length: 22.0"),
    *("Content-Length: 0\r\nContent-Length: 22", "Content-Length: 0, 22", "Content-Length : 22"),
    *("Content-Length: 2\r\n 2", "Content-Length: 9999999999999999999999", "Content-Length: 2 2"),
]
CODINGS = [
    *("chunked", "Chunked", "identity", "chunked, identity", "identity, chunked", "xchunked", ""),
    *("chunked\r\nTransfer-Encoding: chunked", "\r\n chunked", "\x0bchunked", '"chunked"'),
]
BODIES = [
    *LENGTHS,
    *(f"Transfer-Encoding: {coding}" for coding in CODINGS),
    *("Transfer-Encoding : chunked", " Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
    *("Content-Length: 22\r\nTransfer-Encoding: chunked",),
    *("Transfer-Encoding: chunked\r\nContent-Length: 0",),
    *("Transfer-Encoding: chunked\nContent-Length: 0", "Content-Length: 0\0", "X: y\0", "X: y\rz"),
]
"""What two servers have been known to disagree about."""


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("what", ["plain", "upgrade"])
async def test_a_body_is_refused_however_it_is_announced(room: Bound, body: str, what: str) -> None:
    """Where one request ends is then no question, and no body is taken for frames."""
    request = get("/healthz", body) if what == "plain" else upgrade("Host: x", body, *HANDSHAKE)
    async with at_terminal(room, "alice") as alice:
        for behind in (get("/healthz"), UPGRADE + NAME, NAME, b"0\r\n\r\n" + UPGRADE + NAME):
            answer = await ask(room, request + behind)
            assert status(answer) in (400, 501)
            assert answer.count(b"HTTP/1.1") == 1
        await alice.type("/who")
        await alice.reads_line("<meta>: 1 here: alice (telnet)")


async def test_an_announced_lack_of_a_body_is_no_trouble(room: Bound) -> None:
    """Some programs say so with everything they send."""
    assert status(await ask(room, get("/healthz", "Content-Length: 0"))) == 200
    answer = await ask(room, upgrade("Host: x", "Content-Length: 0", *HANDSHAKE) + CLOSE)
    assert status(answer) == 101


async def test_folded_and_bare_lines_are_read_one_way(room: Bound) -> None:
    """Where RFC 9112 (2.2, 5.2) leaves a choice, the site is told what was understood here."""
    folded = get("/healthz", "X: y\r\n Transfer-Encoding: chunked") + get("/healthz")
    bare = folded.replace(b"\r\n", b"\n")
    mixed = get("/healthz").replace(b"\r\n\r\n", b"\n\r\n") + get("/healthz")
    for request in (folded, bare, mixed):
        answer = await ask(room, request)
        assert status(answer) == 200
        assert answer.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize(
    "target", ["//ws", "/%77s", "/ws/", "/x/../ws", "/ws%3f", "/ws#", "/WS", "/ws;", "http://x//ws"]
)
async def test_the_websocket_has_one_name(room: Bound, target: str) -> None:
    """What a proxy in front would not have taken for it is not found."""
    answer = await ask(room, UPGRADE.replace(b"/ws", target.encode()) + NAME)
    assert status(answer) == 404


@pytest.mark.parametrize(
    ("replace", "by", "expected"),
    [
        ("GET", "HEAD", 426),
        ("GET", "POST", 405),
        ("Connection: Upgrade", "X: y", 426),
        ("Connection: Upgrade", "Connection: close\r\nConnection: x, upgrade", 101),
        ("Upgrade: websocket", "Upgrade: websocket, h2c", 426),
        ("Upgrade: websocket", "Upgrade: WebSocket", 101),
        ("Version: 13", "Version: 8", 426),
        ("Version: 13", "Version: 13\r\nSec-WebSocket-Version: 8", 426),
        (HANDSHAKE[1], "X: y", 400),
        (HANDSHAKE[1], f"{HANDSHAKE[1]}\r\n{HANDSHAKE[1]}", 400),
        ("AAAAAA", "AAAA", 400),
        ("AAAAAA", "AAA!AA", 400),
    ],
)
async def test_a_handshake_is_judged_by_the_door(
    room: Bound, replace: str, by: str, expected: int
) -> None:
    """What is no upgrade is a plain request, and a bad upgrade says what would have been good."""
    answer = await ask(room, UPGRADE.replace(replace.encode(), by.encode(), 1) + CLOSE)
    assert status(answer) == expected
    if expected == 426:
        assert headers(answer)["upgrade"] == "websocket"


@pytest.mark.parametrize(
    ("request_head", "expected"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),  # no Host
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (get("/", "Content-Length: 5", "Content-Length: 6"), 400),
        (get("/", "Transfer-Encoding: gzip"), 501),
        (get("/", "Bad Header: 1"), 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        (get("/", "Cookie: " + "x" * door.MAX_HEAD_BYTES), 431),
        (b"\x16\x03\x01\x02\x00" + b"\0" * 600, 400),  # a TLS hello
    ],
)
async def test_a_request_that_makes_no_sense_is_refused(
    room: Bound, request_head: bytes, expected: int
) -> None:
    """With a short plain answer, and the connection ends."""
    answer = await ask(room, request_head)
    assert status(answer) == expected
    assert headers(answer)["content-type"] == "text/plain; charset=utf-8"


async def test_a_connection_without_a_request_ends_quietly(room: Bound) -> None:
    """A port scan, or a browser's spare connection."""
    async with await trio.open_tcp_stream(room.host, room.port) as stream:
        await stream.send_eof()
        with trio.fail_after(5):
            assert await stream.receive_some() == b""


async def test_http_1_0_without_a_host_is_served(room: Bound) -> None:
    """Old programs and health checks speak it."""
    assert status(await ask(room, b"GET /healthz HTTP/1.0\r\n\r\n")) == 200


async def test_the_absolute_form_is_understood_and_other_targets_are_not(room: Bound) -> None:
    """Every server takes what would be sent to a proxy; the rest is a bad request."""
    for target in ("http://localhost/healthz", "http://[::1/healthz", "/healthz?x"):
        assert status(await ask(room, get(target))) == 200
    for target in ("?", "*", "healthz", "ftp://x/"):
        assert status(await ask(room, get(target))) == 400


async def test_an_upgrade_by_http_1_0_is_a_plain_request(room: Bound) -> None:
    """There is no upgrading from it (RFC 9110, 7.8)."""
    request = upgrade("Host: x", *HANDSHAKE).replace(b"HTTP/1.1", b"HTTP/1.0")
    assert status(await ask(room, request)) == 426


async def test_a_request_in_single_bytes_is_understood(room: Bound) -> None:
    """However the network cuts it."""
    async with await trio.open_tcp_stream(room.host, room.port) as stream:
        for byte in get("/healthz"):
            await stream.send_all(bytes([byte]))
        with trio.fail_after(5):
            answer = b"".join([data async for data in stream])
    assert status(answer) == 200


async def test_a_head_that_dribbles_is_given_up(
    room: Bound, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time limit is for the whole head, not for each byte."""
    monkeypatch.setattr(door, "HEAD_SECONDS", 0.2)
    assert status(await ask(room, b"GET / HT")) == 408


async def test_a_request_for_which_there_is_no_descriptor_left_is_told_so(
    room: Bound, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The way to the site needs two more; without them it is "try again", and no traceback."""

    async def out_of_descriptors(path: str) -> trio.SocketStream:
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr(trio, "open_unix_socket", out_of_descriptors)
        assert status(await ask(room, get("/"))) == 503
    assert status(await ask(room, get("/"))) == 200
    assert not [record for record in caplog.records if record.exc_info]


async def test_no_relay_lingers_after_its_answer(room: Bound) -> None:
    """Hypercorn leaves its side open after a response; ours must not wait for it."""
    before = trio.lowlevel.current_statistics().tasks_living
    for _ in range(20):
        assert status(await ask(room, get("/js/store.js"))) == 200
    with trio.fail_after(5):
        while trio.lowlevel.current_statistics().tasks_living > before:
            await trio.lowlevel.checkpoint()
