"""How the log is written: a line for each event, for people or for programs.

What people wrote is never in it, and addresses only at debug level. Knows no event.
"""

import logging
from collections.abc import MutableMapping
from typing import Any, Literal

from pythonjsonlogger.json import JsonFormatter

Format = Literal["text", "json"]

CLEAR = "\r\x1b[K"
"""To the beginning of a terminal's line, and what is on it away (ECMA-48)."""

_log = logging.getLogger("playroom")


def configure(format: Format, level: str, is_live: bool = False) -> None:
    """Log to stderr in this format, from this level on.

    With ``is_live``, a line of text first clears the live status that it would be written behind.
    """
    before = CLEAR if is_live else ""
    handler = logging.StreamHandler()
    if format == "json":
        fields = "%(levelname)s %(name)s %(message)s"
        handler.setFormatter(JsonFormatter(fields, timestamp="at"))
    else:
        handler.setFormatter(logging.Formatter(f"{before}%(asctime)s %(name)s: %(message)s"))
    logging.basicConfig(level=level.upper(), handlers=[handler])


class About(logging.LoggerAdapter[logging.Logger]):
    """The log of one connection: its id begins each line, and is a field of its own in JSON."""

    def __init__(self, connection: str) -> None:
        super().__init__(_log)
        self._connection = connection

    def process(
        self, msg: str, kwargs: MutableMapping[str, Any]
    ) -> tuple[str, MutableMapping[str, Any]]:
        """See ``logging.LoggerAdapter``."""
        return f"{self._connection} {msg}", {**kwargs, "extra": {"connection": self._connection}}
