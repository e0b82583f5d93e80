"""How the flags that are no plain number or word are read.

Knows what they look like, and nothing of what they are for.
"""

import os
import re
from collections.abc import Callable
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from backend.config import DEFAULT_HISTORY_LIMIT, DEFAULT_HOST, MIN_LINE_RATE, Limits
from backend.journal.address import fault

DEFAULTS = Limits()

Callback = Callable[..., None]
"""What a command line calls."""


class Port(click.IntRange):
    """A port."""

    name = "port"


PORT = Port(0, 65535)

NEARNESS = 0.7
"""How alike two words are of which one may be meant by the other: two letters changed places in a
short one, or half of it is missing; "stray" means no "history"."""

DEFAULT_HISTORY = "~/.local/share/playroom/history.sqlite3"
"""Or where XDG_DATA_HOME says, instead of ~/.local/share."""


def is_default(name: str) -> bool:
    """Whether the parameter of the present command was set neither by flag nor by variable."""
    source = click.get_current_context().get_parameter_source(name)
    return source is click.core.ParameterSource.DEFAULT


class PortOrOff(click.ParamType[int | None]):
    """A port; None for ``off``."""

    name = "port|off"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """What help shows: in capitals is only what is not to be typed as it stands."""
        return "PORT|off"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | None:
        """See ``click.ParamType``."""
        if str(value).strip().lower() == "off":
            return None
        port: int = PORT.convert(value, param, ctx)
        return port


def origins(
    ctx: click.Context, param: click.Parameter, origins: tuple[str, ...]
) -> tuple[str, ...]:
    """Each is one, in lower case."""
    for origin in origins:
        if not re.fullmatch(r"https?://[^\s/,]+", origin):
            raise click.BadParameter(f"{origin!r} is no origin, such as https://chat.example")
    return tuple(origin.lower() for origin in origins)


def secret(ctx: click.Context, param: click.Parameter, secret: str | None) -> str | None:
    """It is not empty, and can be typed in a line."""
    if secret is not None and not (secret.strip() and secret.isprintable()):
        raise click.BadParameter("it is empty, or has characters that nobody can type in a line")
    return secret


def _redis_url(ctx: click.Context, param: click.Parameter, url: str | None) -> str | None:
    """It is one, and what it takes to use it is installed."""
    if not url:
        return None
    if wrong := fault(url):
        raise click.BadParameter(wrong)
    if find_spec("coredis") is None:
        raise click.BadParameter("this needs the extra: pip install '.[redis]', in the clone")
    return url


def _data_file() -> Path:
    """Where a user's programs keep their data (XDG Base Directory Specification)."""
    folder = Path(os.environ.get("XDG_DATA_HOME", ""))
    if not folder.is_absolute():
        folder = Path("~/.local/share").expanduser()
    return folder / "playroom" / "history.sqlite3"


class HistoryFile(click.ParamType[Path | None]):
    """A file; None for ``memory``, and where one's data are for the default."""

    name = "file|memory"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Path | None:
        """See ``click.ParamType``."""
        if value == "memory":
            return None
        if value != DEFAULT_HISTORY:
            return Path(value)
        try:
            return _data_file()
        except RuntimeError:  # nobody's process, as in some containers
            self.fail("there is no home folder: name a file, or memory", param, ctx)


host_option = click.option(
    "--host", envvar="HOST", metavar="HOST", default=DEFAULT_HOST, help="Address to bind."
)

telnet_proxy_option = click.option(
    "--telnet-proxy-protocol",
    envvar="TELNET_PROXY_PROTOCOL",
    is_flag=True,
    default=False,
    help="A proxy in front of telnet tells addresses by the PROXY protocol, version 1 or 2; who "
    "comes past it is refused.",
)

history_option = click.option(
    "--history",
    envvar="HISTORY",
    type=HistoryFile(),
    metavar="FILE|memory",
    default=DEFAULT_HISTORY,
    help='File of what is said, and of who is who; "memory" to forget it with the process.',
)


history_limit_option = click.option(
    "--history-limit",
    envvar="HISTORY_LIMIT",
    type=click.IntRange(1_000),
    metavar="N",
    default=DEFAULT_HISTORY_LIMIT,
    help="How much of it is kept, in lines, arrivals and leavings; 1,000 or more.",
)

redis_option = click.option(
    "--redis-url",
    envvar="REDIS_URL",
    callback=_redis_url,
    metavar="URL",
    help="Processes with the same Redis server are one room: redis://localhost:6379, or rediss:// "
    "with TLS.  [default: this process is the room]",
)


def together(*options: Callable[[Callback], Callback]) -> Callable[[Callback], Callback]:
    """Several options as one, in their order."""

    def decorate(command: Callback) -> Callback:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


limit_options = together(
    click.option(
        "--max-connections",
        envvar="MAX_CONNECTIONS",
        type=click.IntRange(1),
        metavar="N",
        help="In total.  [default: what memory and descriptors allow]",
    ),
    click.option(
        "--max-connections-per-address",
        envvar="MAX_CONNECTIONS_PER_ADDRESS",
        type=click.IntRange(1),
        metavar="N",
        default=DEFAULTS.max_connections_per_address,
        help="Per IPv4 address or IPv6 /64.",
    ),
    click.option(
        "--logins-per-minute",
        envvar="LOGINS_PER_MINUTE",
        type=click.IntRange(1),
        metavar="N",
        default=DEFAULTS.logins_per_minute,
        help="Per address.",
    ),
    click.option(
        "--line-rate",
        envvar="LINE_RATE",
        type=click.FloatRange(MIN_LINE_RATE),
        metavar="LINES",
        default=DEFAULTS.line_rate,
        help="Lines a second that one person may send in the long run; 0.5 or more.",
    ),
    click.option(
        "--line-burst",
        envvar="LINE_BURST",
        type=click.IntRange(1),
        metavar="LINES",
        default=DEFAULTS.line_burst,
        help="Lines that one person may send at once.",
    ),
    click.option(
        "--grace",
        envvar="GRACE",
        type=click.FloatRange(0, 3_600),
        metavar="SECONDS",
        default=DEFAULTS.grace,
        help="Seconds that the seat of a browser or a bridge which dropped out is kept.",
    ),
)
"""Those of ``config.Limits``, in its order."""


class DefaultGroup(click.Group):
    """Commands of which one is meant when none is named.

    Asked for help without a name, it gives that one's.

    Args:
        default: its name.
    """

    def __init__(self, *args: Any, default: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._default = default

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """See ``click.Command``."""
        if not args or args[0].startswith("-"):
            args = [self._default, *args]
        elif args[0] not in self.commands:  # the one that is meant has only options
            nearest = get_close_matches(args[0], self.commands, 1, NEARNESS)
            hint = f"; did you mean {nearest[0]}?" if nearest else ""
            raise click.UsageError(f"there is no command {args[0]!r}{hint}")
        return super().parse_args(ctx, args)
