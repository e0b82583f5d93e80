"""What a server process holds on to: descriptors, tasks and memory.

Linux only: it reads ``/proc``. Knows neither the attacks nor the witnesses.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import trio

from backend.app import Bound
from tests.processes import Running
from tests.talkers import ask

PATIENCE = 20.0
"""How long a server may take to let go: a request head's 10 s, then a goodbye's 2 s, on a machine
that others use too."""

STEP = 0.05
"""Between two looks."""

LOOKS = 6
"""Looks alike in a row that make a figure settled: what the last visitor left behind is gone."""


@dataclass(frozen=True)
class Figures:
    """How much a server holds on to.

    Attributes:
        descriptors: open files and sockets.
        tasks: Trio tasks, those that answered the question included.
    """

    descriptors: int
    tasks: int

    def is_within(self, other: "Figures") -> bool:
        """Whether none of them is more than the other's."""
        return self.descriptors <= other.descriptors and self.tasks <= other.tasks


async def figures(server: Running) -> Figures:
    """What it holds on to at this moment."""
    return Figures(descriptors(server), int(await metric(server.bound, "playroom_tasks")))


def descriptors(server: Running) -> int:
    """How many files and sockets it has open."""
    return len(list(Path(f"/proc/{server.process.pid}/fd").iterdir()))


async def metric(bound: Bound, name: str) -> float:
    """One of the figures that it counts itself."""
    answer = await ask(bound, b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
    line = re.search(rf"^{name} (\S+)\r?$", answer.decode(), re.MULTILINE)
    assert line, answer
    return float(line[1])


async def healthy(bound: Bound) -> None:
    """Wait until it says that it is well, and has room."""
    answer = b""
    with trio.fail_after(PATIENCE):
        while b" 200 " not in answer:
            await trio.sleep(STEP)
            answer = await ask(bound, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")


async def settled(server: Running) -> Figures:
    """What it holds on to once that does not change any more."""
    seen: list[Figures] = []
    with trio.fail_after(PATIENCE):
        while len(seen) < LOOKS or len(set(seen[-LOOKS:])) > 1:
            seen.append(await figures(server))
            await trio.sleep(STEP)
    return seen[-1]


async def returns_to(server: Running, before: Figures) -> None:
    """It lets go of all it held on to beyond this."""
    now = await figures(server)
    with trio.move_on_after(PATIENCE):
        while not now.is_within(before):
            await trio.sleep(STEP)
            now = await figures(server)
    assert now.is_within(before), f"{now}, and it was {before}"


def memory(server: Running, kind: str) -> int:
    """Bytes of memory, of one of the kinds in ``/proc/PID/status``, such as VmHWM (the most)."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    line = re.search(rf"^{kind}:\s+(\d+) kB$", status, re.MULTILINE)
    assert line, status
    return int(line[1]) * 1024
