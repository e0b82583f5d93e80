"""A Redis that fails over to a replica, behind one address: with all the log, and without its end.

What a replica lacks is brought about by ending the replication before the last entries: that is as
far as one gets that lags.
"""

from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
import trio

from backend.net import patience
from backend.room.codes import SERVICE_RESTART
from tests.processes import Running, running
from tests.redis_server import RedisServer, free_port, needs_redis, redis_server
from tests.talkers import Browser, Terminal, at_browser, at_terminal
from tests.test_nodes import ANY_PORTS, SECONDS, back, until, until_line
from tests.test_redis import a_node_at, flushed, same, say
from tests.test_redis import until as until_so

pytestmark = needs_redis


class Switch:
    """One address, behind which servers change.

    Attributes:
        url: the address.
    """

    def __init__(self, port: int) -> None:
        self._port: int | None = port
        self._connections: set[trio.CancelScope] = set()

    def move(self, port: int | None) -> None:
        """Every connection ends without a word; new ones are to this port, or there are none."""
        self._port = port
        for connection in self._connections:
            connection.cancel()

    async def serve(self, *, task_status: trio.TaskStatus[None]) -> None:
        """Relay until cancelled."""
        async with trio.open_nursery() as nursery:
            listen = partial(trio.serve_tcp, self._relay, 0, host="127.0.0.1")
            (listener,) = await nursery.start(listen)
            self.url = f"redis://127.0.0.1:{listener.socket.getsockname()[1]}"
            task_status.started()

    async def _relay(self, node: trio.SocketStream) -> None:
        with suppress(OSError):
            server = await trio.open_tcp_stream("127.0.0.1", self._port or 1)
            async with server, trio.open_nursery() as nursery:
                self._connections.add(nursery.cancel_scope)
                nursery.start_soon(_pump, node, server, nursery.cancel_scope)
                nursery.start_soon(_pump, server, node, nursery.cancel_scope)
            self._connections.discard(nursery.cancel_scope)


async def _pump(source: trio.SocketStream, sink: trio.SocketStream, both: trio.CancelScope) -> None:
    with suppress(trio.BrokenResourceError):
        async for data in source:
            await sink.send_all(data)
    both.cancel()


@asynccontextmanager
async def a_switch(port: int) -> AsyncIterator[Switch]:
    """One that leads to this port."""
    async with trio.open_nursery() as nursery:
        switch = Switch(port)
        await nursery.start(switch.serve)
        yield switch
        nursery.cancel_scope.cancel()


@dataclass(frozen=True)
class Pair:
    """A primary and its replica, and where they are."""

    primary: RedisServer
    primary_port: int
    replica: RedisServer
    replica_port: int

    async def catch_up(self) -> None:
        """The replica has all that was acknowledged so far."""
        await until_so(lambda: _offset(self.replica) == _offset(self.primary))

    def promote(self) -> None:
        """The replica is a primary of its own, and learns nothing more."""
        assert self.replica.ask("replicaof", "no", "one") == "OK\n"


def _offset(server: RedisServer) -> str:
    return server.ask("info", "replication").partition("master_repl_offset:")[2].splitlines()[0]


@asynccontextmanager
async def a_pair() -> AsyncIterator[Pair]:
    """A primary with a replica that follows it."""
    one, other = free_port(), free_port()
    here = ("--bind", "127.0.0.1", "--repl-diskless-sync-delay", "0", "--port")
    follows = ("--replicaof", "127.0.0.1", str(one))
    with (
        redis_server(True, *here, str(one)) as primary,
        redis_server(True, *here, str(other), *follows) as replica,
    ):
        await until_so(lambda: "link_status:up" in replica.ask("info", "replication"))
        yield Pair(primary, one, replica, other)


# --- the log ---


@pytest.mark.parametrize(
    ("heard", "said_first", "remains"),
    [
        ("c d", "e", "a b c d"),  # one knows more than the log has
        ("c", "e", "a b e"),  # as much, but something else
        ("c", "e f g", "a b e f g"),  # less
    ],
)
async def test_nodes_that_part_at_a_fail_over_agree_on_one_log(
    heard: str, said_first: str, remains: str
) -> None:
    """One has followed what the replica never got, the other speaks to it first.

    Whoever has to give way starts over from what the other has: no line is there twice, and none
    is missing for some of them only.
    """
    async with (
        a_pair() as redis,
        a_switch(redis.primary_port) as way,
        a_switch(redis.primary_port) as other,
        a_node_at(way.url) as (one, first),
        a_node_at(other.url) as (two, second),
    ):
        say(one, "a")
        await flushed(one)
        say(two, "b")
        await flushed(two)
        await same(first, second)
        await redis.catch_up()
        redis.promote()
        other.move(None)
        await until_so(lambda: two.is_away)
        say(one, *heard.split())
        await flushed(one)
        way.move(None)
        await until_so(lambda: one.is_away)
        redis.primary.kill()
        other.move(redis.replica_port)
        say(two, *said_first.split())
        await flushed(two)
        way.move(redis.replica_port)
        await until_so(lambda: not one.is_away and first.restored + second.restored == 3)
        await until_so(lambda: not two.is_away)
        say(one, "y")
        await flushed(one)
        say(two, "z")
        await flushed(two)
        assert await same(first, second) == [*remains.split(), "y", "z"]


async def test_a_room_begun_with_nothing_gives_way_to_one_that_was_only_cut_off() -> None:
    """A node that starts cannot know of those that are not back yet."""
    port = free_port()
    with redis_server(True, "--bind", "127.0.0.1", "--port", str(port)) as redis:
        async with a_switch(port) as way, a_node_at(way.url) as (one, first):
            say(one, "a", "b")
            await flushed(one)
            way.move(None)
            await until_so(lambda: one.is_away)
            redis.ask("flushall")
            async with a_node_at(redis.url) as (two, second):
                say(two, "x")
                await flushed(two)
                way.move(port)
                await until_so(lambda: not one.is_away and second.restored == 2)
                await until_so(lambda: not two.is_away)
                say(two, "c")
                await flushed(two)
                assert await same(first, second) == ["a", "b", "c"]
                assert first.restored == 1


# --- with people ---


@asynccontextmanager
async def a_process(switch: Switch) -> AsyncIterator[Running]:
    """A node in a process of its own."""
    with ExitStack() as stack:
        node = running(*ANY_PORTS, limits=False, REDIS_URL=switch.url, GRACE="15")
        yield await trio.to_thread.run_sync(stack.enter_context, node)  # the switch goes on


def told(event: dict[str, Any]) -> tuple[int, str, str]:
    """What matters of something said."""
    return event["id"], event["nick"], event["text"]


@pytest.mark.parametrize("is_planned", [False, True])
async def test_a_fail_over_in_the_midst_of_a_chat_goes_unnoticed(is_planned: bool) -> None:
    """The primary is killed while everybody talks, or changes places with its replica.

    In the latter case it goes on to answer, but takes no more writes. All that was said is heard
    once and in one order, on both nodes and through either door; nobody goes or comes.
    """
    lines = [str(number) for number in range(60)]

    async def talk(person: Browser, name: str, other: str) -> None:
        """Each line when the one before has come back, and the answer to it."""
        for line in lines:
            await person.type(line)
            awaited = {(name, line), (other, line)}
            while awaited:
                heard[name].append(told(await until(person, "said")))
                awaited.discard(heard[name][-1][1:])
            if line == "20":
                is_busy[name].set()
        while len(heard[name]) < 4 * len(lines):
            heard[name].append(told(await until(person, "said")))

    async def answer(person: Terminal, other: str) -> None:
        """To each line of somebody in a browser."""
        for line in lines:
            await until_line(person, f"<{other}> : {line}")
            await person.type(line)

    async def fail_over() -> None:
        for event in is_busy.values():
            await event.wait()
        if is_planned:
            assert redis.primary.ask("failover") == "OK\n"
            await until_so(lambda: "role:master" in redis.replica.ask("info", "replication"))
            await until(eve, "notice", text=patience.AWAY)
        else:
            redis.primary.kill()  # and what is on its way to the replica still arrives
            await until_so(lambda: "link_status:down" in redis.replica.ask("info", "replication"))
            redis.promote()
        switch.move(redis.replica_port)

    is_busy = {"ann": trio.Event(), "bob": trio.Event()}
    heard: dict[str, list[tuple[int, str, str]]] = {"ann": [], "bob": []}
    async with (
        a_pair() as redis,
        a_switch(redis.primary_port) as switch,
        a_process(switch) as one,
        a_process(switch) as two,
        at_browser(one.bound, "ann") as ann,
        at_browser(two.bound, "bob") as bob,
        at_terminal(one.bound, "tom") as tom,
        at_terminal(two.bound, "tim") as tim,
        at_browser(one.bound, "eve") as eve,
    ):
        await until(ann, "joined", nick="eve")
        await until(bob, "joined", nick="eve")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(talk, ann, "ann", "tim")
            nursery.start_soon(talk, bob, "bob", "tom")
            nursery.start_soon(answer, tom, "bob")
            nursery.start_soon(answer, tim, "ann")
            nursery.start_soon(fail_over)
        assert heard["ann"] == heard["bob"]
        for name in ("ann", "bob", "tom", "tim"):
            assert [text for _, nick, text in heard["ann"] if nick == name] == lines
        assert [id for id, _, _ in heard["ann"]] == sorted({id for id, _, _ in heard["ann"]})
        async with at_browser(two.bound) as late:
            await late.sees("prompt")
            await late.type("late")
            welcome = await late.sees("welcome")
            members = sorted(each["nick"] for each in welcome["members"])
            assert members == ["ann", "bob", "eve", "late", "tim", "tom"]


async def test_what_a_replica_never_got_remains_if_a_node_heard_it() -> None:
    """Who was on that node goes on; others are shown out, and told it when they are back."""
    async with (
        a_pair() as redis,
        a_switch(redis.primary_port) as switch,
        a_switch(redis.primary_port) as other,
        a_process(switch) as one,
        a_process(other) as two,
        at_browser(one.bound, "ann") as ann,
        at_browser(two.bound) as bob,
        at_terminal(two.bound, "tim") as tim,
    ):
        await bob.sees("prompt")
        await bob.type("bob")
        token = (await bob.sees("welcome"))["token"]
        await ann.type("replicated")
        before = await until(bob, "said", text="replicated")
        await redis.catch_up()
        redis.promote()
        other.move(None)
        await until(bob, "notice", text=patience.AWAY)
        await ann.type("not replicated")
        lost = await until(ann, "said", text="not replicated")
        redis.primary.kill()
        switch.move(redis.replica_port)
        await ann.type("after")
        after = await until(ann, "said", text="after")
        other.move(redis.replica_port)
        with trio.fail_after(SECONDS):
            await tim.rest()
        assert await bob.close_code() == SERVICE_RESTART
        await until(ann, "left", nick="tim")
        async with back(one, token, before["id"]) as (bob, welcome):
            assert [each["nick"] for each in welcome["members"]] == ["ann", "bob"]
            missed = (await until(bob, "history"))["events"]
            assert [told(each) for each in missed if each["type"] == "said"] == [
                told(lost),
                told(after),
            ]
            await bob.type("here I am")
            await until(ann, "said", nick="bob", text="here I am")
