"""What the log says of what comes of an entry: one line each, by connection.

Never what people wrote, and that includes their reasons, be it for leaving or for showing somebody
out. Knows no connection but by its id.
"""

import logging

from backend.logs import About
from backend.room.deliveries import Delivery
from backend.room.entries import Entry, Gone, Line, Overlong, Promoted, Tick
from backend.room.events import Left, Moderated, Prompted, Renamed, Welcomed

log = logging.getLogger("playroom")

_NOTED = (Welcomed, Prompted, Renamed, Left, Moderated)


def note(entry: Entry, delivery: Delivery) -> None:
    """Write it down if it is worth a line."""
    if not isinstance(delivery.event, _NOTED):
        return  # nearly always
    match entry, delivery.event:
        case _, Left(reason="") if delivery.but:
            pass  # noted already: the others were told the reason, too
        case Line(connection), Welcomed(nick=nick, resumed=resumed):
            About(connection).info("%s: %s", "resumed" if resumed else "joined", nick)
        case Line(connection) | Overlong(connection), Prompted(str(reason)):
            About(connection).info("refused: %s", reason)
        case Line(connection), Renamed(old=old, new=new):
            About(connection).info("renamed: %s to %s", old, new)
        case Line(connection), Left(nick=nick) if connection not in delivery.to:
            # Who hears of the leaving has not left, but shown somebody out.
            About(connection).info("left: %s (quit)", nick)
        case Gone(connection, reason), Left(nick=nick):
            About(connection).info("left: %s%s", nick, reason and f" ({reason})")
        case Tick(), Left(nick=nick):
            log.info("left: %s (did not come back)", nick)
        case Line(connection) | Promoted(connection), Moderated(deed, whom):
            About(connection).info("%s %s", deed, whom)
