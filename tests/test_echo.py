"""The tutorial's echo server, in this process and as its users start it."""

import re
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import trio

from backend import echo
from tests.processes import ROOT, START_SECONDS, environment, run
from tests.talkers import PATIENCE

RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@pytest.fixture
async def port(nursery: trio.Nursery) -> int:
    """Where an echo server listens."""
    where: int = await nursery.start(echo.serve, "127.0.0.1", 0, trio.Event())
    return where


async def echoed(stream: trio.SocketStream, data: bytes) -> bytes:
    """Send it; what comes back."""
    got = b""
    with trio.fail_after(PATIENCE):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(stream.send_all, data)
            while len(got) < len(data):
                got += await stream.receive_some()
    return got


async def logged(caplog: pytest.LogCaptureFixture, text: str) -> None:
    """Wait until the log says so."""
    with trio.fail_after(PATIENCE):
        while text not in caplog.text:  # noqa: ASYNC110 - the log sets no event
            await trio.sleep(0.01)


async def test_whatever_is_sent_comes_back(port: int, caplog: pytest.LogCaptureFixture) -> None:
    """Any bytes, any number; and the log has no word of them."""
    caplog.set_level("INFO")
    async with await trio.open_tcp_stream("127.0.0.1", port) as client:
        for data in (b"hello\r\n", b"\xff\x00", bytes(range(256)) * 4_000):
            assert await echoed(client, data) == data
    await logged(caplog, "client 1: closed")
    assert "client 1: started" in caplog.text
    assert "client 1: received 7 bytes" in caplog.text
    assert "hello" not in caplog.text


async def test_an_end_is_answered_with_an_end(port: int) -> None:
    """After everything has come back."""
    async with await trio.open_tcp_stream("127.0.0.1", port) as client:
        await client.send_all(b"last words")
        await client.send_eof()
        with trio.fail_after(PATIENCE):
            assert b"".join([data async for data in client]) == b"last words"


async def test_a_client_that_never_reads_keeps_nobody_waiting(port: int) -> None:
    """The one thing that the tutorial's echo server gets right already: a task each."""
    async with await trio.open_tcp_stream("127.0.0.1", port) as sleeper:
        with trio.move_on_after(0.5):
            while True:
                await sleeper.send_all(bytes(1_000_000))
        clients = [await trio.open_tcp_stream("127.0.0.1", port) for _ in range(50)]
        for number, client in enumerate(clients):
            async with client:
                assert await echoed(client, b"%d" % number) == b"%d" % number


async def test_a_reset_ends_that_client_only(port: int, caplog: pytest.LogCaptureFixture) -> None:
    """In the middle of what it was sent, and without a traceback."""
    caplog.set_level("INFO")
    async with await trio.open_tcp_stream("127.0.0.1", port) as other:
        rude = await trio.open_tcp_stream("127.0.0.1", port)
        with trio.move_on_after(0.2):
            while True:
                await rude.send_all(bytes(1_000_000))
        rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        rude.socket.close()
        await logged(caplog, "client 2: connection lost")
        assert await echoed(other, b"still there") == b"still there"
    assert not any(record.exc_info for record in caplog.records)


async def test_the_end_lets_what_was_sent_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is let in any more, and whoever just stays is cut off after a while."""
    monkeypatch.setattr(echo, "DRAIN_SECONDS", 0.3)
    stop = trio.Event()
    with trio.fail_after(PATIENCE):
        async with trio.open_nursery() as nursery:
            port: int = await nursery.start(echo.serve, "127.0.0.1", 0, stop)
            client = await trio.open_tcp_stream("127.0.0.1", port)
            assert await echoed(client, b"hello") == b"hello"
            stop.set()
            assert await echoed(client, b"goodbye") == b"goodbye"
    with pytest.raises(OSError, match="failed"):
        await trio.open_tcp_stream("127.0.0.1", port)
    with trio.fail_after(PATIENCE):
        assert await client.receive_some() == b""
    await client.aclose()


@contextmanager
def echoing(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """The program as it is started, and its port."""
    with subprocess.Popen(
        [sys.executable, "-m", "backend", "echo", *arguments],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            told = re.fullmatch(r"echo: telnet 127\.0\.0\.1 (\d+)\n", process.stdout.readline())
            assert told
            yield process, int(told[1])
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_is_and_ends_with_0(number: int) -> None:
    """As the room does, on a port that is free."""
    with echoing("--host", "127.0.0.1", "--port", "0") as (process, port):
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(b"hello")
            assert client.recv(100) == b"hello"
            process.send_signal(number)
            assert process.wait(START_SECONDS) == 0
        assert process.stderr is not None
        log = process.stderr.read()
    assert "client 1: received 5 bytes" in log
    assert f"{signal.Signals(number).name}: closing" in log
    assert "Traceback" not in log


def test_a_taken_port_costs_the_echo_server_one_clear_line_too() -> None:
    """And a mistake likewise."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run("echo", "--host", "127.0.0.1", "--port", str(port))
    assert (result.returncode, result.stderr) == (
        1,
        f"playroom: cannot listen on 127.0.0.1 port {port}: it is taken\n",
    )
    result = run("echo", "--port", "x")
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1


def test_help_has_every_flag_of_echo_and_the_rooms_help_names_it() -> None:
    """Each command by its own ``--help``; the room is meant when none is named."""
    told = run("echo", "--help").stdout
    assert all(flag in told for flag in ("--host", "--port", "12345"))
    assert "echo" in run("--help").stdout
    assert run("serve", "--help").stdout == run("--help").stdout
