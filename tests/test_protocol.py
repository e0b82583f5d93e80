"""The page for those who write clients says what the program does."""

import dataclasses
import re
from pathlib import Path

import pytest

import backend
from backend.bridge.seat import _CUES
from backend.room import codes
from backend.room.events import Dismissed, Event, Listed, Moderated
from backend.wire.frames import _TYPES
from tests.talkers import PROMPT

PAGE = (Path(backend.__path__[0]) / "PROTOCOL.md").read_text(encoding="utf-8")


def rows(title: str) -> dict[str, list[str]]:
    """The fields of each type, in the section with this title."""
    _, _, section = PAGE.partition(f"## {title}\n")
    found = re.findall(
        r"^\| `(\w+)` \| ((?:`\w+` ?)*)\|", section.partition("\n## ")[0], re.MULTILINE
    )
    return {type: re.findall(r"\w+", fields) for type, fields in found}


FRAMES = rows("The websocket `/ws`")

AS_A_NOTICE = (Dismissed, Listed, Moderated)
"""Events of which only the text is told."""


@pytest.mark.parametrize("event", [event for event in _TYPES if event not in AS_A_NOTICE])
def test_every_frame_is_there_with_its_fields(event: type[Event]) -> None:
    """In their order."""
    fields = [field.name for field in dataclasses.fields(event)]
    assert FRAMES[_TYPES[event]] == fields


def test_no_other_frame_is_there() -> None:
    """Nobody waits for what never comes."""
    assert set(FRAMES) == set(_TYPES.values())


def test_every_cue_is_there_with_its_fields() -> None:
    """And no other; this is what a bridge understands."""
    understood = {type: list(fields) for type, fields in _CUES.items()}
    assert rows("The websocket `/telnet`") == understood


def test_every_close_code_of_ours_is_there() -> None:
    """What it means is in the program's own words, too."""
    ours = {str(value) for name, value in vars(codes).items() if name.isupper()}
    assert ours <= set(re.findall(r"^\| (\d{4}) \|", PAGE, re.MULTILINE))


def test_the_fixed_texts_are_there() -> None:
    """Those of the tutorial; which other tests compare with what is sent."""
    (texts,) = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
    assert texts.splitlines()[0] == PROMPT.strip()
