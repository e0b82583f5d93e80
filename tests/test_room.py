"""The room as scripts: entries in, then the exact deliveries.

A connection's id is the nick it first had, so ``play.says("bob", ...)`` reads as it should.
"""

import pytest

from backend.room import names, text
from backend.room.deliveries import Delivery
from backend.room.entries import Arrived, Entry, Gone, Line, Overlong, Via
from backend.room.events import (
    Acted,
    Dismissed,
    Event,
    Joined,
    Left,
    Listed,
    Noticed,
    Person,
    Prompted,
    Renamed,
    Said,
    Welcomed,
    Whispered,
)
from backend.room.members import RENAME_SECONDS, RENAMES
from backend.room.room import Room
from backend.room.usage import help_text

AT = 1_700_000_000.0


class Play:
    """A room and its script so far; every step answers with what it led to."""

    def __init__(self) -> None:
        self.room = Room()

    def arrives(self, who: str, via: Via = "telnet") -> list[Delivery]:
        """A connection opens."""
        return self._apply(Arrived(who, via, f"{who}'s token", AT))

    def _apply(self, entry: Entry) -> list[Delivery]:
        # Who gets it is what counts here, however it is said.
        return [to(each.event, *each.recipients) for each in self.room.apply(entry)]

    def says(self, who: str, line: str, at: float = AT) -> list[Delivery]:
        """A connection sends a line."""
        return self._apply(Line(who, line, at))

    def says_too_much(self, who: str) -> list[Delivery]:
        """A connection sends a line that its door did not keep."""
        return self._apply(Overlong(who, AT))

    def goes(self, who: str, reason: str = "") -> list[Delivery]:
        """A connection closes."""
        return self._apply(Gone(who, reason, AT))


def with_people(**people: Via) -> Play:
    """A room in which these people are already; each took one id to join."""
    play = Play()
    for who, via in people.items():
        play.arrives(who, via)
        play.says(who, who)
    return play


def to(event: Event, *connections: str) -> Delivery:
    """This event, for these connections in this order."""
    return Delivery(event, connections)


def welcome(nick: str, via: Via, *members: tuple[str, Via], last: int) -> Welcomed:
    """The welcome to the connection that has this nick for an id."""
    here = tuple(Person(*member) for member in members)
    return Welcomed(nick, via, f"{nick}'s token", False, here, len(here), last)


# --- coming in ---


def test_the_tutorials_transcript() -> None:
    """Prompt, welcome, taken, joined, talk, left: the conversation this program grew from."""
    play = Play()
    assert play.arrives("alice") == [to(Prompted(), "alice")]
    assert play.says("alice", "alice") == [
        to(welcome("alice", "telnet", ("alice", "telnet"), last=1), "alice"),
        to(Joined(1, AT, "alice", "telnet")),
    ]
    assert play.arrives("bob") == [to(Prompted(), "bob")]
    assert play.says("bob", "alice") == [to(Prompted("Username taken"), "bob")]
    assert play.says("bob", "bob") == [
        to(welcome("bob", "telnet", ("alice", "telnet"), ("bob", "telnet"), last=2), "bob"),
        to(Joined(2, AT, "bob", "telnet"), "alice"),
    ]
    assert play.says("bob", "hi alice, how are you") == [
        to(Said(3, AT, "bob", "telnet", "hi alice, how are you"), "alice")
    ]
    assert play.says("alice", "good") == [to(Said(4, AT, "alice", "telnet", "good"), "bob")]
    assert play.goes("bob") == [to(Left(5, AT, "bob", ""), "alice")]


@pytest.mark.parametrize("form", ["alice", "Alice", "ALICE", "ａｌｉｃｅ", " alice "])
def test_a_taken_name_is_refused_and_asked_for_again(form: str) -> None:
    """The same name in another case or width is the same name; the next one may do."""
    play = with_people(alice="telnet")
    play.arrives("bob")
    assert play.says("bob", form) == [to(Prompted("Username taken"), "bob")]
    assert play.says("bob", "bob")[1] == to(Joined(2, AT, "bob", "telnet"), "alice")


@pytest.mark.parametrize(("held", "proposed"), [("lris", "Iris"), ("coco", "сосо")])
def test_a_look_alike_of_somebody_here_is_refused(held: str, proposed: str) -> None:
    """Nobody can pass for somebody who is in the room."""
    people: dict[str, Via] = {held: "telnet"}
    play = with_people(**people)
    play.arrives("other")
    assert play.says("other", proposed) == [
        to(Prompted(f"That looks too much like {held}"), "other")
    ]


def test_an_unacceptable_name_is_refused_with_its_reason() -> None:
    """The reason is the name rules' own."""
    play = Play()
    play.arrives("bob")
    assert play.says("bob", "meta") == [to(Prompted("That username is reserved"), "bob")]
    assert play.says("bob", "x" * 21) == [to(Prompted(names.TOO_LONG), "bob")]
    assert not play.room.members()


def test_an_empty_name_is_asked_for_again_without_reproach() -> None:
    """Return alone, or nothing visible, is no name and no fault."""
    play = Play()
    play.arrives("bob")
    assert play.says("bob", "") == [to(Prompted(), "bob")]
    assert play.says("bob", " \x1b\u200b ") == [to(Prompted(), "bob")]


def test_a_name_is_cleaned_like_any_line() -> None:
    """A stray control or trailing space is no part of the name."""
    play = Play()
    play.arrives("bob")
    assert play.says("bob", "\x00bob \t")[1] == to(Joined(1, AT, "bob", "telnet"))


def test_a_command_is_no_name() -> None:
    """Before joining the grammar has names and ``/quit`` only."""
    play = Play()
    play.arrives("bob")
    for line in ("/who", "/me waves", "/nick bob", "//quit"):
        (answer,) = play.says("bob", line)
        assert isinstance(answer.event, Prompted)
        assert answer.event.reason
    assert not play.room.members()


def test_a_newcomer_by_web_is_welcomed_with_everybody_here() -> None:
    """The welcome lists the members in the order they came, with their doors, oneself included."""
    play = with_people(alice="telnet", bob="web")
    play.arrives("carol", "web")
    here: list[tuple[str, Via]] = [("alice", "telnet"), ("bob", "web"), ("carol", "web")]
    assert play.says("carol", "carol") == [
        to(welcome("carol", "web", *here, last=3), "carol"),
        to(Joined(3, AT, "carol", "web"), "alice", "bob"),
    ]


def test_who_has_not_joined_hears_nothing() -> None:
    """A connection at the name prompt gets none of the conversation."""
    play = with_people(alice="telnet", bob="web")
    play.arrives("eve", "web")
    assert play.says("bob", "psst") == [to(Said(3, AT, "bob", "web", "psst"), "alice", "bob")]
    assert not play.room.is_member("eve")


# --- talking ---


def test_a_telnet_speaker_does_not_get_their_own_line() -> None:
    """It is on their screen already."""
    play = with_people(alice="telnet", bob="telnet", carol="web")
    assert play.says("alice", "hi") == [to(Said(4, AT, "alice", "telnet", "hi"), "bob", "carol")]


def test_a_browser_gets_its_own_line_as_the_receipt() -> None:
    """Everybody gets what is said by web, in the order they came in."""
    play = with_people(alice="telnet", bob="web", carol="web")
    assert play.says("bob", "hi") == [to(Said(4, AT, "bob", "web", "hi"), "alice", "bob", "carol")]


def test_a_deed_goes_to_those_a_saying_would_go_to() -> None:
    """``/me`` by telnet and by web."""
    play = with_people(alice="telnet", bob="web")
    assert play.says("alice", "/me waves") == [to(Acted(3, AT, "alice", "telnet", "waves"), "bob")]
    assert play.says("bob", "/me bows") == [
        to(Acted(4, AT, "bob", "web", "bows"), "alice", "bob"),
    ]


def test_a_double_slash_says_a_slash() -> None:
    """``//who`` says ``/who``."""
    play = with_people(alice="telnet", bob="telnet")
    assert play.says("alice", "//who") == [to(Said(3, AT, "alice", "telnet", "/who"), "bob")]


def test_what_is_said_is_cleaned() -> None:
    """Controls are gone and separators are spaces before anybody hears it."""
    play = with_people(alice="telnet", bob="telnet")
    assert play.says("alice", " \x1b[1mhi\u2028<meta>:\tcafe\u0301 \u202e") == [
        to(Said(3, AT, "alice", "telnet", "[1mhi <meta>: café"), "bob")
    ]


@pytest.mark.parametrize("line", ["", "  ", "\t", "\x00", "\u200b"], ids=ascii)
def test_an_empty_line_is_nothing(line: str) -> None:
    """Nobody hears that nothing was said, and no id is spent."""
    play = with_people(alice="telnet", bob="telnet")
    assert play.says("alice", line) == []
    assert play.says("alice", "hi") == [to(Said(3, AT, "alice", "telnet", "hi"), "bob")]


def test_the_time_of_an_event_is_its_entrys() -> None:
    """The room has no clock of its own."""
    play = with_people(alice="telnet", bob="telnet")
    assert play.says("alice", "hi", at=7.5) == [to(Said(3, 7.5, "alice", "telnet", "hi"), "bob")]


def test_a_refusal_spends_no_id() -> None:
    """Ids count what everybody could see."""
    play = with_people(alice="telnet", bob="telnet")
    for line in ("/who", "/help", "/dance", "/nick bob", "/msg bob hi", "x" * 1_001):
        play.says("alice", line)
    assert play.says("alice", "hi") == [to(Said(3, AT, "alice", "telnet", "hi"), "bob")]


# --- too long ---


def test_a_thousand_characters_are_said_and_one_more_is_refused_whole() -> None:
    """A longer line is not half-sent: its author is told the limit, nobody else hears of it."""
    play = with_people(alice="telnet", bob="telnet")
    longest = "é" * 1_000
    assert play.says("alice", longest) == [to(Said(3, AT, "alice", "telnet", longest), "bob")]
    assert play.says("alice", longest + "!") == [to(Noticed(text.TOO_LONG, refused=True), "alice")]


def test_characters_are_counted_as_they_would_be_said() -> None:
    """Controls, spaces around and decomposed letters do not count against the limit."""
    play = with_people(alice="telnet", bob="telnet")
    typed = "  " + "e\u0301\x00" * 1_000 + "\r\n"
    assert play.says("alice", typed) == [to(Said(3, AT, "alice", "telnet", "é" * 1_000), "bob")]


def test_a_line_its_door_did_not_keep_is_refused_with_the_limit() -> None:
    """For a member it is a line too long, for a newcomer a name too long."""
    play = with_people(alice="telnet")
    assert play.says_too_much("alice") == [to(Noticed(text.TOO_LONG, refused=True), "alice")]
    play.arrives("bob")
    assert play.says_too_much("bob") == [to(Prompted(names.TOO_LONG), "bob")]
    assert play.says("bob", "bob")[1] == to(Joined(2, AT, "bob", "telnet"), "alice")


@pytest.mark.parametrize("length", [21, 1_000, 1_001, 8_192])
def test_a_long_line_at_the_name_prompt_is_a_name_too_long(length: int) -> None:
    """The limit that is told is the name's."""
    play = Play()
    play.arrives("bob")
    assert play.says("bob", "x" * length) == [to(Prompted(names.TOO_LONG), "bob")]


# --- commands ---


def test_who_lists_everybody_to_the_one_who_asks() -> None:
    """Nicks and doors, in the order people came in."""
    play = with_people(alice="telnet", bob="web")
    play.arrives("eve")
    assert play.says("alice", "/who") == [to(Listed(play.room.members(), 2), "alice")]
    assert play.room.members() == (Person("alice", "telnet"), Person("bob", "web"))


def test_help_is_for_the_one_who_asks() -> None:
    """One notice, one command a line."""
    play = with_people(alice="telnet", bob="web")
    assert play.says("bob", "/HELP") == [to(Noticed(help_text("web")), "bob")]


def test_an_unknown_command_gets_one_notice_that_names_help() -> None:
    """It is not said to the room."""
    play = with_people(alice="telnet", bob="telnet")
    assert play.says("alice", "/dance now") == [
        to(Noticed("There is no /dance here. Type /help for what there is."), "alice")
    ]


def test_a_command_without_what_it_needs_gets_its_usage() -> None:
    """The notice says what to type."""
    play = with_people(alice="telnet")
    assert play.says("alice", "/msg bob") == [to(Noticed("Usage: /msg NAME TEXT"), "alice")]


# --- renaming ---


def test_a_new_nick_is_told_to_everybody_and_frees_the_old_one() -> None:
    """The renamed one hears it too, keeps the place in the list, and speaks under the new nick."""
    play = with_people(alice="telnet", bob="web")
    assert play.says("alice", "/nick Carol") == [
        to(Renamed(3, AT, "alice", "Carol"), "alice", "bob")
    ]
    assert play.room.members() == (Person("Carol", "telnet"), Person("bob", "web"))
    assert play.says("alice", "hi") == [to(Said(4, AT, "Carol", "telnet", "hi"), "bob")]
    assert play.says("bob", "/nick ALICE") == [
        to(Renamed(5, AT, "bob", "ALICE"), "alice", "bob"),
    ]


def test_the_case_of_ones_own_nick_can_be_changed() -> None:
    """One's own name is not taken by oneself."""
    play = with_people(alice="telnet", bob="telnet")
    assert play.says("alice", "/nick ALICE") == [
        to(Renamed(3, AT, "alice", "ALICE"), "alice", "bob")
    ]


def test_a_nick_that_looks_like_ones_own_can_be_taken() -> None:
    """Nor does one look too much like oneself."""
    play = with_people(lris="telnet")
    assert play.says("lris", "/nick Iris") == [to(Renamed(2, AT, "lris", "Iris"), "lris")]


def test_a_taken_nick_is_refused_to_a_member() -> None:
    """One notice to the one who asked; the nick stays what it was."""
    play = with_people(alice="telnet", bob="telnet")
    assert play.says("alice", "/nick BOB") == [to(Noticed("Username taken."), "alice")]
    assert play.says("alice", "hi") == [to(Said(3, AT, "alice", "telnet", "hi"), "bob")]


def test_a_look_alike_or_reserved_nick_is_refused_to_a_member() -> None:
    """The rules of the prompt hold for ``/nick``, even for one letter's case."""
    play = with_people(lris="telnet", iris="telnet")
    assert play.says("iris", "/nick Iris") == [
        to(Noticed("That looks too much like lris."), "iris")
    ]
    assert play.says("iris", "/nick meta") == [to(Noticed("That username is reserved."), "iris")]


def test_nicks_cannot_be_changed_without_end() -> None:
    """A few at once, and another one every while; a clock set back changes nothing."""
    play = with_people(alice="telnet")
    for number in range(RENAMES):
        assert isinstance(play.says("alice", f"/nick a{number}")[0].event, Renamed)
    refused = [to(Noticed("You have changed your name too often, wait a while."), "alice")]
    assert play.says("alice", "/nick enough") == refused
    assert play.says("alice", "/nick enough", AT - 3_600) == refused
    assert play.says("alice", "/nick enough", AT + RENAME_SECONDS - 1) == refused
    (renamed,) = play.says("alice", "/nick enough", AT + RENAME_SECONDS)
    assert isinstance(renamed.event, Renamed)


def test_a_rename_to_the_same_nick_is_told_so() -> None:
    """Nothing happened, so nobody else hears of it."""
    play = with_people(alice="telnet", bob="telnet")
    assert play.says("alice", "/nick alice") == [to(Noticed("You are alice already."), "alice")]
    assert play.says("alice", "/nick ａlice") == [to(Noticed("You are alice already."), "alice")]


# --- whispering ---


def test_a_whisper_by_telnet_goes_to_that_person_alone() -> None:
    """The whisperer's terminal shows what was typed on it; the third person gets nothing."""
    play = with_people(alice="telnet", bob="web", carol="web")
    assert play.says("alice", "/msg bob hi there") == [
        to(Whispered(AT, "alice", "bob", "hi there"), "bob")
    ]


def test_a_whisper_by_web_comes_back_as_the_receipt() -> None:
    """A browser gets its own whisper like its own line."""
    play = with_people(alice="telnet", bob="web", carol="web")
    assert play.says("bob", "/msg alice hi") == [
        to(Whispered(AT, "bob", "alice", "hi"), "alice", "bob")
    ]


@pytest.mark.parametrize("typed", ["Bob", "BOB", "ｂｏｂ"])
def test_a_whisper_finds_its_person_in_any_form_of_the_nick(typed: str) -> None:
    """The event carries the nick as its bearer wrote it."""
    play = with_people(alice="telnet", bob="telnet")
    assert play.says("alice", f"/msg {typed} hi") == [
        to(Whispered(AT, "alice", "bob", "hi"), "bob")
    ]


@pytest.mark.parametrize("via", ["telnet", "web"])
def test_a_whisper_to_oneself_arrives_once(via: Via) -> None:
    """Whoever talks to themselves is heard once."""
    play = with_people(alice=via)
    assert play.says("alice", "/msg alice hi") == [
        to(Whispered(AT, "alice", "alice", "hi"), "alice")
    ]


@pytest.mark.parametrize("nobody", ["carol", "eve", "\u200bbob", "!"], ids=ascii)
def test_a_whisper_to_nobody_here_is_told_so(nobody: str) -> None:
    """Who is still at the prompt is not here, and a look-alike is not the person."""
    play = with_people(alice="telnet", bob="telnet")
    play.arrives("eve")
    assert play.says("alice", f"/msg {nobody} hi") == [
        to(Noticed(f"There is no {nobody} here."), "alice")
    ]


# --- leaving ---


def test_quit_says_goodbye_and_the_others_hear_of_it() -> None:
    """The quitter gets a goodbye and not their own leaving; the close code is the normal one."""
    play = with_people(alice="telnet", bob="web", carol="web")
    assert play.says("bob", "/quit") == [
        to(Dismissed("Goodbye bob.", 1000), "bob"),
        to(Left(4, AT, "bob", ""), "alice", "carol"),
    ]
    assert not play.room.is_member("bob")


def test_a_reason_to_quit_is_told() -> None:
    """``/quit REASON`` gives the others the reason."""
    play = with_people(alice="telnet", bob="telnet")
    assert play.says("bob", "/quit off  to bed") == [
        to(Dismissed("Goodbye bob.", 1000), "bob"),
        to(Left(3, AT, "bob", "off  to bed"), "alice"),
    ]


@pytest.mark.parametrize("line", ["/quit", "/QUIT", "/quit no name pleases you"])
def test_quit_works_at_the_name_prompt_too(line: str) -> None:
    """Nobody joined, so nobody hears of it, and nothing more comes of that connection."""
    play = with_people(alice="telnet")
    play.arrives("bob")
    assert play.says("bob", line) == [to(Dismissed("Goodbye.", 1000), "bob")]
    assert play.says("bob", "bob") == []
    assert play.goes("bob") == []


def test_a_connection_that_closes_leaves_the_room() -> None:
    """The reason, if there is one, is told, clean."""
    play = with_people(alice="telnet", bob="telnet", carol="web")
    assert play.goes("carol", "too\x00 slow") == [
        to(Left(4, AT, "carol", "too slow"), "alice", "bob")
    ]
    assert play.goes("bob") == [to(Left(5, AT, "bob", ""), "alice")]
    assert play.goes("alice") == [to(Left(6, AT, "alice", ""))]
    assert play.room.members() == ()


def test_a_connection_that_closes_at_the_prompt_leaves_no_trace() -> None:
    """Who was never in cannot leave."""
    play = with_people(alice="telnet")
    play.arrives("bob")
    assert play.goes("bob") == []
    assert play.says("bob", "bob") == []


@pytest.mark.parametrize("farewell", ["", "/quit"])
def test_the_nick_of_who_left_is_free_again(farewell: str) -> None:
    """So are its look-alikes."""
    play = with_people(lris="telnet")
    if farewell:
        play.says("lris", farewell)
    play.goes("lris")
    play.arrives("other")
    play.says("other", "Iris")
    assert play.room.members() == (Person("Iris", "telnet"),)


def test_a_quitters_closing_is_not_a_second_leaving() -> None:
    """Everybody hears of it once."""
    play = with_people(alice="telnet", bob="telnet")
    play.says("bob", "/quit")
    assert play.goes("bob", "reset") == []
    assert play.says("bob", "hello?") == []


def test_an_entry_about_an_unknown_connection_does_nothing() -> None:
    """A log may hold echoes of connections that are not here any more."""
    play = with_people(alice="telnet")
    assert play.says("ghost", "boo") == []
    assert play.says_too_much("ghost") == []
    assert play.goes("ghost", "never was") == []
    assert play.room.members() == (Person("alice", "telnet"),)
    assert play.says("alice", "/nick Alice") == [to(Renamed(2, AT, "alice", "Alice"), "alice")]
