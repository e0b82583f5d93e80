"""A start that takes its time, or cannot succeed: how it is ended, and what is said."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.processes import ROOT, START_SECONDS, environment, run

PORTS = ("--host", "127.0.0.1", "--port", "0", "--telnet-port", "0")


@contextmanager
def a_silent_server() -> Iterator[tuple[socket.socket, str]]:
    """It takes connections and never says a word; and its URL."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(START_SECONDS)
        yield server, f"redis://127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_start_that_hangs_is_ended_by_the_first_signal(number: signal.Signals) -> None:
    """Without a word; and the status tells by which, as of any program that the signal ends."""
    with (
        a_silent_server() as (server, url),
        subprocess.Popen(
            [sys.executable, "-m", "backend", *PORTS],
            cwd=ROOT,
            env=environment(REDIS_URL=url),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        try:
            connection, _ = server.accept()
            with connection:
                process.send_signal(number)
                assert process.communicate(timeout=START_SECONDS) == ("", "")
                assert process.returncode == -number  # by itself it ends with 1
        finally:
            process.kill()


def test_a_server_that_never_answers_costs_one_clear_line() -> None:
    """It is there, so nothing is lost."""
    with a_silent_server() as (_, url):
        result = run(*PORTS, REDIS_URL=url)
    assert result.returncode == 1
    assert result.stderr == "playroom: cannot use the Redis server: it does not answer\n"
