"""The page's pure parts, by Node's own test runner."""

import subprocess

from tests.clients.programs import program
from tests.processes import ROOT


def test_the_pages_reducer_keeps_its_promises() -> None:
    """State, event -> state: no browser needed."""
    files = sorted(str(path) for path in (ROOT / "tests" / "frontend").glob("*.test.mjs"))
    result = subprocess.run(
        [program("node"), "--test", *files], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
