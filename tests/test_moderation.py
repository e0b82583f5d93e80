"""Moderation in the room, as scripts: entries in, then the exact deliveries.

A connection's id is the nick it first had, and its origin is its own unless the script says so.
"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.room import hearing, moderation
from backend.room.deliveries import Delivery
from backend.room.entries import Arrived, Entry, Gone, Line, Promoted, Via
from backend.room.events import (
    Acted,
    Dismissed,
    Event,
    Joined,
    Left,
    Moderated,
    Noticed,
    Prompted,
    Renamed,
    Said,
    Topic,
    Welcomed,
    Whispered,
)
from backend.room.room import Room
from backend.room.usage import help_text

AT = 1_700_000_000.0

ONLY_OPERATORS = Noticed("Only operators may do that.")
MINUTE, HOUR = 60.0, 3_600.0


class Play:
    """A room, its clock, and its script so far; every step answers with what it led to."""

    def __init__(self) -> None:
        self.room = Room()
        self.now = AT

    def arrives(self, who: str, via: Via = "telnet", origin: str | None = None) -> list[Delivery]:
        """A connection opens."""
        origin = f"{who}'s house" if origin is None else origin
        return self._apply(Arrived(who, via, f"{who}'s token", self.now, origin))

    def joins(self, who: str, via: Via = "telnet", origin: str | None = None) -> list[Delivery]:
        """A connection opens and gives its name."""
        return [*self.arrives(who, via, origin), *self.says(who, who)]

    def says(self, who: str, line: str) -> list[Delivery]:
        """A connection sends a line."""
        return self._apply(Line(who, line, self.now))

    def is_promoted(self, who: str) -> list[Delivery]:
        """Somebody knew the secret."""
        return self._apply(Promoted(who, self.now))

    def goes(self, who: str) -> list[Delivery]:
        """A connection closes."""
        return self._apply(Gone(who, "", self.now))

    def heard_by(self, who: str, line: str) -> set[str]:
        """Who gets what this one says."""
        return {c for each in self.says(who, line) for c in each.recipients}

    def told(self, who: str, line: str) -> str:
        """The one notice that answers this line, and nobody else gets anything."""
        (answer,) = self.says(who, line)
        assert answer.recipients == (who,)
        assert isinstance(answer.event, Noticed)
        return answer.event.text

    def _apply(self, entry: Entry) -> list[Delivery]:
        return [to(each.event, *each.recipients) for each in self.room.apply(entry)]


def to(event: Event, *connections: str) -> Delivery:
    """This event, for these connections in this order."""
    return Delivery(event, connections)


@pytest.fixture
def play() -> Play:
    """Alice, who is an operator by telnet, and bob and carol, who are not, by telnet and web."""
    play = Play()
    play.joins("alice")
    play.joins("bob")
    play.joins("carol", "web")
    play.is_promoted("alice")
    return play


# --- operators ---


def test_who_is_promoted_is_told_and_nobody_else() -> None:
    """From then on the operators' commands are in that person's help."""
    play = Play()
    play.joins("alice")
    play.joins("bob")
    told = "You are an operator now. /help lists what you may do."
    assert play.is_promoted("alice") == [to(Moderated("promoted", "alice", told), "alice")]
    assert play.room.is_operator("alice")
    assert play.told("alice", "/help") == help_text("telnet", is_operator=True)
    assert play.told("bob", "/help") == help_text("telnet")


@pytest.mark.parametrize("who", ["eve", "ghost"])
def test_only_a_member_can_be_promoted(who: str) -> None:
    """Not somebody at the prompt, and not somebody who is not here."""
    play = Play()
    play.arrives("eve")
    assert play.is_promoted(who) == []
    assert not play.room.is_operator(who)


def test_an_operator_who_leaves_is_one_no_more(play: Play) -> None:
    """Whoever comes next under that nick is nobody special."""
    play.goes("alice")
    play.joins("alice")
    assert play.says("alice", "/kick bob") == [to(ONLY_OPERATORS, "alice")]


def test_an_operator_stays_one_under_another_nick(play: Play) -> None:
    """The person is, not the name."""
    play.says("alice", "/nick Alicia")
    assert play.told("alice", "/bans") == "Nobody is banned."


@pytest.mark.parametrize(
    "line",
    ["/kick carol", "/mute carol 1m", "/ban carol 1m", "/unban carol", "/bans", "/topic owls"],
)
def test_who_is_no_operator_is_told_so_and_nothing_happens(play: Play, line: str) -> None:
    """One notice, for that person only."""
    assert play.says("bob", line) == [to(ONLY_OPERATORS, "bob")]
    assert play.heard_by("carol", "hi") == {"alice", "bob", "carol"}


@pytest.mark.parametrize("command", ["/kick {}", "/mute {} 1m", "/mute {} 0", "/ban {} 1m"])
def test_nobody_is_punished_by_accident(play: Play, command: str) -> None:
    """Not oneself, in any spelling, not another operator, and nobody who is not here."""
    play.is_promoted("carol")
    play.arrives("eve")
    for nick in ("alice", "ALICE"):
        assert play.told("alice", command.format(nick)) == "alice is you: choose somebody else."
    assert play.told("alice", command.format("Carol")) == "carol is an operator, too."
    for nick in ("eve", "ghost"):
        assert play.told("alice", command.format(nick)) == f"There is no {nick} here."


# --- kicking ---


def test_who_is_kicked_is_told_by_whom_and_so_are_the_others(play: Play) -> None:
    """Shown out with the code that browsers do not come back from; the nick is free."""
    assert play.says("alice", "/kick BOB") == [
        to(Dismissed("You were kicked by alice", 1008, "kicked"), "bob"),
        to(Left(4, AT, "bob", "kicked by alice"), "alice", "carol"),
        to(Moderated("kicked", "bob", "bob is shown out."), "alice"),
    ]
    assert play.says("bob", "hey!") == []
    assert play.goes("bob") == []
    assert isinstance(play.joins("bob")[1].event, Welcomed)


def test_a_reason_to_kick_is_told(play: Play) -> None:
    """To the one and to the others."""
    told, left, _ = play.says("alice", "/kick bob too  loud")
    assert told == to(Dismissed("You were kicked by alice: too  loud", 1008, "kicked"), "bob")
    assert left == to(Left(4, AT, "bob", "kicked by alice: too  loud"), "alice", "carol")


# --- muting ---


def test_who_is_muted_is_told_and_is_heard_by_nobody(play: Play) -> None:
    """Neither aloud nor in a whisper; each try is answered with the time that is left."""
    assert play.says("alice", "/mute bob 10m") == [
        to(Noticed("You are muted for 10 minutes, by alice."), "bob"),
        to(Moderated("muted", "bob", "bob is muted for 10 minutes."), "alice"),
    ]
    play.now += 6 * MINUTE
    for line in ("hi", "//hi", "/me waves", "/msg carol psst", "/msg nobody psst"):
        assert play.told("bob", line) == "You are muted: 4 minutes left. Nothing was sent."


@pytest.mark.parametrize(
    ("left", "told"),
    [
        (100_000, "28 hours"),
        (7_199, "120 minutes"),
        (120, "2 minutes"),
        (119.2, "120 seconds"),
        (1.5, "2 seconds"),
        (0.25, "1 second"),
    ],
)
def test_the_time_that_is_left_is_told_so_that_people_can_wait(
    play: Play, left: float, told: str
) -> None:
    """In the largest unit of which there are two, and never as nothing."""
    play.says("alice", "/mute bob 2d")
    play.now += 2 * 24 * HOUR - left
    assert play.told("bob", "hi") == f"You are muted: {told} left. Nothing was sent."


def test_a_mute_runs_out_by_itself(play: Play) -> None:
    """At its time, and not before."""
    play.says("alice", "/mute bob 30s")
    play.now += 29.999
    assert play.heard_by("bob", "hi") == {"bob"}
    play.now = AT + 30
    assert play.says("bob", "hi") == [to(Said(4, AT + 30, "bob", "telnet", "hi"), "alice", "carol")]


def test_who_is_muted_hears_everything_and_may_ask_and_leave(play: Play) -> None:
    """But the reason for leaving would be heard."""
    play.says("alice", "/mute bob 1h")
    assert "bob" in play.heard_by("carol", "hi")
    for line in ("/who", "/help", "/topic", "/ignore carol", "/unignore carol"):
        assert play.heard_by("bob", line) == {"bob"}
    assert play.says("bob", "/quit you are all fools") == [
        to(Dismissed("Goodbye bob.", 1000), "bob"),
        to(Left(5, AT, "bob", ""), "alice", "carol"),
    ]


def test_a_mute_can_be_lifted(play: Play) -> None:
    """By the duration 0; of somebody who is not muted the operator is told so."""
    assert play.told("alice", "/mute bob 0") == "bob is not muted."
    play.says("alice", "/mute bob 1h")
    assert play.says("alice", "/mute bob 0") == [
        to(Noticed("You may speak again."), "bob"),
        to(Moderated("unmuted", "bob", "bob may speak again."), "alice"),
    ]
    assert play.heard_by("bob", "hi") == {"alice", "carol"}
    play.goes("bob")
    play.joins("bob")
    assert play.heard_by("bob", "hi") == {"alice", "carol"}


def test_the_last_mute_counts(play: Play) -> None:
    """A longer one becomes a shorter one."""
    play.says("alice", "/mute bob 1h")
    play.goes("bob")
    play.joins("bob")
    play.says("alice", "/mute bob 30s")
    play.now += 30
    assert play.heard_by("bob", "hi") == {"alice", "carol"}
    play.goes("bob")
    play.joins("bob")
    assert play.heard_by("bob", "hi") == {"alice", "carol"}


def test_the_muted_cannot_speak_by_their_names(play: Play) -> None:
    """A new nick is told to everybody, so it is something said."""
    play.says("alice", "/mute bob 1h")
    assert play.heard_by("bob", "/nick you-are-all-fools") == {"bob"}
    assert isinstance(play.says("alice", "/mute bob 0")[1].event, Moderated)
    assert len(play.heard_by("bob", "/nick rob")) > 1


def test_who_leaves_muted_comes_back_muted(play: Play) -> None:
    """Under any nick, from the same origin."""
    play.says("alice", "/mute bob 1h")
    play.goes("bob")
    play.now += 30 * MINUTE
    play.joins("rob", origin="bob's house")
    assert play.told("rob", "hi") == "You are muted: 30 minutes left. Nothing was sent."
    play.joins("ann", origin="")
    assert play.heard_by("ann", "hi") == {"alice", "carol", "rob"}


def test_a_mute_is_on_everybody_at_that_address_and_the_operator_is_told_on_whom(
    play: Play,
) -> None:
    """Here already or yet to come: another session is all that it takes to go on."""
    play.joins("dora", origin="bob's house")
    assert play.says("alice", "/mute bob 10m") == [
        to(Noticed("You are muted for 10 minutes, by alice."), "bob"),
        to(Noticed("You are muted for 10 minutes, by alice."), "dora"),
        to(
            Moderated(
                "muted",
                "bob",
                "bob is muted for 10 minutes. So is 1 other at that address: dora.",
            ),
            "alice",
        ),
    ]
    play.joins("eve", origin="bob's house")
    for who in ("bob", "dora", "eve"):
        assert play.told(who, "hi") == "You are muted: 10 minutes left. Nothing was sent."
    assert "carol" in play.heard_by("carol", "hi")


@pytest.mark.parametrize("whom", ["bob", "dora", "eve"])
def test_a_mute_of_an_address_is_lifted_for_all_by_any_of_their_nicks(
    play: Play, whom: str
) -> None:
    """Also by that of one who came later."""
    play.joins("dora", origin="bob's house")
    play.says("alice", "/mute bob 1h")
    play.joins("eve", origin="bob's house")
    others = [who for who in ("bob", "dora", "eve") if who != whom]
    done = f"{whom} may speak again. So may 2 others at that address: {', '.join(others)}."
    told = [to(Noticed("You may speak again."), who) for who in (whom, *others)]
    assert play.says("alice", f"/mute {whom} 0") == [
        *told,
        to(Moderated("unmuted", whom, done), "alice"),
    ]
    for who in (whom, *others):
        assert "carol" in play.heard_by(who, "hi")


def test_in_a_crowd_some_of_those_at_that_address_are_named(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And all are counted."""
    monkeypatch.setattr(moderation, "MAX_NAMED", 2)
    for who in ("dora", "eve", "fay"):
        play.joins(who, origin="bob's house")
    *_, answer = play.says("alice", "/mute bob 1h")
    assert isinstance(answer.event, Moderated)
    assert answer.event.text.endswith("So are 3 others at that address: dora, eve, ....")


def test_operators_at_the_same_address_are_spared(play: Play) -> None:
    """Neither muted, nor shown out, nor told that they are."""
    play.joins("dora", origin="bob's house")
    play.is_promoted("dora")
    for command in ("/mute bob 1h", "/ban bob 1h"):
        *told, answer = play.says("alice", command)
        assert isinstance(answer.event, Moderated)
        assert "at that address" not in answer.event.text
        assert not any(each.recipients == ("dora",) for each in told)
        assert "carol" in play.heard_by("dora", "hi")


def test_an_operator_is_not_muted(play: Play) -> None:
    """Whoever knows the secret speaks."""
    play.says("alice", "/mute bob 1h")
    play.is_promoted("bob")
    assert play.heard_by("bob", "hi") == {"alice", "carol"}


# --- banning ---


def test_who_is_banned_is_shown_out_and_not_let_in_again(play: Play) -> None:
    """Told for how long, before any prompt; others come in as ever."""
    assert play.says("alice", "/ban bob 1h") == [
        to(Dismissed("You are banned for 60 minutes, by alice.", 1008, "banned"), "bob"),
        to(Left(4, AT, "bob", "banned by alice"), "alice", "carol"),
        to(Moderated("banned", "bob", "bob is banned for 60 minutes."), "alice"),
    ]
    play.now += 30 * MINUTE
    assert play.arrives("rob", origin="bob's house") == [
        to(Dismissed("You are banned: 30 minutes left.", 1008, "banned"), "rob")
    ]
    assert play.says("rob", "rob") == []
    assert play.arrives("dora") == [to(Prompted(), "dora")]


def test_a_ban_runs_out_by_itself(play: Play) -> None:
    """At its time, and not before."""
    play.says("alice", "/ban bob 30s")
    play.now += 29.5
    assert play.arrives("b1", origin="bob's house") == [
        to(Dismissed("You are banned: 1 second left.", 1008, "banned"), "b1")
    ]
    play.now = AT + 30
    assert play.arrives("b2", origin="bob's house") == [to(Prompted(), "b2")]
    assert play.told("alice", "/bans") == "Nobody is banned."


def test_a_ban_is_on_the_seat_as_well(play: Play) -> None:
    """Whoever brings the same token from elsewhere is the same person."""
    play.says("alice", "/ban bob 1h")
    (answer,) = play._apply(Arrived("b2", "web", "bob's token", AT, "elsewhere"))
    assert isinstance(answer.event, Dismissed)


def test_who_stood_at_the_prompt_when_banned_does_not_get_in(play: Play) -> None:
    """Arrived before, from the same origin; the name makes no difference."""
    play.arrives("rob", origin="bob's house")
    play.says("alice", "/ban bob 1h")
    assert play.says("rob", "rob") == [
        to(Dismissed("You are banned: 60 minutes left.", 1008, "banned"), "rob")
    ]
    assert play.says("rob", "rob") == []


def test_a_ban_shows_out_everybody_at_that_address(play: Play) -> None:
    """Each is told, and so are the others; whoever is named to the operator can be let in again."""
    play.joins("dora", origin="bob's house")
    play.joins("eve", "web", origin="bob's house")
    told = to(Dismissed("You are banned for 60 minutes, by alice.", 1008, "banned"), "bob")
    done = "bob is banned for 60 minutes. So are 2 others at that address: dora, eve."
    assert play.says("alice", "/ban bob 1h") == [
        told,
        to(Left(6, AT, "bob", "banned by alice"), "alice", "carol", "dora", "eve"),
        to(told.event, "dora"),
        to(Left(7, AT, "dora", "banned by alice"), "alice", "carol", "eve"),
        to(told.event, "eve"),
        to(Left(8, AT, "eve", "banned by alice"), "alice", "carol"),
        to(Moderated("banned", "bob", done), "alice"),
    ]
    assert play.says("alice", "/unban eve") == [
        to(Moderated("unbanned", "bob", "eve is banned no more."), "alice")
    ]
    assert play.arrives("rob", origin="bob's house") == [to(Prompted(), "rob")]


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("join"), st.sampled_from(["", "X", "Y", "Z"])),
            st.tuples(st.just("leave"), st.integers(0, 9)),
            st.tuples(st.just("promote"), st.integers(0, 9)),
            st.tuples(st.just("mute"), st.integers(0, 9), st.sampled_from([0, 30, 60])),
            st.tuples(st.just("ban"), st.integers(0, 9), st.sampled_from([30, 60])),
            st.tuples(st.just("wait"), st.sampled_from([10, 30])),
        ),
        max_size=30,
    )
)
def test_an_address_is_muted_and_banned_as_one(script: list[tuple[Any, ...]]) -> None:
    """Whatever happens: all who come from there are, or none, operators apart; nobody else is."""
    play = Play()
    play.joins("boss")
    play.is_promoted("boss")
    homes: dict[str, str] = {}  # of those here who are no operators
    mutes: dict[str, float] = {}  # until when, by home
    bans: dict[str, float] = {}
    for number, (verb, what, *seconds) in enumerate(script):
        who = list(homes)[what] if isinstance(what, int) and what < len(homes) else None
        if verb == "join":
            guest, home = f"guest{number}", what or f"{number}'s own"
            got_in = len(play.joins(guest, origin=what)) > 1
            assert got_in == (play.now >= bans.get(home, 0.0))
            if got_in:
                homes[guest] = home
        elif verb == "wait":
            play.now += what
        elif who is not None and verb == "leave":
            play.goes(who)
            del homes[who]
        elif who is not None and verb == "promote":
            play.is_promoted(who)
            del homes[who]
        elif who is not None and verb == "mute":
            play.says("boss", f"/mute {who} {seconds[0]}" + ("s" if seconds[0] else ""))
            mutes[homes[who]] = play.now + seconds[0]
        elif who is not None and verb == "ban":
            play.says("boss", f"/ban {who} {seconds[0]}s")
            banned = homes[who]
            bans[banned] = play.now + seconds[0]
            homes = {guest: home for guest, home in homes.items() if home != banned}
            assert not play.room.is_member(who)
        for guest, home in homes.items():
            assert play.room.is_member(guest)
            is_heard = "boss" in play.heard_by(guest, "hi")
            assert is_heard == (play.now >= mutes.get(home, 0.0))


def test_nobody_is_banned_for_coming_from_nowhere(play: Play) -> None:
    """An origin that is not known is not the same as another that is not."""
    play.joins("dora", origin="")
    play.says("alice", "/ban dora 1h")
    assert play.arrives("eve", origin="") == [to(Prompted(), "eve")]


def test_an_operator_who_bans_their_own_address_is_told(play: Play) -> None:
    """They stay, for they are in already; but the way back is closed."""
    play.joins("dora", origin="alice's house")
    *_, answer = play.says("alice", "/ban dora 1h")
    assert isinstance(answer.event, Moderated)
    assert answer.event.text == (
        "dora is banned for 60 minutes. "
        "So is your own address: once you leave, you cannot come back."
    )
    assert play.heard_by("alice", "still here") == {"bob", "carol"}


def test_bans_are_listed_and_lifted_by_nick(play: Play) -> None:
    """Nick, time left and by whom; the nick in any form, and all of that nick at once."""
    play.says("alice", "/ban bob 2h")
    play.joins("b2", origin="another house")
    play.says("b2", "/nick Bob")
    play.says("alice", "/ban bob 1d")
    play.says("alice", "/ban carol 30s")
    assert play.told("alice", "/bans").split("\n") == [
        "bob: 2 hours left, by alice",
        "Bob: 24 hours left, by alice",
        "carol: 30 seconds left, by alice",
    ]
    assert play.told("alice", "/unban dora") == "No dora is banned."
    assert play.says("alice", "/unban BOB") == [
        to(Moderated("unbanned", "bob, b2", "BOB is banned no more."), "alice")
    ]
    assert play.arrives("b3", origin="bob's house") == [to(Prompted(), "b3")]
    assert play.told("alice", "/bans") == "carol: 30 seconds left, by alice"


@pytest.mark.parametrize("command", ["/mute", "/ban"])
def test_mutes_and_bans_are_bounded_and_what_has_run_out_does_not_count(
    play: Play, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Past the bound the operator is told, and nothing happens."""
    monkeypatch.setattr(moderation, "MAX_SENTENCES", 2)
    for who in ("dora", "eve", "fay"):
        play.joins(who)
    play.says("alice", f"{command} dora 30s")
    play.says("alice", f"{command} eve 1h")
    assert "already" in play.told("alice", f"{command} fay 1h")
    assert "alice" in play.heard_by("fay", "hi")
    play.now += 30
    assert isinstance(play.says("alice", f"{command} fay 1h")[-1].event, Moderated)


# --- the topic ---


def test_a_topic_is_told_to_all_and_to_whoever_comes(play: Play) -> None:
    """It counts like anything said; everybody may ask for it."""
    assert play.told("bob", "/topic") == "There is no topic."
    assert play.says("alice", "/topic all about  owls") == [
        to(Topic(4, AT, "alice", "all about  owls"), "alice", "bob", "carol")
    ]
    assert play.told("bob", "/topic") == "The topic is: all about  owls (by alice)"
    welcome = play.joins("dora")[1].event
    assert isinstance(welcome, Welcomed)
    assert welcome.topic == "all about  owls"


def test_a_topic_can_be_cleared(play: Play) -> None:
    """Told as well; a newcomer hears of none."""
    play.says("alice", "/topic owls")
    assert play.says("alice", "/topic -") == [
        to(Topic(5, AT, "alice", ""), "alice", "bob", "carol")
    ]
    assert play.told("bob", "/topic") == "There is no topic."
    welcome = play.joins("dora")[1].event
    assert isinstance(welcome, Welcomed)
    assert welcome.topic == ""


def test_a_topic_has_a_limit(play: Play) -> None:
    """It is told, and the topic stays as it was."""
    longest = "x" * moderation.MAX_TOPIC
    assert isinstance(play.says("alice", f"/topic {longest}")[0].event, Topic)
    assert "200" in play.told("alice", f"/topic {longest}y")
    assert longest + " (by" in play.told("bob", "/topic")


# --- ignoring ---


def test_who_is_ignored_is_not_heard_and_not_told(play: Play) -> None:
    """Sayings, deeds and whispers; the others hear them, and the receipts are as ever."""
    assert (
        play.told("bob", "/ignore carol") == "You hear no more of carol. /unignore carol ends that."
    )
    assert play.says("carol", "hi") == [to(Said(4, AT, "carol", "web", "hi"), "alice", "carol")]
    assert play.says("carol", "/me waves") == [
        to(Acted(5, AT, "carol", "web", "waves"), "alice", "carol")
    ]
    assert play.says("carol", "/msg bob psst") == [
        to(Whispered(AT, "carol", "bob", "psst"), "carol")
    ]
    assert play.heard_by("bob", "hi") == {"alice", "carol"}


def test_several_may_ignore_the_same_person(play: Play) -> None:
    """Each for themselves."""
    play.says("alice", "/ignore bob")
    play.says("carol", "/ignore bob")
    assert play.heard_by("bob", "hello?") == set()
    assert play.heard_by("bob", "/msg carol hello?") == set()
    play.says("alice", "/unignore bob")
    assert play.heard_by("bob", "hello?") == {"alice"}


def test_comings_and_goings_of_who_is_ignored_are_told(play: Play) -> None:
    """They are the house's words."""
    play.says("alice", "/ignore bob")
    assert play.says("bob", "/nick rob") == [
        to(Renamed(4, AT, "bob", "rob"), "alice", "bob", "carol")
    ]
    assert play.goes("bob") == [to(Left(5, AT, "rob", ""), "alice", "carol")]


def test_who_is_ignored_has_no_last_word(play: Play) -> None:
    """The leaving is told, and under the same number; what was said to it is not."""
    play.says("alice", "/ignore bob")
    assert play.says("bob", "/quit you are all fools") == [
        to(Dismissed("Goodbye bob.", 1000), "bob"),
        to(Left(4, AT, "bob", "you are all fools"), "carol"),
        to(Left(4, AT, "bob", ""), "alice"),
    ]


def test_ignoring_follows_a_rename_and_frees_the_old_nick(play: Play) -> None:
    """The list has the new nick, and somebody else may have the old one."""
    play.says("alice", "/ignore bob")
    play.says("bob", "/nick Rob")
    assert play.heard_by("bob", "hi") == {"carol"}
    assert play.told("alice", "/ignore") == "You ignore Rob."
    play.joins("bob2")
    play.says("bob2", "/nick bob")
    assert play.heard_by("bob2", "hi") == {"alice", "bob", "carol"}
    assert play.told("alice", "/unignore rob") == "You hear Rob again."


def test_a_nick_is_not_ignored_for_what_somebody_did_who_took_it(play: Play) -> None:
    """What a rename has brought ends with the leaving; what was asked for stays."""
    play.joins("dora")
    play.says("alice", "/ignore bob")
    play.says("carol", "/ignore bob")
    play.says("carol", "/ignore dora")
    play.goes("dora")
    play.says("bob", "/nick dora")
    assert play.heard_by("bob", "hi") == set()
    play.goes("bob")
    assert play.told("alice", "/ignore") == "You ignore nobody."
    assert play.told("carol", "/ignore") == "You ignore dora."
    play.joins("dora")
    assert play.heard_by("dora", "hi") == {"alice"}


def test_ignoring_survives_a_reconnect_under_the_same_nick(play: Play) -> None:
    """In any form of it."""
    play.says("alice", "/ignore bob")
    play.says("bob", "/nick Bob")
    play.goes("bob")
    play.arrives("b2")
    play.says("b2", "BOB")
    assert play.heard_by("b2", "hi") == {"carol"}


def test_whoever_takes_an_ignored_nick_hears_themselves(play: Play) -> None:
    """A nick in one's own list is one's own from then on."""
    play.says("carol", "/ignore bob")
    play.goes("bob")
    play.says("carol", "/nick bob")
    assert play.heard_by("carol", "me") == {"alice", "carol"}
    assert play.told("carol", "/ignore") == "You ignore nobody."


def test_the_list_goes_with_its_owner(play: Play) -> None:
    """Whoever comes back begins anew."""
    play.says("alice", "/ignore bob")
    play.goes("alice")
    play.joins("alice")
    assert play.heard_by("bob", "hi") == {"alice", "carol"}


def test_whom_one_ignores_can_be_asked(play: Play) -> None:
    """And each mistake has its answer."""
    assert play.told("alice", "/ignore") == "You ignore nobody."
    assert play.told("alice", "/ignore ALICE") == "You cannot ignore yourself."
    assert play.told("alice", "/ignore eve") == "There is no eve here."
    assert play.told("alice", "/unignore bob") == "You do not ignore bob."
    play.says("alice", "/ignore BOB")
    play.says("alice", "/ignore carol")
    assert play.told("alice", "/ignore bob") == "You ignore bob already."
    assert play.told("alice", "/ignore") == "You ignore bob, carol."


def test_ignoring_is_bounded(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    """Past the bound one is told how to go on."""
    monkeypatch.setattr(hearing, "MAX_IGNORED", 1)
    play.says("alice", "/ignore bob")
    assert "/unignore" in play.told("alice", "/ignore carol")
    assert play.heard_by("carol", "hi") == {"alice", "bob", "carol"}


def test_nothing_is_kept_of_those_who_left(play: Play) -> None:
    """A room that has emptied is as small as a new one, bans and topic apart."""
    play.says("alice", "/ignore bob")
    play.says("bob", "/ignore carol")
    play.says("carol", "/ignore alice")
    play.says("carol", "/nick kim")
    play.says("alice", "/mute bob 1m")
    for who in ("alice", "bob", "carol"):
        play.goes(who)
    room = play.room
    assert room._hearing._lists == {}
    assert room._hearing._deaf == {}
    assert room._hearing._followed == set()
    assert room._moderation._operators == set()
    assert play.joins("dora")[2] == to(Joined(8, AT, "dora", "telnet"))
