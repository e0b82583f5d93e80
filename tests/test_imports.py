"""The house's rules, read from its source: who imports whom, how long, how explained.

The rules about our own modules are the table in ``backend/__init__.py``. Source is read with
``ast`` and never run, so an import inside a function counts too.
"""

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

BACKEND = Path(__file__).parent.parent / "backend"

MAX_LINES = 250
"""A module that can be read at one sitting (backend/CONTRIBUTING.md)."""

IMPURE = ("trio", "time", "random", "secrets", "socket", "asyncio")
"""What a pure package has no use for: its time and tokens are brought to it."""

PURE_PACKAGES = ("room", "wire")

DOORS = ("tcp", "gateway", "tunnel")
DOORS_MAY_SHARE = (
    *("session", "connection", "doorkeeper", "outbox", "peer", "tls", "hub", "telnet"),
    *("introduction", "websocket"),
)

_ROW = re.compile(r"^ {4}(\w+)(?:\.py|/) {2,}\S.*? {2,}(\S.*(?:\n {5,}.*)*)$", re.MULTILINE)


@dataclass(frozen=True)
class Module:
    """One source file of the house."""

    name: str
    package: str
    source: str

    @property
    def unit(self) -> str:
        """Its row in the table: the top-level module or package it is or belongs to."""
        return ".".join(self.name.split(".")[:2])

    @property
    def imports(self) -> list[str]:
        """Dotted names of all it imports, from anywhere, inside functions too."""
        return sorted(set(self._imports()))

    def _imports(self) -> Iterator[str]:
        for node in ast.walk(ast.parse(self.source)):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                above = self.package.split(".")[: -(node.level - 1) or None] if node.level else []
                origin = ".".join([*above, *filter(None, [node.module])])
                yield from (f"{origin}.{alias.name}" for alias in node.names)


def read(path: Path) -> Module:
    """The module that is in this file."""
    parts = path.relative_to(BACKEND.parent).with_suffix("").parts
    package = ".".join(parts[:-1])
    name = package if parts[-1] == "__init__" else ".".join(parts)
    return Module(name, package, path.read_text(encoding="utf-8"))


def table(docstring: str) -> dict[str, tuple[str, ...]]:
    """For each row its unit, and the dotted names that may be imported there."""
    shorthand = {"-": (), "everything": ("backend",)}
    return {
        f"backend.{unit}": shorthand.get(
            allowed, tuple(f"backend.{name}" for name in re.split(r",\s+", allowed))
        )
        for unit, allowed in _ROW.findall(docstring)
    }


def is_within(name: str, roots: tuple[str, ...]) -> bool:
    """Whether ``name`` is one of these modules, or something in one of them."""
    return any(name == root or name.startswith(f"{root}.") for root in roots)


def strays(module: Module, allowed: tuple[str, ...]) -> list[str]:
    """What it imports of the house beyond its own unit and what is allowed."""
    ours = [name for name in module.imports if is_within(name, ("backend",))]
    return [name for name in ours if not is_within(name, (module.unit, *allowed))]


def impurities(module: Module) -> list[str]:
    """What it imports of the clock, chance, sockets and event loops."""
    return [name for name in module.imports if is_within(name, IMPURE)]


def meetings(module: Module) -> list[str]:
    """What a door imports of ``net`` beyond what the doors share."""
    shared = tuple(f"backend.net.{name}" for name in DOORS_MAY_SHARE)
    net = [name for name in module.imports if is_within(name, ("backend.net",))]
    return [name for name in net if not is_within(name, shared)]


def libraries(module: Module) -> list[str]:
    """The libraries it imports: neither the house's nor Python's own."""
    tops = {name.partition(".")[0] for name in module.imports}
    return sorted(tops - {"backend"} - sys.stdlib_module_names)


def docstring(module: Module) -> str:
    """What the module says of itself; empty if nothing."""
    return ast.get_docstring(ast.parse(module.source)) or ""


MODULES = [read(path) for path in sorted(BACKEND.rglob("*.py"))]
INITS = {m.name: m for m in MODULES if m.name == m.package}
MAY_IMPORT = {
    "backend": (),
    "backend.__main__": ("backend.cli",),
    # Not the cleaned docstring: the table's rows are known by their indent.
    **table(ast.get_docstring(ast.parse(INITS["backend"].source), clean=False) or ""),
}

every_module = pytest.mark.parametrize("module", MODULES, ids=[m.name for m in MODULES])
every_package = pytest.mark.parametrize("package", INITS.values(), ids=list(INITS))


# --- the house ---


@every_module
def test_imports_point_the_way_the_table_says(module: Module) -> None:
    """Every module has its row, and imports of the house only what the row allows."""
    assert module.unit in MAY_IMPORT, f"{module.unit} is not in the table of backend/__init__.py"
    assert strays(module, MAY_IMPORT[module.unit]) == []


@pytest.mark.parametrize("package", PURE_PACKAGES)
def test_the_pure_packages_import_no_clock_chance_or_socket(package: str) -> None:
    """``room`` and ``wire`` are functions of what they are given."""
    modules = [m for m in MODULES if m.package == f"backend.{package}"]
    assert modules
    assert {m.name: impurities(m) for m in modules if impurities(m)} == {}


@pytest.mark.parametrize("door", DOORS)
def test_the_doors_never_meet(door: str) -> None:
    """A door imports of ``net`` only what both need."""
    (module,) = [m for m in MODULES if m.name == f"backend.net.{door}"]
    assert meetings(module) == []


@every_package
def test_a_package_says_what_it_may_import(package: Module) -> None:
    """Whoever opens the package reads its rule first."""
    assert "may import" in docstring(package).lower()


@pytest.mark.parametrize(
    "package", [m for m in INITS.values() if m.name != "backend"], ids=lambda m: m.name
)
def test_a_package_names_the_libraries_it_uses(package: Module) -> None:
    """Nothing from outside comes into a package that does not say so."""
    said = set(re.findall(r"\w+", docstring(package)))
    used = {m.name: libraries(m) for m in MODULES if m.package == package.name}
    assert {name: set(tops) - said for name, tops in used.items() if set(tops) - said} == {}


@every_module
def test_a_module_opens_by_saying_what_it_is_for(module: Module) -> None:
    """Every module has a docstring."""
    assert docstring(module)


@every_module
def test_a_module_can_be_read_at_one_sitting(module: Module) -> None:
    """No module is longer than the house's limit."""
    assert len(module.source.splitlines()) <= MAX_LINES


# --- the rules themselves ---


OFFENDER = Module(
    "backend.room.offender",
    "backend.room",
    """
import trio.abc
import json, time as clock
import backend.roomy
from backend.room import names
from backend.wire import frames
from backend import net
from . import text
from ..journal.memory import MemoryJournal

def later():
    from random import choice
    if choice([True]):
        import backend.app
""",
)


def test_the_rule_finds_every_import_that_strays() -> None:
    """Relative, renamed or hidden in a function, and not fooled by a name that begins alike."""
    wrong = ["app", "journal.memory.MemoryJournal", "net", "roomy", "wire.frames"]
    assert strays(OFFENDER, ()) == [f"backend.{name}" for name in wrong]
    assert strays(OFFENDER, ("backend.journal", "backend.wire.frames")) == [
        "backend.app",
        "backend.net",
        "backend.roomy",
    ]
    assert strays(OFFENDER, ("backend.journal.memory.Memory",)) == strays(OFFENDER, ())
    assert strays(OFFENDER, ("backend",)) == []


def test_the_rule_finds_every_impurity() -> None:
    """Submodules, second names on a line and imports inside functions are found."""
    assert impurities(OFFENDER) == ["random.choice", "time", "trio.abc"]
    assert libraries(OFFENDER) == ["trio"]


def test_the_rule_finds_doors_that_meet() -> None:
    """By either spelling, and whatever else of ``net`` a door has no business with."""
    source = """
from backend.net import gateway, hub
from backend.net.peer import Peer
import backend.net.door
"""
    door = Module("backend.net.tcp", "backend.net", source)
    assert meetings(door) == ["backend.net.door", "backend.net.gateway"]


def test_the_table_is_read_as_it_is_written() -> None:
    """Files and packages, several names, nothing, and everything."""
    rows = """One paragraph::

    cli.py        the command line            app, net.listen
    app.py        the one nursery             everything
    config.py     the settings                -
    journal/      the ordered log, kept       room.entries

A line's way  and so on  to the end.
"""
    assert table(rows) == {
        "backend.cli": ("backend.app", "backend.net.listen"),
        "backend.app": ("backend",),
        "backend.config": (),
        "backend.journal": ("backend.room.entries",),
    }


def test_a_module_without_a_docstring_has_none() -> None:
    """A comment or a later string is no explanation."""
    assert docstring(Module("backend.x", "backend", "# why\nimport json\n'late'\n")) == ""
