"""Browsers that come back, over real sockets."""

from dataclasses import replace

import pytest
import trio
from trio_websocket import WebSocketConnection

from backend.app import Bound
from backend.config import UNLIMITED
from tests.talkers import Browser, a_room, a_websocket, at_browser, at_terminal

KEEPS_SEATS = replace(UNLIMITED, grace=60.0)


async def lost(websocket: WebSocketConnection) -> None:
    """Reset the connection, as a network does."""
    await websocket._stream.aclose()


async def reloaded(websocket: WebSocketConnection) -> None:
    """Close it as browsers do that leave a page, or load it again."""
    await websocket.aclose(1001)


async def left(websocket: WebSocketConnection) -> None:
    """Close it as programs do that are done."""
    await websocket.aclose(1000)


async def in_the_room(websocket: WebSocketConnection, nick: str) -> str:
    """Join; the token."""
    browser = Browser(websocket)
    await browser.sees("prompt")
    await browser.type(nick)
    return str((await browser.sees("welcome"))["token"])


@pytest.mark.parametrize("drop", [lost, reloaded])
async def test_a_page_that_comes_back_has_missed_nothing(drop: object) -> None:
    """Nor has anybody noticed; whatever ended the connection, as long as nobody meant it."""
    assert callable(drop)
    async with a_room(KEEPS_SEATS) as room, at_terminal(room, "alice") as alice:
        async with a_websocket(room) as websocket:
            token = await in_the_room(websocket, "bob")
            await alice.reads_line("<meta>: bob joined.")
            await websocket.send_message("one")
            await alice.reads_line("<bob> : one")
            await drop(websocket)
        await alice.type("two")
        await alice.type("/msg bob three")
        async with at_browser(room) as bob:
            welcome = await bob.resumes(token, since=3)
            assert (welcome["nick"], welcome["heard"], welcome["last"]) == ("bob", 1, 4)
            await bob.sees("whispered", text="three")
            history = await bob.sees("history", since=3, before=5)
            assert [event["text"] for event in history["events"]] == ["two"]
            await bob.type("four")
            await bob.sees("said", id=5, text="four")
            await alice.reads_line("<bob> : four")
            await bob.type("/quit")
        await alice.reads_line("<meta>: bob left")


async def test_the_log_tells_a_return_from_an_arrival(caplog: pytest.LogCaptureFixture) -> None:
    """And says of whoever does not come back that they have left."""
    caplog.set_level("INFO", "playroom")
    async with a_room(replace(UNLIMITED, grace=0.1)) as room, at_terminal(room, "alice") as alice:
        async with a_websocket(room) as websocket:
            token = await in_the_room(websocket, "bob")
            async with at_browser(room) as bob:
                await bob.resumes(token)
                await lost(bob.websocket)
        await alice.reads_line("<meta>: bob joined.")
        await alice.reads_line("<meta>: bob left (connection lost)")
    said = [record.getMessage().partition(" ")[2] for record in caplog.records]
    assert "joined: bob" in said
    assert "resumed: bob" in said
    assert "left: bob (did not come back)" in caplog.messages


async def test_a_page_that_leaves_has_left() -> None:
    """By closing the websocket as if it were done, or by ``/quit``."""
    async with a_room(KEEPS_SEATS) as room, at_terminal(room, "alice") as alice:
        async with a_websocket(room) as websocket:
            await in_the_room(websocket, "bob")
            await alice.reads_line("<meta>: bob joined.")
            await left(websocket)
        await alice.reads_line("<meta>: bob left")


async def test_whoever_does_not_come_back_has_left_when_the_time_is_over() -> None:
    """After the grace time, within the second in which it is looked at."""
    limits = replace(UNLIMITED, grace=0.2)
    async with a_room(limits) as room, at_terminal(room, "alice") as alice:
        async with a_websocket(room) as websocket:
            token = await in_the_room(websocket, "bob")
            await alice.reads_line("<meta>: bob joined.")
            await lost(websocket)
        await alice.reads_line("<meta>: bob left (connection lost)")
        async with at_browser(room) as bob:
            await bob.sees("prompt")
            await bob.type(f"/resume {token} 0")
            await bob.sees("prompt", reason="Your seat was not kept")


async def test_a_newer_window_closes_the_older(room: Bound) -> None:
    """With a code that tells it not to come back."""
    async with at_terminal(room, "alice") as alice, a_websocket(room) as websocket:
        token = await in_the_room(websocket, "bob")
        await alice.reads_line("<meta>: bob joined.")
        async with at_browser(room) as newer:
            await newer.resumes(token, since=2)
            older = Browser(websocket)
            await older.sees("notice", text="You continued elsewhere.")
            assert await older.close_code() == 4001
            await newer.sees("history", events=[])
            await newer.type("here")
            await alice.reads_line("<bob> : here")
            await newer.sees("said", text="here")


async def test_typing_is_shown_to_browsers_and_kept_nowhere(room: Bound) -> None:
    """Neither a terminal nor the history knows of it."""
    async with (
        at_browser(room, "ann") as ann,
        at_terminal(room, "tom") as tom,
        at_browser(room, "bob") as bob,
    ):
        await ann.sees("joined", nick="tom")
        await ann.sees("joined", nick="bob")
        await tom.reads_line("<meta>: bob joined.")
        await bob.type("/typing")
        await ann.sees("typing", nick="bob")
        await bob.type("hi")
        await bob.sees("said", text="hi")
        await tom.reads_line("<bob> : hi")
        await ann.sees("said", text="hi")
        await ann.type("/history 2")
        history = await ann.sees("history", since=2, before=5, more=True)
        assert [event["type"] for event in history["events"]] == ["joined", "said"]


async def test_a_terminal_reads_what_was_said_before(room: Bound) -> None:
    """Each line behind the house's beginning, with its time."""
    async with at_terminal(room, "tom") as tom:
        async with at_terminal(room, "ann") as ann:
            await tom.reads_line("<meta>: ann joined.")
            await tom.type("hi")
            await ann.reads_line("<tom> : hi")
            await ann.type("/me waves")
            await tom.reads_line("* ann waves")
            await ann.type("/history 2")
            assert await ann.line() == "<meta>: Earlier (times are UTC):"
            assert (await ann.line())[13:] == " <tom> : hi"
            assert (await ann.line())[13:] == " * ann waves"
            await ann.reads_line("<meta>: /history 3 2 shows what was before.")
        await trio.lowlevel.checkpoint()
