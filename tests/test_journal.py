"""What every journal promises, whatever it is kept in."""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trio

from backend.journal.codec import decode, encode
from backend.journal.journal import Journal, MakeJournal
from backend.journal.memory import MemoryJournal
from backend.journal.redis import RedisJournal
from backend.journal.sqlite import SqliteJournal
from backend.room.entries import Arrived, Entry, Gone, Impersonal, Line, Promoted, Tick
from tests.redis_server import needs_redis, redis_server

SAFETY_SECONDS = 20.0

ODD: list[Entry] = [
    Arrived("c1", "web", "a token", 1.5, "somewhere"),
    *(Line("c1", text, 2.5) for text in ("hello", "", "ä 🎉", "\ud83d", "a\0b\r\n", "'; --")),
    Line("c1", "x" * 4_000, 1e10 / 3),
    Promoted("c1", 3.0),
    Gone("c1", "connection lost", 4.0, 19.0),
    Tick(5.0),
]


def record(journal: Journal, entries: Iterable[Entry]) -> list[Entry]:
    """Record these about a connection of this very run; as they are then."""
    ours = [
        entry if isinstance(entry, Impersonal) else replace(entry, connection=f"{journal.prefix}c1")
        for entry in entries
    ]
    for entry in ours:
        journal.record(entry)
    return ours


def lines(*numbers: int) -> list[Entry]:
    """So many entries, no two alike."""
    return [Line("c1", f"line {number}", float(number)) for number in numbers]


def deeds(notes: "Notes") -> list[Entry]:
    """What people did: at the end of a run a shared log tells that it is time to say so."""
    return [entry for entry in notes.entries if not isinstance(entry, Tick)]


class Notes:
    """The simplest thing that a log could lead to: all of it.

    Attributes:
        entries: what was followed, or restored.
    """

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def snapshot(self) -> dict[str, Any]:
        """See ``journal.Memory``."""
        return {"entries": [encode(entry) for entry in self.entries]}

    def restore(self, data: dict[str, Any]) -> None:
        """See ``journal.Memory``."""
        self.entries = [decode(text) for text in data["entries"]]


@asynccontextmanager
async def kept(make: MakeJournal, notes: Notes) -> AsyncIterator[Journal]:
    """A journal from its start to its end, and nothing lost by the end."""
    with trio.fail_after(SAFETY_SECONDS):
        async with trio.open_nursery() as nursery:
            journal = make(lambda entry: notes.entries.append(entry), notes)
            await nursery.start(journal.run)
            yield journal
            await journal.flush()
            nursery.cancel_scope.cancel()


Life = Callable[[Notes], AbstractAsyncContextManager[Journal]]


def makers(kind: str, folder: Path) -> Iterator[MakeJournal]:
    """How to make such a journal; twice over the same log, where it lasts."""
    match kind:
        case "memory":
            yield MemoryJournal
        case "sqlite":
            yield lambda *args: SqliteJournal(folder / "history.sqlite3", 100_000, *args)
        case "redis":
            with redis_server() as redis:
                yield lambda *args: RedisJournal(redis.url, 15.0, *args)


LASTING = ["sqlite", pytest.param("redis", marks=needs_redis)]


@pytest.fixture(params=["memory", *LASTING])
def life(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Life]:
    """Makes one run after the other; notes are what each has followed."""
    for make in makers(request.param, tmp_path):
        yield lambda notes: kept(make, notes)  # noqa: B023 - there is but one


@pytest.fixture(params=LASTING)
def lasting_life(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Life]:
    """The same, of a log that is older than the run."""
    for make in makers(request.param, tmp_path):
        yield lambda notes: kept(make, notes)  # noqa: B023 - there is but one


async def test_each_entry_is_followed_once_in_the_order_they_were_recorded(life: Life) -> None:
    """Just as they were, whatever is in them."""
    notes = Notes()
    async with life(notes) as journal:
        expected = record(journal, ODD)
        await journal.flush()
        assert notes.entries == expected
        expected += record(journal, lines(*range(2_000)))
    assert notes.entries == expected


async def test_a_journal_that_is_well_has_no_trouble_and_a_key(life: Life) -> None:
    """The key is good for a keyed hash."""
    async with life(Notes()) as journal:
        journal.record(Tick(1.0))
        await journal.flush()
        assert journal.trouble is None
        assert not journal.is_away
        assert len(bytes.fromhex(journal.key)) == 16


async def test_nothing_to_flush_is_flushed_at_once(life: Life) -> None:
    """Also twice."""
    async with life(Notes()) as journal:
        await journal.flush()
        await journal.flush()


async def test_a_new_log_is_empty(life: Life) -> None:
    """Nobody has done anything yet."""
    notes = Notes()
    async with life(notes):
        assert notes.entries == []


async def test_a_restart_forgets_nothing_and_repeats_nothing(lasting_life: Life) -> None:
    """However often, and whether something happened meanwhile or not."""
    expected: list[Entry] = []
    odd = [entry for entry in ODD if not isinstance(entry, Tick)]
    for some in (odd, [], lines(*range(700)), [], lines(*range(700, 705))):
        notes = Notes()
        async with lasting_life(notes) as journal:
            assert deeds(notes) == expected
            expected += record(journal, some)
        assert deeds(notes) == expected


async def test_each_run_has_connections_of_its_own_and_all_have_one_key(
    lasting_life: Life,
) -> None:
    """Else an id could be in the log twice; and a ban would end with the run."""
    prefixes, keys = [], set()
    for _ in range(3):
        async with lasting_life(Notes()) as journal:
            prefixes.append(journal.prefix)
            keys.add(journal.key)
    assert len(set(prefixes)) == 3
    assert all(prefixes)
    assert len(keys) == 1
