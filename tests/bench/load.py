"""The load generator, as the benchmark sees it: a program that takes commands and gives figures.

``load.c`` where there is a compiler; else ``slow_load.py``, which speaks the same language and may
well be slower than the servers it is to measure. It says so.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tests.bench.servers import HERE
from tests.bench.workshop import MissingError, Workshop

SLOW = (sys.executable, str(HERE / "slow_load.py"))

Counts = dict[str, Any]
"""What came of a command: nanoseconds and numbers by name, and the list ``times``."""


class Generator:
    """A running load generator; ``load.c`` says what it can be asked.

    Attributes:
        pid: of its process.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.pid = process.pid

    def ask(self, *words: object) -> Counts:
        """Give one command, and wait for what comes of it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(" ".join(map(str, words)) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"the load generator failed at {words}")
        counts: Counts = json.loads(answer)
        return counts


def program(shop: Workshop) -> tuple[Sequence[str], str | None]:
    """How to start the generator, and what is to be said against it."""
    try:
        return [str(shop.compiled(HERE / "load.c"))], None
    except MissingError as why:
        return SLOW, (
            f"{why}: the load generator is a Python program, and MAY WELL BE THE BOTTLENECK. "
            "What the table says of fast servers is then too good to them all."
        )


@contextmanager
def generating(command: Sequence[str], mode: str) -> Iterator[Generator]:
    """A generator from start to end; its members vanish with it.

    Args:
        command: from ``program``.
        mode: "spin", so that no server pays for waking it up, as if its members were on other
            machines; or "block", so that they do.
    """
    with subprocess.Popen(
        [*command, mode], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Generator(process)
        finally:
            process.kill()
