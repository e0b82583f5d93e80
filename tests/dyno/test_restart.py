"""A real telnet behind a real bridge, while the room's process ends and another begins."""

import io
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pexpect
import pytest
import trio

from tests.clients.programs import terminal
from tests.dyno.bridges import a_bridge
from tests.dyno.router import Router, routed
from tests.processes import Running, running
from tests.talkers import Browser, at_browser

PORTS = ("--host", "127.0.0.1", "--port", "0", "--telnet-port", "0", "--grace", "60")

WRITTEN_SECONDS = 0.5
"""After which a line survives a kill, on a busy machine too."""

BACK_SECONDS = 30
"""More than the longest pause between two tries."""

AGAIN = "<meta>: Connecting again. What you type meanwhile is kept.\r\n"


@pytest.fixture
def history(tmp_path: Path) -> str:
    """Where the room's file will be."""
    return str(tmp_path / "history.sqlite3")


@pytest.fixture
def router() -> Iterator[Router]:
    """The only way to the room's process of now."""
    with routed(0, idle_seconds=600) as router:
        yield router


@contextmanager
def a_room(history: str, router: Router | None = None) -> Iterator[Running]:
    """A process with this file; given a router, at its other end."""
    with running(*PORTS, "--history", history) as room:
        if router:
            router.app_port = room.bound.port
        yield room


@contextmanager
def gnu_telnet(router: Router) -> Iterator[tuple["pexpect.spawn[str]", io.StringIO]]:
    """Alice, in the room by a bridge and a router; and all that is ever on her screen."""
    with a_bridge(router.url) as port, terminal("telnet", "127.0.0.1", str(port)) as alice:
        screen = alice.logfile_read = io.StringIO()
        alice.expect_exact("<meta>: Please enter username: ")
        alice.sendline("alice")
        alice.expect_exact("<meta>: Welcome alice.\r\n")
        yield alice, screen


async def joined(bob: Browser) -> str:
    """Bob joins, too; his token."""
    await bob.sees("prompt")
    await bob.type("bob")
    return str((await bob.sees("welcome"))["token"])


async def says(bob: Browser, *texts: str) -> int:
    """Bob says this; the id of the last."""
    for text in texts:
        await bob.type(text)
        last = int((await bob.sees("said", text=text))["id"])
    return last


def is_away(alice: "pexpect.spawn[str]", room: Running, number: int) -> None:
    """The room's process ends; she is told, and types on."""
    assert room.stop(number) == (0 if number == signal.SIGTERM else -number)
    alice.expect_exact(AGAIN)
    alice.sendline("are you there?")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
async def test_nobody_sees_that_a_bridged_telnet_was_away(
    history: str, router: Router, number: signal.Signals
) -> None:
    """And it has missed nothing: neither end can tell that the room was another process.

    But for what the bridge and the room say of it to her.
    """
    with a_room(history, router) as first, gnu_telnet(router) as (alice, screen):
        async with at_browser(first.bound) as bob:
            token = await joined(bob)
            alice.expect_exact("<meta>: bob joined.\r\n")
            alice.sendline("hello")
            await bob.sees("said", nick="alice", text="hello")
            last = await says(bob, "one", "two")
            alice.expect_exact("<bob> : two\r\n")
            await trio.sleep(WRITTEN_SECONDS)
            is_away(alice, first, number)
        with a_room(history) as second:
            async with at_browser(second.bound) as bob:
                welcome = await bob.resumes(token, last)
                assert {person["nick"] for person in welcome["members"]} == {"alice", "bob"}
                await bob.sees("history", events=[])
                await says(bob, "three", "four")
                router.app_port = second.bound.port  # not before that was said
                await sees_patiently(bob, "are you there?")
                alice.expect_exact("<meta>: Welcome back alice.\r\n")
                alice.expect_exact(" <bob> : four\r\n")
                await says(bob, "five")
                alice.expect_exact("<bob> : five\r\n")
                alice.sendline("all there")
                await bob.sees("said", nick="alice", text="all there")
                alice.sendline("/quit")
                await bob.sees("left", nick="alice", reason="")
                alice.expect_exact("Connection closed by foreign host.")
            assert second.stop() == 0
    texts = [part.split("\r\n")[0] for part in screen.getvalue().split("<bob> : ")[1:]]
    assert texts == ["one", "two", "three", "four", "five"]
    assert screen.getvalue().count("Please enter username") == 1


async def test_what_a_frozen_room_never_heard_is_said_to_the_next(
    history: str, router: Router
) -> None:
    """Once, ahead of what is typed when the loss is known; and what was heard is not said again."""
    with a_room(history, router) as first, gnu_telnet(router) as (alice, _):
        async with at_browser(first.bound) as bob:
            token = await joined(bob)
            alice.expect_exact("<meta>: bob joined.\r\n")
            alice.sendline("hello")
            last = int((await bob.sees("said", nick="alice", text="hello"))["id"])
            await trio.sleep(WRITTEN_SECONDS)
            first.process.send_signal(signal.SIGSTOP)
            for line in ("anybody?", "nobody."):
                alice.sendline(line)
            await trio.sleep(WRITTEN_SECONDS)
            is_away(alice, first, signal.SIGKILL)
        with a_room(history) as second:
            async with at_browser(second.bound) as bob:
                await bob.resumes(token, last)
                await bob.sees("history", events=[])
                router.app_port = second.bound.port  # not before that was said
                await sees_patiently(bob, "anybody?")
                for text in ("nobody.", "are you there?"):
                    await bob.sees("said", nick="alice", text=text)
                alice.expect_exact("<meta>: Welcome back alice.\r\n")
            assert second.stop() == 0


async def sees_patiently(bob: Browser, text: str) -> None:
    """The bridge comes when its pause is over."""
    with trio.fail_after(BACK_SECONDS):
        while True:
            try:
                await bob.sees("said", nick="alice", text=text)
            except trio.TooSlowError:
                continue
            return


async def test_the_next_room_knows_the_terminal_again(history: str, router: Router) -> None:
    """Its width, though it was in character mode with the last one, and in line mode now."""
    words = "word " * 30
    with a_room(history, router) as first, gnu_telnet(router) as (alice, _):
        alice.sendline("/rich on")
        alice.expect_exact("\x1b[")
        async with at_browser(first.bound) as bob:
            token = await joined(bob)
            alice.expect_exact("bob joined.")
            last = await says(bob, "one")
            alice.expect_exact("one")
            is_away(alice, first, signal.SIGTERM)
        with a_room(history) as second:
            async with at_browser(second.bound) as bob:
                await bob.resumes(token, last)
                await bob.sees("history", events=[])
                router.app_port = second.bound.port  # not before that was said
                await sees_patiently(bob, "are you there?")
                alice.expect_exact("<meta>: Welcome back alice.\r\n")
                alice.sendline("/color off")
                alice.expect_exact("<meta>: Colours are off.\r\n")
                await says(bob, words.strip())
                alice.expect_exact("<bob> : word")
                alice.expect_exact("\r\n        word")
                alice.sendline("/rich on")
                alice.expect_exact("\x1b[")
                alice.send("keys\r")
                await bob.sees("said", nick="alice", text="keys")
            assert second.stop() == 0
