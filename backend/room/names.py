"""Which nicknames are acceptable, and which two are the same.

The rules are published ones: PRECIS nicknames (RFC 8266) for what is equal, Unicode TR39 for one
writing system per nick and for look-alikes. Knows nothing of who is in the room.
"""

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from confusable_homoglyphs import categories, confusables
from precis_i18n import get_profile
from wcwidth import iter_graphemes

MAX_CHARACTERS = 20
"""Longest nick, in grapheme clusters (what a reader calls characters): fits a list beside the
conversation, and the tutorial's ``<nick> :`` on a narrow terminal."""

MAX_MARKS = 4
"""Combining marks in a row; TR39 (5.4) calls more than four a spoof, and no language needs them."""

_MAX_CODE_POINTS = MAX_CHARACTERS * (1 + MAX_MARKS)

PUNCTUATION = "_-."

RESERVED = frozenset(
    {"admin", "administrator", "everyone", "here", "host", "me", "meta", "mod", "moderator"}
    | {"nobody", "operator", "owner", "root", "room", "server", "sysop", "system", "telnet"}
    | {"web", "you"}
)
"""Names that would pass for the house, or for no one in particular."""

_WRITING_SYSTEMS = (
    {"HAN", "HIRAGANA", "KATAKANA"},
    {"HAN", "HANGUL"},
    {"HAN", "BOPOMOFO"},
)
"""Scripts that one language writes together (TR39, "highly restrictive")."""

_ANY_SCRIPT = {"COMMON", "INHERITED"}

_DISPLAYED = get_profile("NicknameCasePreserved")
_COMPARED = get_profile("NicknameCaseMapped:CaseFold")


class UnacceptableError(ValueError):
    """This nick cannot be had by anybody; ``str(error)`` tells its bearer why."""


@dataclass(frozen=True, slots=True)
class Nick:
    """An acceptable nickname.

    Attributes:
        text: as shown.
        key: equal for nicks that are the same name.
        looks: everything it could be mistaken for; two nicks whose looks meet are too alike.
    """

    text: str
    key: str
    looks: frozenset[str]


def accept(proposed: str) -> Nick:
    """Turn what somebody typed into a nick.

    Raises:
        UnacceptableError: with a reason to show, without a full stop.
    """
    if len(proposed) > _MAX_CODE_POINTS:
        raise UnacceptableError(TOO_LONG)  # before any work that grows with it
    try:
        shown = _DISPLAYED.enforce(proposed)
        key = _COMPARED.enforce(proposed)
    except UnicodeEncodeError:
        raise UnacceptableError(_LETTERS) from None
    _check_characters(shown)
    nick = Nick(shown, key, _looks(shown, key))
    # Without what hardly shows in it: "admin." would pass for the house as well as "admin".
    if _looks(_bare(shown), _bare(key)) & _reserved_looks():
        raise UnacceptableError("That username is reserved")
    return nick


def same(typed: str) -> str:
    """The ``Nick.key`` that ``typed`` would have, or the empty string if it could be nobody's."""
    try:
        return str(_COMPARED.enforce(typed))
    except UnicodeEncodeError:
        return ""


_LETTERS = "A username is made of letters, digits, . _ and -"
TOO_LONG = f"A username has 1 to {MAX_CHARACTERS} characters"


def _check_characters(nick: str) -> None:
    if len(nick) > _MAX_CODE_POINTS or sum(1 for _ in iter_graphemes(nick)) > MAX_CHARACTERS:
        raise UnacceptableError(TOO_LONG)
    kinds = [unicodedata.category(c) for c in nick]
    for character, kind in zip(nick, kinds, strict=True):
        if not (kind[0] in "LM" or kind == "Nd" or character in PUNCTUATION):
            raise UnacceptableError(_LETTERS)
    if not any(kind[0] == "L" or kind == "Nd" for kind in kinds) or kinds[0][0] == "M":
        raise UnacceptableError("A username needs a letter or a digit")
    marks = "".join("m" if kind[0] == "M" else "." for kind in kinds)
    if "m" * (MAX_MARKS + 1) in marks:
        raise UnacceptableError(_LETTERS)
    scripts = {categories.alias(c) for c in nick} - _ANY_SCRIPT
    if len(scripts) > 1 and not any(scripts <= system for system in _WRITING_SYSTEMS):
        raise UnacceptableError("A username is written in one script")


def _looks(shown: str, key: str) -> frozenset[str]:
    # In all its cases: "Iris" passes for "lris" as it is, "ALlCE" for "alice" only in capitals.
    return frozenset({key, *map(_skeleton, (shown, key, key.upper()))})


def _bare(nick: str) -> str:
    return nick.translate(dict.fromkeys(map(ord, PUNCTUATION)))


def _skeleton(nick: str) -> str:
    """What the nick looks like (TR39 section 4): equal for two that a reader would confuse."""
    return "".join(map(_prototype, unicodedata.normalize("NFD", nick)))


@lru_cache(maxsize=4_096)
def _prototype(character: str) -> str:
    # The library keeps a star for each class of look-alikes: every member lists the prototype
    # alone, and the prototype lists all members. In a class of two the lesser one will do.
    alike = _homoglyphs(character)
    if len(alike) != 1:
        return character
    (other,) = alike
    return other if len(_homoglyphs(other)) > 1 else min(character, other)


def _homoglyphs(characters: str) -> list[str]:
    if len(characters) > 1:  # a prototype like "rn": the library finds single characters only
        return [characters, characters]
    found = confusables.is_confusable(characters)
    return [alike["c"] for alike in found[0]["homoglyphs"]] if found else []


@lru_cache(maxsize=1)
def _reserved_looks() -> frozenset[str]:
    return frozenset().union(*(_looks(name, name) for name in RESERVED))
