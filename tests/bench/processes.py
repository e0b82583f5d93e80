"""A process under measurement: its core, its priority, its time and its memory.

Linux only, as all of the benchmark: it reads ``/proc``.
"""

import os
import resource
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

START_SECONDS = 20.0
"""How long a server may take to listen: an interpreter with a framework, on a busy machine."""

SERVER_CORE, GENERATOR_CORE = 0, 1

PRIORITY = 5
"""Any real-time priority is above all ordinary work: a neighbour's slice is a thousand
deliveries long."""


def settle(pid: int, core: int) -> None:
    """Give a process a core of its own and, where that is allowed, priority over other work."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        thread = int(task.name)
        if len(os.sched_getaffinity(0)) > 1:
            os.sched_setaffinity(thread, {core})
        with suppress(PermissionError):
            os.sched_setscheduler(thread, os.SCHED_FIFO, os.sched_param(PRIORITY))


def raise_descriptor_limit(needed: int) -> str | None:
    """Let this process and its children have so many descriptors; why not, if not."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < needed and os.geteuid() == 0:
        hard = needed
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, needed)), hard))
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft >= needed else f"only {soft} descriptors are allowed, not {needed}"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Process:
    """A server that runs.

    Attributes:
        pid: its number.
        ports: where it listens, by door.
    """

    def __init__(
        self, process: subprocess.Popen[bytes], ports: dict[str, int], log: IO[str]
    ) -> None:
        self._process = process
        self.pid = process.pid
        self._log = log
        self.ports = ports

    @property
    def cpu_seconds(self) -> float:
        """Processor time used so far, by all its threads."""
        tasks = Path(f"/proc/{self._process.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9

    @property
    def resident(self) -> int:
        """Bytes of memory in use."""
        pages = Path(f"/proc/{self._process.pid}/statm").read_text().split()[1]
        return int(pages) * resource.getpagesize()

    def logged(self) -> str:
        """What it wrote to stderr."""
        self._log.seek(0)
        return self._log.read()

    def wait_until_it_listens(self, door: str) -> None:
        """Raises RuntimeError, with its last words, if it does not."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.ports[door]), 1).close()
            except OSError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"did not start: {self.logged()[-1000:]}") from None
                time.sleep(0.02)
            else:
                return


@contextmanager
def serving(
    command: list[str], ports: dict[str, int], folder: Path, environment: dict[str, str]
) -> Iterator[Process]:
    """A server from start to end; it ends the quick way, for nobody's goodbye is measured."""
    with (
        tempfile.TemporaryFile("w+") as log,
        subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
        ) as process,
    ):
        try:
            yield Process(process, ports, log)
        finally:
            process.kill()
