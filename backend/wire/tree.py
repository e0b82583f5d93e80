"""The task tree as lines for a terminal: ``draw(tree, strokes)``, one task a line.

Knows neither colours nor how wide a line may be.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from backend.room.tasks import Excerpt, More, Nursery, Task, Tasks


class Strokes(NamedTuple):
    """What branches are drawn with."""

    branch: str
    last: str
    past: str
    cut: str


BOX = Strokes("├─ ", "└─ ", "│  ", "…")
ASCII = Strokes("|- ", "`- ", "|  ", "...")
"""For terminals whose character set has no lines."""

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def draw(tree: Tasks, strokes: Strokes) -> Iterator[str]:
    """The lines, the most important first in each: what is too long may be cut."""
    return _task(tree.root, tree.at, "", "", strokes)


def numbered(excerpt: Excerpt) -> list[str]:
    """Lines of source with their numbers, behind the name of the file."""
    rows = enumerate(excerpt.lines, excerpt.first)
    return [excerpt.file, *(f"{number:>4}  {line}".rstrip() for number, line in rows)]


def _task(task: Task, at: float, lead: str, past: str, strokes: Strokes) -> Iterator[str]:
    yield lead + _told(task, at)
    nurseries = [nursery for nursery in task.nurseries if nursery.tasks or nursery.more]
    if len(nurseries) == 1:
        yield from _children(nurseries[0], at, past, strokes)
        return
    for number, nursery in enumerate(nurseries, start=1):
        branch, beyond = _forked(number == len(nurseries), past, strokes)
        yield f"{branch}nursery {number}"
        yield from _children(nursery, at, beyond, strokes)


def _children(nursery: Nursery, at: float, past: str, strokes: Strokes) -> Iterator[str]:
    rows: Sequence[Task | More] = (*nursery.tasks, *nursery.more)
    for row in rows:
        branch, beyond = _forked(row is rows[-1], past, strokes)
        if isinstance(row, Task):
            yield from _task(row, at, branch, beyond, strokes)
        else:
            yield f"{branch}and {row.count} more: {row.kind}"


def _forked(is_last: bool, past: str, strokes: Strokes) -> tuple[str, str]:
    """What stands before a row, and before all that hangs on it."""
    if is_last:
        return past + strokes.last, past + "   "
    return past + strokes.branch, past + strokes.past


def _told(task: Task, at: float) -> str:
    words = [task.name]
    if task.is_cancelled:
        words.append("CANCELLED")
    if task.mail:
        words.append(f"[{task.mail:,} bytes wait]")
    words.append(_lasted(at - task.since))
    if task.waits_on:
        words.append(f"{task.waits_on}:{task.line}")
    return "  ".join(words)


def _lasted(seconds: float) -> str:
    for length, unit in _UNITS:
        if seconds >= length:
            return f"{int(seconds // length)} {unit}"
    return "0 s"
