"""A journal that lives and dies with the process.

Entries are followed as they are recorded, and not kept: the room they led to is the memory.
"""

import secrets

import trio

from backend.journal.journal import Follow, Memory
from backend.room.entries import Entry


class MemoryJournal:
    """Hands each entry on at once, in the order of the calls; see ``journal.Journal``.

    Args:
        follow: called with every entry, exactly once.
        memory: what that leads to.
    """

    def __init__(self, follow: Follow, memory: Memory) -> None:
        self.prefix = ""
        self.key = secrets.token_hex(16)
        self.is_shared = False
        self.trouble: str | None = None
        self.is_away = False
        self._follow = follow

    def record(self, entry: Entry) -> None:
        """Append an entry; it has been followed when this returns."""
        self._follow(entry)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """There is nothing to bring back, and nothing to keep."""
        task_status.started()
        await trio.sleep_forever()

    async def flush(self) -> None:
        """Nothing is safer than it is."""
        await trio.lowlevel.checkpoint()
