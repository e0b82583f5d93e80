"""Signs of life, with a clock that jumps."""

import pytest
import trio
import trio.testing

from backend.net.hub import Hub
from backend.net.keepalive import keep_alive
from backend.net.telnet import KEEPALIVE
from backend.net.websocket import PING
from backend.wire import frames
from tests.guests import StreamSink


@pytest.fixture
async def hub(nursery: trio.Nursery) -> Hub:
    """A hub with its Postman and its keepalive at work."""
    hub = Hub()
    nursery.start_soon(hub.postman.run)
    nursery.start_soon(keep_alive, hub)
    return hub


async def test_a_silent_peer_is_pinged_in_time_for_proxies(
    hub: Hub, autojump_clock: trio.testing.MockClock
) -> None:
    """Well within the 55 seconds after which a proxy cuts a silent connection."""
    ours, theirs = trio.testing.memory_stream_pair()
    with hub.connected("web", frames.encode, StreamSink(ours)) as connection:
        connection.ping = PING
        for _ in range(10):
            with trio.fail_after(25 + 2):
                assert await theirs.receive_some() == frames.PING
            connection.heard = trio.current_time()
    assert connection.reason == ""


async def test_a_peer_that_does_not_answer_is_gone(
    hub: Hub, autojump_clock: trio.testing.MockClock
) -> None:
    """After the time to answer, whatever was sent to it meanwhile."""
    ours, _theirs = trio.testing.memory_stream_pair()
    started = trio.current_time()
    with hub.connected("web", frames.encode, StreamSink(ours)) as connection:
        connection.ping = PING
        await trio.sleep_forever()
    assert connection.reason == "no answer"
    assert trio.current_time() - started <= 25 + 20 + 2


async def test_a_peer_without_a_ping_is_left_alone(
    hub: Hub, autojump_clock: trio.testing.MockClock
) -> None:
    """A plain terminal could not answer."""
    ours, theirs = trio.testing.memory_stream_pair()
    with hub.connected("telnet", frames.encode, StreamSink(ours)) as connection:
        with trio.move_on_after(1_000):
            await theirs.receive_some()
            pytest.fail("something was sent")
    assert connection.reason == ""


async def test_a_telnet_peer_is_kept_alive_and_need_not_answer(
    hub: Hub, autojump_clock: trio.testing.MockClock
) -> None:
    """NOP keeps a NAT's memory fresh; whether the peer is there, TCP finds out."""
    ours, theirs = trio.testing.memory_stream_pair()
    with hub.connected("telnet", frames.encode, StreamSink(ours)) as connection:
        connection.ping = KEEPALIVE
        for _ in range(10):
            with trio.fail_after(40 + 2):
                assert await theirs.receive_some() == b"\xff\xf1"
    assert connection.reason == ""
