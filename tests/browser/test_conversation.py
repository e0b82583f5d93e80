"""Browsers and telnets in one room: coming in, talking, leaving."""

import re

from playwright.sync_api import WebSocketRoute, expect

from tests.browser.visitors import Visitors
from tests.clients.programs import gnu_telnet
from tests.processes import Running


def test_from_the_first_visit_to_the_first_message_it_takes_a_name(
    room: Running, visitors: Visitors
) -> None:
    """Nothing to configure, nothing to read: the name field has the keyboard, then the message."""
    alice = visitors.arrives(room.bound.page_url)
    expect(alice.name).to_be_focused()
    expect(alice.message).to_be_hidden()
    alice.page.keyboard.type("alice")
    alice.page.keyboard.press("Enter")
    expect(alice.message).to_be_focused()
    expect(alice.name).to_be_hidden()
    alice.page.keyboard.type("hello, anybody here?")
    alice.page.keyboard.press("Enter")
    alice.sees_once("hello, anybody here?")
    expect(alice.message).to_have_value("")
    expect(alice.people.get_by_role("listitem")).to_have_count(1)


def test_two_browsers_and_a_telnet_have_one_conversation(room: Running, visitors: Visitors) -> None:
    """Everybody sees everybody's lines, joins and leaves."""
    with gnu_telnet(room.bound, "alice") as alice:
        bob = visitors.arrives(room.bound.page_url, "bob")
        alice.expect_exact("<meta>: bob joined.\r\n")
        carol = visitors.arrives(room.bound.page_url, "carol")
        alice.expect_exact("<meta>: carol joined.\r\n")
        for visitor in (bob, carol):
            expect(visitor.people.get_by_role("listitem")).to_have_count(3)
            expect(visitor.page.get_by_text("telnet").first).to_be_visible()

        bob.says("hi alice, how are you")
        alice.expect_exact("<bob> : hi alice, how are you\r\n")
        alice.sendline("fine, and <b>you</b>?")
        carol.sees("fine, and <b>you</b>?")
        carol.says("so am I")
        alice.expect_exact("<carol> : so am I\r\n")
        for visitor in (bob, carol):
            visitor.sees_once("hi alice, how are you", "fine, and <b>you</b>?", "so am I")

        carol.says("/quit see you")
        alice.expect_exact("<meta>: carol left (see you)\r\n")
        bob.sees("carol left")
        expect(bob.people.get_by_role("listitem")).to_have_count(2)


def test_the_page_says_why_a_name_will_not_do(room: Running, visitors: Visitors) -> None:
    """And asks again, with what was typed still there."""
    with gnu_telnet(room.bound, "alice"):
        bob = visitors.arrives(room.bound.page_url)
        bob.name.fill("Alice")
        bob.join.click()
        expect(bob.page.get_by_text("Username taken")).to_be_visible()
        expect(bob.name).to_have_value("Alice")
        bob.joins("bob")
        bob.says("there")
        bob.sees_once("there")


def test_a_block_of_text_becomes_lines_that_can_be_recalled(
    room: Running, visitors: Visitors
) -> None:
    """Shift-Enter starts another line, Enter sends them all, and Up brings back the last."""
    with gnu_telnet(room.bound, "alice") as alice:
        bob = visitors.arrives(room.bound.page_url, "bob")
        bob.has_help()
        bob.message.press_sequentially("one")
        bob.message.press("Shift+Enter")
        bob.message.press_sequentially("two")
        bob.message.press("Enter")
        alice.expect_exact("<bob> : one\r\n<bob> : two\r\n")
        bob.sees_once("one", "two")
        bob.message.press("ArrowUp")
        expect(bob.message).to_have_value(re.compile("two$"))


def test_tab_completes_a_nick_and_a_slash_offers_the_commands(
    room: Running, visitors: Visitors
) -> None:
    """With the keyboard alone, and Enter takes what is offered."""
    with gnu_telnet(room.bound, "alice") as alice:
        bob = visitors.arrives(room.bound.page_url, "bob")
        expect(bob.people.get_by_role("listitem")).to_have_count(2)
        bob.has_help()
        bob.message.press_sequentially("al")
        bob.message.press("Tab")
        expect(bob.message).to_have_value("alice: ")
        bob.message.press_sequentially("hello")
        bob.message.press("Enter")
        alice.expect_exact("<bob> : alice: hello\r\n")
        bob.message.press_sequentially("/")
        expect(bob.page.get_by_role("option", name="/nick")).to_be_visible()
        bob.message.press_sequentially("ni")
        bob.message.press("Tab")
        expect(bob.message).to_have_value("/nick ")
        bob.message.press_sequentially("robert")
        bob.message.press("Enter")
        alice.expect_exact("bob is now robert")


def test_browsers_see_each_other_typing_and_telnet_sees_nothing(
    room: Running, visitors: Visitors
) -> None:
    """Until what was typed has been said."""
    with gnu_telnet(room.bound, "alice") as alice:
        bob = visitors.arrives(room.bound.page_url, "bob")
        carol = visitors.arrives(room.bound.page_url, "carol")
        alice.expect_exact("<meta>: carol joined.\r\n")
        bob.message.press_sequentially("a thought")
        expect(carol.page.get_by_text("bob is typing")).to_be_visible()
        expect(bob.page.get_by_text("is typing")).to_be_hidden()
        bob.message.press("Enter")
        carol.sees_once("a thought")
        expect(carol.page.get_by_text("bob is typing")).to_be_hidden()
        alice.expect_exact("<bob> : a thought\r\n")
        assert alice.before == ""


def test_a_whisper_is_for_one(room: Running, visitors: Visitors) -> None:
    """It is marked as one, and nobody else sees it."""
    bob = visitors.arrives(room.bound.page_url, "bob")
    carol = visitors.arrives(room.bound.page_url, "carol")
    dave = visitors.arrives(room.bound.page_url, "dave")
    bob.says("/msg carol between us")
    carol.sees_once("between us")
    bob.sees_once("between us")
    bob.says("to all")
    dave.sees_once("to all")
    expect(dave.page.get_by_text("between us")).to_have_count(0)


def test_the_name_form_does_not_wait_for_the_network(room: Running, visitors: Visitors) -> None:
    """With a websocket that never answers, somebody can begin to type."""

    def keep_silent(_: WebSocketRoute) -> None:
        pass

    bob = visitors.arrives("about:blank")
    bob.page.route_web_socket("**/ws", keep_silent)
    bob.page.goto(room.bound.page_url)
    expect(bob.name).to_be_focused()


def test_a_terminal_pane_is_a_telnet_of_ones_own(room: Running, visitors: Visitors) -> None:
    """Both sides of one conversation on one screen."""
    bob = visitors.arrives(room.bound.page_url, "bob")
    bob.page.get_by_role("button", name="Terminal").click()
    screen = bob.page.get_by_role("log", name="Terminal output")
    keys = bob.page.get_by_role("textbox", name="Terminal input")
    expect(screen).to_contain_text("<meta>: Please enter username:")
    keys.fill("alice")
    keys.press("Enter")
    expect(screen).to_contain_text("<meta>: Welcome alice.")
    bob.sees("alice joined")
    expect(bob.people.get_by_role("listitem")).to_have_count(2)

    bob.says("hello, terminal")
    expect(screen).to_contain_text("<bob> : hello, terminal")
    keys.fill("hello, page")
    keys.press("Enter")
    bob.sees_once("hello, terminal", "hello, page")

    keys.fill("/quit")
    keys.press("Enter")
    expect(screen).to_contain_text("Goodbye alice")
    bob.sees("alice left")


def test_a_card_says_what_to_type_in_a_terminal(room: Running, visitors: Visitors) -> None:
    """With the port this very program listens on, and a button that copies it."""
    origin = room.bound.page_url
    bob = visitors.arrives(origin, "bob", permissions=["clipboard-read", "clipboard-write"])
    bob.page.get_by_role("button", name="Telnet").click()
    command = f"telnet localhost {room.bound.telnet_port}"
    expect(bob.page.get_by_text(command)).to_be_visible()
    bob.page.get_by_role("button", name="Copy").click()
    bob.page.wait_for_function(
        "command => navigator.clipboard.readText().then(text => text === command)", arg=command
    )
