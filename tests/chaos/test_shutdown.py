"""Stopping with the house full: of readers, of sleepers, and of those who are half in.

What one signal does with a few people is in ``tests/test_cli.py``.
"""

import re
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

if sys.platform != "linux":
    pytest.skip("what a process holds on to is read from /proc", allow_module_level=True)

import trio

from backend.net.hub import CLOSING_TEXT
from backend.room.codes import GOING_AWAY
from backend.room.events import Dismissed
from backend.wire import frames, terminal
from tests.bench.processes import raise_descriptor_limit
from tests.chaos.attacks import PAGE, UPGRADE
from tests.chaos.crowd import TEXT, Crowd, crowd_at, ended, frame, until
from tests.chaos.figures import metric
from tests.chaos.serving import complaints, serving
from tests.processes import Running
from tests.talkers import PROMPT

READERS = 300
"""Members, half of them at either door, who read all the while."""

SLEEPERS = 20
"""Members who never do."""

STRANGERS = 30
"""Of each kind of those who are not, or not yet, in the room."""

LINES = 200
"""A kilobyte each: more than a sleeper's kernel takes, and less than makes anybody too slow."""

WORDS = "x" * 990

GOODBYE = Dismissed(CLOSING_TEXT, GOING_AWAY)

AT_ONCE = 2.0
"""Seconds that an end without patience may take: less than the mail of a sleeper would have got."""


class House:
    """Everybody who is there.

    Attributes:
        heard_by_terminals: what each reader at a terminal read, to the end.
        heard_by_browsers: what each with a browser did.
        heard_by_strangers: what those did who had been asked for a name.
    """

    def __init__(self) -> None:
        self.heard_by_terminals: list[bytes] = []
        self.heard_by_browsers: list[bytes] = []
        self.heard_by_strangers: list[bytes] = []


@asynccontextmanager
async def full_house(server: Running) -> AsyncIterator[House]:
    """Many hundreds, who have been told much; in the end those who read have read to the end."""
    house = House()
    async with crowd_at(server.bound) as crowd, trio.open_nursery() as reading:

        async def listen(stream: trio.SocketStream, heard: list[bytes]) -> None:
            heard.append(await ended(stream))

        async def read(number: int) -> None:
            if number % 2:
                stream, heard = await crowd.browser(f"reader{number}"), house.heard_by_browsers
            else:
                stream, heard = await crowd.terminal(f"reader{number}"), house.heard_by_terminals
            reading.start_soon(listen, stream, heard)

        async def hesitate(number: int) -> None:
            stream = await crowd.connect(crowd.telnet_port)
            await until(stream, PROMPT.encode())
            reading.start_soon(listen, stream, house.heard_by_strangers)
            for beginning in b"", b"GET / HT", PAGE, UPGRADE[:-2], UPGRADE, UPGRADE + b"\x81":
                await (await crowd.connect(crowd.bound.port)).send_all(beginning)

        await crowd.each(READERS, read)
        await crowd.members(SLEEPERS, "sleeper", narrow=True)
        await crowd.each(STRANGERS, hesitate)
        await lecture(crowd)
        assert await metric(server.bound, "playroom_outbox_bytes_gsum") > 0, "nobody is asleep"
        yield house


async def lecture(crowd: Crowd) -> None:
    """Say long lines, and see the last one back: then the server has had all of them."""
    lecturer = await crowd.browser("lecturer")
    for number in range(LINES):
        await lecturer.send_all(frame(TEXT, f"{number} {WORDS}".encode()))
        await until(lecturer, f'"text":"{number} '.encode())


@pytest.fixture(autouse=True)
def descriptors() -> None:
    """Enough of them for everybody, here and in the server."""
    if missing := raise_descriptor_limit(2_000):
        pytest.skip(missing)


async def test_who_reads_gets_every_message_and_the_goodbye() -> None:
    """Status 0 within 10 s, with sleepers, half a head, half a handshake and half a frame."""
    with serving() as server:
        async with full_house(server) as house:
            started = time.monotonic()
            server.process.send_signal(signal.SIGTERM)
            assert await trio.to_thread.run_sync(lambda: server.process.wait(15)) == 0
            assert time.monotonic() - started < 10
        assert complaints(server.logged()) == []
    said = [str(number).encode() for number in range(LINES)]
    assert len(house.heard_by_terminals) == len(house.heard_by_browsers) == READERS // 2
    for heard in house.heard_by_terminals:
        assert re.findall(rb"<lecturer> : (\d+) %b\r\n" % WORDS.encode(), heard) == said
        assert heard.endswith(terminal.encode(GOODBYE))
    for heard in house.heard_by_browsers:
        assert re.findall(rb'"text":"(\d+) %b"' % WORDS.encode(), heard) == said
        assert heard.endswith(frames.encode(GOODBYE) + frames.close(GOING_AWAY, CLOSING_TEXT))
    assert len(house.heard_by_strangers) == STRANGERS
    for heard in house.heard_by_strangers:
        assert heard.endswith(terminal.encode(GOODBYE))


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
async def test_a_second_signal_ends_a_full_house_at_once(second: signal.Signals) -> None:
    """By that signal, without waiting for anybody's mail; and no file is left behind."""
    with serving() as server:
        async with full_house(server):
            server.process.send_signal(signal.SIGTERM)
            await trio.to_thread.run_sync(server.wait_until_logged, "SIGTERM: closing")
            server.process.send_signal(second)
            status = await trio.to_thread.run_sync(lambda: server.process.wait(AT_ONCE))
            assert status == -second
        assert complaints(server.logged()) == []
        assert server.temporary_files() == []
