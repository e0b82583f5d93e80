"""Which nicknames are acceptable, and which two are the same."""

from itertools import combinations

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from backend.room.names import RESERVED, Nick, UnacceptableError, accept, same

ANY_TEXT = st.text(st.characters(exclude_categories=()))
LATIN = ["bob", "x", "7", "bob_the-2nd.", "x_1", "Zoë", "Łukasz", "Nguyễn"]
ALPHABETS = ["Владимир", "Владимир2", "Ελένη", "נועה", "محمد", "علی۱۲"]
SYLLABLES = ["नमस्ते", "क्षत्रिय", "สมชาย", "พี่ตั๊ก", "김철수", "たろう", "ガルル"]

SPACED = ["", "   ", "a b", "a\tb", "a\nb", "a\u00a0b", "a\u3000b", "\x00", "a\x1bb"]
PUNCTUATED = ["bob!", "<bob>", "a/b", "@bob", "#1", "a,b", "bob:", "'bob'", "co‐co", "a·b"]
SYMBOLS = ["🙂", "½", "a+b", "\U000e0041bob", "\ue000", "\uffff", "\u0378", "\ud800", "bob\ud800"]

SAME_LETTERS = [("Iris", "lris"), ("modern", "rnodern"), ("modern", "modem"), ("l1l", "lll")]
OTHER_LETTERS = [("сосо", "coco"), ("СОСО", "coco"), ("СОСО", "COCO"), ("οο", "oo")]
OTHER_KINDS = [("OO7", "007"), ("へいわ", "ヘいわ")]

NICKISH = st.text(st.sampled_from("aAbIlmnr0оОсСßſﬁÅé\u0301ïıİªⅣΣς１ｂ日本ｶﾞー.-_ "), max_size=8)
"""Short texts of characters that folding, composing and likening do something to."""


def refusal(proposed: str) -> str:
    """Why nobody can have this nick."""
    with pytest.raises(UnacceptableError) as caught:
        accept(proposed)
    return str(caught.value)


def accepted_or_none(proposed: str) -> Nick | None:
    """The nick, or None for a refusal; any other exception is the test's to fail on."""
    try:
        return accept(proposed)
    except UnacceptableError:
        return None


def alike(one: str, other: str) -> bool:
    """Whether two nicks could be mistaken for each other."""
    return bool(accept(one).looks & accept(other).looks)


# --- the same name ---


@pytest.mark.parametrize(
    "forms",
    [
        ("Bob", "bob", "BOB", "ｂｏｂ", "ＢＯＢ", " bob "),
        ("Straße", "STRASSE", "strasse"),
        ("Zoë", "Zoe\u0308", "ZOË"),
        ("ﬁona", "fiona", "Fiona"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος", "Σίσυφος"),
        ("ガル", "ｶﾞﾙ"),
        ("Åsa", "\u212bsa", "A\u030asa"),
    ],
    ids=lambda forms: forms[0],
)
def test_case_and_compatibility_form_make_no_other_person(forms: tuple[str, ...]) -> None:
    """All spellings of one name have one key, and ``same`` finds it."""
    assert len({accept(form).key for form in forms} | {same(form) for form in forms}) == 1


def test_different_names_have_different_keys() -> None:
    """Names are told apart by their letters, marks, digits and punctuation."""
    nicks = ["bob", "rob", "bob1", "bob_", "bob-", "bob.", "böb", "боб"]
    assert len({accept(nick).key for nick in nicks}) == len(nicks)


def test_a_nick_is_shown_as_its_bearer_wrote_it() -> None:
    """Case stays; width and composition are made ordinary."""
    assert accept("McBob").text == "McBob"
    assert accept("Ｂｏｂ").text == "Bob"
    assert accept("Zoe\u0308").text == "Zoë"


@pytest.mark.parametrize("typed", ["", "  ", "\u200b", "\ud800", "\x00"], ids=ascii)
def test_what_could_be_nobodys_name_is_the_same_as_nobodys(typed: str) -> None:
    """``same`` answers with the empty string, which no nick has for a key."""
    assert same(typed) == ""


# --- what a nick is made of ---


@pytest.mark.parametrize(
    "nick",
    [*LATIN, *ALPHABETS, *SYLLABLES],
)
def test_letters_of_one_script_with_digits_and_punctuation_are_a_nick(nick: str) -> None:
    """People are called what they are called, in any script."""
    assert accept(nick).text == nick


@pytest.mark.parametrize("nick", ["田中たろう", "田中カナ", "ヒロくん3", "金철수", "ㄅ一"])
def test_scripts_that_one_language_writes_together_may_be_mixed(nick: str) -> None:
    """Japanese, Korean and Bopomofo nicks may hold Han characters."""
    assert accept(nick).text == nick


@pytest.mark.parametrize("nick", ["bоb", "аdmin", "Ρaul", "bob三", "たろう김", "aб", "mе", "иa_1"])
def test_a_nick_of_two_scripts_is_refused(nick: str) -> None:
    """One foreign letter among the others is how one person passes for another."""
    assert refusal(nick) == "A username is written in one script"


@pytest.mark.parametrize(
    "nick",
    [*SPACED, *PUNCTUATED, *SYMBOLS],
    ids=ascii,
)
def test_anything_but_letters_digits_and_three_marks_is_refused(nick: str) -> None:
    """Spaces, symbols, other punctuation and half characters are no part of a nick."""
    assert refusal(nick).startswith("A username is made of letters, digits")


@pytest.mark.parametrize("nick", ["_", "-.-", "...", "\u0301", "\u0301a", "\u0903", "_\u0301"])
def test_a_nick_has_a_letter_or_a_digit_and_begins_with_no_mark(nick: str) -> None:
    """Punctuation or combining marks alone are nobody's name."""
    assert refusal(nick) == "A username needs a letter or a digit"


def test_a_nick_has_one_to_twenty_characters_as_a_reader_counts_them() -> None:
    """A letter with its marks is one character, however it is encoded."""
    for character in ("x", "e\u0301", "x\u0301", "স্ত", "ไ", "한", "m\u0325\u0301"):
        assert accept(character * 20)
        assert refusal(character * 21) == "A username has 1 to 20 characters"
    assert refusal("x" * 100_000) == "A username has 1 to 20 characters"


# --- tricks ---


@pytest.mark.parametrize(
    "trick",
    "\u200b\u200c\u200d\u200e\u200f\u202a\u202e\u2060\u2066\u2069\ufeff\u00ad\u034f\u061c\u180e"
    "\u115f\u1160\u3164\uffa0\u2800\u17b4\ufe0f\U000e0100\U000e0061",
    ids=ascii,
)
def test_an_invisible_or_reordering_character_makes_no_second_bob(trick: str) -> None:
    """Wherever it stands in the nick, the nick is refused or is plain ``bob`` after all."""
    for nick in (f"{trick}bob", f"b{trick}ob", f"bob{trick}", trick):
        accepted = accepted_or_none(nick)
        assert accepted is None or accepted.text == "bob"


@pytest.mark.parametrize(
    "zalgo", ["b" + "\u0300" * 5 + "ob", "bob" + "\u0315\u031b\u0321\u0489" * 3]
)
def test_a_pile_of_combining_marks_is_refused(zalgo: str) -> None:
    """No language needs more than four, and more would climb into other lines."""
    assert refusal(zalgo)


# --- names that pass for another ---


@pytest.mark.parametrize("name", ["meta", "system", "admin", "server", *sorted(RESERVED)])
def test_a_reserved_name_is_nobodys_in_any_form(name: str) -> None:
    """Nobody is called like the house, in whatever case or width, with whatever points in it."""
    pointed = (f"{name}.", f"_{name}_", f"{name[0]}-.{name[1:]}")
    wide = "".join(chr(ord(c) + 0xFEE0) for c in name)
    for form in (name, name.upper(), name.title(), wide, f" {name} ", *pointed):
        assert refusal(form) == "That username is reserved"


@pytest.mark.parametrize("nick", ["rneta", "Rneta", "adrnin", "ѕуѕор", "systern", "rnod"])
def test_a_look_alike_of_a_reserved_name_is_refused(nick: str) -> None:
    """What reads like the house's name is the house's, whatever its letters are."""
    assert refusal(nick)


def test_points_make_a_difference_between_other_names() -> None:
    """They are looked past where the house's names are concerned, and nowhere else."""
    assert not alike("a.b", "ab")
    assert accept("a.b").key != accept("ab").key
    assert accept("meta-data").text == "meta-data"


@pytest.mark.parametrize("nick", ["МЕТА", "НОЅТ", "ADMlN", "ΗΟЅΤ", "R00T", "МЕ"])
def test_a_look_alike_of_a_reserved_name_in_capitals_is_refused(nick: str) -> None:
    """Reserved names are so in capitals too; so is what only capitals make look like one."""
    assert refusal(nick)


@pytest.mark.parametrize(
    ("one", "other"),
    [*SAME_LETTERS, *OTHER_LETTERS, *OTHER_KINDS],
)
def test_two_nicks_that_a_reader_would_confuse_share_looks(one: str, other: str) -> None:
    """Different persons, yet too alike to be in one room."""
    assert accept(one).key != accept(other).key
    assert alike(one, other)


@pytest.mark.parametrize(("one", "other"), [("рара\u0301", "papá"), ("сосе\u0301", "cocé")])
def test_a_mark_does_not_hide_a_look_alike(one: str, other: str) -> None:
    """Looks are compared decomposed (TR39, 4), for only Latin has its acute letters composed."""
    assert accept(one).key != accept(other).key
    assert alike(one, other)


def test_forms_of_one_name_share_looks() -> None:
    """Who is the same also looks the same."""
    assert alike("Bob", "ｂｏｂ")
    assert alike("Straße", "STRASSE")


def test_ordinary_names_do_not_look_alike() -> None:
    """The check for look-alikes keeps no two ordinary people apart."""
    nicks = ["alice", "bob", "carol", "dave", "eve", "frank", "Zoë", "Zoe", "田中", "Владимир"]
    assert not [pair for pair in combinations(nicks, 2) if alike(*pair)]


# --- whatever is typed ---


@pytest.mark.parametrize("nick", ["", "a b", "x" * 21, "_", "bоb", "meta", "\ud800"], ids=ascii)
def test_a_reason_ends_without_a_full_stop(nick: str) -> None:
    """The door that shows it adds its own."""
    assert not refusal(nick).endswith(".")


@settings(deadline=None)
@given(ANY_TEXT | NICKISH)
@example("\ud800")
@example("İ" * 20)
@example("\u1e9e")
@example("ﷺ")
def test_any_text_is_accepted_or_refused_and_nothing_else(proposed: str) -> None:
    """The only exception is the refusal; a nick that is accepted is not empty."""
    nick = accepted_or_none(proposed)
    if nick is not None:
        assert nick.text
        assert nick.key in nick.looks
        assert same(proposed) == nick.key


@settings(deadline=None)
@given(NICKISH | st.text(st.characters(categories=["L", "Nd", "M"]), min_size=1, max_size=8))
def test_an_accepted_nick_is_acceptable_and_the_same_again(proposed: str) -> None:
    """Who types a nick just as it is shown names its bearer."""
    nick = accepted_or_none(proposed)
    assume(nick is not None)
    assert nick is not None
    assert accept(nick.text) == nick


@settings(deadline=None)
@given(ANY_TEXT)
def test_same_answers_for_any_text(typed: str) -> None:
    """Asking who is meant never fails."""
    assert isinstance(same(typed), str)
