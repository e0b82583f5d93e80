"""A Redis server of the tests' own, in a temporary folder; and how to be without one."""

import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

START_SECONDS = 20.0

needs_redis = pytest.mark.skipif(
    shutil.which("redis-server") is None, reason="redis-server is not installed"
)


class RedisServer:
    """One that can be killed, stopped and started again.

    Args:
        folder: for its socket and its data.
        keeps: whether it writes down what it has, at once.
    """

    def __init__(self, folder: Path, keeps: bool = True) -> None:
        self._folder = folder
        self._keeps = keeps
        self._process: subprocess.Popen[bytes] | None = None
        self._socket = folder / "redis.sock"
        self.url = f"unix://{self._socket}"

    def start(self, *options: str) -> None:
        """Start it, and wait until it answers."""
        keep = ["--appendonly", "yes", "--appendfsync", "always"] if self._keeps else []
        self._process = subprocess.Popen(
            [
                *("redis-server", "--port", "0", "--unixsocket", str(self._socket)),
                *("--dir", str(self._folder), "--save", "", *keep, *options),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + START_SECONDS
        while "PONG" not in self.ask("ping"):
            assert time.monotonic() < deadline, "redis-server did not start"
            time.sleep(0.02)

    def ask(self, *command: str) -> str:
        """What ``redis-cli`` says."""
        return subprocess.run(
            ["redis-cli", "-s", str(self._socket), *command],
            capture_output=True,
            text=True,
            check=False,
        ).stdout

    def kill(self) -> None:
        """End it without a word."""
        assert self._process
        self._process.kill()
        self._process.wait()

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process
        self._process.send_signal(number)


@contextmanager
def redis_server(keeps: bool = True, *options: str) -> Iterator[RedisServer]:
    """A started one, which is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        server = RedisServer(Path(folder), keeps)
        server.start(*options)
        try:
            yield server
        finally:
            server.kill()
