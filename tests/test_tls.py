"""TLS by the program itself: the page, the websockets and telnet, and the real ``openssl``."""

import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import trio
import trio.testing
import trustme

from backend.app import Bound
from backend.bridge.address import parse
from backend.bridge.dial import CannotReachError, dial
from backend.certificate import Certificate
from backend.config import UNLIMITED
from tests.browser.telnets import raw_telnet
from tests.clients.programs import program, terminal
from tests.conftest import issue
from tests.processes import Running, run, running
from tests.talkers import (
    HANDSHAKE,
    PROMPT,
    Terminal,
    a_room,
    ask,
    at_browser,
    at_terminal,
    connect,
    upgrade,
)
from tests.test_bridge_dial import asked_for_a_name

READ = "the certificate was read again"
KEPT = "the certificate stays as it was"

PORTS = ("--port", "0", "--telnet-port", "0", "--telnet-tls-port", "0")


@pytest.fixture
async def room(certfile: Path) -> AsyncIterator[Bound]:
    """The whole program in this process, with a certificate."""
    async with a_secure_room(certfile) as bound:
        yield bound


@asynccontextmanager
async def a_secure_room(certfile: Path, limits: object = UNLIMITED) -> AsyncIterator[Bound]:
    """Likewise, with limits of its own."""
    assert isinstance(limits, type(UNLIMITED))
    async with a_room(limits, certificate=Certificate(certfile), telnet_tls_port=0) as bound:
        yield bound


def plain(bound: Bound) -> Bound:
    """The TLS doors, for somebody who takes them for plain ones."""
    return replace(bound, telnet_port=bound.telnet_tls_port, is_secure=False)


# --- one room, whatever the door ---


async def test_telnet_by_tls_plain_telnet_and_browsers_are_in_the_same_room(
    room: Bound, trusting: ssl.SSLContext
) -> None:
    """They come, talk and leave alike."""
    async with (
        at_terminal(room, "alice", trusting) as alice,
        at_terminal(room, "bob") as bob,
        at_browser(room, "carol", trusting) as carol,
    ):
        await alice.reads_line("<meta>: bob joined.")
        await alice.reads_line("<meta>: carol joined.")
        await bob.reads_line("<meta>: carol joined.")
        await alice.type("hi")
        await bob.reads_line("<alice> : hi")
        await carol.sees("said", nick="alice", text="hi", via="telnet")
        await carol.type("ho")
        await carol.sees("said", text="ho")
        await alice.reads_line("<carol> : ho")
        await bob.reads_line("<carol> : ho")
        await alice.type("/quit")
        assert await alice.rest() == "<meta>: Goodbye alice.\r\n"  # the end was told by TLS
        await bob.reads_line("<meta>: alice left")
        await bob.type("x" * 1_000)
        await carol.sees("left", nick="alice")
        await carol.sees("said", text="x" * 1_000)


async def test_the_page_comes_by_tls_and_names_the_plain_telnet(
    room: Bound, trusting: ssl.SSLContext
) -> None:
    """Whole, with its scripts."""
    assert room.page_url.startswith("https://127.0.0.1:")
    page = await ask(room, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", trusting)
    assert page.startswith(b"HTTP/1.1 200")
    assert f'content="127.0.0.1 {room.telnet_port}"'.encode() in page
    script = await ask(room, b"GET /js/store.js HTTP/1.1\r\nHost: x\r\n\r\n", trusting)
    head, _, body = script.partition(b"\r\n\r\n")
    assert f"content-length: {len(body)}\r\n".encode() in head.lower() + b"\r\n"


@pytest.mark.parametrize(("scheme", "status"), [("https", b"101"), ("http", b"403")])
async def test_only_the_page_that_came_by_tls_may_open_a_websocket(
    room: Bound, trusting: ssl.SSLContext, scheme: str, status: bytes
) -> None:
    """What is on the same host without TLS is somebody else's page."""
    request = upgrade("Host: chat.example", f"Origin: {scheme}://chat.example", *HANDSHAKE)
    async with await connect(room, room.port, trusting) as stream:
        await stream.send_all(request)
        assert (await stream.receive_some()).startswith(b"HTTP/1.1 " + status)


async def test_http_is_spoken_as_1_1(room: Bound, trusting: ssl.SSLContext) -> None:
    """A browser that would like 2 is told in the handshake."""
    trusting.set_alpn_protocols(["h2", "http/1.1"])
    async with await connect(room, room.port, trusting) as stream:
        assert isinstance(stream, trio.SSLStream)
        await stream.do_handshake()
        assert stream.selected_alpn_protocol() == "http/1.1"


async def test_the_bridge_gets_through(
    room: Bound, authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If it is told whom to trust."""
    with pytest.raises(CannotReachError, match=r"the certificate of 127\.0\.0\.1 is not valid"):
        await dial(parse(room.page_url))
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    websocket = await dial(parse(room.page_url))
    assert await asked_for_a_name(websocket)
    await websocket.aclose()


# --- those who come to the wrong port, or are not let in ---


async def test_plain_http_is_told_that_this_is_https(room: Bound) -> None:
    """As an answer that a browser shows."""
    answer = await ask(plain(room), b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert answer.endswith(
        b"\r\n\r\nThis port speaks HTTPS only: its addresses begin with https://\n"
    )


async def test_plain_telnet_is_told_that_this_is_tls(room: Bound) -> None:
    """As soon as something is typed."""
    async with at_terminal(plain(room)) as alice:
        await alice.type("alice")
        assert await alice.rest() == "<meta>: This port speaks telnet over TLS only.\r\n"


async def test_http_by_tls_at_the_telnet_door_is_sent_to_the_page(
    room: Bound, trusting: ssl.SSLContext
) -> None:
    """And nobody has to wonder whether that is plain."""
    async with at_terminal(room, context=trusting) as lost:
        await lost.send(b"GET / HTTP/1.1\r\n\r\n")
        answer = await lost.rest()
    assert f"This port speaks telnet, not HTTP. The page is at {room.page_url}" in answer


async def test_who_is_not_let_in_is_told_why_by_tls(
    certfile: Path, trusting: ssl.SSLContext
) -> None:
    """At either door."""
    limits = replace(UNLIMITED, max_connections_per_address=1)
    async with a_secure_room(certfile, limits) as room, at_terminal(room, "alice", trusting):
        async with at_terminal(room, context=trusting) as bob:
            assert await bob.rest() == (
                "<meta>: There are too many connections from your address.\r\n"
            )
        async with at_browser(room, context=trusting) as carol:
            assert await carol.close_code() == 1013


async def test_whoever_is_in_the_handshake_takes_a_place(
    certfile: Path, trusting: ssl.SSLContext
) -> None:
    """So there cannot be more of them than of anybody else."""
    limits = replace(UNLIMITED, max_connections=2)
    async with (
        a_secure_room(certfile, limits) as room,
        await connect(room, room.telnet_tls_port) as silent,
        await connect(room, room.port) as slow,
    ):
        await silent.send_all(b"\x16")
        await slow.send_all(b"\x16")
        await trio.testing.wait_all_tasks_blocked(0.02)
        async with at_terminal(room) as alice:
            assert await alice.rest() == ("<meta>: The room is full, please try again later.\r\n")
        await silent.aclose()
        await trio.testing.wait_all_tasks_blocked(0.02)
        async with at_terminal(room, "alice"):
            pass


# --- the real program, and the real openssl ---


@pytest.fixture
def program_with_tls(certfile: Path) -> Iterator[Running]:
    """The real program, which shows this certificate."""
    with running(*PORTS, "--certfile", str(certfile), limits=False) as room:
        yield room
        assert room.stop() == 0
        assert "Traceback" not in room.logged()


@contextmanager
def s_client(room: Running, *options: str) -> Iterator["subprocess.Popen[bytes]"]:
    """``openssl s_client`` at the telnet door."""
    command = [program("openssl"), "s_client", "-connect", _telnet(room), *options]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as client:
        try:
            yield client
        finally:
            client.kill()


def _type(client: "subprocess.Popen[bytes]", line: str) -> None:
    assert client.stdin is not None
    client.stdin.write(f"{line}\n".encode())
    client.stdin.flush()


def _shown(client: "subprocess.Popen[bytes]", until: str) -> str:
    """What it has shown, up to this; or to its end."""
    assert client.stdout is not None
    shown = b""
    while until.encode() not in shown and (data := os.read(client.stdout.fileno(), 10_000)):
        shown += data
    return shown.decode()


def _telnet(room: Running) -> str:
    assert room.bound.telnet_tls_port is not None
    return room.bound.at(room.bound.telnet_tls_port)


def test_openssl_chats_with_a_plain_telnet(program_with_tls: Running, certfile: Path) -> None:
    """By the very line that is printed at the start."""
    room = program_with_tls
    trust = ("-CAfile", str(certfile), "-partial_chain", "-verify_return_error")
    with (
        raw_telnet(room.bound, "bob") as bob,
        terminal("openssl", "s_client", "-quiet", "-connect", _telnet(room), *trust) as alice,
    ):
        alice.expect_exact(PROMPT)
        alice.sendline("alice")
        alice.expect_exact("<meta>: Welcome alice.\r")  # and then as the terminal ends a line
        bob.sees("<meta>: alice joined.\r\n")
        bob.says("hi alice")
        alice.expect_exact("<bob> : hi alice\r")
        alice.sendline("hi bob")
        bob.sees("<alice> : hi bob\r\n")
        alice.close(force=True)
        bob.sees("<meta>: alice left")


def test_playroom_join_comes_in_by_tls(
    program_with_tls: Running,
    authority: trustme.CA,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The real bridge and the real telnet, to whom only the certificate's authority is named."""
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    monkeypatch.setenv("NO_PROXY", "*")
    url = program_with_tls.bound.page_url
    with (
        raw_telnet(program_with_tls.bound, "bob") as bob,
        terminal(sys.executable, "-m", "backend", "join", url) as alice,
    ):
        alice.expect_exact(PROMPT, timeout=30)
        alice.sendline("alice")
        alice.expect_exact("<meta>: Welcome alice.\r\n")
        bob.says("hi alice")
        alice.expect_exact("<bob> : hi alice\r\n")
        alice.sendline("hi bob")
        bob.sees("<alice> : hi bob\r\n")


def test_new_keys_in_the_middle_of_a_conversation_are_no_trouble(
    program_with_tls: Running,
) -> None:
    """The client asks for them, and for ours: KeyUpdate, in TLS 1.3."""
    with s_client(program_with_tls) as client, raw_telnet(program_with_tls.bound, "bob") as bob:
        _type(client, "alice")
        bob.sees("<meta>: alice joined.\r\n")
        for command in ("K", "k", "K"):  # with an answer wanted, without, and once more
            _type(client, command)
            assert "KEYUPDATE" in _shown(client, "KEYUPDATE")
            _type(client, f"after {command}")
            bob.sees(f"<alice> : after {command}\r\n")
            bob.says(f"also after {command}")
            assert f"<bob> : also after {command}" in _shown(client, f"also after {command}")


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_present_versions_are_spoken(program_with_tls: Running, version: str) -> None:
    """Both of those that are not deprecated."""
    with s_client(program_with_tls, version) as client:
        assert PROMPT in _shown(client, PROMPT)


def test_old_versions_are_refused_by_an_alert(program_with_tls: Running) -> None:
    """And a line in the log."""
    room = program_with_tls
    with s_client(room, "-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0") as client:
        out, _ = client.communicate(timeout=10)
    assert b"alert protocol version" in out
    room.wait_until_logged("refused: no TLS (UNSUPPORTED_PROTOCOL)")


def _serial(room: Running, port: int | None) -> int:
    assert port is not None
    with (
        socket.create_connection((room.bound.host, port)) as raw,
        ssl._create_unverified_context().wrap_socket(raw) as secure,
    ):
        der = secure.getpeercert(binary_form=True)
    assert der is not None
    pem = ssl.DER_cert_to_PEM_cert(der)
    command = [program("openssl"), "x509", "-noout", "-serial"]
    return int(
        subprocess.run(command, input=pem, text=True, capture_output=True, check=True)
        .stdout.strip()
        .removeprefix("serial="),
        16,
    )


def _replace(room: Running, certfile: Path, text: bytes) -> None:
    certfile.write_bytes(text)
    room.process.send_signal(signal.SIGHUP)


async def test_sighup_reads_the_certificate_again_and_drops_nobody(
    program_with_tls: Running,
    certfile: Path,
    authority: trustme.CA,
    trusting: ssl.SSLContext,
    tmp_path: Path,
) -> None:
    """Whoever comes sees the new one, at both doors; a broken one changes nothing."""
    room = program_with_tls
    bound = replace(room.bound, host="localhost")
    doors = (bound.port, bound.telnet_tls_port)
    async with at_terminal(bound, "alice", trusting) as alice:
        seen = [{_serial(room, port) for port in doors}]
        new = issue(authority, tmp_path / "new.pem").read_bytes()
        for text, told in ((new, READ), (b"?", KEPT)):
            _replace(room, certfile, text)
            room.wait_until_logged(told)
            seen.append({_serial(room, port) for port in doors})
        await alice.type("/who")
        await alice.reads_line("<meta>: 1 here: alice (telnet)")
    assert [len(serials) for serials in seen] == [1, 1, 1]
    assert seen[0] != seen[1] == seen[2]
    assert f"{KEPT}: there are no certificate and key in {certfile} (in PEM)\n" in room.logged()


async def test_a_signal_ends_it_soon_whatever_the_clients_do(
    certfile: Path, trusting: ssl.SSLContext
) -> None:
    """Members are told; the deaf, the silent and those in the handshake are not waited for."""
    with (
        running(*PORTS, "--certfile", str(certfile), limits=False) as room,
        trio.socket.socket() as narrow,
    ):
        bound = replace(room.bound, host="localhost")
        narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        await narrow.connect(("127.0.0.1", bound.telnet_tls_port))
        deaf = trio.SSLStream(trio.SocketStream(narrow), trusting, server_hostname="localhost")
        async with (
            at_terminal(bound, "alice", trusting) as alice,
            at_browser(bound, "bob", trusting) as bob,
            await connect(bound, bound.port),
            await connect(bound, bound.telnet_tls_port) as slow,
        ):
            await slow.send_all(b"\x16\x03\x01")
            await alice.reads_line("<meta>: bob joined.")
            await Terminal(deaf).joins("deaf")
            await alice.reads_line("<meta>: deaf joined.")
            for _ in range(150):
                await alice.type("x" * 1_000)
            await alice.type("/who")
            assert (await alice.line()).startswith("<meta>: 3 here")
            started = time.monotonic()
            room.process.send_signal(signal.SIGTERM)
            await alice.reads_line("<meta>: The room is closing, come back soon")
            assert await alice.rest() == ""
            while (event := await bob.event())["type"] != "notice":
                pass
            assert event["text"] == "The room is closing, come back soon"
            assert await bob.close_code() == 1001
            assert await trio.to_thread.run_sync(lambda: room.process.wait(15)) == 0
            assert time.monotonic() - started < 10
        assert "Traceback" not in room.logged()


async def test_a_member_who_stops_reading_is_given_up_and_nobody_waits(
    certfile: Path, trusting: ssl.SSLContext
) -> None:
    """While the room floods: too slow, as without TLS."""
    with running(*PORTS, "--certfile", str(certfile), limits=False) as room:
        bound = replace(room.bound, host="localhost")
        with s_client(room) as sleeper:
            _type(sleeper, "sleeper")
            async with at_terminal(bound, "alice", trusting) as alice:
                while "2 here" not in await _who(alice):
                    pass
                sleeper.send_signal(signal.SIGSTOP)
                said = 0
                while "2 here" in await _who(alice):
                    for _ in range(50):
                        await alice.type("x" * 1_000)
                    said += 50
                    assert said < 20_000, "the sleeper's mail grows and grows"
        room.stop()
        assert "left: sleeper (too slow)" in room.logged()


async def _who(alice: Terminal) -> str:
    await alice.type("/who")
    while " here: " not in (line := await alice.line()):
        pass
    return line


def test_a_client_that_is_killed_has_left(program_with_tls: Running) -> None:
    """Without a word by TLS: a lost connection."""
    with raw_telnet(program_with_tls.bound, "bob") as bob, s_client(program_with_tls) as client:
        assert client.stdin is not None
        client.stdin.write(b"alice\n")
        client.stdin.flush()
        bob.sees("<meta>: alice joined.\r\n")
        client.kill()
        bob.sees("<meta>: alice left (connection lost)\r\n")


def test_the_page_is_at_the_address_that_is_printed(
    program_with_tls: Running, trusting: ssl.SSLContext
) -> None:
    """With a certificate that its name is in; and plain HTTP is a clear answer."""
    url = program_with_tls.bound.page_url
    assert url.startswith("https://localhost:")
    with urllib.request.urlopen(url, context=trusting) as answer:
        assert answer.status == 200
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(url.replace("https:", "http:"))
    assert refused.value.code == 400
    assert b"HTTPS" in refused.value.read()
    refused.value.close()


# --- what is asked for ---


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (["--keyfile", "key.pem"], 2, "--keyfile needs a certificate: --certfile"),
        (["--telnet-tls-port", "0"], 2, "--telnet-tls-port needs a certificate: --certfile"),
        (["--telnet-tls-port", "high"], 2, "Invalid value for '--telnet-tls-port'"),
        (["--certfile", "no.pem"], 1, "cannot read no.pem: No such file or directory"),
    ],
)
def test_a_mistake_costs_one_clear_line(arguments: list[str], status: int, told: str) -> None:
    """The shell's word for usage; or 1, as for all that was asked for well and cannot be had."""
    result = run("--port", "0", "--telnet-port", "off", *arguments)
    assert result.returncode == status
    assert result.stdout == ""
    assert result.stderr.startswith(f"playroom: {told}")
    assert result.stderr.count("\n") == 1


def test_it_can_all_be_said_by_variables(certfile: Path) -> None:
    """As everything else."""
    with running(*PORTS[:4], CERTFILE=str(certfile), KEYFILE=str(certfile)) as room:
        assert room.bound.is_secure
        assert room.bound.telnet_tls_port is None
        assert room.stop() == 0
