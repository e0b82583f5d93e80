"""Browsers that drop out and come back: as scripts, entries in and deliveries out."""

import json
from collections.abc import Sequence

import pytest

from backend.room.codes import CONTINUED_ELSEWHERE
from backend.room.deliveries import Delivery
from backend.room.entries import Arrived, Entry, Gone, Line, Overlong, Promoted, Tick, Via, Withheld
from backend.room.events import (
    Dismissed,
    Left,
    Noticed,
    Prompted,
    Recalled,
    Said,
    Typing,
    Welcomed,
    Whispered,
)
from backend.room.history import MAX_RECALLED
from backend.room.room import Room
from backend.room.seats import LONGEST, MAX_WHISPERS, NOT_KEPT

AT = 1_700_000_000.0
GRACE = 15.0


class Play:
    """A room and its script so far; the nick of whoever comes is their connection's, too."""

    def __init__(self, **people: Via) -> None:
        self.room = Room()
        for nick, via in people.items():
            self.arrives(nick, via)
            self.says(nick, nick)

    def _apply(self, entry: Entry) -> list[Delivery]:
        return [Delivery(each.event, each.recipients) for each in self.room.apply(entry)]

    def arrives(
        self, who: str, via: Via = "web", origin: str = "", resumes: bool = False
    ) -> list[Delivery]:
        """A connection opens."""
        return self._apply(Arrived(who, via, f"{who}'s-token", AT, origin, resumes))

    def is_bridged(self, nick: str) -> None:
        """Somebody comes in by a bridge."""
        self.arrives(nick, "telnet", resumes=True)
        self.says(nick, nick)

    def restarts(self) -> None:
        """The room is read from its snapshot."""
        kept = json.loads(json.dumps(self.room.snapshot()))
        self.room = Room()
        self.room.restore(kept)

    def says(self, who: str, line: str) -> list[Delivery]:
        """A connection sends a line."""
        return self._apply(Line(who, line, AT))

    def drops(self, who: str) -> list[Delivery]:
        """A connection is lost, and its seat is to be kept."""
        return self._apply(Gone(who, "connection lost", AT, AT + GRACE))

    def waits(self, seconds: float) -> list[Delivery]:
        """Time passes."""
        return self._apply(Tick(AT + seconds))

    def comes_back(
        self, who: str, connection: str, since: int = 0, via: Via = "web"
    ) -> list[Delivery]:
        """Somebody takes their seat again on a new connection."""
        self.arrives(connection, via)
        return self.says(connection, f"/resume {who}'s-token {since}")


def welcome(deliveries: list[Delivery]) -> Welcomed:
    """The one welcome among these."""
    (found,) = [each.event for each in deliveries if isinstance(each.event, Welcomed)]
    return found


def recalled(deliveries: list[Delivery]) -> Recalled:
    """The one answer from the history among these."""
    (found,) = [each.event for each in deliveries if isinstance(each.event, Recalled)]
    return found


def test_whoever_comes_back_in_time_was_never_gone_for_the_others() -> None:
    """Nobody is told of the drop, nor of the return."""
    play = Play(ann="web", bob="telnet")
    assert play.drops("ann") == []
    assert play.waits(GRACE - 1) == []
    back = play.comes_back("ann", "ann2", since=2)
    assert {to for each in back for to in each.to} == {"ann2"}
    assert welcome(back).resumed
    assert (welcome(back).nick, welcome(back).token) == ("ann", "ann's-token")
    assert play.waits(10 * GRACE) == []
    assert play.says("ann2", "hi")[0].event == Said(3, AT, "ann", "web", "hi")


def test_whoever_does_not_come_back_has_left_after_the_grace_time() -> None:
    """For the reason that ended the connection; the nick is free again, the seat is not to be had.

    Until then they are among those who are here.
    """
    play = Play(ann="web", bob="telnet")
    play.drops("ann")
    assert not play.room.is_due(AT + GRACE - 0.1)
    assert [person.nick for person in play.room.members()] == ["ann", "bob"]
    play.arrives("eve")
    assert play.says("eve", "ann") == [Delivery(Prompted("Username taken"), ("eve",))]
    assert play.room.is_due(AT + GRACE)
    left = Left(3, AT + GRACE, "ann", "connection lost")
    assert play.waits(GRACE) == [Delivery(left, ("bob",))]
    assert play.comes_back("ann", "ann2") == [Delivery(Prompted(NOT_KEPT), ("ann2",))]
    assert welcome(play.says("ann2", "ann")).resumed is False


def test_a_seat_is_not_kept_until_a_clock_that_was_set_back_is_right_again() -> None:
    """If it was by more than clocks differ and seats are kept: it is given up then."""
    play = Play(ann="web", bob="web")
    play.drops("bob")
    assert not play.room.is_due(AT - LONGEST / 2)
    assert play.room.is_due(AT - 2 * LONGEST)
    (left,) = [each.event for each in play.waits(-2 * LONGEST) if isinstance(each.event, Left)]
    assert left.nick == "bob"


def test_what_was_missed_is_told_once() -> None:
    """From the event after the last one seen."""
    play = Play(ann="web", bob="telnet")
    (said,) = play.says("bob", "one")
    play.drops("ann")
    play.says("bob", "two")
    play.says("bob", "three")
    assert isinstance(said.event, Said)
    missed = recalled(play.comes_back("ann", "ann2", since=said.event.id))
    assert [event.text for event in missed.events if isinstance(event, Said)] == ["two", "three"]
    assert (missed.since, missed.before) == (said.event.id, said.event.id + 3)


def test_a_newer_window_takes_the_seat_from_the_older() -> None:
    """Which is told so, and whose lines and end mean nothing any more."""
    play = Play(ann="web", bob="telnet")
    first, *rest = play.comes_back("ann", "ann2")
    assert isinstance(first.event, Dismissed)
    assert first.event.code == CONTINUED_ELSEWHERE
    assert first.to == ("ann",)
    assert welcome(rest).resumed
    assert play.says("ann", "hello?") == []
    assert play.drops("ann") == []
    assert play.waits(GRACE) == []
    assert [to for each in play.says("bob", "hi") for to in each.to] == ["ann2"]


def test_lines_are_counted_over_all_of_a_seats_connections() -> None:
    """Whatever became of them: so a page knows which of its lines have been heard."""
    play = Play(ann="web", bob="web")
    play.says("ann", "one")
    play.says("ann", "/who")
    play._apply(Overlong("ann", AT))
    play._apply(Withheld("ann", AT))
    play.says("ann", "")
    play.drops("ann")
    assert welcome(play.comes_back("ann", "ann2")).heard == 5
    play.says("ann2", "two")
    assert welcome(play.comes_back("ann", "ann3")).heard == 6
    play.says("ann3", "/quit")
    play.arrives("ann4")
    assert welcome(play.says("ann4", "ann")).heard == 0


def test_what_was_whispered_meanwhile_is_delivered() -> None:
    """It is in no history; both ends may have missed it."""
    play = Play(ann="web", bob="web", tom="telnet")
    play.drops("ann")
    play.says("tom", "/msg ann psst")
    play.says("bob", "/msg ann hello")
    whispers = [Whispered(AT, "tom", "ann", "psst"), Whispered(AT, "bob", "ann", "hello")]
    back = play.comes_back("ann", "ann2", since=3)
    assert [e.event for e in back if isinstance(e.event, Whispered)] == whispers
    again = play.comes_back("bob", "bob2", since=3)
    assert [e.event for e in again if isinstance(e.event, Whispered)] == whispers[1:]
    play.says("tom", "and so on")
    last = play.comes_back("ann", "ann3", since=4)
    assert [e.event for e in last if isinstance(e.event, Whispered)] == []


def test_whispers_are_told_before_what_was_public() -> None:
    """Should the connection be lost in between, a page that has the latter has them, too.

    For it names the newest public event when it comes again, and is told only what was after that.
    """
    play = Play(ann="web", bob="telnet")
    play.drops("ann")
    play.says("bob", "/msg ann psst")
    play.says("bob", "hello")
    back = [type(each.event) for each in play.comes_back("ann", "ann2", since=2)]
    assert back == [Welcomed, Whispered, Recalled]
    again = [type(each.event) for each in play.comes_back("ann", "ann3", since=3)]
    assert again == [Dismissed, Welcomed, Recalled]


@pytest.mark.parametrize(
    "line",
    [
        *("/resume", "/resume ann's-token", "/resume ann's-token x", "/resume  0"),
        "/resume ann's-token 0 x",
    ],
)
def test_half_a_resume_is_no_name(line: str) -> None:
    """It is asked again, and nobody loses a seat by it."""
    play = Play(ann="web", bob="telnet")
    play.arrives("eve")
    (refusal,) = play.says("eve", line)
    assert isinstance(refusal.event, Prompted)
    assert refusal.event.reason
    assert play.room.is_member("ann")


def test_a_seat_is_not_to_be_had_by_another_door_or_with_another_token() -> None:
    """Nor is one that was left on purpose."""
    play = Play(ann="web", bob="telnet")
    assert play.comes_back("ann", "x", via="telnet") == [Delivery(Prompted(NOT_KEPT), ("x",))]
    assert play.comes_back("bob", "y") == [Delivery(Prompted(NOT_KEPT), ("y",))]
    assert play.comes_back("nobody", "z") == [Delivery(Prompted(NOT_KEPT), ("z",))]
    play.says("ann", "/quit")
    assert play.comes_back("ann", "w") == [Delivery(Prompted(NOT_KEPT), ("w",))]


def test_a_terminals_seat_is_not_kept() -> None:
    """Telnet has no way back to it."""
    play = Play(ann="telnet", bob="telnet")
    assert play.drops("ann") == [
        Delivery(Left(3, AT, "ann", "connection lost"), ("bob",)),
    ]


def test_what_one_was_is_kept_with_the_seat() -> None:
    """An operator, a mute, whom one ignores and who ignores one."""
    play = Play(ann="web", bob="web", eve="web")
    play._apply(Promoted("bob", AT))
    play.says("bob", "/mute ann 10m")
    play.says("bob", "/ignore eve")
    for who in ("ann", "bob", "eve"):
        play.comes_back(who, f"{who}2")
    assert play.room.is_operator("bob2")
    assert not play.room.is_operator("bob")
    (muted,) = play.says("ann2", "hi")
    assert isinstance(muted.event, Noticed)
    assert muted.event.refused
    assert [each.to for each in play.says("eve2", "hi")] == [("ann2", "eve2")]


def test_whoever_is_shown_out_has_no_seat_to_come_back_to() -> None:
    """Neither while their connection lasts nor after."""
    play = Play(ann="web", bob="web")
    play._apply(Promoted("bob", AT))
    play.says("bob", "/kick ann")
    assert play.comes_back("ann", "ann2") == [Delivery(Prompted(NOT_KEPT), ("ann2",))]


def test_a_ban_holds_for_whoever_has_dropped_out_meanwhile() -> None:
    """They are gone at once, and told so when they come."""
    play = Play(ann="web", bob="web")
    play._apply(Promoted("bob", AT))
    play.drops("ann")
    play.says("bob", "/ban ann 1h")
    assert [person.nick for person in play.room.members()] == ["bob"]
    assert play.comes_back("ann", "ann2") == [Delivery(Prompted(NOT_KEPT), ("ann2",))]


def test_history_is_told_to_whoever_asks_without_those_they_ignore() -> None:
    """By the last lines, or by those before an event."""
    play = Play(ann="web", bob="web", eve="telnet")
    play.says("bob", "one")
    play.says("eve", "two")
    play.says("ann", "/ignore eve")
    told = recalled(play.says("ann", "/history 2"))
    assert [event.id for event in told.events] == [4]
    assert (told.since, told.before, told.more) == (3, 6, True)
    assert [event.id for event in recalled(play.says("bob", "/history 4 2")).events] == [2, 3]
    for wrong in ("/history x", "/history 1 2 3", "/history -1", "/history 0", "/history 9 0"):
        (advice,) = play.says("bob", wrong)
        assert advice.event == Noticed("Usage: /history [COUNT]")


def test_typing_is_seen_by_the_other_browsers_only() -> None:
    """Not by telnets, nor by those who ignore the typist; and a mute typist is not seen at all."""
    play = Play(ann="web", bob="web", eve="web", tom="telnet")
    play.says("eve", "/ignore ann")
    (seen,) = play.room.typing("ann", AT)
    assert (seen.event, seen.recipients) == (Typing("ann"), ("bob",))
    play._apply(Promoted("bob", AT))
    play.says("bob", "/mute ann 10m")
    assert play.room.typing("ann", AT) == []
    assert play.room.typing("nobody", AT) == []


# --- telnets on a bridge ---


def back_by_bridge(play: Play, connection: str, since: int, seen: int) -> list[Delivery]:
    """Tom's bridge takes his seat again."""
    play.arrives(connection, "telnet", resumes=True)
    return play.says(connection, f"/resume tom's-token {since} {seen}")


def whispers(deliveries: Sequence[Delivery]) -> list[str]:
    """The texts of those among these."""
    return [each.event.text for each in deliveries if isinstance(each.event, Whispered)]


def test_a_telnet_on_a_bridge_was_never_gone_for_the_others() -> None:
    """Any other leaves at once, whatever it is told."""
    play = Play(ann="web", tim="telnet")
    play.is_bridged("tom")
    assert play.drops("tom") == []
    assert [type(each.event) for each in play.drops("tim")] == [Left]
    play.restarts()
    back = back_by_bridge(play, "tom2", since=4, seen=0)
    assert [each.to for each in back] == [("tom2",)]
    assert welcome(back).resumed
    assert play.drops("tom2") == []
    assert play.waits(GRACE)[0].event == Left(5, AT + GRACE, "tom", "connection lost")


def test_a_terminal_is_not_told_again_what_was_typed_on_it() -> None:
    """Under whatever nick that was; what others said under the same one before or since, it is."""
    play = Play(ann="web")
    play.is_bridged("tom")
    play.says("tom", "mine, as tom")
    play.says("tom", "/nick tim")
    play.says("tom", "/me is tim")
    play.says("ann", "/nick tom")
    play.says("ann", "ann's, as tom")
    play.drops("tom")
    missed = recalled(back_by_bridge(play, "tom2", since=2, seen=0))
    texts = [getattr(event, "text", None) for event in missed.events]
    assert texts == [None, None, "ann's, as tom"]  # the two new nicks, and her line
    assert not missed.more


def test_a_terminal_that_missed_nothing_is_told_nothing() -> None:
    """A page is: it waits for the answer."""
    play = Play(ann="web")
    play.is_bridged("tom")
    play.says("tom", "mine")
    play.drops("tom")
    assert [type(each.event) for each in back_by_bridge(play, "tom2", 2, 0)] == [Welcomed]


def test_a_terminal_that_missed_too_much_is_told_how_to_read_the_rest() -> None:
    """It has the newest, and the numbers of what was before."""
    play = Play(ann="web")
    play.is_bridged("tom")
    for number in range(MAX_RECALLED + 1):
        play.says("ann", str(number))
    play.drops("tom")
    missed = recalled(back_by_bridge(play, "tom2", since=2, seen=0))
    assert (len(missed.events), missed.since, missed.more) == (MAX_RECALLED, 3, True)


@pytest.mark.parametrize("seen", [0, 1, 2, 3, 9])
def test_whispers_that_were_counted_are_not_told_again(seen: int) -> None:
    """Also when the room has restarted, and when the last public event came before them all."""
    play = Play(ann="web")
    play.is_bridged("tom")
    for text in ("one", "two", "three"):
        play.says("ann", f"/msg tom {text}")
    play.drops("tom")
    play.restarts()
    assert whispers(back_by_bridge(play, "tom2", 2, seen)) == ["one", "two", "three"][seen:]
    play.says("ann", "/msg tom four")
    play.drops("tom2")
    assert whispers(back_by_bridge(play, "tom3", 2, 3)) == ["four"]


def test_of_more_whispers_than_are_kept_the_rest_is_told_once() -> None:
    """The count goes on, whatever has been forgotten."""
    play = Play(ann="web")
    play.is_bridged("tom")
    for number in range(3 * MAX_WHISPERS):
        play.says("ann", f"/msg tom {number}")
    play.drops("tom")
    last = 3 * MAX_WHISPERS - 1
    assert whispers(back_by_bridge(play, "tom2", 2, last)) == [str(last)]
    play.drops("tom2")
    assert len(whispers(back_by_bridge(play, "tom3", 2, 0))) == MAX_WHISPERS


def test_a_snapshot_of_before_whispers_were_counted_is_read() -> None:
    """Those that are kept are all there were."""
    play = Play(ann="web")
    play.is_bridged("tom")
    play.says("ann", "/msg tom psst")
    kept = play.room.snapshot()
    del kept["seats"]["counts"]
    play.room.restore(kept)
    play.drops("tom")
    assert whispers(back_by_bridge(play, "tom2", 2, 0)) == ["psst"]


def test_a_browser_cannot_resume_a_terminal_nor_a_terminal_a_browser() -> None:
    """The doors have different ways to show what was missed."""
    play = Play(ann="web")
    play.is_bridged("tom")
    play.drops("ann")
    play.drops("tom")
    assert play.comes_back("tom", "eve") == [Delivery(Prompted(NOT_KEPT), ("eve",))]
    play.arrives("eva", "telnet", resumes=True)
    assert play.says("eva", "/resume ann's-token 0") == [Delivery(Prompted(NOT_KEPT), ("eva",))]
