"""A fault of ours in what is done for one person ends that person's connection, and nothing else.

Each test plants a fault in one place, lets one person step on it, and looks at the others.
"""

import ast
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, cast

import pytest
import trio
import trio.testing
from wsproto.frame_protocol import FrameDecoder

import backend
from backend.app import Bound
from backend.config import UNLIMITED
from backend.net import door, session, telnet
from backend.net import upgrade as upgrade_module
from backend.net.connection import Ping
from backend.net.dispatch import Dispatch
from backend.net.door import FrontDoor
from backend.net.doorkeeper import Doorkeeper
from backend.net.gateway import Gateway
from backend.net.hub import NEWS_SECONDS, Hub
from backend.net.keepalive import keep_alive
from backend.net.outbox import MailingList, Outbox
from backend.net.peer import Peer
from backend.net.postman import Postman
from backend.net.session import converse
from backend.net.site import Site
from backend.net.tcp import TelnetDoor
from backend.room import comings, commands, names, text
from backend.room.crowd import News
from backend.room.entries import Arrived, Gone, Line
from backend.room.events import Event, Joined, Welcomed
from backend.room.room import Room
from backend.wire import frames, terminal
from backend.wire.editor import Editor
from backend.wire.lines import LineBuffer
from backend.wire.telnet import Telnet
from tests.guests import Guest, Pipe, settled
from tests.talkers import HANDSHAKE, Browser, Terminal, ask, at_browser, at_terminal, upgrade


class FaultError(Exception):
    """What nobody has foreseen."""


def plant(
    monkeypatch: pytest.MonkeyPatch, owner: object, name: str, *words: str, fault: Any = FaultError
) -> None:
    """Make a function fail when these words are in what it is called with."""
    sound = getattr(owner, name)

    def faulty(*args: Any) -> Any:
        if all(word in repr(args) for word in words):
            raise fault
        return sound(*args)

    monkeypatch.setattr(owner, name, faulty)


def tracebacks(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was logged with a traceback: the messages, whichever connections they name."""
    messages = [record.getMessage() for record in caplog.records if record.exc_info]
    return [re.sub(r"\bc\d+\b", "c#", message) for message in messages]


async def only_eve_is_gone(alice: Terminal, bob: Browser, reason: str = "") -> None:
    """The others read an ordinary leaving, and their conversation goes on both ways."""
    await alice.reads_line(f"<meta>: eve left{reason and f' ({reason})'}")
    await bob.sees("left", nick="eve", reason=reason)
    await all_is_well(alice, bob)


async def all_is_well(alice: Terminal, bob: Browser) -> None:
    """What one says, the other reads."""
    await alice.type("still there?")
    await bob.sees("said", nick="alice", text="still there?")
    await bob.type("yes")
    await bob.sees("said", nick="bob", text="yes")
    await alice.reads_line("<bob> : yes")


async def eve_is_here(alice: Terminal, bob: Browser) -> None:
    """The others have read who came."""
    await alice.reads_line("<meta>: bob joined.")
    await alice.reads_line("<meta>: eve joined.")
    await bob.sees("joined", nick="eve")


# --- at the doors ---


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (Telnet, "feed"),
        (LineBuffer, "feed"),
        (telnet._Lines, "_take"),
        (session, "_pass_on"),
        (Hub, "heard"),
        (Room, "apply"),
        (text, "clean"),
        (commands, "parse"),
    ],
)
async def test_a_fault_in_a_terminals_line_ends_that_terminal(
    room: Bound,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    owner: object,
    name: str,
) -> None:
    """In the codec, in the session or in the room."""
    async with (
        at_terminal(room, "alice") as alice,
        at_browser(room, "bob") as bob,
        at_terminal(room, "eve") as eve,
    ):
        await eve_is_here(alice, bob)
        plant(monkeypatch, owner, name, "boom")
        await eve.type("boom")
        await only_eve_is_gone(alice, bob)
    assert tracebacks(caplog) == ["c# failed"]


@pytest.mark.parametrize(
    ("owner", "name", "reason"),
    [
        (FrameDecoder, "receive_bytes", "connection lost"),  # so the library ends its messages
        (session, "_pass_on", ""),
        (Hub, "heard", ""),
        (Room, "apply", ""),
    ],
)
async def test_a_fault_in_a_browsers_message_ends_that_browser(
    room: Bound,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    owner: object,
    name: str,
    reason: str,
) -> None:
    """Already when its frames are taken apart, which is the library's business, or later."""
    async with (
        at_terminal(room, "alice") as alice,
        at_browser(room, "bob") as bob,
        await trio.open_tcp_stream(room.host, room.port) as eve,
    ):
        await eve.send_all(upgrade("Host: x", *HANDSHAKE) + b"\x81\x83\0\0\0\0eve")
        await eve_is_here(alice, bob)
        plant(monkeypatch, owner, name, "boom")
        await eve.send_all(b"\x81\x84\0\0\0\0boom")
        await only_eve_is_gone(alice, bob, reason)
    assert tracebacks(caplog) == ["c# failed"]


async def test_a_fault_in_taking_frames_apart_is_logged_whoever_hears_of_it_first(
    room: Bound, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The session and the library's reader end together, in either order: hence ten times."""
    plant(monkeypatch, FrameDecoder, "receive_bytes", "boom")
    for _ in range(10):
        with suppress(trio.BrokenResourceError):
            await ask(room, upgrade("Host: x", *HANDSHAKE) + b"\x81\x84\0\0\0\0boom")
    await settled(0.02)
    assert tracebacks(caplog) == ["c# failed"] * 10


async def with_editor(eve: Terminal) -> None:
    """Eve's terminal goes into character mode."""
    await eve.type("/rich on")
    assert (await eve.line()).startswith("<meta>: Asking your terminal")
    assert await eve.take(6) == b"\xff\xfb\x01\xff\xfb\x03"
    await eve.send(b"\xff\xfd\x01\xff\xfd\x03")
    assert await eve.take(8) == b"\xff\xfd\x1f\xff\xfd\x18> "


async def test_a_fault_in_the_editor_ends_that_terminal(
    room: Bound, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """In the middle of a line."""
    async with (
        at_terminal(room, "alice") as alice,
        at_browser(room, "bob") as bob,
        at_terminal(room, "eve") as eve,
    ):
        await eve_is_here(alice, bob)
        await with_editor(eve)
        plant(monkeypatch, Editor, "feed", "boom")
        await eve.send(b"boom")
        await only_eve_is_gone(alice, bob)
    assert tracebacks(caplog) == ["c# failed"]


async def test_a_line_that_one_screen_cannot_show_reaches_everybody_else(
    room: Bound, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The speaker has no part in the fault, nor have those whose wire comes later."""
    async with (
        at_terminal(room, "alice") as alice,
        at_browser(room, "bob") as bob,
        at_terminal(room, "eve") as eve,
        at_terminal(room, "kim") as kim,
    ):
        await eve_is_here(alice, bob)
        await alice.reads_line("<meta>: kim joined.")
        await bob.sees("joined", nick="kim")
        await eve.reads_line("<meta>: kim joined.")
        await with_editor(eve)
        plant(monkeypatch, Editor, "above", "boom")
        await alice.type("boom")
        await bob.sees("said", nick="alice", text="boom")
        await kim.reads_line("<alice> : boom")
        await kim.reads_line("<meta>: eve left")
        await only_eve_is_gone(alice, bob)
    (logged,) = tracebacks(caplog)
    assert logged == "a Said could not be encoded for c#"


@pytest.mark.parametrize(
    ("owner", "name", "request_"),
    [
        (upgrade_module, "is_upgrade", b"GET /boom HTTP/1.1\r\nHost: x\r\n\r\n"),
        (Site, "answer", b"GET /boom HTTP/1.1\r\nHost: x\r\n\r\n"),
        (Gateway, "handle", upgrade("Host: x", *HANDSHAKE).replace(b"/ws", b"/ws?boom")),
    ],
)
async def test_a_fault_at_the_front_door_is_one_requests(
    room: Bound,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    owner: object,
    name: str,
    request_: bytes,
) -> None:
    """The next one is answered."""
    async with at_terminal(room, "alice") as alice, at_browser(room, "bob") as bob:
        await alice.reads_line("<meta>: bob joined.")
        plant(monkeypatch, owner, name, "boom")
        with suppress(trio.BrokenResourceError):
            assert await ask(room, request_) == b""
        assert (await ask(room, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
        await all_is_well(alice, bob)
    assert tracebacks(caplog) == ["c# failed"]


# --- in what is done for many ---


@pytest.fixture
async def hub(nursery: trio.Nursery) -> Hub:
    """A hub with its Postman and its keepalive at work."""
    hub = Hub()
    nursery.start_soon(hub.postman.run)
    nursery.start_soon(keep_alive, hub)
    return hub


Encode = Callable[[Event], bytes]


def fails_on_boom(event: Event) -> bytes:
    """A wire that cannot carry a certain word."""
    if "boom" in repr(event):
        raise FaultError
    return terminal.encode(event)


@pytest.mark.parametrize("place", range(4))
async def test_a_wire_that_cannot_carry_an_event_is_dropped_wherever_it_stands(
    hub: Hub, nursery: trio.Nursery, caplog: pytest.LogCaptureFixture, place: int
) -> None:
    """All those on it, with one traceback; the others get the event, and then the leaving."""
    wires: list[Encode] = [terminal.encode, frames.encode, terminal.encode]
    wires.insert(place, fails_on_boom)
    guests = [Guest(hub, nursery, wire) for wire in (*wires, fails_on_boom)]
    for guest, nick in zip(guests, ("ann", "bob", "eve", "kim", "zoe"), strict=True):
        await guest.types(nick)
    struck = [guest for guest, wire in zip(guests, wires, strict=False) if wire is fails_on_boom]
    struck.append(guests[-1])
    others = [guest for guest in guests if guest not in struck]
    for guest in guests:
        await guest.mail()
    await others[0].types("boom")
    await others[1].types("hello")
    assert [guest.has_gone for guest in guests] == [guest in struck for guest in guests]
    for guest in others[1:]:
        mail = await guest.mail()
        assert mail.count("boom") == 1
        assert mail.count("zoe left") + mail.count('"left"') >= 1
    assert len(tracebacks(caplog)) == 1


async def test_whoever_says_what_their_own_wire_cannot_carry_has_said_it(
    hub: Hub, nursery: trio.Nursery, caplog: pytest.LogCaptureFixture
) -> None:
    """Being alone with the fault, to one or to many."""
    eve = Guest(hub, nursery, fails_on_boom, via="web")
    others = [Guest(hub, nursery) for _ in range(3)]
    for guest, nick in zip((eve, *others), ("eve", "ann", "bob", "kim"), strict=True):
        await guest.types(nick)
    for guest in others:
        await guest.mail()
    await eve.types("boom")
    assert eve.has_gone
    for guest in others:
        assert await guest.mail() == "<eve> : boom\r\n<meta>: eve left\r\n"
    assert len(tracebacks(caplog)) == 1


async def test_a_prompt_that_cannot_be_encoded_is_the_strangers_end(
    hub: Hub, nursery: trio.Nursery, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody has been told of them, and nobody is."""
    ann = Guest(hub, nursery)
    await ann.types("ann")
    await ann.mail()

    def fails(event: Event) -> bytes:
        raise FaultError

    stranger = Guest(hub, nursery, fails)
    assert await ann.mail() == ""
    assert stranger.has_gone
    assert tracebacks(caplog) == ["a Prompted could not be encoded for c#"]


class FaultyPipe(Pipe):
    """A pipe that fails in its own way on a certain word."""

    fault: type[BaseException] = FaultError

    def send_now(self, data: bytes) -> int:
        """See ``sink.Sink``."""
        if b"boom" in data and self.room:
            raise self.fault
        return super().send_now(data)


@pytest.mark.parametrize("line", ["boom", "/msg eve boom"])
@pytest.mark.parametrize("is_waiting", [False, True])
async def test_a_sink_that_fails_in_its_own_way_is_not_the_postmans_end(
    hub: Hub,
    nursery: trio.Nursery,
    caplog: pytest.LogCaptureFixture,
    line: str,
    is_waiting: bool,
) -> None:
    """In mail for many or for one, at once or in the task that waits for the connection."""
    pipe = FaultyPipe()
    alice, bob, kim = (Guest(hub, nursery) for _ in range(3))
    eve = Guest(hub, nursery, sink=pipe)
    for guest, nick in zip((alice, bob, kim, eve), ("alice", "bob", "kim", "eve"), strict=True):
        await guest.types(nick)
    if is_waiting:
        pipe.room = 0
    await bob.mail()
    await alice.types(line)
    if is_waiting:
        pipe.open(10)
    await settled()
    assert eve.has_gone
    await kim.types("hello")
    said = "<alice> : boom\r\n" if line == "boom" else ""
    assert await bob.mail() == f"{said}<meta>: eve left\r\n<kim> : hello\r\n"
    assert tracebacks(caplog) == ["c# failed"]


async def test_a_ping_that_fails_is_not_the_keepalives_end(
    hub: Hub,
    nursery: trio.Nursery,
    caplog: pytest.LogCaptureFixture,
    autojump_clock: trio.testing.MockClock,
) -> None:
    """The others get theirs."""
    eve, bob, alice = (Guest(hub, nursery) for _ in range(3))
    for guest, nick in zip((eve, bob, alice), ("eve", "bob", "alice"), strict=True):
        await guest.types(nick)
    await bob.mail()
    await alice.mail()
    assert eve.connection is not None
    assert bob.connection is not None
    eve.connection.ping = Ping(cast(bytes, None), every=10.0)
    bob.connection.ping = Ping(b"ping", every=10.0)
    await trio.sleep(12.0)
    assert eve.has_gone
    mail = await bob.mail()
    assert "ping" in mail
    assert "<meta>: eve left\r\n" in mail
    assert tracebacks(caplog) == ["c# failed"]


async def test_news_that_cannot_be_told_are_not_the_end_of_the_house(
    hub: Hub,
    nursery: trio.Nursery,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    autojump_clock: trio.testing.MockClock,
) -> None:
    """A bug there costs a second's news, with a traceback each; the next are told."""
    monkeypatch.setattr(comings, "CROWD", 1)
    nursery.start_soon(hub.keep_time)
    alice = await Guest(hub, nursery).joins("alice")
    await trio.sleep(2 * NEWS_SECONDS)
    with monkeypatch.context() as fault:
        plant(fault, Room, "_tick")
        await Guest(hub, nursery).joins("bob")
        await trio.sleep(2.5 * NEWS_SECONDS)
    assert len(tracebacks(caplog)) >= 2
    assert "bob" not in await alice.mail()
    await trio.sleep(NEWS_SECONDS)
    assert "bob joined" in await alice.mail()


async def test_an_arrival_that_fails_is_no_session_any_more(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What never began is not told that the room closes either."""
    plant(monkeypatch, Dispatch, "deliver", "Prompted")
    with hub.connected("telnet", terminal.encode, Pipe()) as connection:
        with pytest.raises(FaultError):
            await converse(hub, connection, trio.sleep_forever)
        assert not connection.is_present


# --- in the room ---


def crowd_of(*people: str) -> Room:
    """A room with these people, each under a connection of the same name; nothing is untold."""
    room = Room()
    for nick in people:
        arrive(room, nick)
        room.apply(Line(nick, nick, 0.0))
    return room


def arrive(room: Room, who: str) -> None:
    """Somebody is at the door."""
    room.apply(Arrived(who, "web", f"token of {who}", 0.0))


def events(room: Room, entry: Line | Gone) -> list[Event]:
    """What comes of an entry."""
    return [delivery.event for delivery in room.apply(entry)]


@pytest.mark.parametrize(
    ("owner", "name", "crowd"),
    [(names, "accept", 300), (News, "came", 2), (comings, "Joined", 300)],
)
def test_whoever_fails_to_get_in_leaves_no_trace(
    monkeypatch: pytest.MonkeyPatch, owner: object, name: str, crowd: int
) -> None:
    """Not in the room's list, and the nick is free for the next."""
    room = crowd_of("ann", "bob")
    monkeypatch.setattr(comings, "CROWD", crowd)
    arrive(room, "c3")
    with monkeypatch.context() as broken:
        plant(broken, owner, name, "eve")
        with pytest.raises(FaultError):
            room.apply(Line("c3", "eve", 0.0))
    assert events(room, Gone("c3", "", 0.0)) == []
    assert [person.nick for person in room.members()] == ["ann", "bob"]
    monkeypatch.setattr(comings, "CROWD", 300)
    arrive(room, "c4")
    welcome, joined = events(room, Line("c4", "eve", 0.0))
    assert isinstance(welcome, Welcomed)
    assert isinstance(joined, Joined)


@pytest.mark.parametrize(("owner", "name"), [(names, "accept"), (News, "tell")])
def test_whoever_fails_to_change_their_nick_still_has_the_old_one(
    monkeypatch: pytest.MonkeyPatch, owner: object, name: str
) -> None:
    """The one the others know, and under which they are told of the leaving."""
    room = crowd_of("ann", "bob", "eve", "kim")
    monkeypatch.setattr(comings, "CROWD", 2)
    room.apply(Gone("kim", "", 0.0))
    monkeypatch.setattr(comings, "CROWD", 300)
    assert room.is_due(0.0)
    with monkeypatch.context() as broken:
        plant(broken, owner, name)
        with pytest.raises(FaultError):
            room.apply(Line("eve", "/nick zoe", 0.0))
    assert [person.nick for person in room.members()] == ["ann", "bob", "eve"]
    (told, renamed) = events(room, Line("eve", "/nick zoe", 0.0))
    assert getattr(told, "left", None) == ("kim",)
    assert getattr(renamed, "new", None) == "zoe"


@pytest.mark.parametrize(("owner", "name", "crowd"), [(text, "clean", 300), (News, "went", 2)])
def test_whoever_fails_to_leave_is_gone_all_the_same(
    monkeypatch: pytest.MonkeyPatch, owner: object, name: str, crowd: int
) -> None:
    """Nobody can make them go a second time: they must not keep the nick, nor get mail."""
    room = crowd_of("ann", "bob", "eve")
    monkeypatch.setattr(comings, "CROWD", crowd)
    with monkeypatch.context() as broken:
        plant(broken, owner, name)
        with pytest.raises(FaultError):
            room.apply(Gone("eve", "too slow", 0.0))
    assert [person.nick for person in room.members()] == ["ann", "bob"]
    (said,) = room.apply(Line("ann", "hello", 0.0))
    assert said.recipients == ("ann", "bob")
    monkeypatch.setattr(comings, "CROWD", 300)
    arrive(room, "c4")
    assert isinstance(events(room, Line("c4", "eve", 0.0))[0], Welcomed)


# --- what must pass ---


class EndError(BaseException):
    """Any exception that is not for a barrier to hold."""


EXITS = pytest.mark.parametrize("fault", [KeyboardInterrupt, SystemExit, EndError])
"""None of these says that something is wrong: somebody wants all of the program to end."""


@asynccontextmanager
async def a_peer() -> AsyncIterator[tuple[Peer, trio.socket.SocketType]]:
    """A peer of ours, and the other end."""
    ours, theirs = trio.socket.socketpair()
    async with Peer(trio.SocketStream(ours)) as peer:
        with theirs:
            yield peer, theirs


Handle = Callable[[Hub], Callable[[Peer], Awaitable[None]]]


def telnet_door(hub: Hub) -> Callable[[Peer], Awaitable[None]]:
    """How the telnet door serves a connection."""
    return TelnetDoor(hub, Doorkeeper(UNLIMITED), "http://x/").handle


def front(hub: Hub) -> Callable[[Peer], Awaitable[None]]:
    """How the front door serves a connection."""
    return FrontDoor({b"/ws": Gateway(hub)}, cast(Site, None), Doorkeeper(UNLIMITED)).handle


@EXITS
@pytest.mark.parametrize("handle", [telnet_door, front])
async def test_the_end_of_the_program_passes_every_door(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    handle: Handle,
    fault: type[BaseException],
) -> None:
    """Out of a session as out of a request."""
    plant(monkeypatch, telnet, "converse", fault=fault)
    plant(monkeypatch, door, "_read_head", fault=fault)
    async with a_peer() as (peer, _):
        with pytest.raises(fault):
            await handle(Hub())(peer)
    assert tracebacks(caplog) == []


@pytest.mark.parametrize("handle", [telnet_door, front])
async def test_being_cancelled_passes_every_door(
    nursery: trio.Nursery, caplog: pytest.LogCaptureFixture, handle: Handle
) -> None:
    """Nothing is logged as if it had failed."""
    hub = Hub()
    nursery.start_soon(hub.postman.run)
    async with a_peer() as (peer, _):
        with trio.CancelScope() as scope:
            async with trio.open_nursery() as inner:
                inner.start_soon(handle(hub), peer)
                await settled()
                scope.cancel()
    assert scope.cancelled_caught
    assert tracebacks(caplog) == []


async def test_being_cancelled_passes_an_open_websockets_door(
    nursery: trio.Nursery, caplog: pytest.LogCaptureFixture
) -> None:
    """Through the library's own nursery, too."""
    hub = Hub()
    nursery.start_soon(hub.postman.run)
    async with a_peer() as (peer, theirs):
        with trio.CancelScope() as scope:
            async with trio.open_nursery() as inner:
                inner.start_soon(front(hub), peer)
                await theirs.send(upgrade("Host: x", *HANDSHAKE))
                await theirs.recv(1_000)
                await settled()
                scope.cancel()
    assert scope.cancelled_caught
    assert list(hub.connections) == []
    assert tracebacks(caplog) == []


@EXITS
@pytest.mark.parametrize("line", ["boom", "/msg eve boom"])
async def test_the_end_of_the_program_passes_where_events_are_encoded(
    nursery: trio.Nursery, line: str, fault: type[BaseException]
) -> None:
    """For many as for one."""

    def ends(event: Event) -> bytes:
        if "boom" in repr(event):
            raise fault
        return b""

    hub = Hub()
    with ExitStack() as stack:
        people = [stack.enter_context(hub.connected("web", ends, Pipe())) for _ in range(3)]
        for connection, nick in zip(people, ("ann", "bob", "eve"), strict=True):
            hub.arrived(connection)
            hub.heard(connection, nick)
        with pytest.raises(fault):
            hub.heard(people[0], line)


@EXITS
@pytest.mark.parametrize("is_waiting", [False, True])
@pytest.mark.parametrize("is_alike", [False, True])
async def test_the_end_of_the_program_passes_the_postman(
    fault: type[BaseException], is_waiting: bool, is_alike: bool
) -> None:
    """Out of each place where he writes."""
    pipe = FaultyPipe(room=0 if is_waiting else 100)
    pipe.fault = fault
    postman = Postman()
    box = Outbox(pipe, postman.announce, print)
    with pytest.RaisesGroup(fault, flatten_subgroups=True):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(postman.run)
            if is_alike:
                MailingList([box], postman.announce_mailing).push(b"boom")
            else:
                box.push(b"boom")
            await settled()
            pipe.open(10)


@EXITS
async def test_the_end_of_the_program_passes_the_keepalive(
    monkeypatch: pytest.MonkeyPatch,
    autojump_clock: trio.testing.MockClock,
    fault: type[BaseException],
) -> None:
    """Out of a ping."""
    hub = Hub()
    with hub.connected("web", frames.encode, Pipe()) as connection:
        connection.ping = Ping(b"ping", every=1.0)
        plant(monkeypatch, Outbox, "push", fault=fault)
        with pytest.raises(fault):
            await keep_alive(hub)


def test_faults_are_held_at_one_place_a_door_and_where_one_task_serves_many() -> None:
    """Anywhere else a barrier would only hide them."""
    found = Counter(
        str(path.relative_to(backend.__path__[0]))
        for path in Path(backend.__path__[0]).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in ("Exception", "BaseException"))
        and not isinstance(node.body[-1], ast.Raise)  # it only tidies up
    )
    doors = {"net/tcp.py": 1, "net/door.py": 1, "bridge/visitor.py": 1}
    # An event for many; a ping; and a write: alike, alone, or in the task that waits.
    many = {"net/dispatch.py": 1, "net/keepalive.py": 1, "net/postman.py": 2, "net/outbox.py": 1}
    # The news of a crowd, and whoever stands before a door.
    house = {"net/hub.py": 1, "net/peer.py": 1}
    # An entry that could not be followed when it happened; and whatever stands before the disk.
    journal = {"journal/sqlite.py": 2}
    # Looking on, which must not end what is looked at.
    onlookers = {"net/watchers.py": 1}
    # An entry that fails here fails on all nodes, and each goes on with the next.
    shared = {"journal/redis.py": 1}
    # The same entries, when they are printed.
    printed = {"history.py": 1}
    assert found == {**doors, **many, **house, **journal, **onlookers, **shared, **printed}
