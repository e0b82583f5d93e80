"""Connections that are dead though nobody has closed them, and what was typed into them.

The witness is somebody at a real telnet: what the room heard is on their screen.
"""

import re
from collections.abc import Iterator

import pytest
from pexpect import spawn
from playwright.sync_api import expect

from tests.browser.network import Network, network
from tests.browser.visitors import Visitor, Visitors
from tests.clients.programs import gnu_telnet
from tests.processes import Running, running

OFFLINE = re.compile("offline|reconnecting", re.I)


@pytest.fixture
def way(room: Running) -> Iterator[Network]:
    """A network that can be cut."""
    with network(room.bound) as way:
        yield way


@pytest.fixture
def witness(room: Running) -> Iterator["spawn[str]"]:
    """Alice, who sits at a telnet all the time."""
    with gnu_telnet(room.bound, "alice") as alice:
        yield alice


def with_a_clock(visitors: Visitors, url: str) -> Visitor:
    """Bob, on a page whose time can be made to pass."""
    bob = visitors.arrives("about:blank")
    bob.page.clock.install()
    bob.page.goto(url)
    return bob.joins("bob")


def seconds_pass(visitor: Visitor, seconds: int) -> None:
    """On the page."""
    visitor.page.clock.run_for(1000 * seconds)


def test_a_line_that_stays_unanswered_makes_the_page_come_by_another_connection(
    way: Network, visitors: Visitors, witness: "spawn[str]"
) -> None:
    """Nothing has told it that the first one is dead; the line is said once all the same."""
    bob = with_a_clock(visitors, way.url)
    witness.expect_exact("<meta>: bob joined.\r\n")
    bob.says("before")
    bob.sees_once("before")
    way.swallow()
    bob.says("into the void")
    seconds_pass(bob, 15)
    expect(bob.status).to_have_text("Connected")  # the answer may still be on its way
    seconds_pass(bob, 7)
    witness.expect_exact("<bob> : before\r\n<bob> : into the void\r\n")
    bob.sees_once("before", "into the void")
    bob.says("after")
    witness.expect_exact("<bob> : after\r\n")
    assert witness.before == ""


def test_a_line_passed_over_in_silence_costs_nobody_the_connection(
    way: Network, visitors: Visitors, witness: "spawn[str]"
) -> None:
    """Some commands have no answer; then the page asks for another sign of life, and has it."""
    bob = visitors.arrives("about:blank")
    bob.page.clock.install()
    with bob.page.expect_websocket() as opened:
        bob.page.goto(way.url)
    bob.joins("bob")
    witness.expect_exact("<meta>: bob joined.\r\n")
    bob.says("/tasks stop")
    with opened.value.expect_event("framesent", lambda frame: frame.startswith("/history")):
        seconds_pass(bob, 11)
    bob.says("still here")
    witness.expect_exact("<bob> : still here\r\n")
    bob.sees_once("still here")
    seconds_pass(bob, 60)
    assert not opened.value.is_closed()
    expect(bob.status).to_have_text("Connected")
    assert witness.before == ""


def test_who_looks_again_after_a_while_finds_out_that_the_connection_is_dead(
    way: Network, visitors: Visitors, witness: "spawn[str]"
) -> None:
    """Nothing was sent that could have been answered; what was said meanwhile is shown."""
    bob = with_a_clock(visitors, way.url)
    witness.expect_exact("<meta>: bob joined.\r\n")
    bob.looks_elsewhere()
    way.swallow()
    seconds_pass(bob, 60)
    witness.sendline("is bob asleep?")
    bob.looks_again()
    seconds_pass(bob, 22)
    bob.sees_once("is bob asleep?")
    expect(bob.status).to_have_text("Connected")


def test_a_room_that_is_silent_at_the_door_is_tried_again(
    way: Network, visitors: Visitors, witness: "spawn[str]"
) -> None:
    """A name that was given once is given once."""
    bob = visitors.arrives("about:blank")
    bob.page.clock.install()
    bob.page.goto(way.url)
    expect(bob.status).to_have_text("Connected")
    way.swallow()
    bob.name.fill("bob")
    bob.join.click()
    seconds_pass(bob, 22)
    expect(bob.message).to_be_visible()
    witness.expect_exact("<meta>: bob joined.\r\n")
    assert witness.before == ""


def test_a_command_that_may_have_been_lost_with_the_seat_is_for_the_reader_to_decide(
    visitors: Visitors,
) -> None:
    """Sent but unanswered, it is shown as not confirmed; never sent, it waits and is sent once."""
    with (
        running("--port", "0", "--telnet-port", "0", "--grace", "1") as room,
        gnu_telnet(room.bound, "alice") as alice,
        network(room.bound) as way,
    ):
        bob = visitors.arrives(way.url, "bob")
        alice.expect_exact("<meta>: bob joined.\r\n")
        bob.says("/who")
        bob.sees("2 here")
        way.swallow()
        bob.says("/me waves")
        bob.says("/msg alice psst")
        way.cut()
        expect(bob.status).to_contain_text(OFFLINE)
        bob.says("/me yawns")
        for text in ("/me waves", "/msg alice psst", "/me yawns"):
            bob.sees_once(text)
        expect(bob.log.get_by_text("pending")).to_have_count(1)
        alice.expect_exact("<meta>: bob left")
        way.restore()
        expect(bob.name).to_be_visible(timeout=40_000)
        bob.join.click()
        alice.expect_exact("<meta>: bob joined.\r\n* bob yawns\r\n")
        expect(bob.log.get_by_text("not confirmed")).to_have_count(2)
        bob.log.get_by_role("button", name="Send again").first.click()
        alice.expect_exact("* bob waves\r\n")
        expect(bob.log.get_by_text("not confirmed")).to_have_count(1)
        bob.log.get_by_role("button", name="Discard").click()
        expect(bob.log.get_by_text("not confirmed")).to_have_count(0)
        bob.sees_once("waves")
        expect(bob.log.get_by_text("psst")).to_have_count(0)
        bob.says("and that is all")
        alice.expect_exact("<bob> : and that is all\r\n")
        assert alice.before == ""
        visitors.leave()
        assert room.stop() == 0
