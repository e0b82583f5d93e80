"""How many entries a second go through each journal, and what one costs a node.

Run it with ``python -m tests.bench.journals``. The room has 100 members, who are told nothing: the
fan-out is measured elsewhere. Redis needs ``redis-server``.
"""

import shutil
import tempfile
import time
from functools import partial
from pathlib import Path

import trio

from backend.journal.journal import MakeJournal
from backend.journal.memory import MemoryJournal
from backend.journal.redis import RedisJournal
from backend.journal.sqlite import SqliteJournal
from backend.net.chronicle import Chronicle
from backend.room.entries import Arrived, Line
from tests.redis_server import redis_server

ENTRIES = 20_000
MEMBERS = 100
AT_ONCE = 1_000
"""Entries that are on their way at the same time."""


def _chronicle(make: MakeJournal) -> Chronicle:
    return Chronicle(make, lambda entry, deliveries: None, time.time, 0.0)


async def measure(make: MakeJournal, followers: int = 0) -> tuple[float, float, float]:
    """Entries a second; microseconds of this process for each; seconds there and back for one.

    Args:
        make: makes the journal.
        followers: how many further nodes follow it, in the same process.
    """
    chronicle = _chronicle(make)
    async with trio.open_nursery() as nursery:
        await nursery.start(chronicle.keep)
        for _ in range(followers):
            await nursery.start(_chronicle(make).keep)
        journal = chronicle.journal
        ids = [f"{journal.prefix}c{number}" for number in range(MEMBERS)]
        for number, id in enumerate(ids):
            journal.record(Arrived(id, "telnet", f"token{number}", 0.0))
            journal.record(Line(id, f"guest{number}", 0.0))
        await journal.flush()
        lines = [
            Line(ids[number % MEMBERS], "what people say, about so long", 0.0)
            for number in range(ENTRIES)
        ]
        began, cpu = time.perf_counter(), time.process_time()
        for start in range(0, ENTRIES, AT_ONCE):
            for line in lines[start : start + AT_ONCE]:
                journal.record(line)
            await journal.flush()
        rate = ENTRIES / (time.perf_counter() - began)
        cost = (time.process_time() - cpu) / ENTRIES * 1e6
        began = time.perf_counter()
        for line in lines[:200]:
            journal.record(line)
            await journal.flush()
        there_and_back = (time.perf_counter() - began) / 200
        nursery.cancel_scope.cancel()
    return rate, cost, there_and_back


def _print(name: str, figures: tuple[float, float, float]) -> None:
    rate, cost, wait = figures
    print(f"{name:24} {rate:9,.0f} entries/s {cost:7.0f} us CPU each {wait * 1000:7.2f} ms")


def main() -> None:
    """Measure each and print it."""
    _print("memory", trio.run(measure, MemoryJournal))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "history"
        _print("SQLite", trio.run(measure, partial(SqliteJournal, file, 100_000)))
    if shutil.which("redis-server"):
        for keeps in (False, True):
            for followers in (0, 1):
                with redis_server(keeps) as server:
                    make = partial(RedisJournal, server.url, 0.0)
                    name = f"Redis{', fsync' if keeps else ''}, {followers + 1} node(s)"
                    _print(name, trio.run(measure, make, followers))


if __name__ == "__main__":
    main()
