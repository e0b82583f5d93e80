"""The hub over memory streams: one encoding per wire, drains, and who is told what."""

from collections import Counter

import pytest
import trio
import trio.testing

from backend.net.hub import Hub
from backend.net.session import LINES_PER_TURN, converse
from backend.net.sink import StreamSink
from backend.room.events import Event
from backend.wire import frames, terminal
from tests.guests import Guest, Pipe, settled


@pytest.fixture
async def hub(nursery: trio.Nursery) -> Hub:
    """A hub with its Postman at work, a clock that stands still and numbered tokens."""
    hub = Hub(clock=lambda: 1_000.0, new_token=lambda: "token")
    nursery.start_soon(hub.postman.run)
    return hub


async def test_an_event_is_encoded_once_per_wire_however_many_get_it(
    hub: Hub, nursery: trio.Nursery
) -> None:
    """The most expensive part of a fan-out happens once."""
    encodings: Counter[str] = Counter()

    def plain(event: Event) -> bytes:
        encodings["plain"] += 1
        return terminal.encode(event)

    def web(event: Event) -> bytes:
        encodings["web"] += 1
        return frames.encode(event)

    guests = [Guest(hub, nursery, plain if n % 2 else web) for n in range(20)]
    for number, guest in enumerate(guests):
        await guest.types(f"guest-{number}")
    encodings.clear()
    await guests[0].types("hello")
    assert encodings == {"plain": 1, "web": 1}


async def test_a_long_paste_gives_the_others_their_turn(hub: Hub, nursery: trio.Nursery) -> None:
    """Somebody's many lines are not applied in one turn of the scheduler."""
    alice, bob = Guest(hub, nursery), Guest(hub, nursery)
    await alice.types("alice")
    await bob.types("bob")
    alice.sends(*map(str, range(40 * LINES_PER_TURN)))
    assert bob.connection is not None
    sizes = []
    for _ in range(500):
        await trio.lowlevel.checkpoint()
        sizes.append(bob.connection.outbox.size)
    assert sizes[-1] == 0
    # How many turns the Postman needs is the scheduler's dice; all of it at once it must not be.
    assert max(sizes) < 10 * LINES_PER_TURN * len("<alice> : 000\r\n")


async def test_lines_behind_a_quit_are_not_heard(hub: Hub, nursery: trio.Nursery) -> None:
    """Whoever has left says nothing more, though it came in the same packet."""
    alice, bob = Guest(hub, nursery), Guest(hub, nursery)
    await alice.types("alice")
    await bob.types("bob", "/quit", "ghost")
    assert (await alice.mail()).endswith("<meta>: bob joined.\r\n<meta>: bob left\r\n")


async def test_closing_tells_everybody_once_and_waits_for_their_mail(
    hub: Hub, nursery: trio.Nursery
) -> None:
    """Members and those at the prompt alike; nobody hears that the others leave."""
    alice, stranger = Guest(hub, nursery), Guest(hub, nursery)
    await alice.types("alice")
    await alice.mail()
    await hub.close()
    assert await alice.mail() == "<meta>: The room is closing, come back soon\r\n"
    assert (await stranger.mail()).endswith("The room is closing, come back soon\r\n")
    assert list(hub.connections) == []


async def test_whoever_comes_while_the_room_closes_is_shown_out(
    hub: Hub, nursery: trio.Nursery
) -> None:
    """A handshake that was under way when the signal came."""
    await hub.close()
    late = Guest(hub, nursery)
    assert await late.mail() == "<meta>: The room is closing, come back soon\r\n"
    assert list(hub.connections) == []


async def test_nobody_is_told_anything_before_or_after_their_session(hub: Hub) -> None:
    """A handshake under way, or a goodbye already said, must not find a notice in its bytes."""
    early, late = trio.testing.MemorySendStream(), trio.testing.MemorySendStream()
    with (
        hub.connected("web", frames.encode, StreamSink(early)),
        hub.connected("web", frames.encode, StreamSink(late)) as leaving,
    ):
        hub.arrived(leaving)
        hub.gone(leaving)
        await settled()
        late.get_data_nowait()
        with trio.move_on_after(0.01):
            await hub.close()
        for stream in (early, late):
            with pytest.raises(trio.WouldBlock):
                stream.get_data_nowait()


async def test_whoever_has_just_quit_is_not_also_told_that_the_room_closes(hub: Hub) -> None:
    """The goodbye is the last thing that a connection gets."""
    pipe = Pipe()
    with hub.connected("telnet", terminal.encode, pipe) as connection:
        hub.arrived(connection)
        hub.heard(connection, "alice")
        hub.heard(connection, "/quit")
        with trio.move_on_after(0.01):
            await hub.close()
    assert pipe.taken.endswith(b"<meta>: Welcome alice.\r\n<meta>: Goodbye alice.\r\n")


async def test_a_fault_in_one_session_is_an_ordinary_leaving_for_the_others(
    hub: Hub, nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fault goes to that person's door; the room only sees somebody leave."""
    alice = Guest(hub, nursery)
    await alice.types("alice")

    async def broken() -> list[str | None]:
        raise ZeroDivisionError

    async def bob() -> None:
        sink = trio.testing.MemorySendStream()
        with hub.connected("telnet", terminal.encode, StreamSink(sink)) as connection:
            hub.arrived(connection)
            hub.heard(connection, "bob")
            await converse(hub, connection, broken)

    with pytest.raises(ZeroDivisionError):
        await bob()
    assert (await alice.mail()).endswith("<meta>: bob joined.\r\n<meta>: bob left\r\n")
