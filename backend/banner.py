"""What is said at the start: where to go, and to somebody at a terminal also how to end it.

Knows where the doors are, and not who is there.
"""

from collections.abc import Iterator
from dataclasses import replace

from backend.app import Bound
from backend.config import VERSION, Settings
from backend.net.listen import EVERYWHERE, as_typed_here

IN_MEMORY = "in memory only: forgotten when the room closes"
SHARED = "in Redis, with the other processes of this room"


def addresses(bound: Bound) -> str:
    """Where the doors are, in plain lines, which programs read."""
    return "\n".join(_lines(bound))


def _lines(bound: Bound) -> Iterator[str]:
    yield f"page and websockets: {bound.page_url}"
    if bound.telnet_port is not None:
        yield f"telnet: telnet {bound.host} {bound.telnet_port}"
    if bound.telnet_tls_port is not None:
        yield f"telnet over TLS: {_secure_telnet(bound.at(bound.telnet_tls_port))}"


def _secure_telnet(address: str) -> str:
    return f"openssl s_client -quiet -connect {address}"


def banner(settings: Settings, bound: Bound) -> str:
    """What a room says at a terminal that was started with these settings, and is there.

    It ends with an empty line.
    """
    lines = [f"Playroom {VERSION}", "", *(f"{k:<9}{v}" for k, v in _rows(settings, bound)), ""]
    return "\n".join(["", *(f"  {line}".rstrip() for line in lines)])


def _rows(settings: Settings, bound: Bound) -> Iterator[tuple[str, str]]:
    is_everywhere = bound.host in EVERYWHERE
    bound = replace(bound, host=as_typed_here(bound.host))
    yield "page", bound.page_url
    if bound.telnet_port is not None:
        yield "telnet", f"telnet {bound.host} {bound.telnet_port}"
    if bound.telnet_tls_port is not None:
        yield "with TLS", _secure_telnet(bound.at(bound.telnet_tls_port))
    if is_everywhere:
        yield "", "(from elsewhere by this machine's name or address)"
    yield "history", SHARED if settings.redis_url else str(settings.history or IN_MEMORY)
    yield "stop", "^C"
