"""The program as its users start it: a process of its own, with its output and its exit status."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Timer
from typing import IO

from backend.app import Bound

ROOT = Path(__file__).parent.parent

START_SECONDS = 60.0
"""A dyno's own limit for starting, and plenty for a busy machine."""

NO_LIMITS = {
    "MAX_CONNECTIONS_PER_ADDRESS": "1000000",
    "LOGINS_PER_MINUTE": "1000000",
    "LINE_RATE": "1000000",
    "LINE_BURST": "1000000",
    "GRACE": "0",
}
"""For tests whose many people come from one address and talk without a pause."""

_SETTINGS = {
    *("HOST", "PORT", "TELNET_PORT", "ALLOWED_ORIGINS", "WEB_CONCURRENCY", "REDIS_URL"),
    *("CERTFILE", "KEYFILE", "TELNET_TLS_PORT", "TELNET_PROXY_PROTOCOL"),
    *(
        "OPERATOR_SECRET",
        "NO_THEATRE",
        "TRUST_PROXY",
        "MAX_CONNECTIONS",
        "LOG_FORMAT",
        "LOG_LEVEL",
        "PING_SECONDS",
        "HISTORY",
        "HISTORY_LIMIT",
        *NO_LIMITS,
    ),
}


@dataclass(frozen=True)
class Running:
    """A started program.

    Attributes:
        process: the process.
        bound: where its doors are, as it printed them.
        log: its stderr.
        temporary: where its temporary files are.
    """

    process: subprocess.Popen[str]
    bound: Bound
    log: IO[str]
    temporary: Path

    def stop(self, number: int = signal.SIGTERM, *, within: float = 10.0) -> int:
        """Send a signal; the exit status."""
        self.process.send_signal(number)
        return self.process.wait(within)

    def logged(self) -> str:
        """Everything written to stderr so far."""
        self.log.seek(0)
        return self.log.read()

    def temporary_files(self) -> list[Path]:
        """Those that there are now."""
        return list(self.temporary.iterdir())

    def wait_until_logged(self, text: str, *, within: float = 10.0) -> None:
        """Wait until this has been written to stderr."""
        deadline = time.monotonic() + within
        while text not in self.logged():
            assert time.monotonic() < deadline, f"{text!r} was not logged"
            time.sleep(0.01)


def environment(**settings: str) -> dict[str, str]:
    """This process's environment with exactly these of the program's settings.

    The file of whoever runs the tests is not written to.
    """
    kept = {name: value for name, value in os.environ.items() if name not in _SETTINGS}
    return {**kept, "PYTHONUNBUFFERED": "1", "HISTORY": "memory", **settings}


@contextmanager
def running(
    *arguments: str,
    command: Sequence[str] = (sys.executable, "-m", "backend"),
    cwd: Path = ROOT,
    telnet: bool = True,
    limits: bool = True,
    **settings: str,
) -> Iterator[Running]:
    """Start the program, wait for its addresses, and make sure that it is gone afterwards."""
    if not limits:
        settings = {**NO_LIMITS, **settings}
    with (
        # Its own, for one that is killed cleans nothing up.
        tempfile.TemporaryDirectory() as temporary,
        # Opened twice, or reading from the start would make the program write there, too.
        tempfile.NamedTemporaryFile("r") as log,
        open(log.name, "a") as stderr,
        subprocess.Popen(
            [*command, *arguments],
            cwd=cwd,
            env=environment(**{"TMPDIR": temporary, **settings}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        ) as process,
    ):
        watchdog = Timer(START_SECONDS, process.kill)
        watchdog.start()
        has_tls = "--telnet-tls-port" in " ".join((*command, *arguments))
        try:
            bound = _read_addresses(process, telnet, has_tls)
            watchdog.cancel()
            yield Running(process, bound, log, Path(temporary))
        finally:
            watchdog.cancel()
            process.kill()


def _read_addresses(process: subprocess.Popen[str], telnet: bool, telnet_tls: bool) -> Bound:
    def read(kind: str, pattern: str) -> re.Match[str]:
        assert process.stdout is not None
        found = re.fullmatch(f"{kind}: {pattern}\n", process.stdout.readline())
        assert found, f"the program did not say where is: {kind}"
        return found

    page = read("page and websockets", r"http(s?)://(.*):(\d+)/")
    bound = Bound(page[2], int(page[3]), is_secure=bool(page[1]))
    if telnet:
        bound = replace(bound, telnet_port=int(read("telnet", r"telnet .* (\d+)")[1]))
    if telnet_tls:
        line = read("telnet over TLS", r"openssl s_client -quiet -connect .*:(\d+)")
        bound = replace(bound, telnet_tls_port=int(line[1]))
    return bound


def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the program to its end."""
    return subprocess.run(
        [sys.executable, "-m", "backend", *arguments],
        cwd=ROOT,
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )
