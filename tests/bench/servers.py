"""The servers that are compared: how each is started, at which doors, and why one is left out.

Knows nothing of what they are asked to do.
"""

import importlib.util
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.processes import Process, free_port, serving
from tests.bench.workshop import MissingError, Workshop

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PEERS = HERE / "peers"

DOORS = ("telnet", "web", "mixed")
"""Mixed is one half each in one room."""

NO_LIMITS = {
    "HISTORY": "memory",
    "MAX_CONNECTIONS": "100000",
    "MAX_CONNECTIONS_PER_ADDRESS": "100000",
    "LOGINS_PER_MINUTE": "1000000",
    "LINE_RATE": "1000000",
    "LINE_BURST": "1000000",
}
"""Ours defends itself against a crowd that comes from one address and talks without a pause, which
is what a benchmark is. No peer has such limits, nor a history on disk: ours with one is a server of
its own."""


@dataclass(frozen=True)
class Start:
    """How one run wants a server.

    Attributes:
        shop: where things are compiled and installed.
        door: at which door the members come.
        ports: by door.
        announce: whether arrivals are told to everybody. Where joining is not what is measured
            they are not: told to each, N arrivals are N² lines, and a slow peer would take hours.
    """

    shop: Workshop
    door: str
    ports: dict[str, int]
    announce: bool

    @property
    def arguments(self) -> list[str]:
        """What every peer's command line begins and ends with."""
        return [str(self.ports[self.door]), *([] if self.announce else ["--quiet"])]


@dataclass(frozen=True)
class Server:
    """One of those compared.

    Attributes:
        name: as the table shows it.
        doors: which of DOORS it has.
        command: makes the command line. Raises MissingError.
        packages: what Python must have for it.
        environment: its settings.
        folder: where it is started.
    """

    name: str
    doors: tuple[str, ...]
    command: Callable[[Start], list[str]]
    packages: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    folder: Path = ROOT

    def prepare(self, shop: Workshop) -> None:
        """Make sure that it can be started. Raises MissingError."""
        for package in self.packages:
            if importlib.util.find_spec(package) is None:
                raise MissingError(f"no Python package {package}")
        self.command(Start(shop, self.doors[0], dict.fromkeys(DOORS, 0), announce=False))


def _python(script: str, *flags: str) -> Callable[[Start], list[str]]:
    return lambda start: [sys.executable, str(PEERS / script), *start.arguments, *flags]


def _c(*flags: str) -> Callable[[Start], list[str]]:
    def command(start: Start) -> list[str]:
        program = str(start.shop.compiled(PEERS / "floor.c"))
        return [program, *start.arguments, f"--{start.door}", *flags]

    return command


def _node(start: Start) -> list[str]:
    modules = start.shop.node_modules("ws")
    return ["node", str(PEERS / "ws.cjs"), *start.arguments, f"--modules={modules}"]


def _playroom(start: Start) -> list[str]:
    ports = ["--port", str(start.ports["web"]), "--telnet-port", str(start.ports["telnet"])]
    return [sys.executable, "-m", "backend", "--host", "127.0.0.1", *ports]


def _remembering(start: Start) -> list[str]:
    return [*_playroom(start), "--history", str(start.shop.new_file())]


def playroom(name: str, folder: Path) -> Server:
    """This program, from a checkout."""
    return Server(name, DOORS, _playroom, (), NO_LIMITS, folder)


FLOOR = "C, a send each"
"""What the others are measured by."""

OURS = "playroom"

SERVERS: Sequence[Server] = (
    Server(FLOOR, ("telnet", "web"), _c()),
    Server("C, coalescing", ("telnet", "web"), _c("--coalesce")),
    playroom(OURS, ROOT),
    Server(f"{OURS}, SQLite", DOORS, _remembering, (), NO_LIMITS),
    Server("Trio tutorial", ("telnet",), _python("tutorial.py")),
    Server("Twisted", ("telnet",), _python("twisted_lines.py"), ("twisted",)),
    Server("asyncio", ("telnet",), _python("protocol.py")),
    Server("uvloop", ("telnet",), _python("protocol.py", "--uvloop"), ("uvloop",)),
    Server("websockets", ("web",), _python("broadcast.py"), ("websockets", "uvloop")),
    Server(
        "Starlette",
        ("web",),
        _python("asgi.py"),
        ("starlette", "uvicorn", "websockets", "uvloop"),
    ),
    Server("Quart-Trio", ("web",), _python("quart_hypercorn.py")),
    Server("Node ws", ("web",), _node),
)


@contextmanager
def running(server: Server, shop: Workshop, door: str, *, announce: bool) -> Iterator[Process]:
    """Start a server and wait until it listens."""
    ports = {"telnet": free_port(), "web": free_port()}
    command = server.command(Start(shop, door, ports, announce))
    with serving(command, ports, server.folder, server.environment) as process:
        for each in ports if door == "mixed" else (door,):
            process.wait_until_it_listens(each)
        yield process
