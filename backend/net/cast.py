"""Who is behind which task, in words for people: the ``Cast`` of the nursery view.

Made anew for each walk, so it costs nothing between walks and a rename needs no bookkeeping. Knows
connections and the members' names, and nothing of how a tree is walked or shown.
"""

from collections.abc import Collection, Mapping

from trio.lowlevel import Task

from backend.net.connection import Connection
from backend.net.hub import Hub
from backend.nursery_view import Label

KINDS = {"web": "browsers", "telnet": "terminals"}
"""What connections are called where they are only counted."""

_NAMES = {
    "backend.app.serve": "the room",
    "backend.process.serve_until_told": "main",
    "hypercorn.trio.serve": "hypercorn",
    "trio._highlevel_serve_listeners._run_handler": "visitor",
    "trio._highlevel_serve_listeners._serve_one_listener": "listener",
    "trio_websocket._impl.WebSocketConnection._reader_task": "websocket reader",
}
"""Tasks that libraries start, and give no name but their function's."""


class HouseCast:
    """Everybody connected, at this moment.

    Args:
        hub: who is connected, and what they are called.
        acts: tasks that run on somebody's behalf elsewhere than in their own.
        stars: whose tasks are to be shown before others.
    """

    def __init__(
        self, hub: Hub, acts: Mapping[Task, Connection], stars: Collection[Connection]
    ) -> None:
        self._hub = hub
        self._served = {connection.task: connection for connection in hub.connections}
        self._acts = dict(acts)
        waiting = hub.postman.waiting
        if waiting:
            owners = {connection.outbox: connection for connection in hub.connections}
            self._acts |= {task: owners[box] for task, box in waiting.items() if box in owners}
        self.stars = {connection.task for connection in stars}

    def kind(self, task: Task) -> str:
        """See ``nursery_view.Cast``."""
        served = self._served.get(task)
        return _name(task) if served is None else KINDS[served.via]

    def label(self, task: Task, parent: Label) -> Label:
        """See ``nursery_view.Cast``."""
        if (served := self._served.get(task)) is not None:
            nick = self._hub.nick_of(served)
            who = nick or "somebody"
            return Label(f"{who} ({served.via})", who, nick, served.outbox.size, served.since)
        name, owner = _name(task), parent.owner
        if (actor := self._acts.get(task)) is not None:
            owner = self._hub.nick_of(actor) or "somebody"
        return Label(f"{owner}: {name}" if owner else name, owner)


def _name(task: Task) -> str:
    """What it was named; if that is but its function, the library and the function."""
    if "." not in task.name:
        return task.name
    library, *_, function = task.name.split(".")
    return _NAMES.get(task.name, f"{library}: {function}")
