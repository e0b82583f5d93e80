"""Getting through to a room, and what people are told when there is no getting through."""

import base64
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
import trio
import trio.testing

from backend.app import Bound
from backend.bridge import dial as dialing
from backend.bridge.address import Address, parse, parse_proxy
from backend.bridge.dial import CannotReachError, dial
from backend.bridge.websocket import Websocket
from tests.clients.programs import program
from tests.talkers import PROMPT

Handle = Callable[[trio.abc.Stream], Awaitable[None]]


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever this machine's own settings are."""
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@asynccontextmanager
async def a_server(handle: Handle) -> AsyncIterator[int]:
    """Something that is no room; its port."""
    async with trio.open_nursery() as nursery:
        (listener,) = await nursery.start(partial(trio.serve_tcp, handle, 0, host="127.0.0.1"))
        yield listener.socket.getsockname()[1]
        nursery.cancel_scope.cancel()


def answering(answer: bytes) -> Handle:
    """Says this to whatever is asked."""

    async def handle(stream: trio.abc.Stream) -> None:
        async with stream:
            await stream.receive_some()
            await stream.send_all(answer)

    return handle


def http(status: str, *headers: str, body: str = "") -> bytes:
    """A whole answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", body]
    return "\r\n".join(lines).encode()


async def trouble(room: Address) -> CannotReachError:
    """Why there is no getting through to there."""
    with pytest.raises(CannotReachError) as raised:
        await dial(room)
    return raised.value


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate for localhost, signed by itself, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    make = [program("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run([*make, *files, *names], check=True, capture_output=True)
    return folder


# --- addresses ---


@pytest.mark.parametrize(
    ("url", "websocket"),
    [
        ("https://chat.example", "wss://chat.example/telnet"),
        ("http://chat.example/", "ws://chat.example/telnet"),
        ("wss://chat.example:8443", "wss://chat.example:8443/telnet"),
        ("ws://chat.example:80/telnet", "ws://chat.example/telnet"),
        ("https://chat.example/rooms/blue/", "wss://chat.example/rooms/blue/telnet"),
        ("HTTPS://Chat.Example?x=1#y", "wss://chat.example/telnet"),
        ("http://[::1]:8000/", "ws://[::1]:8000/telnet"),
        ("https://bücher.example/é", "wss://xn--bcher-kva.example/%C3%A9/telnet"),
    ],
)
def test_a_room_is_called_by_its_pages_address(url: str, websocket: str) -> None:
    """Or by its websocket's; a path is where the room begins."""
    assert str(parse(url)) == websocket


@pytest.mark.parametrize(
    "url",
    ["", "chat.example", "localhost:8000", "ftp://chat.example", "https://", "https://x:y",
     "https://x:99999", "https://me:secret@chat.example", "http://a..b", "http://[::1", "http://x:0"],
)  # fmt: skip
def test_what_is_no_address_of_a_room_is_said_so(url: str) -> None:
    """With an example."""
    with pytest.raises(ValueError, match=r"is no address of a room, such as https://chat\.example"):
        parse(url)


def test_a_proxy_has_an_address_and_perhaps_a_login() -> None:
    """As in the environment; one that speaks something else is refused without its password."""
    assert parse_proxy("http://me:pass@proxy.example:3128/") == (
        Address(False, "proxy.example", 3128, ""),
        "me:pass",
    )
    assert parse_proxy("proxy.example:3128") == (Address(False, "proxy.example", 3128, ""), None)
    for url in ("socks5://me:secret@x", "https://me:secret@x", "http://me:secret@x:port"):
        with pytest.raises(ValueError, match="the proxy") as raised:
            parse_proxy(url)
        assert "secret" not in str(raised.value)


# --- getting through ---


async def asked_for_a_name(websocket: Websocket) -> bool:
    """Whether a room is there, which asks whoever has no seat to resume."""
    assert websocket.resumes
    await websocket.say("")
    told = [await websocket.receive() for _ in range(2)]
    return told == ['{"type":"prompted"}', PROMPT.encode()]


async def test_a_room_is_reached_and_asks_for_a_name(room: Bound) -> None:
    """The first bytes are the room's."""
    websocket = await dial(parse(room.page_url))
    assert await asked_for_a_name(websocket)
    await websocket.aclose()


async def test_a_room_behind_tls_is_reached(
    room: Bound, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If its certificate is one to trust, and for the name it was called by."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")

    async def terminate(stream: trio.abc.Stream) -> None:
        secure = trio.SSLStream(stream, context, server_side=True, https_compatible=True)
        try:
            await secure.do_handshake()
        except trio.BrokenResourceError:
            return
        async with secure, await trio.open_tcp_stream(room.host, room.port) as plain:
            await relay(secure, plain)

    async with a_server(terminate) as port:
        bad = await trouble(parse(f"https://localhost:{port}"))
        assert bad.is_final
        assert str(bad).startswith("the certificate of localhost is not valid: self")
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "cert.pem"))
        websocket = await dial(parse(f"https://localhost:{port}"))
        assert await asked_for_a_name(websocket)
        await websocket.aclose()
        bad = await trouble(parse(f"https://127.0.0.1:{port}"))
        assert str(bad).startswith("the certificate of 127.0.0.1 is not valid: ")


async def relay(one: trio.abc.Stream, other: trio.abc.Stream) -> None:
    """Bytes both ways until either ends."""

    async def carry(source: trio.abc.Stream, sink: trio.abc.Stream) -> None:
        try:
            while data := await source.receive_some():
                await sink.send_all(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        nursery.cancel_scope.cancel()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(carry, one, other)
        nursery.start_soon(carry, other, one)


async def test_a_proxy_of_the_environment_is_used(
    room: Bound, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked to connect, by a name that only it need know; unless the host is excepted."""
    asked: list[bytes] = []

    async def proxy(stream: trio.abc.Stream) -> None:
        async with stream:
            asked.append(bytes(await stream.receive_some()))
            await stream.send_all(b"HTTP/1.1 200 Go on\r\n\r\n")
            async with await trio.open_tcp_stream(room.host, room.port) as target:
                await relay(stream, target)

    async with a_server(proxy) as port:
        monkeypatch.setenv("http_proxy", f"http://me:my%20pass@127.0.0.1:{port}")
        websocket = await dial(parse("http://room.invalid"))
        assert await asked_for_a_name(websocket)
        await websocket.aclose()
        head, *headers = asked[0].decode().split("\r\n")
        assert head == "CONNECT room.invalid:80 HTTP/1.1"
        login = base64.b64encode(b"me:my pass").decode()
        assert f"proxy-authorization: basic {login}".lower() in [line.lower() for line in headers]
        monkeypatch.setenv("no_proxy", "room.invalid")
        assert str(await trouble(parse("http://room.invalid"))) == (
            "there is no host named room.invalid"
        )


# --- not getting through ---


@pytest.mark.parametrize(
    ("answer", "told", "is_final"),
    [
        (http("404 Not Found"), "there is no playroom at ws://HERE/telnet (it answers 404)", True),
        (http("200 OK", body="hi"), "there is no playroom at ws://HERE/telnet (it answers 200)",
         True),
        (http("301 Moved", "Location: https://x.example/\x07telnet"),
         "there is no playroom at ws://HERE/telnet, which sends us to https://x.example/telnet",
         True),
        (http("503 Service Unavailable"), "the server at 127.0.0.1 is busy (503)", False),
        (http("429 Too Many Requests"), "the server at 127.0.0.1 is busy (429)", False),
        (http("502 Bad Gateway"), "the server at 127.0.0.1 is in trouble (502)", False),
        (http("521 Down"), "the server at 127.0.0.1 is in trouble (521)", False),
        (http("408 Request Timeout"), "the server at 127.0.0.1 is in trouble (408)", False),
        (http("400 Bad Request"),
         "there is no playroom at ws://HERE/telnet (it answers 400; is it https:// ?)", True),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "there is no playroom at ws://HERE/telnet", False),
        (b"", "there is no playroom at ws://HERE/telnet", False),
        (b"HTTP/1.1 101 Yes\r\nUpgrade: cheese\r\n\r\n",
         "there is no playroom at ws://HERE/telnet", False),
    ],
)  # fmt: skip
async def test_an_answer_that_is_no_room_is_told_in_a_line(
    answer: bytes, told: str, is_final: bool
) -> None:
    """And whether it makes sense to try again."""
    async with a_server(answering(answer)) as port:
        error = await trouble(parse(f"http://127.0.0.1:{port}"))
    assert str(error) == told.replace("HERE", f"127.0.0.1:{port}")
    assert error.is_final == is_final


async def test_a_closed_port_is_told_in_a_line() -> None:
    """It may be open again soon."""
    async with a_server(answering(b"")) as port:
        pass
    error = await trouble(parse(f"http://127.0.0.1:{port}"))
    assert str(error) == f"the server at 127.0.0.1:{port} refuses connections"
    assert not error.is_final


async def test_a_server_without_tls_is_told_in_a_line() -> None:
    """Somebody wrote https for http."""
    async with a_server(answering(http("400 Bad Request"))) as port:
        error = await trouble(parse(f"https://127.0.0.1:{port}"))
    assert str(error) == f"the server at 127.0.0.1:{port} does not speak TLS (or is it http:// ?)"


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (http("407 Who are you"), "the proxy answers 407"),
        (b"no HTTP\r\n\r\n", "the proxy speaks no HTTP, or has hung up"),
        (b"", "the proxy speaks no HTTP, or has hung up"),
    ],
)
async def test_a_proxy_that_will_not_is_told_in_a_line(
    answer: bytes, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the proxy's fault, and not the room's."""
    async with a_server(answering(answer)) as port:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{port}")
        assert str(await trouble(parse("https://room.invalid"))) == told


async def test_a_proxy_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or one would look for the fault at the room."""
    async with a_server(answering(b"")) as port:
        pass
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{port}")
    assert str(await trouble(parse("https://room.invalid"))) == (
        f"the proxy cannot be reached: the server at 127.0.0.1:{port} refuses connections"
    )
    monkeypatch.setenv("no_proxy", "room.invalid:443")
    assert str(await trouble(parse("https://room.invalid"))) == (
        "there is no host named room.invalid"
    )


async def test_a_server_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """After as long as a dyno may take to wake up."""
    monkeypatch.setattr(dialing, "CONNECT_SECONDS", 0.1)

    async def silent(stream: trio.abc.Stream) -> None:
        await trio.sleep_forever()

    async with a_server(silent) as port:
        assert (
            str(await trouble(parse(f"http://127.0.0.1:{port}")))
            == "the server at 127.0.0.1 does not answer"
        )
