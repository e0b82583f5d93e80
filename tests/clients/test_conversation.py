"""A real Chromium and a real GNU telnet in the same room."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.clients.programs import Visitor, chromium, gnu_telnet, program, terminal
from tests.processes import Running, running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for this module."""
    with chromium() as browser:
        yield browser


@pytest.fixture
def room() -> Iterator[Running]:
    """The real program."""
    with running("--port", "0", "--telnet-port", "0") as room:
        yield room
        assert room.stop() == 0


@pytest.fixture
def visitor(browser: Browser, room: Running) -> Iterator[Visitor]:
    """Somebody who has opened the page; whatever goes wrong on it is a failure."""
    page = browser.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
    page.goto(room.bound.page_url)
    yield Visitor(page)
    page.close()
    assert problems == []


def test_chromium_and_telnet_see_each_others_lines_joins_and_leaves(
    room: Running, visitor: Visitor
) -> None:
    """The first thing that works, whole."""
    with gnu_telnet(room.bound, "alice") as alice:
        visitor.joins("bob")
        alice.expect_exact("<meta>: bob joined.\r\n")
        expect(visitor.people.get_by_role("listitem")).to_have_count(2)
        expect(visitor.people).to_contain_text("telnet")

        visitor.says("hi alice, how are you")
        visitor.sees("hi alice, how are you")
        alice.expect_exact("<bob> : hi alice, how are you\r\n")
        alice.sendline("fine, and <b>you</b>?")
        visitor.sees("fine, and <b>you</b>?")

        with gnu_telnet(room.bound, "carol") as carol:
            alice.expect_exact("<meta>: carol joined.\r\n")
            visitor.sees("carol joined")
            carol.sendline("/quit see you")
            carol.expect_exact("<meta>: Goodbye carol.\r\n")
            carol.expect_exact("Connection closed by foreign host.")
        alice.expect_exact("<meta>: carol left (see you)\r\n")
        visitor.sees("carol left")

        visitor.page.close()
        alice.expect_exact("<meta>: bob left\r\n")


def test_the_tutorials_transcript_with_two_real_telnets(room: Running) -> None:
    """Prompt, taken name, welcome, joined, talk, left: text for text."""
    with gnu_telnet(room.bound) as alice:
        alice.sendline("alice")
        alice.expect_exact("<meta>: Welcome alice.\r\n")
        with gnu_telnet(room.bound) as bob:
            bob.sendline("alice")
            bob.expect_exact("<meta>: Username taken. Please enter another: ")
            bob.sendline("bob")
            bob.expect_exact("<meta>: Welcome bob.\r\n")
            alice.expect_exact("<meta>: bob joined.\r\n")
            bob.sendline("hi alice, how are you")
            alice.expect_exact("<bob> : hi alice, how are you\r\n")
            alice.sendline("fine")
            bob.expect_exact("<alice> : fine\r\n")
            bob.sendcontrol("]")
            bob.expect_exact("telnet> ")
            bob.sendline("quit")
        alice.expect_exact("<meta>: bob left\r\n")


def test_netcat_is_a_client_too(room: Running) -> None:
    """Plain text in, plain text out, and no telnet garbage on the screen."""
    with gnu_telnet(room.bound, "alice") as alice:
        with terminal("nc", room.bound.host, str(room.bound.telnet_port)) as netcat:
            netcat.expect_exact("<meta>: Please enter username: ")
            netcat.sendline("bob")
            netcat.expect_exact("<meta>: Welcome bob.")
            alice.expect_exact("<meta>: bob joined.\r\n")
            netcat.sendline("from netcat")
            alice.expect_exact("<bob> : from netcat\r\n")
            alice.sendline("hello netcat")
            netcat.expect_exact("<alice> : hello netcat")
        alice.expect_exact("<meta>: bob left\r\n")


def test_the_page_says_why_a_name_will_not_do(room: Running, visitor: Visitor) -> None:
    """And asks again, with what was typed still there."""
    with gnu_telnet(room.bound, "alice"):
        name = visitor.page.get_by_role("textbox", name="Name")
        name.fill("Alice")
        visitor.page.get_by_role("button", name="Join").click()
        expect(visitor.page.get_by_text("Username taken")).to_be_visible()
        expect(name).to_have_value("Alice")
        visitor.joins("bob")
        visitor.sees("Welcome, bob.")


def test_the_page_comes_back_by_itself_when_the_room_does(browser: Browser, room: Running) -> None:
    """A restart: the page says so, keeps what was typed, and is back under the same name."""
    page = browser.new_page()
    page.goto(room.bound.page_url)
    visitor = Visitor(page).joins("bob")
    assert room.stop() == 0
    expect(visitor.status).to_contain_text("reconnecting")
    visitor.message.fill("half a thought")
    ports = ("--port", str(room.bound.port), "--telnet-port", "0")
    with running(*ports) as again:
        expect(visitor.status).to_have_text("Connected", timeout=15_000)
        expect(visitor.message).to_have_value("half a thought")
        visitor.page.get_by_role("button", name="Send").click()
        visitor.sees("half a thought")
        page.close()
        assert again.stop() == 0


def test_every_client_this_folder_promises_is_here() -> None:
    """In CI a missing program is a failure, not a skip."""
    for name in ("telnet", "nc", "chromium"):
        assert program(name)
