"""The walk through the nurseries: what it shows, what it only counts, and what it remembers."""

import json
import math
from collections.abc import Collection, Iterator
from dataclasses import asdict
from pathlib import Path

import trio
import trio.testing
from trio.lowlevel import Task

import backend
from backend.net.pulse import Pulse
from backend.nursery_view import SHOWN, Label, Viewer, main_task
from backend.room import tasks

PACKAGE = Path(backend.__path__[0])

settled = trio.testing.wait_all_tasks_blocked


class Names:
    """Tasks are called what they are called; and how often somebody asked."""

    def __init__(self, stars: Collection[Task] = ()) -> None:
        self.stars = stars
        self.asked = 0

    def kind(self, task: Task) -> str:
        """See ``nursery_view.Cast``."""
        return task.name.split(" ")[0]

    def label(self, task: Task, parent: Label) -> Label:
        """See ``nursery_view.Cast``."""
        self.asked += 1
        return Label(task.name)


def walk(viewer: Viewer, names: Names | None = None) -> tasks.Task:
    """The tree from the test's own task on."""
    return viewer.walk(trio.lowlevel.current_task(), names or Names()).root


def inside(viewer: Viewer, names: Names | None = None) -> tasks.Nursery:
    """The nursery that the test's own task has opened last."""
    return walk(viewer, names).nurseries[-1]


def shape(task: tasks.Task) -> object:
    """Nothing but names: a task with nurseries is a pair."""
    inside = [[shape(child) for child in nursery.tasks] for nursery in task.nurseries]
    return (task.name, inside) if inside else task.name


def everybody(task: tasks.Task) -> Iterator[tasks.Task]:
    """A task and all below it."""
    yield task
    for nursery in task.nurseries:
        for child in nursery.tasks:
            yield from everybody(child)


async def parent() -> None:
    """Two nurseries, one in the other."""
    async with trio.open_nursery() as outer:
        outer.start_soon(trio.sleep_forever, name="elder")
        async with trio.open_nursery() as inner:
            inner.start_soon(trio.sleep_forever, name="younger")


def a_crowd(nursery: trio.Nursery, count: int, name: str = "guest") -> None:
    """So many tasks that do nothing."""
    for number in range(count):
        nursery.start_soon(trio.sleep_forever, name=f"{name} {number:04}")


async def test_the_tree_is_the_nurseries_with_their_children() -> None:
    """Outer nurseries before inner ones, and a task without a nursery is a leaf."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(parent, name="parent")
        nursery.start_soon(trio.sleep_forever, name="sleeper")
        await settled()
        mine = inside(Viewer())
        nursery.cancel_scope.cancel()
    shapes = [shape(child) for child in mine.tasks]
    assert shapes == [("parent", [["elder"], ["younger"]]), "sleeper"]
    assert mine.more == ()


async def test_a_task_waits_in_the_innermost_function_of_this_program() -> None:
    """Module, function and line, as they stand in the source; nothing where none of it is ours."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(Pulse().run, name="ours")
        nursery.start_soon(trio.sleep_forever, name="theirs")
        await settled()
        ours, theirs = sorted(inside(Viewer()).tasks, key=lambda task: task.name)
        nursery.cancel_scope.cancel()
    assert (ours.waits_on, ours.file) == ("net.pulse.Pulse.run", "net/pulse.py")
    line = (PACKAGE / ours.file).read_text().splitlines()[ours.line - 1]
    assert "await trio.sleep_until" in line
    assert (theirs.waits_on, theirs.file, theirs.line) == ("", "", 0)


async def test_no_address_and_no_value_of_a_variable_is_in_the_tree() -> None:
    """Only names, numbers and places."""

    async def keeps(secret: str) -> None:
        await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(keeps, "a dark horse", name="keeper")
        nursery.start_soon(keeps, "another")
        await settled()
        told = json.dumps(asdict(walk(Viewer())))
        nursery.cancel_scope.cancel()
    assert "keeper" in told
    assert "horse" not in told
    assert "0x" not in told


async def test_a_long_run_of_siblings_is_summarised() -> None:
    """A few of each kind are shown, the rest is counted; a short run is shown whole."""
    async with trio.open_nursery() as nursery:
        a_crowd(nursery, 948)
        a_crowd(nursery, SHOWN, "friend")
        await settled()
        mine = inside(Viewer())
        nursery.cancel_scope.cancel()
    kinds = [child.name.split(" ")[0] for child in mine.tasks]
    assert kinds.count("guest") == kinds.count("friend") == SHOWN
    assert mine.more == (tasks.More("guest", 940),)


async def test_whoever_has_been_shown_stays_when_others_come_and_go() -> None:
    """With the same id: otherwise the tree would flicker."""
    viewer = Viewer()
    async with trio.open_nursery() as nursery:
        a_crowd(nursery, 50)
        await settled()
        first = walk(viewer)
        a_crowd(nursery, 50)
        await settled()
        second = walk(viewer)
        nursery.cancel_scope.cancel()
    assert [task.id for task in everybody(first)] == [task.id for task in everybody(second)]
    assert second.nurseries[-1].more == (tasks.More("guest", 100 - SHOWN),)


async def test_an_id_belongs_to_one_task_only() -> None:
    """Not even somebody who comes when another is gone gets it."""
    viewer = Viewer()
    seen = set()
    for _ in range(3):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep_forever, name="guest")
            await settled()
            seen.add(inside(viewer).tasks[0].id)
            nursery.cancel_scope.cancel()
    assert len(seen) == 3


async def test_the_stars_are_shown_before_others() -> None:
    """Whoever looks on finds themselves in any crowd."""
    async with trio.open_nursery() as nursery:
        a_crowd(nursery, 500)
        await settled()
        star = max(nursery.child_tasks, key=lambda task: task.name)
        mine = inside(Viewer(), Names(stars={star}))
        nursery.cancel_scope.cancel()
    assert "guest 0499" in [child.name for child in mine.tasks]
    assert len(mine.tasks) == SHOWN


async def test_a_task_that_is_cancelled_shows_it_while_it_tidies_up(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """By whichever scope around it, and behind a shield, too: it is about to end."""
    async with trio.open_nursery() as nursery:
        async with trio.open_nursery() as doomed:
            doomed.start_soon(_tidy, name="tidies")
            doomed.start_soon(trio.sleep_forever, name="ends at once")
            nursery.start_soon(trio.sleep_forever, name="untouched")
            await settled()
            doomed.cancel_scope.cancel()
            before = {task.name: task.is_cancelled for task in everybody(walk(Viewer()))}
            with trio.CancelScope(shield=True):
                await settled()
                after = {task.name: task.is_cancelled for task in everybody(walk(Viewer()))}
        nursery.cancel_scope.cancel()
    assert before["ends at once"]
    assert before["tidies"]
    assert not before["untouched"]
    assert "ends at once" not in after
    assert after["tidies"]
    assert after["sheltered"]
    assert not after["untouched"]


async def test_a_sleep_that_is_over_is_not_cancelled(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Although Trio ends it by cancelling its scope."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.sleep, 1, name="sleeper")
        await settled()
        autojump_clock.jump(2)
        (sleeper,) = inside(Viewer()).tasks
        assert not sleeper.is_cancelled


async def _tidy() -> None:
    try:
        await trio.sleep_forever()
    finally:
        with trio.move_on_after(1, shield=True):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(trio.sleep_forever, name="sheltered")


async def test_a_task_is_as_old_as_it_can_be_known_to_be(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Those found at the first look are as old as the viewer; later ones as their first sight."""
    viewer = Viewer()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.sleep_forever, name="old")
        await trio.sleep(10)
        first = viewer.walk(trio.lowlevel.current_task(), Names())
        await trio.sleep(10)
        nursery.start_soon(parent, name="new")
        await settled()
        viewer.walk(trio.lowlevel.current_task(), Names())
        await trio.sleep(10)
        last = viewer.walk(trio.lowlevel.current_task(), Names())
        nursery.cancel_scope.cancel()
    assert math.isclose(first.at - first.root.nurseries[-1].tasks[0].since, 10, abs_tol=0.2)
    ages = {task.name: round(last.at - task.since) for task in everybody(last.root)}
    assert (ages["old"], ages["new"], ages["elder"]) == (30, 10, 10)


async def test_a_tree_in_which_nothing_happens_is_the_same_tree(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """However long it lasts: so that nothing need be sent."""
    viewer = Viewer()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(parent, name="parent")
        await settled()
        before = walk(viewer)
        await trio.sleep(100)
        await settled()
        assert walk(viewer) == before
        nursery.cancel_scope.cancel()


async def test_a_crowd_of_5000_costs_no_more_than_a_look_at_each() -> None:
    """What is known of a task is asked for those only that are shown."""
    names = Names()
    async with trio.open_nursery() as nursery:
        a_crowd(nursery, 5_000)
        await settled()
        tree = walk(Viewer(), names)
        nursery.cancel_scope.cancel()
    assert tree.nurseries[-1].more == (tasks.More("guest", 5_000 - SHOWN),)
    assert names.asked == sum(1 for _ in everybody(tree)) < 2 * SHOWN


async def test_the_main_task_is_the_programs_and_not_trios() -> None:
    """What is around it is Trio's own."""
    nursery = main_task().parent_nursery
    assert nursery is not None
    assert nursery.parent_task is trio.lowlevel.current_root_task()
