"""What was public, as far back as it is remembered.

Numbers the events: each public one has the next id, and none is missing in here; but ids that may
have been used for what the log has lost are left out. Knows neither who has seen them nor who asks.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import dropwhile, takewhile

from backend.room import plain
from backend.room.deliveries import Delivery
from backend.room.events import Acted, Presence, Public, Recalled, Said, Topic
from backend.room.plain import Plain

REMEMBERED = 1_000
"""Public events kept: an evening of a lively room, and at most some 4 MB."""

MAX_RECALLED = 100
"""Events in one answer: some screens of them."""

MAX_COST = 32 * 1024
"""Characters in one answer: in any script and on any wire less than an outbox holds."""

_EVENT_COST = 100
"""What an event costs besides its text: names, times, and a wire's own."""


class History:
    """The newest public events.

    Attributes:
        last: the newest id that may have been used; 0 if there was none.
    """

    def __init__(self) -> None:
        self.last = 0
        self._events: deque[Public] = deque(maxlen=REMEMBERED)

    def snapshot(self) -> Plain:
        """See ``plain.Kept``."""
        return {"last": self.last, "events": [plain.of_event(event) for event in self._events]}

    def restore(self, data: Plain) -> None:
        """See ``plain.Kept``."""
        self.last = data["last"]
        self._events.extend(plain.event(kept) for kept in data["events"])

    @property
    def events(self) -> tuple[Public, ...]:
        """All that are kept, oldest first."""
        return tuple(self._events)

    def next_id(self) -> int:
        """The id of the event that is about to happen."""
        self.last += 1
        return self.last

    def skip(self, ids: int) -> None:
        """Leave out so many ids."""
        self.last += ids

    def remember(self, deliveries: Iterable[Delivery]) -> None:
        """Keep what is public of these."""
        for delivery in deliveries:
            if isinstance(delivery.event, Public) and delivery.event.id > self._newest:
                self._events.append(delivery.event)

    def since(self, id: int, hears: Callable[[Public], bool]) -> Recalled:
        """What happened after this one; the newest of it, if it is too much for one answer."""
        return self._recall(id, self.last + 1, MAX_RECALLED, hears)

    def before(self, id: int | None, count: int, hears: Callable[[Public], bool]) -> Recalled:
        """The so many events before this one; None for the newest."""
        end = self.last + 1 if id is None else id
        return self._recall(0, end, min(count, MAX_RECALLED), hears)

    @property
    def _newest(self) -> int:
        return self._events[-1].id if self._events else 0

    def _recall(
        self, since: int, before: int, count: int, hears: Callable[[Public], bool]
    ) -> Recalled:
        oldest = self._events[0].id if self._events else self.last + 1
        before = max(min(before, self.last + 1), oldest)
        since = max(min(since, before - 1), oldest - 1)
        found = []
        cost = 0
        for number, event in enumerate(self._between(since, before)):
            cost += _cost(event)
            if number == count or cost > MAX_COST:
                since = event.id
                break
            if hears(event):
                found.append(event)
        return Recalled(since, before, tuple(reversed(found)), since >= oldest)

    def _between(self, since: int, before: int) -> Iterator[Public]:
        """The events with ids between these two, newest first."""
        newer = dropwhile(lambda event: event.id >= before, reversed(self._events))
        return takewhile(lambda event: event.id > since, newer)


def _cost(event: Public) -> int:
    match event:
        case Said(text=text) | Acted(text=text) | Topic(text=text):
            return _EVENT_COST + len(text)
        case Presence(joined=joined, left=left):
            return _EVENT_COST * (1 + len(joined) + len(left))
        case _:
            return _EVENT_COST
