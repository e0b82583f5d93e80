"""Between people and a log that may be slow, or away: what each has done that has not come of it.

A log in this process follows what is recorded at once, and nobody waits. One that is shared follows
it when it comes back, and then whoever sent a line is read on. Knows connections and the log, and
not what is done or comes of it.
"""

from collections import deque
from collections.abc import Callable, Mapping

import trio

from backend.journal.journal import Journal
from backend.net.connection import Connection
from backend.room.codes import SERVICE_RESTART, TRY_AGAIN_LATER
from backend.room.commands import Say, parse
from backend.room.entries import Entry, Impersonal, Line, Withheld
from backend.room.events import Dismissed, Event, Noticed, Prompted
from backend.room.text import clean

KEPT = 5
"""Lines kept of each person while the log is away: more than anybody types without an answer."""

REFUSED = 15
"""Further ones that are answered, each by a refusal; behind them nothing is read."""

RESUME = "/resume "
"""What asks for a seat: see ``commands.Resume``."""

AWAY = f"The room cannot be reached for the moment: up to {KEPT} of your lines are kept."
BACK = "The room can be reached again."
NOT_KEPT = "No more is kept: your next lines are not sent."
NOT_SENT = "Nothing was sent: the room could not be reached."
CLOSED = "The room cannot be reached for the moment. Come back soon"
BEGUN_ANEW = "The room was out of reach for too long. Come back, your seat is kept for a while"


class Patience:
    """What has been recorded and not yet followed, by connection.

    Args:
        journal: the log.
        connections: everybody connected, by id; kept by the hub.
        show: shows an event to one connection.
        is_member: whether a connection has been let in.
    """

    def __init__(
        self,
        journal: Journal,
        connections: Mapping[str, Connection],
        show: Callable[[Event, Connection], None],
        is_member: Callable[[Connection], bool],
    ) -> None:
        self._journal = journal
        self._connections = connections
        self._show = show
        self._is_member = is_member
        self._is_away = False

    def is_here(self, connection: Connection) -> bool:
        """Whether the log takes what somebody new does; if not, they are shown out."""
        if not self._journal.is_away and connection.id.startswith(self._journal.prefix):
            return True
        connection.show_out(TRY_AGAIN_LATER, CLOSED, "")
        return False

    def is_at_end(self, connection: Connection) -> bool:
        """Whether no more lines of somebody are kept."""
        return self._journal.is_away and connection.unsettled >= KEPT

    def record(self, connection: Connection, entry: Entry, answer: Event | None = None) -> None:
        """Record what somebody did, and for a line that is withheld, the answer to it.

        An answer is given in its place: a page takes it for that to its oldest line.
        """
        connection.unsettled += 1
        if isinstance(entry, Line) and entry.text.startswith(RESUME):
            connection.is_returning = True
        if answer is not None:
            connection.answers = connection.answers or deque()
            connection.answers.append(answer)
            if self.is_at_end(connection) and connection.unsettled == KEPT + 1:
                self._show(Noticed(NOT_KEPT), connection)
        self._journal.record(entry)

    def withhold(self, connection: Connection, line: str, at: float, why: str) -> None:
        """Record only that there was a line, and say why."""
        answer: Event = Prompted(why.removesuffix("."))
        if self._is_member(connection):
            is_speech = isinstance(parse(clean(line)), Say)
            answer = Noticed(why, refused=True if is_speech else None)
        self.record(connection, Withheld(connection.id, at), answer)

    def followed(self, entry: Entry) -> None:
        """An entry of anybody's has come back, and what comes of it has been delivered."""
        if isinstance(entry, Impersonal):
            return
        connection = self._connections.get(entry.connection)
        if connection is None or not connection.unsettled:
            return
        connection.unsettled -= 1
        if isinstance(entry, Withheld) and connection.answers:
            self._show(connection.answers.popleft(), connection)
        if not connection.unsettled:
            connection.is_returning = False
            _wake(connection)

    async def settled(self, connection: Connection) -> None:
        """Wait until what somebody did has been followed; if the log is away, not for a few lines.

        So what they do next is judged by what they are then, and their lines cannot pile up.
        """
        while connection.unsettled > (KEPT + REFUSED if self._journal.is_away else 0):
            connection.settled = connection.settled or trio.Event()
            await connection.settled.wait()

    def look(self) -> None:
        """From time to time: tell everybody, once, that the log is away, or back.

        Who is not in the room has nothing to wait for, and is shown out like those who come now.
        """
        if self._journal.is_away == self._is_away:
            return
        self._is_away = self._journal.is_away
        news = Noticed(AWAY if self._is_away else BACK, away=self._is_away)
        for connection in list(self._connections.values()):
            if not connection.is_present or connection.goodbye is not None:
                continue
            if self._is_member(connection):
                self._show(news, connection)
            elif self._is_away:
                self._show(Dismissed(CLOSED, TRY_AGAIN_LATER), connection)
            _wake(connection)

    def scatter(self) -> None:
        """Show everybody out: what they have seen is not what the others have."""
        for connection in list(self._connections.values()):
            if connection.is_present and connection.goodbye is None:
                self._show(Dismissed(BEGUN_ANEW, SERVICE_RESTART), connection)
            connection.dismiss(SERVICE_RESTART, BEGUN_ANEW, "out of reach")


def _wake(connection: Connection) -> None:
    if connection.settled is not None:
        connection.settled.set()
        connection.settled = None
