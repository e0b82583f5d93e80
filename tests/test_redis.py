"""The log in Redis, without people: what is appended, followed, passed over and dropped."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
import trio

from backend.journal import lease
from backend.journal.codec import encode
from backend.journal.follower import END, BrokenLogError, Follower, Position, Record
from backend.journal.journal import JournalError
from backend.journal.lease import DAMAGED
from backend.journal.redis import RedisJournal
from backend.journal.server import connect
from backend.room.entries import Arrived, Entry, Gone, Line, Tick
from tests.redis_server import RedisServer, needs_redis, redis_server

SECONDS = 30.0

LOG, STATE, NODES, LEASES, KEPT = (
    f"{{playroom}}:{name}" for name in ("log", "state", "nodes", "leases", "kept")
)


def then(before: Record, seq: str, text: str) -> Record:
    """The next record of the same node."""
    here = before.position
    return Record(here.life, here.number + 1, here.tag, before.node, seq, text)


FIRST = Record(7, 1, "", "a", "1", encode(Arrived("a-c1", "web", "t", 1.0)))
SECOND = then(FIRST, "2", encode(Arrived("a-c2", "web", "t", 1.0)))
LEFT = then(SECOND, "3", encode(Gone("a-c1", "", 2.0)))
DEAD = then(LEFT, END, "10.5 15.0 connection lost")


def follower(*records: Record) -> Follower:
    """One that has followed these."""
    made = Follower()
    made.position = replace(made.position, life=7)
    for record in records:
        made.take(record)
    return made


def test_the_end_of_a_node_is_the_end_of_all_who_are_still_on_it() -> None:
    """Each of them is gone once, and the others are told at once."""
    entries = follower(FIRST, SECOND, LEFT).take(DEAD)
    assert entries == [Gone("a-c2", "connection lost", 10.5, 25.5), Tick(10.5)]


def test_whoever_starts_from_a_snapshot_knows_who_is_on_which_node() -> None:
    """As if it had followed from the beginning."""
    before = follower(FIRST, SECOND)
    after = Follower()
    after.restore(before.position, json.loads(json.dumps(before.snapshot())))
    after.take(LEFT)
    assert after.take(DEAD) == [Gone("a-c2", "connection lost", 10.5, 25.5), Tick(10.5)]


@pytest.mark.parametrize(
    "wrong", [replace(SECOND, number=3), replace(SECOND, after="b:1"), replace(SECOND, life=8)]
)
def test_what_does_not_continue_the_log_is_not_followed(wrong: Record) -> None:
    """Something is missing, something else was before, or it is another log."""
    one = follower(FIRST)
    with pytest.raises(BrokenLogError):
        one.take(wrong)
    assert one.take(SECOND)


def test_a_repeated_entry_is_passed_over() -> None:
    """Should one ever be in the log twice."""
    assert follower(FIRST).take(then(FIRST, FIRST.seq, FIRST.text)) == []


def test_the_same_entries_in_another_order_are_another_log() -> None:
    """As many of them, and the same last one: whoever followed these cannot go on with those."""

    def end(*nodes: str) -> Position:
        record = replace(FIRST, node=nodes[0])
        for node in nodes[1:]:
            record = replace(then(record, "1", FIRST.text), node=node)
        return record.position

    assert end("a", "b", "c").number == end("b", "a", "c").number
    assert end("a", "b", "c") != end("b", "a", "c")


class Memory:
    """Remembers all it is told."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.restored = 0

    def follow(self, entry: Entry) -> None:
        """One more."""
        self.seen.append(encode(entry))

    def snapshot(self) -> dict[str, Any]:
        """All."""
        return {"seen": self.seen}

    def restore(self, data: dict[str, Any]) -> None:
        """All that was."""
        self.seen = list(data.get("seen", ()))
        self.restored += 1


@asynccontextmanager
async def a_node(server: RedisServer) -> AsyncIterator[tuple[RedisJournal, Memory]]:
    """One that has started."""
    async with a_node_at(server.url) as node:
        yield node


@asynccontextmanager
async def a_node_at(url: str) -> AsyncIterator[tuple[RedisJournal, Memory]]:
    """One that has started, with a server that is reached like this."""
    memory = Memory()
    journal = RedisJournal(url, 15.0, memory.follow, memory)
    async with trio.open_nursery() as nursery:
        await nursery.start(journal.run)
        yield journal, memory
        nursery.cancel_scope.cancel()


def say(journal: RedisJournal, *words: str) -> None:
    """Somebody on this node says this."""
    for word in words:
        journal.record(Line(f"{journal.prefix}c1", word, 1.0))


async def until(is_so: Callable[[], bool]) -> None:
    """Wait for something that another process has a part in."""
    with trio.fail_after(SECONDS):
        while not is_so():  # noqa: ASYNC110
            await trio.sleep(0.02)


async def same(*memories: Memory) -> list[str]:
    """What all of them have seen, as soon as it is the same: the words, in order."""
    await until(lambda: all(memory.seen == memories[0].seen for memory in memories))
    found = [json.loads(text) for text in memories[0].seen]
    return [entry["text"] for entry in found if entry["type"] == "Line"]


async def flushed(journal: RedisJournal) -> None:
    """All that it recorded has been followed."""
    with trio.fail_after(SECONDS):
        await journal.flush()


@needs_redis
async def test_what_was_appended_is_not_appended_again() -> None:
    """Though the answer was lost, and it was sent once more with what came later.

    Nor is something appended when what came before is missing: a fail-over has lost it.
    """
    with redis_server() as redis:
        async with a_node(redis) as (_, memory), connect(redis.url) as server:
            answer = await server.do("enter", "n", 60_000)
            life = answer[1]
            texts = [encode(Line("n-c1", word, 1.0)) for word in "abc"]
            assert await server.do("append", "n", life, 1, *texts[:2]) == ["ok"]
            assert await server.do("append", "n", life, 1, *texts) == ["ok"]
            assert await server.do("append", "n", life, 2, *texts[1:]) == ["ok"]
            assert await server.do("append", "stranger", life, 1, "x") == ["lost"]
            assert await server.do("append", "n", "1", 4, "x") == ["lost"]
            assert await server.do("append", "n", life, 5, "x") == ["lost"]
            await until(lambda: len(memory.seen) >= 3)
            assert memory.seen == texts


@needs_redis
async def test_snapshots_bound_the_log_and_what_a_new_node_has_to_follow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By what was said since the last one, whoever said it."""
    monkeypatch.setattr(lease, "RENEW_SECONDS", 0.05)
    monkeypatch.setattr(lease, "SNAPSHOT_EVERY", 100)
    monkeypatch.setattr(lease, "KEPT_BEFORE", 50)
    words = [str(number) for number in range(1_030)]
    with redis_server() as server:
        async with a_node(server) as (one, first):
            say(one, *words)
            await flushed(one)
            await until(lambda: int(server.ask("xlen", LOG)) <= 50 + 100)
            async with a_node(server) as (_, second):
                assert await same(first, second) == words


@needs_redis
async def test_no_snapshot_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Though the tenth entry is the end of a node, and so nobody's."""
    monkeypatch.setattr(lease, "RENEW_SECONDS", 0.05)
    monkeypatch.setattr(lease, "SNAPSHOT_EVERY", 10)
    with redis_server() as redis:
        async with a_node(redis) as (one, memory), connect(redis.url) as server:
            await server.do("enter", "n", 60_000)
            say(one, *map(str, range(9)))
            await flushed(one)
            await server.do("end", "n", 15.0, "")
            await until(lambda: len(memory.seen) == 10)
            say(one, "9")
            await flushed(one)
            await until(lambda: int(redis.ask("hget", KEPT, "n")) >= 10)


@needs_redis
@pytest.mark.parametrize("comes_back_with", ["nothing", "less", "all"])
async def test_nothing_is_lost_or_doubled_when_redis_comes_back(comes_back_with: str) -> None:
    """Whatever it still has: the nodes know, and go on where they were."""
    with redis_server(keeps=comes_back_with == "all") as redis:
        async with a_node(redis) as (one, first), a_node(redis) as (two, second):
            say(one, "a")
            say(two, "b")
            await flushed(one)
            await flushed(two)
            if comes_back_with == "less":
                redis.ask("save")
            before = await same(first, second)
            say(one, "c")
            await flushed(one)
            assert await same(first, second) == [*before, "c"]
            redis.kill()
            say(two, "d")
            await until(lambda: one.is_away and two.is_away)
            say(one, "e")
            redis.start()
            await flushed(one)
            await flushed(two)
            words = await same(first, second)
            assert words[:3] == [*before, "c"]
            assert sorted(words[3:]) == ["d", "e"]
            assert (one.trouble, two.trouble) == (None, None)
            assert (first.restored, second.restored) == (1, 1)


@needs_redis
async def test_a_log_that_was_emptied_by_hand_is_begun_anew() -> None:
    """FLUSHALL, with everybody still connected."""
    with redis_server() as redis:
        async with a_node(redis) as (one, first), a_node(redis) as (two, second):
            say(one, "a")
            await flushed(one)
            await same(first, second)
            redis.ask("flushall")
            say(two, "b")
            await flushed(two)
            assert await same(first, second) == ["a", "b"]


@needs_redis
@pytest.mark.parametrize(
    ("setting", "value", "why"),
    [
        ("maxmemory", "1", "its memory is full"),
        ("min-replicas-to-write", "1", "NOREPLICAS Not enough good replicas to write."),
        ("replicaof", "127.0.0.1 1", "it is a replica, and takes no writes"),
    ],
)
async def test_what_a_server_refuses_is_said_in_few_words(
    setting: str, value: str, why: str
) -> None:
    """Not where in our script it was."""
    with redis_server() as redis:
        async with a_node(redis) as (one, memory):
            say(one, "a")
            await flushed(one)
            if setting == "replicaof":
                redis.ask(setting, *value.split())
            else:
                redis.ask("config", "set", setting, value)
            await until(lambda: one.is_away)
            assert one.trouble == f"Redis: {why}"
            if setting == "replicaof":
                redis.ask(setting, "no", "one")
            else:
                redis.ask("config", "set", setting, "0")
            await until(lambda: not one.is_away)
            say(one, "b")
            await flushed(one)
            assert await same(memory) == ["a", "b"]


# --- what others do to its keys ---


DAMAGES = [
    ("del", LOG),
    ("del", KEPT),
    ("hdel", KEPT, "tag"),
    ("del", NODES),
    ("del", LEASES),
    ("del", STATE),
    ("hdel", STATE, "n"),
    ("xadd", LOG, "*", "foo", "bar"),
    ("xtrim", LOG, "maxlen", "0"),
]


@needs_redis
@pytest.mark.parametrize("damage", DAMAGES, ids=" ".join)
async def test_a_log_that_is_damaged_is_begun_anew_by_the_nodes_that_know_it(
    damage: tuple[str, ...],
) -> None:
    """None of them starts over, nothing is lost, and new nodes may come."""
    with redis_server() as redis:
        async with a_node(redis) as (one, first), a_node(redis) as (two, second):
            say(one, "a")
            await flushed(one)
            say(two, "b")
            await flushed(two)
            await same(first, second)
            redis.ask(*damage)
            async with a_node(redis) as (three, third):
                say(three, "c")
                await flushed(three)
            await until(lambda: not one.is_away and not two.is_away)
            say(two, "d")
            await flushed(two)
            assert await same(first, second) == ["a", "b", "c", "d"]
            assert third.seen == first.seen[: len(third.seen)]
            assert (first.restored, second.restored) == (1, 1)


async def refusal(redis: RedisServer) -> str:
    """Why no node can start."""
    with pytest.raises(ExceptionGroup) as group:
        async with a_node(redis):
            raise AssertionError("it started")
    (error,) = group.value.exceptions
    assert isinstance(error, JournalError)
    return str(error)


@needs_redis
@pytest.mark.parametrize(
    "damage",
    [
        *(damage for damage in DAMAGES if damage[1] in (LOG, KEPT)),
        *(("hset", KEPT, "data", data) for data in ("{", "{}", "[]", '{"room": {}}')),
        ("hset", KEPT, "n", "x"),
    ],
    ids=" ".join,
)
async def test_a_damaged_log_that_nobody_knows_costs_whoever_starts_one_clear_line(
    monkeypatch: pytest.MonkeyPatch, damage: tuple[str, ...]
) -> None:
    """It says what to do, for it does away with what is left; then there is an empty room."""
    monkeypatch.setattr(lease, "REPAIR_SECONDS", 0.5)
    with redis_server() as redis:
        async with a_node(redis) as (one, _):
            say(one, "a")
            await flushed(one)
        redis.ask(*damage)
        assert await refusal(redis) == f"cannot use the Redis server: {DAMAGED}"
        redis.ask("del", *redis.ask("keys", "{playroom}:*").split())
        async with a_node(redis) as (_, memory):
            assert memory.seen == []


@needs_redis
async def test_a_key_that_is_something_else_costs_one_clear_line() -> None:
    """Also the nodes that run, for as long; then they go on."""
    with redis_server() as redis:
        async with a_node(redis) as (one, memory):
            say(one, "a")
            await flushed(one)
            redis.ask("set", LOG, "something")
            await until(lambda: one.is_away)
            why = "a key of the room's is something else"
            assert one.trouble == f"Redis: {why}"
            assert await refusal(redis) == f"cannot use the Redis server: {why}"
            redis.ask("del", LOG)
            await until(lambda: not one.is_away)
            say(one, "b")
            await flushed(one)
            assert await same(memory) == ["a", "b"]
            assert memory.restored == 1


@needs_redis
async def test_a_snapshot_that_makes_no_sense_keeps_a_node_away_and_ends_none() -> None:
    """One that has to start over says so, and goes on when the keys are gone."""
    with redis_server() as redis:
        async with a_node(redis) as (one, memory):
            say(one, "a")
            await flushed(one)
            redis.ask("hset", KEPT, "data", "{}")
            redis.ask("hset", STATE, "tag", "another")
            await until(lambda: one.trouble == f"Redis: {DAMAGED}")
            redis.ask("flushall")
            await until(lambda: not one.is_away)
            say(one, "b")
            await flushed(one)
            assert await same(memory) == ["a", "b"]


@needs_redis
async def test_whoever_was_on_nodes_that_the_log_has_lost_is_gone_when_one_starts() -> None:
    """Once: nobody else would ever say so."""
    with redis_server() as redis:
        async with connect(redis.url) as server, a_node(redis):
            life = (await server.do("enter", "n", 60_000))[1]
            texts = [encode(Arrived(f"n-c{number}", "web", "t", 1.0)) for number in (1, 2)]
            await server.do("append", "n", life, 1, *texts)
        redis.ask("del", NODES)
        async with a_node(redis) as (_, first), a_node(redis) as (_, second):
            await same(first, second)
            gone = [json.loads(text) for text in first.seen if '"Gone"' in text]
            assert [each["connection"] for each in gone] == ["n-c1", "n-c2"]


# --- leases ---


def lease_of(redis: RedisServer, node: str) -> float:
    """Until when."""
    return float(redis.ask("zscore", LEASES, node))


@needs_redis
@pytest.mark.parametrize("deed", ["enter", "renew"])
async def test_nodes_have_half_a_lease_to_come_back_when_redis_was_away(
    deed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not a whole one, for they may be dead; and who has more keeps it."""
    monkeypatch.setattr(lease, "RENEW_SECONDS", 60.0)  # our own node keeps out of it
    with redis_server() as redis:
        async with a_node(redis), connect(redis.url) as server:
            life, n, _, number, tag = (await server.do("enter", "here", 60_000))[1:6]
            assert n == number
            for node in ("dead", "alive"):
                await server.do("enter", node, 60_000)
            until_when = lease_of(redis, "alive")
            redis.ask("zadd", LEASES, "1", "dead")
            redis.ask("hset", STATE, "renewed", "1")
            if deed == "enter":
                await server.do("enter", "here", 60_000)
            else:
                await server.do("renew", "here", 60_000, life, n, tag, 15.0)
            assert lease_of(redis, "alive") == until_when
            assert 30_000 <= lease_of(redis, "here") - lease_of(redis, "dead") < 30_010


@needs_redis
async def test_no_lease_is_longer_than_one_though_a_clock_was_set_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A replica's may be behind: then the dead would stay for as long."""
    monkeypatch.setattr(lease, "RENEW_SECONDS", 60.0)  # likewise
    with redis_server() as redis:
        async with a_node(redis), connect(redis.url) as server:
            life, n, _, _, tag = (await server.do("enter", "here", 60_000))[1:6]
            await server.do("enter", "dead", 60_000)
            far = str(lease_of(redis, "dead") + 3_600_000)
            redis.ask("zadd", LEASES, far, "dead")
            redis.ask("hset", STATE, "renewed", far)
            await server.do("renew", "here", 60_000, life, n, tag, 15.0)
            assert lease_of(redis, "dead") == lease_of(redis, "here")


@needs_redis
async def test_a_first_start_waits_for_no_clock_to_be_right_again() -> None:
    """An offer from the future, as this server sees it, is nobody's."""
    with redis_server() as redis:
        redis.ask("zadd", "{playroom}:offers", "-99999999999999", "since", "7", "somebody")
        with trio.fail_after(SECONDS / 3):
            async with a_node(redis) as (one, _):
                say(one, "a")
                await flushed(one)


class Steps(trio.abc.Instrument):
    """Counts what the scheduler does."""

    def __init__(self) -> None:
        self.count = 0

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        """One more."""
        self.count += 1


@needs_redis
async def test_waiting_for_a_server_that_is_away_costs_nothing() -> None:
    """Also on a node that has only just started."""
    with redis_server() as redis:
        async with a_node(redis) as (one, _):
            redis.kill()
            await until(lambda: one.is_away)
            say(one, "a")
            steps = Steps()
            trio.lowlevel.add_instrument(steps)
            with trio.move_on_after(0.3):
                await one.flush()
            trio.lowlevel.remove_instrument(steps)
            assert steps.count < 500
            redis.start()
            await flushed(one)
