"""Telnet in a websocket, over real sockets."""

from dataclasses import replace

import pytest
import trio
from trio_websocket import ConnectionClosed

from backend.app import Bound
from backend.config import UNLIMITED
from backend.net.tunnel import SUBPROTOCOL
from backend.wire.options import IAC, NAWS, SB, SE
from tests.talkers import (
    HANDSHAKE,
    HELLO_PUTTY,
    PATIENCE,
    PROMPT,
    PUTTY_HELLO,
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
