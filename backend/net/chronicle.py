"""The room and the log behind it: brought up to date at the start, kept to the end.

Knows neither connections nor what is done with deliveries.
"""

from collections.abc import Callable
from typing import Any

import trio

from backend.journal.journal import MakeJournal
from backend.room.deliveries import Delivery
from backend.room.entries import Arrived, Entry, Gone, Impersonal
from backend.room.room import Room

RESTARTED = "restart"
"""Why those are gone who were here when the process ended."""


class Chronicle:
    """A room as old as its log.

    Args:
        make_journal: makes the log.
        tell: called with every new entry and what comes of it.
        now: the time, in Unix seconds.
        grace: for how many seconds seats may be taken again after a restart.

    Attributes:
        room: the room.
        journal: the log; what is recorded before ``keep`` has started may be lost.
        scatter: called when the room will be another than it was for those who are here.
        came_elsewhere: called when somebody comes to another node, with where from and when.
    """

    def __init__(
        self,
        make_journal: MakeJournal,
        tell: Callable[[Entry, list[Delivery]], None],
        now: Callable[[], float],
        grace: float,
    ) -> None:
        self.room = Room()
        self.journal = make_journal(self._follow, self)
        self._tell = tell
        self._now = now
        self._grace = grace
        self._is_catching_up = False
        self.scatter: Callable[[], None] = lambda: None
        self.came_elsewhere: Callable[[str, float], None] = lambda origin, at: None

    async def keep(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Bring the room up to date, say so, and keep its log until cancelled.

        Raises:
            JournalError: see ``Journal.run`` (inside an exception group, being a nursery's).
        """
        async with trio.open_nursery() as nursery:
            self._is_catching_up = True
            await nursery.start(self.journal.run, name="log")
            self._is_catching_up = False
            if not self.journal.is_shared:
                self._everybody_is_gone()
            task_status.started()

    def _everybody_is_gone(self) -> None:
        """Nobody is connected who was when the process ended. Some may be back in a moment."""
        now = self._now()
        for connection in self.room.connections:
            self.journal.record(Gone(connection, RESTARTED, now, now + self._grace))

    def is_ours(self, entry: Entry) -> bool:
        """Whether an entry is for our own log files to tell of, and not for another node's."""
        if not self.journal.is_shared or isinstance(entry, Impersonal):
            return True
        return entry.connection.startswith(self.journal.prefix)

    def snapshot(self) -> dict[str, Any]:
        """See ``journal.Memory``."""
        return self.room.snapshot()

    def restore(self, data: dict[str, Any]) -> None:
        """See ``journal.Memory``."""
        self.scatter()
        self.room.restore(data)

    def _follow(self, entry: Entry) -> None:
        deliveries: list[Delivery] = []
        try:
            deliveries = self.room.apply(entry)
        finally:
            if not self._is_catching_up:  # whoever it was for knows it, or is gone
                self._tell(entry, deliveries)
                if isinstance(entry, Arrived) and not self.is_ours(entry):
                    self.came_elsewhere(entry.origin, entry.at)
