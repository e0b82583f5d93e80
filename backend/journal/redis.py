"""A journal that several nodes share: a Redis Stream, which each of them follows.

An entry is followed when it comes back from there, so that all nodes follow the same entries in the
same order. Redis may go away and come back, with or without what it had: this goes on by itself.
Knows the server by its deeds, and the room as something that can be written down.
"""

import logging
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from itertools import islice

import trio

from backend.journal.codec import encode
from backend.journal.follower import END, BrokenLogError, Follower, Record
from backend.journal.journal import Follow, JournalError, Memory
from backend.journal.lease import DamagedError, FencedError, Lease
from backend.journal.server import LOST, AwayError, Server, connect
from backend.room.entries import Entry, Impersonal

BATCH = 200
"""Entries added in one go: others wait for that no longer than some milliseconds."""

RECORDS_PER_TURN = 64
"""Followed before others have their turn; see ``session.LINES_PER_TURN``."""

RETRY_SECONDS = 0.5
"""Between two tries to reach a server that is away."""

GOODBYE_SECONDS = 1.0
"""How long it may take to say that we are no more; the end of the lease says so later."""

log = logging.getLogger("playroom")


class RedisJournal:
    """One node's end of the log; see ``journal.Journal``.

    Args:
        url: where the server is.
        grace: seconds that seats on a dead node are kept.
        follow: called with every entry, in the order that all nodes have in common.
        memory: what the entries lead to. It is restored again, from what the other nodes have,
            when people here may have seen what is not in the log, or not all that is.
    """

    def __init__(self, url: str, grace: float, follow: Follow, memory: Memory) -> None:
        self._url = url
        self._follow = follow
        self._follower = Follower()
        self._lease = Lease(self._follower, memory, grace)
        self._is_part = False
        self._pending: deque[str] = deque()  # recorded, and not yet followed
        self._followed = 0  # how many of ours have been
        self._recorded = trio.Event()
        self._settled = trio.Event()
        self.is_shared = True
        self.trouble: str | None = None
        self.is_away = True

    @property
    def prefix(self) -> str:
        """How the ids of this node's connections begin: another each time it has to start over."""
        return f"{self._lease.node}-"

    @property
    def key(self) -> str:
        """A secret that all nodes share."""
        return self._lease.key

    def record(self, entry: Entry) -> None:
        """Put an entry at the end of the log, from where it comes back to be followed.

        Nothing comes of one about a connection of the node we were before.
        """
        if isinstance(entry, Impersonal) or entry.connection.startswith(self.prefix):
            self._pending.append(encode(entry))
            self._recorded.set()

    async def flush(self) -> None:
        """Wait until all that was recorded has been followed; for ever if the server is away."""
        while self._pending:
            await self._settled.wait()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Bring the room up to date, then follow the log until cancelled.

        Raises:
            JournalError: the server cannot be reached at the start.
        """
        has_started = False
        try:
            while True:
                why = ""
                try:
                    async with connect(self._url) as server:
                        await self._be_part(server)
                        if not has_started:
                            has_started = True
                            task_status.started()
                        await self._take_part(server)
                except* (AwayError, DamagedError, FencedError, BrokenLogError) as group:
                    why = _reason(group)
                await trio.lowlevel.checkpoint_if_cancelled()  # the library may not have told
                if not has_started:
                    raise JournalError(f"cannot use the Redis server: {why}")
                self._goes_away(why)
                await trio.sleep(RETRY_SECONDS)
        finally:
            if has_started:
                await self._leave()

    async def _leave(self) -> None:
        with trio.move_on_after(GOODBYE_SECONDS) as patience:
            patience.shield = True
            with suppress(AwayError, ExceptionGroup):  # the others find out by themselves
                async with connect(self._url) as server:
                    await self._lease.leave(server)

    async def _be_part(self, server: Server) -> None:
        if self._is_part:
            try:
                await self._lease.renew(server)
            except FencedError as why:
                self._goes_away(str(why))
                self._is_part = False
        if not self._is_part:
            await self._start_over(server)
        if self.trouble:
            log.warning("the journal is back")
        self.trouble, self.is_away = None, False

    async def _start_over(self, server: Server) -> None:
        self._pending.clear()
        self._followed = 0
        self._settle()
        last = await self._lease.enter(server)
        while self._follower.position.number < last:
            records = await server.read(self._follower.position)
            if not records:
                raise BrokenLogError("entries of its log are missing")
            await self._take(records)
        await self._lease.bury(server)
        self._is_part = True

    def _settle(self) -> None:
        self._settled.set()
        self._settled = trio.Event()

    async def _take_part(self, server: Server) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._read, server, name="log reader")
            nursery.start_soon(self._write, server, name="log writer")
            nursery.start_soon(self._lease.keep, server, name="lease")

    def _goes_away(self, why: str) -> None:
        if not self.is_away:
            log.warning("the journal is away: %s", why)
        self.trouble, self.is_away = f"Redis: {why}", True

    # --- the two ways ---

    async def _write(self, server: Server) -> None:
        sent = self._followed
        while True:
            waiting = max(0, sent - self._followed)  # sent and not yet back
            batch = list(islice(self._pending, waiting, waiting + BATCH))
            if not batch:
                self._recorded = trio.Event()
                await self._recorded.wait()
                continue
            first = self._followed + waiting + 1
            life = self._follower.position.life
            answer = await server.do("append", self._lease.node, life, first, *batch)
            if answer != ["ok"]:
                raise FencedError("what this node has to say is not taken")
            sent = first + len(batch) - 1

    async def _read(self, server: Server) -> None:
        while True:
            await self._take(await server.read(self._follower.position))

    async def _take(self, records: Sequence[Record]) -> None:
        for number, record in enumerate(records, start=1):
            self._take_one(record)
            if number % RECORDS_PER_TURN == 0:
                await trio.lowlevel.checkpoint()

    def _take_one(self, record: Record) -> None:
        is_ours = record.node == self._lease.node
        if is_ours and record.seq == END:
            raise FencedError("this node was taken for dead")
        try:
            entries = self._follower.take(record)
        except BrokenLogError:
            if record.life == self._follower.position.life:
                self._is_part = False
            raise  # and in a log begun anew, our place may be as it was
        except ValueError as error:
            log.error("an entry of another version is passed over: %s", error)
            return
        if is_ours:
            self._pending.popleft()
            self._followed += 1
            if not self._pending:
                self._settle()
        for entry in entries:
            try:
                self._follow(entry)
            except Exception:  # the log goes on, here as on the other nodes
                log.exception("an entry failed")


def _reason(group: BaseExceptionGroup[BaseException]) -> str:
    """What was first the matter: of several connections the others end because one does."""
    reasons: list[str] = []
    waiting: list[BaseException] = [group]
    while waiting:
        error = waiting.pop()
        if isinstance(error, BaseExceptionGroup):
            waiting += error.exceptions
        else:
            reasons.append(str(error))
    return next((why for why in reasons if why != LOST), LOST)
