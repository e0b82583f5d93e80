"""What is remembered of the conversation, and how much of it is told again."""

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.room import history as history_module
from backend.room.deliveries import Delivery
from backend.room.events import Noticed, Person, Presence, Public, Recalled, Said
from backend.room.history import MAX_COST, MAX_RECALLED, REMEMBERED, History

AT = 1_700_000_000.0


def everything(_: Public) -> bool:
    """Somebody who ignores nobody."""
    return True


def history_of(number: int, text: str = "hi") -> History:
    """So many lines said."""
    history = History()
    for _ in range(number):
        said = Said(history.next_id(), AT, "bob", "web", text)
        history.remember([Delivery(said, ("a", "b"))])
    return history


def ids(recalled: Recalled) -> list[int]:
    """Those of the events that are told."""
    return [event.id for event in recalled.events]


def test_the_newest_are_told_oldest_first() -> None:
    """With the range that they cover, and whether there is more."""
    recalled = history_of(30).before(None, 20, everything)
    assert ids(recalled) == list(range(11, 31))
    assert (recalled.since, recalled.before, recalled.more) == (10, 31, True)


def test_older_ones_come_before_the_one_that_is_named() -> None:
    """Down to the first, and then there is no more."""
    history = history_of(30)
    assert ids(history.before(11, 20, everything)) == list(range(1, 11))
    assert history.before(11, 20, everything).more is False
    assert history.before(1, 20, everything) == Recalled(0, 1, (), False)
    assert history.before(0, 20, everything) == Recalled(0, 1, (), False)
    assert ids(history.before(10**9, 2, everything)) == [29, 30]


def test_what_was_missed_is_all_that_came_after() -> None:
    """And nothing, if nothing did; also for somebody who has seen another room's future."""
    history = history_of(30)
    assert ids(history.since(27, everything)) == [28, 29, 30]
    assert history.since(30, everything) == Recalled(30, 31, (), True)
    assert history.since(99, everything) == Recalled(30, 31, (), True)


def test_no_answer_is_longer_than_can_be_read() -> None:
    """The newest of what was missed; what is before it can be asked for."""
    history = history_of(MAX_RECALLED + 30)
    recalled = history.since(10, everything)
    assert ids(recalled) == list(range(31, MAX_RECALLED + 31))
    assert recalled.since == 30
    assert ids(history.before(None, 10_000, everything)) == ids(recalled)


def test_long_lines_fill_an_answer_sooner() -> None:
    """So that in any script it is less than an outbox holds."""
    recalled = history_of(100, "x" * 1_000).before(None, 100, everything)
    assert 20 < len(recalled.events) < 40
    assert sum(len(event.text) for event in recalled.events if isinstance(event, Said)) < MAX_COST
    assert recalled.since == 100 - len(recalled.events)


def test_a_crowds_news_count_by_their_names() -> None:
    """A hundred of them are many kilobytes."""
    history = History()
    people = tuple(Person(f"n{number}", "web") for number in range(100))
    for _ in range(100):
        news = Presence(history.next_id(), AT, people, (), 100, 0, 400)
        history.remember([Delivery(news, ("a",))])
    assert len(history.before(None, 100, everything).events) == 3


def test_what_somebody_does_not_want_to_hear_is_left_out_of_the_range() -> None:
    """The range is complete all the same, or a page would ask for ever."""
    recalled = history_of(30).before(None, 10, lambda event: event.id % 2 == 0)
    assert ids(recalled) == [22, 24, 26, 28, 30]
    assert (recalled.since, recalled.before) == (20, 31)


def test_the_oldest_are_forgotten() -> None:
    """A room that has been talking for months is no larger for it."""
    history = history_of(REMEMBERED + 5)
    assert history.before(6, 10, everything) == Recalled(5, 6, (), False)
    assert ids(history.before(8, 10, everything)) == [6, 7]


def test_only_what_is_public_is_remembered_and_only_once() -> None:
    """The same event may go out twice, to some without its reason."""
    history = History()
    said = Said(history.next_id(), AT, "bob", "web", "hi")
    history.remember([Delivery(Noticed("x"), ("a",)), Delivery(said, ()), Delivery(said, ("a",))])
    assert history.before(None, 9, everything).events == (said,)


def test_ids_that_the_log_has_lost_are_left_out_and_count_for_nothing() -> None:
    """Whoever has seen the events that had them is told what came since."""
    history = history_of(3)
    history.skip(1_000)
    said = Said(history.next_id(), AT, "bob", "web", "hi")
    history.remember([Delivery(said, ())])
    assert (said.id, history.last) == (1_004, 1_004)
    assert history.since(2, everything) == Recalled(2, 1_005, (*history.events[2:],), True)
    assert history.since(700, everything) == Recalled(700, 1_005, (said,), True)
    assert ids(history.before(None, 2, everything)) == [3, 1_004]
    assert history.before(700, 2, everything) == Recalled(1, 700, history.events[1:3], True)


@given(st.data())
def test_asking_on_and_on_tells_everything_once(data: st.DataObject) -> None:
    """Whatever the sizes of the answers and of what is remembered, and whatever ids are missing."""
    number = data.draw(st.integers(0, 60))
    length = st.sampled_from([1, 300])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(history_module, "MAX_COST", 1_000)
        history = History()
        for _ in range(number):
            history.skip(data.draw(st.sampled_from([0, 0, 0, 5])))
            text = "x" * data.draw(length)
            said = Said(history.next_id(), AT, "bob", "web", text)
            history.remember([Delivery(said, ())])
        history.skip(data.draw(st.sampled_from([0, 5])))
        told: list[int] = []
        before = None
        for _ in count():
            recalled = history.before(before, data.draw(st.integers(1, 9)), everything)
            assert recalled.before == (before or history.last + 1)
            told = [*ids(recalled), *told]
            before = recalled.since + 1
            if not recalled.more:
                break
        assert told == [event.id for event in history.events]
        assert len(told) == number
