"""Reading: where the view stands, how far back one can go, and a long day."""

import re

from playwright.sync_api import Locator, expect

from tests.browser.telnets import RawTelnet, raw_telnet
from tests.browser.visitors import Visitor, Visitors
from tests.processes import Running

A_LONG_DAY = 5_000

BATCH = 100
"""Lines that come at once in a long day; then the page is waited for, as is a crowd's way."""

LONGEST_TASK = 500
"""Milliseconds for which the page may keep its reader waiting, on a machine shared with others."""

MAX_ELEMENTS = 5_000
"""In the whole page, whatever has been said."""

WATCH_LONG_TASKS = """
globalThis.longestTask = 0;
new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) longestTask = Math.max(longestTask, duration);
}).observe({ type: 'longtask' });
"""


def numbered(first: int, last: int) -> list[str]:
    """Lines that can be told from one another."""
    return [f"line {number}." for number in range(first, last + 1)]


def new_messages(visitor: Visitor) -> Locator:
    """The way to the end, for somebody who is reading further up."""
    return visitor.page.get_by_role("button", name=re.compile("new message", re.I))


def shown(visitor: Visitor) -> list[int]:
    """The numbers of the numbered lines that are in the conversation, from above."""
    return [int(number) for number in re.findall(r"line (\d+)\.", visitor.log.inner_text())]


def test_whoever_reads_further_up_stays_there_and_is_told_of_new_messages(
    busy_room: Running, visitors: Visitors
) -> None:
    """The view does not move by itself; one click leads to the end, and there it follows again."""
    with raw_telnet(busy_room.bound, "alice") as alice:
        bob = visitors.arrives(busy_room.bound.page_url, "bob")
        alice.says(*numbered(1, 60))
        bob.sees("line 60.")
        bob.is_at_the_end()
        expect(new_messages(bob)).to_be_hidden()

        bob.log.hover()
        bob.page.mouse.wheel(0, -600)
        place = bob.log.get_by_text("line 45.", exact=True)
        bob.page.wait_for_function("log => log.scrollTop < 10_000", arg=bob.log.element_handle())
        bob.settles()
        before = place.bounding_box()
        alice.says(*numbered(61, 80))
        expect(new_messages(bob)).to_be_visible()
        expect(bob.log.get_by_text("line 80.", exact=True)).to_have_count(1)
        bob.settles()
        assert place.bounding_box() == before

        new_messages(bob).click()
        expect(bob.log.get_by_text("line 80.", exact=True)).to_be_in_viewport()
        expect(new_messages(bob)).to_be_hidden()
        alice.says("and on it goes")
        expect(bob.log.get_by_text("and on it goes")).to_be_in_viewport()


def test_ones_own_line_leads_back_to_the_end(busy_room: Running, visitors: Visitors) -> None:
    """Whoever speaks wants to see it said."""
    with raw_telnet(busy_room.bound, "alice") as alice:
        bob = visitors.arrives(busy_room.bound.page_url, "bob")
        alice.says(*numbered(1, 60))
        bob.sees("line 60.")
        bob.log.hover()
        bob.page.mouse.wheel(0, -600)
        bob.says("me, too")
        expect(bob.log.get_by_text("me, too")).to_be_in_viewport()


def test_a_newcomer_sees_what_was_said_last_and_more_on_demand(
    busy_room: Running, visitors: Visitors
) -> None:
    """Back to the first line, each once and in order, without losing the place."""
    with raw_telnet(busy_room.bound, "alice") as alice:
        alice.says(*numbered(1, 150), "/who")
        alice.sees("1 here")
        bob = visitors.arrives(busy_room.bound.page_url, "bob")
        bob.sees("line 150.")
        expect(bob.log.get_by_text("Earlier", exact=True)).to_be_attached()
        assert shown(bob)[0] > 50
        bob.is_at_the_end()
        first = shown(bob)[0]
        # Not a real click, which would scroll there first: that is for the next ones.
        bob.page.get_by_role("button", name="earlier messages").dispatch_event("click")
        expect(bob.log.get_by_text(f"line {first - 1}.", exact=True)).to_have_count(1)
        while (first := shown(bob)[0]) > 1:
            in_sight = bob.log.get_by_text(f"line {first + 3}.", exact=True)
            bob.log.evaluate("log => log.scrollTo(0, 0)")
            expect(bob.log.get_by_text(f"line {first - 1}.", exact=True)).to_have_count(1)
            bob.settles()
            expect(in_sight).to_be_in_viewport()
        assert shown(bob) == list(range(1, 151))
        alice.says("and now?")
        bob.sees_once("line 1.", "line 150.", "and now?")


TOP = "element => element.getBoundingClientRect().top"

GO_TO_THE_TOP = """(element) => {
    element.closest('[role=log]').scrollTo(0, 0);
    return element.getBoundingClientRect().top;
}"""
"""And tell where this element is then, before anything can have come of it."""


def test_what_one_reads_does_not_move_when_older_lines_come_above_it(
    busy_room: Running, visitors: Visitors
) -> None:
    """Not by a pixel, from the first time on to the last, when the button for more goes away."""
    with raw_telnet(busy_room.bound, "alice") as alice:
        alice.says(*numbered(1, 150), "/who")
        alice.sees("1 here")
        bob = visitors.arrives(busy_room.bound.page_url, "bob")
        bob.sees("line 150.")
        while (first := shown(bob)[0]) > 1:
            reading = bob.log.get_by_text(f"line {first + 2}.", exact=True)
            before = reading.evaluate(GO_TO_THE_TOP)
            expect(bob.log.get_by_text(f"line {first - 1}.", exact=True)).to_have_count(1)
            bob.settles()
            assert abs(reading.evaluate(TOP) - before) <= 1
        expect(bob.page.get_by_role("button", name="earlier messages")).to_be_hidden()


def test_a_long_day_leaves_the_page_quick_and_small(busy_room: Running, visitors: Visitors) -> None:
    """Five thousand messages: no task keeps the reader waiting, and the page stays bounded."""
    with raw_telnet(busy_room.bound, "alice") as alice:
        bob = visitors.arrives("about:blank")
        bob.page.add_init_script(WATCH_LONG_TASKS)
        bob.page.goto(busy_room.bound.page_url)
        bob.joins("bob")
        for first in range(1, A_LONG_DAY, BATCH):
            say(alice, bob, first, first + BATCH - 1)
        bob.is_at_the_end()
        assert bob.page.evaluate("longestTask") <= LONGEST_TASK
        assert bob.page.evaluate("document.querySelectorAll('*').length") <= MAX_ELEMENTS
        newest = shown(bob)
        assert newest == list(range(newest[0], A_LONG_DAY + 1))
        bob.says("still here")
        bob.sees_once("still here")


def say(alice: RawTelnet, bob: Visitor, first: int, last: int) -> None:
    """Alice says these lines, and bob's page has the last."""
    alice.says(*numbered(first, last))
    expect(bob.log.get_by_text(f"line {last}.", exact=True)).to_have_count(1)


def test_one_speakers_lines_are_grouped_and_a_mention_of_me_stands_out(
    room: Running, visitors: Visitors
) -> None:
    """One byline for a breath of lines; my nick is marked where it is said, and not elsewhere."""
    with raw_telnet(room.bound, "alice") as alice:
        bob = visitors.arrives(room.bound.page_url, "bob")
        alice.says("good morning", "bob, are you there?", "bobsleighs are fast")
        bob.sees_once("good morning", "bobsleighs are fast")
        bylines = (
            bob.log.get_by_role("paragraph").filter(has_text=re.compile("^alice telnet")).all()
        )
        boxes = [byline.bounding_box() for byline in bylines]
        assert len([box for box in boxes if box and box["height"] > 1]) == 1
        expect(bob.log.locator("mark")).to_have_text(["bob"])


def test_many_who_come_and_go_take_one_line(busy_room: Running, visitors: Visitors) -> None:
    """Joins and leaves in a row are condensed."""
    bob = visitors.arrives(busy_room.bound.page_url, "bob")
    bob.says("quiet here")
    bob.sees_once("quiet here")
    for nick in ("ann", "cat", "dan", "eve", "fay"):
        with raw_telnet(busy_room.bound, nick):
            bob.sees(nick)
    expect(bob.people.get_by_role("listitem")).to_have_count(1)
    bob.sees("others joined")


def test_links_are_links_and_tell_nobody_where_they_were_found(
    room: Running, visitors: Visitors
) -> None:
    """Only http and https; a full stop after one is not part of it."""
    with raw_telnet(room.bound, "alice") as alice:
        bob = visitors.arrives(room.bound.page_url, "bob")
        alice.says(
            "see https://example.org/a?b=c&d=e#f.",
            "or (http://example.org/)",
            "not javascript:alert(1) nor data:text/html,hello nor ftp://example.org/x",
        )
        bob.sees("ftp://example.org/x")
        links = bob.log.get_by_role("link")
        expect(links).to_have_text(["https://example.org/a?b=c&d=e#f", "http://example.org/"])
        for link in links.all():
            assert set((link.get_attribute("rel") or "").split()) >= {
                "noopener",
                "noreferrer",
                "nofollow",
            }
            expect(link).to_have_attribute("target", "_blank")
