"""Comings and goings: who is seated and unseated, and what the others are told of it.

One by one, or in a crowd gathered until it is time. Knows nothing of what people say.
"""

from backend.room import text
from backend.room.crowd import CROWD, NAMED, News
from backend.room.deliveries import Delivery
from backend.room.events import Joined, Left, Person
from backend.room.hearing import Hearing
from backend.room.history import History
from backend.room.members import Member, Members
from backend.room.plain import Plain


class Comings:
    """Adds to the members, takes from them, and tells."""

    def __init__(self, members: Members, hearing: Hearing, history: History) -> None:
        self._members = members
        self._hearing = hearing
        self._history = history
        self._news = News()

    def snapshot(self) -> Plain:
        """See ``plain.Kept``."""
        return self._news.snapshot()

    def restore(self, data: Plain) -> None:
        """See ``plain.Kept``."""
        self._news.restore(data)

    @property
    def has_news(self) -> bool:
        """Whether there is something to ``tell``."""
        return bool(self._news)

    @property
    def is_crowd(self) -> bool:
        """Whether nobody follows them one by one any more."""
        return len(self._members) >= CROWD

    def came(self, member: Member, at: float) -> list[Delivery]:
        """Somebody came in."""
        told = []
        if self._is_gathering:
            self._news.came(member.person)
        else:
            told.append(Joined(self._history.next_id(), at, member.nick.text, member.via))
        self._members.add(member)
        newcomer = frozenset({member.connection})
        return [Delivery(joined, self._members.connections, newcomer) for joined in told]

    def went(self, member: Member, reason: str, at: float) -> list[Delivery]:
        """Somebody is gone."""
        self._members.remove(member)
        deaf = self._hearing.left(member)
        if self._is_gathering:
            self._news.went(member.nick.text)
            return []
        left = Left(self._history.next_id(), at, member.nick.text, text.clean(reason))
        return self._hearing.of_leaving(left, deaf)

    def tell(self, at: float) -> list[Delivery]:
        """What has been gathered."""
        if not self._news:
            return []
        news = self._news.tell(self._history.next_id(), at, len(self._members))
        return [Delivery(news, self._members.connections)]

    def people_for(self, member: Member) -> tuple[Person, ...]:
        """Who is here, for somebody who has just come in."""
        # Whoever is not told of yet may leave as if never here, so is no newcomer's to know either.
        people = self._members.people(NAMED, but=self._news.joined)
        return people if member.person in people else (*people, member.person)

    @property
    def _is_gathering(self) -> bool:
        return self.is_crowd or self.has_news
