"""The live line on the terminal of whoever runs the room."""

import os
import re
import sys
import threading

import trio
import trio.testing

from backend.app import Bound
from backend.logs import CLEAR
from backend.net.hub import Hub
from backend.net.status import StatusLine
from tests.clients.programs import gnu_telnet, terminal
from tests.guests import Guest


def wide() -> os.terminal_size:
    """Of a terminal on which there is room for all of it."""
    return os.terminal_size((100, 24))


async def test_it_tells_who_is_here_by_door_and_how_lively_it_is(nursery: trio.Nursery) -> None:
    """Members only; and what was said a minute ago counts no more."""
    hub = Hub()
    written: list[bytes] = []
    line = StatusLine(hub, written.append, wide)
    nursery.start_soon(hub.postman.run)
    alice = await Guest(hub, nursery).joins("alice")
    await Guest(hub, nursery, via="web").joins("bob")
    Guest(hub, nursery)
    await alice.types("one")
    assert line._line().endswith("; 1 message in the last minute")
    await alice.types("two")
    assert line._line() == "here: 1 by browser, 1 by telnet; 2 messages in the last minute"
    for _ in range(60):
        line._line()
    assert line._line().endswith("; 0 messages in the last minute")
    alice.hangs_up()
    await trio.testing.wait_all_tasks_blocked()
    assert line._line().startswith("here: 1 by browser, 0 by telnet;")
    nursery.cancel_scope.cancel()


async def test_a_terminal_that_is_stopped_stops_nothing_else(nursery: trio.Nursery) -> None:
    """Somebody has pressed ^S: the room goes on, and so does its end."""
    resumed = threading.Event()
    stopped = trio.Event()
    token = trio.lowlevel.current_trio_token()

    def write(data: bytes) -> None:
        token.run_sync_soon(stopped.set)
        resumed.wait(10)

    nursery.start_soon(StatusLine(Hub(), write, wide).run)
    with trio.fail_after(5):
        await stopped.wait()
        nursery.cancel_scope.cancel()
        resumed.set()


def test_on_a_terminal_the_status_is_live_and_the_log_silent() -> None:
    """The banner stays, and is followed by the line; its end leaves nothing behind."""
    ports = ("--host", "127.0.0.1", "--port", "0", "--telnet-port", "0", "--history", "memory")
    with terminal(sys.executable, "-m", "backend", *ports, term="xterm") as room:
        room.expect(r" telnet +telnet 127\.0\.0\.1 (\d+)\r\n", timeout=60)
        assert isinstance(room.match, re.Match)
        with gnu_telnet(Bound("127.0.0.1", 0, int(room.match[1])), "alice"):
            room.expect_exact("here: 0 by browser, 1 by telnet; 0 messages in the last minute")
            assert "alice" not in str(room.before)
        room.sendintr()
        room.expect_exact(CLEAR)
        assert room.wait() == 0
