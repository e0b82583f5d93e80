"""What was public while somebody was away, and is news to them when they take their seat again.

Knows no connection, and nothing of how it is shown.
"""

from collections.abc import Callable
from dataclasses import replace

from backend.room.events import Acted, Public, Recalled, Renamed, Said
from backend.room.hearing import Hearing
from backend.room.history import History
from backend.room.members import Member


def missed(member: Member, since: int, history: History, hearing: Hearing) -> list[Recalled]:
    """What happened since the event of this id; at a terminal, nothing at all if it was nothing."""
    if member.via == "web":
        return [history.since(since, hearing.of(member))]
    recalled = history.since(since, _but_own(member, hearing.of(member)))
    has_gap = recalled.since > since
    if not (recalled.events or has_gap):
        return []
    return [replace(recalled, more=has_gap)]  # what was before has been seen


def _but_own(member: Member, hears: Callable[[Public], bool]) -> Callable[[Public], bool]:
    """Whether an event is to be shown; to be asked of the newest first.

    A terminal already shows what was typed on it, under whatever nick it was said.
    """
    nick = member.nick.text

    def is_news(event: Public) -> bool:
        nonlocal nick
        if isinstance(event, Renamed) and event.new == nick:
            nick = event.old
        is_own = isinstance(event, Said | Acted) and event.nick == nick
        return hears(event) and not is_own

    return is_news
