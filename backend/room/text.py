"""What may be said: hygiene for every line, whichever door it came through.

Knows characters only; not who said it, nor what it means.
"""

import unicodedata

MAX_CHARACTERS = 1_000
"""Longest line, in code points: long enough for a paragraph, short enough to read aloud."""

MAX_RAW_CHARACTERS = 4 * MAX_CHARACTERS
"""Longest line looked at before it is cleaned: normalizing can take time that grows faster than
the line. Whatever falls away in cleaning is small beside this."""

TOO_LONG = f"That line is too long: the limit is {MAX_CHARACTERS:,} characters. Nothing was sent."

_SPACES = "\t\n\r\u2028\u2029"
"""Tab, and whatever would break one line into two: each becomes a space."""

_BIDI_CONTROLS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Embeddings, overrides and isolates. Unbalanced ones reorder the text that comes *after* the
line, so none is let in; the marks LRM, RLM and ALM reach no further than themselves and stay."""

_SURROGATES = range(0xD800, 0xE000)
"""Half characters: no UTF-8 exists for them, so one would break every encoder downstream."""

_CONTROLS = (*range(0x20), *range(0x7F, 0xA0))
"""C0, DEL and C1: a terminal obeys them."""

_INKLESS = {
    *"\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0",
    *map(chr, range(0xFE00, 0xFE10)),
    *map(chr, range(0xE0100, 0xE01F0)),
}
"""Letters, marks and symbols that are drawn as nothing: fillers, joiners, variation selectors. They
have their uses inside a word or an emoji; a line of nothing else is an empty line."""

_HYGIENE: dict[int, str | None] = {
    **dict.fromkeys(_SURROGATES),
    **dict.fromkeys(_CONTROLS),
    **dict.fromkeys(map(ord, _BIDI_CONTROLS)),
    **{ord(c): " " for c in _SPACES},
}


def clean(raw: str) -> str:
    """One line of ordinary text in NFC: no controls, no line breaks, nothing that reorders others.

    Text in which nothing is visible comes back empty. The length is not looked at; see
    ``MAX_CHARACTERS``.
    """
    text = unicodedata.normalize("NFC", raw.translate(_HYGIENE)).strip()
    return text if any(_is_visible(c) for c in text) else ""


def _is_visible(character: str) -> bool:
    # Separators (Z*) and everything "other" (Cc, Cf, Cn, ...) leave no mark on the screen.
    return unicodedata.category(character)[0] not in "ZC" and character not in _INKLESS
