"""What the benchmark compiles and installs on the fly, in a folder that is gone afterwards."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BUILD_SECONDS = 60.0
"""For one compilation or installation: a slow network, not a missing one."""


class MissingError(Exception):
    """Something cannot be started here; ``str(error)`` says what it lacks."""


class Workshop:
    """Makes each thing once, and remembers what could not be made.

    Args:
        folder: where things are put.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._done: dict[str, str] = {}

    def compiled(self, source: Path) -> Path:
        """The program of this C file. Raises MissingError."""
        compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
        if compiler is None:
            raise MissingError("no C compiler")
        program = self._folder / source.stem
        self._once(f"compiling {source.name}", compiler, "-O3", "-o", str(program), str(source))
        return program

    def new_file(self) -> Path:
        """A place for a file that is not there yet."""
        return Path(tempfile.mkdtemp(dir=self._folder)) / "file"

    def node_modules(self, package: str) -> Path:
        """A folder in which Node finds this package. Raises MissingError."""
        if shutil.which("node") is None or shutil.which("npm") is None:
            raise MissingError("no node or no npm")
        # One short try: without a network, the answer is no.
        flags = ["--no-audit", "--no-fund", "--loglevel=error", "--fetch-retries=0"]
        command = ["npm", "install", *flags, "--prefix", str(self._folder), package]
        self._once(f"npm install {package}", *command)
        return self._folder / "node_modules"

    def _once(self, what: str, *command: str) -> None:
        if what not in self._done:
            self._done[what] = _complaint(command)
        if self._done[what]:
            raise MissingError(f"{what} failed: {self._done[what]}")


def _complaint(command: tuple[str, ...]) -> str:
    """Run it; what went wrong, on one line."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return "it took too long"
    return " ".join(done.stderr.split())[-300:] or "no reason given" if done.returncode else ""


@contextmanager
def workshop() -> Iterator[Workshop]:
    """A workshop for one run."""
    with tempfile.TemporaryDirectory(prefix="playroom-bench-") as folder:
        yield Workshop(Path(folder))
