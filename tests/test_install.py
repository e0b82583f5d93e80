"""From a fresh clone to a running room, as the README and a dyno do it.

No Heroku is at hand. So its commands are not run, but what they lean on is: that the branch can be
pushed as it says, the Python that ``.python-version`` names, what ``requirements.txt`` pins, the
Procfile's line, and what ``TRUST_PROXY=1`` does.
"""

import re
import shlex
import subprocess
import sys
import urllib.request
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.bench.processes import free_port
from tests.processes import ROOT, environment, running
from tests.readme import here, runs
from tests.redis_server import needs_redis, redis_server
from tests.talkers import ask, at_browser, at_terminal

INSTALL_SECONDS = 300.0

FIRST = "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/playroom"


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files git tracks, in a folder of their own."""
    folder = tmp_path_factory.mktemp("clone")
    names = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split("\0")
    for name in filter(None, names):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((ROOT / name).read_bytes())
    return folder


def shell(command: str, folder: Path) -> None:
    """Run a command line, with this Python as ``python3``; its output is shown if it fails."""
    line = command.replace("python3", shlex.quote(sys.executable), 1)
    result = subprocess.run(
        line,
        shell=True,
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=INSTALL_SECONDS,
        check=False,
    )
    assert result.returncode == 0, result.stdout


@pytest.fixture(scope="module")
def installed(clone: Path) -> str:
    """What the README says to start, once it has been installed as it says."""
    setup, _, start = FIRST.rpartition(" && ")
    shell(setup, clone)
    return start


@runs(FIRST)
def test_the_first_command_ends_in_a_running_room(
    commands: tuple[str], clone: Path, installed: str, tmp_path: Path
) -> None:
    """Installed from a wheel, and outside the checkout, it finds its page too."""
    (clone / "frontend").rename(tmp_path / "frontend")
    command = [str(clone / installed), "--port", "0", "--telnet-port", "0"]
    with running(command=command, cwd=tmp_path) as room:
        with urllib.request.urlopen(room.bound.page_url) as answer:
            assert b"<title>Playroom" in answer.read()
        assert room.stop() == 0
    (tmp_path / "frontend").rename(clone / "frontend")


@runs(". .venv/bin/activate")
@pytest.mark.usefixtures("installed")
def test_an_activated_environment_has_the_short_name(commands: tuple[str], clone: Path) -> None:
    """For every command that is called by it."""
    shell(f'{commands[0]} && test "$(command -v playroom)" -ef .venv/bin/playroom', clone)


@needs_redis
@runs(
    ".venv/bin/pip install '.[redis]'",
    "REDIS_URL=redis://localhost:6379 playroom --port 8000 --telnet-port 12345",
    "REDIS_URL=redis://localhost:6379 playroom --port 8001 --telnet-port 12346",
)
async def test_two_processes_with_one_redis_are_one_room(
    commands: tuple[str, str, str], clone: Path, installed: str
) -> None:
    """On ports of their own; they read each other."""
    install, *starts = commands
    shell(install, clone)
    port = free_port()
    with redis_server(False, "--port", str(port)), ExitStack() as stack:
        rooms = []
        for start in starts:
            ours = {"6379": port, "playroom": clone / installed}
            line = re.sub(r"(-port) \d+", r"\1 0", here(start, ours))
            command = ["sh", "-c", f"exec env {line}"]
            rooms.append(stack.enter_context(running(command=command, cwd=clone)))
        async with (
            at_terminal(rooms[0].bound, "alice") as alice,
            at_browser(rooms[1].bound, "bob") as bob,
        ):
            await alice.reads_line("<meta>: bob joined.")
            await bob.type("from the other one")
            await alice.reads_line("<bob> : from the other one")
        assert [room.stop() for room in rooms] == [0, 0]


@runs(
    "heroku create",
    "heroku config:set TRUST_PROXY=1",
    "git push heroku HEAD:main",
    "heroku open",
)
async def test_a_dyno_runs_the_room(
    commands: tuple[str, str, str, str], clone: Path, tmp_path: Path
) -> None:
    """Exactly what is pinned, the Procfile's line, and nothing set but PORT and TRUST_PROXY."""
    _, configure, push, _ = commands
    shell("git init --quiet --bare --initial-branch main heroku", tmp_path)
    shell(f"git init --quiet && git remote add heroku {tmp_path}/heroku && git add .", clone)
    shell("git -c user.name=n -c user.email=e commit --quiet --message all", clone)
    shell(push, clone)
    shell("git clone --quiet heroku slug", tmp_path)
    slug, venv = tmp_path / "slug", tmp_path / "venv"
    assert re.fullmatch(r"3\.1[1-4]\n", (slug / ".python-version").read_text())
    shell(f"python3 -m venv {venv} && {venv}/bin/pip install -r requirements.txt", slug)
    process, _, line = (slug / "Procfile").read_text().strip().partition(": ")
    assert process == "web"
    assert configure.endswith(" TRUST_PROXY=1")
    with running(
        command=["sh", "-c", f"exec {line}"],
        cwd=slug,
        telnet=False,
        PORT="0",
        PATH=f"{venv}/bin:/usr/bin:/bin",
        WEB_CONCURRENCY="2",
        MAX_CONNECTIONS_PER_ADDRESS="1",  # so that it shows whether addresses are told apart
        TRUST_PROXY="1",
    ) as dyno:
        assert dyno.bound.host == "0.0.0.0"  # noqa: S104 - the router comes from outside
        assert b"<title>Playroom" in await ask(dyno.bound, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        async with (
            at_browser(dyno.bound, "alice", forwarded_for="192.0.2.1") as alice,
            at_browser(dyno.bound, "bob", forwarded_for="192.0.2.2"),
            at_browser(dyno.bound, forwarded_for="192.0.2.2") as too_many,
        ):
            await alice.sees("joined", nick="bob")
            await alice.type("hello")
            await alice.sees("said", text="hello")
            assert await too_many.close_code() == 1013
        assert dyno.stop() == 0


def test_what_is_pinned_names_no_index() -> None:
    """A lock file with addresses would break every other machine's mirror."""
    pinned = (ROOT / "requirements.txt").read_text()
    assert "://" not in pinned
    assert re.search(r"^trio==\d", pinned, re.MULTILINE)


def test_the_readme_lists_every_setting() -> None:
    """Flag, variable and default, as the program has them."""
    result = subprocess.run(
        [sys.executable, "-m", "backend", "--help"],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    readme = (ROOT / "README.md").read_text()
    flags = set(re.findall(r"--[a-z-]+", result.stdout)) - {"--help", "--version"}
    assert flags == set(re.findall(r"^\| `(--[a-z-]+)`", readme, re.MULTILINE))
