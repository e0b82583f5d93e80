"""The hub over memory streams: one encoding per wire, drains, and who is told what."""

from collections import Counter
from collections.abc import Callable

import pytest
import trio
import trio.testing

from backend.net.connection import Connection
from backend.net.hub import Hub
from backend.net.session import LINES_PER_TURN, converse
from backend.net.sink import StreamSink
from backend.room.events import Delivery, Event, Said
from backend.wire import frames, terminal

settled = trio.testing.wait_all_tasks_blocked


Encode = Callable[[Event], bytes]


class Guest:
    """Somebody in the room whose lines the test hands in and whose mail it reads."""

    def __init__(self, hub: Hub, nursery: trio.Nursery, encode: Encode = terminal.encode) -> None:
        self._hub = hub
        self._encode = encode
        self._say, self._lines = trio.open_memory_channel[list[str | None]](10)
        self._mail = trio.testing.MemorySendStream()
        self.connection: Connection | None = None
        nursery.start_soon(self._stay)

    async def _stay(self) -> None:
        with self._hub.connected("telnet", self._encode, StreamSink(self._mail)) as connection:
            self.connection = connection
            await converse(self._hub, connection, self._receive)
            await connection.flush()

    async def _receive(self) -> list[str | None]:
        try:
            return await self._lines.receive()
        except trio.EndOfChannel:
            return []

    @property
    def id(self) -> str:
        """The connection's."""
        assert self.connection is not None
        return self.connection.id

    async def types(self, *lines: str | None) -> None:
        """Send lines that arrive together."""
        await self._say.send(list(lines))
        await settled()

    def hangs_up(self) -> None:
        """Nothing more will come."""
        self._say.close()

    async def mail(self) -> str:
        """What has arrived since the last look."""
        await settled()
        try:
            return self._mail.get_data_nowait().decode()
        except trio.WouldBlock:
            return ""


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


@pytest.mark.parametrize("spared", [(1,), (0, 2), (1, 2, 4), (0, 1, 2, 3, 4, 5)])
async def test_an_event_can_spare_several_on_any_wire(
    hub: Hub, nursery: trio.Nursery, spared: tuple[int, ...]
) -> None:
    """Each of the others gets it once; a wire on which nobody is left encodes nothing."""
    encoded: list[str] = []

    def web(event: Event) -> bytes:
        encoded.append("web")
        return terminal.encode(event)

    # On three wires: two of them at browsers, one alone on a wire of its own, three at terminals.
    own = terminal.encoder(terminal.Style(width=40))
    wires = [web, web, own, *[terminal.encode] * 3]
    guests = [Guest(hub, nursery, wire) for wire in wires]
    for number, guest in enumerate(guests):
        await guest.types(f"guest-{number}")
    for guest in guests:
        await guest.mail()
    encoded.clear()
    everybody = tuple(guest.id for guest in guests)
    but = frozenset(everybody[n] for n in spared)
    hub.dispatch.deliver(Delivery(Said(9, 0.0, "bob", "web", "hello"), everybody, but))
    for number, guest in enumerate(guests):
        assert (await guest.mail()).count("hello") == (number not in spared)
    assert len(encoded) == (not {0, 1} <= set(spared))


async def test_a_long_paste_gives_the_others_their_turn(hub: Hub, nursery: trio.Nursery) -> None:
    """Somebody's many lines are not applied in one turn of the scheduler."""
    alice, bob = Guest(hub, nursery), Guest(hub, nursery)
    await alice.types("alice")
    await bob.types("bob")
    await alice._say.send([str(n) for n in range(40 * LINES_PER_TURN)])
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
