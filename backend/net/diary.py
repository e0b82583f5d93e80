"""What the log says of what happened in the room.

Never what people wrote, and that includes the reason somebody gives for leaving.
"""

from backend.logs import About
from backend.room.entries import Entry, Gone, Line, Overlong
from backend.room.events import Event, Left, Prompted, Renamed, Welcomed

LOGGED = (Welcomed, Prompted, Renamed, Left)
"""Events that may be worth a line; all others are not."""


def write(entry: Entry, event: Event) -> None:
    """A line about one event, and the entry it came of."""
    match entry, event:
        case Line(connection), Welcomed(nick=nick):
            About(connection).info("joined: %s", nick)
        case Line(connection) | Overlong(connection), Prompted(str(reason)):
            About(connection).info("refused: %s", reason)
        case Line(connection), Renamed(old=old, new=new):
            About(connection).info("renamed: %s to %s", old, new)
        case Line(connection), Left(nick=nick):
            About(connection).info("left: %s (quit)", nick)
        case Gone(connection, reason), Left(nick=nick):
            About(connection).info("left: %s%s", nick, reason and f" ({reason})")
