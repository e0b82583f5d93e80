"""``/tasks``: who sees the tree, when, and what looking on costs those who do not."""

import re
from typing import Any

import pytest
import trio
import trio.testing

from backend.app import Bound
from backend.net import watchers as watchers_module
from backend.net.backstage import LINES_AROUND, Backstage
from backend.net.hub import Hub
from backend.net.theatre import Theatre
from backend.net.watchers import MAX_WATCHERS, TOO_MANY, WALK_SECONDS, Watchers
from backend.nursery_view import Viewer
from backend.wire import frames
from tests.guests import Guest, settled
from tests.processes import ROOT
from tests.talkers import PATIENCE, Browser, Terminal, at_browser, at_sleeper, at_terminal

PACKAGE = ROOT / "backend"


class Walks:
    """Counts the walks."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        walk = Viewer.walk

        def counted(*args: Any) -> Any:
            self.count += 1
            return walk(*args)

        monkeypatch.setattr(Viewer, "walk", counted)


@pytest.fixture
def walks(monkeypatch: pytest.MonkeyPatch) -> Walks:
    """How often the tree has been walked."""
    return Walks(monkeypatch)


@pytest.fixture
async def hub(nursery: trio.Nursery) -> Hub:
    """A room with somebody who shows the tree, and no theatre."""
    hub = Hub()
    theatre = Theatre(hub)
    watchers = Watchers(hub, theatre.acts)
    hub.backstage = Backstage(hub, watchers, None, PACKAGE).obey
    nursery.start_soon(hub.postman.run, name="postman")
    nursery.start_soon(watchers.run, name="watchers")
    return hub


def flat(task: dict[str, Any]) -> list[dict[str, Any]]:
    """A task of a frame and all below it."""
    below = [child for nursery in task["nurseries"] for child in nursery["tasks"]]
    return [task, *(each for child in below for each in flat(child))]


def names(frame: dict[str, Any]) -> list[str]:
    """What the tasks of a frame are called."""
    return [task["name"] for task in flat(frame["root"])]


async def tree(browser: Browser) -> dict[str, Any]:
    """The next tree, whatever comes before it."""
    while (event := await browser.event())["type"] != "tasks":
        pass
    return event


async def tree_with(browser: Browser, name: str, *, there: bool = True) -> dict[str, Any]:
    """The next tree in which a task of this name is there, or is not."""
    with trio.fail_after(PATIENCE):
        while (name in names(frame := await tree(browser))) is not there:
            pass
    return frame


async def printed(terminal: Terminal) -> list[str]:
    """One tree on a terminal: from the main task to the last door's listener."""
    lines = [await terminal.line()]
    while True:
        lines.append(await terminal.line())
        if "listener" in lines[-1] and "telnet door" in lines[-2]:
            return lines


# --- what people see ---


async def test_tasks_prints_the_tree_once(room: Bound) -> None:
    """House, doors and people by name, what each waits on, and how long it has."""
    async with at_terminal(room, "alice") as alice, at_browser(room, "bob"), at_terminal(room):
        await alice.reads_line("<meta>: bob joined.")
        await alice.type("/tasks")
        lines = await printed(alice)
        assert all(line.startswith("<meta>: ") for line in lines)
        text = "\n".join(lines)
        for name in ("log", "postman", "keepalive", "web site", "theatre", "front door"):
            assert f"─ {name}  " in text
        assert "backend: " not in text  # what has no name but its function's
        assert re.search(r"─ alice \(telnet\)  \d s  net\.peer\.Peer\.receive:\d+\n", text)
        assert re.search(r"─ bob \(web\)  .*\n.*└─ bob: websocket reader  ", text)
        assert "─ somebody (telnet)  " in text


async def test_tasks_watch_prints_the_tree_when_it_changes(room: Bound) -> None:
    """Somebody comes, goes by another name and leaves."""
    async with at_terminal(room, "alice") as alice:
        await alice.type("/tasks watch")
        assert "bob" not in "\n".join(await printed(alice))
        async with at_terminal(room, "bob") as bob:
            await _until(alice, "bob (telnet)")
            await bob.type("/nick rob")
            await _until(alice, "rob (telnet)")
        await _until(alice, "─ rob", there=False)


async def _until(terminal: Terminal, name: str, *, there: bool = True) -> None:
    with trio.fail_after(PATIENCE):
        while True:
            lines = [await terminal.line()]
            if lines[0].endswith(("joined.", " left")) or " is now " in lines[0]:
                continue
            lines += await printed(terminal)
            if (name in "\n".join(lines)) is there:
                return


async def test_a_page_gets_the_tree_until_it_says_stop(room: Bound) -> None:
    """Each with the same ids for the same tasks, and the nick of whose a task is."""
    async with at_browser(room, "bob") as bob:
        await bob.type("/tasks watch")
        first = await tree(bob)
        async with at_terminal(room, "alice"):
            frame = await tree_with(bob, "alice (telnet)")
            (alice,) = [task for task in flat(frame["root"]) if task.get("nick") == "alice"]
            assert alice["mail"] == 0
            assert alice["waits_on"] == "net.peer.Peer.receive"
            assert (PACKAGE / alice["file"]).is_file()
            known = {task["id"]: task["name"] for task in flat(first["root"])}
            now = {task["id"]: task["name"] for task in flat(frame["root"])}
            assert {now[id] for id in now.keys() - known.keys()} == {"alice (telnet)"}
            assert {known[id] for id in known.keys() - now.keys()} <= {"visitor"}
        await tree_with(bob, "alice (telnet)", there=False)


@pytest.mark.parametrize("line", ["", "hello", "/who", "/tasks stop"])
async def test_the_next_line_from_a_terminal_ends_the_watching(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery, hub: Hub, line: str
) -> None:
    """Who types wants to see what comes of it."""
    alice = await Guest(hub, nursery).joins("alice")
    await alice.types("/tasks watch")
    await trio.sleep(1)
    assert "alice (telnet)" in await alice.mail()
    await alice.types(line)
    await alice.mail()
    await Guest(hub, nursery).joins("eve")
    await trio.sleep(10)
    assert await alice.mail() == "<meta>: eve joined.\r\n"


async def test_a_page_goes_on_watching_while_somebody_chats(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery, hub: Hub
) -> None:
    """Until it says stop; and neither the room nor its journal hears of that."""
    bob = await Guest(hub, nursery, frames.encode, via="web").joins("bob")
    await bob.types("/tasks watch", "hello")
    await trio.sleep(1)
    await bob.mail()
    await Guest(hub, nursery).joins("eve")
    await trio.sleep(1)
    assert '"eve (telnet)"' in await bob.mail()
    await bob.types("/tasks stop")
    await Guest(hub, nursery).joins("ann")
    await trio.sleep(10)
    mail = await bob.mail()
    assert '"type":"joined"' in mail
    assert '"type":"tasks"' not in mail
    assert '"type":"ran"' not in mail


async def test_a_page_is_told_what_runs(room: Bound) -> None:
    """Between two trees, by ids; the tree itself need not change."""
    async with at_browser(room, "bob") as bob, at_terminal(room, "alice") as alice:
        await bob.sees("joined", nick="alice")
        await bob.type("/tasks watch")
        ids = {task["name"]: task["id"] for task in flat((await tree(bob))["root"])}
        await alice.type("hello")
        ran: set[int] = set()
        with trio.fail_after(PATIENCE):
            while not {ids["alice (telnet)"], ids["postman"], ids["pulse"]} <= ran:
                event = await bob.event()
                ran |= set(event["ids"]) if event["type"] == "ran" else set()


async def test_who_stops_reading_is_seen_in_the_tree(room: Bound) -> None:
    """By the bytes that wait, and by the task that waits for the connection."""
    async with at_browser(room, "bob") as bob, at_sleeper(room, "sleeper"):
        await bob.sees("joined", nick="sleeper")
        for _ in range(200):
            await bob.type("x" * 1_000)
        await bob.type("/tasks watch")
        frame = await tree_with(bob, "sleeper: outbox")
    (sleeper,) = [task for task in flat(frame["root"]) if task.get("nick") == "sleeper"]
    assert sleeper["mail"] > 0


@pytest.mark.parametrize("line", ["/tasks now", "/tasks watch me", "/source", "/source x 1"])
async def test_a_command_that_is_typed_wrongly_says_how_it_is_typed(hub: Hub, line: str) -> None:
    """And the room hears nothing of it."""
    async with trio.open_nursery() as nursery:
        alice = await Guest(hub, nursery).joins("alice")
        await alice.types(line)
        assert (await alice.mail()).startswith(f"<meta>: Usage: {line.split(' ')[0]} ")
        alice.hangs_up()


async def test_source_shows_the_lines_around_one(hub: Hub) -> None:
    """Of this program's own modules, and of no other file."""
    async with trio.open_nursery() as nursery:
        alice = await Guest(hub, nursery).joins("alice")
        await alice.types("/source net/peer.py 20")
        lines = (await alice.mail()).splitlines()
        source = (PACKAGE / "net" / "peer.py").read_text().splitlines()
        numbers = range(20 - LINES_AROUND, 20 + LINES_AROUND + 1)
        assert lines == [
            "<meta>: net/peer.py",
            *(f"<meta>: {number:>4}  {source[number - 1]}".rstrip() for number in numbers),
        ]
        for file in ("../pyproject.toml", "/etc/hostname", "net/../app.py", "frontend/index.html"):
            await alice.types(f"/source {file} 1")
            assert (await alice.mail()).startswith("<meta>: Usage: /source ")
        for number in ("0", "1", "999999"):
            await alice.types(f"/source app.py {number}")
            assert (await alice.mail()).startswith("<meta>: app.py\r\n<meta>: ")
        alice.hangs_up()


async def test_somebody_without_a_name_is_shown_nothing(hub: Hub) -> None:
    """A command is no name."""
    async with trio.open_nursery() as nursery:
        stranger = Guest(hub, nursery)
        await stranger.types("/tasks")
        assert "Please enter another" in await stranger.mail()
        stranger.hangs_up()


# --- what it costs ---


async def test_nobody_walks_when_nobody_watches(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery, hub: Hub, walks: Walks
) -> None:
    """Neither before somebody asks nor after the last one is gone; nor is the scheduler watched."""
    alice = await Guest(hub, nursery, frames.encode, via="web").joins("alice")
    await alice.types("hello")
    await trio.sleep(100)
    assert walks.count == 0
    await alice.types("/tasks")
    await trio.sleep(100)
    assert walks.count == 1
    await alice.types("/tasks watch")
    await trio.sleep(10)
    assert walks.count > 10
    alice.hangs_up()
    await trio.sleep(1)
    count = walks.count
    await trio.sleep(100)
    assert walks.count == count


async def test_one_walk_serves_all_and_there_are_at_most_four_a_second(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery, hub: Hub, walks: Walks
) -> None:
    """However many look on, and however often they ask."""
    people = [await Guest(hub, nursery).joins(f"p-{number}") for number in range(20)]
    for guest in people[:10]:
        guest.sends("/tasks watch")
    for _ in range(100):
        for guest in people[10:]:
            guest.sends("/tasks")
        await trio.sleep(0.1)
    assert walks.count <= 10 / WALK_SECONDS + 1
    for guest in people[10:]:
        assert (await guest.mail()).count("watchers  ") == pytest.approx(walks.count, abs=1)


async def test_a_tree_that_has_not_changed_is_not_sent_again(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery, hub: Hub
) -> None:
    """In a room where nothing happens a watcher reads nothing."""
    alice = await Guest(hub, nursery).joins("alice")
    await alice.types("/tasks watch")
    await trio.sleep(1)
    assert (await alice.mail()).count("watchers  ") == 1
    await trio.sleep(100)
    assert await alice.mail() == ""


async def test_a_tree_is_encoded_once_per_wire(
    autojump_clock: trio.testing.MockClock,
    nursery: trio.Nursery,
    hub: Hub,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However many look on."""
    trees = 0
    to_json = frames.to_json

    def counted(event: Any) -> str:
        nonlocal trees
        trees += type(event).__name__ == "Tasks"
        return to_json(event)

    people = [
        await Guest(hub, nursery, frames.encode, via="web").joins(f"p-{n}") for n in range(10)
    ]
    monkeypatch.setattr(frames, "to_json", counted)
    for guest in people:
        guest.sends("/tasks watch")
    await trio.sleep(1)
    assert [(await guest.mail()).count('"type":"tasks"') for guest in people] == [1] * 10
    assert trees == 1


async def test_a_watcher_who_reads_slowly_misses_trees_and_is_not_given_up_for_that(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery, hub: Hub
) -> None:
    """The next one is sent when the last has left."""
    alice = await Guest(hub, nursery).joins("alice")
    await alice.types("/tasks watch")
    await trio.sleep(1)
    await alice.mail()
    alice.pipe.room = 10
    others = []
    for number in range(10):
        others.append(await Guest(hub, nursery).joins(f"p-{number}"))
        await trio.sleep(1)
    assert alice.connection is not None
    assert alice.connection.outbox.size < 10_000
    alice.pipe.open(1_000_000)
    await trio.sleep(1)
    text = await alice.mail()
    assert "p-9 joined." in text
    assert "and 3 more: terminals" in text


async def test_there_is_an_end_to_how_many_may_watch(nursery: trio.Nursery, hub: Hub) -> None:
    """Whoever is one too many is told, and may still look once."""
    people = [await Guest(hub, nursery).joins(f"p-{n}") for n in range(MAX_WATCHERS + 1)]
    for guest in people[:-1]:
        guest.sends("/tasks watch")
    await settled()
    last = people[-1]
    await last.mail()
    await last.types("/tasks watch")
    assert TOO_MANY in await last.mail()


async def test_a_fault_in_looking_on_is_nobody_elses(
    autojump_clock: trio.testing.MockClock,
    nursery: trio.Nursery,
    hub: Hub,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is logged once, the watchers see no more, and the next one who asks is shown the tree."""
    alice = await Guest(hub, nursery).joins("alice")
    monkeypatch.setattr(watchers_module, "main_task", "nothing to call")
    await alice.types("/tasks watch")
    await trio.sleep(10)
    assert [r.getMessage() for r in caplog.records if r.exc_info] == [
        "the task tree could not be shown"
    ]
    monkeypatch.undo()
    await alice.types("/tasks")
    await trio.sleep(1)
    assert "alice (telnet)" in await alice.mail()
