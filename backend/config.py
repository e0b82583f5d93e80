"""Every setting: its default, and what it is for; the flags and variables are in ``cli``.

Knows nothing of what is made of them.
"""

import sys
from dataclasses import dataclass, field
from pathlib import Path

from backend.certificate import Certificate

VERSION = "0.1.0"
"""Here, for a checkout may run without having been installed."""

PACKAGE = Path(__file__).parent

DEFAULT_HOST = "localhost"
DEFAULT_PORT = 8000
DEFAULT_TELNET_PORT = 12345
"""The port of the tutorial's chat server."""

DEFAULT_PING_SECONDS = 25.0
"""Proxies cut a connection that is silent for about 55 seconds."""

DEFAULT_HISTORY_LIMIT = 100_000
"""Entries: a busy year of a small room, or an evening of a large one, in some 20 MB."""

MIN_LINE_RATE = 0.5
"""With fewer lines a second, a few of them are half a minute of waiting, after which one is shown
out for flooding."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of the room one person, or one address, may have.

    Attributes:
        max_connections: in total, web pages being fetched included.
        max_connections_per_address: of people, per IPv4 address or IPv6 /64: a classroom behind
            one router.
        logins_per_minute: per address: the same classroom, after a restart.
        line_rate: lines a second per person, in the long run: faster than anybody types.
        line_burst: lines at once: a short paste.
        grace: seconds that the seat of a dropped browser or bridge is kept: a page loads again, a
            train leaves a tunnel.
    """

    max_connections: int = 1_000
    max_connections_per_address: int = 50
    logins_per_minute: int = 60
    line_rate: float = 2.0
    line_burst: int = 10
    grace: float = 15.0


UNLIMITED = Limits(sys.maxsize, sys.maxsize, sys.maxsize, sys.maxsize, sys.maxsize, grace=0.0)
"""For those who must not be held up, such as most tests; and nobody waits for them either."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How to run the room.

    Attributes:
        host: address to bind.
        port: page and websockets; 0 for any free port.
        telnet_port: raw TCP; 0 for any free port, None for no telnet door.
        allowed_origins: origins whose pages may open a websocket; empty for this host's.
        trusted_proxies: how many proxies in front add to X-Forwarded-For; 0 to ignore it.
        limits: how much one may have.
        operator_secret: what makes a member an operator, by ``/op SECRET``; None for no operators.
        theatre: whether ``/demo``, ``/chaos`` and ``/cancel`` are performed.
        ping_seconds: between two pings of a websocket.
        terminal: descriptor of the one to write a live status to, if any.
        redis_url: where the Redis server is behind which other processes are the same room; None
            for a room of this process alone.
        history: the file of the room's log; None for a log that ends with the process.
        history_limit: entries to keep in it.
        certificate: what TLS shows at the port of the page; None for no TLS.
        telnet_tls_port: telnet over TLS, with the same certificate; 0 for any free port, None for
            no such door.
        telnet_proxy_protocol: whether a proxy in front of the telnet doors tells whose connections
            are, by the PROXY protocol; those without are refused then.
    """

    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    telnet_port: int | None = DEFAULT_TELNET_PORT
    allowed_origins: tuple[str, ...] = ()
    trusted_proxies: int = 0
    limits: Limits = field(default_factory=Limits)
    operator_secret: str | None = field(default=None, repr=False)
    theatre: bool = True
    ping_seconds: float = DEFAULT_PING_SECONDS
    terminal: int | None = None
    redis_url: str | None = field(default=None, repr=False)
    history: Path | None = None
    history_limit: int = DEFAULT_HISTORY_LIMIT
    certificate: Certificate | None = None
    telnet_tls_port: int | None = None
    telnet_proxy_protocol: bool = False


def frontend_folder() -> Path:
    """Where the page is: inside the installed package, beside it in a checkout."""
    installed = PACKAGE / "frontend"
    return installed if installed.is_dir() else PACKAGE.parent / "frontend"
