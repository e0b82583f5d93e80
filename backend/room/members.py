"""Who is in the room, under which nick.

Keeps them in the order they came in, or came back; no two with the same nick, or with one that
could be mistaken for the other's. Knows nothing of what they say, nor of who is told.
"""

from collections import Counter
from collections.abc import Container, Iterator
from dataclasses import dataclass, replace
from itertools import islice

from backend.room import names, plain
from backend.room.bucket import TokenBucket
from backend.room.entries import Via
from backend.room.events import Person
from backend.room.plain import Plain


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody in the room.

    Attributes:
        connection: its id.
        via: the door they came through.
        token: the secret that names their seat.
        origin: where they come from; see ``entries.Arrived``.
        nick: what they are called.
        resumes: see ``entries.Arrived``.
    """

    connection: str
    via: Via
    token: str
    origin: str
    nick: names.Nick
    resumes: bool = False

    @property
    def may_return(self) -> bool:
        """Whether their seat can be kept for them."""
        return self.resumes or self.via == "web"

    @property
    def person(self) -> Person:
        """As others see them."""
        return Person(self.nick.text, self.via)

    @property
    def as_plain(self) -> Plain:
        """See ``room.plain``."""
        return {**plain.of_fields(self), "nick": plain.of_nick(self.nick)}

    @classmethod
    def from_plain(cls, kept: Plain) -> "Member":
        """What ``as_plain`` was made of."""
        return cls(**{**kept, "nick": plain.nick(kept["nick"])})


RENAMES, RENAME_SECONDS = 3, 30
"""Changes of nick at once, and seconds until there may be another: each is told to everybody."""


class Members:
    """The people in the room, by connection and by nick."""

    def __init__(self) -> None:
        self._by_connection: dict[str, Member] = {}
        self._by_key: dict[str, Member] = {}
        self._by_look: dict[str, Member] = {}
        # Found by hash, and Python's is keyed: how long it takes says nothing of how much of a
        # token was right.
        self._by_token: dict[str, Member] = {}
        self._renames: dict[str, TokenBucket] = {}  # of those who have changed theirs
        self._heard: Counter[str] = Counter()
        self._connections: tuple[str, ...] | None = ()

    def snapshot(self) -> Plain:
        """See ``plain.Kept``."""
        return {
            "people": [member.as_plain for member in self],
            "heard": {connection: count for connection, count in self._heard.items() if count},
            "renames": {connection: [*each.state] for connection, each in self._renames.items()},
        }

    def restore(self, data: Plain) -> None:
        """See ``plain.Kept``."""
        for kept in data["people"]:
            self.add(Member.from_plain(kept))
        self._heard.update(data["heard"])
        for connection, (level, at) in data["renames"].items():
            bucket = self._renames[connection] = _new_bucket(at)
            bucket.resume(level, at)

    def __len__(self) -> int:
        return len(self._by_connection)

    def __iter__(self) -> Iterator[Member]:
        return iter(self._by_connection.values())

    @property
    def connections(self) -> tuple[str, ...]:
        """Everybody's: the very same tuple for as long as they are the same people."""
        if self._connections is None:
            self._connections = tuple(self._by_connection)
        return self._connections

    def get(self, connection: str) -> Member | None:
        """Who has this connection."""
        return self._by_connection.get(connection)

    def may_return(self, connection: str) -> bool:
        """Whether this is somebody here whose seat can be kept for them."""
        member = self._by_connection.get(connection)
        return member is not None and member.may_return

    def called(self, typed: str) -> Member | None:
        """Who has this nick, however it is written."""
        return self._by_key.get(names.same(typed))

    def seated(self, token: str) -> Member | None:
        """Whose seat this token names."""
        return self._by_token.get(token)

    def heard(self, member: Member) -> int:
        """How many lines there were from this seat."""
        return self._heard[member.connection]

    def hear(self, member: Member) -> None:
        """There is another line from somebody."""
        self._heard[member.connection] += 1

    def people(self, limit: int, but: Container[str] = ()) -> tuple[Person, ...]:
        """The first of them, without these nicks."""
        people = (member.person for member in self if member.nick.text not in but)
        return tuple(islice(people, limit))

    def free_nick(self, proposed: str, bearer: Member | None = None, at: float = 0.0) -> names.Nick:
        """A nick that nobody has, unless it is ``bearer``'s own, who wants to change it now.

        Raises:
            names.UnacceptableError: with a reason to show.
        """
        nick = names.accept(proposed)
        holder = self._by_key.get(nick.key)
        if holder not in (None, bearer):
            raise names.UnacceptableError("Username taken")
        for look in sorted(nick.looks):  # a set's own order differs between processes
            alike = self._by_look.get(look)
            if alike is not None and alike is not bearer:
                raise names.UnacceptableError(f"That looks too much like {alike.nick.text}")
        if bearer and not self._bucket(bearer, at).has(1, at):
            raise names.UnacceptableError("You have changed your name too often, wait a while")
        return nick

    def add(self, member: Member) -> None:
        """Somebody came in."""
        self._connections = None
        self._seat(member)

    def remove(self, member: Member) -> None:
        """Somebody is gone."""
        self._connections = None
        del self._by_connection[member.connection]
        del self._by_token[member.token]
        self._renames.pop(member.connection, None)
        self._heard.pop(member.connection, None)
        self._unname(member)

    def rename(self, member: Member, nick: names.Nick, at: float) -> None:
        """Somebody is called something else, and keeps their place."""
        bucket = self._renames[member.connection] = self._bucket(member, at)
        bucket.take(1, at)
        self._unname(member)
        self._seat(replace(member, nick=nick))

    def move(self, member: Member, connection: str, origin: str) -> Member:
        """Somebody has another connection now, and all else they had; as they are from now on."""
        heard, renames = self._heard[member.connection], self._renames.get(member.connection)
        self.remove(member)
        moved = replace(member, connection=connection, origin=origin)
        self.add(moved)
        self._heard[connection] = heard
        if renames:
            self._renames[connection] = renames
        return moved

    def _bucket(self, member: Member, at: float) -> TokenBucket:
        known = self._renames.get(member.connection)
        return known or _new_bucket(at)

    def _seat(self, member: Member) -> None:
        self._by_connection[member.connection] = member
        self._by_token[member.token] = member
        self._by_key[member.nick.key] = member
        self._by_look.update(dict.fromkeys(member.nick.looks, member))

    def _unname(self, member: Member) -> None:
        del self._by_key[member.nick.key]
        for look in member.nick.looks:
            del self._by_look[look]


def _new_bucket(at: float) -> TokenBucket:
    return TokenBucket(1 / RENAME_SECONDS, RENAMES, at)
