"""From a real telnet, through the bridge and a router that passes HTTP only, to a real browser."""

import http.server
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pexpect
import pytest
from playwright.sync_api import Browser, expect

from tests.browser.visitors import PATIENCE, Visitors, chromium
from tests.clients.programs import terminal
from tests.dyno.bridges import a_bridge
from tests.dyno.router import Router, routed
from tests.processes import ROOT, Running, environment, running

IDLE_SECONDS = 4.0
"""Instead of a router's 55."""

COMMAND = (sys.executable, *(ROOT / "Procfile").read_text().split()[2:])


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for all of these."""
    expect.set_options(timeout=PATIENCE)
    with chromium() as browser:
        yield browser


@contextmanager
def a_dyno(ping_seconds: str = "1.5") -> Iterator[Running]:
    """The Procfile's command line, its times scaled down as the router's limit is."""
    with running(
        command=COMMAND,
        telnet=False,
        PORT="0",
        PING_SECONDS=ping_seconds,
        GRACE="0",
        TRUST_PROXY="1",
    ) as dyno:
        yield dyno
        assert dyno.stop() == 0


def silence(router: Router) -> None:
    """Nobody says anything for much longer than the router bears."""
    before = router.cuts
    time.sleep(2 * IDLE_SECONDS)
    assert router.cuts == before


def test_telnet_and_a_browser_chat_in_a_dyno(browser: Browser) -> None:
    """And go on after a silence longer than the router's limit: nobody was cut off."""
    with (
        a_dyno() as dyno,
        routed(dyno.bound.port, IDLE_SECONDS) as router,
        a_bridge(router.url) as port,
        terminal("telnet", "127.0.0.1", str(port)) as alice,
    ):
        alice.expect_exact("<meta>: Please enter username: ")
        alice.sendline("alice")
        alice.expect_exact("<meta>: Welcome alice.\r\n")
        visitors = Visitors(browser)
        bob = visitors.arrives(router.url, "bob")
        alice.expect_exact("<meta>: bob joined.\r\n")
        for greeting in ("hello", "still there"):
            alice.sendline(f"{greeting}, bob")
            bob.sees(f"{greeting}, bob")
            bob.says(f"{greeting}, alice")
            alice.expect_exact(f"<bob> : {greeting}, alice\r\n")
            silence(router)
        visitors.leave()
        assert visitors.problems == []
        alice.expect_exact("<meta>: bob left")
        alice.sendline("/quit")
        alice.expect_exact("<meta>: Goodbye alice.\r\n")
        alice.expect_exact("Connection closed by foreign host.")


def fetched(url: str) -> tuple[str, str]:
    """What a page says about the connection, and how it begins."""
    with urllib.request.urlopen(url) as answer:
        return answer.headers["Connection"], answer.read(15).decode()


def test_a_router_that_keeps_its_connections_to_the_room_is_told_that_it_closes_them() -> None:
    """One request a connection: so none can hide behind another, and none is lost."""
    with a_dyno() as dyno, routed(dyno.bound.port, IDLE_SECONDS) as router:
        for _ in range(3):
            assert fetched(router.url) == ("close", "<!doctype html>")
        assert router.opened == 3


def test_the_router_would_use_a_connection_again_that_stays_open() -> None:
    """Or the test before would show nothing."""
    handler = type("Keeps", (http.server.SimpleHTTPRequestHandler,), {
        "protocol_version": "HTTP/1.1", "log_message": lambda *_: None,
    })  # fmt: skip
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as other:
        other.daemon_threads = True
        thread = threading.Thread(target=other.serve_forever)
        thread.start()
        try:
            with routed(other.server_port, IDLE_SECONDS) as router:
                for _ in range(3):
                    fetched(router.url)
                assert router.opened == 1
        finally:
            other.shutdown()
            thread.join()


def test_without_pings_the_router_would_cut_them_off() -> None:
    """So the silence of the other test is one that matters; and the bridge brings them back."""
    with (
        a_dyno(ping_seconds="600") as dyno,
        routed(dyno.bound.port, 1.0) as router,
        a_bridge(router.url) as port,
        terminal("telnet", "127.0.0.1", str(port)) as alice,
    ):
        alice.expect_exact("<meta>: Please enter username: ")
        alice.sendline("alice")
        alice.expect_exact("<meta>: Welcome alice.\r\n")
        alice.expect_exact("<meta>: The connection to the room is lost.\r\n")
        alice.expect_exact("<meta>: Connecting again. What you type meanwhile is kept.\r\n")
        alice.expect_exact("<meta>: Welcome alice.\r\n")
        assert router.cuts > 0


def test_a_dyno_that_restarts_has_its_telnets_back() -> None:
    """They are told, and are in the room again under their nicks."""
    with (
        a_dyno() as first,
        routed(first.bound.port, IDLE_SECONDS) as router,
        a_bridge(router.url) as port,
        terminal("telnet", "127.0.0.1", str(port)) as alice,
    ):
        alice.expect_exact("<meta>: Please enter username: ")
        alice.sendline("alice")
        alice.expect_exact("<meta>: Welcome alice.\r\n")
        first.process.terminate()
        alice.expect_exact("<meta>: The room is closing, come back soon\r\n")
        alice.expect_exact("<meta>: The server at 127.0.0.1 is busy (503).\r\n")
        with a_dyno() as second:
            router.app_port = second.bound.port
            alice.expect_exact("<meta>: Please enter username: alice\r\n", timeout=30)
            alice.expect_exact("<meta>: Welcome alice.\r\n")
            alice.sendline("/who")
            alice.expect_exact("1 here: alice (telnet)")
            alice.sendline("/quit")
            alice.expect_exact("Connection closed by foreign host.")


def test_join_is_bridge_and_telnet_in_one_command() -> None:
    """On a terminal of its own; and its ^C is the telnet's."""
    with a_dyno() as dyno:
        url = f"http://127.0.0.1:{dyno.bound.port}"
        with terminal(sys.executable, "-m", "backend", "join", url) as alice:
            alice.expect_exact("<meta>: Please enter username: ", timeout=30)
            alice.sendline("alice")
            alice.expect_exact("<meta>: Welcome alice.\r\n")
            alice.sendintr()
            alice.sendline("/who")
            alice.expect_exact("<meta>: 1 here:")
            alice.sendline("/quit")
            alice.expect_exact("<meta>: Goodbye alice.\r\n")
            alice.expect_exact("Connection closed by foreign host.")
            alice.expect(pexpect.EOF)
            assert alice.wait() == 0


def test_join_of_no_room_says_why_and_ends() -> None:
    """In the telnet's own window."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with terminal(sys.executable, "-m", "backend", "join", f"http://127.0.0.1:{port}") as alice:
        alice.expect_exact(
            f"<meta>: The server at 127.0.0.1:{port} refuses connections.\r\n", timeout=30
        )
        alice.expect_exact("Connection closed by foreign host.")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["bridge", "chat.example"], "is no address of a room"),
        (["join", "ftp://chat.example"], "is no address of a room"),
        (["bridge", "https://chat.example", "--listen", "12345"], "is no HOST:PORT"),
        (["bridge"], "Missing argument 'URL'"),
    ],
)
def test_a_mistake_costs_one_clear_line(arguments: list[str], told: str) -> None:
    """And status 2."""
    done = subprocess.run(
        [sys.executable, "-m", "backend", *arguments],
        cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("playroom: ")
    assert told in done.stderr
    assert done.stderr.count("\n") == 1
