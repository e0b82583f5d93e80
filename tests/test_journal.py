"""What every journal promises, whatever it is kept in."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio

from backend.journal.codec import decode, encode
from backend.journal.journal import Journal, MakeJournal
from backend.journal.memory import MemoryJournal
from backend.journal.sqlite import SqliteJournal
from backend.room.entries import Arrived, Entry, Gone, Line, Promoted, Tick

SAFETY_SECONDS = 20.0

ODD: list[Entry] = [
    Arrived("c1", "web", "a token", 1.5, "somewhere"),
    *(Line("c1", text, 2.5) for text in ("hello", "", "ä 🎉", "\ud83d", "a\0b\r\n", "'; --")),
    Line("c1", "x" * 4_000, 1e10 / 3),
    Promoted("c1", 3.0),
    Gone("c1", "connection lost", 4.0, 19.0),
    Tick(5.0),
]


def lines(*numbers: int) -> list[Entry]:
    """So many entries, no two alike."""
    return [Line("c1", f"line {number}", float(number)) for number in numbers]


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


@pytest.fixture(params=["memory", "sqlite"])
def life(request: pytest.FixtureRequest, tmp_path: Path) -> Life:
    """Makes one run after the other over the same log; notes are what each has followed."""
    makes: dict[str, MakeJournal] = {
        "memory": MemoryJournal,
        "sqlite": lambda *args: SqliteJournal(tmp_path / "history.sqlite3", 100_000, *args),
    }
    return lambda notes: kept(makes[request.param], notes)


@pytest.fixture
def lasting_life(tmp_path: Path) -> Life:
    """The same, of a log that is older than the run."""
    path = tmp_path / "history.sqlite3"
    return lambda notes: kept(lambda *args: SqliteJournal(path, 100_000, *args), notes)


async def test_each_entry_is_followed_once_in_the_order_they_were_recorded(life: Life) -> None:
    """Just as they were, whatever is in them."""
    notes = Notes()
    async with life(notes) as journal:
        for entry in ODD:
            journal.record(entry)
        await journal.flush()
        assert notes.entries == ODD
        for entry in lines(*range(2_000)):
            journal.record(entry)
    assert notes.entries == ODD + lines(*range(2_000))


async def test_a_journal_that_is_well_has_no_trouble_and_a_key(life: Life) -> None:
    """The key is good for a keyed hash."""
    async with life(Notes()) as journal:
        journal.record(Tick(1.0))
        await journal.flush()
        assert journal.trouble is None
        assert not journal.is_shared
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
    for some in (ODD, [], lines(*range(700)), [], lines(*range(700, 705))):
        notes = Notes()
        async with lasting_life(notes) as journal:
            assert notes.entries == expected
            for entry in some:
                journal.record(entry)
            expected = [*expected, *some]
        assert notes.entries == expected


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
