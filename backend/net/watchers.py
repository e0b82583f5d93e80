"""Whoever looks at the task tree: one walk serves them all, and nobody costs nothing.

Knows connections and when to look; what a tree is, and how it is shown, is others' business.
"""

import logging
from collections.abc import Mapping

import trio
from trio.lowlevel import Task

from backend.net.cast import HouseCast
from backend.net.connection import Connection
from backend.net.hub import Hub
from backend.nursery_view import Viewer, main_task
from backend.room import tasks
from backend.room.events import Noticed

log = logging.getLogger("playroom")

WALK_SECONDS = 0.25
"""The shortest time between two walks: an eye sees no more, and a crowd's takes milliseconds."""

MAX_WATCHERS = 50
"""Who watch at once. A tree has a few KiB, and in a lively room everybody gets four a second."""

TOO_MANY = "Too many are watching already. /tasks alone shows the tree once."


class Watchers:
    """Shows the tree to those who asked for it, once or whenever it has changed.

    Whoever has mail waiting misses a tree, and gets the one that is there when it has left: looking
    on must not be what makes anybody too slow.

    Args:
        hub: who is here.
        acts: see ``cast.HouseCast``.
    """

    def __init__(self, hub: Hub, acts: Mapping[Task, Connection]) -> None:
        self._hub = hub
        self._acts = acts
        self._viewer = Viewer()
        self._asking: set[Connection] = set()
        self._watching: dict[Connection, tasks.Task | None] = {}  # and what they have seen last
        self._wanted = trio.Event()
        self._running = _Running()

    def ask(self, connection: Connection) -> None:
        """Show it once, very soon."""
        self._asking.add(connection)
        self._wanted.set()

    def watch(self, connection: Connection) -> None:
        """Show it now, and again when it has changed."""
        if len(self._watching) >= MAX_WATCHERS and connection not in self._watching:
            self._hub.dispatch.hand_out(Noticed(TOO_MANY), [connection])
            return
        self._watching[connection] = None
        self._wanted.set()

    def stop(self, connection: Connection) -> None:
        """Show it no more."""
        self._asking.discard(connection)
        self._watching.pop(connection, None)

    async def run(self) -> None:
        """Look as long as somebody wants to see, until cancelled."""
        with self._running:
            while True:
                self._forget_absent()
                if not self._asking and not self._watching:
                    self._running.stop()
                    self._wanted = trio.Event()
                    await self._wanted.wait()
                try:
                    self._show()
                except Exception:  # a fault in looking on, and no reason to end what is looked at
                    log.exception("the task tree could not be shown")
                    self._asking.clear()
                    self._watching.clear()
                await trio.sleep(WALK_SECONDS)

    def _forget_absent(self) -> None:
        for connection in [c for c in (*self._asking, *self._watching) if not c.is_present]:
            self.stop(connection)

    def _show(self) -> None:
        if any(connection.via == "web" for connection in self._watching):
            self._running.start()
        else:
            self._running.stop()
        cast = HouseCast(self._hub, self._acts, {*self._asking, *self._watching})
        tree = self._viewer.walk(main_task(), cast)
        ran = tasks.Ran(self._viewer.ids_of(self._running.take() - {trio.lowlevel.current_task()}))
        ready = [c for c in self._watching if not c.outbox.size]
        new = [c for c in ready if self._watching[c] != tree.root]
        self._watching |= dict.fromkeys(new, tree.root)
        self._hub.dispatch.hand_out(tree, {*self._asking, *new})
        self._asking.clear()
        if ran.ids:
            pages = [c for c in ready if c.via == "web"]
            self._hub.dispatch.hand_out(ran, pages)


class _Running(trio.abc.Instrument):
    """Notes which tasks run; a block, behind which it is not in the scheduler's way any more."""

    def __init__(self) -> None:
        self._ran: set[Task] = set()
        self._is_on = False

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """From now on."""
        if not self._is_on:
            trio.lowlevel.add_instrument(self)
            self._is_on = True

    def stop(self) -> None:
        """No more."""
        if self._is_on:
            trio.lowlevel.remove_instrument(self)
            self._is_on = False
            self._ran.clear()

    def take(self) -> set[Task]:
        """Those that have run since it was last asked."""
        ran, self._ran = self._ran, set()
        return ran

    def before_task_step(self, task: Task) -> None:
        """See ``trio.abc.Instrument``."""
        self._ran.add(task)
