"""A log in a file, read from its beginning, also while a room is writing it.

Knows neither what entries lead to nor what is made of them.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backend.journal.codec import decode
from backend.journal.database import check, check_kind, connect
from backend.room.entries import Entry


@dataclass(frozen=True, slots=True)
class Stretch:
    """Entries that follow each other without a gap.

    Attributes:
        memory: what everything before led to; None for nothing.
        entries: what came then.
    """

    memory: dict[str, Any] | None
    entries: Iterator[Entry]


def read(path: Path) -> Iterator[Stretch]:
    """All that is kept, in order; each stretch is to be read before the next.

    That may take as long as a person does over a page of it, and for as long nothing could be
    brought from the write-ahead log into the file. So it is read from a copy: one state of it all,
    in a temporary file that goes with the connection.

    Raises:
        JournalError: it is no log of this program's.
        DatabaseError: it cannot be read.
        ValueError: it is damaged.
    """
    check_kind(path)
    with closing(sqlite3.connect("", isolation_level=None)) as db:
        with closing(connect(path, "ro")) as source:
            check(source)
            source.backup(db)
        query = "SELECT after, memory FROM snapshots UNION SELECT 0, 'null' ORDER BY after"
        snapshots = db.execute(query).fetchall()
        (oldest,) = db.execute("SELECT min(id) FROM entries").fetchone()
        if len(snapshots) > 1 and oldest != 1:
            del snapshots[0]  # what it stands before is forgotten
        ends = [after for after, _ in snapshots[1:]] + [None]
        for (after, memory), end in zip(snapshots, ends, strict=True):
            rows = db.execute(
                "SELECT id, entry FROM entries WHERE id > ? AND id <= ifnull(?, id) ORDER BY id",
                (after, end),
            )
            yield Stretch(json.loads(memory), _entries(after, rows))


def _entries(after: int, rows: Iterator[tuple[int, str]]) -> Iterator[Entry]:
    for id, text in rows:
        after += 1
        if id != after:
            return  # a gap, up to the next snapshot
        yield decode(text)
