"""Entries as text: one JSON object each, for files and for other machines.

Knows the shape of entries, and nothing of where the text is kept.
"""

import json
from typing import get_args

from backend.room.entries import Entry

# Not "ensure_ascii=False": a lone surrogate, which a line may have, is no UTF-8.
_to_text = json.JSONEncoder(separators=(",", ":")).encode

_TYPES: dict[str, type[Entry]] = {kind.__name__: kind for kind in get_args(Entry)}


def encode(entry: Entry) -> str:
    """The entry as one line of JSON: ``type``, and its fields."""
    kind = type(entry)  # flat, so no need for "asdict", which takes as long as all else here
    fields = {name: getattr(entry, name) for name in kind.__slots__}
    return _to_text({"type": kind.__name__, **fields})


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
