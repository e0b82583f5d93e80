"""Connecting by a name of which the first address is dead: Trio's staggered connect.

The clock jumps, so what is measured is how long the client has waited and not how fast the machine
is. The sockets are real.
"""

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import trio
import trio.testing

from backend import echo
from tests.test_listen import Names

STAGGER_SECONDS = 0.25
"""Trio's own, and RFC 8305's advice (section 5)."""


@pytest.fixture
async def port(nursery: trio.Nursery) -> int:
    """Where an echo server listens, on 127.0.0.1 only."""
    where: int = await nursery.start(echo.serve, "127.0.0.1", 0, trio.Event())
    return where


@pytest.fixture
def dead(port: int) -> Iterator[str]:
    """An address that never answers at this port: its queue of connections is full."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.2", port), backlog=0))
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield "127.0.0.2"


async def talks(stream: trio.SocketStream) -> bool:
    """Whether there is an echo."""
    async with stream:
        await stream.send_all(b"hello")
        return bytes(await stream.receive_some()) == b"hello"


async def test_a_dead_address_costs_a_quarter_of_a_second(
    port: int, dead: str, autojump_clock: trio.testing.MockClock
) -> None:
    """And not the minutes until the system gives it up."""
    trio.socket.set_custom_hostname_resolver(Names(dead, "127.0.0.1"))
    began = trio.current_time()
    stream = await trio.open_tcp_stream("room.example", port)
    assert trio.current_time() - began == pytest.approx(STAGGER_SECONDS)
    assert stream.socket.getpeername() == ("127.0.0.1", port)
    assert await talks(stream)


async def test_an_address_that_refuses_costs_nothing(
    port: int, autojump_clock: trio.testing.MockClock
) -> None:
    """The next one is tried at once."""
    trio.socket.set_custom_hostname_resolver(Names("127.0.0.3", "127.0.0.1"))
    began = trio.current_time()
    stream = await trio.open_tcp_stream("room.example", port)
    assert trio.current_time() == began
    assert await talks(stream)


async def test_the_one_that_was_too_late_is_not_left_open(
    port: int, dead: str, autojump_clock: trio.testing.MockClock
) -> None:
    """What lost the race is cancelled, and its task is gone."""
    trio.socket.set_custom_hostname_resolver(Names(dead, "127.0.0.1", dead))
    before = trio.lowlevel.current_statistics().tasks_living
    async with await trio.open_tcp_stream("room.example", port):
        await trio.testing.wait_all_tasks_blocked()
        after = trio.lowlevel.current_statistics().tasks_living
    assert after == before + 1  # the echo server's, for this client
