"""Whatever some do to the server, the others' conversation goes on, and nothing of it stays.

One server, a process of its own, bears all of it in turn. Two witnesses talk in numbered lines
(``witnesses.py``), a crowd attacks (``attacks.py``), and afterwards the server has to hold on to no
more than before (``figures.py``).
"""

import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

if sys.platform != "linux":
    pytest.skip("what a process holds on to is read from /proc", allow_module_level=True)

from tests.bench.processes import raise_descriptor_limit
from tests.chaos.attacks import ATTACKS, MANY, OVERSTAYS, Attack, connections_beyond_the_limit
from tests.chaos.crowd import crowd_at, reader, until
from tests.chaos.figures import Figures, healthy, memory, returns_to, settled
from tests.chaos.serving import complaints, serving
from tests.chaos.witnesses import Pair, witnesses
from tests.processes import Running
from tests.talkers import at_browser, at_terminal

MAX_MEMORY = 100 << 20
"""Bytes that the server may take at the worst of times: a third more than it needs for itself and
two thousand connections, and less than the longest lines that are tried on it."""

ENOUGH_LINES = 10
"""How many lines each witness says afterwards: half a second's."""


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    """One for all: what an attack leaves behind must not trouble the next, either."""
    if missing := raise_descriptor_limit(4 * MANY):
        pytest.skip(missing)
    with serving() as server:
        yield server
        assert server.stop() == 0


@asynccontextmanager
async def conversation(server: Running) -> AsyncIterator[tuple[Pair, Figures]]:
    """The witnesses talk, before, during and afterwards.

    Given are they, and what the server holds on to: in the end that is no more, and the server has
    nothing to complain about.
    """
    log_before = len(server.logged())
    async with witnesses(server.bound) as pair:
        before = await settled(server)
        yield pair, before
        await pair.talks_on(ENOUGH_LINES)
        await returns_to(server, before)
    assert memory(server, "VmHWM") < MAX_MEMORY
    assert complaints(server.logged()[log_before:]) == []


@pytest.mark.parametrize("attack", ATTACKS)
async def test_a_conversation_survives(attack: Attack, server: Running) -> None:
    """No line is lost, repeated, out of order or late; and nothing stays of those who have left."""
    async with conversation(server), crowd_at(server.bound) as crowd:
        await attack(crowd)


@pytest.mark.parametrize("attack", OVERSTAYS)
async def test_the_server_is_rid_of(attack: Attack, server: Running) -> None:
    """The same; and nothing stays of those who would not leave."""
    async with conversation(server) as (_, before), crowd_at(server.bound) as crowd:
        await attack(crowd)
        await returns_to(server, before)


async def test_the_listeners_survive_a_lack_of_descriptors() -> None:
    """Those who are in go on talking, and when there are descriptors again others come in."""
    with serving("sh", "-c", 'ulimit -n 64 && exec "$@"', "sh") as server:
        async with conversation(server):
            async with crowd_at(server.bound) as crowd:
                await connections_beyond_the_limit(crowd)
            await healthy(server.bound)
            for visit in at_terminal, at_browser:
                async with visit(server.bound, "visitor"):
                    pass
        assert server.stop() == 0


async def test_a_client_stopped_for_a_moment_misses_nothing(server: Running) -> None:
    """``kill -STOP``, a conversation, ``kill -CONT``: all of it is there, in order."""
    async with conversation(server) as (pair, _), reader(server.bound, "sleeper") as sleeper:
        assert sleeper.stdout is not None
        sleeper.send_signal(signal.SIGSTOP)
        first = len(pair.by_nick["browser"].said)
        await pair.talks_on(ENOUGH_LINES)
        due = [f"<browser> : browser {number}" for number in range(first, first + ENOUGH_LINES)]
        sleeper.send_signal(signal.SIGCONT)
        read = await until(sleeper.stdout, due[-1].encode() + b"\r\n")
        lines = [line for line in read.decode().splitlines() if line.startswith("<browser>")]
        assert lines[lines.index(due[0]) :][: len(due)] == due
