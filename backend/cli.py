"""The command line: settings in, exit status out, and never a traceback for a person's mistake.

Signals live here too, because they belong to the process and not to the room.
"""

import logging
import re
import signal
import sys
from typing import Any

import click
import trio

from backend.app import Bound, serve
from backend.config import DEFAULT_HOST, DEFAULT_PORT, DEFAULT_TELNET_PORT, Settings
from backend.net.listen import StartError

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class _PortOrOff(click.ParamType[int | None]):
    name = "port|off"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | None:
        if str(value).strip().lower() == "off":
            return None
        port: int = click.IntRange(0, 65535).convert(value, param, ctx)
        return port


def _origins(
    ctx: click.Context, param: click.Parameter, origins: tuple[str, ...]
) -> tuple[str, ...]:
    for origin in origins:
        if not re.fullmatch(r"https?://[^\s/,]+", origin):
            raise click.BadParameter(f"{origin!r} is no origin, such as https://chat.example")
    return tuple(origin.lower() for origin in origins)


def _secret(ctx: click.Context, param: click.Parameter, secret: str | None) -> str | None:
    if secret is not None and not secret.strip():
        raise click.BadParameter("it is empty")
    return secret


@click.command(context_settings={"show_default": True, "help_option_names": ["-h", "--help"]})
@click.option("--host", envvar="HOST", default=DEFAULT_HOST, help="Address to bind.")
@click.option(
    "--port",
    envvar="PORT",
    type=click.IntRange(0, 65535),
    default=DEFAULT_PORT,
    help="Page and websockets; 0 for any free port.",
)
@click.option(
    "--telnet-port",
    envvar="TELNET_PORT",
    type=_PortOrOff(),
    default=str(DEFAULT_TELNET_PORT),
    help='Raw TCP; 0 for any free port, "off" for none.',
)
@click.option(
    "--allowed-origin",
    "allowed_origins",
    envvar="ALLOWED_ORIGINS",
    multiple=True,
    callback=_origins,
    metavar="ORIGIN",
    help="Whose pages may open a websocket, such as https://chat.example. May be repeated; "
    "separated by spaces in the variable.  [default: the same host's]",
)
@click.option(
    "--operator-secret",
    envvar="OPERATOR_SECRET",
    callback=_secret,
    metavar="SECRET",
    help="Whoever types /op SECRET may kick, mute and ban. Other users of this machine can see "
    "flags: better use the variable.  [default: no operators]",
)
@click.version_option(package_name="playroom")
def command(
    host: str,
    port: int,
    telnet_port: int | None,
    allowed_origins: tuple[str, ...],
    operator_secret: str | None,
) -> None:
    """One chat room that browsers and telnet users share.

    Every option can be set by an environment variable: --telnet-port by TELNET_PORT, and so on.
    """
    settings = Settings(host, port, telnet_port, allowed_origins, operator_secret)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s: %(message)s")
    try:
        trio.run(run, settings)
    except ExceptionGroup as group:
        # Not "except*": what is raised in there leaves some versions of Python as a group again.
        expected, unexpected = group.split(StartError)
        if expected is None or unexpected is not None:
            raise
        raise click.ClickException(str(_innermost(expected))) from None


def _innermost(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


async def run(settings: Settings) -> None:
    """Serve until a signal says stop."""
    stop = trio.Event()
    async with trio.open_nursery() as nursery:
        with trio.open_signal_receiver(*STOP_SIGNALS) as signals:
            bound = await nursery.start(serve, settings, stop)
            _announce(bound)
            async for number in signals:
                logging.getLogger("playroom").info("%s: closing", signal.Signals(number).name)
                break
        # A second signal is for whoever cannot wait: it ends the process at once.
        for number in STOP_SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        stop.set()


def _announce(bound: Bound) -> None:
    print(f"page and websockets: {bound.page_url}", flush=True)
    if bound.telnet_port is not None:
        print(f"telnet: telnet {bound.host} {bound.telnet_port}", flush=True)


def main() -> None:
    """The ``playroom`` command: as click's own, but a mistake costs one line, not a page."""
    try:
        command.main(standalone_mode=False)
    except click.ClickException as error:
        print(f"playroom: {error.format_message()}", file=sys.stderr)
        sys.exit(error.exit_code)
    except click.Abort:  # what click makes of ^C
        sys.exit(130)
