"""The commands ``bridge`` and ``join``: an address in, a telnet in the room out.

Knows how people call things, and nothing of how bytes get there.
"""

import re
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import click
import trio

from backend import logs
from backend.bridge import address
from backend.bridge.bridge import serve
from backend.bridge.dial import dial
from backend.bridge.visitor import Dial
from backend.bridge.websocket import Websocket
from backend.net.listen import as_typed_here
from backend.process import run, signals_named

DEFAULT_LISTEN = "localhost:12345"
"""Where a room on this machine would have its telnet door."""

CLIENTS = ("telnet", "nc")
"""What ``join`` runs, the first that there is."""

LOOPBACK = "127.0.0.1"

HANG_UP_SECONDS = 3.0
"""How long a telnet that has been hung up on may take to end; some ``nc`` would never."""

_ITS_OWN = ("SIGINT", "SIGQUIT")
"""What ^C and ^\\ send: they are the telnet's, which gets them, too."""

_ENDS = ("SIGTERM", "SIGHUP")
"""What asks us to end."""


class Room(click.ParamType[address.Address]):
    """A room's address."""

    name = "url"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> address.Address:
        """See ``click.ParamType``."""
        try:
            return address.parse(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class HostAndPort(click.ParamType[tuple[str, int]]):
    """``HOST:PORT``, with an IPv6 address in brackets."""

    name = "host:port"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        """See ``click.ParamType``."""
        if isinstance(value, tuple):
            return value
        found = re.fullmatch(r"(?:\[([^\]]+)\]|([^:\[\]]+)):(\d{1,5})", str(value))
        if found is None or int(found[3]) > 65_535:
            self.fail(f"{value!r} is no HOST:PORT, such as {DEFAULT_LISTEN}", param, ctx)
        return found[1] or found[2], int(found[3])


CONTEXT = {"show_default": True, "help_option_names": ["-h", "--help"]}


@click.command(context_settings=CONTEXT)
@click.argument("room", type=Room(), metavar="URL")
@click.option(
    "--listen",
    type=HostAndPort(),
    default=DEFAULT_LISTEN,
    help="Where telnets connect; port 0 for any free port.",
)
def bridge(room: address.Address, listen: tuple[str, int]) -> None:
    """Let telnets into the room at URL, whose host passes HTTP only.

    URL is what the page is opened by, such as https://chat.example. Every connection to the local
    port becomes a websocket there. HTTPS_PROXY, HTTP_PROXY and NO_PROXY are respected, and
    SSL_CERT_FILE names the authorities to trust instead of the system's. A room that restarts, or
    a connection that is lost, costs nobody their seat who is back in time; what is typed meanwhile
    is said afterwards.
    """
    logs.configure("text", "info")
    host, port = listen

    def announce(bound: int) -> str:
        return f"bridge to {room}\ntelnet: telnet {as_typed_here(host)} {bound}"

    run(serve, announce, host, port, partial(dial, room))


@click.command(context_settings=CONTEXT)
@click.argument("room", type=Room(), metavar="URL")
def join(room: address.Address) -> None:
    """Join the room at URL with this system's telnet, or with nc.

    It runs a bridge on a free port of this machine for as long as the telnet is open; see the
    command bridge. The exit status is 1 if the room cannot be reached.
    """
    logs.configure("text", "critical")  # what there is to say is said in the telnet
    program = next(filter(None, map(shutil.which, CLIENTS)), None)
    if program is None:
        raise click.ClickException(
            "there is neither telnet nor nc here; playroom bridge lets any other client in"
        )
    sys.exit(trio.run(_run, program, partial(dial, room)))


async def _run(program: str, dial: Dial) -> int:
    """Run a telnet program on a bridge; the exit status.

    That is 1 if the last try to reach the room has failed. The program's own tells nothing: one
    says 1, another 0, whenever it is hung up on.
    """
    is_reached = False

    async def reach() -> Websocket:
        nonlocal is_reached
        is_reached = False
        websocket = await dial()
        is_reached = True
        return websocket

    with trio.open_signal_receiver(*signals_named(*_ITS_OWN, *_ENDS)) as signals:
        async with trio.open_nursery() as nursery:
            stop = trio.Event()
            port = await nursery.start(serve, LOOPBACK, 0, reach, stop)
            with trio.CancelScope() as patience:
                nursery.start_soon(_obey, signals, stop, patience)
                await trio.run_process([program, LOOPBACK, str(port)], stdin=None, check=False)
            nursery.cancel_scope.cancel()
    return 0 if is_reached or stop.is_set() else 1


async def _obey(signals: AsyncIterator[int], stop: trio.Event, patience: trio.CancelScope) -> None:
    """Hang up on the telnet when somebody wants this to end: then it tidies up its terminal."""
    async for number in signals:
        if signal.Signals(number).name in _ENDS:
            stop.set()
            patience.deadline = min(patience.deadline, trio.current_time() + HANG_UP_SECONDS)
