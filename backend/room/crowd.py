"""Comings and goings in a crowd: gathered, and told together.

Telling everybody of every arrival is work that grows with the square of the room, and nobody reads
it. So in a crowd they are kept here until somebody says that it is time. Knows who was told of, not
who is told.
"""

from dataclasses import dataclass, field

from backend.room import plain
from backend.room.events import Person, Presence
from backend.room.plain import Plain

CROWD = 300
"""Members from which on comings and goings are gathered: above this nobody follows them one by
one."""

NAMED = 100
"""People named in one event or list; the rest are counted. Else one event to N people would grow
with N itself."""


@dataclass(slots=True)
class News:
    """What has not been told yet."""

    joined: dict[str, Person] = field(default_factory=dict)
    left: dict[str, None] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.joined or self.left)

    def snapshot(self) -> Plain:
        """See ``plain.Kept``."""
        joined = [plain.of_fields(person) for person in self.joined.values()]
        return {"joined": joined, "left": list(self.left)}

    def restore(self, data: Plain) -> None:
        """See ``plain.Kept``."""
        for kept in data["joined"]:
            self.came(Person(**kept))
        self.left.update(dict.fromkeys(data["left"]))

    def came(self, person: Person) -> None:
        """Somebody came in."""
        self.joined[person.nick] = person

    def went(self, nick: str) -> None:
        """Somebody is gone; who was not told of has not been here, for the others."""
        if self.joined.pop(nick, None) is None:
            self.left[nick] = None

    def tell(self, id: int, at: float, members: int) -> Presence:
        """All of it in one event; nothing is left to tell."""
        event = Presence(
            id=id,
            at=at,
            joined=tuple(self.joined.values())[:NAMED],
            left=tuple(self.left)[:NAMED],
            joined_total=len(self.joined),
            left_total=len(self.left),
            members=members,
        )
        self.joined.clear()
        self.left.clear()
        return event
