"""The page's menu of commands against the room's own list."""

import re
from pathlib import Path

from backend.room.usage import known

COMMANDS = Path(__file__).parent.parent / "frontend/js/commands.js"


def test_the_menu_offers_what_the_room_understands_and_says_the_same_of_it() -> None:
    """The page cannot ask before it is welcome, so the list stands in it a second time."""
    offered = re.findall(r"^  \['(.+)', '(.+)'\],$", COMMANDS.read_text(), re.MULTILINE)
    usages = known("web", is_operator=False).values()
    assert offered == [(usage.typed, usage.purpose) for usage in usages]
