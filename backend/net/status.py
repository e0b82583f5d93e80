"""One line on the terminal of whoever runs the room: who is here, and how lively it is.

Knows the hub's figures, and how to write a line over itself.
"""

import os
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import trio

from backend.logs import CLEAR
from backend.net.hub import Hub

ROUND_SECONDS = 1.0
"""How often the line is written."""

MINUTE_ROUNDS = 60

USUAL_COLUMNS = 80
"""Of a terminal that does not tell its width, such as a serial line."""


class StatusLine:
    """Writes the line until cancelled, and takes it away then.

    Args:
        hub: whose figures they are.
        write: writes to the terminal; may block, as when somebody has pressed ^S, and raises
            OSError once the terminal is gone.
        size: how large the terminal is now; raises OSError likewise.
    """

    def __init__(
        self, hub: Hub, write: Callable[[bytes], object], size: Callable[[], os.terminal_size]
    ) -> None:
        self._hub = hub
        self._write = write
        self._size = size
        self._counts: deque[int] = deque([0], maxlen=MINUTE_ROUNDS + 1)

    async def run(self) -> None:
        """Look every second; until there is no terminal any more, which is nobody's trouble."""
        with suppress(OSError):
            try:
                while True:
                    await trio.sleep(ROUND_SECONDS)  # first, or it would stand before the addresses
                    await self._show(CLEAR + self._line()[: self._width()])
            finally:
                with trio.move_on_after(ROUND_SECONDS, shield=True):
                    await self._show(CLEAR)

    def _line(self) -> str:
        doors = [c.via for c in self._hub.connections if self._hub.is_member(c)]
        count = sum(self._hub.dispatch.messages.values())
        self._counts.append(count)
        told = count - self._counts[0]
        web, telnet = doors.count("web"), doors.count("telnet")
        noun = "message" if told == 1 else "messages"
        return f"here: {web} by browser, {telnet} by telnet; {told} {noun} in the last minute"

    def _width(self) -> int:
        # Behind the last column is the next row: the line would leave one behind each second. It
        # has characters of one column only.
        return (self._size().columns or USUAL_COLUMNS) - 1

    async def _show(self, text: str) -> None:
        # In a thread, for the room must not stop when the terminal does.
        write = partial(self._write, text.encode())
        await trio.to_thread.run_sync(write, abandon_on_cancel=True)
