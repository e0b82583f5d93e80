"""What the servers are asked to do, and the figures that come of it.

A line ends in one ``^`` that occurs once in every copy of it, whatever the framing: no name, JSON
key or number has one. Nor has the length in a websocket frame's head, if the payload has 95 to 349
bytes: 0x5E is 94, and 94 + 256 is 350. Nor if it has 863 to 1,117.
"""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.bench.load import Counts, Generator
from tests.bench.onlooker import Onlooker
from tests.bench.processes import Process

LINE = 50
"""Bytes in a line: what people type. As JSON it has about 130."""

LONG_LINE = 850
"""Bytes in a line that is to fill buffers, and is still short enough for every server. As JSON it
has about 930."""

QUIET_MS = 100
JOIN_QUIET_MS = 1300
"""After arrivals, longer: in a crowd they may be told once a second."""

JOIN_WINDOW = 64
"""People under way at once where joining is not what is measured: fewer than any backlog."""

LIMIT_MS = 30_000
"""For everything that is not over sooner; a room that stands still is noticed sooner."""

STILL_MS = 5_000

CALLS, BURST = 200, 500
CALL_SECONDS, BURST_SECONDS = 1.0, 3.0
TAIL, TAIL_SECONDS = 3_000, 3.0
"""A slow server gets fewer messages, so that a round ends today."""

ENOUGH_BYTES = 4_000_000
"""For one who does not read, and more than the kernel takes on the loopback (2.6 MB there, since
its segments are large). A server that has not given up by then keeps all that comes."""

WATCH_TURNS, WATCH_CALLS = 10, 300
"""So many times watched and as often not; each turn lasts for a few walks through the tree."""

FLOODS, FLOOD, FLOOD_SECONDS, CALLS_BETWEEN = 5, 400, 2.0, 40
"""Before anybody stalls, so many floods of so many long lines, with so many calls after each."""

Figures = dict[str, float]


class FailedError(Exception):
    """A server did not do what was asked; ``str(error)`` says what."""


@dataclass
class Session:
    """A server, and members who are in it or about to be.

    Attributes:
        server: the server.
        generator: where the members are.
        door: telnet, web or mixed.
        members: how many.
        per_delivery: seconds, roughly, to know what can be asked for.
    """

    server: Process
    generator: Generator
    door: str
    members: int
    per_delivery: float = 0.0

    def join(self, count: int, window: int = JOIN_WINDOW, rate: int = 0) -> Counts:
        """Bring so many members in, and wait until everybody has been told."""
        shares = {self.door: count}
        if self.door == "mixed":
            shares = {"telnet": count // 2, "web": count - count // 2}
        joined: Counts = {}
        for door, share in shares.items():
            port = self.server.ports[door]
            joined = self.generator.ask("join", door, port, share, window, rate, LIMIT_MS)
            if joined["joined"] != share:
                raise FailedError(f"let in {joined['joined']} of {share} in {LIMIT_MS // 1000} s")
        self.generator.ask("quiet", JOIN_QUIET_MS)
        return joined

    def work(
        self, what: str, most: int, seconds: float, length: int = LINE, limit: int = LIMIT_MS
    ) -> Counts:
        """As many messages as can be had in so many seconds, roughly."""
        if not self.per_delivery:
            probe = self.exactly("call", 3)
            self.per_delivery = statistics.median(probe["times"]) / 1e9 / self.members
        affordable = int(seconds / (self.per_delivery * self.members))
        return self.exactly(what, max(5, min(most, affordable)), length, limit)

    def exactly(self, what: str, count: int, length: int = LINE, limit: int = LIMIT_MS) -> Counts:
        """Exactly so many messages. Raises FailedError unless each member got each of them once."""
        # An unasked-for pong is a sign of life to servers that want one, and no work to count.
        self.generator.ask("pong")
        self.generator.ask("quiet", QUIET_MS)
        before = self.server.cpu_seconds
        result = self.generator.ask(what, count, length, limit)
        result["busy"] = (self.server.cpu_seconds - before) * 1e9
        if result["lost"]:
            raise FailedError(f"dropped {result['lost']} who read")
        if result["came"] < result["due"]:
            raise FailedError(f"delivered {result['came']} of {result['due']}, then stopped")
        if result["wrong"]:
            raise FailedError(f"gave {result['wrong']} members too many or too few")
        return result


def call(session: Session) -> Figures:
    """One message at a time, until the last member has it."""
    return _calls(session, CALLS, CALL_SECONDS)


def tail(session: Session) -> Figures:
    """As ``call``, and so many that the 99th percentile is nobody's luck."""
    return _calls(session, TAIL, TAIL_SECONDS)


def _calls(session: Session, count: int, seconds: float) -> Figures:
    result = session.work("call", count, seconds)
    p50, p99 = _percentiles(result["times"])
    each = p50 * 1e3 / (result["due"] / len(result["times"]))
    return {"us/delivery": each, "p50 ms": p50, "p99 ms": p99, **_health(result)}


def burst(session: Session) -> Figures:
    """One member pipelines many messages."""
    return _rate(session.work("burst", BURST, BURST_SECONDS))


def crowd(session: Session) -> Figures:
    """Every member says something, all at once."""
    return _rate(session.work("crowd", session.members, BURST_SECONDS))


def storm(session: Session) -> Figures:
    """All members arrive within a second, and everybody is told of everybody."""
    before = session.server.cpu_seconds
    count = session.members
    joined = session.join(count, window=count, rate=count)
    p50, p99 = _percentiles(joined["times"])
    used = session.server.cpu_seconds - before
    return {"cpu us/arrival": used * 1e6 / count, "p50 ms": p50, "p99 ms": p99}


def idle(session: Session) -> Figures:
    """Members who are just there."""
    # The first few bring in what is loaded on demand.
    session.join(10)
    before = session.server.resident
    session.join(session.members)
    grown = session.server.resident - before
    return {"KiB/member": grown / 1024 / session.members, "base MiB": before / 2**20}


def stalled(session: Session) -> Figures:
    """One member in ten stops reading, and is written to until the server has had enough."""
    session.join(session.members)
    times = [time for _ in range(FLOODS) for time in _flood(session)["times"]]
    _, without = _percentiles(times)
    few = session.members // 10
    session.generator.ask("stall", few)
    before = most = session.server.resident
    times, flooded, evicted = [], 0, 0
    while evicted < few and flooded < ENOUGH_BYTES:
        calls = _flood(session)
        times += calls["times"]
        flooded += calls["flooded"] // (session.members - few)
        evicted = calls["evicted"]
        most = max(most, calls["resident"])
    _, p99 = _percentiles(times)
    return {
        "p99 ratio": p99 / without,
        "p99 ms": p99,
        "evicted": evicted,
        "of": few,
        "too slow": session.server.logged().count("closed: too slow"),
        "grown MiB": (most - before) / 2**20,
    }


def watched(session: Session) -> Figures:
    """The same messages with somebody looking at the task tree and without, turn and turn about.

    What counts is the processor time that a delivery takes, and not when it arrives.
    """
    session.join(session.members)
    walls, busy = {True: 0.0, False: 0.0}, {True: 0.0, False: 0.0}
    try:
        with Onlooker(session.server.ports["web"]) as onlooker:
            for turn in range(2 * WATCH_TURNS):
                looks = turn % 2 == 0
                onlooker.look(looks)
                result = session.exactly("call", WATCH_CALLS)
                walls[looks] += result["wall"]
                busy[looks] += result["busy"]
            shown = onlooker.shown
    except OSError as error:
        raise FailedError(f"has no task tree: {error}") from error
    return {
        "throughput lost %": (1 - walls[False] / walls[True]) * 100,
        "cpu more %": (busy[True] / busy[False] - 1) * 100,
        "times shown": shown,
    }


def _flood(session: Session) -> Counts:
    """Much, in long lines; then how long it takes to say something."""
    flood = session.work("burst", FLOOD, FLOOD_SECONDS, LONG_LINE, STILL_MS)
    resident = session.server.resident
    calls = session.work("call", CALLS_BETWEEN, CALL_SECONDS, limit=STILL_MS)
    return {**calls, "flooded": flood["bytes"], "resident": resident}


def _percentiles(times: Sequence[int]) -> tuple[float, float]:
    """The median and the 99th percentile, in milliseconds."""
    ordered = sorted(times)
    return statistics.median(ordered) / 1e6, ordered[int(len(ordered) * 0.99)] / 1e6


def _rate(result: Counts) -> Figures:
    rate = result["came"] * 1e9 / result["wall"]
    return {"deliveries/s": rate, "deliveries": result["came"], **_health(result)}


def _health(result: Counts) -> Figures:
    """Who waited for whom: a server that is always busy was not held up by the generator."""
    return {"busy": result["busy"] / result["wall"], "idle": result["idle"] / result["wall"]}


@dataclass(frozen=True)
class Workload:
    """One question.

    Attributes:
        ask: asks it.
        figure: the main one of its figures, first in the table.
        more_is_better: which way it points.
        shares: whether it may be asked of members who have just answered another.
        announce: whether arrivals are told to everybody meanwhile.
        only_at: the N it is asked for, or the nearest; None for each.
    """

    ask: Callable[[Session], Figures]
    figure: str
    more_is_better: bool = False
    shares: bool = False
    announce: bool = False
    only_at: int | None = None


WORKLOADS = {
    "call": Workload(call, "us/delivery", shares=True),
    "tail": Workload(tail, "p99 ms", shares=True),
    "burst": Workload(burst, "deliveries/s", more_is_better=True, shares=True),
    "crowd": Workload(crowd, "deliveries/s", more_is_better=True, shares=True),
    "storm": Workload(storm, "cpu us/arrival", announce=True),
    "idle": Workload(idle, "KiB/member", only_at=1000),
    "watched": Workload(watched, "throughput lost %", only_at=1000),
    "stalled": Workload(stalled, "p99 ratio", only_at=1000),
}
