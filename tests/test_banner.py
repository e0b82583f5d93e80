"""The first word to somebody at a terminal."""

import re
import subprocess
import sys
import tomllib
from io import StringIO
from pathlib import Path

import pyte
import pytest

from backend.app import Bound
from backend.banner import IN_MEMORY, SHARED, banner
from backend.config import VERSION, Settings
from tests.clients.programs import terminal
from tests.processes import ROOT, environment

HISTORY = Path("/home/alice/history.sqlite3")


def test_it_says_where_to_go_and_how_to_end_it() -> None:
    """In a handful of lines, with an empty one before and behind."""
    told = banner(Settings(history=HISTORY), Bound("localhost", 8000, 12345))
    assert told.split("\n") == [
        "",
        f"  Playroom {VERSION}",
        "",
        "  page     http://localhost:8000/",
        "  telnet   telnet localhost 12345",
        "  history  /home/alice/history.sqlite3",
        "  stop     ^C",
        "",
    ]


@pytest.mark.parametrize(
    ("host", "url", "here"),
    [
        ("", "http://localhost:8000/", "localhost"),
        ("0.0.0.0", "http://localhost:8000/", "localhost"),  # noqa: S104 - by whoever starts it
        ("::", "http://[::1]:8000/", "::1"),
    ],
)
def test_what_is_open_everywhere_is_told_as_one_would_open_it_here(
    host: str, url: str, here: str
) -> None:
    """Nobody can go to 0.0.0.0."""
    told = banner(Settings(host=host), Bound(host, 8000, 12345))
    assert url in told
    assert f"telnet {here} 12345" in told
    assert "from elsewhere" in told


@pytest.mark.parametrize(
    ("settings", "where"),
    [
        (Settings(), IN_MEMORY),
        (Settings(history=HISTORY, redis_url="redis://:secret@localhost"), SHARED),
    ],
)
def test_it_says_where_the_history_is(settings: Settings, where: str) -> None:
    """And not how to get into Redis."""
    told = banner(settings, Bound("::1", 8000, None))
    assert f"  history  {where}\n" in told
    assert "http://[::1]:8000/" in told
    assert "telnet" not in told
    assert "secret" not in told


def test_it_is_there_on_a_terminal_and_fits(tmp_path: Path) -> None:
    """Above the live line; on a screen of 80 columns no row is broken."""
    file = tmp_path / "history.sqlite3"
    command = ("-m", "backend", "--port", "0", "--telnet-port", "0", "--history", str(file))
    screen = pyte.Screen(80, 24)
    with terminal(sys.executable, *command, term="xterm") as room:
        room.logfile_read = StringIO()
        room.expect_exact("here: 0 by browser, 0 by telnet", timeout=60)
        pyte.Stream(screen).feed(room.logfile_read.getvalue())
        room.sendintr()
        assert room.wait() == 0
    shown = [line.rstrip() for line in screen.display]
    assert shown[:3] == ["", f"  Playroom {VERSION}", ""]
    assert re.fullmatch(r"  page     http://localhost:\d+/", shown[3])
    assert re.fullmatch(r"  telnet   telnet localhost \d+", shown[4])
    assert "".join(shown[5:7]).replace(str(file), "FILE").startswith("  history  FILE")
    assert any(line.startswith("here: 0 by browser, 0 by telnet") for line in shown)


def test_the_version_is_told_without_having_been_installed() -> None:
    """As on a dyno, where only what the program needs is; and the package has the same."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["tool"]["hatch"]["version"]["path"] == "backend/config.py"
    told = subprocess.run(
        [sys.executable, "-m", "backend", "--version"],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.endswith(f" {VERSION}\n")
