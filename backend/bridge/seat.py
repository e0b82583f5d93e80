"""What a bridge knows of a seat in the room, to resume it: whose it is, and what has been seen.

The room's cues say so, each about the message behind it. The token is a secret between the bridge
and the room. Pure: text in, text out.
"""

import json
from typing import Any

from backend.bridge.speech import Speech

_CUES: dict[str, dict[str, type]] = {
    "prompted": {},
    "seat": {"nick": str, "token": str, "resumed": bool, "last": int, "heard": int},
    "shown": {"last": int},
    "renamed": {"last": int, "old": str, "new": str},
    "whispered": {},
}
"""What is in each; see ``frames.cue``."""


class Seat:
    """Follows a room's cues.

    Attributes:
        nick: what its member is called, or was called last; None if there never was one.
        is_taken: whether the server of now has given it to us,
        is_asked: or asks for a name, to give us another.
        speech: what is said from it.
    """

    def __init__(self) -> None:
        self.nick: str | None = None
        self.is_taken = self.is_asked = False
        self.speech = Speech()
        self._token = ""
        self._last = 0  # the id of the newest public event that was shown
        self._whispers = 0  # how many were shown
        self._cue: dict[str, Any] = {}

    @property
    def beginning(self) -> str:
        """How to begin with a server: by resuming the seat, if there has been one."""
        return f"/resume {self._token} {self._last} {self._whispers}" if self._token else ""

    def told(self, text: str) -> None:
        """The room says something about its next message.

        Raises:
            ValueError: it makes no sense.
        """
        try:
            cue = json.loads(text)
        except RecursionError:
            cue = None
        kind = cue.get("type") if isinstance(cue, dict) else None
        if not isinstance(kind, str):
            raise ValueError("this is no cue")
        fields = _CUES.get(kind)
        if fields is None:
            return  # what only newer bridges know
        if not all(isinstance(cue.get(name), type) for name, type in fields.items()):
            raise ValueError("this cue makes no sense")
        self._cue = cue

    def shown(self) -> None:
        """That message has been shown, whole."""
        match cue := self._cue:
            case {"type": "prompted"}:
                self.is_asked = True
                self.speech.answered()
            case {"type": "seat"}:
                self.nick, self.is_taken = cue["nick"], True
                if cue["resumed"]:
                    # Behind a Redis that has lost its end, ids are used again.
                    self._last = min(self._last, cue["last"])
                    self.speech.resumed(cue["heard"])
                else:
                    self._token, self._last, self._whispers = cue["token"], cue["last"], 0
                    self.speech.seated()
            case {"type": "shown"}:
                self._last = max(self._last, cue["last"])  # not what was only shown again
            case {"type": "renamed"}:
                self._last = max(self._last, cue["last"])
                self.nick = cue["new"] if self.nick == cue["old"] else self.nick
            case {"type": "whispered"}:
                self._whispers += 1
        self._cue = {}

    def lost(self) -> None:
        """The room is gone, and the message with it that it had announced."""
        self._cue = {}
        self.is_taken = self.is_asked = False
        self.speech.lost()
