"""The command line: settings in, exit status out, and never a traceback for a person's mistake.

Signals live here too, because they belong to the process and not to the room.
"""

import logging
import re
import signal
import sys
from collections.abc import AsyncIterator
from typing import Any

import click
import trio

from backend import config, logs, machine
from backend.app import Bound, serve
from backend.config import DEFAULT_HOST, DEFAULT_PORT, DEFAULT_TELNET_PORT, Limits, Settings
from backend.net.listen import StartError

log = logging.getLogger("playroom")

DEFAULTS = Limits()

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
    if secret is not None and not (secret.strip() and secret.isprintable()):
        raise click.BadParameter("it is empty, or has characters that nobody can type in a line")
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
    "--trust-proxy",
    envvar="TRUST_PROXY",
    type=click.IntRange(0, 10),
    default=0,
    help="How many proxies in front add to X-Forwarded-For; 0 to ignore it.",
)
@click.option(
    "--max-connections",
    envvar="MAX_CONNECTIONS",
    type=click.IntRange(1),
    help="In total.  [default: what memory and descriptors allow]",
)
@click.option(
    "--max-connections-per-address",
    envvar="MAX_CONNECTIONS_PER_ADDRESS",
    type=click.IntRange(1),
    default=DEFAULTS.max_connections_per_address,
    help="Per IPv4 address or IPv6 /64.",
)
@click.option(
    "--logins-per-minute",
    envvar="LOGINS_PER_MINUTE",
    type=click.IntRange(1),
    default=DEFAULTS.logins_per_minute,
    help="Per address.",
)
@click.option(
    "--line-rate",
    envvar="LINE_RATE",
    type=click.FloatRange(config.MIN_LINE_RATE),
    default=DEFAULTS.line_rate,
    help="Lines a second that one person may send in the long run; 0.5 or more.",
)
@click.option(
    "--line-burst",
    envvar="LINE_BURST",
    type=click.IntRange(1),
    default=DEFAULTS.line_burst,
    help="Lines that one person may send at once.",
)
@click.option(
    "--grace",
    envvar="GRACE",
    type=click.FloatRange(0, 3_600),
    default=DEFAULTS.grace,
    help="Seconds that the seat of a browser which dropped out is kept.",
)
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
    help="Addresses are logged at debug only.",
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
    trust_proxy: int,
    max_connections: int | None,
    max_connections_per_address: int,
    logins_per_minute: int,
    line_rate: float,
    line_burst: int,
    grace: float,
    log_format: logs.Format,
    log_level: str,
    operator_secret: str | None,
) -> None:
    """One chat room that browsers and telnet users share.

    Every option can be set by an environment variable: --telnet-port by TELNET_PORT, and so on.
    """
    logs.configure(log_format, log_level)
    limits = Limits(
        _connections(max_connections),
        max_connections_per_address,
        logins_per_minute,
        line_rate,
        line_burst,
        grace,
    )
    settings = Settings(
        host, port, telnet_port, allowed_origins, trust_proxy, limits, operator_secret
    )
    try:
        impatient = trio.run(run, settings)
    except ExceptionGroup as group:
        # Not "except*": what is raised in there leaves some versions of Python as a group again.
        expected, unexpected = group.split(StartError)
        if expected is None or unexpected is not None:
            raise
        raise click.ClickException(str(_innermost(expected))) from None
    if impatient is not None:
        signal.signal(impatient, signal.SIG_DFL)
        signal.raise_signal(impatient)


def _connections(wanted: int | None) -> int:
    """How many to allow: what is wanted or affordable, but never more than is possible."""
    possible = machine.allowed_connections()
    if wanted is not None and wanted > possible:
        log.warning(
            "only %d connections are possible: the system allows no more descriptors", possible
        )
    return min(wanted or machine.affordable_connections(), possible)


def _innermost(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


async def run(settings: Settings) -> signal.Signals | None:
    """Serve until a signal says stop.

    Returns the second signal, if somebody could not wait for the end.
    """
    stop = trio.Event()
    obey = _Obedience(stop)
    with trio.open_signal_receiver(*STOP_SIGNALS) as signals:
        async with trio.open_nursery() as listening:
            async with trio.open_nursery() as house:
                _announce(await house.start(serve, settings, stop))
                listening.start_soon(obey.to, signals, house.cancel_scope)
            listening.cancel_scope.cancel()
    return obey.impatient


class _Obedience:
    """The first signal asks for an orderly end, the second for one at once."""

    def __init__(self, stop: trio.Event) -> None:
        self._stop = stop
        self.impatient: signal.Signals | None = None

    async def to(self, signals: AsyncIterator[int], house: trio.CancelScope) -> None:
        log.info("%s: closing", signal.Signals(await anext(signals)).name)
        self._stop.set()
        self.impatient = signal.Signals(await anext(signals))
        house.cancel()


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
