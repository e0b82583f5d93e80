"""What a node knows of a log that it follows with others: how far it is, and who is on which node.

Pure: knows entries, and neither Redis nor the room. Every node that has followed the same records
knows the same, so what a node's end means is not said by anybody, but seen by all.
"""

from dataclasses import dataclass
from hashlib import sha1
from typing import Any

from backend.journal.codec import decode
from backend.room.entries import Arrived, Entry, Gone, Tick

END = "end"
"""Instead of a number, for the one record that is about a node, and not by it."""


class BrokenLogError(Exception):
    """What comes next does not continue what was followed: entries are missing, or other ones."""


@dataclass(frozen=True, slots=True)
class Position:
    """How far a log has been followed.

    Attributes:
        life: which log; another if it was begun anew.
        number: how many entries there were, since the first one ever.
        tag: made of all of them: who said them, in which order.
    """

    life: int = 0
    number: int = 0
    tag: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """An entry as it is in the log.

    Attributes:
        life: see ``Position``.
        number: likewise.
        after: the tag of the record before.
        node: by whom.
        seq: the node's own number of it; ``END`` if the node is no more.
        text: the entry; of an end ``AT GRACE REASON``.
    """

    life: int
    number: int
    after: str
    node: str
    seq: str
    text: str

    @property
    def position(self) -> Position:
        """How far one is after it."""
        chain = f"{self.after} {self.node}:{self.seq}".encode()
        tag = sha1(chain, usedforsecurity=False).hexdigest()[:16]  # as redis.lua makes it
        return Position(self.life, self.number, tag)


class Follower:
    """Makes entries of records.

    Attributes:
        position: how far it is.
        heard: for each node there is the number of its last entry.
    """

    def __init__(self) -> None:
        self.position = Position()
        self.heard: dict[str, int] = {}
        self._connected: dict[str, dict[str, None]] = {}  # by node

    @property
    def peopled(self) -> list[str]:
        """The nodes that somebody is on."""
        return [node for node, ids in self._connected.items() if ids]

    def take(self, record: Record) -> list[Entry]:
        """What the next record stands for.

        Raises:
            BrokenLogError: it is not the next one. Nothing has changed.
            ValueError: it is nothing that this version knows. It is passed over.
        """
        here = self.position
        if (record.life, record.number, record.after) != (here.life, here.number + 1, here.tag):
            raise BrokenLogError("entries of its log are missing, or are other ones")
        self.position = record.position
        if record.seq == END:
            return self._end(record)
        if int(record.seq) <= self.heard.get(record.node, 0):
            return []
        self.heard[record.node] = int(record.seq)
        entry = decode(record.text)
        connected = self._connected.setdefault(record.node, {})
        match entry:
            case Arrived(connection):
                connected[connection] = None
            case Gone(connection):
                connected.pop(connection, None)
        return [entry]

    def _end(self, record: Record) -> list[Entry]:
        at, grace, reason = record.text.split(" ", 2)
        self.heard.pop(record.node, None)
        until = float(at) + float(grace)
        gone = self._connected.pop(record.node, {})
        seats = [Gone(connection, reason, float(at), until) for connection in gone]
        return [*seats, Tick(float(at))]

    def snapshot(self) -> dict[str, Any]:
        """All but the position, as JSON values."""
        connected = {node: list(ids) for node, ids in self._connected.items() if ids}
        return {"heard": self.heard, "connected": connected}

    def restore(self, position: Position, snapshot: dict[str, Any]) -> None:
        """Be as another was at this position."""
        self.position = position
        self.heard = dict(snapshot["heard"])
        self._connected = {node: dict.fromkeys(ids) for node, ids in snapshot["connected"].items()}
