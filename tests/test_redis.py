"""The log in Redis, without people: what is appended, followed, passed over and dropped."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
import trio

from backend.journal import lease, redis
from backend.journal.codec import encode
from backend.journal.follower import END, BrokenLogError, Follower, Position, Record
from backend.journal.redis import RedisJournal
from backend.journal.server import connect
from backend.room.entries import Arrived, Entry, Gone, Line, Tick
from tests.redis_server import RedisServer, needs_redis, redis_server

SECONDS = 30.0


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
    """The node that says the hundredth makes one."""
    monkeypatch.setattr(redis, "SNAPSHOT_EVERY", 100)
    monkeypatch.setattr(lease, "KEPT_BEFORE", 50)
    words = [str(number) for number in range(1_030)]
    with redis_server() as server:
        async with a_node(server) as (one, first):
            say(one, *words)
            await flushed(one)
            async with a_node(server) as (_, second):
                assert await same(first, second) == words
            assert int(server.ask("xlen", "{playroom}:log")) <= 50 + 100


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
