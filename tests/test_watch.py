"""What operators see, read as they read it: ``/healthz`` and ``/metrics``."""

import json
from dataclasses import replace
from typing import Any

import trio
import trio.testing
from prometheus_client.parser import text_string_to_metric_families

from backend.app import Bound
from backend.config import UNLIMITED
from backend.net.doorkeeper import Doorkeeper
from backend.net.hub import Hub
from backend.net.pulse import Pulse
from backend.net.watch import LATE_SECONDS, Watch
from tests.talkers import HANDSHAKE, a_room, ask, at_browser, at_terminal, upgrade


async def scrape(room: Bound) -> dict[str, float]:
    """Every sample by name and labels, as Prometheus would read it."""
    answer = await ask(room, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"text/plain; version=0.0.4" in head
    return {
        " ".join([sample.name, *(f"{k}={v}" for k, v in sample.labels.items())]): sample.value
        for family in text_string_to_metric_families(body.decode())
        for sample in family.samples
    }


async def test_the_figures_are_those_of_the_room(room: Bound) -> None:
    """Members, messages and copies by door and kind; and of the process."""
    async with at_terminal(room, "alice") as alice, at_browser(room, "bob") as bob:
        await alice.reads_line("<meta>: bob joined.")
        before = await scrape(room)
        await alice.type("hello")
        await bob.sees("said")
        await bob.type("/msg alice psst")
        await bob.sees("whispered")
        after = await scrape(room)
    assert after["playroom_members door=web"] == after["playroom_members door=telnet"] == 1
    assert after["playroom_connections door=web"] == 1
    assert after["playroom_messages_total kind=said"] == 1
    assert after["playroom_messages_total kind=whispered"] == 1
    assert after["playroom_deliveries_total"] - before["playroom_deliveries_total"] == 3
    assert after["playroom_delivered_bytes_total"] > before["playroom_delivered_bytes_total"]
    assert after["playroom_outbox_bytes_bucket le=0"] == 2
    assert after["playroom_outbox_bytes_gcount"] == 2
    assert after["playroom_tasks"] > 5
    assert after["process_open_fds"] > 5
    assert "playroom_scheduler_lateness_seconds_sum" in after


async def test_evictions_and_refusals_are_counted_by_reason() -> None:
    """Those who went by themselves, however rudely, are no evictions."""
    limits = replace(UNLIMITED, line_rate=1e-9, line_burst=3, max_connections_per_address=2)
    async with a_room(limits) as room, at_terminal(room, "alice") as alice:
        async with at_terminal(room, "bob") as bob, at_terminal(room) as third:
            await third.rest()
            await alice.reads_line("<meta>: bob joined.")
            bob.reset()
            await alice.reads_line("<meta>: bob left (connection lost)")
        async with at_terminal(room, "carol") as carol:
            for _ in range(3):
                await carol.type("x")
            await carol.rest()
        figures: dict[str, float] = {}
        with trio.fail_after(5):  # until carol's connection is over here, too
            while "playroom_evictions_total reason=flooding" not in figures:
                figures = await scrape(room)
    assert figures["playroom_evictions_total reason=flooding"] == 1
    assert "playroom_evictions_total reason=connection lost" not in figures
    assert figures["playroom_refusals_total reason=address"] == 1


async def test_what_the_doors_refuse_by_themselves_is_counted_too(room: Bound) -> None:
    """By status, or as another protocol; a page that is there is no refusal."""
    host = "Host: 127.0.0.1"
    requests = [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
        b"nonsense\r\n\r\n",
        upgrade(host, "Origin: http://elsewhere.example", *HANDSHAKE),
    ]
    for request in requests:
        await ask(room, request)
    async with at_terminal(room) as lost:
        await lost.send(b"GET / HTTP/1.1\r\n\r\n")
        await lost.rest()
    figures = await scrape(room)
    refusals = {name: n for name, n in figures.items() if "refusals_total" in name}
    assert refusals == {
        "playroom_refusals_total reason=400": 2,
        "playroom_refusals_total reason=403": 1,
        "playroom_refusals_total reason=405": 1,
        "playroom_refusals_total reason=protocol": 1,
    }


async def test_nobody_is_named(room: Bound) -> None:
    """Neither nick, nor text, nor address."""
    async with at_terminal(room, "alice") as alice:
        await alice.type("a secret")
        answer = await ask(room, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b"alice" not in answer
    assert b"secret" not in answer
    assert b"127.0.0.1" not in answer


async def test_a_scheduler_that_is_late_by_seconds_is_not_healthy(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """And is again a while after."""
    hub, pulse = Hub(), Pulse()
    watch = Watch(hub, Doorkeeper(UNLIMITED), pulse)
    nursery.start_soon(pulse.run)

    def health() -> Any:
        answer, status = watch.health()
        return json.loads(json.dumps(answer)), status

    await trio.testing.wait_all_tasks_blocked()
    assert health() == ({"status": "ok", "members": 0}, 200)
    autojump_clock.jump(LATE_SECONDS + 1)
    await trio.sleep(1)
    assert health() == ({"status": "late", "seconds": 2.5}, 503)
    await trio.sleep(60)
    assert health()[1] == 200
    hub.is_closing = True
    assert health() == ({"status": "draining", "members": 0}, 503)
