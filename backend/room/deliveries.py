"""What comes out of the room: events, and who gets them.

Knows neither how they get there nor why.
"""

from dataclasses import dataclass

from backend.room.events import Event


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event and who gets it.

    Attributes:
        event: what happened.
        to: connection ids, each once; what is for everybody has the same tuple for as long as they
            are the same people, so that whoever delivers may remember what it stands for.
        but: those of them who do not get it; nearly always one, or nobody.
    """

    event: Event
    to: tuple[str, ...]
    but: frozenset[str] = frozenset()

    @property
    def recipients(self) -> tuple[str, ...]:
        """Who gets it, one by one."""
        return tuple(connection for connection in self.to if connection not in self.but)
