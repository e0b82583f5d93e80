"""GMCP, the MUD clients' messages for programs, as telnet subnegotiations (option 201).

Knows what is sent; what comes in is read by ``profile``.
"""

import json
from collections.abc import Iterable

from backend.room.events import Person
from backend.wire.options import GMCP, subnegotiation

MAX_BYTES = 16 * 1024
"""Largest GMCP message sent; clients give up on larger ones. A longer list of people is cut."""


def message(name: str, body: object) -> bytes:
    """A GMCP message as a telnet subnegotiation."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return subnegotiation(GMCP, f"{name} {text}".encode())


def players(people: Iterable[Person]) -> bytes:
    """GMCP's list of who is here, cut where it would grow too long."""
    listed: list[dict[str, object]] = []
    size = 0
    for person in people:
        entry: dict[str, object] = {"name": person.nick, "channels": ["room"]}
        size += len(json.dumps(entry))
        if size > MAX_BYTES:
            break
        listed.append(entry)
    return message("Comm.Channel.Players", listed)
