"""Real telnets in one room: GNU telnet and netcat."""

from collections.abc import Iterator

import pytest

from tests.clients.programs import gnu_telnet, program, terminal
from tests.processes import Running, running


@pytest.fixture
def room() -> Iterator[Running]:
    """The real program."""
    with running("--port", "0", "--telnet-port", "0") as room:
        yield room
        assert room.stop() == 0


def test_the_tutorials_transcript_with_two_real_telnets(room: Running) -> None:
    """Prompt, taken name, welcome, joined, talk, left: text for text."""
    with gnu_telnet(room.bound) as alice:
        alice.sendline("alice")
        alice.expect_exact("<meta>: Welcome alice.\r\n")
        with gnu_telnet(room.bound) as bob:
            bob.sendline("alice")
            bob.expect_exact("<meta>: Username taken. Please enter another: ")
            bob.sendline("bob")
            bob.expect_exact("<meta>: Welcome bob.\r\n")
            alice.expect_exact("<meta>: bob joined.\r\n")
            bob.sendline("hi alice, how are you")
            alice.expect_exact("<bob> : hi alice, how are you\r\n")
            alice.sendline("fine")
            bob.expect_exact("<alice> : fine\r\n")
            bob.sendcontrol("]")
            bob.expect_exact("telnet> ")
            bob.sendline("quit")
        alice.expect_exact("<meta>: bob left\r\n")


def test_netcat_is_a_client_too(room: Running) -> None:
    """Plain text in, plain text out, and no telnet garbage on the screen."""
    with gnu_telnet(room.bound, "alice") as alice:
        with terminal("nc", room.bound.host, str(room.bound.telnet_port)) as netcat:
            netcat.expect_exact("<meta>: Please enter username: ")
            netcat.sendline("bob")
            netcat.expect_exact("<meta>: Welcome bob.")
            alice.expect_exact("<meta>: bob joined.\r\n")
            netcat.sendline("from netcat")
            alice.expect_exact("<bob> : from netcat\r\n")
            alice.sendline("hello netcat")
            netcat.expect_exact("<alice> : hello netcat")
        alice.expect_exact("<meta>: bob left\r\n")


def test_every_client_this_folder_promises_is_here() -> None:
    """In CI a missing program is a failure, not a skip."""
    for name in ("telnet", "nc", "chromium"):
        assert program(name)
