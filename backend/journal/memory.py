"""A journal that lives and dies with the process.

Entries are followed as they are recorded, and not kept: the room they led to is the memory.
"""

from collections.abc import Callable

from backend.room.entries import Entry


class MemoryJournal:
    """Hands each entry on at once, in the order of the calls.

    Args:
        follow: called with every entry, exactly once.
    """

    def __init__(self, follow: Callable[[Entry], None]) -> None:
        self._follow = follow

    def record(self, entry: Entry) -> None:
        """Append an entry; it has been followed when this returns."""
        self._follow(entry)
