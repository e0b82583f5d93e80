"""What a bridge knows of a seat in the room, to resume it: whose it is, and what has been seen.

The room's cues say so, each about the message behind it. The token is a secret between the bridge
and the room. Pure: text in, text out.
"""

import json
from typing import Any

from backend.bridge.speech import Speech


class Seat:
    """Follows a room's cues.

    Attributes:
        speech: what is said from it.
    """

    def __init__(self) -> None:
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
        match cue:
            case {"type": "seat", "token": str(), "resumed": bool(), "last": int(), "heard": int()}:
                self._cue = cue
            case {"type": "shown", "last": int()} | {"type": "whispered"} | {"type": "prompted"}:
                self._cue = cue
            case {"type": str(kind)} if kind not in ("seat", "shown"):
                pass  # what only newer bridges know
            case _:
                raise ValueError("this is no cue")

    def shown(self) -> None:
        """That message has been shown, whole."""
        match cue := self._cue:
            case {"type": "prompted"}:
                self.speech.answered()
            case {"type": "seat", "resumed": False}:
                self._token, self._last, self._whispers = cue["token"], cue["last"], 0
                self.speech.seated()
            case {"type": "seat"}:
                self.speech.resumed(cue["heard"])
                # Behind a Redis that has lost its end, ids are used again.
                self._last = min(self._last, cue["last"])
            case {"type": "shown"}:
                self._last = max(self._last, cue["last"])  # not what was only shown again
            case {"type": "whispered"}:
                self._whispers += 1
        self._cue = {}

    def lost(self) -> None:
        """The room is gone, and the message with it that it had announced."""
        self._cue = {}
        self.speech.lost()
