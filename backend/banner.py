"""What is said at the start to somebody at a terminal: where to go, and how to end it.

Programs that start a room read its addresses from plain lines instead, see ``cli``. Knows where the
doors are, and not who is there.
"""

from collections.abc import Iterator
from dataclasses import replace

from backend.app import EVERYWHERE, Bound
from backend.config import DEFAULT_HOST, VERSION, Settings

IN_MEMORY = "in memory only: forgotten when the room closes"
SHARED = "in Redis, with the other processes of this room"


def banner(settings: Settings, bound: Bound) -> str:
    """The banner of a room that was started with these settings, and is there."""
    lines = [f"Playroom {VERSION}", "", *(f"{k:<9}{v}" for k, v in _rows(settings, bound)), ""]
    return "\n".join(["", *(f"  {line}".rstrip() for line in lines)])


def _rows(settings: Settings, bound: Bound) -> Iterator[tuple[str, str]]:
    is_everywhere = bound.host in EVERYWHERE
    if is_everywhere:
        bound = replace(bound, host=DEFAULT_HOST)
    yield "page", bound.page_url
    if bound.telnet_port is not None:
        yield "telnet", f"telnet {bound.host} {bound.telnet_port}"
    if is_everywhere:
        yield "", "(from elsewhere by this machine's name or address)"
    yield "history", SHARED if settings.redis_url else str(settings.history or IN_MEMORY)
    yield "stop", "^C"
