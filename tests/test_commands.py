"""What a member's line means."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.room.commands import (
    USAGE,
    Act,
    Command,
    Help,
    ListMembers,
    Misused,
    Quit,
    Rename,
    Say,
    Whisper,
    help_text,
    parse,
)


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("hi alice, how are you", Say("hi alice, how are you")),
        ("and/or", Say("and/or")),
        (" /who", Say(" /who")),
        ("/help", Help()),
        ("/who", ListMembers()),
        ("/nick Bob", Rename("Bob")),
        ("/nick  two words", Rename("two words")),
        ("/me waves  twice", Act("waves  twice")),
        ("/msg bob hi  there", Whisper("bob", "hi  there")),
        ("/msg   bob   hi", Whisper("bob", "hi")),
        ("/msg bob /who", Whisper("bob", "/who")),
        ("/quit", Quit("")),
        ("/quit  off to bed", Quit("off to bed")),
    ],
)
def test_a_line_is_said_or_is_the_command_it_begins_with(line: str, command: Command) -> None:
    """The grammar, one example of each rule."""
    assert parse(line) == command


@pytest.mark.parametrize(
    ("line", "said"),
    [("//", "/"), ("//me waves", "/me waves"), ("///", "//"), ("// a", "/ a"), ("//QUIT", "/QUIT")],
)
def test_two_slashes_say_a_line_that_starts_with_one(line: str, said: str) -> None:
    """The first slash goes, and nothing else."""
    assert parse(line) == Say(said)


@pytest.mark.parametrize("line", ["/HELP", "/Help", "/hElP"])
def test_a_commands_case_does_not_matter(line: str) -> None:
    """``/HELP`` is ``/help``."""
    assert parse(line) == Help()


def test_only_the_commands_name_is_without_case() -> None:
    """What follows stays as typed."""
    assert parse("/ME Waves") == Act("Waves")
    assert parse("/Msg Bob HI") == Whisper("Bob", "HI")
    assert parse("/NICK BoB") == Rename("BoB")
    assert parse("/QUIT Bye") == Quit("Bye")


@pytest.mark.parametrize(
    ("line", "advice"),
    [
        ("/nick", "Usage: /nick NAME"),
        ("/me", "Usage: /me TEXT"),
        ("/ME", "Usage: /me TEXT"),
        ("/msg", "Usage: /msg NAME TEXT"),
        ("/msg bob", "Usage: /msg NAME TEXT"),
        ("/msg bob ", "Usage: /msg NAME TEXT"),
    ],
)
def test_a_command_without_what_it_needs_says_how_it_is_typed(line: str, advice: str) -> None:
    """Nothing happens but a usage line."""
    assert parse(line) == Misused(advice)


@pytest.mark.parametrize("line", ["/dance", "/", "/ me waves", "/mewaves", "/join #x", "/quit!"])
def test_an_unknown_command_is_told_of_help(line: str) -> None:
    """One notice names what was typed and ``/help``."""
    command = parse(line)
    assert isinstance(command, Misused)
    assert line.split(" ")[0] in command.advice
    assert "/help" in command.advice
    assert "\n" not in command.advice


def test_help_names_every_command_and_the_double_slash() -> None:
    """One line for each, as it is typed, and then how to say a slash."""
    *rows, last = help_text("web").split("\n")
    assert [row.split(" ")[0] for row in rows] == list(USAGE)
    assert list(USAGE) == ["/help", "/who", "/nick", "/me", "/msg", "/quit"]
    assert "//" in last
    *rows, _ = help_text("telnet").split("\n")
    assert [row.split(" ")[0] for row in rows] == [*USAGE, "/color", "/rich"]


@settings(deadline=None)
@given(st.text(min_size=1).map(lambda text: "/" + text) | st.text(min_size=1))
def test_any_line_means_something(line: str) -> None:
    """Whatever is typed, it is said unless it starts with one slash."""
    command = parse(line)
    if line.startswith("//"):
        assert command == Say(line[1:])
    else:
        assert (command == Say(line)) == (not line.startswith("/"))
