"""What is kept for those who drop out and may come back: the seat for a while, and the whispers.

What was public is in the history; what was whispered is nowhere else. Knows no clock, and nobody
but by connection and what they were told.
"""

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from backend.room import plain
from backend.room.deliveries import Delivery
from backend.room.events import Whispered
from backend.room.plain import Plain

NOT_KEPT = "Your seat was not kept"

MAX_WHISPERS = 20
"""Kept of those that somebody got or sent last; nobody types more while a page reloads."""


LONGEST = 7_200.0
"""Seconds: twice what a seat may be kept for. If there are more to go, a clock has been set back,
and the seat would be kept until it is right again."""


@dataclass(frozen=True, slots=True)
class _Kept:
    until: float
    reason: str

    def is_over(self, at: float) -> bool:
        """Whether that time has come, or will not for very long."""
        return not at < self.until <= at + LONGEST


class Seats:
    """The seats of those whose connection has dropped, and the whispers of everybody who may."""

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}  # by the connection that dropped, the first first
        self._whispers: dict[str, deque[tuple[int, Whispered]]] = {}  # with the last public id
        self._counts: Counter[str] = Counter()  # of all whispers there were

    def snapshot(self) -> Plain:
        """See ``plain.Kept``."""
        return {
            "kept": [
                [connection, *plain.of_fields(k).values()] for connection, k in self._kept.items()
            ],
            "whispers": {
                connection: [[last, plain.of_event(whisper)] for last, whisper in mine]
                for connection, mine in self._whispers.items()
            },
            "counts": dict(self._counts),
        }

    def restore(self, data: Plain) -> None:
        """See ``plain.Kept``."""
        for connection, until, reason in data["kept"]:
            self.keep(connection, until, reason)
        for connection, mine in data["whispers"].items():
            for last, whisper in mine:
                self.whispered(plain.event(whisper), [connection], last)
        self._counts |= Counter(data.get("counts", {}))  # older snapshots have none

    def keep(self, connection: str, until: float, reason: str) -> None:
        """Keep the seat of a dropped connection, in Unix seconds, and why it dropped."""
        self._kept[connection] = _Kept(until, reason)

    def is_kept(self, connection: str) -> bool:
        """Whether this connection has dropped, and its seat is kept."""
        return connection in self._kept

    def is_due(self, at: float) -> bool:
        """Whether somebody has not come back in time."""
        return any(kept.is_over(at) for kept in self._kept.values())

    def overdue(self, at: float) -> Iterator[tuple[str, str]]:
        """Who has not, and why they dropped."""
        for connection, kept in list(self._kept.items()):
            if kept.is_over(at):
                yield connection, kept.reason

    def whispered(self, whisper: Whispered, ends: Iterable[str], last: int) -> None:
        """Keep a whisper for these people; ``last`` is the newest public event so far."""
        for connection in ends:
            self._counts[connection] += 1
            mine = self._whispers.setdefault(connection, deque(maxlen=MAX_WHISPERS))
            mine.append((last, whisper))

    def moved(self, connection: str, to: str, since: int, seen: int | None) -> list[Delivery]:
        """Somebody is back on another connection: what was whispered meanwhile.

        Args:
            connection: the one they had.
            to: the one they have.
            since: the last public event that was seen. Of what was whispered right behind it, some
                may have been seen, too.
            seen: how many whispers were; None if that is not known.
        """
        self._kept.pop(connection, None)
        if connection not in self._whispers:
            return []
        mine = self._whispers[to] = self._whispers.pop(connection)
        count = self._counts[to] = self._counts.pop(connection)
        if seen is None:
            return [Delivery(whisper, (to,)) for last, whisper in mine if last >= since]
        first = max(0, len(mine) - max(0, count - seen))
        return [Delivery(whisper, (to,)) for _, whisper in islice(mine, first, None)]

    def left(self, connection: str) -> None:
        """Somebody is gone for good."""
        self._kept.pop(connection, None)
        self._whispers.pop(connection, None)
        self._counts.pop(connection, None)
