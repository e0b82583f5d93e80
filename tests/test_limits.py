"""The limits at the real doors: what somebody gets who is refused or slowed down."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest
import trio
import trio.testing

from backend.app import Bound
from backend.config import UNLIMITED, Limits
from backend.net import session
from backend.net.connection import FLOODING, TOO_FAST
from backend.net.doorkeeper import SPARE
from backend.net.hub import Hub
from tests.guests import Guest
from tests.talkers import HANDSHAKE, a_room, ask, at_browser, at_terminal, upgrade

FULL = "<meta>: The room is full, please try again later."


def get(path: str, *headers: str) -> bytes:
    """A request of a browser's."""
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: x", *headers, "", ""]).encode()


@pytest.fixture
async def full_room() -> AsyncIterator[Bound]:
    """A room for one, who is there already."""
    async with (
        a_room(replace(UNLIMITED, max_connections=1)) as bound,
        at_terminal(bound, "alice"),
    ):
        yield bound


async def test_a_full_room_says_so_at_the_telnet_door(full_room: Bound) -> None:
    """One line, and the end of the connection."""
    async with at_terminal(full_room) as bob:
        assert await bob.rest() == f"{FULL}\r\n"


async def test_a_full_room_says_so_to_a_browser(full_room: Bound) -> None:
    """503 with a time to come again for the page, and the close code "try again later"."""
    answer = await ask(full_room, get("/"))
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"\r\nretry-after: 30\r\n" in answer.lower()
    async with at_browser(full_room) as bob:
        assert await bob.close_code() == 1013


async def test_a_full_room_is_not_healthy(full_room: Bound) -> None:
    """Whoever looks after it may always ask."""
    head, _, body = (await ask(full_room, get("/healthz"))).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503 ")
    assert json.loads(body) == {"status": "full", "members": 1}


async def test_far_beyond_the_limit_nobody_is_told_anything(full_room: Bound) -> None:
    """Saying no costs something, too."""
    async with AsyncExitStack() as stack:
        silent = [
            await stack.enter_async_context(
                await trio.open_tcp_stream(full_room.host, full_room.port)
            )
            for _ in range(SPARE)
        ]
        await trio.testing.wait_all_tasks_blocked(0.02)
        with pytest.raises((AssertionError, trio.BrokenResourceError)):
            async with at_terminal(full_room) as bob:
                assert await bob.line()
        assert silent


async def test_when_somebody_leaves_there_is_room_again() -> None:
    """The limit is on those who are here."""
    async with a_room(replace(UNLIMITED, max_connections=1)) as bound:
        for nick in ("alice", "bob"):
            async with at_terminal(bound, nick) as person:
                await person.type("/quit")
                assert "Goodbye" in await person.rest()


async def test_one_address_has_its_share_and_no_more() -> None:
    """Told apart from a full room: others may come in."""
    async with (
        a_room(replace(UNLIMITED, max_connections_per_address=1)) as bound,
        at_terminal(bound, "alice"),
        at_terminal(bound) as bob,
    ):
        assert "too many connections from your address" in await bob.rest()
        assert (await ask(bound, get("/"))).startswith(b"HTTP/1.1 200 ")


async def test_behind_a_trusted_proxy_each_client_has_its_own_share() -> None:
    """And with none trusted, the header is nothing but words."""

    def join_as(address: str) -> bytes:
        return upgrade("Host: x", f"X-Forwarded-For: {address}", *HANDSHAKE)

    for proxies, expected in ((1, b"prompt"), (0, b"\x88")):
        limits = replace(UNLIMITED, max_connections_per_address=1)
        async with a_room(limits, trusted_proxies=proxies) as bound, AsyncExitStack() as stack:
            answers = []
            for address in ("198.51.100.1", "198.51.100.2"):
                stream = await stack.enter_async_context(
                    await trio.open_tcp_stream(bound.host, bound.port)
                )
                await stream.send_all(join_as(address))
                answer = b""
                with trio.fail_after(5):
                    while b"prompt" not in answer and b"\x88" not in answer:
                        answer += await stream.receive_some()
                answers.append(answer)
            assert b"prompt" in answers[0]
            assert expected in answers[1]


async def test_too_many_logins_a_minute_are_refused_at_both_doors() -> None:
    """They are counted together."""
    async with a_room(replace(UNLIMITED, logins_per_minute=2)) as bound:
        for nick in ("alice", "bob"):
            async with at_terminal(bound, nick):
                pass
        async with at_terminal(bound) as carol:
            assert "too many logins" in await carol.rest()
        async with at_browser(bound) as carol_again:
            assert await carol_again.close_code() == 1013
        assert (await ask(bound, get("/"))).startswith(b"HTTP/1.1 200 ")


async def test_a_paste_arrives_whole_and_in_order_at_both_doors() -> None:
    """Slowed down, nothing is lost."""
    async with (
        a_room(replace(UNLIMITED, line_rate=200, line_burst=5)) as bound,
        at_terminal(bound, "alice") as alice,
        at_browser(bound, "bob") as bob,
    ):
        await alice.reads_line("<meta>: bob joined.")
        for number in range(20):
            await bob.type(f"web {number}")
        await alice.send(b"".join(b"telnet %d\r\n" % number for number in range(20)))
        for number in range(20):
            await alice.reads_line(f"<bob> : web {number}")
        texts = [(await bob.event())["text"] for _ in range(40)]
    for door in ("web", "telnet"):
        said = [text for text in texts if text.startswith(door)]
        assert said == [f"{door} {number}" for number in range(20)]


async def test_a_flood_is_slowed_down_then_warned_then_ended(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """The others are told why they do not see that person any more."""
    hub = Hub(limits=Limits())
    nursery.start_soon(hub.postman.run)
    alice, bob = Guest(hub, nursery), Guest(hub, nursery)
    await alice.types("alice")
    await bob.types("bob")
    await alice.mail()
    await bob.types(*map(str, range(200)))
    await trio.sleep(60)
    told = await bob.mail()
    assert told.index(TOO_FAST) < told.index(FLOODING)
    heard = (await alice.mail()).splitlines()
    assert heard[-1] == "<meta>: bob left (flooding)"
    assert heard[:-1] == [f"<bob> : {number}" for number in range(len(heard) - 1)]
    assert hub.ended == {"flooding": 1}


async def test_whoever_gives_no_name_is_shown_out_in_time(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """With a line that says why; a member may be silent for ever."""
    hub = Hub()
    nursery.start_soon(hub.postman.run)
    alice, stranger = Guest(hub, nursery), Guest(hub, nursery)
    await alice.types("alice")
    await trio.sleep(session.LOGIN_SECONDS - 1)
    assert alice.connection is not None
    assert stranger.connection is not None
    assert stranger.connection.goodbye is None
    await trio.sleep(2)
    assert stranger.connection.goodbye == (1008, session.NO_NAME)
    assert session.NO_NAME in await stranger.mail()
    await trio.sleep(10 * session.LOGIN_SECONDS)
    assert [connection.id for connection in hub.connections] == [alice.connection.id]
    assert hub.total == 1


async def test_what_the_door_answers_itself_costs_what_a_line_costs() -> None:
    """A terminal's own commands never reach the room, and are no way around its pace."""
    async with (
        a_room(replace(UNLIMITED, line_rate=1e-9, line_burst=5)) as bound,
        at_terminal(bound, "alice") as alice,
    ):
        await alice.send(b"/color on\r\n/color off\r\n" * 100)
        told = await alice.rest()
        assert told.count("Colours are") < 10
        assert told.endswith(f"<meta>: {FLOODING}\r\n")
