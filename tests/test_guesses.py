"""Guesses at the operators' secret, with the time told."""

import pytest

from backend.net import guesses
from backend.net.guesses import FREE_GUESSES, MAX_GUESSES, PAUSE_SECONDS, Guesses
from backend.room.events import Dismissed, Noticed

SECRET = "correct horse"
WRONG = Noticed("That is not the secret.")
PAUSED = Noticed("Too many guesses: nothing is looked at for a minute.")


def test_the_secret_is_the_secret_and_nothing_else_is() -> None:
    """Not a part of it, not another case, and not nothing."""
    for number, guess in enumerate(["", "correct", "Correct Horse", "correct horse!", "é"]):
        assert Guesses(SECRET).refuse(guess, str(number), "c1", 0.0) == WRONG
    assert Guesses(SECRET).refuse(SECRET, "a", "c1", 0.0) is None


def test_a_secret_counts_as_it_would_be_typed() -> None:
    """Lines are cleaned before anything is made of them."""
    assert Guesses(" cafe\u0301\t1 ").refuse("café 1", "a", "c1", 0.0) is None


@pytest.mark.parametrize("secret", [None, "", "  ", "\u200b"])
def test_without_a_secret_there_are_no_operators(secret: str | None) -> None:
    """Whatever is typed, and nothing least of all."""
    for guess in ("", "x", "None"):
        answer = Guesses(secret).refuse(guess, "a", "c1", 0.0)
        assert answer == Noticed("There are no operators here.")


def test_after_a_few_wrong_guesses_the_right_one_is_refused_for_a_minute() -> None:
    """So that nothing can be learnt meanwhile; others are not kept from theirs."""
    desk = Guesses(SECRET)
    for second in range(FREE_GUESSES):
        assert desk.refuse("x", "a", "c1", float(second)) == WRONG
    last = FREE_GUESSES - 1.0
    assert desk.refuse(SECRET, "a", "c1", last) == PAUSED
    assert desk.refuse(SECRET, "b", "c1", last) is None
    assert desk.refuse(SECRET, "a", "c1", last + PAUSE_SECONDS - 0.1) == PAUSED
    assert desk.refuse(SECRET, "a", "c1", last + PAUSE_SECONDS) is None


def test_whoever_goes_on_guessing_is_shown_out() -> None:
    """Right or wrong by then; the next connection from there finds the pause as it is."""
    desk = Guesses(SECRET)
    answers = [desk.refuse("x", "a", "c1", 0.0) for _ in range(MAX_GUESSES - 1)]
    assert answers == [WRONG] * FREE_GUESSES + [PAUSED] * (MAX_GUESSES - 1 - FREE_GUESSES)
    for guess in ("x", SECRET):
        answer = desk.refuse(guess, "a", "c1", 1.0)
        assert isinstance(answer, Dismissed)
        assert answer.code == 1008
    assert desk.refuse(SECRET, "a", "c2", 1.0) == PAUSED
    assert desk.refuse(SECRET, "a", "c2", PAUSE_SECONDS) is None


def test_nobody_is_shown_out_for_what_a_neighbour_guesses() -> None:
    """The pause is for all who are there; the door is for the one who guessed."""
    desk = Guesses(SECRET)
    for _ in range(MAX_GUESSES):
        desk.refuse("x", "a", "c1", 0.0)
    for _ in range(MAX_GUESSES - 1):
        assert desk.refuse(SECRET, "a", "c2", 0.0) == PAUSED
    assert isinstance(desk.refuse(SECRET, "a", "c2", 0.0), Dismissed)


@pytest.mark.parametrize("line", ["correct horse", "it is correct  horse", "the CORRECT HORSE", ""])
def test_other_lines_give_nothing_away(line: str) -> None:
    """Only the secret itself does, wherever it stands and however it is hidden."""
    assert Guesses("correct  horse").is_given_away(line) == (line == "it is correct  horse")
    assert Guesses("correct  horse").is_given_away("x\x07correct\x00\t horsey")


@pytest.mark.parametrize("secret", [None, "", "short", "seven77"])
def test_a_short_secret_is_not_looked_for(secret: str | None) -> None:
    """It may be a word that operators need."""
    assert not Guesses(secret).is_given_away("short seven77")


def test_a_slow_guesser_is_not_taken_for_a_quick_one() -> None:
    """A slip of the finger is forgotten after a minute."""
    desk = Guesses(SECRET)
    for minute in range(10):
        assert desk.refuse("x", "a", "c1", minute * PAUSE_SECONDS) == WRONG


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one who has been quiet for longest is forgotten."""
    monkeypatch.setattr(guesses, "MAX_GUESSERS", 2)
    desk = Guesses(SECRET)
    for who in ("a", "b", "a", "a", "c"):
        desk.refuse("x", who, f"of {who}", 0.0)
    assert list(desk._by_address._counts) == ["a", "c"]
    assert list(desk._by_connection._counts) == ["of a", "of c"]
    assert desk.refuse(SECRET, "a", "c1", 0.0) == PAUSED
