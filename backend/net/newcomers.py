"""Those at a door who have not said yet what they want: waited for, but not for ever.

Knows for how long, and neither what they are to say nor whom they say it to.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import trio


class Newcomers:
    """Waits for several at once, until the house closes."""

    def __init__(self) -> None:
        self._patience: set[trio.CancelScope] = set()
        self._is_closed = False

    @contextmanager
    def wait(self, seconds: float) -> Iterator[None]:
        """Wait for one of them in this block, which is left when patience is over."""
        with trio.move_on_after(seconds) as patience:
            if self._is_closed:  # who was accepted in the last moment comes after the bell
                patience.cancel()
            self._patience.add(patience)
            try:
                yield
            finally:
                self._patience.remove(patience)

    def close(self) -> None:
        """Wait no longer, for anybody."""
        self._is_closed = True
        for patience in self._patience:
            patience.cancel()
