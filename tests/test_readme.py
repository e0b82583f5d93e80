"""The README is true: every command in it is run, here or in ``test_install``.

As written, but for ports, folders, hosts and durations, which ``here`` replaces by the table that
stands with each.
"""

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pexpect
import pytest
import trustme

from backend.options import DEFAULT_HISTORY
from tests import test_install
from tests.bench.processes import free_port
from tests.browser.telnets import raw_telnet
from tests.clients.programs import program, terminal
from tests.processes import ROOT, Running, environment, running
from tests.readme import BIN, CLAIMS, TEXT, blocks, here, runs
from tests.readme import commands as all_commands
from tests.talkers import PROMPT

COMMAND_SECONDS = 120.0

ENVIRONMENT = environment(
    PATH=f"{BIN}{os.pathsep}{os.environ['PATH']}", PYTHONPATH=str(ROOT), NO_PROXY="*"
)
"""As in a shell that has been told of the environment; and it is this code that runs there."""


def shell(line: str, *, may_fail: bool = False, more: Mapping[str, str] | None = None) -> str:
    """Run a command line to its end, ``more`` being set; what it printed."""
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=ROOT,
        env={**ENVIRONMENT, **(more or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )
    assert may_fail or done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextmanager
def at_keyboard(line: str) -> Iterator["pexpect.spawn[str]"]:
    """A command line on a terminal of its own."""
    settings = (f"{name}={ENVIRONMENT[name]}" for name in ("PATH", "PYTHONPATH", "NO_PROXY"))
    with terminal("env", *settings, "bash", "-c", f"exec env {line}") as child:
        yield child


@contextmanager
def serving(line: str, **settings: str) -> Iterator[Running]:
    """A room that a command line starts, on any ports, and that ends well."""
    with running(
        command=["bash", "-c", f"exec env {line}"],
        cwd=ROOT,
        telnet=True,
        limits=True,
        **{name: ENVIRONMENT[name] for name in ("PATH", "PYTHONPATH")},
        **{"PORT": "0", "TELNET_PORT": "0", **settings},
    ) as room:
        yield room
        assert room.stop() == 0


@pytest.fixture
def room() -> Iterator[Running]:
    """Somebody's, with a port of its own for each door."""
    with serving("playroom") as room:
        yield room


def test_every_command_is_run_by_one_test() -> None:
    """A new command in the README has to have a test; and no test runs what is not there."""
    assert test_install
    assert dict.fromkeys(all_commands(), 1) == CLAIMS


def test_the_figures_are_those_that_were_measured() -> None:
    """Each number of that section, in the table in the row of the same name."""
    results = (ROOT / "tests" / "bench" / "RESULTS.md").read_text(encoding="utf-8")
    _, _, section = TEXT.partition("## What it costs\n")
    section, _, _ = section.partition("\n## ")
    rows = re.findall(r"^\| ([^|]*?\w[^|]*?) \|(.* \d.*)\|$", section, re.M)
    assert len(rows) > 5
    for name, row in rows:
        measured = re.findall(rf"^\| {re.escape(name)} \|(.*)\|$", results, re.M)[0]
        for figure in re.findall(r"[\d.]+", row):
            assert re.search(rf"(?<![\d.]){re.escape(figure)}(?![\d.])", measured), (name, figure)
    for figure in re.findall(r"\d+\.\d+(?: M)?", section):
        assert figure in results


# --- joining ---


@runs("telnet localhost 12345", "nc localhost 12345")
def test_the_first_conversation_is_as_it_is_shown(commands: tuple[str, str], room: Running) -> None:
    """Line by line on a real telnet; and the other one is on a real netcat."""
    program("telnet"), program("nc")
    (shown,) = blocks("console")
    _, first, *lines = shown.splitlines()
    alice_types = first.removeprefix(PROMPT)
    (greeting,) = [line for line in lines if line.startswith("<bob> : ")]
    telnet, nc = (here(command, {"12345": room.bound.telnet_port}) for command in commands)
    with at_keyboard(telnet) as alice, at_keyboard(nc) as bob:
        alice.expect_exact(PROMPT)
        alice.sendline(alice_types)
        bob.expect_exact(PROMPT)
        for line in lines:
            if "bob joined" in line:
                bob.sendline("bob")
            elif line == greeting:
                bob.sendline(line.removeprefix("<bob> : "))
            alice.expect_exact(f"{line}\r\n")


@runs("python -m backend --host 0.0.0.0")
def test_the_start_command_where_tcp_comes_through(commands: tuple[str]) -> None:
    """From outside; with a telnet door."""
    with serving(commands[0]) as room:
        assert room.bound.host == "0.0.0.0"  # noqa: S104 - as it says
        assert room.bound.telnet_port is not None
        with socket.create_connection(("127.0.0.1", room.bound.telnet_port)) as telnet:
            assert telnet.recv(100) == PROMPT.encode()


@runs(".venv/bin/playroom echo")
def test_echo_sends_back_what_comes(commands: tuple[str]) -> None:
    """On a port of its own; it ends at ^C."""
    line = here(commands[0], {".venv/bin": BIN, "echo": "echo --port 0"})
    with at_keyboard(line) as echo:
        echo.expect(r"echo: telnet localhost (\d+)\r\n", timeout=60)
        assert isinstance(echo.match, re.Match)
        with socket.create_connection(("localhost", int(echo.match[1]))) as telnet:
            telnet.sendall(b"hello\r\n")
            assert telnet.recv(100) == b"hello\r\n"
        echo.sendintr()
        echo.expect("SIGINT: closing")


# --- what it remembers ---


@runs("playroom history", "playroom history --format jsonl")
def test_the_history_is_printed_and_exported(commands: tuple[str, str], tmp_path: Path) -> None:
    """From where the room keeps it if nobody says otherwise."""
    home = {"HOME": str(tmp_path), "XDG_DATA_HOME": "", "HISTORY": DEFAULT_HISTORY}
    with serving("playroom", **home) as room:
        assert room.bound.telnet_port is not None
        with raw_telnet(room.bound, "alice") as alice:
            alice.says("what was said", "/topic", "/quit")
            alice.sees("Goodbye")
    printed, exported = (shell(command, more=home) for command in commands)
    assert re.search(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d <alice> : what was said$", printed, re.M)
    events = [json.loads(line) for line in exported.splitlines()]
    assert [event["type"] for event in events] == ["joined", "said", "left"]
    assert events[1]["text"] == "what was said"


# --- deploying ---


@runs("systemctl enable --now playroom")
def test_the_unit_is_one_that_systemd_takes_and_starts_the_room(
    commands: tuple[str], tmp_path: Path
) -> None:
    """Judged and enabled by systemd's own programs; started without one, there being none in CI."""
    program("systemd-analyze")
    (unit,) = blocks("ini")
    unit = here(unit, {"/opt/playroom/.venv/bin": BIN})
    folder = tmp_path / "etc" / "systemd" / "system"
    folder.mkdir(parents=True)
    (folder / "playroom.service").write_text(unit)
    assert str(folder.relative_to(tmp_path) / "playroom.service") in TEXT
    assert shell(f"systemd-analyze verify {folder}/playroom.service 2>&1") == ""
    shell(here(commands[0], {"--now": f"--root={tmp_path}"}))
    assert (folder / "multi-user.target.wants" / "playroom.service").is_symlink()

    (start,) = re.findall(r"^ExecStart=(.*)$", unit, re.M)
    (state,) = re.findall(r"^StateDirectory=(.*)$", unit, re.M)
    settings = " ".join(re.findall(r"^Environment=(.*)$", unit, re.M))
    assert f"HISTORY=/var/lib/{state}/" in settings  # all else is read-only for a DynamicUser
    ports = {"PORT=8000": "PORT=0", "TELNET_PORT=12345": "TELNET_PORT=0"}
    line = here(f"{settings} {start}", {"/var/lib": tmp_path, **ports})
    (tmp_path / state).mkdir()
    with serving(line, HOME="/") as room:
        assert room.bound.telnet_port is not None
        with raw_telnet(room.bound, "alice") as alice:
            alice.says("/quit")
            alice.sees("Goodbye")
    assert (tmp_path / state / "history.sqlite3").exists()


@runs(
    "playroom --host 0.0.0.0 --port 443 --telnet-tls-port 992"
    " --certfile /etc/letsencrypt/live/chat.example/fullchain.pem"
    " --keyfile /etc/letsencrypt/live/chat.example/privkey.pem",
    "openssl s_client -quiet -connect chat.example:992",
)
def test_the_program_speaks_tls_with_certbots_files(
    commands: tuple[str, str], authority: trustme.CA, tmp_path: Path
) -> None:
    """On any ports, with a certificate of our own; openssl is a telnet for it."""
    program("openssl")
    pair = authority.issue_cert("localhost")
    pair.private_key_pem.write_to_path(str(tmp_path / "privkey.pem"))
    for part in pair.cert_chain_pems:
        part.write_to_path(str(tmp_path / "fullchain.pem"), append=True)
    folder = {"/etc/letsencrypt/live/chat.example": tmp_path}
    with serving(here(commands[0], {"443": 0, "992": 0, **folder})) as room:
        there = {"chat.example:992": f"127.0.0.1:{room.bound.telnet_tls_port}"}
        with at_keyboard(here(commands[1], there)) as alice:
            alice.expect_exact(PROMPT)
            alice.sendline("alice")
            alice.expect_exact("<meta>: Welcome alice.")


# --- telnet into a dyno ---


@runs(
    "playroom join https://your-app.example",
    "playroom bridge https://your-app.example",
    "websocat --binary --protocol telnet.mudstandards.org wss://your-app.example/telnet",
)
def test_three_ways_into_a_room_behind_a_router(
    commands: tuple[str, str, str], room: Running
) -> None:
    """All of them at once, and they read each other."""
    program("telnet"), program("websocat")
    address = f"127.0.0.1:{room.bound.port}"
    join, bridge, websocat = (
        here(command, {"s://your-app.example": f"://{address}"}) for command in commands
    )
    with (
        at_keyboard(join) as alice,
        at_keyboard(f"{bridge} --listen 127.0.0.1:0") as between,
        at_keyboard(websocat) as carol,
    ):
        between.expect(r"telnet: telnet 127\.0\.0\.1 (\d+)\r\n", timeout=60)
        assert isinstance(between.match, re.Match)
        with at_keyboard(f"telnet 127.0.0.1 {between.match[1]}") as bob:
            people = {"alice": alice, "bob": bob, "carol": carol}
            for name, person in people.items():
                person.expect_exact(PROMPT, timeout=60)
                person.sendline(name)
                person.expect_exact(f"<meta>: Welcome {name}.")
            for name, person in people.items():
                person.sendline(f"{name} is here")
                for other in people.values():
                    if other is not person:
                        other.expect_exact(f"<{name}> : {name} is here")


# --- working on it ---


@runs(
    "python3 -m venv .venv && .venv/bin/pip install '.[test]' && .venv/bin/pytest",
    ".venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy",
)
def test_ci_runs_what_everybody_is_told_to(commands: tuple[str, str]) -> None:
    """It takes these from the README itself; run here, they would run this very test."""
    script = (ROOT / ".ci" / "run").read_text()
    taken = re.findall(r"^(\w+)=\$\((grep .* README\.md)\)$", script, re.M)
    found = {shell(look).strip(): name for name, look in taken}
    for command in commands:
        assert f'bash -c "${found[command]}"\n' in script


@runs(".venv/bin/python -m tests.bench --only call,burst,crowd --rounds 3")
def test_the_benchmark_prints_its_table(commands: tuple[str]) -> None:
    """Of this program alone, with few people, once."""
    little = {"--rounds 3": "--rounds 1 --n 5 --door telnet --server SQLite"}
    printed = shell(here(commands[0], {".venv/bin": BIN, **little}))
    for question in ("call", "burst", "crowd"):
        assert re.search(rf"^{question}, telnet, N = 5 .*\n.*\nplayroom.* \d.*\n", printed, re.M)


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="atheris has no wheel for this Python")
@runs(
    ".venv/bin/pip install atheris",
    ".venv/bin/python -m tests.fuzz.telnet -max_total_time=300",
)
def test_the_fuzz_program_runs(commands: tuple[str, str], tmp_path: Path) -> None:
    """Installed elsewhere, not to be left in everybody's environment."""
    install, fuzz = commands
    shell(here(install, {".venv/bin": BIN, "install": f"install --target {tmp_path}"}))
    line = here(fuzz, {".venv/bin": BIN, "-max_total_time=300": "-runs=100 2>&1"})
    assert "Done 100 runs" in shell(line, more={"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"})


@runs(".venv/bin/python -m tests.chaos.soak --minutes 5")
def test_the_soak_looks_and_judges(commands: tuple[str]) -> None:
    """In a second the judgement itself is worth nothing."""
    line = here(commands[0], {".venv/bin": BIN, "--minutes 5": "--minutes 0.02"})
    printed = shell(line, may_fail=True)
    assert re.search(r" \d{2,} visits .* when all had gone$", printed, re.M)
    assert re.search(r"\(status 0\)$", printed, re.M)


@runs(".venv/bin/python -m tests.browser.screenshots tests/browser/pictures")
def test_the_pictures_can_be_taken_anew(commands: tuple[str], tmp_path: Path) -> None:
    """All that the README shows."""
    program("chromium")
    shown = "tests/browser/pictures"
    shell(here(commands[0], {".venv/bin": BIN, shown: f"{tmp_path} {free_port()}"}))
    wanted = {Path(path).name for path in re.findall(rf"{shown}/[\w-]+\.png", TEXT)}
    assert {path.name for path in tmp_path.iterdir()} == wanted
