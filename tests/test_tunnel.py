"""Telnet in a websocket, over real sockets."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
import trio
from trio_websocket import ConnectionClosed, WebSocketConnection

from backend.app import Bound
from backend.config import UNLIMITED
from backend.net.tunnel import RESUMES, SUBPROTOCOL
from backend.wire.options import DO, ECHO, IAC, NAWS, SB, SE, SGA, WILL
from tests.talkers import (
    HANDSHAKE,
    HELLO_PUTTY,
    PATIENCE,
    PROMPT,
    PUTTY_HELLO,
    Terminal,
    Wire,
    a_room,
    a_websocket,
    ask,
    at_browser,
    at_terminal,
    at_tunnel,
    upgrade,
)


async def test_telnet_through_the_tunnel_is_telnet(room: Bound) -> None:
    """The very texts of the TCP door, and one room with it and with browsers."""
    async with (
        at_terminal(room, "alice") as alice,
        at_browser(room, "bob") as bob,
        at_tunnel(room, subprotocols=[SUBPROTOCOL]) as carol,
    ):
        await alice.reads_line("<meta>: bob joined.")
        await carol.reads("<meta>: Please enter username: ")
        await carol.type("ALICE")
        await carol.reads("<meta>: Username taken. Please enter another: ")
        await carol.type("carol")
        await carol.reads_line("<meta>: Welcome carol.")
        await alice.reads_line("<meta>: carol joined.")
        await bob.sees("joined", nick="carol", via="telnet")
        await alice.type("hi carol")
        await carol.reads_line("<alice> : hi carol")
        await bob.sees("said", text="hi carol")
        await carol.type("hi")
        await alice.reads_line("<carol> : hi")
        await bob.sees("said", nick="carol", via="telnet", text="hi")
        await carol.type("/quit")
        assert await carol.rest() == "<meta>: Goodbye carol.\r\n"
        await alice.reads_line("<meta>: carol left")


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [([SUBPROTOCOL], SUBPROTOCOL), (["x", SUBPROTOCOL], SUBPROTOCOL), (["x"], None), ([], None)],
)
async def test_the_subprotocol_is_confirmed_to_those_who_ask_for_it(
    room: Bound, offered: list[str], chosen: str | None
) -> None:
    """A browser that asked would hang up otherwise; one that did not, would if it were named."""
    async with a_websocket(room, "/telnet", offered) as websocket:
        assert await websocket.get_message() == b"<meta>: Please enter username: "
        assert websocket.subprotocol == chosen


async def test_negotiation_goes_through(room: Bound) -> None:
    """PuTTY's opening bytes get the answers they get over TCP, and a narrow screen is heeded."""
    async with at_tunnel(room) as putty, at_terminal(room, "alice") as alice:
        await putty.reads(PROMPT)
        await putty.send(PUTTY_HELLO)
        assert await putty.take(len(HELLO_PUTTY)) == HELLO_PUTTY
        await putty.send(bytes((IAC, SB, NAWS, 0, 40, 0, 24, IAC, SE)))
        await putty.type("putty")
        await putty.reads_line("<meta>: Welcome putty.")
        await alice.reads_line("<meta>: putty joined.")
        await alice.type("word " * 12)
        first, second = await putty.line(), await putty.line()
        assert first == "<alice> : word word word word word word"
        assert second.strip() == "word word word word word word"


async def test_keys_and_lines_may_be_cut_anywhere_into_messages(room: Bound) -> None:
    """It is a stream: also an empty message is nothing, and no end."""
    async with at_terminal(room, "alice") as alice, at_tunnel(room, "bob") as bob:
        await alice.reads_line("<meta>: bob joined.")
        for piece in (b"", b"h\xc3", b"", b"\xa9llo\r", b"\nagain\n"):
            await bob.send(piece)
        await alice.reads_line("<bob> : héllo")
        await alice.reads_line("<bob> : again")


async def test_text_messages_are_refused(room: Bound) -> None:
    """They are no stream of bytes."""
    async with a_websocket(room, "/telnet") as websocket:
        await websocket.get_message()
        await websocket.send_message("bob\r\n")
        with trio.fail_after(PATIENCE), pytest.raises(ConnectionClosed) as closed:
            await websocket.get_message()
    assert closed.value.reason is not None
    assert (closed.value.reason.code, closed.value.reason.reason) == (
        1008,
        "Binary messages only, please.",
    )


async def test_another_protocol_is_told_so_in_the_close(room: Bound) -> None:
    """A program that tunnels something else learns why it was ended, as from a browser's door."""
    async with a_websocket(room, "/telnet") as websocket:
        assert await websocket.get_message() == PROMPT.encode()
        await websocket.send_message(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        hint = "This websocket carries telnet, not HTTP. The page is at / of this host."
        assert await websocket.get_message() == f"\r\n{hint}\r\n".encode()
        with trio.fail_after(PATIENCE), pytest.raises(ConnectionClosed) as closed:
            await websocket.get_message()
    assert closed.value.reason is not None
    assert (closed.value.reason.code, closed.value.reason.reason) == (1008, hint)


async def test_another_sites_page_cannot_open_it(room: Bound) -> None:
    """No more than it can open the page's own websocket."""
    request = upgrade(f"Host: {room.host}", "Origin: https://evil.example", *HANDSHAKE)
    answer = await ask(room, request.replace(b"/ws", b"/telnet"))
    assert answer.startswith(b"HTTP/1.1 403 ")


async def test_a_plain_request_is_told_what_it_takes() -> None:
    """By a status and a line."""
    async with a_room(UNLIMITED) as room:
        answer = await ask(room, b"GET /telnet HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 426 ")


async def test_whoever_is_not_let_in_is_told_in_the_close() -> None:
    """As on the page's websocket."""
    limits = replace(UNLIMITED, max_connections_per_address=1)
    async with a_room(limits) as room, at_terminal(room, "alice"):
        async with a_websocket(room, "/telnet") as websocket:
            with trio.fail_after(PATIENCE), pytest.raises(ConnectionClosed) as closed:
                await websocket.get_message()
        assert closed.value.reason is not None
        assert closed.value.reason.code == 1013


async def test_a_lost_tunnel_has_left_at_once() -> None:
    """A terminal has no way back to its seat, so none is kept."""
    async with a_room(replace(UNLIMITED, grace=60.0)) as room, at_terminal(room, "alice") as alice:
        async with at_tunnel(room, "bob"):
            await alice.reads_line("<meta>: bob joined.")
        await alice.reads_line("<meta>: bob left")


async def test_a_tunnel_that_was_cut_has_left_at_once() -> None:
    """Likewise."""
    async with a_room(replace(UNLIMITED, grace=60.0)) as room, at_terminal(room, "alice") as alice:
        async with a_websocket(room, "/telnet", [SUBPROTOCOL]) as websocket:
            await Terminal(Wire(websocket)).joins("bob")
            await alice.reads_line("<meta>: bob joined.")
            await websocket._stream.aclose()
        await alice.reads_line("<meta>: bob left (connection lost)")


# --- bridges, which resume ---


@asynccontextmanager
async def a_bridge(room: Bound, beginning: str | bytes = "") -> AsyncIterator[WebSocketConnection]:
    """A bridge's websocket, which has begun so."""
    async with a_websocket(room, "/telnet", [RESUMES, SUBPROTOCOL]) as websocket:
        assert websocket.subprotocol == RESUMES
        await websocket.send_message(beginning)
        yield websocket


async def hears(websocket: WebSocketConnection, *messages: str | bytes) -> None:
    """The next messages are exactly these."""
    with trio.fail_after(PATIENCE):
        assert [await websocket.get_message() for _ in messages] == [*messages]


async def seated(websocket: WebSocketConnection, nick: str) -> str:
    """Go through the door; the token."""
    await hears(websocket, PROMPTED, PROMPT.encode())
    await websocket.send_message(f"{nick}\r\n".encode())
    with trio.fail_after(PATIENCE):
        cue = json.loads(await websocket.get_message())
    assert (cue["type"], cue["last"]) == ("seat", 1)
    await hears(websocket, f"<meta>: Welcome {nick}.\r\n".encode())
    return str(cue["token"])


PROMPTED = '{"type":"prompted"}'
"""The cue ahead of a prompt."""


def resumed(token: str, last: int, heard: int) -> str:
    """The cue ahead of a welcome back."""
    told = {"type": "seat", "nick": "tom", "token": token, "resumed": True, "last": last}
    return json.dumps({**told, "heard": heard}, separators=(",", ":"))


async def test_a_bridge_is_told_what_it_takes_to_resume_ahead_of_each_event() -> None:
    """Only of what counts: ids, whispers, prompts. It is asked for no name when it is back."""
    async with a_room(replace(UNLIMITED, grace=60.0)) as room:
        async with a_bridge(room) as websocket:
            token = await seated(websocket, "tom")
            async with at_browser(room, "ann") as ann:
                await hears(websocket, '{"type":"shown","last":2}', b"<meta>: ann joined.\r\n")
                await ann.type("hi")
                await hears(websocket, '{"type":"shown","last":3}', b"<ann> : hi\r\n")
                await ann.type("/msg tom psst")
                await hears(websocket, '{"type":"whispered"}', b"<ann> to you: psst\r\n")
                await websocket.send_message(b"/who\r\n")
                await hears(websocket, b"<meta>: 2 here: tom (telnet), ann (web)\r\n")
                await websocket._stream.aclose()
        async with a_bridge(room, f"/resume {token} 3 1") as websocket:
            await hears(websocket, resumed(token, 4, heard=1), b"<meta>: Welcome back tom.\r\n")
            await hears(websocket, '{"type":"shown","last":4}')
            told = await websocket.get_message()
            assert isinstance(told, bytes)
            assert told.startswith(b"<meta>: Earlier (times are UTC):\r\n<meta>: ")
            assert told.endswith(b" ann left\r\n")
            assert told.count(b"\r\n") == 2


async def test_cues_come_in_character_mode_too(room: Bound) -> None:
    """And with colours: only what is shown is drawn in another way."""
    async with a_bridge(room) as websocket, at_browser(room) as ann:
        await seated(websocket, "tom")
        await websocket.send_message(bytes((IAC, SB, NAWS, 0, 40, 0, 24, IAC, SE)))
        await websocket.send_message(b"/rich on\r\n")
        cues: list[str] = []
        with trio.fail_after(PATIENCE):
            while bytes((IAC, WILL, ECHO)) not in await websocket.get_message():
                pass
            await websocket.send_message(bytes((IAC, DO, ECHO, IAC, DO, SGA)))
            while b"\x1b[" not in await websocket.get_message():
                pass
            await ann.joins("ann")
            while not cues:
                message = await websocket.get_message()
                cues += [message] if isinstance(message, str) else []
            shown = await websocket.get_message()
        assert cues == ['{"type":"shown","last":2}']
        assert b"ann joined." in shown
        assert b"\x1b[" in shown  # the line in the making is drawn again


@pytest.mark.parametrize("token", ["nobody's", "\N{SNOWMAN}", "x" * 1_000])
async def test_a_token_of_no_seat_is_said_to_be_none(room: Bound, token: str) -> None:
    """And a name is asked for, as of everybody."""
    async with a_bridge(room, f"/resume {token} 0 0") as websocket:
        await hears(websocket, PROMPTED, f"<meta>: Your seat was not kept.\r\n{PROMPT}".encode())
        await websocket.send_message(b"tom\r\n")


@pytest.mark.parametrize(
    "beginning",
    [
        *(b"tom\r\n", b"", "tom", "/resume", "/resume x", "/resume x y", "/resume x -1", "/quit"),
        *("/resume x 1\r\ntom", "/resume x 1 1 1", "\r\n", "\0", "{}", "\N{SNOWMAN}"),
        "/resume " + "x" * 5_000,
    ],
)
async def test_a_bridge_that_begins_otherwise_is_told_how_to(
    room: Bound, beginning: str | bytes
) -> None:
    """In the close, and before it is asked for anything."""
    async with a_bridge(room, beginning) as websocket:
        with trio.fail_after(PATIENCE), pytest.raises(ConnectionClosed) as closed:
            await websocket.get_message()
    assert closed.value.reason is not None
    assert (closed.value.reason.code, closed.value.reason.reason) == (
        1008,
        "playroom.telnet begins with /resume or empty text.",
    )


async def test_text_behind_the_beginning_is_refused_to_bridges_too(room: Bound) -> None:
    """A seat is taken once."""
    async with a_bridge(room) as websocket:
        await seated(websocket, "tom")
        await websocket.send_message("/resume x 1")
        with trio.fail_after(PATIENCE), pytest.raises(ConnectionClosed) as closed:
            await websocket.get_message()
    assert closed.value.reason is not None
    assert closed.value.reason.code == 1008


async def test_a_newer_bridge_takes_the_seat_from_the_older(room: Bound) -> None:
    """Which is told so in the close, and does not come back."""
    async with a_bridge(room) as older:
        token = await seated(older, "tom")
        async with a_bridge(room, f"/resume {token} 1 0") as newer:
            await hears(newer, resumed(token, 1, heard=0), b"<meta>: Welcome back tom.\r\n")
            await hears(older, b"<meta>: You continued elsewhere.\r\n")
            with trio.fail_after(PATIENCE), pytest.raises(ConnectionClosed) as closed:
                await older.get_message()
            await newer.send_message(b"/who\r\n")
            await hears(newer, b"<meta>: 1 here: tom (telnet)\r\n")
    assert closed.value.reason is not None
    assert closed.value.reason.code == 4001
