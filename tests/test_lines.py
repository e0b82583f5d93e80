"""Bytes into lines, however they are cut."""

import re
import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from backend.wire.lines import MAX_LINE_BYTES, LineBuffer

Lines = list[str | None]

ENDS = [b"\n", b"\r", b"\r\n", b"\r\0"]
LONGEST = b"x" * MAX_LINE_BYTES

SAMPLES: list[tuple[bytes, Lines]] = [
    (b"hi\n", ["hi"]),
    (b"hi\r\n", ["hi"]),
    (b"hi\r\0", ["hi"]),
    (b"hi\r", ["hi"]),
    (b"\n", [""]),
    (b"\r\n\r\n", ["", ""]),
    (b"\r\r\r", ["", "", ""]),
    (b"\n\r", ["", ""]),
    (b"\r\0\n", ["", ""]),
    (b"\r\n\0\n", ["", "\0"]),
    (b"a\rb\nc\r\nd\r\0e\n", ["a", "b", "c", "d", "e"]),
    (b"alice\r\nhi bob\r\n/quit\r\n", ["alice", "hi bob", "/quit"]),
    (b"a\0b\n", ["a\0b"]),
    ("Zoë 한 👩‍👩‍👧\r\n".encode(), ["Zoë 한 👩‍👩‍👧"]),
    (b"caf\xe9 \xff\xfe\r\n", ["café ÿþ"]),
    (b"caf\xe9\r\ncaf\xc3\xa9\r\n", ["café", "café"]),
    (b"\xc3\r\n\xa9\r\n", ["Ã", "©"]),
    (b"\xed\xa0\x80\n", ["í\xa0\x80"]),
    (LONGEST + b"\r\n", ["x" * MAX_LINE_BYTES]),
    (LONGEST + b"x\r\nfine\r\n", [None, "fine"]),
    (LONGEST * 3 + b"\rfine\r" + LONGEST + b"y\r\n", [None, "fine", None]),
    (LONGEST + b"\xe9\n\nfine\n", [None, "", "fine"]),
]

of_every_sample = pytest.mark.parametrize(
    ("data", "lines"), SAMPLES, ids=[ascii(data[:20] + data[-10:]) for data, _ in SAMPLES]
)


def fed(*chunks: bytes) -> Lines:
    """All lines that come of these reads."""
    buffer = LineBuffer()
    return [line for chunk in chunks for line in buffer.feed(chunk)]


@of_every_sample
def test_lines_come_out_of_one_read(data: bytes, lines: Lines) -> None:
    """Every kind of line end, and every kind of line, whole."""
    assert fed(data) == lines


@of_every_sample
def test_lines_come_out_byte_by_byte(data: bytes, lines: Lines) -> None:
    """One letter a packet, as some clients send."""
    assert fed(*(data[i : i + 1] for i in range(len(data)))) == lines


@of_every_sample
def test_a_tail_waits_for_its_end(data: bytes, lines: Lines) -> None:
    """What follows the last line end is no line yet, and then one of its own."""
    assert fed(data + b"ta") == lines
    assert fed(data + b"ta", b"il\n") == [*lines, "tail"]


@of_every_sample
def test_lines_come_out_cut_in_two_anywhere(data: bytes, lines: Lines) -> None:
    """The two halves of a line end, or of a letter, may come in two reads."""
    edges = [*range(min(len(data), 40)), *range(max(0, len(data) - 40), len(data) + 1)]
    for cut in edges:
        assert fed(data[:cut], data[cut:]) == lines


@pytest.mark.parametrize("end", [b"\n", b"\0"])
def test_a_read_of_nothing_between_the_halves_of_an_end_changes_nothing(end: bytes) -> None:
    """A read may be empty once telnet's commands are taken out of it."""
    assert fed(b"hi\r", b"", end + b"bye\r", b"", b"", b"x\r\n") == ["hi", "bye", "x"]


def test_a_bare_cr_ends_its_line_at_once() -> None:
    """Nobody waits for a newline that may never come."""
    buffer = LineBuffer()
    assert buffer.feed(b"hi\r") == ["hi"]
    assert buffer.feed(b"\n") == []
    assert buffer.feed(b"\n") == [""]


def test_a_line_too_long_is_none_once_and_the_next_line_is_fine() -> None:
    """However many reads it takes, it is one line that was not kept."""
    buffer = LineBuffer()
    for _ in range(10):
        assert buffer.feed(LONGEST) == []
    assert buffer.feed(b"the end\r\nfine\r\n") == [None, "fine"]
    assert buffer.feed(b"fine too\n") == ["fine too"]


def test_a_line_that_never_ends_takes_no_memory() -> None:
    """Sixteen megabytes without a line end leave no more than a line's worth behind."""
    buffer = LineBuffer()
    chunk = b"x" * 4_096
    tracemalloc.start()
    try:
        for _ in range(4_096):
            assert buffer.feed(chunk) == []
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10 * MAX_LINE_BYTES
    assert buffer.feed(b"\n") == [None]


def test_every_byte_means_something() -> None:
    """What is not UTF-8 is read as Latin-1, and no bytes at all are an error."""
    ends = set(b"\r\n")
    every = bytes(byte for byte in range(256) if byte not in ends)
    assert fed(every + b"\n") == [every.decode("latin-1")]


PIECES = st.lists(
    st.sampled_from([*ENDS, b"\0", b"a", "é한".encode(), b"\xe9", b"\xff", b"x" * 3_000, LONGEST])
    | st.binary(max_size=4),
    max_size=20,
)


@settings(deadline=None)
@given(PIECES, st.lists(st.integers(0, 100_000), max_size=12))
@example([b"a\r\n"], [2])
@example([b"a\r\n"], [2, 2])
@example([LONGEST, b"\r\nb\n"], [1, MAX_LINE_BYTES + 1])
def test_the_lines_are_the_same_for_any_split(pieces: list[bytes], cuts: list[int]) -> None:
    """Where reads begin and end is the network's whim."""
    data = b"".join(pieces)
    edges = sorted([0, len(data), *(cut % (len(data) + 1) for cut in cuts)])
    chunks = [data[start:end] for start, end in pairwise(edges)]  # empty ones too
    assert fed(*chunks) == fed(data)


@settings(deadline=None)
@given(PIECES)
def test_any_bytes_are_lines(pieces: list[bytes]) -> None:
    """As many lines as ends, and none for what is unfinished."""
    data = b"".join(pieces)
    kept = re.split(rb"\r\n|\r\0|\r|\n", data)[:-1]
    assert [None if len(line) > MAX_LINE_BYTES else "kept" for line in kept] == [
        None if line is None else "kept" for line in fed(data)
    ]
