"""A seat that is kept: reloads, restarts, lost networks, other windows.

The witness is somebody at a real telnet: what the room heard and told is on their screen.
"""

import re
from collections.abc import Iterator

import pytest
from pexpect import spawn
from playwright.sync_api import expect

from tests.browser.network import Network, network
from tests.browser.telnets import raw_telnet
from tests.browser.visitors import Visitors
from tests.clients.programs import gnu_telnet
from tests.processes import Running, running


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


def quickly(*lines: str) -> str:
    """What the witness sees when bob says these lines, and nothing comes between."""
    return "".join(f"<bob> : {line}\r\n" for line in lines)


def test_a_reload_keeps_the_seat_and_nobody_notices(
    room: Running, visitors: Visitors, witness: "spawn[str]"
) -> None:
    """Same nick, same conversation, and neither a leave nor a join for the others."""
    bob = visitors.arrives(room.bound.page_url, "bob")
    witness.expect_exact("<meta>: bob joined.\r\n")
    carol = visitors.arrives(room.bound.page_url, "carol")
    witness.expect_exact("<meta>: carol joined.\r\n")
    bob.says("before")
    carol.sees_once("before")

    bob.page.reload()
    expect(bob.message).to_be_visible()
    bob.sees_once("before")
    expect(bob.people.get_by_role("listitem")).to_have_count(3)
    bob.says("after")
    carol.sees_once("before", "after")
    witness.expect_exact(quickly("before", "after"))
    assert witness.before == ""
    expect(carol.log.get_by_text("bob left")).to_have_count(0)
    # Only what happened before she came herself.
    expect(carol.log.get_by_text("bob joined")).to_have_text("alice and bob joined")


def test_after_a_reload_a_whisper_stands_where_it_was_said(
    room: Running, visitors: Visitors, witness: "spawn[str]"
) -> None:
    """The room tells it again before anything else, as it has no number; but it has a time."""
    bob = visitors.arrives(room.bound.page_url, "bob")
    bob.says("before")
    bob.sees_once("before")
    witness.sendline("/msg bob between us")
    bob.sees_once("between us")
    bob.says("after")
    bob.sees_once("before", "between us", "after")
    bob.page.reload()
    bob.sees_once("before", "between us", "after")


def test_a_restart_under_the_page_asks_for_the_name_again_and_loses_no_line(
    room: Running, visitors: Visitors
) -> None:
    """The page says what happened, offers the old name, and sends once what was typed meanwhile."""
    bob = visitors.arrives(room.bound.page_url, "bob")
    bob.says("before")
    bob.sees_once("before")
    assert room.stop() == 0
    expect(bob.status).to_contain_text("The room is")
    bob.says("typed meanwhile")
    bob.message.fill("half a thought")

    ports = ("--port", str(room.bound.port), "--telnet-port", "0")
    with running(*ports) as again, gnu_telnet(again.bound, "alice") as alice:
        expect(bob.name).to_be_visible(timeout=40_000)  # its attempts come ever more rarely
        expect(bob.name).to_have_value("bob")
        bob.join.click()
        alice.expect_exact("<meta>: bob joined.\r\n")
        alice.expect_exact(quickly("typed meanwhile"))
        expect(bob.message).to_have_value("half a thought")
        bob.send.click()
        alice.expect_exact(quickly("half a thought"))
        assert alice.before == ""
        bob.sees_once("before", "typed meanwhile", "half a thought")
        visitors.leave()
        assert again.stop() == 0


def test_a_room_that_was_started_anew_is_not_taken_for_the_one_before(
    room: Running, visitors: Visitors
) -> None:
    """Its ids begin again, and have come further when the page is back: all of it is shown."""
    bob = visitors.arrives(room.bound.page_url, "bob")
    bob.says("in the old room")
    bob.sees_once("in the old room")
    assert room.stop() == 0
    ports = ("--port", str(room.bound.port), "--telnet-port", "0")
    lines = [f"line {number}." for number in range(1, 151)]  # more than one answer holds
    with running(*ports, limits=False) as anew, raw_telnet(anew.bound, "alice") as alice:
        alice.says(*lines, "/who")
        alice.sees("1 here")
        expect(bob.name).to_be_visible(timeout=40_000)
        bob.join.click()
        bob.sees(lines[-1])
        expect(bob.log.get_by_text(re.compile(r"^line \d+\.$"))).to_have_text(lines)
        alice.says("live")
        bob.sees_once("in the old room", "line 1.", "line 150.", "live")
        bob.says("and here I am")
        bob.sees_once("live", "and here I am")
        expect(bob.log.get_by_text("alice joined")).to_have_count(1)
        visitors.leave()
        assert anew.stop() == 0


def test_after_a_cut_what_was_typed_meanwhile_is_said_once_and_in_order(
    way: Network, visitors: Visitors, witness: "spawn[str]"
) -> None:
    """And what the others said meanwhile is shown once, and counted."""
    bob = visitors.arrives(way.url, "bob")
    witness.expect_exact("<meta>: bob joined.\r\n")
    bob.says("before")
    bob.sees_once("before")

    way.cut()
    expect(bob.status).to_contain_text(re.compile("offline|reconnecting", re.I))
    for line in ("first", "second", "third"):
        bob.says(line)
    for line in ("did you hear that", "bob seems to be gone", "no, he is here"):
        witness.sendline(line)
    way.restore()

    witness.expect_exact(quickly("before"))
    witness.expect_exact(quickly("first", "second", "third"), timeout=40)
    assert "<" not in str(witness.before)  # only what she typed herself
    bob.sees_once("before", "did you hear that", "bob seems to be gone", "no, he is here", "third")
    bob.sees_once("before", "first", "second", "third")
    expect(bob.page.get_by_text(re.compile(r"missed 3\b")).first).to_be_visible()
    bob.says("after")
    witness.expect_exact(quickly("after"))
    assert witness.before == ""


def test_a_line_that_was_heard_is_not_said_again_when_its_receipt_got_lost(
    way: Network, visitors: Visitors, witness: "spawn[str]"
) -> None:
    """Only the room can know which of the unanswered lines it heard, and it says so."""
    bob = visitors.arrives(way.url, "bob")
    witness.expect_exact("<meta>: bob joined.\r\n")
    way.lose_answers()
    bob.says("heard")
    bob.says("heard, too")
    witness.expect_exact(quickly("heard", "heard, too"))
    way.cut()
    expect(bob.status).to_contain_text(re.compile("offline|reconnecting", re.I))
    bob.says("not heard")
    way.restore()
    witness.expect_exact(quickly("not heard"), timeout=40)
    assert witness.before == ""
    bob.sees_once("heard", "heard, too", "not heard")


def test_lines_typed_while_offline_show_as_pending_until_they_are_said(
    way: Network, visitors: Visitors, witness: "spawn[str]"
) -> None:
    """Nobody has to wonder whether a line got through."""
    bob = visitors.arrives(way.url, "bob")
    way.cut()
    expect(bob.status).to_contain_text(re.compile("offline|reconnecting", re.I))
    bob.says("are you there?")
    waiting = bob.page.get_by_text("are you there?", exact=True)
    expect(waiting).to_have_count(1)
    expect(bob.page.get_by_text(re.compile("sending|waiting|pending", re.I)).first).to_be_visible()
    way.restore()
    witness.expect_exact(quickly("are you there?"), timeout=40)
    bob.sees_once("are you there?")


def test_what_a_button_opens_comes_when_the_network_does(way: Network, visitors: Visitors) -> None:
    """The page loads some of itself when it is wanted; no button is dead for having waited."""
    bob = visitors.arrives(way.url, "bob")
    way.cut()
    expect(bob.status).to_contain_text(re.compile("offline|reconnecting", re.I))
    bob.page.get_by_role("button", name="Settings").click()
    way.restore()
    expect(bob.page.get_by_role("checkbox", name="Notifications")).to_be_visible()


def test_offline_the_page_says_so_and_comes_back_with_the_network(
    room: Running, visitors: Visitors, witness: "spawn[str]"
) -> None:
    """By the browser's own word: its offline emulation says so, and holds what is sent."""
    bob = visitors.arrives(room.bound.page_url, "bob")
    witness.expect_exact("<meta>: bob joined.\r\n")
    bob.page.context.set_offline(True)
    for line in ("one", "two", "three"):
        bob.says(line)
    witness.sendline("meanwhile")
    bob.page.context.set_offline(False)
    witness.expect_exact(quickly("one", "two", "three"), timeout=40)
    bob.sees_once("one", "two", "three")
    bob.sees_once("meanwhile")
    bob.says("after")
    witness.expect_exact(quickly("after"))
    assert witness.before == ""


def test_the_newer_tab_takes_over_and_the_older_one_says_so(
    room: Running, visitors: Visitors, witness: "spawn[str]"
) -> None:
    """A duplicated tab is the same person: one seat, the newest window has it, nobody notices."""
    older = visitors.arrives(room.bound.page_url, "bob")
    witness.expect_exact("<meta>: bob joined.\r\n")
    older.says("in the older one")
    newer = visitors.duplicates(older)
    expect(newer.message).to_be_visible()
    newer.sees_once("in the older one")
    expect(older.status).to_contain_text(re.compile("another window|elsewhere"))
    newer.says("in the newer one")
    newer.sees_once("in the older one", "in the newer one")

    older.page.get_by_role("button", name="Use here").click()
    expect(newer.status).to_contain_text(re.compile("another window|elsewhere"))
    older.sees_once("in the older one", "in the newer one")
    older.says("back in the older one")
    witness.expect_exact(quickly("in the older one", "in the newer one", "back in the older one"))
    assert witness.before == ""


def test_who_stays_away_too_long_has_left_and_may_come_back_by_the_old_name(
    visitors: Visitors,
) -> None:
    """The others are told when the grace is over, and no line typed meanwhile is lost."""
    with (
        running("--port", "0", "--telnet-port", "0", "--grace", "1") as room,
        gnu_telnet(room.bound, "alice") as alice,
        network(room.bound) as way,
    ):
        bob = visitors.arrives(way.url, "bob")
        alice.expect_exact("<meta>: bob joined.\r\n")
        way.cut()
        expect(bob.status).to_contain_text(re.compile("offline|reconnecting", re.I))
        bob.says("typed meanwhile")
        alice.expect_exact("<meta>: bob left")
        way.restore()
        expect(bob.name).to_be_visible(timeout=40_000)
        expect(bob.name).to_have_value("bob")
        bob.join.click()
        alice.expect_exact("<meta>: bob joined.\r\n" + quickly("typed meanwhile"))
        bob.sees_once("typed meanwhile")
        visitors.leave()
        assert room.stop() == 0


def test_who_quits_is_gone_at_once_and_the_page_does_not_come_back_by_itself(
    room: Running, visitors: Visitors, witness: "spawn[str]"
) -> None:
    """A seat is kept for somebody who was cut off, not for somebody who left."""
    bob = visitors.arrives(room.bound.page_url, "bob")
    witness.expect_exact("<meta>: bob joined.\r\n")
    bob.says("/quit")
    witness.expect_exact("<meta>: bob left\r\n", timeout=5)
    expect(bob.name).to_be_visible()
    bob.joins("bob")
    witness.expect_exact("<meta>: bob joined.\r\n")
