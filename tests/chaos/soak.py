"""Minutes of coming and going, to see what grows: ``python -m tests.chaos.soak --minutes 5``.

People come to the real server by both doors, say a few lines, rename themselves, and leave in
every way there is; some only look at the page. All the while memory, tasks and descriptors are
printed, and at the end whether they are flat; the exit status is 0 if so. Linux only: it reads
``/proc``.
"""

import argparse
import random
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import trio

from tests.chaos.attacks import PAGE
from tests.chaos.crowd import CLOSE, TEXT, Crowd, crowd_at, exchange, frame, reset, send
from tests.chaos.figures import Figures, figures, memory, returns_to, settled
from tests.chaos.serving import complaints, serving
from tests.processes import Running

PEOPLE = 40
"""How many come and go at the same time."""

LOOKS = 20
"""How often the figures are printed, in all."""

WARM = 0.4
"""The part of the time in which memory may still grow: the interpreter, its caches and the reserve
of its allocator find their size."""

MAX_GROWTH = 1 << 20
"""Bytes of the heap that may be added from the first half of the remaining time to the second. In
three minutes a leak of 100 bytes a visit would be more."""


@dataclass(frozen=True)
class Look:
    """The figures at one time.

    Attributes:
        at: seconds since the start.
        visits: how many have ended.
        resident: bytes of memory.
        heap: those of them that belong to no file.
        held: tasks and descriptors.
    """

    at: float
    visits: int
    resident: int
    heap: int
    held: Figures

    def __str__(self) -> str:
        return (
            f"{self.at:6.0f} s {self.visits:8d} visits {self.resident / 1e6:8.2f} MB resident"
            f" {self.heap / 1e6:8.2f} MB heap {self.held.tasks:5d} tasks"
            f" {self.held.descriptors:5d} descriptors"
        )


class Soak:
    """People who come and go, and somebody who looks at what the server makes of it."""

    def __init__(self, server: Running, seed: int) -> None:
        self._server = server
        self._chance = random.Random(seed)
        self._started = trio.current_time()
        self._came = 0
        self._went = 0

    async def run(self, seconds: float) -> list[Look]:
        """Let them come and go for so long; the figures of that time."""
        looks = []
        async with trio.open_nursery() as nursery:
            for _ in range(PEOPLE):
                nursery.start_soon(self._come_and_go, self._started + seconds)
            for _ in range(LOOKS):
                await trio.sleep(seconds / LOOKS)
                looks.append(await self.look())
                print(looks[-1], flush=True)
        return looks

    async def look(self) -> Look:
        """The figures now."""
        return Look(
            trio.current_time() - self._started,
            self._went,
            memory(self._server, "VmRSS"),
            memory(self._server, "RssAnon"),
            await figures(self._server),
        )

    async def _come_and_go(self, until: float) -> None:
        while trio.current_time() < until:
            self._came += 1
            async with crowd_at(self._server.bound) as crowd:
                await self._visit(crowd, f"guest{self._came}")
            self._went += 1

    async def _visit(self, crowd: Crowd, nick: str) -> None:
        door = self._chance.choice(["terminal", "browser", "terminal", "browser", "page"])
        if door == "page":
            await exchange(await crowd.connect(crowd.bound.port), PAGE)
        elif door == "terminal":
            stream = await crowd.terminal(nick)
            await send(stream, b"".join(line + b"\r\n" for line in self._lines(nick)))
            await self._leave(stream, b"/quit\r\n", b"/quit for lunch\r\n")
        else:
            stream = await crowd.browser(nick)
            await send(stream, b"".join(frame(TEXT, line) for line in self._lines(nick)))
            await self._leave(stream, frame(TEXT, b"/quit"), frame(CLOSE), frame(0xF))

    def _lines(self, nick: str) -> list[bytes]:
        lines = [b"hello " * self._chance.randrange(1, 50)] * self._chance.randrange(5)
        return [*lines, f"/nick {nick}x".encode(), b"/who"]

    async def _leave(self, stream: trio.SocketStream, *farewells: bytes) -> None:
        await trio.sleep(self._chance.uniform(0, 0.2))
        match self._chance.randrange(3):
            case 0:
                await exchange(stream, self._chance.choice(farewells))
            case 1:
                reset(stream)
            # else the crowd leaves, which is a FIN, or with something unread a RST


async def soak(server: Running, seconds: float, seed: int) -> list[str]:
    """Let them come and go; what is not as it should be."""
    before = await settled(server)
    soak = Soak(server, seed)
    looks = await soak.run(seconds)
    faults = complaints(server.logged())
    try:
        await returns_to(server, before)
    except AssertionError as fault:
        faults.append(f"not let go of: {fault}")
    print(await soak.look(), " when all had gone")
    looks = looks[int(len(looks) * WARM) :]
    earlier, later = looks[: len(looks) // 2], looks[len(looks) // 2 :]
    growth = median_heap(later) - median_heap(earlier)
    print(f"heap: {growth / 1e6:+.2f} MB, from the median of {len(earlier)} looks to the next")
    if growth > MAX_GROWTH:
        faults.append("the heap grows")
    return faults


def median_heap(looks: Sequence[Look]) -> float:
    """Of all these."""
    return statistics.median(look.heap for look in looks)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with serving() as server:
        faults = trio.run(soak, server, given.minutes * 60, given.seed)
        status = server.stop()
    print("flat" if not faults else "NOT FLAT: " + "; ".join(faults[:5]), f"(status {status})")
    sys.exit(bool(faults or status))


if __name__ == "__main__":
    main()
