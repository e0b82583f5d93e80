"""Starting and stopping the real program: addresses, mistakes, signals, the log."""

import json
import os
import re
import signal
import socket
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import pytest
import trio

from backend.cli import command
from backend.config import Settings
from tests.processes import ROOT, Running, run, running
from tests.talkers import HANDSHAKE, PROMPT, Terminal, at_browser, at_terminal, upgrade

README = (ROOT / "README.md").read_text()

ANY_PORTS = ("--port", "0", "--telnet-port", "0")


def test_it_says_where_its_doors_are_and_answers_there() -> None:
    """Port 0 is any free port; the one really bound is printed."""
    with running(*ANY_PORTS) as room:
        assert room.bound.port != 0
        with urllib.request.urlopen(f"{room.bound.page_url}healthz") as answer:
            assert json.load(answer)["status"] == "ok"
        assert room.bound.telnet_port is not None
        with socket.create_connection(("localhost", room.bound.telnet_port)) as terminal:
            assert terminal.recv(100) == PROMPT.encode()
        assert room.stop() == 0


def test_localhost_is_the_same_port_on_both_of_its_addresses() -> None:
    """Whichever of 127.0.0.1 and ::1 a client tries first."""
    families = {info[0] for info in socket.getaddrinfo("localhost", 0, type=socket.SOCK_STREAM)}
    with running(*ANY_PORTS) as room:
        for family in families:
            address = "127.0.0.1" if family == socket.AF_INET else "::1"
            with socket.create_connection((address, room.bound.port)):
                pass


def test_settings_come_from_the_environment_and_flags_win() -> None:
    """As on a dyno, where only variables can be set."""
    with running(PORT="0", TELNET_PORT="off", telnet=False) as room:
        assert room.stop() == 0
    with running("--telnet-port", "0", PORT="0", TELNET_PORT="off", HOST="127.0.0.1") as room:
        assert room.bound.host == "127.0.0.1"
        assert room.bound.telnet_port is not None


def test_a_taken_port_costs_one_clear_line() -> None:
    """And status 1: nothing is wrong with what was asked for."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for arguments in (("--port", str(port)), ("--port", "0", "--telnet-port", str(port))):
            result = run("--host", "127.0.0.1", *arguments)
            assert result.returncode == 1
            assert result.stderr == (
                f"playroom: cannot listen on 127.0.0.1 port {port}: it is taken\n"
            )


@pytest.mark.parametrize(
    ("arguments", "settings"),
    [
        (["--port", "70000"], {}),
        (["--port", "eighty"], {}),
        (["--telnet-port", "on"], {}),
        (["--nonsense"], {}),
        (["--allowed-origin", "https://a.example/"], {}),
        ([], {"ALLOWED_ORIGINS": "https://a.example,https://b.example"}),
        (["--operator-secret", " "], {}),
        (["--operator-secret", "owl\udcff"], {}),
        (["--operator-secret", "owl\towl"], {}),
        (["--line-rate", "0.4"], {}),
        ([], {"LINE_RATE": "0"}),
        (["stray"], {}),
        ([], {"PORT": "http"}),
        ([], {"PORT": "-1"}),
        ([], {"TELNET_PORT": "99999"}),
    ],
)
def test_a_mistake_on_the_command_line_costs_one_clear_line(
    arguments: list[str], settings: dict[str, str]
) -> None:
    """And status 2, the shell's word for usage."""
    result = run(*arguments, **settings)
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.startswith("playroom: ")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["brigde", "http://x"], "there is no command 'brigde'; did you mean bridge?"),
        (["serv"], "there is no command 'serv'; did you mean serve?"),
        (["stray\n"], "there is no command 'stray\\n'"),
        (["serve", "stray"], "Got unexpected extra argument (stray)"),
    ],
)
def test_a_word_that_is_no_command_is_said_to_be_none(arguments: list[str], told: str) -> None:
    """And which one may have been meant, if one is nearly the same."""
    result = run(*arguments)
    assert result.returncode == 2
    assert result.stderr == f"playroom: {told}\n"


def test_both_telnet_ports_look_the_same_in_help() -> None:
    """A port, or the very word that there is none."""
    shown = run("--help").stdout
    assert "--telnet-port PORT|off " in shown
    assert "--telnet-tls-port PORT|off " in shown


@pytest.mark.parametrize("host", ["no.such.host.invalid", "a..b", "x" * 80])
def test_an_unknown_host_costs_one_clear_line(host: str) -> None:
    """No traceback for a typing mistake."""
    result = run("--host", host)
    assert result.returncode == 1
    assert result.stderr.startswith(f"playroom: cannot listen on {host} port 8000: ")
    assert result.stderr.count("\n") == 1


def test_a_folder_for_temporary_files_with_a_long_name_costs_one_clear_line(
    tmp_path: Path,
) -> None:
    """A unix socket's address is short."""
    folder = tmp_path / ("x" * 100)
    folder.mkdir()
    result = run("--port", "0", "--telnet-port", "0", TMPDIR=str(folder))
    assert result.returncode == 1
    assert result.stderr.startswith("playroom: the folder for temporary files")
    assert result.stderr.count("\n") == 1


def test_help_names_every_setting() -> None:
    """Flag and meaning; and nothing is served."""
    result = run("--help", OPERATOR_SECRET="a dark horse")
    assert result.returncode == 0
    for option in command.params:
        assert option.opts[0] in result.stdout
    assert "dark" not in result.stdout + result.stderr


def test_the_readme_names_every_setting_with_its_default() -> None:
    """Flag, variable and default, as they are."""
    rows = re.findall(r"^\| `(--[\w-]+)`.*?\| `(\w+)` \| (.*?) \|", README, re.MULTILINE)
    options = [option for option in command.params if option.envvar]
    assert [(flag, variable) for flag, variable, _ in rows] == [
        (option.opts[0], option.envvar) for option in options
    ]
    for option, (_, _, default) in zip(options, rows, strict=True):
        if default.startswith("`"):
            assert str(option.default) == default.strip("`")
        else:
            assert not isinstance(option.default, str | int)


def test_more_connections_than_the_system_allows_are_not_promised() -> None:
    """The log says how many there can be; the rest is told that the room is full."""
    soft = "import resource as r; r.setrlimit(r.RLIMIT_NOFILE, (256, 256))"
    script = f"{soft}; from backend.__main__ import main; main()"
    with running(
        *ANY_PORTS, command=(sys.executable, "-c", script), MAX_CONNECTIONS="1000"
    ) as room:
        room.wait_until_logged("only 128 connections are possible")


def test_the_settings_do_not_show_the_operators_secret() -> None:
    """Wherever they may be printed."""
    assert "owl" not in repr(Settings(operator_secret="owl"))


@pytest.mark.parametrize("by_flag", [True, False])
async def test_an_operator_bans_somebody_who_is_then_refused_at_the_door(by_flag: bool) -> None:
    """From one address; and neither the secret nor the guess is in the log."""
    flag = ("--operator-secret", "a dark horse") if by_flag else ()
    variable = "" if by_flag else "a dark horse"
    with running(*ANY_PORTS, "--host", "127.0.0.1", *flag, OPERATOR_SECRET=variable) as room:
        async with at_terminal(room.bound, "alice") as alice, at_terminal(room.bound, "bob") as bob:
            await alice.reads_line("<meta>: bob joined.")
            await bob.type("/op a white horse")
            await bob.reads_line("<meta>: That is not the secret.")
            await alice.type("/op a dark horse")
            await alice.reads_line("<meta>: You are an operator now. /help lists what you may do.")
            await alice.type("/ban bob 1h")
            assert await bob.rest() == "<meta>: You are banned for 60 minutes, by alice.\r\n"
            await alice.reads_line("<meta>: bob left (banned by alice)")
            assert (await alice.line()).startswith("<meta>: bob is banned for 60 minutes.")
            async with at_terminal(room.bound) as again:
                assert await again.rest() == "<meta>: You are banned: 60 minutes left.\r\n"
            async with at_browser(room.bound) as browser:
                await browser.sees("notice", text="You are banned: 60 minutes left.")
                assert await browser.close_code() == 1008
            await alice.type("/unban bob")
            await alice.reads_line("<meta>: bob is banned no more.")
            async with at_terminal(room.bound, "bob"):
                await alice.reads_line("<meta>: bob joined.")
        room.stop()
        log = room.logged()
    assert "c1 banned c2" in log
    assert "horse" not in log


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
async def test_a_signal_tells_everybody_and_ends_with_0(number: int) -> None:
    """Listeners close first, then people are told, then the process ends."""
    with running(*ANY_PORTS) as room:
        async with (
            at_terminal(room.bound, "alice") as alice,
            at_browser(room.bound, "bob") as bob,
            at_terminal(room.bound) as stranger,
        ):
            await alice.reads_line("<meta>: bob joined.")
            await stranger.reads(PROMPT)
            room.process.send_signal(number)
            await alice.reads_line("<meta>: The room is closing, come back soon")
            assert await alice.rest() == ""
            await bob.sees("notice", text="The room is closing, come back soon")
            assert await bob.close_code() == 1001
            assert "closing" in await stranger.rest()
        assert await _status(room) == 0


async def test_a_browser_that_stopped_reading_does_not_delay_the_end() -> None:
    """Status 0 within 10 s, with mail piled up for it in the kernel and in its outbox."""
    with running(*ANY_PORTS, limits=False) as room, trio.socket.socket() as sleeper:
        sleeper.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        await sleeper.connect(("127.0.0.1", room.bound.port))
        name = b"\x81\x87\0\0\0\0sleeper"
        await sleeper.send(upgrade("Host: x", *HANDSHAKE) + name)
        async with at_terminal(room.bound, "alice") as alice:
            while await _who(alice) < 2:
                pass
            for _ in range(150):
                await alice.type("x" * 1_000)
            await alice.type("/who")
            assert (await alice.line()).startswith("<meta>: 2 here")
            started = time.monotonic()
            room.process.send_signal(signal.SIGTERM)
            assert await _status(room) == 0
            assert time.monotonic() - started < 10


def test_a_second_signal_ends_at_once() -> None:
    """For whoever cannot wait for a sleeper's deadline; even so, nothing is left behind."""
    with (
        tempfile.TemporaryDirectory() as temporary,  # a name short enough for a unix socket
        running(*ANY_PORTS, TMPDIR=temporary) as room,
        socket.socket() as sleeper,
    ):
        assert os.listdir(temporary) != []
        sleeper.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        assert room.bound.telnet_port is not None
        sleeper.connect(("127.0.0.1", room.bound.telnet_port))
        assert sleeper.recv(100) == PROMPT.encode()
        room.process.send_signal(signal.SIGTERM)
        room.wait_until_logged("SIGTERM")
        assert room.stop(signal.SIGTERM, within=1.5) == -signal.SIGTERM
        assert os.listdir(temporary) == []


async def test_a_page_that_is_being_fetched_arrives_whole() -> None:
    """The signal comes in the middle of the answer; whoever asks nothing is not waited for."""
    with running(*ANY_PORTS) as room, socket.socket() as reader, socket.socket() as silent:
        for person in (reader, silent):
            person.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1_024)
            person.connect(("localhost", room.bound.port))
        reader.sendall(b"GET /js/store.js HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = reader.recv(100)
        room.process.send_signal(signal.SIGTERM)
        room.wait_until_logged("SIGTERM")
        started = time.monotonic()
        while more := reader.recv(1_000):
            answer += more
        assert await _status(room) == 0
        assert time.monotonic() - started < 5
    head, _, body = answer.partition(b"\r\n\r\n")
    assert f"content-length: {len(body)}\r\n".encode() in head.lower() + b"\r\n"


async def test_the_log_has_a_line_per_happening_and_no_word_that_was_said() -> None:
    """Opened, joined, refused with the reason, left with the reason; by connection."""
    with running(*ANY_PORTS) as room:
        async with at_terminal(room.bound) as alice:
            await alice.reads(PROMPT)
            await alice.type("meta")
            await alice.reads("<meta>: That username is reserved. Please enter another: ")
            await alice.type("alice")
            await alice.reads_line("<meta>: Welcome alice.")
            await alice.type("a secret")
            await alice.type("/quit for lunch")
            await alice.rest()
        await trio.to_thread.run_sync(room.wait_until_logged, "c1 closed")
        room.stop()
        lines = [line.split("playroom: ", 1)[1] for line in room.logged().splitlines()]
    assert lines == [
        "c1 opened: telnet",
        "c1 refused: That username is reserved",
        "c1 joined: alice",
        "c1 left: alice (quit)",
        "c1 closed",
        "SIGTERM: closing",
    ]


@pytest.mark.parametrize("level", ["info", "debug"])
async def test_the_log_for_programs_is_an_object_a_line(level: str) -> None:
    """With the connection in a field of its own; the address only for who debugs."""
    with running(*ANY_PORTS, LOG_FORMAT="json", LOG_LEVEL=level, HOST="127.0.0.1") as room:
        async with at_terminal(room.bound, "alice"):
            pass
        await trio.to_thread.run_sync(room.wait_until_logged, "c1 closed")
        room.stop()
        entries = [json.loads(line) for line in room.logged().splitlines()]
    ours = [entry for entry in entries if entry["name"] == "playroom"]
    assert [entry["connection"] for entry in ours if "c1" in entry["message"]] == [
        "c1" for entry in ours if entry.get("connection")
    ]
    assert {"at", "levelname", "name", "message", "connection"} <= set(ours[0])
    assert any("127.0.0.1" in entry["message"] for entry in ours) is (level == "debug")


async def _who(terminal: Terminal) -> int:
    await terminal.type("/who")
    while True:
        line = await terminal.line()
        if " here: " in line:
            return int(line.split()[1])


async def _status(room: Running) -> int:
    return await trio.to_thread.run_sync(lambda: room.process.wait(15))
