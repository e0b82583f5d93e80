"""What a member's line means: ``parse(line) -> Command``.

Knows the grammar only; who may do what, and what comes of it, is the room's.
"""

import re
from dataclasses import dataclass

from backend.room.text import clean
from backend.room.usage import USAGE


@dataclass(frozen=True, slots=True)
class Say:
    """Say ``text`` to everybody."""

    text: str


@dataclass(frozen=True, slots=True)
class Act:
    """``/me TEXT``."""

    text: str


@dataclass(frozen=True, slots=True)
class Whisper:
    """``/msg NAME TEXT``."""

    to: str
    text: str


@dataclass(frozen=True, slots=True)
class Rename:
    """``/nick NAME``."""

    nick: str


@dataclass(frozen=True, slots=True)
class ListMembers:
    """``/who``."""


@dataclass(frozen=True, slots=True)
class Help:
    """``/help``."""


@dataclass(frozen=True, slots=True)
class Quit:
    """``/quit [REASON]``."""

    reason: str


@dataclass(frozen=True, slots=True)
class Ignore:
    """``/ignore NAME``; without a name it asks whom one ignores."""

    nick: str


@dataclass(frozen=True, slots=True)
class Unignore:
    """``/unignore NAME``."""

    nick: str


@dataclass(frozen=True, slots=True)
class ShowTopic:
    """``/topic``."""


@dataclass(frozen=True, slots=True)
class SetTopic:
    """``/topic TEXT``; ``/topic -`` for an empty one."""

    text: str


@dataclass(frozen=True, slots=True)
class Kick:
    """``/kick NAME [REASON]``."""

    nick: str
    reason: str


@dataclass(frozen=True, slots=True)
class Mute:
    """``/mute NAME DURATION``, in seconds; 0 lifts it."""

    nick: str
    seconds: int


@dataclass(frozen=True, slots=True)
class Ban:
    """``/ban NAME DURATION``, in seconds."""

    nick: str
    seconds: int


@dataclass(frozen=True, slots=True)
class Unban:
    """``/unban NAME``."""

    nick: str


@dataclass(frozen=True, slots=True)
class ListBans:
    """``/bans``."""


@dataclass(frozen=True, slots=True)
class Misused:
    """Not a command, or one without what it needs; ``advice`` says what to type instead."""

    advice: str


@dataclass(frozen=True, slots=True)
class Recall:
    """``/history [[BEFORE] COUNT]``: the newest, or those before an id."""

    before: int | None
    count: int


@dataclass(frozen=True, slots=True)
class Resume:
    """``/resume TOKEN SINCE [WHISPERS]``, at the door: take one's seat again.

    Attributes:
        token: what names the seat.
        since: the id of the last public event that was seen.
        whispers: how many whispers have been seen in this seat; None from who does not count, and
            can tell whether they have seen one.
    """

    token: str
    since: int
    whispers: int | None = None


Aloud = Say | Act | Whisper | Rename
"""What others hear."""

Asked = ListMembers | Help | Ignore | Unignore | ShowTopic | Recall | Misused
"""What concerns nobody but the one who asks."""

Ruled = Kick | Mute | Ban | Unban | ListBans
"""What operators do to others."""

ByOperator = Ruled | SetTopic
"""What only operators may do."""

Command = Aloud | Quit | Asked | ByOperator

_RESUME = re.compile(r"/resume (\S+) ([0-9]{1,15})(?: ([0-9]{1,15}))?", re.ASCII)


def parse_at_the_door(line: str) -> Resume | Quit | None:
    """Read the line of somebody who is not in the room yet; None if it is to be a name."""
    if match := _RESUME.fullmatch(line):
        return Resume(match[1], int(match[2]), int(match[3]) if match[3] else None)
    command = parse(line) if line else None
    return command if isinstance(command, Quit) else None


def parse(line: str) -> Command:
    """Read one clean, non-empty line."""
    if line.startswith("//"):
        return Say(line[1:])
    if not line.startswith("/"):
        return Say(line)
    name, _, rest = line.partition(" ")
    rest = clean(rest)
    first, _, remainder = rest.partition(" ")
    remainder = clean(remainder)
    match name.lower():
        case "/help":
            return Help()
        case "/who":
            return ListMembers()
        case "/quit":
            return Quit(rest)
        case "/nick" if rest:
            return Rename(rest)
        case "/me" if rest:
            return Act(rest)
        case "/msg" if remainder:
            return Whisper(first, remainder)
        case "/ignore":
            return Ignore(rest)
        case "/unignore" if rest:
            return Unignore(rest)
        case "/history" if numbers := _recall(rest):
            return numbers
        case "/topic":
            return SetTopic("" if rest == "-" else rest) if rest else ShowTopic()
        case "/kick" if rest:
            return Kick(first, remainder)
        case "/mute" if (seconds := _seconds(remainder)) is not None:
            return Mute(first, seconds)
        case "/ban" if seconds := _seconds(remainder):
            return Ban(first, seconds)
        case "/unban" if rest:
            return Unban(rest)
        case "/bans":
            return ListBans()
        case known if known in USAGE and USAGE[known].only != "telnet":
            return Misused(f"Usage: {USAGE[known].typed}")
        case _:
            return Misused(f"There is no {name} here. Type /help for what there is.")


RECALLED = 20
"""What ``/history`` shows unless told: most of a terminal."""

_RECALL = re.compile(r"(?:([0-9]{1,15}) )?([1-9][0-9]{0,14})", re.ASCII)


def _recall(numbers: str) -> Recall | None:
    if not numbers:
        return Recall(None, RECALLED)
    match = _RECALL.fullmatch(numbers)
    return Recall(int(match[1]) if match[1] else None, int(match[2])) if match else None


_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_DURATION = re.compile(r"([0-9]{1,5})([smhd])")  # more digits would be more than a lifetime


def _seconds(duration: str) -> int | None:
    if duration == "0":
        return 0
    match = _DURATION.fullmatch(duration.lower())
    return int(match[1]) * _UNITS[match[2]] if match else None
