"""The front door: what is served, what is refused, and that nothing slips through."""

import errno
import json

import pytest
import trio

from backend.app import Bound
from backend.net import door
from tests.talkers import HANDSHAKE, ask, upgrade


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


async def test_head_has_headers_and_no_body(room: Bound) -> None:
    """And its relay ends, though the length it announces never comes."""
    answer = await ask(room, get("/", method="HEAD"))
    assert status(answer) == 200
    assert answer.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_nothing_can_be_changed_over_http(room: Bound, method: str) -> None:
    """Only GET and HEAD mean something here."""
    request = get("/", "Content-Length: 5", method=method) + b"hello"
    assert status(await ask(room, request)) == 405


@pytest.mark.parametrize(
    "path",
    ["/../pyproject.toml", "/%2e%2e/pyproject.toml", "/..%2fpyproject.toml", "//etc/passwd"],
)
async def test_no_path_leads_out_of_the_page(room: Bound, path: str) -> None:
    """Only the front end's own files are there."""
    answer = await ask(room, get(path))
    assert status(answer) == 404
    assert b"playroom" not in answer


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


async def test_a_second_request_behind_the_first_is_never_answered(room: Bound) -> None:
    """One connection, one request: nothing can be smuggled behind it."""
    answer = await ask(room, get("/healthz") + get("/healthz"))
    assert answer.count(b"HTTP/1.1") == 1


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
