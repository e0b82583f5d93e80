"""For everyone: small screens, keyboards, both themes, and no accessibility violations.

axe-core says what it finds on each main state of the page.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.network import network
from tests.browser.telnets import raw_telnet
from tests.browser.visitors import Visitor, Visitors
from tests.processes import Running

THEMES = ("light", "dark")

PHONE: dict[str, Any] = {
    "viewport": {"width": 320, "height": 568},
    "is_mobile": True,
    "has_touch": True,
}
"""The smallest phone that is still in use, and the width WCAG 1.4.10 (reflow) asks for."""

WITH_KEYBOARD = {"width": 320, "height": 280}
"""What is left of it when the keyboard is out."""

BRIGHTNESS = """Math.max(...getComputedStyle(document.documentElement)
    .backgroundColor.match(/\\d+/g).slice(0, 3).map(Number))"""
"""Of the page's background, from 0 to 255."""

each_theme = pytest.mark.parametrize("theme", THEMES)


def violations(page: Page) -> str:
    """What axe-core finds on the page as it is; empty if nothing."""
    found = Axe().run(page)
    return str(found.generate_report()) if found.violations_count else ""


def brightness(page: Page) -> float:
    """How light the page's background is, from 0 to 255."""
    light: float = page.evaluate(BRIGHTNESS)
    return light


def is_all_in_sight(page: Page) -> bool:
    """Whether nothing makes the page scroll sideways."""
    fits: bool = page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    return fits


# --- states of the page ---


def at_the_door(_: Visitor, __: Running) -> None:
    """Nobody has given a name yet."""


def refused(visitor: Visitor, _: Running) -> None:
    """A name would not do."""
    visitor.name.fill("operator")
    visitor.join.click()
    expect(visitor.page.get_by_text("reserved")).to_be_visible()


def in_conversation(visitor: Visitor, room: Running) -> None:
    """All kinds of lines, from both doors."""
    with raw_telnet(room.bound, "alice") as alice:
        visitor.joins("bob")
        alice.says("hello bob", "see https://example.org/", "/me waves", "/msg bob a secret")
        visitor.sees("a secret")
        visitor.says("/who")
        visitor.says("hello alice")
        visitor.sees("hello alice")
    visitor.sees("alice left")


def with_a_terminal(visitor: Visitor, _: Running) -> None:
    """The terminal pane is open, and somebody has joined by it."""
    visitor.joins("bob")
    visitor.page.get_by_role("button", name="Terminal").click()
    keys = visitor.page.get_by_role("textbox", name="Terminal input")
    keys.fill("alice")
    keys.press("Enter")
    visitor.sees("alice joined")


def in_the_settings(visitor: Visitor, _: Running) -> None:
    """Theme, notifications and sound."""
    visitor.joins("bob")
    visitor.page.get_by_role("button", name="Settings").click()
    expect(visitor.page.get_by_role("checkbox", name="Notifications")).to_be_visible()


def told_of_telnet(visitor: Visitor, _: Running) -> None:
    """The card with what to type in a terminal."""
    visitor.joins("bob")
    visitor.page.get_by_role("button", name="Telnet").click()
    expect(visitor.page.get_by_role("button", name="Copy")).to_be_visible()


def choosing_a_command(visitor: Visitor, _: Running) -> None:
    """The menu of commands is open."""
    visitor.joins("bob").has_help()
    visitor.message.press_sequentially("/")
    expect(visitor.page.get_by_role("option", name="/nick")).to_be_visible()


def offline(visitor: Visitor, room: Running) -> None:
    """The room is gone, and a line waits for it."""
    with network(room.bound) as way:
        visitor.page.goto(way.url)
        visitor.joins("bob")
        way.cut()
        expect(visitor.status).to_contain_text(re.compile("offline|reconnecting", re.I))
        visitor.says("is anybody there?")
        visitor.sees("is anybody there?")


State = Callable[[Visitor, Running], None]

STATES: tuple[State, ...] = (
    *(at_the_door, refused, in_conversation, choosing_a_command, offline),
    *(with_a_terminal, told_of_telnet, in_the_settings),
)


@each_theme
@pytest.mark.parametrize("reach", STATES, ids=lambda state: state.__name__)
def test_axe_finds_nothing(reach: State, theme: str, room: Running, visitors: Visitors) -> None:
    """Neither in the light nor in the dark, on a desktop or a phone."""
    # Halfway through a fade there is no contrast to speak of.
    still = {"color_scheme": theme, "reduced_motion": "reduce"}
    visitor = visitors.arrives(room.bound.page_url, **still)
    reach(visitor, room)
    assert violations(visitor.page) == ""
    visitor.page.set_viewport_size(PHONE["viewport"])
    assert violations(visitor.page) == ""


def test_the_phone_of_320_pixels_is_enough(room: Running, visitors: Visitors) -> None:
    """Nothing sticks out, whatever is said, and what one types into stays above the keyboard."""
    with raw_telnet(room.bound, "alice") as alice:
        bob = visitors.arrives(room.bound.page_url, **PHONE)
        expect(bob.join).to_be_in_viewport(ratio=1)
        assert is_all_in_sight(bob.page)
        bob.joins("bob")
        alice.says("w" * 1_000, "https://example.org/" + "long/" * 100, "and an end")
        bob.sees("and an end")
        assert is_all_in_sight(bob.page)
        bob.message.tap()
        bob.page.set_viewport_size(WITH_KEYBOARD)  # type: ignore[arg-type]
        for control in (bob.message, bob.send):
            expect(control).to_be_in_viewport(ratio=1)
        expect(bob.log.get_by_text("and an end")).to_be_in_viewport()
        bob.message.fill("from my phone")
        bob.send.tap()
        expect(bob.log.get_by_text("from my phone")).to_be_in_viewport()
        assert is_all_in_sight(bob.page)


def tab_stops(page: Page, most: int = 60) -> Iterator[str]:
    """The names of what has the focus, one Tab after another; it has to be visible each time."""
    for _ in range(most):
        page.keyboard.press("Tab")
        focused: dict[str, Any] = page.evaluate(
            """() => {
                const { activeElement: it } = document;
                const isMarked = (element) => {
                    const { outlineStyle, boxShadow } = getComputedStyle(element);
                    return outlineStyle !== 'none' || boxShadow !== 'none';
                };
                if (it === document.body) return { name: '', visible: true }; // the browser's own
                const name = it.getAttribute('aria-label') || it.labels?.[0]?.textContent
                    || it.textContent || '';
                const marked = [it, it.parentElement].some(isMarked);
                return { name: name.trim(), visible: marked };
            }"""
        )
        assert focused["visible"], f"nobody sees that {focused['name']!r} has the focus"
        yield focused["name"]


def test_the_keyboard_is_enough(room: Running, visitors: Visitors) -> None:
    """Come in, talk, open the terminal and leave it, all without a pointer."""
    bob = visitors.arrives(room.bound.page_url)
    keyboard = bob.page.keyboard
    expect(bob.name).to_be_focused()
    keyboard.type("bob")
    keyboard.press("Enter")
    expect(bob.message).to_be_focused()
    keyboard.type("no mouse here")
    keyboard.press("Enter")
    bob.sees("no mouse here")
    expect(bob.message).to_be_focused()

    stops = tab_stops(bob.page)
    seen = [next(stops)]
    while "Terminal" not in seen[-1]:
        seen.append(next(stops))
    keyboard.press("Enter")
    keys = bob.page.get_by_role("textbox", name="Terminal input")
    expect(keys).to_be_focused()
    keyboard.type("alice")
    keyboard.press("Enter")
    bob.sees("alice joined")
    seen = [next(stops)]
    while "Message" not in seen[-1]:
        seen.append(next(stops))
    keyboard.type("and back")
    keyboard.press("Enter")
    bob.sees("and back")


def test_the_theme_is_the_systems_until_it_is_switched(room: Running, visitors: Visitors) -> None:
    """And what was chosen by hand outlasts a reload."""
    dark = visitors.arrives(room.bound.page_url, color_scheme="dark")
    assert brightness(dark.page) < 64
    light = visitors.arrives(room.bound.page_url, color_scheme="light")
    assert brightness(light.page) > 192
    light.joins("bob")
    light.page.get_by_role("button", name="Settings").click()
    light.page.get_by_text("Dark", exact=True).click()
    light.page.wait_for_function(f"{BRIGHTNESS} < 64")
    light.page.reload()
    expect(light.message).to_be_visible()
    assert brightness(light.page) < 64


def test_history_is_not_read_aloud(room: Running, visitors: Visitors) -> None:
    """The log is polite, and is no live region while what was said before is filled in."""
    with raw_telnet(room.bound, "alice") as alice:
        alice.says("before you came", "/who")
        alice.sees("1 here")
        bob = visitors.arrives("about:blank")
        bob.page.add_init_script(
            """globalThis.readAloud = [];
            addEventListener('DOMContentLoaded', () => new MutationObserver((changes) => {
              for (const { addedNodes, target } of changes) {
                const live = target.closest?.('[aria-live]');
                const loud = live && live.getAttribute('aria-live') !== 'off';
                if (loud && target.closest('[role=log]')) {
                  for (const node of addedNodes) readAloud.push(node.textContent);
                }
              }
            }).observe(document, { subtree: true, childList: true }));"""
        )
        bob.page.goto(room.bound.page_url)
        bob.joins("bob")
        bob.sees("before you came")
        alice.says("now you hear me")
        bob.sees("now you hear me")
        said = "".join(bob.page.evaluate("readAloud"))
        assert "now you hear me" in said
        assert "before you came" not in said


def test_nobody_is_asked_about_notifications_unless_they_ask(
    room: Running, visitors: Visitors
) -> None:
    """The browser's question comes after a click, never by itself."""
    bob = visitors.arrives("about:blank")
    bob.page.add_init_script(
        """globalThis.asked = 0;
        Notification.requestPermission = async () => { asked += 1; return 'denied'; };"""
    )
    bob.page.goto(room.bound.page_url)
    bob.joins("bob")
    with raw_telnet(room.bound, "alice") as alice:
        alice.says("bob, look here")
        bob.sees("look here")
        assert bob.page.evaluate("asked") == 0
        bob.page.get_by_role("button", name="Settings").click()
        bob.page.get_by_role("checkbox", name="Notifications").click()
        bob.page.wait_for_function("asked === 1")
