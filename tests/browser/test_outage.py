"""The log behind the room is out of reach, and back: what somebody on the page sees of it.

The witness is somebody at a real telnet: what the room heard and told is on their screen.
"""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from pexpect import spawn
from playwright.sync_api import expect

from backend.net import patience
from tests.browser.visitors import Visitor, Visitors
from tests.clients.programs import gnu_telnet
from tests.processes import running
from tests.redis_server import RedisServer, needs_redis, redis_server

pytestmark = needs_redis

Act = Callable[[RedisServer], None]

SECONDS = 20
"""More than the room needs to notice, on the busiest machine."""


@contextmanager
def bob_and_alice(visitors: Visitors) -> Iterator[tuple[RedisServer, Visitor, "spawn[str]"]]:
    """Somebody on the page and somebody at a telnet, who may talk without a pause."""
    ports = ("--port", "0", "--telnet-port", "0")
    with (
        redis_server() as redis,
        running(*ports, limits=False, REDIS_URL=redis.url) as room,
        gnu_telnet(room.bound, "alice") as alice,
    ):
        bob = visitors.arrives(room.bound.page_url, "bob")
        alice.expect_exact("<meta>: bob joined.\r\n")
        bob.says("before")
        alice.expect_exact("<bob> : before\r\n")
        yield redis, bob, alice
        visitors.leave()


@pytest.mark.parametrize(
    ("end", "begin"),
    [
        (RedisServer.kill, RedisServer.start),
        (lambda redis: redis.send(signal.SIGSTOP), lambda redis: redis.send(signal.SIGCONT)),
    ],
    ids=["killed", "stopped"],
)
def test_the_page_shows_that_the_room_is_out_of_reach_and_goes_on_by_itself(
    visitors: Visitors, end: Act, begin: Act
) -> None:
    """Told once, and shown as long as it lasts; lines wait, and are said once when it is over."""
    with bob_and_alice(visitors) as (redis, bob, alice):
        end(redis)
        bob.says("typed before anybody knew")
        expect(bob.status).to_have_text("The room is out of reach", timeout=1000 * SECONDS)
        bob.sees(patience.AWAY)
        bob.says("typed meanwhile")
        expect(bob.log.get_by_text("sending…")).to_have_count(2)
        begin(redis)
        expect(bob.status).to_have_text("Connected", timeout=1000 * SECONDS)
        bob.sees_once(
            *("before", patience.AWAY, "typed before anybody knew", "typed meanwhile"),
            patience.BACK,
        )
        expect(bob.log.get_by_text("sending…")).to_have_count(0)
        alice.expect_exact(patience.AWAY, timeout=SECONDS)
        alice.expect_exact("<bob> : typed before anybody knew\r\n<bob> : typed meanwhile\r\n")
        alice.sendline("after")
        bob.sees_once("after")


def test_lines_beyond_what_is_kept_are_refused_and_can_be_sent_again(visitors: Visitors) -> None:
    """Each is marked, and why is said once; none is lost."""
    with bob_and_alice(visitors) as (redis, bob, alice):
        redis.kill()
        expect(bob.status).to_have_text("The room is out of reach", timeout=1000 * SECONDS)
        lines = [f"line {number}" for number in range(patience.KEPT + 2)]
        for line in lines:
            bob.says(line)
        bob.sees(patience.NOT_KEPT)
        redis.start()
        said = "".join(f"<bob> : {line}\r\n" for line in lines[: patience.KEPT])
        alice.expect_exact(said, timeout=SECONDS)
        bob.sees_once(*lines[: patience.KEPT], patience.NOT_SENT)
        again = bob.log.get_by_role("button", name="Send again")
        expect(again).to_have_count(2)
        again.first.click()
        alice.expect_exact(f"<bob> : {lines[-2]}\r\n")
        expect(again).to_have_count(1)
        bob.log.get_by_role("button", name="Discard").click()
        expect(again).to_have_count(0)
        bob.says("the end")
        alice.expect_exact("<bob> : the end\r\n")
        assert lines[-1] not in str(alice.before)
        bob.sees_once(*lines[: patience.KEPT], lines[-2], "the end")
