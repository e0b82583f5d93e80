"""The journal in a file: what it bounds, what may be wrong with it, and what happens then."""

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from functools import partial
from pathlib import Path

import pytest
import trio

from backend.history import public_events
from backend.journal import sqlite
from backend.journal.codec import encode
from backend.journal.journal import JournalError
from backend.journal.sqlite import SqliteJournal
from backend.journal.store import Snapshot, Store
from backend.room.entries import Arrived, Entry, Line, Recovered
from backend.room.room import Room
from tests.processes import ROOT
from tests.test_journal import SAFETY_SECONDS, Notes, kept, lines


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file will be."""
    return tmp_path / "history.sqlite3"


@pytest.fixture
def stores(monkeypatch: pytest.MonkeyPatch) -> list[Store]:
    """The files that are opened, the newest last."""
    opened: list[Store] = []

    class Seen(Store):
        def __init__(self, path: Path) -> None:
            super().__init__(path)
            opened.append(self)

    monkeypatch.setattr(sqlite, "Store", Seen)
    monkeypatch.setattr(sqlite, "RETRY_SECONDS", 0.01)
    return opened


@asynccontextmanager
async def journal_in(
    path: Path, notes: Notes | None = None, limit: int = 100_000
) -> AsyncIterator[SqliteJournal]:
    """A journal from its start to its end."""
    make = partial(SqliteJournal, path, limit)
    async with kept(make, notes or Notes()) as journal:
        assert isinstance(journal, SqliteJournal)
        yield journal


async def until(is_so: object) -> None:
    """Wait for something that a thread brings about."""
    assert callable(is_so)
    with trio.fail_after(SAFETY_SECONDS):
        while not is_so():  # noqa: ASYNC110 - no thread can set a trio.Event
            await trio.sleep(0.01)


# --- what is in it ---


def test_the_file_is_for_its_owner_only(path: Path) -> None:
    """It has what people said; also when it was found otherwise."""
    for _ in range(2):
        store = Store(path)
        store.write(0, [encode(entry) for entry in lines(1)], None, 1_000)
        modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
        assert set(modes.values()) == {0o600}
        store.close()
        path.chmod(0o644)


async def test_a_kill_loses_nothing_that_was_written(path: Path, tmp_path: Path) -> None:
    """What a crash leaves behind is the file and what SQLite keeps beside it.

    The log then says where its end may be missing, and says it once.
    """
    copy = tmp_path / "copy"
    async with journal_in(path) as journal:
        for entry in lines(*range(100)):
            journal.record(entry)
        await until(lambda: journal._safe == 100)
        copy.mkdir()
        for file in path.parent.glob("history.sqlite3*"):
            shutil.copy(file, copy)
    recovered = [*lines(*range(100)), Recovered(sqlite.LOST_IDS)]
    for _ in range(2):
        notes = Notes()
        async with journal_in(copy / path.name, notes):
            assert notes.entries == recovered


async def test_a_start_that_was_broken_off_does_not_make_the_log_whole(path: Path) -> None:
    """What a kill has lost is still missing in there, whatever went wrong afterwards."""
    async with trio.open_nursery() as nursery:
        Store(path).close()  # as a kill leaves it
        nursery.cancel_scope.cancel()
        with pytest.raises(trio.Cancelled):
            await SqliteJournal(path, 1_000, lambda entry: None, Notes()).run()
    notes = Notes()
    async with journal_in(path, notes):
        assert notes.entries == [Recovered(sqlite.LOST_IDS)]


async def test_a_file_of_the_first_version_is_made_one_of_this(path: Path) -> None:
    """It does not say whether it was written to the end."""
    async with journal_in(path) as journal:
        journal.record(lines(1)[0])
    with closing(sqlite3.connect(path)) as db:
        db.execute("ALTER TABLE log DROP COLUMN is_whole")
        db.execute("PRAGMA user_version = 1")
    notes = Notes()
    async with journal_in(path, notes):
        assert notes.entries == [*lines(1), Recovered(sqlite.LOST_IDS)]


async def test_the_file_is_bounded_and_what_is_forgotten_is_the_oldest(path: Path) -> None:
    """By the limit and a tenth; the memory of it all is not in the entries."""
    notes, most = Notes(), 0
    async with journal_in(path, notes, limit=10_000) as journal:
        for start in range(0, 35_000, 500):
            for entry in lines(*range(start, start + 500)):
                journal.record(entry)
            await until(lambda: journal._safe == journal._last)
            with closing(sqlite3.connect(path)) as db:
                count, newest = db.execute("SELECT count(*), max(id) FROM entries").fetchone()
            assert newest == start + 500
            most = max(most, count)
    assert 9_000 <= most <= 11_500
    again = Notes()
    async with journal_in(path, again, limit=10_000):
        assert again.entries == notes.entries


async def test_restarts_do_not_pile_up_snapshots(path: Path) -> None:
    """Each run leaves one, and the next takes its place."""
    for _ in range(20):
        async with journal_in(path) as journal:
            journal.record(lines(1)[0])
    with closing(sqlite3.connect(path)) as db:
        (count,) = db.execute("SELECT count(*) FROM snapshots").fetchone()
    assert count <= 2


async def test_an_entry_that_cannot_be_followed_does_not_keep_the_room_shut(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It did not end the room when it happened either."""

    def choke(entry: Entry) -> None:
        if entry == lines(2)[0]:
            raise RuntimeError("a bug")
        followed.append(entry)

    followed: list[Entry] = []
    async with journal_in(path) as journal:
        for entry in lines(1, 2, 3):
            journal.record(entry)
        await until(lambda: journal._safe == 3)
        journal._remembered = 3  # no snapshot: the entries are all there is
        with trio.fail_after(SAFETY_SECONDS):
            await journal.flush()
    async with trio.open_nursery() as nursery:
        await nursery.start(SqliteJournal(path, 1_000, choke, Notes()).run)
        nursery.cancel_scope.cancel()
    assert followed == lines(1, 3)
    assert "cannot be followed" in caplog.text


# --- what may be wrong with it ---


def refusal(path: Path) -> str:
    """Why a room cannot be opened."""
    with pytest.raises(JournalError) as error:
        use(path)
    text = str(error.value)
    assert "\n" not in text
    return text.removeprefix(f"cannot use the history in {path}: ")


def use(path: Path, count: int = 0) -> None:
    """What there is can be read; so many entries and a snapshot are added."""
    store = Store(path)
    try:
        store.load()
        texts = [encode(entry) for entry in lines(*range(count))]
        store.write(0, texts, Snapshot(count, "{}") if count else None, 100_000)
    finally:
        store.close()


async def test_a_link_is_as_good_as_the_file(tmp_path: Path) -> None:
    """To one that is there or is yet to be made; SQLite keeps its own beside what it leads to."""
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "history.sqlite3"
    link.symlink_to(tmp_path / "elsewhere" / "real.sqlite3")
    for number in range(2):
        notes = Notes()
        async with journal_in(link, notes) as journal:
            assert notes.entries == lines(*range(number))
            journal.record(lines(number)[0])
            await until(lambda: journal._safe == number + 1)  # noqa: B023 - while it is this one
            assert journal.trouble is None
    assert set(os.listdir(tmp_path)) == {"elsewhere", link.name}


def test_a_second_room_on_the_same_file_is_refused(path: Path) -> None:
    """While the first has it, and no longer."""
    store = Store(path)
    assert refusal(path) == "another room is using it"
    store.close()
    use(path)


def test_a_file_from_a_newer_version_is_refused_and_left_alone(path: Path) -> None:
    """What is in it may mean something else."""
    use(path, 1)
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")
    before = path.read_bytes()
    assert refusal(path) == "it was written by a newer version of this program"
    assert path.read_bytes() == before


def test_another_programs_database_is_refused_and_left_alone(path: Path) -> None:
    """It is not overwritten for a typing mistake."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE cats (name)")
    before = path.read_bytes()
    assert refusal(path) == "it is no history of a room"
    assert path.read_bytes() == before


def test_what_is_no_database_is_refused_and_left_alone(path: Path) -> None:
    """Such as somebody's letter."""
    path.write_text("Dear Sir or Madam, " * 100)
    assert refusal(path) == "it is damaged, or no history at all"
    assert path.read_text() == "Dear Sir or Madam, " * 100


@pytest.mark.parametrize("kind", ["letter", "cats", "cats, open", "newer"])
def test_what_is_refused_keeps_its_permissions_and_has_nothing_beside_it(
    path: Path, kind: str
) -> None:
    """Nor is another program's write-ahead log brought into its file for it."""
    if kind == "letter":
        path.write_text("Dear Sir or Madam")
    elif kind == "newer":
        use(path, 1)
    with closing(sqlite3.connect(path)) as db:
        if kind == "newer":
            db.execute("PRAGMA user_version = 99")
        if kind.startswith("cats"):
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("CREATE TABLE cats (name)")
            db.execute("PRAGMA wal_checkpoint")
        if kind != "cats, open":
            db.close()
        path.chmod(0o644)
        before = {file: file.read_bytes() for file in path.parent.iterdir()}
        assert refusal(path)
        assert {file: file.read_bytes() for file in path.parent.iterdir()} == before
        assert path.stat().st_mode & 0o777 == 0o644


def test_what_is_no_regular_file_is_refused_before_it_is_touched(path: Path) -> None:
    """A pipe, for which one would wait for ever; a device, which is everybody's."""
    os.mkfifo(path, 0o644)
    for special in (path, Path(os.devnull)):
        mode = special.stat().st_mode
        assert refusal(special) == "it is no regular file"
        assert special.stat().st_mode == mode
    assert list(path.parent.iterdir()) == [path]
    assert not Path(f"{os.devnull}-journal").exists()


def test_a_file_is_whole_by_itself_from_its_beginning(path: Path, tmp_path: Path) -> None:
    """Whatever becomes of what SQLite keeps beside it: new, or of an older version."""
    alone = tmp_path / "alone"
    for run in (1, 2):
        store = Store(path)
        shutil.copy(path, alone)
        store.close()
        if run == 1:
            with closing(sqlite3.connect(path)) as db:
                db.execute("ALTER TABLE log DROP COLUMN is_whole")
                db.execute("PRAGMA user_version = 1")
        again = Store(alone)
        assert (again.key, again.run) == (store.key, run + 1)
        again.close()


def test_a_damaged_file_is_refused(path: Path) -> None:
    """By what SQLite notices."""
    use(path, 2_000)
    with path.open("r+b") as file:
        file.seek(5 * 4_096)
        file.write(b"\xff" * 4_096 * 5)
    assert "damaged" in refusal(path)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE snapshots SET memory = '[3'",
        "UPDATE entries SET entry = '[3'",
        "UPDATE entries SET entry = '{}'",
        "DELETE FROM log",
    ],
)
def test_what_nobody_could_have_written_is_refused(path: Path, damage: str) -> None:
    """By what SQLite cannot notice."""
    use(path, 20)
    with closing(sqlite3.connect(path)) as db:
        if "entries" in damage:
            db.execute("DELETE FROM snapshots")
        db.execute(damage)
        db.commit()
    assert refusal(path) == "it is damaged"


async def test_what_is_no_memory_is_refused(path: Path) -> None:
    """By whoever should remember."""
    store = Store(path)
    store.write(0, [], Snapshot(1, '{"events": 3}'), 1_000)
    store.close()
    with pytest.raises(ExceptionGroup) as group:
        async with journal_in(path):
            raise AssertionError("it was opened")
    (error,) = group.value.exceptions
    assert isinstance(error, JournalError)
    assert str(error) == f"cannot use the history in {path}: it is damaged"


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    """Nor is anything in what is no folder."""
    assert refusal(tmp_path) == "Is a directory"
    (tmp_path / "file").touch()
    assert refusal(tmp_path / "file" / "history") == "Not a directory"


SCRIPT = """
import os, sys
from pathlib import Path
from backend.journal.journal import JournalError
from backend.journal.store import Store

if os.geteuid() == 0:
    os.setuid(65534)  # root may write anything
try:
    Store(Path(sys.argv[1]))
except JournalError as error:
    print(error)
"""


def test_what_may_not_be_written_costs_one_clear_line() -> None:
    """A file for reading only; a folder of somebody else."""
    with tempfile.TemporaryDirectory() as name:  # not pytest's: those are for their owner only
        base = Path(name)
        base.chmod(0o755)
        file, folder = base / "file", base / "folder"
        file.touch()
        file.chmod(0o444)
        folder.mkdir()
        folder.chmod(0o555)
        for path in (file, folder / "history"):
            told = subprocess.run(
                [sys.executable, "-c", SCRIPT, str(path)],
                cwd=ROOT,
                capture_output=True,
                text=True,
                check=True,
            )
            assert told.stdout == f"cannot use the history in {path}: Permission denied\n"


# --- what happens while it runs ---


def fill(store: Store) -> None:
    """From now on the disk is full, as far as SQLite can see."""
    (pages,) = store._db.execute("PRAGMA page_count").fetchone()
    store._db.execute(f"PRAGMA max_page_count = {pages}")


def make_room(store: Store) -> None:
    """Not any more."""
    store._db.execute("PRAGMA max_page_count = 1000000")


async def test_a_full_disk_is_told_of_and_what_was_said_meanwhile_is_written_later(
    path: Path, stores: list[Store], caplog: pytest.LogCaptureFixture
) -> None:
    """The room goes on: what is recorded is followed at once."""
    notes = Notes()
    async with journal_in(path, notes) as journal:
        fill(stores[-1])
        for entry in lines(*range(3_000)):
            journal.record(entry)
        await until(lambda: journal.trouble)
        assert journal.trouble == "the history cannot be written: the disk is full"
        for entry in lines(*range(3_000, 3_100)):
            journal.record(entry)
        assert notes.entries == lines(*range(3_100))
        with trio.move_on_after(0.2) as patience:
            await journal.flush()
        assert patience.cancelled_caught
        make_room(stores[-1])
        await journal.flush()
        assert journal.trouble is None
    assert [record.message for record in caplog.records] == [
        "the history cannot be written: the disk is full",
        "the history is written again",
    ]
    again = Notes()
    async with journal_in(path, again):
        assert again.entries == notes.entries


@pytest.mark.parametrize("is_early", [True, False])
async def test_a_disk_that_stays_full_costs_entries_but_not_what_they_led_to(
    path: Path, stores: list[Store], monkeypatch: pytest.MonkeyPatch, is_early: bool
) -> None:
    """Beyond what can be kept: the snapshot behind the gap stands for it all."""
    monkeypatch.setattr(sqlite, "MAX_KEPT", 100_000)
    notes = Notes()
    async with journal_in(path, notes) as journal:
        for entry in lines(*range(10)):
            journal.record(entry)
        await until(lambda: journal._safe == 10)
        fill(stores[-1])
        for start in range(10, 8_000, 100):
            for entry in lines(*range(start, start + 100)):
                journal.record(entry)
            assert journal._kept_size <= 100_000
            if is_early:
                await trio.sleep(0.001)
        await until(lambda: journal.trouble)
        make_room(stores[-1])
        await journal.flush()
        for entry in lines(*range(9_000, 9_010)):
            journal.record(entry)
        await until(lambda: journal._safe == journal._last)
        with closing(sqlite3.connect(path)) as db:
            (count,) = db.execute("SELECT count(*) FROM entries").fetchone()
        assert count < 8_000
    again = Notes()
    async with journal_in(path, again):
        assert again.entries == notes.entries


async def test_what_cannot_be_written_at_the_end_is_said(
    path: Path, stores: list[Store], caplog: pytest.LogCaptureFixture
) -> None:
    """How much it was."""
    with trio.fail_after(SAFETY_SECONDS):
        async with trio.open_nursery() as nursery:
            journal = SqliteJournal(path, 1_000, lambda entry: None, Notes())
            await nursery.start(journal.run)
            fill(stores[-1])
            for entry in lines(*range(3_000)):
                journal.record(entry)
            await until(lambda: journal.trouble)
            nursery.cancel_scope.cancel()
    assert "entries of the history that were not written: 3000" in caplog.text


def misplace(path: Path, hidden: Path, instead: str) -> None:
    """The file has another name; under its own there is this, or nothing."""
    path.rename(hidden)
    if instead:
        path.write_text(instead)


def put_back(path: Path, hidden: Path, instead: str) -> None:
    """It is where it was; nothing was done to what was there instead."""
    assert not instead or path.read_text() == instead
    hidden.replace(path)


@pytest.mark.parametrize("instead", ["", "Dear Sir or Madam"])
async def test_a_file_that_is_gone_or_replaced_is_told_of_also_in_silence(
    path: Path,
    stores: list[Store],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    instead: str,
) -> None:
    """What is there instead is left alone; when the file is back, all is written into it."""
    monkeypatch.setattr(sqlite, "CHECKPOINT_SECONDS", 0.01)
    hidden, notes = path.with_name("hidden"), Notes()
    async with journal_in(path, notes) as journal:
        journal.record(lines(1)[0])
        await until(lambda: journal._safe == 1)
        misplace(path, hidden, instead)
        await until(lambda: journal.trouble)
        assert journal.trouble == (
            "the history cannot be written: "
            "its file was deleted, moved or replaced: put it back, or restart the room"
        )
        journal.record(lines(2)[0])
        with trio.move_on_after(0.1) as patience:
            await journal.flush()
        assert patience.cancelled_caught
        put_back(path, hidden, instead)
        await journal.flush()
        assert journal.trouble is None
    assert len(caplog.records) == 2
    again = Notes()
    async with journal_in(path, again):
        assert again.entries == notes.entries == lines(1, 2)


async def test_a_fault_in_writing_does_not_end_the_room(
    path: Path, stores: list[Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told of like a disk that fails, and overcome alike."""
    notes = Notes()
    async with journal_in(path, notes) as journal:
        with monkeypatch.context() as broken:
            broken.setattr(Store, "write", None)
            journal.record(lines(1)[0])
            await until(lambda: journal.trouble)
            assert journal.trouble == "the history cannot be written: the program has a fault"
        await journal.flush()
        assert journal.trouble is None
    again = Notes()
    async with journal_in(path, again):
        assert again.entries == notes.entries


# --- reading it ---


def talk(numbers: range) -> Iterator[Entry]:
    """Somebody comes and says things."""
    for number in numbers:
        yield Line("c1", f"hello {number}", float(number))


async def test_what_was_said_is_read_from_the_log_each_once_and_in_order(
    path: Path, stores: list[Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond snapshots, beyond what the room itself remembers, and beyond a gap."""
    monkeypatch.setattr(sqlite, "MAX_KEPT", 100_000)
    room = Room()

    async def play(entries: Iterator[Entry]) -> None:
        for number, entry in enumerate(entries):
            journal.record(entry)
            if number % 500 == 0 and journal.trouble is None:
                await until(lambda: journal._safe == journal._last)
        await journal.flush()

    with trio.fail_after(SAFETY_SECONDS):
        async with trio.open_nursery() as nursery:
            journal = SqliteJournal(path, 5_000, lambda entry: void(room.apply(entry)), room)
            await nursery.start(journal.run)
            journal.record(Arrived("c1", "web", "token", 0.0))
            journal.record(Line("c1", "ann", 0.0))
            await play(talk(range(4_000)))
            ids = [event.id for event in public_events(path)]
            assert ids == list(range(1, 4_002))
            fill(stores[-1])
            for entry in talk(range(4_000, 12_000)):
                journal.record(entry)
            await until(lambda: journal.trouble)
            make_room(stores[-1])
            await journal.flush()
            await play(talk(range(12_000, 12_010)))
            seen = list(public_events(path))
            nursery.cancel_scope.cancel()
    ids = [event.id for event in seen]
    assert ids == sorted(set(ids))
    assert ids[-1_010:] == list(range(ids[-1] - 1_009, ids[-1] + 1))
    assert [getattr(event, "text", "") for event in seen[-1:]] == ["hello 12009"]
    assert all(getattr(event, "text", "hello").startswith("hello") for event in seen)


async def test_who_reads_slowly_keeps_nobody_waiting_and_still_reads_one_history(
    path: Path, stores: list[Store]
) -> None:
    """The room writes, trims and brings all into the file meanwhile, as if nobody read."""
    room = Room()
    async with trio.open_nursery() as nursery:
        journal = SqliteJournal(path, 5_000, lambda entry: void(room.apply(entry)), room)
        await nursery.start(journal.run)
        journal.record(Arrived("c1", "web", "token", 0.0))
        journal.record(Line("c1", "ann", 0.0))
        for entry in talk(range(2_000)):
            journal.record(entry)
        await journal.flush()
        events = public_events(path)
        first = next(events)
        for entry in talk(range(2_000, 2_010)):
            journal.record(entry)
        await journal.flush()
        with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as db:
            db.execute("DELETE FROM entries")
            db.execute("DELETE FROM snapshots")
            assert db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone() == (0, 0, 0)
        ids = [event.id for event in (first, *events)]
        assert ids == list(range(1, 2_002))
        nursery.cancel_scope.cancel()


def void(_: object) -> None:
    """Nobody is there to be told."""
