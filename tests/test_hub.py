"""The hub over memory streams: one encoding per wire, drains, and who is told what."""

import itertools
import logging
from collections import Counter
from dataclasses import replace

import pytest
import trio
import trio.testing

from backend.config import UNLIMITED
from backend.net.guesses import FREE_GUESSES, MAX_GUESSES, PAUSE_SECONDS
from backend.net.hub import Hub
from backend.net.outbox import MAX_BYTES
from backend.net.session import LINES_PER_TURN, converse
from backend.room.deliveries import Delivery
from backend.room.entries import Entry, Promoted, Withheld
from backend.room.events import Event, Said
from backend.wire import frames, terminal
from tests.guests import Guest, Pipe, StreamSink, settled

SECRET = "correct horse"


@pytest.fixture
async def hub(nursery: trio.Nursery) -> Hub:
    """A hub with its Postman at work, a clock that stands still and numbered tokens."""
    tokens = map("token-{}".format, itertools.count())
    hub = Hub(lambda: 1_000.0, lambda: next(tokens), operator_secret=SECRET)
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


# --- moderation ---


@pytest.fixture
def recorded(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> list[Entry]:
    """Every entry that the journal gets from now on."""
    entries: list[Entry] = []
    record = hub._journal.record

    def noting(entry: Entry) -> None:
        entries.append(entry)
        record(entry)

    monkeypatch.setattr(hub._journal, "record", noting)
    return entries


async def test_the_secret_makes_an_operator_and_is_found_nowhere(
    hub: Hub,
    nursery: trio.Nursery,
    recorded: list[Entry],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Not in the journal, the log, or anybody's mail; and neither are guesses that came near."""
    caplog.set_level(logging.DEBUG)
    wires = (terminal.encode, lambda event: f"{frames.to_json(event)}\n".encode())
    guests = [Guest(hub, nursery, wire) for wire in wires]
    alice, bob = guests
    stranger = Guest(hub, nursery)
    lines = [f"/op {SECRET}", f"  /OP\t{SECRET}", f"\x00/o\x07p {SECRET}", f"> /op {SECRET}"]
    too_long = f"/op {SECRET} {'x' * 10_000}"
    await stranger.types(*lines, too_long)
    mail = await stranger.mail()
    await alice.types("alice", "/op correct horsf", too_long)
    await bob.types("bob", "hello")
    mail += await alice.mail()
    assert "operator now" not in mail
    assert alice.connection is not None
    assert not hub.is_operator(alice.connection)
    await alice.types(lines[0])
    assert hub.is_operator(alice.connection)
    mail += await alice.mail()
    assert "operator now" in mail
    for line in lines[1:]:
        await alice.types(line)
    mail += await alice.mail() + await bob.mail() + await stranger.mail()
    everything = f"{mail}{recorded}{caplog.text}{[record.__dict__ for record in caplog.records]}"
    assert "hello" in everything
    for trace in ("correct", "hors"):
        assert trace not in everything
    promoted = [entry for entry in recorded if isinstance(entry, Promoted)]
    assert promoted == [Promoted(alice.id, 1_000.0)] * len(lines)


async def test_a_secret_behind_other_words_is_not_said_and_is_no_guess(
    hub: Hub, nursery: trio.Nursery, recorded: list[Entry]
) -> None:
    """Neither in the room nor at the prompt, right or wrong: what is told is the same."""
    alice, bob = [await Guest(hub, nursery).joins(nick) for nick in ("alice", "bob")]
    stranger = Guest(hub, nursery)
    await settled()
    await alice.mail()
    entries = len(recorded)
    for _ in range(MAX_GUESSES):
        for secret in (SECRET, "x"):
            await bob.types(f"bob: /op {secret}")
            answer = "What stands behind /op is for nobody's eyes: that line was not sent."
            assert await bob.mail() == f"<meta>: {answer}\r\n"
            await stranger.types(f"bob /op {secret}")
            assert answer[:-1] in await stranger.mail()
    assert await alice.mail() == ""
    assert all(isinstance(entry, Withheld) for entry in recorded[entries:])


async def test_an_operator_cannot_say_the_secret_and_nobody_else_learns_whether_they_did(
    hub: Hub, nursery: trio.Nursery
) -> None:
    """A stranger's line that happens to hold it is like any other: else each would be a guess."""
    alice, bob = [await Guest(hub, nursery).joins(nick) for nick in ("alice", "bob")]
    await alice.types(f"/op {SECRET}")
    await alice.mail()
    await alice.types(f"/msg bob it is {SECRET}")
    answer = "That line has the operators' secret in it: it was not sent."
    assert await alice.mail() == f"<meta>: {answer}\r\n"
    assert await bob.mail() == ""
    await bob.types(f"a {SECRET}")
    assert SECRET in await alice.mail()


async def test_at_the_name_prompt_a_secret_is_no_name(hub: Hub, nursery: trio.Nursery) -> None:
    """Nothing is said of whether it is right, and it is no guess either."""
    alice = Guest(hub, nursery)
    await alice.mail()
    for line in (f"/op {SECRET}", *["/op x"] * 20):
        await alice.types(line)
        assert await alice.mail() == "<meta>: Join first. Please enter another: "
    await alice.joins("alice")
    await alice.types(f"/op {SECRET}")
    assert "You are an operator now" in await alice.mail()


async def test_without_a_secret_there_are_no_operators(nursery: trio.Nursery) -> None:
    """A plain notice, however often."""
    hub = Hub()
    nursery.start_soon(hub.postman.run)
    alice = await Guest(hub, nursery).joins("alice")
    for _ in range(10):
        await alice.types("/op")
        assert await alice.mail() == "<meta>: There are no operators here.\r\n"


async def test_guesses_are_counted_by_origin_and_a_minute_is_a_minute(
    hub: Hub, nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    """A second connection from there is no way round; one from elsewhere is not concerned."""
    mallory = await Guest(hub, nursery, origin="a").joins("mallory")
    await mallory.types(*["/op x"] * FREE_GUESSES)
    assert (await mallory.mail()).count("That is not the secret.") == FREE_GUESSES
    again = await Guest(hub, nursery, origin="a").joins("again")
    alice = await Guest(hub, nursery, origin="b").joins("alice")
    await again.types(f"/op {SECRET}")
    assert "Too many guesses" in await again.mail()
    await alice.types(f"/op {SECRET}")
    assert "You are an operator now" in await alice.mail()
    await trio.sleep(PAUSE_SECONDS)
    await again.types(f"/op {SECRET}")
    assert "You are an operator now" in await again.mail()


async def test_without_an_origin_guesses_are_counted_by_connection(
    hub: Hub, nursery: trio.Nursery
) -> None:
    """Nobody pays for a stranger."""
    mallory, alice = [await Guest(hub, nursery).joins(nick) for nick in ("mallory", "alice")]
    await mallory.types(*["/op x"] * (MAX_GUESSES - 1))
    await alice.types(f"/op {SECRET}")
    assert "You are an operator now" in await alice.mail()


async def test_whoever_goes_on_guessing_is_shown_out(hub: Hub, nursery: trio.Nursery) -> None:
    """With the code for policy; the others hear why, and it is counted."""
    mallory, alice = [await Guest(hub, nursery).joins(nick) for nick in ("mallory", "alice")]
    await mallory.types(*["/op x"] * MAX_GUESSES, "hello")
    assert mallory.connection is not None
    assert mallory.connection.goodbye is not None
    assert mallory.connection.goodbye[0] == 1008
    assert await alice.mail() == "<meta>: mallory left (guessing)\r\n"
    assert hub.ended == {"guessing": 1}


async def test_a_ban_reaches_the_next_connection_from_there(
    hub: Hub, nursery: trio.Nursery
) -> None:
    """Shown out before any prompt, and gone."""
    alice = await Guest(hub, nursery, origin="a").joins("alice")
    bob = await Guest(hub, nursery, origin="b").joins("bob")
    await alice.types(f"/op {SECRET}", "/ban bob 1h")
    assert await bob.mail() == "<meta>: You are banned for 60 minutes, by alice.\r\n"
    again = Guest(hub, nursery, origin="b")
    assert await again.mail() == "<meta>: You are banned: 60 minutes left.\r\n"
    await settled()
    assert [connection.origin for connection in hub.connections] == ["a"]
    assert hub.ended == {"banned": 2}


async def test_the_log_says_who_did_what_to_whom_and_no_word_of_why(
    hub: Hub, nursery: trio.Nursery, caplog: pytest.LogCaptureFixture
) -> None:
    """By connection; who is shown out has not quit."""
    caplog.set_level(logging.INFO)
    names = ("alice", "bob", "carol", "dora")
    guests = [await Guest(hub, nursery, origin=nick).joins(nick) for nick in names]
    caplog.clear()
    for line in (
        *("/op wrong", f"/op {SECRET}", "/mute bob 1h", "/mute bob 0", "/kick bob for a reason"),
        *("/ban carol 1h", "/unban carol", "/topic owls", "/ban ghost 1h"),
        "/ignore dora",
    ):
        await guests[0].types(line)
    await guests[3].types("/quit for lunch")
    assert [record.getMessage() for record in caplog.records] == [
        "c1 refused: not an operator",
        "c1 promoted c1",
        "c1 muted c2",
        "c1 unmuted c2",
        "c1 kicked c2",
        "c2 closed: kicked",
        "c1 banned c3",
        "c3 closed: banned",
        "c1 unbanned c3",
        "c4 left: dora (quit)",
        "c4 closed",
    ]


@pytest.mark.parametrize("others", [1, 5])
async def test_a_connection_that_has_dropped_gets_no_more_although_its_seat_is_kept(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock, others: int
) -> None:
    """What it has is still sent, and behind that may be its close frame, which is the last."""
    hub = Hub(limits=replace(UNLIMITED, grace=15.0))
    nursery.start_soon(hub.postman.run)
    ann = await Guest(hub, nursery, frames.encode, via="web").joins("ann")
    crowd = [await Guest(hub, nursery).joins(f"guest-{number}") for number in range(others)]
    await ann.mail()
    ann.pipe.room = 0
    await crowd[0].types("before")
    ann.is_cut_off()
    await settled()
    await crowd[0].types("after", "/msg ann psst")
    ann.pipe.open(1_000_000)
    mail = await ann.mail()
    assert hub.total == others + 1
    assert '"before"' in mail
    assert "after" not in mail
    assert "psst" not in mail


async def test_a_page_that_was_too_slow_comes_back_to_its_seat_and_is_told_a_bounded_part(
    nursery: trio.Nursery,
) -> None:
    """It did not mean to leave; and what it has missed by then is no reason to be cut off again."""
    numbers = itertools.count(1)
    limits = replace(UNLIMITED, grace=15.0)
    hub = Hub(limits=limits, new_token=lambda: f"token-{next(numbers)}")
    nursery.start_soon(hub.postman.run)
    bob = await Guest(hub, nursery).joins("bob")
    ann = await Guest(hub, nursery, frames.encode, via="web").joins("ann")
    ann.pipe.room = 0
    while not ann.has_gone:
        await bob.types("é" * 1_000)
    assert hub.ended == {"too slow": 1}
    assert hub.total == 2
    assert "left" not in await bob.mail()
    await bob.types("the last of it")
    again = Guest(hub, nursery, frames.encode, via="web")
    await again.types("/resume token-2 2")
    mail = await again.mail()
    assert '"resumed":true' in mail
    assert "the last of it" in mail
    assert len(mail.encode()) < MAX_BYTES / 2
    assert not again.has_gone


async def test_asking_for_the_past_many_times_at_once_ends_nobody(
    hub: Hub, nursery: trio.Nursery
) -> None:
    """Each answer is long; together they are more than an outbox holds."""
    ann = await Guest(hub, nursery, frames.encode, via="web").joins("ann")
    ann.pipe.room = 10_000_000
    for _ in range(60):
        await ann.types("x" * 1_000)
    await ann.mail()
    await ann.types(*["/history 1000 100"] * 10)
    assert not ann.has_gone
    assert (await ann.mail()).count('"type":"history"') == 10
