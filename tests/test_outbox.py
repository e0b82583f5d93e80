"""Outboxes, mailing lists and the Postman, with sinks that do as told and a clock that jumps."""

from collections.abc import Callable
from unittest.mock import patch

import pytest
import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.net import outbox as module
from backend.net import postman, turn
from backend.net.outbox import MailingList, Outbox
from backend.net.postman import Postman
from backend.net.sink import Sink
from tests.guests import Pipe, StreamSink


class Desk:
    """A running Postman, and outboxes to give it."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self.postman = Postman()
        self.given_up: list[str | Exception] = []
        nursery.start_soon(self.postman.run)

    def outbox(self, sink: Sink, max_bytes: int = module.MAX_BYTES) -> Outbox:
        """A new outbox; whoever is given up is noted with the reason."""
        return Outbox(sink, self.postman.announce, self.given_up.append, max_bytes)

    def mailing_list(self, *outboxes: Outbox) -> MailingList:
        """A new mailing list."""
        return MailingList(list(outboxes), self.postman.announce_mailing)


@pytest.fixture
async def desk(nursery: trio.Nursery) -> Desk:
    """A Postman at work."""
    return Desk(nursery)


settled = trio.testing.wait_all_tasks_blocked


async def test_what_is_pushed_in_one_turn_leaves_in_one_send(desk: Desk) -> None:
    """A burst costs one write, not one a message."""
    pipe = Pipe()
    box = desk.outbox(pipe)
    for word in (b"one ", b"two ", b"three"):
        box.push(word)
    assert pipe.writes == []
    await settled()
    assert pipe.writes == [b"one two three"]


async def test_a_round_starts_no_task_for_those_who_take_their_mail(desk: Desk) -> None:
    """A thousand quick readers cost no task and no switch each."""
    pipes = [Pipe() for _ in range(1_000)]
    everybody = desk.mailing_list(*map(desk.outbox, pipes))
    before = trio.lowlevel.current_statistics().tasks_living
    everybody.push(b"hello")
    await trio.lowlevel.checkpoint()
    await trio.lowlevel.checkpoint()
    assert trio.lowlevel.current_statistics().tasks_living == before
    assert all(pipe.writes == [b"hello"] for pipe in pipes)


async def test_a_slow_reader_gets_everything_in_order(desk: Desk) -> None:
    """Partial writes and later mail do not mix up the bytes."""
    pipe = Pipe(room=3)
    box = desk.outbox(pipe)
    box.push(b"abcdef")
    await settled()
    box.push(b"ghi")
    await settled()
    assert pipe.taken == b"abc"
    for _ in range(10):
        pipe.open(2)
        await settled()
    box.push(b"jkl")
    await settled()
    assert pipe.taken == b"abcdefghijkl"
    assert box.size == 0
    assert desk.given_up == []


async def test_one_who_takes_nothing_is_given_up_and_the_others_never_wait(
    desk: Desk, autojump_clock: trio.testing.MockClock
) -> None:
    """Stuck for the stall time is too slow; whoever takes a byte now and then is not."""
    stuck, dribbling, quick = Pipe(room=0), Pipe(room=0), Pipe()
    boxes = [desk.outbox(pipe) for pipe in (stuck, dribbling, quick)]
    for box in boxes:
        box.push(b"0123456789")
    await settled()
    assert quick.taken == b"0123456789"
    for _ in range(9):
        await trio.sleep(module.STALL_SECONDS * 0.9)
        dribbling.open(1)
    await settled()
    assert desk.given_up == ["too slow"]
    assert boxes[0].is_closed
    assert not boxes[1].is_closed
    assert dribbling.taken == b"012345678"


async def test_mail_beyond_the_bound_is_too_much(desk: Desk) -> None:
    """Memory is bounded, whatever is pushed."""
    box = desk.outbox(Pipe(room=0), max_bytes=100)
    for _ in range(20):
        box.push(b"0123456789")
    assert desk.given_up == ["too slow"]
    assert box.size == 0


async def test_a_broken_connection_is_given_up_once(desk: Desk) -> None:
    """And further mail for it is nothing."""
    pipe = Pipe()
    box = desk.outbox(pipe)
    pipe.broken = True
    box.push(b"a")
    await settled()
    box.push(b"b")
    await settled()
    assert desk.given_up == ["connection lost"]


async def test_a_connection_that_breaks_while_waiting_is_given_up(desk: Desk) -> None:
    """Its waiting task ends, too."""
    before = trio.lowlevel.current_statistics().tasks_living
    pipe = Pipe(room=0)
    box = desk.outbox(pipe)
    box.push(b"a")
    await settled()
    assert trio.lowlevel.current_statistics().tasks_living == before + 1
    pipe.broken = True
    pipe.open(1)
    await settled()
    assert desk.given_up == ["connection lost"]
    assert trio.lowlevel.current_statistics().tasks_living == before


async def test_flushed_waits_for_the_last_byte(desk: Desk, nursery: trio.Nursery) -> None:
    """And not at all when there is nothing left, or no hope."""
    pipe = Pipe(room=1)
    box = desk.outbox(pipe)
    await box.flushed()
    box.push(b"ab")
    done: list[bool] = []

    async def wait() -> None:
        await box.flushed()
        done.append(True)

    nursery.start_soon(wait)
    await settled()
    assert done == []
    pipe.open(1)
    await settled()
    assert done == [True]
    box.close()
    box.push(b"late")
    await box.flushed()


async def test_a_list_sends_what_came_in_one_turn_in_one_piece(desk: Desk) -> None:
    """The very same bytes to each: they are joined once, not once a person."""
    pipes = [Pipe() for _ in range(3)]
    everybody = desk.mailing_list(*map(desk.outbox, pipes))
    everybody.push(b"one ")
    everybody.push(b"two")
    await settled()
    assert [pipe.writes for pipe in pipes] == [[b"one two"]] * 3
    assert pipes[0].written[0] is pipes[1].written[0] is pipes[2].written[0]


async def test_one_can_be_spared_and_keeps_the_order_of_the_rest(desk: Desk) -> None:
    """A terminal shows what was typed on it already."""
    speaker, other = Pipe(), Pipe()
    box = desk.outbox(speaker)
    everybody = desk.mailing_list(box, desk.outbox(other))
    everybody.push(b"a")
    everybody.push(b"b", but=[box])
    everybody.push(b"c")
    await settled()
    assert other.writes == [b"abc"]
    assert speaker.writes == [b"ac"]
    everybody.push(b"d")
    await settled()
    assert (other.taken, speaker.taken) == (b"abcd", b"acd")


@pytest.mark.parametrize("count", [0, 1, 7])
async def test_sparing_some_is_work_for_those_only(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    """However long the list, nobody else's outbox is looked at."""
    looked_at = 0
    catch_up, move = Outbox.catch_up, MailingList._move

    def counted_catch_up(box: Outbox) -> None:
        nonlocal looked_at
        looked_at += 1
        catch_up(box)

    def counted_move(mailing: MailingList, seat: int, position: int) -> None:
        nonlocal looked_at
        looked_at += 1
        move(mailing, seat, position)

    pipes = [Pipe() for _ in range(1_000)]
    boxes = [desk.outbox(pipe) for pipe in pipes]
    everybody = desk.mailing_list(*boxes)
    everybody.push(b"a")
    await settled()
    monkeypatch.setattr(Outbox, "catch_up", counted_catch_up)
    monkeypatch.setattr(MailingList, "_move", counted_move)
    everybody.push(b"b", but=boxes[:count])
    assert looked_at <= 3 * count
    everybody.push(b"c")
    await settled()
    assert {pipe.taken for pipe in pipes[:count]} <= {b"ac"}
    assert {pipe.taken for pipe in pipes[count:]} == {b"abc"}


async def test_mail_for_one_alone_stands_where_it_was_pushed(desk: Desk) -> None:
    """Between the list's letters, and all in one send."""
    pipe, other = Pipe(), Pipe()
    box = desk.outbox(pipe)
    everybody = desk.mailing_list(box, desk.outbox(other))
    everybody.push(b"a")
    box.push(b"1")
    everybody.push(b"b")
    await settled()
    assert pipe.writes == [b"a1b"]
    assert other.writes == [b"ab"]


async def test_a_closed_list_owes_nobody_anything(desk: Desk) -> None:
    """When the audience changes, those of the old one have their mail first."""
    old, both, new = Pipe(), Pipe(), Pipe()
    boxes = [desk.outbox(pipe) for pipe in (old, both, new)]
    first = desk.mailing_list(*boxes[:2])
    first.push(b"a")
    first.close()
    second = desk.mailing_list(*boxes[1:])
    second.push(b"b")
    boxes[0].push(b"bye")
    await settled()
    assert (old.writes, both.writes, new.writes) == ([b"abye"], [b"ab"], [b"b"])


async def test_a_slow_reader_on_a_list_is_bounded_and_holds_nobody_up(
    desk: Desk, autojump_clock: trio.testing.MockClock
) -> None:
    """What it did not take waits in its own outbox, up to the bound."""
    slow, stuck, quick = Pipe(room=3), Pipe(room=0), Pipe()
    boxes = [desk.outbox(pipe, max_bytes=50) for pipe in (slow, stuck, quick)]
    everybody = desk.mailing_list(*boxes)
    for _ in range(4):
        everybody.push(b"0123456789")
        await settled()
    slow.open(1_000)
    await settled()
    for _ in range(2):
        everybody.push(b"0123456789")
        await settled()
    assert quick.taken == slow.taken == b"0123456789" * 6
    assert desk.given_up == ["too slow"]
    assert boxes[1].is_closed
    assert stuck.taken == b""


PUSH, ALONE, SPARED, MOVE, WAIT, OPEN = range(6)
STEPS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3), st.integers(1, 30)), max_size=60)


@pytest.mark.parametrize("turn_seconds", [turn.TURN_SECONDS, -1.0])
@settings(deadline=None)
@given(STEPS)
def test_whatever_happens_everybody_gets_their_letters_in_order(
    turn_seconds: float, steps: list[tuple[int, int, int]]
) -> None:
    """Against the simple model: each letter is appended to each recipient's own queue.

    Also when the Postman gives way after each single person, in the middle of every round.
    """

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            desk = Desk(nursery)
            pipes = [Pipe(room=7 * n) for n in range(4)]
            boxes = [desk.outbox(pipe) for pipe in pipes]
            expected = [b""] * 4
            members = set(range(4))
            everybody = desk.mailing_list(*boxes)
            for number, (step, who, amount) in enumerate(steps):
                letter = b"%d%s." % (number, b"x" * amount)
                to: set[int] = set()
                if step == PUSH:
                    to = members
                    everybody.push(letter)
                elif step == ALONE:
                    to = {who}
                    boxes[who].push(letter)
                elif step == SPARED:
                    spared = {n for n in range(4) if (amount >> n) % 2 or n == who}
                    to = members - spared
                    everybody.push(letter, but=[boxes[n] for n in sorted(spared)])
                elif step == MOVE:
                    members = members ^ {who}
                    everybody.close()
                    everybody = desk.mailing_list(*(boxes[n] for n in members))
                elif step == WAIT:
                    for _ in range(amount % 4):
                        await trio.lowlevel.checkpoint()
                else:
                    pipes[who].open(amount)
                for n in to:
                    expected[n] += letter
            for pipe in pipes:
                pipe.open(10_000)
            for box in boxes:
                await box.flushed()
            assert [pipe.taken for pipe in pipes] == expected
            assert [box.size for box in boxes] == [0] * 4
            nursery.cancel_scope.cancel()

    with (
        patch.object(turn, "TURN_SECONDS", turn_seconds),
        patch.object(postman, "BETWEEN_LOOKS", 1),
    ):
        trio.run(main)


@pytest.mark.parametrize(
    "pair", [trio.testing.memory_stream_pair, trio.testing.lockstep_stream_pair]
)
async def test_any_trio_stream_will_do(
    desk: Desk, pair: Callable[[], tuple[trio.abc.SendStream, trio.abc.ReceiveStream]]
) -> None:
    """Without a socket the mail goes through the waiting task, in the same order."""
    ours, theirs = pair()
    box = desk.outbox(StreamSink(ours))
    text = bytes(range(256)) * 200
    for start in range(0, len(text), 1_000):
        box.push(text[start : start + 1_000])
    got = b""
    while len(got) < len(text):
        got += await theirs.receive_some(4_000)
    assert got == text
    await settled()
    assert box.size == 0
