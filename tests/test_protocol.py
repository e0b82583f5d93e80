"""The page for those who write clients says what the program does."""

import dataclasses
import re
from pathlib import Path

import pytest

import backend
from backend.room import codes
from backend.room.events import Dismissed, Event, Listed, Moderated
from backend.wire.frames import _TYPES
from tests.talkers import PROMPT

PAGE = (Path(backend.__path__[0]) / "PROTOCOL.md").read_text(encoding="utf-8")

ROWS = dict(re.findall(r"^\| `(\w+)` \| ((?:`\w+` ?)+) \|", PAGE, re.MULTILINE))
"""The fields, by type."""

AS_A_NOTICE = (Dismissed, Listed, Moderated)
"""Events of which only the text is told."""


@pytest.mark.parametrize("event", [event for event in _TYPES if event not in AS_A_NOTICE])
def test_every_frame_is_there_with_its_fields(event: type[Event]) -> None:
    """In their order."""
    fields = [field.name for field in dataclasses.fields(event)]
    assert re.findall(r"\w+", ROWS[_TYPES[event]]) == fields


def test_no_other_frame_is_there() -> None:
    """Nobody waits for what never comes."""
    assert set(ROWS) == set(_TYPES.values())


def test_every_close_code_of_ours_is_there() -> None:
    """What it means is in the program's own words, too."""
    ours = {str(value) for name, value in vars(codes).items() if name.isupper()}
    assert ours <= set(re.findall(r"^\| (\d{4}) \|", PAGE, re.MULTILINE))


def test_the_fixed_texts_are_there() -> None:
    """Those of the tutorial; which other tests compare with what is sent."""
    (texts,) = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
    assert texts.splitlines()[0] == PROMPT.strip()
