"""What a member's line means."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.room.claims import claimed_secret, has_claim, masked
from backend.room.commands import (
    Act,
    Ban,
    Command,
    Help,
    Ignore,
    Kick,
    ListBans,
    ListMembers,
    Misused,
    Mute,
    Quit,
    Rename,
    Say,
    SetTopic,
    ShowTopic,
    Unban,
    Unignore,
    Whisper,
    parse,
)
from backend.room.usage import USAGE, help_text


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
        ("/ignore", Ignore("")),
        ("/ignore bob", Ignore("bob")),
        ("/unignore  bob", Unignore("bob")),
        ("/topic", ShowTopic()),
        ("/topic  all about  owls", SetTopic("all about  owls")),
        ("/topic -", SetTopic("")),
        ("/topic - owls", SetTopic("- owls")),
        ("/kick bob", Kick("bob", "")),
        ("/kick  bob  for  this", Kick("bob", "for  this")),
        ("/mute bob 30s", Mute("bob", 30)),
        ("/mute bob 0", Mute("bob", 0)),
        ("/mute bob 0m", Mute("bob", 0)),
        ("/ban bob 10m", Ban("bob", 600)),
        ("/ban bob 2H", Ban("bob", 7_200)),
        ("/BAN bob 1d", Ban("bob", 86_400)),
        ("/ban bob 99999d", Ban("bob", 99_999 * 86_400)),
        ("/unban bob", Unban("bob")),
        ("/bans", ListBans()),
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
        ("/unignore", "Usage: /unignore NAME"),
        ("/kick", "Usage: /kick NAME [REASON]"),
        ("/unban", "Usage: /unban NAME"),
        *[
            (f"/{command} bob{wrong}", f"Usage: /{command} NAME 30s|10m|2h|1d{zero}")
            for command, zero in (("mute", "|0"), ("ban", ""))
            for wrong in ("", " 10", " 10 m", " m", " -1m", " 1.5h", " ١m", " 100000d", " 1m x")
        ],
        ("/ban bob 0", "Usage: /ban NAME 30s|10m|2h|1d"),
        ("/ban bob 0s", "Usage: /ban NAME 30s|10m|2h|1d"),
    ],
)
def test_a_command_without_what_it_needs_says_how_it_is_typed(line: str, advice: str) -> None:
    """Nothing happens but a usage line."""
    assert parse(line) == Misused(advice)


@pytest.mark.parametrize(
    "line", ["/dance", "/", "/ me waves", "/mewaves", "/join #x", "/quit!", "/rich", "/op x"]
)
def test_an_unknown_command_is_told_of_help(line: str) -> None:
    """One notice names what was typed and ``/help``."""
    command = parse(line)
    assert isinstance(command, Misused)
    assert line.split(" ")[0] in command.advice
    assert "/help" in command.advice
    assert "\n" not in command.advice


EVERYBODYS = [
    *("/help", "/who", "/nick", "/me", "/msg", "/ignore", "/unignore", "/topic"),
    *("/history", "/tasks", "/source", "/demo", "/chaos", "/cancel", "/quit"),
]
OPERATORS = ["/kick", "/mute", "/ban", "/unban", "/bans"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (help_text("web"), EVERYBODYS),
        (help_text("telnet"), [*EVERYBODYS, "/color", "/rich"]),
        (help_text("web", is_operator=True), [*EVERYBODYS, *OPERATORS]),
        (help_text("telnet", is_operator=True), [*EVERYBODYS, *OPERATORS, "/color", "/rich"]),
    ],
)
def test_help_names_what_there_is_for_oneself_and_the_double_slash(
    text: str, names: list[str]
) -> None:
    """One line for each command, as it is typed, and then how to say a slash."""
    *rows, last = text.split("\n")
    assert [row.split(" ")[0] for row in rows] == names
    assert "//" in last
    assert set(names) <= set(USAGE)


# --- what is no command ---


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        ("/op owl", "owl"),
        ("/OP  two  words ", "two  words"),
        ("  /op owl", "owl"),
        ("\x00/o\x07p\towl\x00", "owl"),
        ("\u200b/op owl", "owl"),
        ("> /op owl", "owl"),
        ("/op\u00a0owl", "owl"),
        ("/op:owl", ":owl"),
        ("/op", ""),
        ("/op  ", ""),
    ],
    ids=ascii,
)
def test_whatever_looks_like_an_operators_secret_is_known_for_one(line: str, secret: str) -> None:
    """In any case, with anything around it that does not show, or hardly."""
    assert claimed_secret(line) == secret


@pytest.mark.parametrize("line", ["op owl", "//op owl", "/opossum", "what is /op?", "1/op", "/who"])
def test_other_lines_hold_no_secret(line: str) -> None:
    """People may talk about it."""
    assert claimed_secret(line) is None


@pytest.mark.parametrize(
    "line", ["bob: /op owl", "<bob>/op owl", "so\t/OP  owl!", "a /o\x07p owl", "/op owl"], ids=ascii
)
def test_a_secret_behind_other_words_is_known_as_well(line: str) -> None:
    """By its looks, whatever stands before it."""
    assert has_claim(line)


@pytest.mark.parametrize(
    "line", ["op owl", "//op owl", "what is /op?", "what is /op ", "/usr/op x", "/x"]
)
def test_what_only_resembles_it_may_be_said(line: str) -> None:
    """Nothing behind it, or not the word."""
    assert not has_claim(line)


@pytest.mark.parametrize(
    ("line", "shown"),
    [("/op owl", "/op ***"), ("hi /OP  a b", "hi /OP  ***"), ("/op", "/op"), ("//op a", "//op a")],
)
def test_a_secret_is_stars_on_the_screen(line: str, shown: str) -> None:
    """One for each character, so that the cursor stands where it should."""
    assert masked(line) == shown


def test_a_secret_in_a_line_too_long_to_look_at_is_one_all_the_same() -> None:
    """The line is not to be kept, however long."""
    assert claimed_secret("/op " + "x" * 1_000_000) is not None


@settings(deadline=None)
@given(st.text(min_size=1).map(lambda text: "/" + text) | st.text(min_size=1))
def test_any_line_means_something(line: str) -> None:
    """Whatever is typed, it is said unless it starts with one slash."""
    command = parse(line)
    if line.startswith("//"):
        assert command == Say(line[1:])
    else:
        assert (command == Say(line)) == (not line.startswith("/"))
