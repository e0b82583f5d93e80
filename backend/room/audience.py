"""Who gets what is said to everybody: tuples of connection ids.

The same tuple for as long as the same people are in the room, so that whoever delivers may remember
what it stands for. Knows no event.
"""

from collections.abc import Mapping

MAX_REMEMBERED = 16
"""Telnet speakers for whom "everybody else" is remembered."""


class Audience:
    """Everybody, and everybody but one.

    Args:
        members: the members by connection id, in the order they came in; ``changed`` tells when.
    """

    def __init__(self, members: Mapping[str, object]) -> None:
        self._members = members
        self._everybody: tuple[str, ...] | None = None
        self._others: dict[str, tuple[str, ...]] = {}

    def changed(self) -> None:
        """Somebody came or went."""
        self._everybody = None
        self._others.clear()

    def everybody(self) -> tuple[str, ...]:
        """All members."""
        if self._everybody is None:
            self._everybody = tuple(self._members)
        return self._everybody

    def everybody_but(self, connection: str) -> tuple[str, ...]:
        """All members but this one."""
        if connection not in self._others:
            if len(self._others) >= MAX_REMEMBERED:
                self._others.clear()
            others = list(self.everybody())
            others.remove(connection)
            self._others[connection] = tuple(others)
        return self._others[connection]
