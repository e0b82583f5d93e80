"""The file of a log: whose it is, what is in it, and what may be wrong with it.

Knows SQLite, locks and permissions; not what entries and snapshots are for.
"""

import errno
import fcntl
import os
import secrets
import sqlite3
import stat
import struct
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from backend.journal.journal import JournalError

APPLICATION_ID = 0x706C6179
"""By which the file is known as one of ours: ``play``."""

VERSION = 2
"""Of what is in the file, snapshots included; to be raised when an older program would misread."""

DatabaseError = sqlite3.Error, OSError
"""What may go wrong with a file at any time."""

MISPLACED = "its file was deleted, moved or replaced: put it back, or restart the room"
"""What SQLite would not notice: it goes on with the file it has open, which nobody finds again."""

UNLINKED = "its write-ahead log was deleted or replaced"
"""Likewise: a kill would lose what is in there."""

HEALED = f"{UNLINKED}; all of it is in the file again"

_HEAD = struct.Struct(">16s44xI4xI")
"""Of each file of SQLite's: what it begins with, its version, and whose it is."""

_MAGIC = b"SQLite format 3\0"

_NO_HISTORY = "it is damaged, or no history at all"

_TABLES = f"""
    BEGIN IMMEDIATE;
    PRAGMA application_id = {APPLICATION_ID};
    PRAGMA user_version = {VERSION};
    CREATE TABLE entries (id INTEGER PRIMARY KEY, entry TEXT NOT NULL);
    CREATE TABLE snapshots (after INTEGER PRIMARY KEY, memory TEXT NOT NULL);
    CREATE TABLE log (key TEXT NOT NULL, runs INTEGER NOT NULL, is_whole INTEGER NOT NULL);
    INSERT INTO log VALUES ('%s', 0, TRUE);
    COMMIT;
"""

_FROM_VERSION_1 = f"""
    BEGIN IMMEDIATE;
    ALTER TABLE log ADD COLUMN is_whole INTEGER NOT NULL DEFAULT FALSE;
    PRAGMA user_version = {VERSION};
    COMMIT;
"""

_REASONS = {
    "SQLITE_FULL": "the disk is full",
    "SQLITE_IOERR": "the disk cannot be read or written",
    "SQLITE_READONLY": "it is read-only",
    "SQLITE_CANTOPEN": "it cannot be opened",
    "SQLITE_CORRUPT": "it is damaged",
    "SQLITE_NOTADB": _NO_HISTORY,
    "SQLITE_BUSY": "another program is using it",
    "SQLITE_LOCKED": "another program is using it",
}


def claim(path: Path) -> int:
    """The file, made if need be, for its owner only; a descriptor that holds a lock on it.

    SQLite's own locks come and go: by them two rooms could take turns. What turns out to be
    somebody else's is left as it was, down to its permissions and to what is beside it.

    Raises:
        JournalError: another room has it, or it is no history that this program can read.
        OSError: it cannot be had.
    """
    check_kind(path)
    if not path.parent.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with ExitStack() as stack:
        stack.callback(os.close, file)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise JournalError("another room is using it") from None
        _check_head(os.pread(file, _HEAD.size, 0))
        with suppress(PermissionError):  # somebody else's, who lets us write it
            os.fchmod(file, 0o600)
        stack.pop_all()
    return file


def check_kind(path: Path) -> None:
    """Make sure that there is a regular file or none; opening anything else may do something.

    Raises:
        JournalError: it is a device, a pipe or a socket.
        OSError: it cannot be seen what it is.
    """
    with suppress(FileNotFoundError):
        mode = path.stat().st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):  # a folder has a reason of its own
            raise JournalError("it is no regular file")


def _check_head(head: bytes) -> None:
    """Make sure that a file is ours or empty, by its own bytes: SQLite writes as it opens one."""
    if not head:
        return
    if len(head) < _HEAD.size or not head.startswith(_MAGIC):
        raise JournalError(_NO_HISTORY)
    _, version, application = _HEAD.unpack(head)
    _check_whose(application, version)


def _check_whose(application: int, version: int) -> None:
    if application != APPLICATION_ID:
        raise JournalError("it is no history of a room")
    if version > VERSION:
        raise JournalError("it was written by a newer version of this program")


def check_place(path: Path, file: int) -> None:
    """Make sure that a claimed file is what is found under its name.

    Raises:
        OSError: it is not, or that cannot be seen.
    """
    with suppress(FileNotFoundError):
        if os.path.samestat(os.stat(path), os.fstat(file)):
            return
    raise OSError(errno.ESTALE, MISPLACED)


def connect(path: Path, mode: str) -> sqlite3.Connection:
    """A connection for any thread, without transactions of its own making.

    Args:
        path: where the file is; nothing is made there.
        mode: ``rw`` or ``ro``.
    """
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    return sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)


def prepare(db: sqlite3.Connection) -> None:
    """Make of an empty file one for a log, and of an older version's one of this version's.

    There is a write-ahead log only afterwards: without it, the file is one of ours all the same.

    Raises:
        JournalError: see ``check``.
    """
    (tables,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables == 0 and _pragma(db, "user_version") == 0:
        db.executescript(_TABLES % secrets.token_hex(16))
    check(db)
    if _pragma(db, "user_version") < VERSION:
        db.executescript(_FROM_VERSION_1)
    db.execute("PRAGMA journal_mode = WAL").fetchall()


def check(db: sqlite3.Connection) -> None:
    """Make sure that this program can read it.

    Raises:
        JournalError: it cannot.
    """
    _check_whose(_pragma(db, "application_id"), _pragma(db, "user_version"))
    if _pragma(db, "quick_check") != "ok":
        raise JournalError("it is damaged")


def reason(error: BaseException) -> str:
    """Why something went wrong with a file, in a few words without its name."""
    match error:
        case OSError(strerror=str(text)) | JournalError(args=(str(text),)):
            return text
        case sqlite3.Error(sqlite_errorname=str(name)):
            return next((why for code, why in _REASONS.items() if name.startswith(code)), name)
        case ValueError() | KeyError() | TypeError():  # not what was written
            return "it is damaged"
    return str(error)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Make one clear line of whatever goes wrong with a file.

    Raises:
        JournalError: what was raised, with the file's name.
    """
    try:
        yield
    except (JournalError, *DatabaseError, ValueError, KeyError, TypeError) as error:
        raise JournalError(f"cannot use the history in {path}: {reason(error)}") from error


def _pragma(db: sqlite3.Connection, name: str) -> Any:
    with closing(db.execute(f"PRAGMA {name}")) as rows:
        return rows.fetchone()[0]
