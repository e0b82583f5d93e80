"""The running program as people see it: its tree of tasks, and the lines of source they wait at.

No room tells of these; they stand with the other events because a wire encodes events and nothing
else. Plain values: no object of the scheduler, no address, and nobody's text is in them.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class More:
    """Siblings of one kind that are only counted, such as 940 ``browsers``."""

    kind: str
    count: int


@dataclass(frozen=True, slots=True)
class Nursery:
    """A block that ends when all of its tasks have.

    Attributes:
        tasks: those that are shown, in an order that stays.
        more: how many are not.
    """

    tasks: tuple["Task", ...] = ()
    more: tuple[More, ...] = ()


@dataclass(frozen=True, slots=True)
class Task:
    """One task.

    Attributes:
        id: a small number, its own for as long as it is shown.
        name: what it is, for people.
        waits_on: the innermost of this program's functions in it; empty if there is none.
        file: where that is, from the package's folder on.
        line: likewise.
        since: when it began, or was first seen, in Unix seconds.
        is_cancelled: whether it has been told to stop, and is about to.
        nurseries: those it has opened, outermost first.
        nick: whose connection it is, if it serves a member's.
        mail: the bytes that wait for this connection, if it serves one.
    """

    id: int
    name: str
    waits_on: str
    file: str
    line: int
    since: float
    is_cancelled: bool
    nurseries: tuple[Nursery, ...] = ()
    nick: str | None = None
    mail: int | None = None


@dataclass(frozen=True, slots=True)
class Tasks:
    """The tree, as it was at a time in Unix seconds."""

    at: float
    root: Task


@dataclass(frozen=True, slots=True)
class Ran:
    """Which of the tasks shown have run since the last time, by their ids."""

    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Some of this program's own source.

    Attributes:
        file: where it is, from the package's folder on.
        first: the number of the first line.
        lines: the lines.
    """

    file: str
    first: int
    lines: tuple[str, ...]
