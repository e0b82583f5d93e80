"""Redis servers of the tests' own, in temporary folders; and how to be without one."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

START_SECONDS = 20.0

needs_redis = pytest.mark.skipif(
    shutil.which("redis-server") is None, reason="redis-server is not installed"
)


class RedisServer:
    """One that can be killed, stopped and started again.

    Args:
        folder: for its socket and its data.
        keeps: whether it writes down what it has, at once.
        password: what it asks for.
        options: more of redis-server's, for each start.
    """

    def __init__(self, folder: Path, keeps: bool = True, *options: str, password: str = "") -> None:
        self._folder = folder
        self._keeps = keeps
        self._options = (*options, "--requirepass", password)
        self._password = password
        self._process: subprocess.Popen[bytes] | None = None
        self._socket = folder / "redis.sock"
        self.url = f"unix://{self._socket}"

    def start(self, *options: str) -> None:
        """Start it, and wait until it answers."""
        keep = ["--appendonly", "yes", "--appendfsync", "always"] if self._keeps else []
        self._process = subprocess.Popen(
            [
                *("redis-server", "--port", "0", "--unixsocket", str(self._socket)),
                *("--dir", str(self._folder), "--save", "", *keep),
                *(*self._options, *options),
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
            env=os.environ | ({"REDISCLI_AUTH": self._password} if self._password else {}),
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
def redis_server(keeps: bool = True, *options: str, password: str = "") -> Iterator[RedisServer]:
    """A started one, which is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        server = RedisServer(Path(folder), keeps, *options, password=password)
        server.start()
        try:
            yield server
        finally:
            server.kill()


def free_port() -> int:
    """For redis-server, which cannot choose one by itself."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
    return port


@dataclass(frozen=True)
class Encrypted:
    """A server that is reached by TLS.

    Attributes:
        server: the server.
        url: where it is; its password included.
        authority: the file of who signed its certificate.
    """

    server: RedisServer
    url: str
    authority: Path


@contextmanager
def encrypted_redis_server(password: str, host: str = "localhost") -> Iterator[Encrypted]:
    """A started one, whose certificate says that it is this host."""
    with tempfile.TemporaryDirectory() as name:
        folder, port, authority = Path(name), free_port(), trustme.CA()
        authority.cert_pem.write_to_path(folder / "authority.pem")
        certificate = authority.issue_cert(host)
        certificate.private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
        pem = str(folder / "server.pem")
        options = (
            *("--bind", "127.0.0.1", "--tls-port", str(port), "--tls-auth-clients", "no"),
            *("--tls-cert-file", pem, "--tls-key-file", pem),
        )
        with redis_server(True, *options, password=password) as server:
            url = f"rediss://:{password}@localhost:{port}"
            yield Encrypted(server, url, folder / "authority.pem")
