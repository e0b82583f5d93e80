"""The program and its file, through restarts, kills and a disk that fills: real processes."""

import json
import os
import random
import resource
import signal
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
import trio
from trio_websocket import ConnectionClosed

from backend.history import public_events
from backend.journal.database import MISPLACED, UNLINKED
from backend.room.events import Said
from tests.processes import ROOT, Running, run, running
from tests.talkers import Browser, Terminal, ask, at_browser, at_terminal

PORTS = ("--host", "127.0.0.1", "--port", "0", "--telnet-port", "0")

SAFE_SECONDS = 0.1
"""What is older than this survives a kill."""

SAFETY_SECONDS = 30.0


@pytest.fixture
def history(tmp_path: Path) -> str:
    """Where the file will be."""
    return str(tmp_path / "deep" / "history.sqlite3")


async def test_a_restart_forgets_nothing_and_nobody_sees_who_comes_back(history: str) -> None:
    """A browser has its seat again and hears no leaving; a telnet is gone, and its nick free."""
    with running(*PORTS, "--history", history) as room:
        async with at_browser(room.bound) as ann, at_terminal(room.bound, "bob") as bob:
            await ann.type("ann")
            await ann.sees("prompt")
            welcome = await ann.sees("welcome", nick="ann")
            await bob.type("hello")
            said = await ann.sees("said", text="hello")
            assert room.stop() == 0
    with running(*PORTS, "--history", history, "--grace", "60") as room:
        async with at_browser(room.bound) as ann:
            again = await ann.resumes(welcome["token"], said["id"])
            assert [person["nick"] for person in again["members"]] == ["ann"]
            missed = (await ann.sees("history"))["events"]
            assert [(e["type"], e.get("nick"), e.get("reason")) for e in missed] == [
                ("left", "bob", "restart")
            ]
            async with at_terminal(room.bound, "bob") as bob:
                await ann.sees("joined", nick="bob")
                await bob.type("/history 3")
                told = [await bob.line() for _ in range(5)]
        assert room.stop() == 0
    assert [line.removeprefix("<meta>: ")[6:] for line in told[1:4]] == [
        "<bob> : hello",
        "bob left (restart)",
        "bob joined.",
    ]
    seen = list(public_events(Path(history)))
    assert [event.id for event in seen] == list(range(1, len(seen) + 1))
    printed = run("history", "--history", history)
    assert printed.returncode == 0
    assert " <bob> : hello\n" in printed.stdout
    exported = run("history", "--history", history, "--format", "jsonl").stdout
    assert [json.loads(line)["id"] for line in exported.splitlines()] == [e.id for e in seen]


def waited(room: Running) -> float:
    """For how many seconds its threads would have run and were not given a processor."""
    tasks = Path(f"/proc/{room.process.pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[1]) for task in tasks) / 1e9


@dataclass(frozen=True)
class Seen:
    """A line as somebody saw it: its event's id, and when."""

    id: int
    at: float


async def burst(
    room: Running, eve: Browser, round: int, kill_after: float
) -> tuple[dict[str, Seen], float]:
    """People talk until the program is killed.

    What eve saw of each line, and which of them are old enough to be safe: on a busy machine the
    program needs its tenth of a second, and what others took of it.
    """
    seen: dict[str, Seen] = {}

    async def watch() -> None:
        with suppress(ConnectionClosed):
            while True:
                event = await eve.event()
                if event["type"] == "said":
                    seen[event["text"]] = Seen(event["id"], time.monotonic())

    async def speak(ann: Terminal) -> None:
        number = 0
        with suppress(trio.BrokenResourceError):
            while True:
                some = range(number, number + 5)
                await ann.send(b"".join(f"round {round} line {n}\r\n".encode() for n in some))
                number += 5
                await trio.sleep(0.005)

    async with at_terminal(room.bound, "ann") as ann, trio.open_nursery() as nursery:
        nursery.start_soon(watch)
        nursery.start_soon(speak, ann)
        before = waited(room)
        await trio.sleep(kill_after)
        safe = time.monotonic() - SAFE_SECONDS - (waited(room) - before)
        room.process.send_signal(signal.SIGKILL)
        with trio.fail_after(SAFETY_SECONDS):
            await trio.to_thread.run_sync(room.process.wait)
        nursery.cancel_scope.cancel()
    return seen, safe


@pytest.fixture
def history_in_memory() -> Iterator[str]:
    """On a disk in memory, if there is one: a kill is no power cut, and disks have their moods."""
    folder = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=folder) as path:
        yield str(Path(path) / "history.sqlite3")


async def test_what_is_older_than_a_tenth_of_a_second_survives_a_kill(
    history_in_memory: str,
) -> None:
    """Fifty times in the middle of a burst: no line is lost, no id used twice, no entry torn."""
    history = history_in_memory
    chance = random.Random(8)
    said: list[str] = []
    told: dict[int, str] = {}  # all that anybody ever saw under an id
    total = 0
    for round in range(50):
        with running(*PORTS, limits=False, HISTORY=history) as room:
            async with at_browser(room.bound) as eve:
                await eve.type("eve")
                await eve.sees("prompt")
                welcome = await eve.sees("welcome", nick="eve")
                assert welcome["last"] >= max(told, default=0)
                assert [person["nick"] for person in welcome["members"]] == ["eve"]
                seen, safe = await burst(room, eve, round, chance.uniform(0.15, 0.4))
        assert told.keys().isdisjoint(line.id for line in seen.values())
        told.update((line.id, text) for text, line in seen.items())
        events = list(public_events(Path(history)))
        assert all(one.id < other.id for one, other in pairwise(events))
        said_now = [event for event in events if isinstance(event, Said)]
        assert all(told.get(event.id, event.text) == event.text for event in said_now)
        texts = [event.text for event in said_now]
        assert texts[: len(said)] == said
        new = texts[len(said) :]
        assert new == [f"round {round} line {number}" for number in range(len(new))]
        due = {text for text, line in seen.items() if line.at < safe}
        assert due <= set(new)
        total += len(due)
        said = texts
    assert total > 50


async def health(room: Running) -> tuple[int, dict[str, object]]:
    """What ``/healthz`` says."""
    head, _, body = (await ask(room.bound, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")).partition(
        b"\r\n\r\n"
    )
    return int(head.split()[1]), json.loads(body)


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux limits another process")
async def test_a_disk_that_fills_keeps_the_room_talking_until_there_is_room_again(
    history: str,
) -> None:
    """Operators are told, by status and figure; and nothing that was said meanwhile is lost."""
    with running(*PORTS, limits=False, HISTORY=history) as room:
        async with at_terminal(room.bound, "ann") as ann, at_terminal(room.bound, "bob") as bob:
            await bob.type("before")
            await ann.reads_line("<meta>: bob joined.")
            await ann.reads_line("<bob> : before")
            assert (await health(room))[0] == 200
            _, hard = resource.prlimit(room.process.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(room.process.pid, resource.RLIMIT_FSIZE, (65_536, hard))
            for number in range(200):
                await bob.type(f"{number} " + "x" * 900)
                assert (await ann.line()).startswith(f"<bob> : {number} x")
            with trio.fail_after(SAFETY_SECONDS):
                while (status := await health(room))[0] == 200:  # noqa: ASYNC110 - a process
                    await trio.sleep(0.05)
            assert status[0] == 503
            assert status[1]["status"] == "history"
            assert status[1]["trouble"] == (
                "the history cannot be written: the disk cannot be read or written"
            )
            metrics = await ask(room.bound, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b"playroom_history_trouble 1.0" in metrics
            await bob.type("still here")
            await ann.reads_line("<bob> : still here")
            resource.prlimit(room.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
            with trio.fail_after(SAFETY_SECONDS):
                while (await health(room))[0] != 200:  # noqa: ASYNC110 - likewise
                    await trio.sleep(0.05)
        assert room.stop() == 0
        assert "the history is written again" in room.logged()
        assert "Traceback" not in room.logged()
    texts = [e.text for e in public_events(Path(history)) if isinstance(e, Said)]
    assert texts == ["before", *(f"{n} " + "x" * 900 for n in range(200)), "still here"]


async def test_a_history_that_is_moved_away_is_told_of_until_it_is_back(history: str) -> None:
    """By status, and by one line that says what to do; the room goes on."""
    with running(*PORTS, HISTORY=history) as room:
        async with at_terminal(room.bound, "ann") as ann, at_terminal(room.bound, "bob") as bob:
            await ann.reads_line("<meta>: bob joined.")
            assert (await health(room))[0] == 200
            os.rename(history, f"{history}-away")
            await bob.type("what was that")
            await ann.reads_line("<bob> : what was that")
            with trio.fail_after(SAFETY_SECONDS):
                while (status := await health(room))[0] == 200:  # noqa: ASYNC110 - a process
                    await trio.sleep(0.05)
            assert status[0] == 503
            assert MISPLACED in str(status[1]["trouble"])
            os.rename(f"{history}-away", history)
            with trio.fail_after(SAFETY_SECONDS):
                while (await health(room))[0] != 200:  # noqa: ASYNC110 - likewise
                    await trio.sleep(0.05)
        assert room.stop() == 0
        assert room.logged().count(MISPLACED) == 1
    texts = [e.text for e in public_events(Path(history)) if isinstance(e, Said)]
    assert texts == ["what was that"]


def unlink(file: Path, instead: str) -> None:
    """Somebody deletes it, and puts this there instead, if anything."""
    file.unlink()
    if instead:
        file.write_text(instead)


@pytest.mark.parametrize("instead", ["", "something else"])
async def test_a_write_ahead_log_that_is_deleted_costs_nothing(history: str, instead: str) -> None:
    """It is noticed in a moment and told of, once; a kill then loses no more than ever."""
    with running(*PORTS, HISTORY=history) as room:
        async with at_terminal(room.bound, "ann") as ann:
            for text in ("one", "two"):
                await ann.type(text)
            await trio.sleep(4 * SAFE_SECONDS)
            unlink(Path(f"{history}-wal"), instead)
            await ann.type("three")
            await trio.to_thread.run_sync(room.wait_until_logged, "the history is written again")
            await ann.type("four")
            await trio.sleep(4 * SAFE_SECONDS)
            assert (await health(room))[0] == 200
        room.process.kill()
        room.process.wait()
        assert room.logged().count(UNLINKED) == 1
    with running(*PORTS, HISTORY=history) as room:
        assert room.stop() == 0
    texts = [e.text for e in public_events(Path(history)) if isinstance(e, Said)]
    assert texts == ["one", "two", "three", "four"]


def test_a_second_room_on_the_same_file_costs_one_clear_line(history: str) -> None:
    """And the first goes on."""
    with running(*PORTS, "--history", history) as room:
        second = run(*PORTS, "--history", history)
        assert (second.returncode, second.stderr) == (
            1,
            f"playroom: cannot use the history in {history}: another room is using it\n",
        )
        assert room.stop() == 0


async def test_an_entry_that_the_room_passes_over_is_passed_over_by_who_prints_it(
    history: str,
) -> None:
    """Somebody's hand has been in there, say; all else is printed."""
    with running(*PORTS, HISTORY=history) as room:
        async with at_terminal(room.bound, "ann") as ann, at_terminal(room.bound, "bob") as bob:
            await ann.reads_line("<meta>: bob joined.")
            for text in ("one", "two", "three"):
                await bob.type(text)
                await ann.reads_line(f"<bob> : {text}")
            await trio.sleep(4 * SAFE_SECONDS)
            room.process.kill()
            room.process.wait()
    with closing(sqlite3.connect(history, isolation_level=None)) as db:
        db.execute("UPDATE entries SET entry = replace(entry, '\"two\"', '2')")
    with running(*PORTS, HISTORY=history) as room:
        room.wait_until_logged("an entry of the history cannot be followed")
        room.process.kill()
    result = run("history", "--history", history)
    assert (result.returncode, result.stderr) == (0, "")
    assert " <bob> : one\n" in result.stdout
    assert " <bob> : three\n" in result.stdout


@pytest.mark.parametrize("xdg", [True, False])
def test_the_file_is_among_the_data_of_whoever_starts_it(tmp_path: Path, xdg: bool) -> None:
    """Where XDG_DATA_HOME says, or in the home folder; and all of it for them only."""
    data = tmp_path / "data" if xdg else tmp_path / ".local" / "share"
    home = {"HOME": str(tmp_path), "XDG_DATA_HOME": str(data) if xdg else "", "HISTORY": ""}
    with running(*PORTS, cwd=ROOT, telnet=True, limits=True, **home) as room:
        assert room.stop() == 0
    file = data / "playroom" / "history.sqlite3"
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert run("history", **home).returncode == 0


@pytest.mark.parametrize(
    ("history", "why"),
    [
        ("memory", "a room in memory leaves no history"),
        ("/nowhere/at/all", "there is no history in /nowhere/at/all"),
        (os.devnull, f"cannot use the history in {os.devnull}: it is no regular file"),
        ("x" * 300, f"cannot use the history in {'x' * 300}: File name too long"),
    ],
)
def test_a_history_that_is_none_costs_one_clear_line(history: str, why: str) -> None:
    """No traceback for a typing mistake."""
    result = run("history", "--history", history)
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr.startswith(f"playroom: {why}")
    assert result.stderr.count("\n") == 1
