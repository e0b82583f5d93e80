"""``playroom join`` and ``playroom bridge`` in a window: its keys, its end, and what they tell.

The grace time is long here, so whoever is seen to leave at once has said so.
"""

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from tests.bench.processes import free_port
from tests.browser.telnets import RawTelnet, raw_telnet
from tests.clients.programs import program
from tests.processes import Running, running
from tests.talkers import PROMPT
from tests.windows import Window, window

LEFT = "<meta>: alice left\r\n"


@pytest.fixture
def room() -> Iterator[Running]:
    """A room that keeps the seats of those who are lost."""
    ports = ("--host", "127.0.0.1", "--port", "0", "--telnet-port", "0")
    with running(*ports, "--grace", "600") as room:
        yield room
        assert room.stop() == 0


@pytest.fixture
def bob(room: Running) -> Iterator[RawTelnet]:
    """Who is there, too."""
    with raw_telnet(room.bound, "bob") as bob:
        yield bob
        bob.says("/quit")
        bob.sees("Goodbye")


@contextmanager
def alice_by_join(room: Running, bob: RawTelnet) -> Iterator[Window]:
    """She has come by the real telnet."""
    program("telnet")
    with window("join", room.bound.page_url, NO_PROXY="*") as alice:
        alice.sees(PROMPT)
        alice.types("alice\r")
        bob.sees("<meta>: alice joined.\r\n")
        yield alice


def test_interrupt_and_quit_are_the_telnets_own(room: Running, bob: RawTelnet) -> None:
    """Which makes of these keys what telnet has for them, and goes on."""
    with alice_by_join(room, bob) as alice:
        for key in ("\x03", "\x1c"):
            alice.types(f"{key}\r")
            alice.types("/who\r")
            alice.sees("<meta>: 2 here:", within=10)
        alice.types("/quit\r")
        alice.sees("Connection closed by foreign host")
        assert alice.process.wait(10) == 0
    bob.sees(LEFT)


def test_who_closes_the_window_has_left(room: Running, bob: RawTelnet) -> None:
    """And has not lost the connection, with a seat that is kept for a while."""
    with alice_by_join(room, bob) as alice:
        alice.close()
        bob.sees(LEFT)
        alice.process.wait(10)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_telnet_in_order(
    room: Running, bob: RawTelnet, number: signal.Signals
) -> None:
    """By hanging up, so that it leaves the terminal as it was."""
    with alice_by_join(room, bob) as alice:
        alice.process.send_signal(number)
        bob.sees(LEFT)
        alice.sees("Connection closed by foreign host", within=10)
        assert alice.process.wait(10) == 0


def test_who_was_on_a_bridge_whose_window_is_closed_has_left(room: Running, bob: RawTelnet) -> None:
    """At once, likewise."""
    with window("bridge", room.bound.page_url, "--listen", "127.0.0.1:0", NO_PROXY="*") as bridge:
        port = int(bridge.sees(r"telnet: telnet 127\.0\.0\.1 (\d+)\r\n")[1])
        with raw_telnet(replace(room.bound, telnet_port=port), "alice"):
            bob.sees("<meta>: alice joined.\r\n")
            bridge.close()
            bob.sees(LEFT)
            assert bridge.process.wait(10) == 0


def test_a_room_that_cannot_be_reached_is_a_failure() -> None:
    """Whatever the telnet makes of being told so and hung up on."""
    with window("join", f"http://127.0.0.1:{free_port()}", NO_PROXY="*") as alice:
        alice.sees(re.escape("refuses connections.\r\n"))
        assert alice.process.wait(10) == 1
