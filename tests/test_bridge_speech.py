"""What a bridge says again, and what it never says twice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.bridge.speech import FULL, LOST, MAX_BYTES, MAX_SAID_BYTES, Speech
from backend.wire.options import DO, IAC, NAWS, NOP, TTYPE, WILL

ANY_LINE = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=9)


def seated() -> Speech:
    """Somebody who has just come in, at the second try."""
    speech = Speech()
    speech.answered()  # the beginning
    speech.sent(b"bob\r\nalice\r\n")
    speech.answered()
    speech.seated()
    return speech


def taken(speech: Speech) -> bytes:
    """What is said now, of which nothing is lost."""
    lines, losses = speech.take()
    assert losses == []
    assert not speech.is_due
    return lines


@pytest.mark.parametrize("heard", [0, 1, 2, 3, 9])
def test_what_was_not_heard_is_said_again(heard: int) -> None:
    """The newest, in order; and only if the seat is the same."""
    speech = seated()
    speech.sent(b"one\r\ntwo\r\nthr")
    speech.sent(b"ee\r\n")
    speech.lost()
    assert not speech.is_due
    speech.resumed(heard)
    assert speech.is_due == (heard < 3)
    assert taken(speech) == b"".join([b"one\r\n", b"two\r\n", b"three\r\n"][heard:])
    assert taken(speech) == b""


def test_what_is_said_again_may_be_lost_again() -> None:
    """Also where the connection holds only for the welcome, or not even that."""
    speech = seated()
    speech.sent(b"one\r\ntwo\r\n")
    for heard in (1, 1, 2):
        for _ in range(2):
            speech.lost()
        speech.resumed(heard)
        again = taken(speech)
        assert again == (b"two\r\n" if heard == 1 else b"")
        speech.sent(again)


def test_lines_that_were_for_the_door_are_not_said() -> None:
    """However many names it took; what was pasted behind the name was said, and is said again."""
    speech = Speech()
    speech.sent(b"bob\r\nalice\r\nhello\r\n")
    for _ in ("the beginning", "bob"):
        speech.answered()
    speech.seated()
    speech.lost()
    speech.resumed(0)
    assert taken(speech) == b"hello\r\n"


def test_a_new_seat_has_not_heard_anything() -> None:
    """What the old one had heard nobody knows, and twice is worse than never."""
    speech = seated()
    speech.sent(b"one\r\n")
    speech.lost()
    speech.answered()
    speech.sent(b"alice\r\n")
    speech.seated()
    assert taken(speech) == b""
    speech.sent(b"two\r\n")
    speech.lost()
    speech.resumed(0)
    assert taken(speech) == b"two\r\n"


def test_telnets_commands_are_no_lines_and_bytes_stay_as_they_were() -> None:
    """As the room counts them: each line end once, whatever it is made of."""
    speech = seated()
    speech.sent(bytes((IAC, NOP)) + b"caf\xe9\r\0" + bytes((IAC, DO, NAWS)) + b"\xff\xff\n")
    speech.sent("schön\r".encode())
    speech.sent(b"\n" + bytes((IAC, WILL, TTYPE)))
    speech.lost()
    speech.resumed(0)
    assert taken(speech) == b"caf\xe9\r\n\xff\xff\r\n" + "schön\r\n".encode()


@pytest.mark.parametrize("edited", [b"caf\t", b"\x1b[A", b"\x1b[A\x7f\x7f\x7fxyz", b"x" * 9_000])
def test_what_cannot_be_said_again_is_told(edited: bytes) -> None:
    """Nobody knows here what an arrow or Tab made of it; the lines around it are said."""
    speech = seated()
    speech.sent(b"one\r\n" + edited + b"\r\nthree\r\n")
    speech.lost()
    speech.resumed(0)
    assert speech.take() == (b"one\r\nthree\r\n", [LOST])


def test_what_was_said_is_not_kept_for_ever() -> None:
    """More than anybody types before a loss is noticed; what is too old is told to be lost."""
    speech = seated()
    for number in range(10_000):
        speech.sent(b"%d\r\n" % number)
    speech.lost()
    speech.resumed(9_998)
    again = taken(speech)
    assert again == b"9998\r\n9999\r\n"
    speech.sent(again + b"".join(b"%d\r\n" % number for number in range(10_000)))
    speech.lost()
    speech.resumed(15_000)
    lines, losses = speech.take()
    assert losses == [LOST]
    assert lines.endswith(b"9998\r\n9999\r\n")
    assert MAX_SAID_BYTES - 10 < len(lines) <= MAX_SAID_BYTES


@pytest.mark.parametrize("line", [b"", b"hello", b"\x1b[A", b"x" * 9_000])
def test_what_is_kept_is_bounded_whatever_is_said(line: bytes) -> None:
    """Also if there is nothing of it that could be said again."""
    speech = seated()
    for _ in range(10):
        speech.sent((line + b"\r\n") * 1_000)
    assert len(speech._said.lines) <= MAX_SAID_BYTES
    assert speech._said.size <= MAX_SAID_BYTES


@given(st.lists(ANY_LINE, max_size=20), st.data())
def test_each_line_is_heard_once_whatever_is_lost(lines: list[str], data: st.DataObject) -> None:
    """And in order, however often the connection ends and wherever the network cuts."""
    heard: list[bytes] = []
    speech = seated()
    waiting = b"".join(f"{line}\n".encode() for line in lines)
    while waiting:
        cut = data.draw(st.integers(1, len(waiting)))
        speech.sent(waiting[:cut])
        sent, waiting = waiting[:cut], waiting[cut:]
        heard += sent[: data.draw(st.integers(0, len(sent)))].split(b"\n")[:-1]
        speech.lost()
        speech.resumed(len(heard))
        half = sent.rpartition(b"\n")[2]  # which is typed anew
        waiting = taken(speech).replace(b"\r", b"") + half + waiting
    assert heard == [line.encode() for line in lines]


# --- what is typed in between ---


def test_lines_are_kept_as_they_were_typed() -> None:
    """Without telnet's own commands, however the network cuts them; and given out once."""
    typed = b"one\r\n" + bytes((IAC, DO, NAWS)) + b"tw\xff\xffo\r\n" + bytes((IAC, WILL, TTYPE))
    for cut in range(len(typed)):
        speech = seated()
        speech.lost()
        speech.typed(typed[:cut])
        speech.typed(typed[cut:])
        assert speech.is_due
        assert taken(speech) == b"one\r\ntw\xff\xffo\r\n"


def test_all_that_is_said_at_once_after_a_loss_may_be_lost_again() -> None:
    """What was not heard and what was typed meanwhile, each as much as is kept."""
    speech = seated()
    line = b"x" * 1_000 + b"\r\n"
    speech.sent(line * 3)
    speech.lost()
    speech.typed(line * 3)
    speech.resumed(0)
    again = taken(speech)
    assert again == line * 6
    speech.sent(again)
    speech.lost()
    speech.resumed(0)
    assert taken(speech) == again


def test_what_was_not_heard_comes_before_what_is_typed_meanwhile() -> None:
    """In the order in which it was typed."""
    speech = seated()
    speech.sent(b"one\r\n")
    speech.lost()
    speech.typed(b"two\r\n")
    speech.resumed(0)
    assert taken(speech) == b"one\r\ntwo\r\n"


def test_what_is_too_much_is_dropped_by_whole_lines() -> None:
    """And so is all that comes behind it."""
    speech = seated()
    speech.typed(b"one\r\n")
    speech.typed(b"x" * MAX_BYTES)
    speech.typed(b"y\r\nthree\r\n")
    assert speech.take() == (b"one\r\n", [FULL])
    speech.typed(b"four\r\n")
    assert taken(speech) == b"four\r\n"
