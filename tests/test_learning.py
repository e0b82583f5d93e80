"""The learning path can be followed with copy and paste only: this does.

And what it and the other documents name is there.
"""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.bench.processes import free_port
from tests.processes import ROOT, START_SECONDS, environment

PATH = ROOT / "backend" / "LEARNING.md"
TEXT = PATH.read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")

SOCKETS = Path("/proc/net/tcp")

FOLDERS = [ROOT / name for name in ("backend", "frontend", "tests")]

DOCUMENTS = [ROOT / "README.md", *(path for folder in FOLDERS for path in folder.rglob("*.md"))]

each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)

_NAMED_TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")

_LINK = re.compile(r"\]\((?!https?:)([^)]+)\)")

_NAMED_FILE = re.compile(r"(?<![\w./-])[\w-][\w/-]*\.(?:py|js|md|lua|css|html|svg|png|c|cjs)\b")

_NAMED_FOLDER = re.compile(r"`([\w-]+(?:/[\w-]+)*/)`")

_BLOCK = re.compile(r"^```(sh install|sh stays|sh|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass
class Step:
    """One heading with its blocks, in order: what kind each is, and what is in it."""

    title: str
    blocks: list[tuple[str, str]]


def steps() -> list[Step]:
    """Those with something to run."""
    parts = re.split(r"^## ", TEXT, flags=re.MULTILINE)[1:]
    found = [Step(part.partition("\n")[0], _BLOCK.findall(part)) for part in parts]
    return [step for step in found if step.blocks]


@contextmanager
def staying(script: str, ports: list[int]) -> Iterator[None]:
    """A server from when it listens until ^C, which it obeys."""
    with subprocess.Popen(
        ["bash", "-c", f"exec {script}"],
        cwd=ROOT,
        env=environment(HOST="127.0.0.1"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            for port in ports:
                _wait_until_something_listens(port, process)
            yield
            process.send_signal(signal.SIGINT)
            process.wait(START_SECONDS)
        finally:
            process.kill()


def _wait_until_something_listens(port: int, process: subprocess.Popen[bytes]) -> None:
    # Looked up, not tried: a server may count, or log, whoever connects.
    deadline = time.monotonic() + START_SECONDS
    wanted = f":{port:04X} 00000000:0000 0A"
    while wanted not in SOCKETS.read_text():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)


def follow(step: Step) -> list[tuple[str, str]]:
    """Paste what is there to paste; for each block that ends, what it printed and should have."""
    ports = {"12345": str(free_port()), "8000": str(free_port())}
    pasted: list[tuple[str, str]] = []
    with ExitStack() as stack:
        for kind, block in step.blocks:
            script = block.replace(".venv/bin/python", sys.executable)
            for port, free in ports.items():
                script = script.replace(port, free)
            match kind:
                case "sh stays":
                    if script.strip().endswith("-m backend"):
                        script = f"{script.strip()} --port {ports['8000']}"
                        script += f" --telnet-port {ports['12345']}"
                    elif script.strip().endswith("echo"):
                        script = f"{script.strip()} --port {ports['12345']}"
                    stack.enter_context(staying(script.strip(), [int(ports["12345"])]))
                case "sh":
                    ended = subprocess.run(
                        ["bash", "-e", "-o", "pipefail", "-c", script],
                        cwd=ROOT,
                        env=environment(PYTHONPATH=str(ROOT)),
                        stdout=subprocess.PIPE,
                        text=True,
                        timeout=START_SECONDS,
                        check=True,
                    )
                    pasted.append((ended.stdout, ""))
                case "text":
                    printed, _ = pasted.pop()
                    pasted.append((printed, block))
    return pasted


@pytest.mark.skipif(not SOCKETS.exists(), reason="needs to see who listens")
@pytest.mark.parametrize("step", steps(), ids=lambda step: step.title)
def test_what_is_pasted_prints_what_the_page_says(step: Step) -> None:
    """Line by line; which of two children begins first is the scheduler's own business."""
    results = follow(step)
    assert results
    for printed, promised in results:
        assert sorted(printed.splitlines()) == sorted(promised.splitlines())


def test_there_are_five_steps() -> None:
    """As the title says; each has something to run and something to read."""
    assert TEXT.startswith("# From echo to chat in five steps")
    assert [step.title[:2] for step in steps()] == ["1.", "2.", "3.", "4.", "5."]
    for part in re.split(r"^## \d", TEXT, flags=re.MULTILINE)[1:]:
        assert "\nRead " in part


def test_it_is_installed_as_the_readme_says() -> None:
    """By the command that tests/test_install.py tries."""
    ((_, command),) = [block for block in _BLOCK.findall(TEXT) if block[0] == "sh install"]
    assert command.strip() in README


def test_there_is_a_test_for_what_the_tutorial_gets_wrong() -> None:
    """At least one for each thing."""
    named = _NAMED_TEST.findall(TEXT)
    rows = re.findall(r"^\| .* \| .* \| `tests/.*` \|$", TEXT, re.MULTILINE)
    assert len(named) > len(rows) >= 5


@each_document
def test_every_test_that_is_named_is_there(document: Path) -> None:
    """In the file that is named with it."""
    for file, test in _NAMED_TEST.findall(document.read_text(encoding="utf-8")):
        assert re.search(rf"^(async )?def {test}\(", (ROOT / file).read_text(), re.MULTILINE), test


@each_document
def test_every_file_that_is_linked_is_there(document: Path) -> None:
    """And in it the heading, if one is linked."""
    for link in _LINK.findall(document.read_text(encoding="utf-8")):
        file, _, anchor = link.partition("#")
        path = document.parent / file if file else document
        assert path.is_file(), link
        if anchor:
            linked = path.read_text(encoding="utf-8")
            headings = re.findall(r"^#+ (.*)$", linked, re.MULTILINE)
            assert anchor in [heading.lower().replace(" ", "-") for heading in headings]


@each_document
def test_every_file_that_is_named_is_there(document: Path) -> None:
    """By as much of its path as is said; a folder by a slash at its end."""
    paths = [f"/{path.relative_to(ROOT)}" for folder in FOLDERS for path in folder.rglob("*.*")]
    text = document.read_text(encoding="utf-8")
    for name in _NAMED_FILE.findall(text):
        assert any(path.endswith(f"/{name}") for path in paths), name
    for name in _NAMED_FOLDER.findall(text):
        assert any(f"/{name}" in path for path in paths), name


def test_every_document_is_found_from_the_readme() -> None:
    """Each is linked there."""
    linked = {(ROOT / link.partition("#")[0]).resolve() for link in _LINK.findall(README)}
    assert set(DOCUMENTS) - {ROOT / "README.md"} <= linked
