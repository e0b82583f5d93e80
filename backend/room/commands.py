"""What a member's line means: ``parse(line) -> Command``.

Knows the grammar only; who may do what, and what comes of it, is the room's.
"""

from dataclasses import dataclass

from backend.room.entries import Via
from backend.room.text import clean


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
class Misused:
    """Not a command, or one without what it needs; ``advice`` says what to type instead."""

    advice: str


Command = Say | Act | Whisper | Rename | ListMembers | Help | Quit | Misused

USAGE = {
    "/help": ("/help", "this list"),
    "/who": ("/who", "who is here"),
    "/nick": ("/nick NAME", "go by another name"),
    "/me": ("/me TEXT", "do something: * alice waves"),
    "/msg": ("/msg NAME TEXT", "tell one person only"),
    "/quit": ("/quit [REASON]", "leave"),
}
"""Every command: how it is typed, and what for."""

TERMINAL_USAGE = {
    "/color": ("/color on|off", "colours on this terminal"),
    "/rich": ("/rich on|off", "messages above, your line below; arrows and Tab work"),
}
"""What the telnet door understands by itself: the room has no terminal."""


def help_text(via: Via) -> str:
    """What ``/help`` answers, one command a line."""
    known = [*USAGE.values(), *(TERMINAL_USAGE.values() if via == "telnet" else ())]
    width = max(len(usage) for usage, _ in known)
    rows = [f"{usage:<{width}}  {purpose}" for usage, purpose in known]
    return "\n".join([*rows, "Begin a line with // to say something that starts with /."])


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
        case known if known in USAGE:
            return Misused(f"Usage: {USAGE[known][0]}")
        case _:
            return Misused(f"There is no {name} here. Type /help for what there is.")
