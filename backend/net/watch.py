"""What operators see: ``/healthz`` and ``/metrics``.

Everything is counted where it happens, in plain numbers, and only read here, when somebody asks.
Labels are bounded: doors, kinds and reasons, never a person.
"""

from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Any

import trio
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeHistogramMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from backend.net.doorkeeper import Doorkeeper
from backend.net.hub import Hub
from backend.net.pulse import BUCKETS, Pulse

LATE_SECONDS = 2.0
"""A scheduler this late is not healthy: people see nothing happen for so long."""

DEPTHS = (0, 1_024, 4_096, 16_384, 65_536, 262_144)
"""Upper bounds of the outbox histogram, in bytes; the last is the most an outbox keeps."""

DOORS = ("telnet", "web")


class Watch(Collector):
    """Reads the figures of one process.

    Args:
        hub: its connections, members and messages.
        doorkeeper: whom it refused.
        pulse: how late it is.
    """

    def __init__(self, hub: Hub, doorkeeper: Doorkeeper, pulse: Pulse) -> None:
        self._hub = hub
        self._doorkeeper = doorkeeper
        self._pulse = pulse
        self._registry = CollectorRegistry()
        self._registry.register(self)
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self._registry)

    def health(self) -> tuple[dict[str, Any], int]:
        """What ``/healthz`` says: a JSON object and the status."""
        members = self._hub.total
        if self._hub.is_closing:
            return {"status": "draining", "members": members}, 503
        if self._pulse.lateness > LATE_SECONDS:
            return {"status": "late", "seconds": round(self._pulse.lateness, 1)}, 503
        if trouble := self._hub.chronicle.journal.trouble:
            return {"status": "history", "trouble": trouble, "members": members}, 503
        if self._doorkeeper.is_full:
            return {"status": "full", "members": members}, 503
        return {"status": "ok", "members": members}, 200

    def metrics(self) -> bytes:
        """What ``/metrics`` says."""
        return generate_latest(self._registry)

    def collect(self) -> Iterable[Metric]:
        """For the registry."""
        yield from self._people()
        dispatch = self._hub.dispatch
        yield _labelled(
            CounterMetricFamily, "messages", "Lines said to others.", dispatch.messages, "kind"
        )
        yield CounterMetricFamily(
            "playroom_deliveries", "Copies of events handed out.", value=dispatch.copies
        )
        yield CounterMetricFamily(
            "playroom_delivered_bytes", "Bytes of all these copies.", value=dispatch.bytes
        )
        yield _labelled(
            CounterMetricFamily, "evictions", "Connections ended by us.", self._hub.ended, "reason"
        )
        yield _labelled(
            CounterMetricFamily,
            "refusals",
            "Connections refused.",
            self._doorkeeper.refused,
            "reason",
        )
        yield GaugeMetricFamily(
            "playroom_history_trouble",
            "Whether what is said may be forgotten; /healthz says why.",
            value=self._hub.chronicle.journal.trouble is not None,
        )
        yield self._lateness()
        tasks = trio.lowlevel.current_statistics().tasks_living
        yield GaugeMetricFamily("playroom_tasks", "Tasks of the scheduler.", value=tasks)

    def _people(self) -> Iterator[Metric]:
        connections = dict.fromkeys(DOORS, 0)
        members = dict.fromkeys(DOORS, 0)
        depths = [0] * (len(DEPTHS) + 1)
        waiting = 0
        for connection in self._hub.connections:
            connections[connection.via] += 1
            members[connection.via] += self._hub.is_member(connection)
            size = connection.outbox.size
            waiting += size
            depths[sum(size > bound for bound in DEPTHS)] += 1
        yield _labelled(
            GaugeMetricFamily,
            "connections",
            "People connected, let in or not.",
            connections,
            "door",
        )
        yield _labelled(GaugeMetricFamily, "members", "People in the room.", members, "door")
        outboxes = GaugeHistogramMetricFamily(
            "playroom_outbox_bytes", "Mail that waits for each connection, now."
        )
        outboxes.add_metric([], _buckets(DEPTHS, depths), gsum_value=waiting)
        yield outboxes

    def _lateness(self) -> Metric:
        family = HistogramMetricFamily(
            "playroom_scheduler_lateness_seconds", "How late a timer fires."
        )
        family.add_metric([], _buckets(BUCKETS, self._pulse.counts), self._pulse.total)
        return family


def _labelled(
    kind: type[CounterMetricFamily] | type[GaugeMetricFamily],
    name: str,
    text: str,
    counts: dict[str, int],
    label: str,
) -> Metric:
    family = kind(f"playroom_{name}", text, labels=[label])
    for value, count in counts.items():
        family.add_metric([value], count)
    return family


def _buckets(bounds: Iterable[float], counts: Iterable[int]) -> list[tuple[str, float]]:
    """Prometheus counts what is at most each bound, and at last everything."""
    names = [*map(str, bounds), "+Inf"]
    return list(zip(names, map(float, accumulate(counts)), strict=True))
