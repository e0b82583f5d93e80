"""A member's lines that are for this process and not for the room: ``/tasks``, ``/source``, acts.

None of them is journaled: what a task tree looked like is no part of a conversation. Knows which
words there are; what comes of them is the watchers' and the theatre's.
"""

from pathlib import Path

from backend.net.connection import Connection
from backend.net.hub import Hub
from backend.net.theatre import Theatre
from backend.net.watchers import Watchers
from backend.room.events import Noticed
from backend.room.tasks import Excerpt
from backend.room.text import clean
from backend.room.usage import USAGE

LINES_AROUND = 4
"""Lines of source shown before and after the one asked for."""


class Backstage:
    """Says whether a line is for it, and obeys.

    Args:
        hub: whom to answer by.
        watchers: who shows the tree.
        theatre: who performs; None if nobody does.
        package: the folder of this program's own source.
    """

    def __init__(
        self, hub: Hub, watchers: Watchers, theatre: Theatre | None, package: Path
    ) -> None:
        self._hub = hub
        self._watchers = watchers
        self._theatre = theatre
        self._package = package
        self._files = {str(path.relative_to(package)) for path in package.rglob("*.py")}

    def obey(self, connection: Connection, line: str) -> bool:
        """Do what a member's line asks for; False if it is none of these."""
        if connection.via == "telnet":
            self._watchers.stop(connection)  # whoever types wants to see what comes of it
        if not line.startswith("/"):
            return False  # nearly all do not
        command, *words = clean(line).split()
        match command.lower(), words:
            case "/tasks", []:
                self._watchers.ask(connection)
            case "/tasks", ["watch"]:
                self._watchers.watch(connection)
            case "/tasks", ["stop"]:
                self._watchers.stop(connection)
            case "/source", [file, number] if file in self._files and number.isdecimal():
                self._show_source(connection, file, int(number))
            case "/demo" | "/cancel" as act, []:
                self._perform(connection, act)
            case "/chaos", ["crash" | "stall" | "storm" as act]:
                self._perform(connection, f"/chaos {act}")
            case "/tasks" | "/source" | "/demo" | "/cancel" | "/chaos" as known, _:
                self._tell(connection, f"Usage: {USAGE[known].typed}")
            case _:
                return False
        return True

    def _perform(self, connection: Connection, act: str) -> None:
        if self._theatre is None:
            self._tell(connection, "There is no theatre here.")
        elif refusal := self._theatre.perform(connection, act):
            self._tell(connection, refusal)

    def _show_source(self, connection: Connection, file: str, number: int) -> None:
        lines = (self._package / file).read_text(encoding="utf-8").splitlines()
        first = max(1, min(number, len(lines)) - LINES_AROUND)
        shown = tuple(lines[first - 1 : first + 2 * LINES_AROUND])
        self._hub.dispatch.hand_out(Excerpt(file, first, shown), [connection])

    def _tell(self, connection: Connection, text: str) -> None:
        self._hub.dispatch.hand_out(Noticed(text), [connection])
