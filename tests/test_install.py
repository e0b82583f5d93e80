"""From a fresh clone to a running room, as the README and a dyno do it."""

import re
import shlex
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.processes import ROOT, environment, running
from tests.talkers import ask, at_browser

INSTALL_SECONDS = 300.0


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


def test_the_readmes_first_command_ends_in_a_running_room(clone: Path, tmp_path: Path) -> None:
    """Installed from a wheel, and outside the checkout, it finds its page too."""
    readme = (clone / "README.md").read_text()
    found = re.search(r"^python3 -m venv .* && (\S*playroom)$", readme, re.MULTILINE)
    assert found
    setup = found[0].removesuffix(f" && {found[1]}")
    shell(setup, clone)
    (clone / "frontend").rename(tmp_path / "frontend")
    command = [str(clone / found[1]), "--port", "0", "--telnet-port", "0"]
    with running(command=command, cwd=tmp_path) as room:
        with urllib.request.urlopen(room.bound.page_url) as answer:
            assert b"<title>Playroom" in answer.read()
        assert room.stop() == 0
    (tmp_path / "frontend").rename(clone / "frontend")


async def test_a_dyno_runs_the_room(clone: Path, tmp_path: Path) -> None:
    """Exactly what is pinned, the Procfile's line, and nothing set but PORT."""
    venv = tmp_path / "venv"
    shell(f"python3 -m venv {venv} && {venv}/bin/pip install -r requirements.txt", clone)
    process, _, line = (clone / "Procfile").read_text().strip().partition(": ")
    assert process == "web"
    command = ["sh", "-c", f"exec {line}"]
    path = f"{venv}/bin:/usr/bin:/bin"
    with running(
        command=command, cwd=clone, telnet=False, PORT="0", PATH=path, WEB_CONCURRENCY="2"
    ) as dyno:
        assert dyno.bound.host == "0.0.0.0"  # noqa: S104 - the router comes from outside
        assert b"<title>Playroom" in await ask(dyno.bound, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        async with at_browser(dyno.bound, "alice") as alice:
            await alice.type("hello")
            await alice.sees("said", text="hello")
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
