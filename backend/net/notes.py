"""What the log says of what comes of an entry: one line each, by connection.

Never what people wrote, and that includes their reasons, be it for leaving or for showing somebody
out. Knows no connection but by its id.
"""

import logging

from backend.room.entries import Entry, Gone, Line, Overlong, Promoted
from backend.room.events import Delivery, Left, Moderated, Prompted, Renamed, Welcomed

_NOTED = (Welcomed, Prompted, Renamed, Left, Moderated)

log = logging.getLogger("playroom")


def note(entry: Entry, delivery: Delivery) -> None:
    """Write it down if it is worth a line."""
    if not isinstance(delivery.event, _NOTED):
        return  # nearly always
    match entry, delivery.event:
        case Line(connection), Welcomed(nick=nick):
            log.info("%s joined: %s", connection, nick)
        case Line(connection) | Overlong(connection), Prompted(str(reason)):
            log.info("%s refused: %s", connection, reason)
        case Line(connection), Renamed(old=old, new=new):
            log.info("%s renamed: %s to %s", connection, old, new)
        case Line(connection), Left(nick=nick) if connection not in delivery.to:
            # Who hears of the leaving has not left, but shown somebody out.
            log.info("%s left: %s (quit)", connection, nick)
        case Gone(connection, reason), Left(nick=nick):
            log.info("%s left: %s%s", connection, nick, reason and f" ({reason})")
        case Line(connection) | Promoted(connection), Moderated(deed, whom):
            log.info("%s %s %s", connection, deed, whom)
