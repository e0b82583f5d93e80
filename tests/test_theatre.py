"""The theatre: what each act tells, what the tree shows of it, and that nobody else suffers."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest
import trio
import trio.testing

from backend.app import Bound
from backend.config import UNLIMITED
from backend.net.backstage import Backstage
from backend.net.hub import Hub
from backend.net.outbox import MAX_BYTES, STALL_SECONDS
from backend.net.theatre import ACTS_AT_ONCE, BUSY, SOLD_OUT, STORM, Theatre
from backend.net.watchers import Watchers
from backend.wire import frames
from tests.guests import Guest, settled
from tests.processes import ROOT
from tests.talkers import Browser, Terminal, a_room, at_browser, at_terminal


@dataclass
class Play:
    """A room with a theatre, and two people in it."""

    hub: Hub
    alice: Guest
    bob: Guest

    async def tree(self) -> str:
        """What the other one sees of the tasks."""
        await self.bob.mail()
        await self.bob.types("/tasks")
        await trio.sleep(0.3)
        return await self.bob.mail()


@pytest.fixture
async def play(autojump_clock: trio.testing.MockClock, nursery: trio.Nursery) -> Play:
    """On a clock that jumps."""
    hub = Hub()
    theatre = Theatre(hub)
    watchers = Watchers(hub, theatre.acts)
    hub.backstage = Backstage(hub, watchers, theatre, ROOT / "backend").obey
    nursery.start_soon(hub.postman.run, name="postman")
    nursery.start_soon(watchers.run, name="watchers")
    nursery.start_soon(theatre.run, name="theatre")
    play = Play(hub, Guest(hub, nursery), Guest(hub, nursery))
    await play.alice.joins("alice")
    await play.bob.joins("bob")
    await play.alice.mail()
    return play


def lines(mail: str) -> list[str]:
    """What the house said, line by line."""
    return [line.removeprefix("<meta>: ") for line in mail.splitlines()]


def branches(tree: str, name: str) -> list[str]:
    """Whole names of the tasks that begin so."""
    return re.findall(rf"[├└]─ ({name}.*?)  ", tree)


# --- acts ---


async def test_demo_is_a_parent_that_waits_for_its_two_children(
    play: Play, autojump_clock: trio.testing.MockClock
) -> None:
    """Told to whoever asked, line by line, at the time it happens: after 2 and after 5 seconds."""
    await play.alice.types("/demo")
    started = lines(await play.alice.mail())
    assert started[0] == "parent: started!"
    assert {*started[-2:]} == {f"child {n}: started, sleeping ..." for n in (1, 2)}
    assert any("waiting for both" in line for line in started)
    await trio.sleep(1.9)
    assert await play.alice.mail() == ""
    await trio.sleep(0.2)
    assert lines(await play.alice.mail()) == ["child 1: exiting!"]
    await trio.sleep(2.8)
    assert await play.alice.mail() == ""
    await trio.sleep(0.2)
    assert lines(await play.alice.mail()) == ["child 2: exiting!", "parent: all done!"]
    assert await play.bob.mail() == ""


async def test_the_tree_shows_the_demo_and_its_children_while_they_are_there(
    play: Play, autojump_clock: trio.testing.MockClock
) -> None:
    """The block closes with the second child; names follow whoever it is for."""
    await play.alice.types("/demo")
    tree = await play.tree()
    assert branches(tree, "alice: ") == ["alice: demo", "alice: child 1", "alice: child 2"]
    assert "net.theatre._child:" in tree
    await play.alice.types("/nick alicia")
    await trio.sleep(2)
    assert branches(await play.tree(), "alicia: ") == ["alicia: demo", "alicia: child 2"]
    await trio.sleep(3)
    assert branches(await play.tree(), "alicia") == ["alicia (telnet)"]


async def test_storm_is_cancelled_by_one_scope(
    play: Play, autojump_clock: trio.testing.MockClock
) -> None:
    """Many children; a few shown, the rest counted; while they tidy up they are CANCELLED."""
    await play.alice.types("/chaos storm")
    tree = await play.tree()
    shown = branches(tree, "alice: storm child")
    (more,) = re.findall(r"and (\d+) more: storm child", tree)
    assert len(shown) + int(more) == STORM
    assert "CANCELLED" not in tree
    await trio.sleep(2)
    tree = await play.tree()
    assert tree.count("alice: storm child  CANCELLED") == len(shown)
    assert "alice: chaos storm  CANCELLED" in tree  # which waits for them in the same scope
    assert tree.count("CANCELLED") == len(shown) + 1
    await trio.sleep(2)
    assert "alice: " not in await play.tree()
    assert lines(await play.alice.mail())[-1].startswith("storm: over.")
    assert "storm" not in await play.bob.mail()


async def test_stall_fills_the_outbox_until_the_eviction(
    play: Play, autojump_clock: trio.testing.MockClock
) -> None:
    """Within 20 seconds, bounded, and the other one chats on and sees it in the tree."""
    await play.alice.types("/chaos stall")
    assert "nothing that is for you is sent" in await play.alice.mail()
    gauges = []
    left = ""
    began = trio.current_time()
    while "alice left (too slow)" not in left:
        assert trio.current_time() < began + STALL_SECONDS + 5
        await play.bob.types("still here", "/tasks")
        await trio.sleep(1)
        left = await play.bob.mail()
        gauges += [int(n.replace(",", "")) for n in re.findall(r"\[([\d,]+) bytes wait\]", left)]
    assert len(gauges) > 10
    assert all(before < after for before, after in pairwise(gauges))
    assert gauges[-1] <= MAX_BYTES
    assert await play.alice.mail() == ""
    assert play.alice.has_gone
    assert "alice" not in await play.tree()


async def test_cancel_ends_the_task_that_serves_oneself(
    play: Play, autojump_clock: trio.testing.MockClock
) -> None:
    """And says so before; the others read an ordinary end of a connection."""
    await play.alice.types("/cancel")
    await trio.sleep(1)
    assert "the task that serves you is cancelled" in await play.alice.mail()
    assert play.alice.has_gone
    assert await play.bob.mail() == "<meta>: alice left (connection lost)\r\n"


async def test_even_an_actor_may_cancel_and_the_act_ends_by_itself(
    play: Play, autojump_clock: trio.testing.MockClock
) -> None:
    """Nothing is left on the stage."""
    await play.alice.types("/demo", "/cancel")
    await trio.sleep(1)
    assert play.alice.has_gone
    assert branches(await play.tree(), "somebody: ") == [
        *("somebody: demo", "somebody: child 1", "somebody: child 2")
    ]
    await trio.sleep(5)
    assert branches(await play.tree(), "somebody: ") == []


# --- limits ---


async def test_a_person_is_on_stage_once(
    play: Play, autojump_clock: trio.testing.MockClock
) -> None:
    """The next act can begin when the last is over."""
    await play.alice.types("/demo")
    await play.alice.mail()
    await play.alice.types("/chaos storm")
    assert await play.alice.mail() == f"<meta>: {BUSY}\r\n"
    await trio.sleep(6)
    await play.alice.mail()
    await play.alice.types("/demo")
    assert "parent: started!" in await play.alice.mail()


async def test_there_are_only_so_many_performances(
    play: Play, nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    """Whoever comes too late is told, and may try again a little later."""
    crowd = [await Guest(play.hub, nursery).joins(f"p-{n}") for n in range(ACTS_AT_ONCE + 1)]
    for guest in crowd:
        await guest.mail()
        guest.sends("/demo")
    await settled()
    told = [await guest.mail() for guest in crowd]
    assert sum("parent: started!" in mail for mail in told) == ACTS_AT_ONCE
    assert [mail for mail in told if "parent" not in mail] == [f"<meta>: {SOLD_OUT}\r\n"]
    await trio.sleep(10)
    late = crowd[told.index(f"<meta>: {SOLD_OUT}\r\n")]
    await late.mail()
    await late.types("/demo")
    assert "parent: started!" in await late.mail()


@pytest.mark.parametrize("line", ["/chaos", "/chaos flood", "/demo now", "/cancel bob"])
async def test_an_act_that_is_not_played_says_how_it_is_typed(play: Play, line: str) -> None:
    """And nothing happens."""
    await play.alice.types(line)
    assert (await play.alice.mail()).startswith(f"<meta>: Usage: {line.split(' ')[0]}")


@pytest.mark.parametrize(
    "line", ["/demo", "/chaos crash", "/chaos stall", "/chaos storm", "/cancel"]
)
async def test_without_a_theatre_nothing_is_performed(line: str) -> None:
    """Whoever asks is told; the tree can be looked at all the same."""
    async with a_room(UNLIMITED, theatre=False) as room, at_terminal(room, "alice") as alice:
        await alice.type(line)
        await alice.reads_line("<meta>: There is no theatre here.")
        await alice.type("/tasks")
        assert "0 s" in await alice.line()


# --- a crash, at both doors ---


@pytest.mark.parametrize("at", [at_terminal, at_browser])
async def test_a_crash_is_contained_at_the_door_of_whoever_asked_for_it(
    room: Bound, caplog: pytest.LogCaptureFixture, at: Callable[..., Any]
) -> None:
    """Told before, logged with its traceback; the others' tasks are the same as before."""
    async with at_browser(room, "bob") as bob, at_terminal(room, "alice") as alice:
        await bob.sees("joined", nick="alice")
        before = await _ids(bob)
        async with at(room, "eve") as eve:
            await bob.sees("joined", nick="eve")
            await alice.reads_line("<meta>: eve joined.")
            await eve.type("/chaos crash")
            if isinstance(eve, Terminal):
                assert (await eve.line()).startswith("<meta>: crash: in a second")
            else:
                notice = await eve.sees("notice")
                assert notice["text"].startswith("crash: in a second")
            await bob.sees("left", nick="eve", reason="")
        await alice.reads_line("<meta>: eve left")
        await alice.type("still there?")
        await bob.sees("said", text="still there?")
        after = await _ids(bob)
    same = {name: id for name, id in before.items() if name != "visitor"}
    assert same.items() <= after.items()
    (fault,) = [r for r in caplog.records if r.exc_info]
    assert fault.getMessage().endswith(" failed")
    assert "ChaosError" in caplog.text


async def _ids(bob: Browser) -> dict[str, int]:
    """The tasks that bob sees, by name."""
    await bob.type("/tasks")
    frame = await bob.sees("tasks")
    found: dict[str, int] = {}
    todo = [frame["root"]]
    while todo:
        task = todo.pop()
        found[task["name"]] = task["id"]
        todo += [child for nursery in task["nurseries"] for child in nursery["tasks"]]
    return found


async def test_an_act_goes_to_the_page_as_notices(
    nursery: trio.Nursery, play: Play, autojump_clock: trio.testing.MockClock
) -> None:
    """The same lines as on a terminal."""
    page = await Guest(play.hub, nursery, frames.encode, via="web").joins("page")
    await page.types("/demo")
    assert '{"type":"notice","text":"parent: started!"}' in await page.mail()
