"""The page's pure parts, by Node's own test runner."""

import shutil
import subprocess
from pathlib import Path

from backend.config import frontend_folder
from backend.net.assets import Assets
from tests.clients.programs import program
from tests.processes import ROOT


def test_the_pages_pure_parts_keep_their_promises_as_they_are_served(tmp_path: Path) -> None:
    """State, event -> state: no browser needed, and no comments."""
    assets = Assets(frontend_folder())
    for path in frontend_folder().rglob("*.js"):
        name = path.relative_to(frontend_folder())
        asset = assets.get(name.as_posix())
        assert asset is not None
        assert len(asset.body) < path.stat().st_size
        served = tmp_path / "frontend" / name
        served.parent.mkdir(parents=True, exist_ok=True)
        served.write_bytes(asset.body)
    tests = shutil.copytree(ROOT / "tests" / "frontend", tmp_path / "tests" / "frontend")
    files = sorted(str(path) for path in tests.glob("*.test.mjs"))
    result = subprocess.run(
        [program("node"), "--test", *files], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
