"""Lists of people as words, the same for every wire."""

from backend.room.events import Listed, Person

MAX_NAMES = 3
"""Names in one sentence; more are counted."""


def listed(event: Listed) -> str:
    """Who is here, in one line."""
    more = event.total - len(event.people)
    return f"{event.total} here: {', '.join(map(with_door, event.people))}" + (
        f" and {more} more" if more else ""
    )


def with_door(person: Person) -> str:
    """A person and the door they came through."""
    return f"{person.nick} ({person.via})"


def some(names: list[str], total: int) -> str:
    """``ann``, ``ann and bob``, ``ann, bob and 41 others``: the first few of so many."""
    if total > MAX_NAMES or total > len(names):
        shown = names[: MAX_NAMES - 1]
        return f"{', '.join(shown)} and {total - len(shown)} others"
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
