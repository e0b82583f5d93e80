"""Several processes over one Redis server, with real clients: one room, whatever ends or pauses."""

import json
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from functools import partial
from typing import Any

import pytest
import trio

from backend.journal.address import fault
from backend.journal.lease import DAMAGED, LEASE_SECONDS, RENEW_SECONDS
from backend.net import patience
from backend.room.codes import SERVICE_RESTART, TRY_AGAIN_LATER
from tests.processes import ROOT, Running, run, running
from tests.redis_server import RedisServer, needs_redis, redis_server
from tests.talkers import PROMPT, Browser, Terminal, ask, at_browser, at_terminal
from tests.test_redis import DAMAGES, LEASES, LOG
from tests.test_redis import until as until_so

pytestmark = needs_redis

ANY_PORTS = ("--host", "127.0.0.1", "--port", "0", "--telnet-port", "0")

UNTIL_DEAD = LEASE_SECONDS + 2 * RENEW_SECONDS
"""The promise is 15 s."""

HEALTHZ = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"

SECONDS = 40.0
"""More than anything here takes, on the busiest machine."""


@contextmanager
def nodes(
    redis: RedisServer,
    count: int,
    grace: str = "15",
    logins: str = "1000000",
    **settings: str,
) -> Iterator[list[Running]]:
    """So many processes of one room."""
    flags = (*ANY_PORTS, "--redis-url", redis.url, "--grace", grace, "--logins-per-minute", logins)
    start = partial(running, *flags, cwd=ROOT, telnet=True, limits=False, **settings)
    with ExitStack() as stack:
        yield [stack.enter_context(start()) for _ in range(count)]


async def until(person: Browser, type: str, **fields: Any) -> dict[str, Any]:
    """The next event of this type with these fields, whatever comes before."""
    with trio.fail_after(SECONDS):
        while True:
            event: dict[str, Any] = json.loads(await person.websocket.get_message())
            if event["type"] == type and fields.items() <= event.items():
                return event


async def until_line(person: Terminal, expected: str) -> None:
    """This line, whatever comes before."""
    with trio.fail_after(SECONDS):
        while True:
            data = await _line(person)
            if data == expected:
                return


async def _line(person: Terminal) -> str:
    while b"\r\n" not in person._unread:
        data = await person.stream.receive_some()
        assert data, "the connection ended"
        person._unread += data
    line, _, person._unread = person._unread.partition(b"\r\n")
    return line.decode()


async def all_said(person: Browser, last: str) -> list[tuple[int, str, str]]:
    """What is said, up to this."""
    said: list[tuple[int, str, str]] = []
    while not said or said[-1][2] != last:
        event = await until(person, "said")
        said.append((event["id"], event["nick"], event["text"]))
    return said


@asynccontextmanager
async def back(
    room: Running, token: str, since: int
) -> AsyncIterator[tuple[Browser, dict[str, Any]]]:
    """A browser that takes its seat again."""
    async with at_browser(room.bound) as browser:
        yield browser, await browser.resumes(token, since)


async def health(room: Running) -> str:
    """The status line of /healthz."""
    answer = await ask(room.bound, HEALTHZ)
    return answer.partition(b"\r\n")[0].decode()


async def test_everybody_sees_everything_once_and_in_one_order() -> None:
    """On three nodes, through either door, with everybody talking at once."""
    with redis_server() as redis, nodes(redis, 3) as rooms:
        async with trio.open_nursery() as nursery:
            orders: list[list[tuple[int, str, str]]] = []

            async def chat(number: int, room: Running) -> None:
                async with at_browser(room.bound, f"web{number}") as browser:
                    arrived[number].set()
                    for event in arrived.values():
                        await event.wait()
                    async with at_terminal(room.bound, f"telnet{number}") as terminal:
                        for line in range(50):
                            await browser.type(f"{number} says {line}")
                            await terminal.type(f"{number} types {line}")
                        await until_line(terminal, f"<web{number}> : {number} says 49")
                        said: list[tuple[int, str, str]] = []
                        while sum(text.endswith(" 49") for _, _, text in said) < 6:
                            seen = await until(browser, "said")
                            said.append((seen["id"], seen["nick"], seen["text"]))
                        orders.append(said)

            arrived = {number: trio.Event() for number in range(3)}
            for number, room in enumerate(rooms):
                nursery.start_soon(chat, number, room)
        first = orders[0]
        assert len(first) == len(set(first)) == 300
        assert orders[1:] == [first, first]


async def test_a_nick_that_all_want_at_once_is_given_to_one() -> None:
    """Whichever node they are on."""
    with redis_server() as redis, nodes(redis, 3) as rooms:
        for attempt in range(5):
            answers = await _claimed(rooms, f"ann{attempt}")
            assert sorted(answers) == ["<meta>: Usern", "<meta>: Usern", "<meta>: Welco"]


async def _claimed(rooms: list[Running], nick: str) -> list[str]:
    """How each node answers to the same name at the same time."""
    async with AsyncExitStack() as stack:
        people = [await stack.enter_async_context(at_terminal(room.bound)) for room in rooms]
        for person in people:
            await person.reads(PROMPT)
        async with trio.open_nursery() as nursery:
            for person in people:
                nursery.start_soon(person.type, nick)
        return [(await person.take(13)).decode() for person in people]


async def test_who_logs_in_too_often_is_refused_on_every_node() -> None:
    """By the logins on all of them."""
    with redis_server() as redis, nodes(redis, 2, logins="3") as (one, other):
        async with (
            at_browser(one.bound, "ann"),
            at_browser(other.bound, "bob") as bob,
            at_terminal(one.bound, "carol"),
        ):
            await until(bob, "joined", nick="carol")
            async with at_terminal(other.bound) as dave:
                await dave.reads("<meta>: There were too many logins from your address")


async def test_lines_in_one_packet_are_heard_one_after_the_other() -> None:
    """A name, something said, and a whisper to somebody on another node."""
    with redis_server() as redis, nodes(redis, 2) as (one, two):
        async with at_browser(two.bound, "bob") as bob, at_terminal(one.bound) as ann:
            await ann.send(b"ann\r\nhello\r\n/msg bob psst\r\n/quit\r\n")
            await until(bob, "said", nick="ann", text="hello")
            await until(bob, "whispered", nick="ann", text="psst")
            await until(bob, "left", nick="ann")
            assert "Goodbye ann." in await ann.rest()


async def test_the_people_of_a_killed_node_are_gone_once_and_browsers_may_come_back() -> None:
    """Within 15 s; a seat is kept on every node that is left."""
    with redis_server() as redis, nodes(redis, 3) as (one, two, three):
        async with at_browser(two.bound, "bob") as bob, at_browser(three.bound, "eve") as eve:
            async with at_terminal(one.bound, "tom"), at_browser(one.bound) as ann:
                await ann.sees("prompt")
                await ann.type("ann")
                token = (await ann.sees("welcome"))["token"]
                await until(bob, "joined", nick="ann")
                one.process.kill()
                with trio.fail_after(UNTIL_DEAD):
                    await until(bob, "left", nick="tom")
                    await until(eve, "left", nick="tom")
            async with back(three, token, 0) as (ann, welcome):
                assert [each["nick"] for each in welcome["members"]] == ["bob", "eve", "ann"]
                await ann.type("here I am")
                for other in (bob, eve):
                    event = await other.event()
                    assert (event["type"], event["nick"]) == ("said", "ann")


async def test_the_people_of_the_only_node_are_gone_soon_after_another_starts() -> None:
    """It cannot know at once: if Redis had been away, they would be coming back."""
    with redis_server() as redis:
        with nodes(redis, 1) as (one,):
            async with at_terminal(one.bound, "tom"), at_terminal(one.bound, "tim"):
                one.process.kill()
        await trio.sleep(LEASE_SECONDS + 1)
        with nodes(redis, 1) as (two,):
            async with at_browser(two.bound, "ann") as ann:
                with trio.fail_after(LEASE_SECONDS / 2 + 2 * RENEW_SECONDS):
                    for nick in ("tom", "tim"):
                        await until(ann, "left", nick=nick)


def has_begun_anew(room: Running, times: int) -> bool:
    """How often it has begun the log anew, by what it logged."""
    return room.logged().count("the log in Redis is begun anew: ") == times


async def test_nobody_notices_what_is_done_to_the_keys_while_a_node_knows_the_room() -> None:
    """Whatever it is: it is as good as new, for those who are here and for new nodes."""
    with redis_server() as redis, nodes(redis, 1) as (one,):
        async with at_browser(one.bound, "ann") as ann, at_terminal(one.bound, "tom"):
            await until(ann, "joined", nick="tom")
            # A lease that is lost is just given again.
            damages = [damage for damage in (*DAMAGES, ("flushall",)) if LEASES not in damage]
            for number, damage in enumerate(damages, start=1):
                redis.ask(*damage)
                await until_so(partial(has_begun_anew, one, number))
                await ann.type(f"{number}")
                assert (await until(ann, "said"))["text"] == f"{number}"
            with nodes(redis, 1) as (two,):
                async with at_browser(two.bound) as bob:
                    await bob.sees("prompt")
                    await bob.type("bob")
                    welcome = await bob.sees("welcome")
                    assert [each["nick"] for each in welcome["members"]] == ["ann", "tom", "bob"]
        assert "Traceback" not in one.logged()


def test_a_log_that_has_lost_entries_costs_one_clear_line() -> None:
    """And exit status 1, where no node is left that knows them."""
    with redis_server() as redis:
        with nodes(redis, 1) as (one,):
            trio.run(_say_something, one)
            assert one.stop() == 0
        redis.ask("del", LOG)
        result = run(*ANY_PORTS, REDIS_URL=redis.url)
        assert result.returncode == 1
        assert result.stderr == f"playroom: cannot use the Redis server: {DAMAGED}\n"


async def _say_something(room: Running) -> None:
    async with at_browser(room.bound, "ann"):
        pass


async def test_whoever_is_on_a_node_that_ends_goes_on_elsewhere() -> None:
    """SIGTERM: a browser is with another node at once, and nobody saw it go."""
    with redis_server() as redis, nodes(redis, 2) as (one, two):
        async with at_browser(two.bound, "bob") as bob:
            async with at_browser(one.bound) as ann:
                await ann.sees("prompt")
                await ann.type("ann")
                token = (await ann.sees("welcome"))["token"]
                await until(bob, "joined", nick="ann")
                one.process.send_signal(signal.SIGTERM)
                assert await ann.close_code() == 1001
            async with back(two, token, 0) as (ann, _):
                await ann.type("still here")
                event = await bob.event()
                assert (event["type"], event["text"]) == ("said", "still here")


@pytest.mark.parametrize("keeps", [True, False])
async def test_redis_may_be_killed_and_come_back(keeps: bool) -> None:
    """With what it had or without: people are told once, wait, and are heard, each line once.

    More than a few lines are refused, in their place; nobody is let in; operators see it.
    """
    with redis_server(keeps) as redis, nodes(redis, 2) as (one, two):
        async with at_browser(one.bound, "ann") as ann, at_browser(two.bound, "bob") as bob:
            await ann.type("before")
            for person in (ann, bob):
                await until(person, "said", text="before")
            redis.kill()
            for person in (ann, bob):
                await until(person, "notice", text=patience.AWAY)
            assert " 503 " in await health(one)
            async with at_terminal(two.bound) as late:
                assert patience.CLOSED in await late.rest()
            for number in range(patience.KEPT + 1):
                await ann.type(f"line {number}")
            await until(ann, "notice", text=patience.NOT_KEPT)
            redis.start()
            kept = [f"line {number}" for number in range(patience.KEPT)]
            for person in (ann, bob):
                assert [text for _, _, text in await all_said(person, kept[-1])] == kept
            await until(ann, "notice", text=patience.NOT_SENT, refused=True)
            await bob.type("after")
            for person in (ann, bob):
                assert (await until(person, "said"))["text"] == "after"
            assert " 200 " in await health(one)
            async with at_browser(two.bound) as late:
                await late.sees("prompt")
                await late.type("late")
                welcome = await late.sees("welcome")
                assert [each["nick"] for each in welcome["members"]] == ["ann", "bob", "late"]


async def test_a_node_that_was_paused_for_too_long_does_not_go_on_as_if_nothing_was() -> None:
    """Its people were gone for the others: they are shown out, and what they type is not said."""
    with redis_server() as redis, nodes(redis, 2) as (one, two):
        async with (
            at_browser(two.bound, "bob") as bob,
            at_browser(one.bound) as ann,
            at_terminal(one.bound, "tom") as tom,
        ):
            await ann.sees("prompt")
            await ann.type("ann")
            token = (await ann.sees("welcome"))["token"]
            await until(bob, "joined", nick="ann")
            one.process.send_signal(signal.SIGSTOP)
            await ann.type("from the grave")
            await tom.type("me, too")
            with trio.fail_after(UNTIL_DEAD):
                await until(bob, "left", nick="tom")
            await bob.type("meanwhile")
            one.process.send_signal(signal.SIGCONT)
            with trio.fail_after(SECONDS):
                await tom.rest()
            assert await ann.close_code() == SERVICE_RESTART
            async with back(one, token, 0) as (ann, welcome):
                assert [each["nick"] for each in welcome["members"]] == ["bob", "ann"]
                await ann.type("back again")
                assert [text for _, _, text in await all_said(bob, "back again")] == [
                    "meanwhile",
                    "back again",
                ]


async def test_a_node_that_starts_over_knows_addresses_as_the_others_know_them() -> None:
    """Its first log had another secret: who is banned by one node is banned on the other, too."""
    settings = {"OPERATOR_SECRET": "s3cret", "TRUST_PROXY": "1"}
    with redis_server() as redis, nodes(redis, 1, **settings) as (one,):
        one.process.send_signal(signal.SIGSTOP)
        redis.ask("flushall")
        with nodes(redis, 1, **settings) as (two,):
            one.process.send_signal(signal.SIGCONT)
            await trio.to_thread.run_sync(one.wait_until_logged, "the journal is back")
            async with (
                at_browser(one.bound, "ann", forwarded_for="192.0.2.1") as ann,
                at_browser(two.bound, "bob", forwarded_for="192.0.2.2"),
            ):
                await until(ann, "joined", nick="bob")
                await ann.type("/op s3cret")
                await ann.type("/ban bob 1h")
                await until(ann, "left", nick="bob")
            for room in (two, one):
                async with at_browser(room.bound, forwarded_for="192.0.2.2") as bob:
                    assert "banned" in str(await bob.event())


async def test_a_short_pause_is_nothing() -> None:
    """Within the lease a node goes on where it was."""
    with redis_server() as redis, nodes(redis, 2) as (one, two):
        async with at_browser(one.bound, "ann") as ann, at_browser(two.bound, "bob") as bob:
            one.process.send_signal(signal.SIGSTOP)
            await trio.sleep(1)
            one.process.send_signal(signal.SIGCONT)
            await ann.type("hello")
            await until(bob, "said", text="hello")


async def test_a_redis_that_does_not_answer_is_away() -> None:
    """Not only one that is gone."""
    with redis_server() as redis, nodes(redis, 1) as (one,):
        async with at_browser(one.bound, "ann") as ann:
            redis.send(signal.SIGSTOP)
            await until(ann, "notice", text=patience.AWAY)
            assert b"Redis: it does not answer" in await ask(one.bound, HEALTHZ)
            redis.send(signal.SIGCONT)
            await until(ann, "notice", text=patience.BACK)
            await ann.type("hello")
            await until(ann, "said", text="hello")


async def test_who_is_at_the_door_when_redis_goes_away_is_told_to_come_again() -> None:
    """Also who comes before that is noticed, and hears nothing of the room; members stay."""
    with redis_server() as redis, nodes(redis, 1) as (one,):
        async with (
            at_browser(one.bound, "ann") as ann,
            at_terminal(one.bound) as dave,
            at_browser(one.bound) as eve,
        ):
            await dave.reads(PROMPT)
            await eve.sees("prompt")
            redis.send(signal.SIGSTOP)
            await dave.type("dave")
            async with at_terminal(one.bound) as tom, at_browser(one.bound) as kim:
                with trio.fail_after(SECONDS):
                    for person in (dave, tom):
                        assert await _all(person) == f"<meta>: {patience.CLOSED}\r\n"
                for page in (eve, kim):
                    assert await page.close_code() == TRY_AGAIN_LATER
            await until(ann, "notice", text=patience.AWAY)
            redis.send(signal.SIGCONT)
            await until(ann, "notice", text=patience.BACK)
            async with at_browser(one.bound, "eve"):
                await until(ann, "joined", nick="eve")


async def test_a_seat_that_was_asked_for_when_redis_went_away_is_kept() -> None:
    """Whoever was on the way back is shown out, too, and comes again: nobody saw them go."""
    with redis_server() as redis, nodes(redis, 1) as (one,):
        async with at_browser(one.bound, "ann") as ann:
            async with at_browser(one.bound) as bob:
                await bob.sees("prompt")
                await bob.type("bob")
                token = (await bob.sees("welcome"))["token"]
                await until(ann, "joined", nick="bob")
                await bob.websocket.aclose(1001)  # a reload
            async with at_browser(one.bound) as bob:
                await bob.sees("prompt")
                redis.send(signal.SIGSTOP)
                await bob.type(f"/resume {token} 0")
                assert await bob.close_code() == TRY_AGAIN_LATER
            redis.send(signal.SIGCONT)
            await until(ann, "notice", text=patience.BACK)
            async with back(one, token, 0) as (bob, _):
                await bob.type("here I am")
                event = await ann.event()
                assert (event["type"], event.get("text")) == ("said", "here I am")


async def _all(person: Terminal) -> str:
    """Everything up to the end of the connection, however long that takes."""
    return b"".join([data async for data in person.tcp]).decode()


def test_a_server_that_is_not_there_costs_one_clear_line() -> None:
    """And exit status 1, at once; nor is its password shown."""
    result = run(*ANY_PORTS, REDIS_URL="redis://:secret@127.0.0.1:1")
    assert result.returncode == 1
    assert result.stderr == "playroom: cannot use the Redis server: Connection refused\n"


@pytest.mark.parametrize(
    "url",
    [
        *("localhost:6379", "http://localhost", "redis://", "redis://h:x", "redis://:se/cret@h"),
        *("redis://h/abc", "redis://h/1x", "redis://h?db=x", "redis://h?db=", "redis://h?db=-1"),
        *("redis://h?max_connections=x", "redis://h?stream_timeout=abc", "redis://:se?cret@h"),
        *("redis://h?decode_responses=0", "redis://h?protocol_version=2", "redis://h/0?ssl=true"),
        *("rediss://h?ssl_cert_reqs=never", "unix:///tmp/redis.sock?db=x"),
    ],
)
def test_what_is_no_url_costs_one_clear_line(url: str) -> None:
    """Exit status 2; and no part of it is shown, which may be of a password."""
    result = run(*ANY_PORTS, REDIS_URL=url)
    assert result.returncode == 2
    assert len(result.stderr.splitlines()) == 1
    assert "cret" not in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    "url",
    [
        *("redis://h", "redis://h/", "redis://h/3", "redis://u:p@h:1/3?db=4", "redis://[::1]:1"),
        *("rediss://:p@h?ssl_cert_reqs=none&ssl_ca_certs=/a", "unix:///run/redis.sock?db=1"),
    ],
)
def test_urls_as_people_write_them_are_none_of_those(url: str) -> None:
    """With a database or without, and with what is asked of a certificate."""
    assert fault(url) is None


async def test_a_wrong_password_costs_one_clear_line_and_a_right_one_works() -> None:
    """As a part of the URL, with what is special in it as per cent."""
    with redis_server() as redis:
        assert redis.ask("config", "set", "requirepass", "p@ss/word") == "OK\n"
        result = await trio.to_thread.run_sync(lambda: run(*ANY_PORTS, REDIS_URL=redis.url))
        assert result.returncode == 1
        assert result.stderr == "playroom: cannot use the Redis server: it wants another password\n"
        url = redis.url.replace("unix://", "unix://:p%40ss%2Fword@")
        with running(*ANY_PORTS, REDIS_URL=url) as room:
            async with at_terminal(room.bound, "ann"):
                pass
        redis.ask("-a", "p@ss/word", "config", "set", "requirepass", "")


async def test_a_node_needs_three_connections_at_most() -> None:
    """Hosted servers allow few."""
    with redis_server() as redis, nodes(redis, 2) as rooms:
        async with at_browser(rooms[0].bound, "ann") as ann:
            for number in range(20):
                await ann.type(f"{number}")
            await until(ann, "said", text="19")
            clients = redis.ask("client", "list").splitlines()
            assert len([one for one in clients if "cmd=client" not in one]) <= 2 * 3
