"""Lines that claim to come from an operator: ``/op SECRET``.

They are no commands of the room, for what is in them must never get as far as its log. Knows what
such a line looks like, not whether the secret is right.
"""

import re

from backend.room.text import MAX_RAW_CHARACTERS, clean

_CLAIM = re.compile(r"[^\w/]*/op\b(.*)", re.IGNORECASE)
"""Whatever else may stand before it, such as a prompt pasted with it: nothing that people say
begins like this, and a secret said by mistake is lost. ``//op`` still says ``/op``."""

_LATER = re.compile(r"(?<![\w/])/op\s+", re.IGNORECASE)
"""The same anywhere in a line."""

WITHHELD = "What stands behind /op is for nobody's eyes: that line was not sent."


def claimed_secret(line: str) -> str | None:
    """What comes behind ``/op`` if that is the line, clean; None for any other.

    Such a line is to be kept, shown and passed on nowhere: it has the operators' secret in it, or
    something too much like it.
    """
    if "/" not in line:
        return None  # nearly all are
    match = _CLAIM.match(clean(line[:MAX_RAW_CHARACTERS]))
    return clean(match[1]) if match else None


def has_claim(line: str) -> bool:
    """Whether there is ``/op SECRET`` anywhere in the line, by its looks alone.

    Whether it is right must not be seen by anybody: each line would be a guess that nobody counts.
    """
    return "/" in line and _LATER.search(clean(line[:MAX_RAW_CHARACTERS])) is not None


def masked(line: str) -> str:
    """The line as it may be seen while it is typed: as long, with stars behind ``/op``."""
    match = _LATER.search(line) if "/" in line else None
    return line[: match.end()] + "*" * (len(line) - match.end()) if match else line
