"""The live task tree: walks Trio's nurseries, and makes plain values of what is there.

Looks at task names, at which function a task waits in, and at nothing that is in a variable. Knows
neither sockets nor people: whoever asks hands in a ``Cast``, which knows who is behind a task.
"""

import itertools
import math
import time
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import trio
from trio._core._run import CancelStatus
from trio.lowlevel import Task

from backend.room import tasks

SHOWN = 8
"""Siblings of one kind that are shown one by one; more of them are counted."""

PACKAGE = __name__.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Label:
    """What is known of a task besides where it is.

    Attributes:
        name: what it is called.
        owner: on whose behalf it runs, for the names of its children; empty for the house's.
        nick: see ``tasks.Task``.
        mail: likewise.
        since: when it began, in Trio's seconds; None if only its first being seen is known.
    """

    name: str
    owner: str = ""
    nick: str | None = None
    mail: int | None = None
    since: float | None = None


class Cast(Protocol):
    """Who is behind which task, at the moment of one walk."""

    @property
    def stars(self) -> Collection[Task]:
        """Those to be shown before others of their kind."""

    def kind(self, task: Task) -> str:
        """What it is one of many of. Asked of every task, so it has to be quick."""

    def label(self, task: Task, parent: Label) -> Label:
        """What is known of it; asked of those only that are shown."""


class _Seen(NamedTuple):
    id: int
    born: float  # in Trio's seconds


class Viewer:
    """Remembers from one walk to the next which task has which id, and since when it is there."""

    def __init__(self) -> None:
        self._started = trio.current_time()
        self._epoch = time.time() - self._started
        self._numbers = itertools.count(1)
        self._before: dict[Task, _Seen] = {}
        self._seen: dict[Task, _Seen] = {}

    def walk(self, top: Task, cast: Cast) -> tasks.Tasks:
        """The tree under a task, now. The work is in what is shown, plus a look at each sibling."""
        self._before, self._seen = self._seen, {}
        now = trio.current_time()
        root = self._show(top, cast.label(top, Label("")), cast, self._started)
        return tasks.Tasks(round(self._epoch + now, 1), root)

    def ids_of(self, those: Iterable[Task]) -> tuple[int, ...]:
        """The ids of those that the last walk has shown."""
        return tuple(sorted(self._seen[task].id for task in those if task in self._seen))

    def _show(self, task: Task, label: Label, cast: Cast, born: float) -> tasks.Task:
        seen = self._before.get(task)
        if seen is None:
            seen = _Seen(next(self._numbers), born if label.since is None else label.since)
        self._seen[task] = seen
        # A child may be as old as a parent who is new to us, but not as one who was here before.
        eldest = trio.current_time() if task in self._before else seen.born
        waits_on, file, line = _place(task)
        return tasks.Task(
            seen.id,
            label.name,
            waits_on,
            file,
            line,
            round(self._epoch + seen.born, 1),
            _is_cancelled(task),
            tuple(self._look_into(each, label, cast, eldest) for each in task.child_nurseries),
            label.nick,
            label.mail,
        )

    def _look_into(
        self, nursery: trio.Nursery, parent: Label, cast: Cast, eldest: float
    ) -> tasks.Nursery:
        by_kind: defaultdict[str, list[Task]] = defaultdict(list)
        for task in nursery.child_tasks:
            by_kind[cast.kind(task)].append(task)
        chosen, more = [], []
        for kind, siblings in sorted(by_kind.items()):
            shown = self._choose(siblings, cast.stars)
            chosen += [(task, cast.label(task, parent)) for task in shown]
            if len(shown) < len(siblings):
                more.append(tasks.More(kind, len(siblings) - len(shown)))
        chosen.sort(key=self._place_in_line)
        return tasks.Nursery(
            tuple(self._show(task, label, cast, eldest) for task, label in chosen), tuple(more)
        )

    def _choose(self, siblings: list[Task], stars: Collection[Task]) -> list[Task]:
        """The few to show: whoever has been shown stays, so that the tree does not flicker."""
        if len(siblings) <= SHOWN:
            return siblings
        first = [task for task in siblings if task in stars]
        known = [task for task in siblings if task in self._before and task not in stars]
        taken = {*first, *known}
        others = (task for task in siblings if task not in taken)
        return list(itertools.islice(itertools.chain(first, known, others), SHOWN))

    def _place_in_line(self, task_and_label: tuple[Task, Label]) -> tuple[float, float, str]:
        task, label = task_and_label
        seen = self._before.get(task)
        return (seen.id if seen else math.inf, label.since or 0.0, label.name)


def main_task() -> Task:
    """The task that the program began with; Trio's own are around it, and not of interest."""
    task = trio.lowlevel.current_task()
    while (nursery := task.parent_nursery) and nursery.parent_task.parent_nursery:
        task = nursery.parent_task
    return task


def _is_cancelled(task: Task) -> bool:
    """Whether somebody has cancelled any scope around it; behind a shield, it may yet tidy up.

    A scope whose time is over does not count: that is how every sleep ends.
    """
    now = trio.current_time()
    # Not public, and pinned by a test: there is no other way from a task to the scopes around it.
    status: CancelStatus | None = task._cancel_status
    while status is not None:
        if status._scope.deadline > now and status._scope.cancel_called:
            return True
        status = status.parent
    return False


def _place(task: Task) -> tuple[str, str, int]:
    """The innermost function of this program: its name, its file and the line."""
    innermost = "", "", 0
    for frame, line in task.iter_await_frames():
        package, _, module = frame.f_globals.get("__name__", "").partition(".")
        if package == PACKAGE and module:
            function = f"{module}.{frame.f_code.co_qualname}"
            innermost = function, f"{module.replace('.', '/')}.py", line
    return innermost
