"""The nursery pane: the program's own tasks, live, and what becomes of them in the theatre."""

import re

import pytest
from playwright.sync_api import Locator, expect

from backend.net.outbox import MAX_BYTES
from tests.browser.telnets import raw_telnet
from tests.browser.test_accessibility import each_theme, violations
from tests.browser.test_everyone import is_all_in_sight
from tests.browser.visitors import PHONE, Visitor, Visitors
from tests.processes import Running


def opens_the_tree(visitor: Visitor) -> Locator:
    """They press the button, and the tree is there."""
    visitor.page.get_by_role("button", name="Nursery", exact=True).click()
    tree = visitor.page.get_by_role("tree", name="Tasks")
    expect(task(tree, "main")).to_be_visible()
    return tree


def task(tree: Locator, name: str) -> Locator:
    """The task of this name, if it is there and not just fading."""
    return tree.get_by_role("treeitem", name=name, exact=True)


def performs(visitor: Visitor, act: str) -> None:
    """They press one of the theatre's buttons."""
    visitor.page.get_by_role("button", name=act, exact=True).click()


def ids(tree: Locator) -> dict[str, str]:
    """By name, what each task in the tree is known by as long as it lives."""
    found: dict[str, str] = tree.get_by_role("treeitem").evaluate_all(
        "items => Object.fromEntries(items.map(i => [i.getAttribute('aria-label'), i.dataset.key]))"
    )
    return found


def test_a_task_appears_as_somebody_joins_and_is_gone_when_they_leave(
    room: Running, visitors: Visitors
) -> None:
    """Theirs, and below the room's own; the frames that tell of it are no part of the talk."""
    bob = visitors.arrives(room.bound.page_url, "bob")
    tree = opens_the_tree(bob)
    the_room = task(tree, "the room")
    expect(task(the_room, "bob (web), you")).to_be_visible()
    expect(task(tree, "alice (telnet)")).to_have_count(0)
    with raw_telnet(room.bound, "alice") as alice:
        expect(task(the_room, "alice (telnet)")).to_be_visible()
        alice.says("/nick carol")
        expect(task(the_room, "carol (telnet)")).to_be_visible()
    expect(task(tree, "carol (telnet)")).to_have_count(0)
    expect(bob.log).not_to_contain_text("serve_until_told")


def test_the_demos_block_stands_until_the_second_child_is_done(
    room: Running, visitors: Visitors
) -> None:
    """Two children below one parent; one goes, the block stays; the other goes, and it closes."""
    bob = visitors.arrives(room.bound.page_url, "bob")
    tree = opens_the_tree(bob)
    performs(bob, "Demo")
    demo = task(tree, "bob: demo")
    block = demo.get_by_role("group")
    for child in ("bob: child 1", "bob: child 2"):
        expect(task(demo, child)).to_be_in_viewport()
    expect(block).to_have_accessible_name("Nursery, waits for 2")
    expect(task(tree, "bob: child 1")).to_have_count(0)
    expect(block).to_have_accessible_name("Nursery, waits for 1")
    expect(task(demo, "bob: child 2")).to_be_visible()
    expect(demo).to_have_count(0)
    bob.sees("parent: all done!")
    pane = bob.page.get_by_role("complementary", name="Nursery pane")
    expect(pane.get_by_text("parent: all done!")).to_be_visible()


def test_a_crash_in_one_handler_leaves_every_other_task_as_it_was(
    room: Running, visitors: Visitors
) -> None:
    """The one who asked for it is out, and the others' tasks are the very same ones."""
    bob = visitors.arrives(room.bound.page_url, "bob")
    carol = visitors.arrives(room.bound.page_url, "carol")
    with raw_telnet(room.bound, "alice"):
        seen_by_carol = opens_the_tree(carol)
        expect(task(seen_by_carol, "bob (web)")).to_be_visible()
        before = ids(seen_by_carol)
        opens_the_tree(bob)
        performs(bob, "Crash")
        expect(task(seen_by_carol, "bob (web)")).to_have_count(0)
        after = ids(seen_by_carol)
    for name in ("alice (telnet)", "carol (web), you", "the room", "postman"):
        assert after[name] == before[name]
    carol.sees("bob left")
    expect(bob.name).to_be_visible()
    # Whoever comes back sees the tree again: the pane has only waited.
    bob.joins("bob")
    tree = bob.page.get_by_role("tree", name="Tasks")
    expect(task(tree, "bob (web), you")).to_be_visible()
    assert "ChaosError" in room.logged()


def test_ones_own_task_can_be_cancelled_and_the_seat_is_taken_again(
    room: Running, visitors: Visitors
) -> None:
    """Cut off, and back by the same name with another task; nobody was told that bob left."""
    with raw_telnet(room.bound, "alice") as alice:
        bob = visitors.arrives(room.bound.page_url, "bob")
        tree = opens_the_tree(bob)
        mine = task(tree, "bob (web), you")
        offer = bob.page.get_by_role("button", name="Cancel it")
        task(tree, "alice (telnet)").click()
        expect(bob.page.get_by_role("region", name="Task")).to_contain_text("alice (telnet)")
        expect(offer).to_be_hidden()
        mine.get_by_text("bob (web)").click()
        before = ids(tree)["bob (web), you"]
        offer.click()
        expect(tree.locator(f"[data-key='{before}']")).to_have_count(0)
        expect(mine).to_be_visible()
        assert ids(tree)["bob (web), you"] != before
        bob.says("here I am again")
        alice.sees("<bob> : here I am again")
        bob.sees_once("here I am again")
        assert b"bob left" not in alice.screen


def test_lines_are_said_once_whatever_the_tree_asks_for_between_them(
    room: Running, visitors: Visitors
) -> None:
    """The room counts what the pane sends, so the page does, too: resuming depends on it."""
    with raw_telnet(room.bound, "alice") as alice:
        bob = visitors.arrives(room.bound.page_url, "bob")
        tree = opens_the_tree(bob)
        bob.says("first")
        for name in ("main", "the room", "postman"):
            task(tree, name).focus()
            expect(bob.page.get_by_role("region", name="Source")).to_contain_text("await")
        bob.says("second")
        bob.sees_once("first", "second")
        bob.says("/cancel")
        bob.says("third")
        bob.sees_once("first", "second", "third")
        expect(task(tree, "bob (web), you")).to_be_visible()
        bob.page.reload()
        expect(bob.message).to_be_visible()
        bob.says("fourth")
        alice.sees("<bob> : fourth")
        bob.sees_once("first", "second", "third", "fourth")
        for line in ("first", "second", "third", "fourth"):
            assert alice.screen.count(f"<bob> : {line}\r\n".encode()) == 1


def test_a_task_tells_what_it_waits_for_and_shows_the_source_around(
    room: Running, visitors: Visitors
) -> None:
    """Under the pointer, and under the keyboard's focus."""
    bob = visitors.arrives(room.bound.page_url, "bob")
    tree = opens_the_tree(bob)
    detail = bob.page.get_by_role("region", name="Task")
    source = bob.page.get_by_role("region", name="Source")
    expect(detail).to_be_hidden()
    task(tree, "keepalive").hover()
    expect(detail).to_contain_text("net.keepalive.keep_alive")
    expect(source).to_contain_text("async def keep_alive")
    expect(source.locator(".here")).to_contain_text("await")
    for key in ("Home", "ArrowDown", "ArrowDown"):
        tree.locator("[tabindex='0']").press(key)
    expect(task(tree, "the room")).to_be_focused()
    expect(detail).to_contain_text("app.serve")
    tree.locator(":focus").press("ArrowRight")
    expect(task(tree, "crier")).to_be_focused()
    tree.locator(":focus").press("ArrowLeft")
    expect(task(tree, "the room")).to_be_focused()


def test_a_storm_is_shown_one_by_one_and_counted_then_cancelled_together(
    room: Running, visitors: Visitors
) -> None:
    """Eight by name, the others as a number."""
    bob = visitors.arrives(room.bound.page_url, "bob")
    tree = opens_the_tree(bob)
    performs(bob, "Storm")
    expect(task(tree, "bob: storm child")).to_have_count(8)
    expect(tree.get_by_text("and 28 more: storm child")).to_be_visible()
    expect(tree.get_by_role("treeitem", name="storm child, cancelled").first).to_be_visible()
    expect(task(tree, "bob: storm")).to_have_count(0)
    bob.sees("storm: over.")


def test_who_is_stalled_fills_up_before_everybodys_eyes_and_the_others_chat_on(
    room: Running, visitors: Visitors
) -> None:
    """The gauge beside their task grows."""
    bob = visitors.arrives(room.bound.page_url, "bob")
    carol = visitors.arrives(room.bound.page_url, "carol")
    tree = opens_the_tree(carol)
    opens_the_tree(bob)
    performs(bob, "Stall")
    gauge = task(tree, "bob (web)").get_by_role("meter")
    expect(gauge).to_be_visible()
    carol.page.wait_for_function(
        "most => document.querySelector('[role=tree] meter')?.value > most / 8", arg=MAX_BYTES
    )
    carol.says("nobody waits for bob")
    carol.sees_once("nobody waits for bob")


def test_the_page_stays_where_it_is_when_an_act_is_brought_into_sight(
    busy_room: Running, visitors: Visitors
) -> None:
    """Only the tree scrolls, however much has been said."""
    bob = visitors.arrives(busy_room.bound.page_url, "bob")
    with raw_telnet(busy_room.bound, "alice") as alice:
        alice.says(*(f"line {number}" for number in range(40)))
        bob.sees("line 39")
    tree = opens_the_tree(bob)
    performs(bob, "Demo")
    expect(task(tree, "bob: child 2")).to_be_in_viewport()
    assert bob.page.evaluate("[document.body.scrollTop, scrollY]") == [0, 0]
    assert bob.page.evaluate("document.body.scrollHeight <= innerHeight")


def test_commands_typed_by_hand_open_the_tree_and_close_it(
    room: Running, visitors: Visitors
) -> None:
    """Also the first one of all: what it asked for is shown, not lost while the pane is loaded."""
    bob = visitors.arrives(room.bound.page_url, "bob")
    bob.says("/source net/hub.py 1")
    source = bob.page.get_by_role("region", name="Source")
    expect(source).to_contain_text("Between people and the room")
    button = bob.page.get_by_role("button", name="Nursery", exact=True)
    expect(button).to_have_attribute("aria-expanded", "true")
    expect(bob.message).to_be_focused()
    bob.says("/tasks stop")
    expect(button).to_have_attribute("aria-expanded", "false")
    expect(source).to_have_count(0)
    bob.says("/tasks")
    tree = bob.page.get_by_role("tree", name="Tasks")
    expect(task(tree, "bob (web), you")).to_be_visible()
    button.click()
    expect(tree).to_have_count(0)
    expect(button).to_have_attribute("aria-expanded", "false")


def test_a_page_that_nobody_sees_does_not_have_the_tree_walked_for_it(
    room: Running, visitors: Visitors
) -> None:
    """It costs the room something; whoever looks again sees it go on."""
    bob = visitors.arrives("about:blank")
    with bob.page.expect_websocket() as opened:
        bob.page.goto(room.bound.page_url)
    socket = opened.value
    bob.joins("bob")
    tree = opens_the_tree(bob)
    with socket.expect_event("framesent", lambda line: line == "/tasks stop"):
        bob.looks_elsewhere()
    with raw_telnet(room.bound, "alice") as alice:
        # What was under way has come when somebody else's word has.
        alice.says("is anybody looking?")
        bob.sees("is anybody looking?")
        expect(task(tree, "alice (telnet)")).to_have_count(0)
        with socket.expect_event("framesent", lambda line: line == "/tasks watch"):
            bob.looks_again()
        expect(task(tree, "alice (telnet)")).to_be_visible()
    expect(bob.page.get_by_role("button", name="Nursery", exact=True)).to_have_attribute(
        "aria-expanded", "true"
    )


def test_what_was_open_is_open_after_a_reload(room: Running, visitors: Visitors) -> None:
    """Nursery and terminal; what was closed stays closed, and the message has the keyboard."""
    bob = visitors.arrives(room.bound.page_url, "bob")
    tree = opens_the_tree(bob)
    bob.page.reload()
    expect(task(tree, "bob (web), you")).to_be_visible()
    expect(bob.message).to_be_visible()
    bob.page.get_by_role("button", name="Close tree").click()
    terminal = bob.page.get_by_role("complementary", name="Terminal pane")
    bob.page.get_by_role("button", name="Terminal").click()
    expect(terminal).to_contain_text("Please enter username:")
    bob.page.reload()
    expect(terminal).to_contain_text("Please enter username:")
    expect(tree).to_have_count(0)
    expect(bob.message).to_be_focused()
    bob.page.get_by_role("button", name="Close pane").click()
    bob.page.reload()
    expect(bob.message).to_be_visible()
    expect(terminal).to_have_count(0)
    bob.says("all is as it was")
    bob.sees_once("all is as it was")


def test_the_keyboard_is_enough_for_the_tree(room: Running, visitors: Visitors) -> None:
    """One Tab stop for all tasks; Enter chooses; Escape closes, and the button has the focus."""
    bob = visitors.arrives(room.bound.page_url, "bob")
    keyboard = bob.page.keyboard
    button = bob.page.get_by_role("button", name="Nursery", exact=True)
    button.press("Enter")
    tree = bob.page.get_by_role("tree", name="Tasks")
    expect(task(tree, "bob (web), you")).to_be_visible()
    for name in ("Close tree", "Demo", "Storm", "Stall", "Crash"):
        keyboard.press("Tab")
        expect(bob.page.get_by_role("button", name=name, exact=True)).to_be_focused()
    keyboard.press("Tab")
    expect(task(tree, "main")).to_be_focused()
    mine = task(tree, "bob (web), you")
    for _ in range(tree.get_by_role("treeitem").count()):
        if mine.evaluate("item => item === document.activeElement"):
            break
        keyboard.press("ArrowDown")
    keyboard.press("Enter")
    offer = bob.page.get_by_role("button", name="Cancel it")
    expect(offer).to_be_visible()
    keyboard.press("Tab")
    expect(offer).to_be_focused()
    keyboard.press("Escape")
    expect(tree).to_have_count(0)
    expect(button).to_be_focused()


def test_a_task_that_runs_glows_unless_motion_is_unwanted(
    room: Running, visitors: Visitors
) -> None:
    """Which has run is told either way; only the animation is left out."""
    lively = visitors.arrives(room.bound.page_url, "bob")
    calm = visitors.arrives(room.bound.page_url, "carol", reduced_motion="reduce")
    for visitor, animation in ((lively, re.compile("glow")), (calm, "none")):
        tree = opens_the_tree(visitor)
        row = task(tree, "postman").locator("> .row")
        expect(row).to_have_attribute("data-ran", re.compile("now|again"))
        expect(row).to_have_css("animation-name", animation, pseudo="before")


@pytest.mark.parametrize("size", ["desktop", "phone"])
@each_theme
def test_axe_finds_nothing_in_the_tree(
    theme: str, size: str, room: Running, visitors: Visitors
) -> None:
    """With an act on stage, and one's own task chosen; and nothing sticks out."""
    profile = {"color_scheme": theme, "reduced_motion": "reduce"}
    visitor = visitors.arrives(
        room.bound.page_url, "bob", **profile, **(PHONE if size == "phone" else {})
    )
    tree = opens_the_tree(visitor)
    performs(visitor, "Storm")
    expect(tree.get_by_text("and 28 more: storm child")).to_be_visible()
    task(tree, "bob (web), you").get_by_text("bob (web)").click()
    expect(visitor.page.get_by_role("region", name="Source")).to_contain_text("await")
    assert violations(visitor.page) == ""
    assert is_all_in_sight(visitor.page)
