"""Entries as text: one JSON object each, for files and for other machines.

Knows the shape of entries, and nothing of where the text is kept.
"""

import json
from dataclasses import asdict
from typing import get_args

from backend.room.entries import Entry

_TYPES: dict[str, type[Entry]] = {kind.__name__: kind for kind in get_args(Entry)}


def encode(entry: Entry) -> str:
    """The entry as one line of JSON: ``type``, and its fields."""
    # Not "ensure_ascii=False": a lone surrogate, which a line may have, is no UTF-8.
    return json.dumps({"type": type(entry).__name__, **asdict(entry)}, separators=(",", ":"))


def decode(text: str) -> Entry:
    """What ``encode`` made a text of.

    Raises:
        ValueError: it is no such text.
    """
    try:
        fields = json.loads(text)
        return _TYPES[fields.pop("type")](**fields)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not an entry: {text[:100]!r}") from error
