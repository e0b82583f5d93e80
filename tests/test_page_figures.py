"""What the page says a second time of the program, because it cannot ask."""

import re
from pathlib import Path

from backend.net.outbox import MAX_BYTES
from backend.net.theatre import STORM
from backend.room.usage import USAGE

JS = Path(__file__).parent.parent / "frontend/js"


def test_a_full_gauge_is_a_full_outbox() -> None:
    """Whoever sees it full sees somebody given up as too slow."""
    full = re.search(r"const FULL = (\d+) \* 1024;", (JS / "treeitem.js").read_text())
    assert full is not None
    assert int(full[1]) * 1024 == MAX_BYTES


def test_the_buttons_of_the_theatre_name_acts_that_there_are() -> None:
    """As somebody would type them, and the storm has as many children as its button says."""
    script = (JS / "acts.js").read_text()
    lines = re.findall(r"^  \['\w+', '(/[^']+)',", script, re.MULTILINE)
    typed = {"/demo": "/demo", "/chaos": "/chaos crash|stall|storm"}
    assert {command: USAGE[command].typed for command in typed} == typed
    assert sorted(lines) == ["/chaos crash", "/chaos stall", "/chaos storm", "/demo"]
    assert f"{STORM} children" in script
