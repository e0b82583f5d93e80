"""What the room keeps, in JSON's own values, and back: for snapshots.

Knows the shape of what is kept, not who keeps it.
"""

from collections.abc import Mapping
from typing import Any, Protocol, get_args

from backend.room.events import Person, Presence, Public, Whispered
from backend.room.names import Nick

Plain = dict[str, Any]
"""JSON's own values: dicts with strings for keys, lists, strings, numbers, true, false, None."""


class Kept(Protocol):
    """A part of the room that is kept."""

    def snapshot(self) -> Plain:
        """All that it knows; see ``Room.snapshot``."""

    def restore(self, data: Plain) -> None:
        """Be as the part was that this is a ``snapshot`` of; for an empty one only."""


_KINDS = {kind.__name__: kind for kind in (*get_args(Public), Whispered)}


def of_event(event: Public | Whispered) -> Plain:
    """An event that is kept: ``type``, and its fields."""
    plain = {"type": type(event).__name__, **of_fields(event)}
    if isinstance(event, Presence):
        plain["joined"] = [of_fields(person) for person in event.joined]
        plain["left"] = list(event.left)
    return plain


def event(plain: Mapping[str, Any]) -> Any:
    """What ``of_event`` was given."""
    fields = dict(plain)
    kind = _KINDS[fields.pop("type")]
    if kind is Presence:
        fields["joined"] = tuple(Person(**person) for person in fields["joined"])
        fields["left"] = tuple(fields["left"])
    return kind(**fields)


def of_nick(nick: Nick) -> Plain:
    """A nick with all that was found out about it: the rules may be others when it comes back."""
    return {"text": nick.text, "key": nick.key, "looks": sorted(nick.looks)}


def nick(plain: Mapping[str, Any]) -> Nick:
    """What ``of_nick`` was given."""
    return Nick(plain["text"], plain["key"], frozenset(plain["looks"]))


def of_fields(slotted: Any) -> Plain:
    """The fields of a dataclass with slots; a tenth of what ``dataclasses.asdict`` takes."""
    return {name: getattr(slotted, name) for name in slotted.__slots__}
