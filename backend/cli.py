"""The command line: settings in, exit status out, and never a traceback for a person's mistake.

What is served, and how the process starts and stops, is others' business.
"""

import logging
import sys
from pathlib import Path

import click

from backend import config, console, logs, machine
from backend import echo as echo_server
from backend.app import Bound, serve
from backend.banner import addresses, banner
from backend.bridge.cli import bridge, join
from backend.config import (
    DEFAULT_PORT,
    DEFAULT_TELNET_PORT,
    VERSION,
    Limits,
    Settings,
)
from backend.history import history as history_command
from backend.net.listen import as_typed_here
from backend.options import (
    PORT,
    DefaultGroup,
    PortOrOff,
    history_limit_option,
    history_option,
    host_option,
    is_default,
    limit_options,
    origins,
    redis_option,
    secret,
    telnet_proxy_option,
)
from backend.process import carry_out, run
from backend.tls_options import certificate, tls_options

log = logging.getLogger("playroom")

CONTEXT = {"show_default": True, "help_option_names": ["-h", "--help"]}


@click.group(cls=DefaultGroup, default="serve", context_settings=CONTEXT)
def playroom() -> None:
    """One chat room that browsers and telnet users share."""


@playroom.command(
    "serve",
    epilog="\b\nThe word serve may be left out. Other commands, each with its own --help:\n"
    "  join     come into the room at a URL, by this system's telnet\n"
    "  bridge   let any telnet into the room at a URL\n"
    "  history  print what was said\n"
    "  echo     the tutorial's echo server",
)
@host_option
@click.option(
    "--port",
    envvar="PORT",
    type=PORT,
    default=DEFAULT_PORT,
    help="Page and websockets; 0 for any free port.",
)
@click.option(
    "--telnet-port",
    envvar="TELNET_PORT",
    type=PortOrOff(),
    default=str(DEFAULT_TELNET_PORT),
    help='Raw TCP; 0 for any free port, "off" for none.',
)
@click.option(
    "--allowed-origin",
    "allowed_origins",
    envvar="ALLOWED_ORIGINS",
    multiple=True,
    callback=origins,
    metavar="ORIGIN",
    help="Whose pages may open a websocket, such as https://chat.example. May be repeated; "
    "separated by spaces in the variable.  [default: the same host's]",
)
@click.option(
    "--trust-proxy",
    envvar="TRUST_PROXY",
    type=click.IntRange(0, 10),
    metavar="N",
    default=0,
    help="How many proxies in front add to X-Forwarded-For; 0 to ignore it.",
)
@telnet_proxy_option
@tls_options
@limit_options
@click.option(
    "--log-format",
    envvar="LOG_FORMAT",
    type=click.Choice(["text", "json"]),
    default="text",
    help="For people, or for programs: one JSON object a line.",
)
@click.option(
    "--log-level",
    envvar="LOG_LEVEL",
    type=click.Choice(["debug", "info", "warning"]),
    default="info",
    help="Addresses are logged at debug only. On a terminal that shows a live status, the "
    "default is warning.",
)
@click.option(
    "--operator-secret",
    envvar="OPERATOR_SECRET",
    callback=secret,
    metavar="SECRET",
    help="Whoever types /op SECRET may kick, mute and ban. Other users of this machine can see "
    "flags: better use the variable.  [default: no operators]",
)
@history_option
@history_limit_option
@redis_option
@click.option(
    "--no-theatre",
    envvar="NO_THEATRE",
    is_flag=True,
    default=False,
    help="Perform none of /demo, /chaos and /cancel.",
)
@click.option(
    "--ping-seconds",
    envvar="PING_SECONDS",
    type=click.FloatRange(1.0, 3_600.0),
    metavar="SECONDS",
    default=config.DEFAULT_PING_SECONDS,
    help="Between two pings of a websocket: fewer than a proxy in front lets it be silent.",
)
@click.version_option(VERSION)
def command(
    host: str,
    port: int,
    telnet_port: int | None,
    allowed_origins: tuple[str, ...],
    trust_proxy: int,
    telnet_proxy_protocol: bool,
    certfile: Path | None,
    keyfile: Path | None,
    telnet_tls_port: int | None,
    max_connections: int | None,
    max_connections_per_address: int,
    logins_per_minute: int,
    line_rate: float,
    line_burst: int,
    grace: float,
    log_format: logs.Format,
    log_level: str,
    operator_secret: str | None,
    history: Path | None,
    history_limit: int,
    redis_url: str | None,
    no_theatre: bool,
    ping_seconds: float,
) -> None:
    """One chat room that browsers and telnet users share.

    Every option can be set by an environment variable: --telnet-port by TELNET_PORT, and so on.
    """
    # What is for programs has nothing of a terminal in it, so nothing would clear the line.
    terminal = console.live_terminal() if log_format == "text" else None
    if terminal is not None and is_default("log_level"):
        log_level = "warning"  # the live status tells the rest
    logs.configure(log_format, log_level, is_live=terminal is not None)
    limits = Limits(
        _connections(max_connections),
        max_connections_per_address,
        logins_per_minute,
        line_rate,
        line_burst,
        grace,
    )
    tls = certificate(certfile, keyfile, telnet_tls_port)
    settings = Settings(
        host,
        port,
        telnet_port,
        allowed_origins,
        trust_proxy,
        limits,
        operator_secret,
        theatre=not no_theatre,
        ping_seconds=ping_seconds,
        terminal=terminal,
        history=history,
        history_limit=history_limit,
        redis_url=redis_url,
        certificate=tls,
        telnet_tls_port=telnet_tls_port,
        telnet_proxy_protocol=telnet_proxy_protocol,
    )
    reload = tls.reload if tls else None

    def announce(bound: Bound) -> str:
        return banner(settings, bound) if sys.stdout.isatty() else addresses(bound)

    run(serve, announce, settings, reload=reload)


@playroom.command()
@host_option
@click.option(
    "--port", type=PORT, default=DEFAULT_TELNET_PORT, help="Raw TCP; 0 for any free port."
)
def echo(host: str, port: int) -> None:
    """Send back what comes: the tutorial's echo server.

    Any number of clients at once, each in a task of its own.
    """
    logs.configure("text", "info")
    here = as_typed_here(host)
    run(echo_server.serve, lambda bound: f"echo: telnet {here} {bound}", host, port)


playroom.add_command(bridge)
playroom.add_command(join)
playroom.add_command(history_command)


def _connections(wanted: int | None) -> int:
    """How many to allow: what is wanted or affordable, but never more than is possible."""
    possible = machine.allowed_connections()
    if wanted is not None and wanted > possible:
        log.warning(
            "only %d connections are possible: the system allows no more descriptors", possible
        )
    return min(wanted or machine.affordable_connections(), possible)


def main() -> None:
    """The ``playroom`` command."""
    carry_out(playroom)
