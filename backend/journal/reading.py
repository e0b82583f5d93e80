"""A log in a file, read from its beginning, also while a room is writing it.

Knows neither what entries lead to nor what is made of them.
"""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backend.journal.codec import decode
from backend.journal.database import check, connect
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

    Raises:
        JournalError: it is no log of this program's.
        DatabaseError: it cannot be read.
        ValueError: it is damaged.
    """
    with closing(connect(path, "ro")) as db:
        db.execute("BEGIN")  # one state of it all, whatever is written meanwhile
        check(db)
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
