"""Every setting: flag, environment variable, default, and what it is for.

Knows nothing of what is made of them.
"""

from dataclasses import dataclass, field
from pathlib import Path

PACKAGE = Path(__file__).parent

DEFAULT_HOST = "localhost"
DEFAULT_PORT = 8000
DEFAULT_TELNET_PORT = 12345
"""The port of the tutorial's chat server."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How to run the room.

    Attributes:
        host: address to bind.
        port: page and websockets; 0 for any free port.
        telnet_port: raw TCP; 0 for any free port, None for no telnet door.
        allowed_origins: origins whose pages may open a websocket; empty for this host's.
        operator_secret: what makes a member an operator, by ``/op SECRET``; None for no operators.
    """

    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    telnet_port: int | None = DEFAULT_TELNET_PORT
    allowed_origins: tuple[str, ...] = ()
    operator_secret: str | None = field(default=None, repr=False)


def frontend_folder() -> Path:
    """Where the page is: inside the installed package, beside it in a checkout."""
    installed = PACKAGE / "frontend"
    return installed if installed.is_dir() else PACKAGE.parent / "frontend"
