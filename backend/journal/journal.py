"""What every journal does, wherever it keeps its log.

Knows entries, and nobody who follows them.
"""

from collections.abc import Callable
from typing import Any, Protocol

import trio

from backend.room.entries import Entry

Follow = Callable[[Entry], None]
"""Called with every entry, exactly once, in the one order of the log."""


class JournalError(Exception):
    """The log cannot be had, or cannot be read; ``str(error)`` says what and why, in one line."""


class Memory(Protocol):
    """What the log leads to, as far as it has been followed."""

    def snapshot(self) -> dict[str, Any]:
        """All of it, in JSON's own values."""

    def restore(self, data: dict[str, Any]) -> None:
        """Be as the one was that this is a ``snapshot`` of."""


class Journal(Protocol):
    """An ordered log that is followed as it grows."""

    @property
    def prefix(self) -> str:
        """What the ids of this run's connections begin with, so that none is ever used twice.

        Known once ``run`` has started. Empty if the log is no older than the run.
        """

    @property
    def key(self) -> str:
        """A secret as old as the log, in hexadecimal, by which origins are made of addresses.

        So that bans hold as long. Known once ``run`` has started.
        """

    @property
    def is_shared(self) -> bool:
        """Whether others write the same log, and record who is gone when one of them ends."""

    @property
    def trouble(self) -> str | None:
        """What operators should know, in a few words for everybody's eyes; None if all is well."""

    @property
    def is_away(self) -> bool:
        """Whether what is recorded now will be followed only when that is over."""

    def record(self, entry: Entry) -> None:
        """Put an entry at the end. Never waits, and never fails for the sake of the store."""

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Bring the memory up to date, say so, and keep the log until cancelled.

        Raises:
            JournalError: before the memory was up to date.
        """

    async def flush(self) -> None:
        """Wait until all that was recorded is safe; how long that may take is the caller's."""


MakeJournal = Callable[[Follow, Memory], Journal]
"""A journal for whoever follows it, and for what that leads to."""
