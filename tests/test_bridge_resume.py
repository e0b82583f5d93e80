"""A bridge's way back to the seat in the room, over real sockets that are cut."""

import json
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import pytest
import trio
import trio.testing

from backend.app import Bound
from backend.bridge import pauses
from backend.bridge.address import parse
from backend.bridge.bridge import serve
from backend.bridge.dial import dial
from backend.bridge.seat import Seat
from backend.bridge.speech import FULL, MAX_BYTES
from backend.bridge.speech import LOST as LOST_FOR_GOOD
from backend.bridge.websocket import Websocket
from backend.config import UNLIMITED
from backend.journal.journal import Follow, Memory
from backend.journal.memory import MemoryJournal
from backend.net import tunnel
from backend.room.entries import Entry
from tests.talkers import PATIENCE, PROMPT, Terminal, a_room, at_browser, at_terminal

HOST = "127.0.0.1"

KEEPS_SEATS = replace(UNLIMITED, grace=60.0)

LOST = "<meta>: The connection to the room is lost."
AGAIN = "<meta>: Connecting again. What you type meanwhile is kept."
EARLIER = "<meta>: Earlier (times are UTC):"

LINES = 400

pytestmark = pytest.mark.usefixtures("hasty")


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long before they try again."""
    monkeypatch.setattr(pauses, "LONGEST_SECONDS", 0.05)
    monkeypatch.setattr(pauses, "FIRST_SECONDS", 0.05)


class Network:
    """The way from bridges to a room, which can be cut.

    Attributes:
        swallows: whether what is sent vanishes, of which nobody is told.

    Args:
        room: where it leads.
    """

    def __init__(self, room: Bound) -> None:
        self._room = room
        self._ends: list[tuple[trio.SocketStream, trio.SocketStream]] = []
        self.is_open = trio.Event()
        self.is_open.set()
        self.swallows = False
        self.port = 0

    async def dial(self) -> Websocket:
        """See ``visitor.Dial``."""
        await self.is_open.wait()
        return await dial(parse(f"http://{HOST}:{self.port}"))

    async def run(self, task_status: trio.TaskStatus[None]) -> None:
        """Carry until cancelled."""
        async with trio.open_nursery() as nursery:
            (listener,) = await trio.open_tcp_listeners(0, host=HOST)
            self.port = listener.socket.getsockname()[1]
            nursery.start_soon(trio.serve_listeners, self._carry, [listener])
            task_status.started()

    async def _carry(self, near: trio.SocketStream) -> None:
        far = await trio.open_tcp_stream(self._room.host, self._room.port)
        self._ends.append((near, far))
        async with far, trio.open_nursery() as nursery:
            nursery.start_soon(self._relay, near, far)
            nursery.start_soon(self._relay, far, near)

    async def _relay(self, source: trio.SocketStream, sink: trio.SocketStream) -> None:
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            while data := await source.receive_some():
                if not self.swallows:
                    await sink.send_all(data)
            await sink.send_eof()

    async def cut(self, *, at_both_ends: bool = True) -> None:
        """Nothing gets through any more; the room may be left in the belief that all is well."""
        self.is_open = trio.Event()
        ends, self._ends = self._ends, []
        for near, far in ends:
            await trio.aclose_forcefully(near)
            if at_both_ends:
                await trio.aclose_forcefully(far)

    def mend(self) -> None:
        """It is there again."""
        self.swallows = False
        self.is_open.set()


@asynccontextmanager
async def bridged(room: Bound) -> AsyncIterator[tuple[Network, int]]:
    """A bridge by a network to a room; its port."""
    network = Network(room)
    async with trio.open_nursery() as nursery:
        await nursery.start(network.run)
        stop = trio.Event()
        yield network, await nursery.start(serve, HOST, 0, network.dial, stop)
        network.mend()
        stop.set()
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def at_telnet(port: int, nick: str | None = None) -> AsyncIterator[Terminal]:
    """Somebody at a telnet on a bridge."""
    async with await trio.open_tcp_stream(HOST, port) as stream:
        terminal = Terminal(stream)
        yield terminal if nick is None else await terminal.joins(nick)


async def is_told_of_the_loss(alice: Terminal) -> None:
    """In the bridge's two lines."""
    await alice.reads_line(LOST)
    await alice.reads_line(AGAIN)


async def reads_earlier(alice: Terminal, *expected: str) -> None:
    """What was missed, and nothing besides."""
    await alice.reads_line(EARLIER)
    for line in expected:
        told = await alice.line()
        assert told[: len("<meta>: ")] + told[len("<meta>: 00:00 ") :] == f"<meta>: {line}"


@pytest.mark.parametrize("at_both_ends", [True, False])
async def test_whoever_is_cut_off_has_the_seat_again_and_has_missed_nothing(
    at_both_ends: bool,
) -> None:
    """Nobody has noticed, also where the room still took the old connection for a live one."""
    async with (
        a_room(KEEPS_SEATS) as room,
        at_browser(room, "bob") as bob,
        bridged(room) as (network, port),
        at_telnet(port, "alice") as alice,
    ):
        await bob.sees("joined", nick="alice", via="telnet")
        await alice.type("one")
        await bob.sees("said", nick="alice", text="one")
        await bob.type("two")
        await bob.sees("said", text="two")
        await alice.reads_line("<bob> : two")
        await alice.type("three")
        await bob.sees("said", nick="alice", text="three")
        await network.cut(at_both_ends=at_both_ends)
        await is_told_of_the_loss(alice)
        for text in ("four", "five"):
            await bob.type(text)
            await bob.sees("said", text=text)
        network.mend()
        await alice.reads_line("<meta>: Welcome back alice.")
        await reads_earlier(alice, "<bob> : four", "<bob> : five")
        await alice.type("six")
        await bob.sees("said", nick="alice", text="six")
        await bob.type("seven")
        await bob.sees("said", text="seven")
        await alice.reads_line("<bob> : seven")
        await alice.type("/quit")
        assert await alice.rest() == "<meta>: Goodbye alice.\r\n"
        await bob.sees("left", nick="alice", reason="")


async def test_whoever_missed_nothing_is_told_nothing() -> None:
    """Cut off ten times, and each line is there once."""
    async with (
        a_room(KEEPS_SEATS) as room,
        at_browser(room, "bob") as bob,
        bridged(room) as (network, port),
        at_telnet(port, "alice") as alice,
    ):
        await bob.sees("joined", nick="alice")
        for number in range(10):
            await network.cut()
            await is_told_of_the_loss(alice)
            network.mend()
            await alice.reads_line("<meta>: Welcome back alice.")
            await bob.type(f"line {number}")
            await bob.sees("said", text=f"line {number}")
            await alice.reads_line(f"<bob> : line {number}")
            await alice.type(f"answer {number}")
            await bob.sees("said", text=f"answer {number}")


async def test_what_is_typed_meanwhile_is_said_afterwards() -> None:
    """Once, and in order; and whoever types too much is told so."""
    async with (
        a_room(KEEPS_SEATS) as room,
        at_browser(room, "bob") as bob,
        bridged(room) as (network, port),
        at_telnet(port, "alice") as alice,
    ):
        await bob.sees("joined", nick="alice")
        await network.cut()
        await is_told_of_the_loss(alice)
        await alice.type("one")
        await alice.type("two \N{SNOWMAN}")
        await trio.testing.wait_all_tasks_blocked(0.05)
        network.mend()
        await alice.reads_line("<meta>: Welcome back alice.")
        await alice.type("three")
        for text in ("one", "two \N{SNOWMAN}", "three"):
            await bob.sees("said", nick="alice", text=text)
        await network.cut()
        await is_told_of_the_loss(alice)
        await alice.type("four")
        await alice.send(b"x" * MAX_BYTES + b"\r\n")
        await trio.testing.wait_all_tasks_blocked(0.05)
        network.mend()
        await alice.reads_line("<meta>: Welcome back alice.")
        await alice.reads_line(f"<meta>: {FULL}")
        await alice.type("five")
        for text in ("four", "five"):
            await bob.sees("said", nick="alice", text=text)


async def test_what_the_network_has_swallowed_is_said_afterwards() -> None:
    """Once, and in order: the room says what it has heard, and knows what is for the terminal."""
    async with (
        a_room(KEEPS_SEATS) as room,
        at_browser(room, "bob") as bob,
        bridged(room) as (network, port),
        at_telnet(port) as alice,
    ):
        await alice.reads(PROMPT)
        await alice.send(b"bob\r\nalice\r\nfirst\r\n")
        await alice.reads("<meta>: Username taken. Please enter another: ")
        await alice.reads_line("<meta>: Welcome alice.")
        await alice.send(b"/color off\r\n/typing\r\n")
        await alice.reads_line("<meta>: Colours are off.")
        await alice.reads_line("<meta>: There is no /typing here. Type /help for what there is.")
        await bob.sees("joined", nick="alice")
        await bob.sees("said", nick="alice", text="first")
        for said in (("one",), ("two", "/color on", "three"), ("x" * 9_000, "four")):
            network.swallows = True
            for text in said:
                await alice.type(text)
            await trio.testing.wait_all_tasks_blocked(0.05)
            await network.cut()
            await is_told_of_the_loss(alice)
            await alice.type(f"behind {said[0][:9]}")
            await trio.testing.wait_all_tasks_blocked(0.05)
            network.mend()
            await alice.reads_line("<meta>: Welcome back alice.")
            for text in (*said, f"behind {said[0][:9]}"):
                if text == "/color on":
                    await alice.reads_line("<meta>: Colours are on.")
                elif len(text) > 1_000:
                    await alice.reads_line(f"<meta>: {LOST_FOR_GOOD}")
                else:
                    await bob.sees("said", nick="alice", text=text)
            await alice.type("yes")
            await bob.sees("said", nick="alice", text="yes")


async def test_whoever_comes_back_sees_no_prompt_however_slow_the_log_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One that is shared answers later: the prompt that is not for bridges comes after all."""
    monkeypatch.setattr("backend.app.MemoryJournal", LateJournal)
    async with (
        a_room(KEEPS_SEATS) as room,
        at_terminal(room, "bob") as bob,
        bridged(room) as (network, port),
        at_telnet(port) as alice,
    ):
        await alice.reads(PROMPT)
        await alice.send(b"alice\r\none\r\n")
        await alice.reads_line("<meta>: Welcome alice.")
        await bob.reads_line("<meta>: alice joined.")
        await bob.reads_line("<alice> : one")
        for text in ("two", "three"):
            network.swallows = True
            await alice.type(text)
            await trio.testing.wait_all_tasks_blocked(0.05)
            await network.cut()
            await is_told_of_the_loss(alice)
            network.mend()
            await alice.reads_line("<meta>: Welcome back alice.")
            await bob.reads_line(f"<alice> : {text}")


class LateJournal(MemoryJournal):
    """Entries are followed a little later, one by one."""

    def __init__(self, follow: Follow, memory: Memory) -> None:
        super().__init__(follow, memory)
        self._send, self._recorded = trio.open_memory_channel[Entry](math.inf)

    def record(self, entry: Entry) -> None:
        """See ``journal.Journal``."""
        self._send.send_nowait(entry)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """See ``journal.Journal``."""
        task_status.started()
        async for entry in self._recorded:
            await trio.sleep(0.01)
            self._follow(entry)


async def test_whispers_are_neither_lost_nor_told_twice() -> None:
    """Though no id tells them apart."""
    async with (
        a_room(KEEPS_SEATS) as room,
        at_browser(room, "bob") as bob,
        bridged(room) as (network, port),
        at_telnet(port, "alice") as alice,
    ):
        await bob.sees("joined", nick="alice")
        for text in ("psst", "psst", "hear"):
            await bob.type(f"/msg alice {text}")
            await bob.sees("whispered", text=text)
            await alice.reads_line(f"<bob> to you: {text}")
        for number in range(3):
            await network.cut()
            await is_told_of_the_loss(alice)
            await bob.type("/msg alice psst")
            await bob.sees("whispered", text="psst")
            await bob.type(f"aloud {number}")
            await bob.sees("said", text=f"aloud {number}")
            network.mend()
            await alice.reads_line("<meta>: Welcome back alice.")
            await alice.reads_line("<bob> to you: psst")
            await reads_earlier(alice, f"<bob> : aloud {number}")


async def test_two_telnets_of_one_bridge_have_each_their_own_seat() -> None:
    """And each their own token."""
    async with (
        a_room(KEEPS_SEATS) as room,
        at_terminal(room, "bob") as bob,
        bridged(room) as (network, port),
        at_telnet(port, "alice") as alice,
        at_telnet(port, "carol") as carol,
    ):
        await bob.reads_line("<meta>: alice joined.")
        await bob.reads_line("<meta>: carol joined.")
        await alice.reads_line("<meta>: carol joined.")
        await network.cut()
        await is_told_of_the_loss(alice)
        await is_told_of_the_loss(carol)
        network.mend()
        await alice.reads_line("<meta>: Welcome back alice.")
        await carol.reads_line("<meta>: Welcome back carol.")
        await alice.type("hi")
        await bob.reads_line("<alice> : hi")
        await carol.reads_line("<alice> : hi")


async def test_a_seat_that_was_not_kept_is_said_and_the_nick_is_offered() -> None:
    """The others see what they see of anybody who comes back too late; what was typed is said."""
    async with (
        a_room(replace(UNLIMITED, grace=0.1)) as room,
        at_terminal(room, "bob") as bob,
        bridged(room) as (network, port),
        at_telnet(port, "alice") as alice,
    ):
        await bob.reads_line("<meta>: alice joined.")
        await network.cut()
        await is_told_of_the_loss(alice)
        await alice.type("hello?")
        await bob.reads_line("<meta>: alice left (connection lost)")
        network.mend()
        await alice.reads_line("<meta>: Your seat was not kept.")
        await alice.reads_line(f"{PROMPT}alice")
        await alice.reads_line("<meta>: Welcome alice.")
        await bob.reads_line("<meta>: alice joined.")
        await bob.reads_line("<alice> : hello?")
        # And that is a seat like any other: it is the new one that is resumed.
        await network.cut()
        network.mend()
        await is_told_of_the_loss(alice)
        await alice.reads_line("<meta>: Welcome back alice.")


async def test_a_nick_that_somebody_else_has_by_then_is_asked_for_again() -> None:
    """And what was typed is said under the new one, and taken for no name."""
    async with (
        a_room(replace(UNLIMITED, grace=0.1)) as room,
        at_terminal(room, "bob") as bob,
        bridged(room) as (network, port),
        at_telnet(port, "alice") as alice,
    ):
        await bob.reads_line("<meta>: alice joined.")
        await network.cut()
        await is_told_of_the_loss(alice)
        await alice.type("hello?")
        await bob.reads_line("<meta>: alice left (connection lost)")
        async with at_terminal(room, "alice"):
            await bob.reads_line("<meta>: alice joined.")
            network.mend()
            await alice.reads_line("<meta>: Your seat was not kept.")
            await alice.reads_line(f"{PROMPT}alice")
            await alice.reads("<meta>: Username taken. Please enter another: ")
            await alice.type("alison")
            await alice.reads_line("<meta>: Welcome alison.")
            await bob.reads_line("<meta>: alison joined.")
            await bob.reads_line("<alison> : hello?")


async def test_whoever_was_never_in_the_room_is_asked_again() -> None:
    """And is not told that anything is kept."""
    async with (
        a_room(KEEPS_SEATS) as room,
        bridged(room) as (network, port),
        at_telnet(port) as eve,
    ):
        await eve.reads(PROMPT)
        await network.cut()
        await eve.reads_line("")
        await eve.reads_line(LOST)
        await eve.reads_line("<meta>: Connecting again. What you type meanwhile is lost.")
        await eve.type("a name?")
        await trio.testing.wait_all_tasks_blocked(0.05)
        network.mend()
        await eve.joins("eve")


async def test_a_room_that_keeps_no_seats_asks_for_a_name_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another program's; what is typed meanwhile would be taken for one, and is not kept."""
    monkeypatch.setattr(tunnel, "RESUMES", "nothing.we.offer")
    async with (
        a_room(KEEPS_SEATS) as room,
        at_terminal(room, "bob") as bob,
        bridged(room) as (network, port),
        at_telnet(port, "alice") as alice,
    ):
        await bob.reads_line("<meta>: alice joined.")
        await network.cut()
        await alice.reads_line(LOST)
        await alice.reads_line("<meta>: Connecting again. What you type meanwhile is lost.")
        await bob.reads_line("<meta>: alice left (connection lost)")
        await alice.type("hello?")
        await trio.testing.wait_all_tasks_blocked(0.05)
        network.mend()
        await alice.joins("alice")


async def test_the_token_reaches_neither_screen_nor_log(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is for the bridge and the room only."""
    caplog.set_level("INFO")
    cues: list[str] = []
    understand = Seat.told

    def overhear(seat: Seat, text: str) -> None:
        cues.append(text)
        understand(seat, text)

    monkeypatch.setattr(Seat, "told", overhear)
    async with (
        a_room(KEEPS_SEATS) as room,
        at_terminal(room, "bob") as bob,
        bridged(room) as (network, port),
        at_telnet(port, "alice") as alice,
    ):
        await bob.reads_line("<meta>: alice joined.")
        token = next(cue["token"] for cue in map(json.loads, cues) if cue["type"] == "seat")
        await network.cut()
        network.mend()
        await is_told_of_the_loss(alice)
        await alice.reads_line("<meta>: Welcome back alice.")
        await alice.type("/quit")
        screen = await alice.rest()
    assert screen == "<meta>: Goodbye alice.\r\n"
    assert "resumed: alice" in caplog.text
    assert token not in caplog.text


async def test_lines_of_a_busy_room_come_once_and_in_order_whenever_it_is_cut(
    nursery: trio.Nursery,
) -> None:
    """In the middle of a burst, of a line, or of a frame."""
    async with (
        a_room(KEEPS_SEATS) as room,
        at_terminal(room, "bob") as bob,
        bridged(room) as (network, port),
        at_telnet(port, "alice") as alice,
    ):
        await bob.reads_line("<meta>: alice joined.")
        seen: list[str] = []

        async def talk() -> None:
            for number in range(LINES):
                await bob.type(f"line {number}")
                await trio.sleep(0.002)

        async def disturb() -> None:
            while True:
                await trio.sleep(0.05)
                await network.cut()
                network.mend()

        async with trio.open_nursery() as disturbed:
            disturbed.start_soon(disturb)
            nursery.start_soon(talk)
            with trio.fail_after(6 * PATIENCE):
                while len(seen) < LINES:
                    _, is_said, text = (await alice.line()).partition("<bob> : ")
                    seen += [text] * bool(is_said)
            disturbed.cancel_scope.cancel()
        assert seen == [f"line {number}" for number in range(LINES)]
