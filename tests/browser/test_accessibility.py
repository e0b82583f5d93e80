"""axe-core finds nothing on any main state of the page, in the light or in the dark."""

import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.network import network
from tests.browser.telnets import raw_telnet
from tests.browser.visitors import PHONE, Visitor, Visitors
from tests.processes import Running

each_theme = pytest.mark.parametrize("theme", ["light", "dark"])


def violations(page: Page) -> str:
    """What axe-core finds on the page as it is; empty if nothing."""
    found = Axe().run(page)
    return str(found.generate_report()) if found.violations_count else ""


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
    """The room is gone, and a line and a command wait for it."""
    with network(room.bound) as way:
        visitor.page.goto(way.url)
        visitor.joins("bob")
        way.cut()
        expect(visitor.status).to_contain_text(re.compile("offline|reconnecting", re.I))
        visitor.says("is anybody there?")
        visitor.says("/me waits")
        visitor.sees("is anybody there?")
        visitor.sees("/me waits")


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
