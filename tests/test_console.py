"""What the program is started on: a window that is closed, a narrow one, none, or a pipe."""

import os
import re
import shlex
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme

from backend.app import Bound
from backend.logs import CLEAR
from tests.bench.processes import free_port
from tests.browser.telnets import RawTelnet, raw_telnet
from tests.conftest import issue
from tests.processes import ROOT, START_SECONDS, environment, running
from tests.windows import BUFFERED, Window, window

PORTS = ("--host", "127.0.0.1", "--port", "0", "--telnet-port", "0")

NOHUP = ("sh", "-c", 'trap "" HUP; exec "$@"', "sh")
"""Before a command: what nohup does, on a terminal too."""

PYTHON = (sys.executable, "-m", "backend")

CLOSING = "<meta>: The room is closing, come back soon\r\n"

ROUNDS = 2.5
"""Seconds in which the live line is written twice."""


def a_room(shown: Window) -> Bound:
    """Where its doors are."""
    page = shown.sees(r"page +http(s?)://127\.0\.0\.1:(\d+)/")
    telnet = shown.sees(r"telnet +telnet 127\.0\.0\.1 (\d+)")
    bound = Bound("127.0.0.1", int(page[2]), int(telnet[1]), is_secure=bool(page[1]))
    shown.sees("stop +\\^C\r\n")
    return bound


# --- the window is closed ---


def serial(bound: Bound) -> str | None:
    """Of the certificate that the page shows."""
    with (
        socket.create_connection((bound.host, bound.port)) as raw,
        ssl._create_unverified_context().wrap_socket(raw) as secure,
    ):
        return ssl.DER_cert_to_PEM_cert(secure.getpeercert(binary_form=True) or b"")


def goes_on(room: Window, alice: RawTelnet) -> None:
    """She can talk, others can come, and it all ends well."""
    time.sleep(ROUNDS)
    alice.says("/who")
    alice.sees("<meta>: 1 here: alice (telnet)\r\n")
    room.process.send_signal(signal.SIGTERM)
    alice.sees(CLOSING)
    assert room.process.wait(10) == 0


@pytest.mark.parametrize("level", ["warning", "debug"])
def test_a_room_that_hears_no_hangup_goes_on_when_its_window_is_closed(level: str) -> None:
    """Neither its live line nor its log is anybody's trouble then."""
    with window(*PORTS, "--log-level", level, command=(*NOHUP, *PYTHON)) as room:
        bound = a_room(room)
        with raw_telnet(bound, "alice") as alice:
            room.sees("here: 0 by browser, 1 by telnet")
            room.close()
            with raw_telnet(bound, "bob"):
                alice.sees("<meta>: bob joined.\r\n")
            alice.sees("<meta>: bob left")
            goes_on(room, alice)


def test_a_room_with_a_certificate_goes_on_when_its_window_is_closed(
    certfile: Path, authority: trustme.CA
) -> None:
    """For SIGHUP means to it what it always means: the certificate is read again."""
    with window(*PORTS, "--certfile", str(certfile)) as room:
        bound = a_room(room)
        with raw_telnet(bound, "alice") as alice:
            room.sees("here: 0 by browser, 1 by telnet")
            before = serial(bound)
            issue(authority, certfile)
            room.close()
            deadline = time.monotonic() + 10
            while serial(bound) == before:
                assert time.monotonic() < deadline
            goes_on(room, alice)


def test_a_room_without_a_certificate_ends_in_order_when_its_window_is_closed() -> None:
    """Everybody is told, as at ^C; a shell that hands the hangup on makes it no second signal."""
    with window(*PORTS) as room, raw_telnet(a_room(room), "alice") as alice:
        room.close()
        alice.sees(CLOSING)
        room.process.send_signal(signal.SIGHUP)
        assert room.process.wait(10) == 0


# --- what kind of a terminal it is ---

STATUS = "here: 0 by browser, 0 by telnet; 0 messages in the last minute"


def test_on_a_narrow_terminal_the_live_line_is_cut_and_scrolls_nothing() -> None:
    """To its last column but one, for behind the last there is the next row; also if it shrinks."""
    with window(*PORTS, columns=30) as room:
        a_room(room)
        for columns in (30, 12, 100):
            room.resize(columns)
            line = CLEAR + STATUS[: columns - 1]
            room.sees(re.escape(line + line + CLEAR))
        room.types("\x03")
        assert room.process.wait(10) == 0


def test_of_a_terminal_that_tells_no_width_80_columns_are_taken() -> None:
    """Such as a serial line."""
    with window(*PORTS, columns=0) as room:
        a_room(room)
        room.sees(re.escape(CLEAR + STATUS))


@pytest.mark.parametrize(
    ("term", "log_format"), [("dumb", "text"), ("", "text"), ("xterm-256color", "json")]
)
def test_where_no_line_can_be_written_again_there_is_no_live_one(
    term: str, log_format: str
) -> None:
    """A terminal without cursor movement, or a log for programs: the log tells what happens."""
    with window(*PORTS, "--log-format", log_format, term=term) as room:
        bound = a_room(room)
        with raw_telnet(bound, "alice"):
            room.sees(r"\A[^\x1b]*c1 joined: alice")
            room.looks(ROUNDS)
        room.types("\x03")
        room.sees("SIGINT: closing")
        assert room.process.wait(10) == 0
        assert "\x1b" not in room.shown
        assert "here:" not in room.shown


def test_a_log_in_a_file_is_as_without_a_terminal(tmp_path: Path) -> None:
    """Nothing in it is for a terminal, and nothing is left out for one."""
    log = tmp_path / "log"
    into_file = ("sh", "-c", f'exec "$@" 2> {shlex.quote(str(log))}', "sh")
    with window(*PORTS, command=(*into_file, *PYTHON)) as room:
        bound = a_room(room)
        with raw_telnet(bound, "alice"):
            assert "here:" not in room.looks(ROUNDS)
        room.types("\x03")
        assert room.process.wait(10) == 0
    lines = log.read_text().splitlines()
    assert lines[0].endswith(" playroom: c1 opened: telnet")
    assert any(line.endswith(" playroom: SIGINT: closing") for line in lines)
    assert all(line[:2] == "20" for line in lines)


def test_a_warning_takes_the_live_line_away_before_it_is_written() -> None:
    """Or it would be glued behind."""
    with window(*PORTS, "--log-level", "info") as room:
        bound = a_room(room)
        room.sees(re.escape(STATUS))
        with raw_telnet(bound, "alice"):
            room.sees(re.escape(CLEAR) + r"20[-\d]+ [\d:,]+ playroom: c1 opened: telnet\r\n")


# --- nobody reads it, or there is nothing to write to ---


@contextmanager
def started(
    *arguments: str, redirection: str = "", **settings: str
) -> Iterator["subprocess.Popen[str]"]:
    """The program as a shell starts it; what it prints goes into a pipe that nobody reads."""
    unread, into = os.pipe()
    os.close(unread)
    with subprocess.Popen(
        ["sh", "-c", f'exec "$@" {redirection}', "sh", *PYTHON, *arguments],
        cwd=ROOT,
        env=environment(**BUFFERED, **settings),
        stdin=subprocess.DEVNULL,
        stdout=into,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    ) as process:
        os.close(into)
        try:
            yield process
        finally:
            process.kill()


def is_reached(process: "subprocess.Popen[str]", port: int) -> None:
    """It runs, and some time listens there."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        else:
            return


UNHEARD = pytest.mark.parametrize("redirection", ["", ">&-", "2>&1", "> /dev/full 2>&1"])
"""Into the pipe, nowhere, the log into the pipe as well; and both onto a full disk."""


@UNHEARD
@pytest.mark.parametrize("command", ["serve", "bridge", "echo"])
def test_it_serves_although_nobody_hears_where(command: str, redirection: str) -> None:
    """No traceback, and the end is an orderly one."""
    port = str(free_port())
    arguments = {
        "serve": ("--host", "127.0.0.1", "--port", "0", "--telnet-port", port),
        "bridge": ("bridge", "http://127.0.0.1:9", "--listen", f"127.0.0.1:{port}"),
        "echo": ("echo", "--host", "127.0.0.1", "--port", port),
    }[command]
    with started(*arguments, redirection=redirection) as process:
        is_reached(process, int(port))
        process.terminate()
        assert process.wait(10) == 0
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()


def test_what_was_closed_is_no_connections_descriptor() -> None:
    """Or a library's word to stderr would be somebody's mail."""
    port = free_port()
    arguments = ("--host", "127.0.0.1", "--port", "0", "--telnet-port", str(port))
    with started(*arguments, redirection="<&- >&- 2>&-") as process:
        is_reached(process, port)
        for number in range(3):
            assert os.readlink(f"/proc/{process.pid}/fd/{number}") == os.devnull


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a room where something was said."""
    file = tmp_path_factory.mktemp("history") / "history.sqlite3"
    with running(*PORTS, "--history", str(file)) as room:
        with raw_telnet(room.bound, "alice") as alice:
            alice.says("hello", "/quit")
            alice.sees("Goodbye")
        assert room.stop() == 0
    return file


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("history",)])
@pytest.mark.parametrize(
    ("redirection", "status", "told"),
    [("", 1, ""), (">&-", 0, ""), ("> /dev/full", 1, "playroom: No space left on device\n")],
)
def test_what_only_prints_ends_quietly_when_nobody_reads(
    history: Path, arguments: tuple[str, ...], redirection: str, status: int, told: str
) -> None:
    """As with ``| head -1``; what cannot be written otherwise costs one clear line."""
    with started(*arguments, redirection=redirection, HISTORY=str(history)) as process:
        assert process.stderr is not None
        assert process.stderr.read() == told
        assert process.wait(10) == status


# --- where it says that it is ---


def needs_ipv6() -> None:
    """Skips where there is none."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("there is no IPv6 on this machine")


@pytest.mark.parametrize(
    ("host", "here"),
    [("0.0.0.0", "localhost"), ("::", "::1"), ("127.0.0.1", "127.0.0.1")],  # noqa: S104 - as typed
)
@pytest.mark.parametrize("command", ["bridge", "echo"])
def test_what_it_says_to_type_can_be_typed(command: str, host: str, here: str) -> None:
    """Nobody can go to every address of a machine, but to this machine."""
    if ":" in host:
        needs_ipv6()
    where = f"[{host}]:0" if ":" in host else f"{host}:0"
    arguments = {
        "bridge": ("bridge", "http://127.0.0.1:9", "--listen", where),
        "echo": ("echo", "--host", host, "--port", "0"),
    }[command]
    with window(*arguments, NO_PROXY="*") as shown:
        told = shown.sees(r"(?:telnet|echo): telnet (\S+) (\d+)\r\n")
        assert told[1] == here
        with socket.create_connection((told[1], int(told[2])), 10):
            pass
