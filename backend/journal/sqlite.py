"""A journal in a file, so that a restart forgets nothing.

Entries are followed as they are recorded and written a moment later, many at once, in a thread:
nobody waits for the disk. When it fails, the room goes on and the entries are kept for later; if
that takes too long, what they led to is. Knows when to write, not how.
"""

import json
import logging
from functools import partial
from pathlib import Path

import trio

from backend.journal.codec import encode
from backend.journal.database import DatabaseError, explained, reason
from backend.journal.journal import Follow, Memory
from backend.journal.store import Past, Snapshot, Store
from backend.room.entries import Entry, Recovered

GATHER_SECONDS = 0.05
"""How long entries are gathered before they are written: of the tenth of a second that may be
lost, half is left for the disk. Each write is a third of a millisecond in which nobody on the same
core is told anything."""

CHECKPOINT_SECONDS = 30.0
"""Between two checkpoints: the write-ahead log stays below some tens of megabytes."""

RETRY_SECONDS = 1.0
"""Between two tries to write to a disk that fails."""

MAX_KEPT = 8 * 1024 * 1024
"""Characters of entries kept for such a disk: tens of thousands of lines."""

MIN_SNAPSHOT_EVERY = 1_000
"""Entries between two snapshots at least: one is some milliseconds of work for everybody."""

CLOSE_SECONDS = 1.0
"""How long letting go of the file may take."""

LOST_IDS = 1_000_000
"""Ids that events may have had which were seen and never written, if the last run was killed: those
of a tenth of a second; or, with a disk that had failed, of a day with ten lines a second."""

FOLLOWED_PER_TURN = 64
"""Entries of the past that are followed before anything else may happen, such as ^C."""

log = logging.getLogger("playroom")


class SqliteJournal:
    """See ``journal.Journal``.

    Args:
        path: the file.
        limit: entries to keep in it; it may have a tenth more for a while.
        follow: called with every entry, exactly once.
        memory: what that leads to.
    """

    def __init__(self, path: Path, limit: int, follow: Follow, memory: Memory) -> None:
        self.prefix = self.key = ""
        self.is_shared = self.is_away = False
        self.trouble: str | None = None
        self._path = path
        self._limit = limit
        self._follow = follow
        self._memory = memory
        self._snapshot_every = max(MIN_SNAPSHOT_EVERY, limit // 10)
        self._has_caught_up = False
        self._last = 0  # the id of the last entry recorded,
        self._safe = 0  # and of the last one written,
        self._remembered = 0  # and of the last one in a snapshot
        self._kept: list[str] = []  # what is not written yet, unless there is a gap
        self._kept_size = 0
        self._has_gap = False
        self._wants_snapshot = False
        self._is_recorded = trio.Event()
        self._is_written = trio.Event()

    def record(self, entry: Entry) -> None:
        """Put an entry at the end; it has been followed when this returns, and is safe soon."""
        self._last += 1
        if not self._has_gap:
            self._keep([encode(entry)])
        self._is_recorded.set()
        self._follow(entry)

    def _keep(self, texts: list[str]) -> None:
        self._kept += texts
        self._kept_size += sum(map(len, texts))
        if self._kept_size > MAX_KEPT:
            log.error("the history has a gap: more than can be kept could not be written")
            self._has_gap = True
            self._kept, self._kept_size = [], 0

    async def flush(self) -> None:
        """Wait until everything is safe, with a snapshot, so that the next start is quick."""
        await trio.lowlevel.checkpoint()
        self._wants_snapshot = self._last > self._remembered
        self._is_recorded.set()
        while self._wants_snapshot or self._safe < self._last:
            await self._is_written.wait()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Bring the memory up to date, say so, and write until cancelled.

        Raises:
            JournalError: the file cannot be had, or cannot be read.
        """
        # Looking through a large file takes its time, and who breaks that off ends the process.
        store = await trio.to_thread.run_sync(Store, self._path, abandon_on_cancel=True)
        try:
            self.prefix, self.key = f"r{store.run}-", store.key
            await self._catch_up(await trio.to_thread.run_sync(store.load))
            if not store.was_whole:
                self.record(Recovered(LOST_IDS))
            self._has_caught_up = True
            task_status.started()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._write, store, name="history writer")
                nursery.start_soon(self._checkpoint, store, name="history checkpoints")
        finally:
            if self._safe < self._last:
                log.error(
                    "entries of the history that were not written: %d", self._last - self._safe
                )
            is_whole = self._has_caught_up and self._safe == self._last
            with trio.move_on_after(CLOSE_SECONDS, shield=True):
                await trio.to_thread.run_sync(store.close, is_whole, abandon_on_cancel=True)

    async def _catch_up(self, past: Past) -> None:
        if past.memory is not None:
            with explained(self._path):
                self._memory.restore(past.memory)
        for number, entry in enumerate(past.entries, start=1):
            try:
                self._follow(entry)
            except Exception:  # nor did the room end when it happened
                log.exception("an entry of the history cannot be followed")
            if number % FOLLOWED_PER_TURN == 0:
                await trio.lowlevel.checkpoint()
        self._last = self._safe = past.last
        self._remembered = past.last - len(past.entries)

    async def _write(self, store: Store) -> None:
        while True:
            await self._is_recorded.wait()
            self._is_recorded = trio.Event()
            await trio.sleep(GATHER_SECONDS)
            if not await self._write_some(store):
                self._is_recorded.set()
                await trio.sleep(RETRY_SECONDS)

    async def _write_some(self, store: Store) -> bool:
        """Write all there is; whether that was possible."""
        last, texts, had_gap = self._last, self._kept, self._has_gap
        self._kept, self._kept_size, self._has_gap = [], 0, False
        try:
            snapshot = self._snapshot() if had_gap or self._is_snapshot_due else None
            write = partial(store.write, self._safe, texts, snapshot, self._limit)
            await trio.to_thread.run_sync(write, abandon_on_cancel=True)
        except DatabaseError as error:
            self._fails(reason(error))
        except Exception:  # the room goes on without its history
            log.exception("the history failed")
            self._fails("the program has a fault")
        else:
            self._succeeds(last, snapshot)
            return True
        if had_gap or self._has_gap:
            self._has_gap = True
            self._kept, self._kept_size = [], 0
        else:
            later, self._kept, self._kept_size = self._kept, [], 0
            self._keep([*texts, *later])
        return False

    @property
    def _is_snapshot_due(self) -> bool:
        return self._wants_snapshot or self._last - self._remembered >= self._snapshot_every

    def _snapshot(self) -> Snapshot:
        return Snapshot(self._last, json.dumps(self._memory.snapshot(), separators=(",", ":")))

    def _fails(self, why: str) -> None:
        if self.trouble is None:
            log.error("the history cannot be written: %s", why)
        self.trouble = f"the history cannot be written: {why}"

    def _succeeds(self, last: int, snapshot: Snapshot | None) -> None:
        if self.trouble is not None:
            log.warning("the history is written again")
        self.trouble = None
        self._safe = last
        if snapshot:
            self._remembered = last
            self._wants_snapshot = False
        self._is_written.set()
        self._is_written = trio.Event()

    async def _checkpoint(self, store: Store) -> None:
        while True:
            await trio.sleep(CHECKPOINT_SECONDS)
            await trio.to_thread.run_sync(store.checkpoint, abandon_on_cancel=True)
            self._is_recorded.set()  # be it nothing: so a file that is gone is noticed in silence
