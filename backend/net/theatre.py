"""The theatre: structured concurrency, and how trouble is contained, performed on request.

Each act runs in a task of its own under ``run`` and is told line by line to whoever asked for it.
Whatever it breaks is that person's own. Knows connections, and nothing of the room.
"""

from collections.abc import Awaitable, Callable

import trio
from trio.lowlevel import Task

from backend.net.connection import Connection
from backend.net.hub import Hub
from backend.net.outbox import CONNECTION_LOST
from backend.room.bucket import TokenBucket
from backend.room.events import Noticed

ACTS_AT_ONCE, ACT_SECONDS = 10, 2.0
"""How many acts may begin at once in the whole house, and seconds until there may be another."""

PAUSE_SECONDS = 1.0
"""Between the word and the deed: long enough to look at the tree."""

STORM = 36
"""Children of the storm: more than the tree shows one by one."""

STORM_SECONDS = 2.0

TIDY_SECONDS = 0.05
"""The first child of the storm takes so long to tidy up, the second twice as long, and so on:
otherwise nobody would see them being cancelled."""

FILL_BYTES, FILL_SECONDS = 8 * 1024, 0.5
"""What piles up for a stalled connection: the outbox is full after 16 seconds, before the 20 that
a connection may take nothing at all."""

BUSY = "You are on stage already. Wait until that is over."
SOLD_OUT = "There have been many performances just now. Try again in a moment."


class ChaosError(Exception):
    """Raised by ``/chaos crash``, and by nothing else."""


Tell = Callable[[str], None]
"""Says one line to whoever asked for the act."""


class Theatre:
    """Performs.

    Args:
        hub: whom to tell by.

    Attributes:
        acts: the tasks that are on stage, and for whom.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._bucket = TokenBucket(1 / ACT_SECONDS, ACTS_AT_ONCE, trio.current_time())
        self._busy: set[Connection] = set()
        self._stage: trio.Nursery | None = None
        self.acts: dict[Task, Connection] = {}
        self._programme: dict[str, Callable[[Connection, Tell], Awaitable[None]]] = {
            "/demo": _demo,
            "/chaos crash": _crash,
            "/chaos stall": _stall,
            "/chaos storm": _storm,
            "/cancel": _cancel,
        }

    async def run(self) -> None:
        """Keep the stage, until cancelled."""
        async with trio.open_nursery() as self._stage:
            await trio.sleep_forever()

    def perform(self, connection: Connection, act: str) -> str | None:
        """Begin an act of the programme; or why not."""
        now = trio.current_time()
        if connection in self._busy and act != "/cancel":
            return BUSY
        if self._stage is None or not self._bucket.has(1, now):
            return SOLD_OUT
        self._bucket.take(1, now)
        self._busy.add(connection)
        self._stage.start_soon(self._play, connection, act, name=act.removeprefix("/"))
        return None

    async def _play(self, connection: Connection, act: str) -> None:
        task = trio.lowlevel.current_task()
        self.acts[task] = connection

        def tell(line: str) -> None:
            self._hub.dispatch.hand_out(Noticed(line), [connection])

        try:
            await self._programme[act](connection, tell)
        finally:
            del self.acts[task]
            self._busy.discard(connection)


async def _demo(connection: Connection, tell: Tell) -> None:
    """The tutorial's first program: a parent, and two children that sleep."""
    tell("parent: started!")
    async with trio.open_nursery() as nursery:
        tell("parent: starting child 1, which sleeps for 2 seconds ...")
        nursery.start_soon(_child, tell, "child 1", 2.0, name="child 1")
        tell("parent: starting child 2, which sleeps for 5 seconds ...")
        nursery.start_soon(_child, tell, "child 2", 5.0, name="child 2")
        tell("parent: waiting for both: the block cannot end before they do ...")
    tell("parent: all done!")


async def _child(tell: Tell, name: str, seconds: float) -> None:
    tell(f"{name}: started, sleeping ...")
    await trio.sleep(seconds)
    tell(f"{name}: exiting!")


async def _storm(connection: Connection, tell: Tell) -> None:
    """Many children, and one scope around them."""
    tell(f"storm: starting {STORM} children that would sleep for ever ...")
    async with trio.open_nursery() as nursery:
        for number in range(1, STORM + 1):
            nursery.start_soon(_storm_child, number * TIDY_SECONDS, name="storm child")
        await trio.sleep(STORM_SECONDS)
        tell("storm: cancelling them, with the one scope that is around them all ...")
        nursery.cancel_scope.cancel()
    tell("storm: over. Nobody was forgotten, and nobody had to be told one by one.")


async def _storm_child(seconds: float) -> None:
    try:
        await trio.sleep_forever()
    finally:
        with trio.move_on_after(seconds, shield=True):
            await trio.sleep_forever()


async def _crash(connection: Connection, tell: Tell) -> None:
    """A fault of ours, in the handler of whoever asked for it."""
    tell(
        "crash: in a second the task that serves you raises an exception. You lose your "
        "connection, the log gets a traceback, and the others read that you left."
    )
    await trio.sleep(PAUSE_SECONDS)
    connection.fail(ChaosError("as was asked for"))


async def _cancel(connection: Connection, tell: Tell) -> None:
    """The task that serves a connection, and all below it, unwinds."""
    tell("cancel: the task that serves you is cancelled, with all that is below it. Come again!")
    await connection.flush()
    connection.drop(CONNECTION_LOST)


async def _stall(connection: Connection, tell: Tell) -> None:
    """A connection that takes no more, as if its machine had gone to sleep."""
    tell(
        "stall: from now on nothing that is for you is sent. Others can see in /tasks how it "
        "piles up, until you are given up as too slow; and none of them has to wait."
    )
    await connection.flush()
    connection.outbox.write_to(_Sleeper())
    while not connection.outbox.is_closed:
        connection.outbox.push(bytes(FILL_BYTES))
        await trio.sleep(FILL_SECONDS)


class _Sleeper:
    """A sink that takes nothing."""

    def send_now(self, data: bytes) -> int:
        """See ``sink.Sink``."""
        raise BlockingIOError

    async def send_some(self, data: bytes) -> int:
        """See ``sink.Sink``."""
        await trio.sleep_forever()
