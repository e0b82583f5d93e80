"""How long to wait before each try to reach a room that has gone. Knows nothing of the trying."""

import random
from collections.abc import Iterator

FIRST_SECONDS = 1.0
LONGEST_SECONDS = 10.0
"""Less than a room keeps seats when it is back."""


def pauses() -> Iterator[float]:
    """Seconds before each try; never quite the same, or everybody would come at once."""
    pause = FIRST_SECONDS
    while True:
        yield pause * random.uniform(0.5, 1.0)
        pause = min(pause * 2, LONGEST_SECONDS)
