"""A log in a file: its entries, and now and then a snapshot of what they led to.

Everything here waits for the disk, so it runs in threads, one call at a time. Knows nothing of
Trio, nor of when to write.
"""

import errno
import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from backend.journal.codec import decode
from backend.journal.database import (
    HEALED,
    UNLINKED,
    DatabaseError,
    check_place,
    claim,
    connect,
    explained,
    prepare,
)
from backend.room.entries import Entry

ADD = "INSERT OR IGNORE INTO entries SELECT ? + key, value FROM json_each(?)"
"""All entries and their transaction in one statement. For each statement a thread lets go of
Python's lock and takes it again, and every time the room stands still for a moment."""

_CHECKPOINT = "PRAGMA wal_checkpoint(PASSIVE)"
"""Not one that waits for whoever is reading."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the log up to an entry led to.

    Attributes:
        after: the id of that entry.
        memory: JSON.
    """

    after: int
    memory: str


@dataclass(frozen=True, slots=True)
class Past:
    """A log, as far as it is needed to go on.

    Attributes:
        memory: what is remembered of everything before ``entries``; None for nothing.
        entries: what came after that.
        last: the id of the last entry.
    """

    memory: dict[str, Any] | None
    entries: Sequence[Entry]
    last: int


class Store:
    """An open file, and no other room's for as long.

    Args:
        path: where it is, or will be.

    Attributes:
        key: a secret, as old as the file.
        run: how often it has been opened, this time included.
        was_whole: whether whoever had it before could write all there was.

    Raises:
        JournalError: it cannot be had.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        real = os.path.realpath(path)  # for SQLite goes by where a link leads to
        self._beside = [Path(f"{real}{suffix}") for suffix in ("-wal", "-shm")]
        self._turn, self._checkpoints = Lock(), Lock()
        with explained(path), ExitStack() as stack:
            self._file = claim(path)
            stack.callback(os.close, self._file)
            self._connect()
            stack.callback(lambda: self._db.close())  # the one there is then
            prepare(self._db)
            log = self._db.execute("SELECT key, runs + 1, is_whole FROM log").fetchone()
            self.key, self.run, self.was_whole = log
            self._db.execute("UPDATE log SET runs = runs + 1, is_whole = FALSE")
            self._db.execute(_CHECKPOINT).fetchall()  # no run has the number of another
            self._wal = self._beside[0].stat()
            self._open = stack.pop_all()

    def _connect(self) -> None:
        self._db = connect(self._path, "rw")
        # What a lost cable undoes is the last moment before it, and the file stays whole.
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute("PRAGMA wal_autocheckpoint = 0")  # see ``checkpoint``

    def load(self) -> Past:
        """What there is.

        Raises:
            JournalError: it cannot be read.
        """
        newest = "SELECT after, memory FROM snapshots ORDER BY after DESC LIMIT 1"
        later = "SELECT id, entry FROM entries WHERE id > ? ORDER BY id"
        with explained(self._path):
            after, memory = self._db.execute(newest).fetchone() or (0, "null")
            texts = dict(self._db.execute(later, (after,)).fetchall())
            entries = [decode(text) for text in texts.values()]
            return Past(json.loads(memory), entries, max(texts, default=after))

    def write(self, after: int, texts: Sequence[str], snapshot: Snapshot | None, keep: int) -> None:
        """Add to the end: all of it, or nothing. Safe to repeat.

        Args:
            after: the id of the entry before.
            texts: entries as text, in order.
            snapshot: what all entries led to, these included.
            keep: with a snapshot, entries to keep at most, as far as there are snapshots for it.

        Raises:
            DatabaseError: it cannot be written.
        """
        entries = after + 1, json.dumps(texts)
        with self._turn:
            self._check_place()
            if snapshot is None:
                self._db.execute(ADD, entries)
                return
            with self._transaction():
                self._db.execute(ADD, entries)
                self._save(snapshot, keep)

    def _save(self, snapshot: Snapshot, keep: int) -> None:
        after = snapshot.after
        self._db.execute("REPLACE INTO snapshots VALUES (?, ?)", (after, snapshot.memory))
        # One for each tenth of what is kept, and the newest.
        self._db.execute(
            "DELETE FROM snapshots WHERE after < ? AND after NOT IN"
            " (SELECT min(after) FROM snapshots GROUP BY after / ?)",
            (after, max(1, keep // 10)),
        )
        if after > keep:
            oldest = "SELECT min(after) FROM snapshots WHERE after >= ?"
            first = self._db.execute(oldest, (after - keep,)).fetchone()
            self._db.execute("DELETE FROM snapshots WHERE after < ?", first)
            self._db.execute("DELETE FROM entries WHERE id <= ?", first)

    def checkpoint(self) -> None:
        """Bring what was written from the write-ahead log into the file proper.

        It waits for the disk, so by a connection of its own: what is written meanwhile need not.
        """
        with self._checkpoints, suppress(sqlite3.Error, OSError):
            check_place(self._path, self._file)  # another's file is not for our log
            if self._has_wal():  # nor is another log for our file
                with closing(connect(self._path, "rw")) as db:
                    db.execute(_CHECKPOINT).fetchall()

    def _check_place(self) -> None:
        """Make sure that what is written will be found.

        A write-ahead log without a name is made good here: as long as it is open, all is in there.
        """
        check_place(self._path, self._file)
        if self._has_wal():
            return
        with self._checkpoints:  # whose connection must not be between the old one and a new one
            _, pages, done = self._db.execute(_CHECKPOINT).fetchone()
            if done == pages:
                for file in self._beside:  # what is there now belongs to none of our connections
                    file.unlink(missing_ok=True)
                self._db.close()
                self._connect()
                self._db.execute("UPDATE log SET is_whole = FALSE")  # so there is one again
                self._wal = self._beside[0].stat()
        raise OSError(errno.ESTALE, HEALED if done == pages else UNLINKED)

    def _has_wal(self) -> bool:
        with suppress(FileNotFoundError):
            return os.path.samestat(self._beside[0].stat(), self._wal)
        return False

    def close(self, is_whole: bool = False) -> None:
        """Let go of the file. Nothing that was written depends on it.

        Args:
            is_whole: whether nothing is missing in there.
        """
        with self._turn, suppress(*DatabaseError), self._open:
            if is_whole:
                check_place(self._path, self._file)
                self._db.execute("UPDATE log SET is_whole = TRUE")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        finally:
            if self._db.in_transaction:
                with suppress(sqlite3.Error):  # what is told is why it came to this
                    self._db.execute("ROLLBACK")
