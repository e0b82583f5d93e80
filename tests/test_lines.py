"""Bytes into lines, however they are cut."""

import re
import time
import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from wcwidth import iter_graphemes

from backend.wire.inputs import Typed
from backend.wire.lines import MAX_LINE_BYTES, LineBuffer

Lines = list[str | None]

ENDS = [b"\n", b"\r", b"\r\n", b"\r\0"]
KEYS = [b"\x08", b"\x7f", b"\x03", b"\x15", b"\x17"]
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
    (b"\r\n\0\n", ["", ""]),
    (b"a\rb\nc\r\nd\r\0e\n", ["a", "b", "c", "d", "e"]),
    (b"alice\r\nhi bob\r\n/quit\r\n", ["alice", "hi bob", "/quit"]),
    (b"a\0b\0\n", ["ab"]),
    (b"\0\0\r\0\0\n", ["", ""]),
    ("Zoë 한 👩‍👩‍👧\r\n".encode(), ["Zoë 한 👩‍👩‍👧"]),
    (b"caf\xe9 \xff\xfe\r\n", ["café ÿþ"]),
    (b"caf\xe9\r\ncaf\xc3\xa9\r\n", ["café", "café"]),
    (b"\xc3\r\n\xa9\r\n", ["Ã", "©"]),
    (b"\xed\xa0\x80\n", ["í\xa0\x80"]),
    (LONGEST + b"\r\n", ["x" * MAX_LINE_BYTES]),
    (LONGEST + b"x\r\nfine\r\n", [None, "fine"]),
    (LONGEST * 3 + b"\rfine\r" + LONGEST + b"y\r\n", [None, "fine", None]),
    (LONGEST + b"\xe9\n\nfine\n", [None, "", "fine"]),
    # Keys that take something back: a character,
    (b"hix\x08\n", ["hi"]),
    (b"hix\x7f\n", ["hi"]),
    (b"hixx\x7f\x08\n", ["hi"]),
    (b"\x08\x7fhi\n", ["hi"]),
    (b"hi\n\x7fyo\n", ["hi", "yo"]),
    (b"hix\0\x08\0\n", ["hi"]),
    ("한é\x7f\n".encode(), ["한"]),
    ("e\u0301\u0302\x7f!\n".encode(), ["!"]),
    ("hi👩‍👩‍👧\x7f!\n".encode(), ["hi!"]),
    ("hi👍🏽\x7f!\n".encode(), ["hi!"]),
    ("hi🇫🇷🇩🇪\x7f!\n".encode(), ["hi🇫🇷!"]),
    ("각\x7f!\n".encode(), ["!"]),
    (b"caf\xe9\x7f\n", ["caf"]),
    (b"caf\xe9\xe8\x7f\n", ["café"]),
    (b"caf\xc3\x7f\xc3\xa9\n", ["café"]),
    (b"\xa1\xa2\xa3\x7f\n", ["¡¢"]),
    # a word,
    (b"one two\x17\n", ["one "]),
    (b"one two  \x17three\n", ["one three"]),
    (b"one two\x17\x17\x17three\n", ["three"]),
    (b"\x17one\n", ["one"]),
    (b"   \x17one\n", ["one"]),
    ("müde Füße\x17\n".encode(), ["müde "]),
    # the whole line.
    (b"one two\x15three\n", ["three"]),
    (b"one two\x03three\n", ["three"]),
    (b"one\ntwo\x15\n", ["one", ""]),
    (LONGEST + b"x\x15fine\n", ["fine"]),
    (LONGEST + b"x\x03fine\n", ["fine"]),
    (LONGEST + b"x\x7f\n", [None]),
    (LONGEST + b"\x7fy\n", ["x" * (MAX_LINE_BYTES - 1) + "y"]),
]

of_every_sample = pytest.mark.parametrize(
    ("data", "lines"), SAMPLES, ids=[ascii(data[:20] + data[-10:]) for data, _ in SAMPLES]
)


def lines_of(buffer: LineBuffer, *chunks: bytes) -> Lines:
    """The lines that come of these reads; nothing else may."""
    out = [out for chunk in chunks for out in buffer.feed(chunk)]
    assert all(isinstance(one, Typed) for one in out)
    return [one.line for one in out if isinstance(one, Typed)]


def fed(*chunks: bytes) -> Lines:
    """All lines that come of these reads, from the first byte of a connection."""
    return lines_of(LineBuffer(), *chunks)


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
    assert lines_of(buffer, b"hi\r") == ["hi"]
    assert lines_of(buffer, b"\n") == []
    assert lines_of(buffer, b"\n") == [""]


def test_a_line_too_long_is_none_once_and_the_next_line_is_fine() -> None:
    """However many reads it takes, it is one line that was not kept."""
    buffer = LineBuffer()
    for _ in range(10):
        assert lines_of(buffer, LONGEST) == []
    assert lines_of(buffer, b"the end\r\nfine\r\n") == [None, "fine"]
    assert lines_of(buffer, b"fine too\n") == ["fine too"]


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
    assert lines_of(buffer, b"\n") == [None]


@pytest.mark.parametrize("key", KEYS, ids=ascii)
def test_keys_that_take_back_find_nothing_to_take_on_an_empty_line(key: bytes) -> None:
    """They never reach into the line before, and are never part of a line themselves."""
    assert fed(b"kept\n" + key * 3 + b"hi\n" + key + b"\n") == ["kept", "hi", ""]


def test_a_program_may_take_back_what_keys_do() -> None:
    """Telnet has commands for it, which come this way."""
    buffer = LineBuffer()
    buffer.feed("hi👩‍👩‍👧".encode())
    assert buffer.erase_character() == []
    assert lines_of(buffer, b"\n") == ["hi"]
    buffer.feed(LONGEST + b"x")
    assert buffer.erase_line() == []
    assert lines_of(buffer, b"hi\n") == ["hi"]


def test_taking_back_costs_the_same_however_long_the_line_is() -> None:
    """One connection's keys must not keep everybody waiting: all of them have one process."""
    buffer = LineBuffer()
    buffer.feed(LONGEST[:-2] + b" ")
    before = time.process_time()
    for _ in range(8):
        buffer.feed(b"y\x17y\x08")
    assert time.process_time() - before < 0.5
    assert lines_of(buffer, b"\n") == ["x" * (MAX_LINE_BYTES - 2) + " "]


def test_every_byte_means_something() -> None:
    """What is not UTF-8 is read as Latin-1, and no bytes at all are an error."""
    special = set(b"".join([*ENDS, *KEYS]))
    every = bytes(byte for byte in range(256) if byte not in special)
    assert fed(every + b"\n") == [every.decode("latin-1")]


def test_how_a_line_had_to_be_read_is_told() -> None:
    """Whoever writes Latin-1 wants to read it, too."""
    assert LineBuffer().feed(b"caf\xc3\xa9\ncaf\xe9\ncafe\n") == [
        Typed("café", "utf-8"),
        Typed("café", "latin-1"),
        Typed("cafe", "utf-8"),
    ]


LETTERS = [b"\0", b"a", b" ", "é한".encode(), b"\xe9", b"\xff", b"x" * 3_000, LONGEST]


def pieces(*special: bytes) -> st.SearchStrategy[list[bytes]]:
    """Line ends, text of all kinds, and what else is named."""
    piece = st.sampled_from([*ENDS, *LETTERS, *special]) | st.binary(max_size=4)
    return st.lists(piece, max_size=20)


@settings(deadline=None)
@given(pieces(*KEYS), st.lists(st.integers(0, 100_000), max_size=12))
@example([b"a\r\n"], [2])
@example([b"a\r\n"], [2, 2])
@example([LONGEST, b"\r\nb\n"], [1, MAX_LINE_BYTES + 1])
@example(["👩‍👩‍👧".encode(), b"\x7f\n"], [2, 5])
def test_the_lines_are_the_same_for_any_split(parts: list[bytes], cuts: list[int]) -> None:
    """Where reads begin and end is the network's whim."""
    data = b"".join(parts)
    edges = sorted([0, len(data), *(cut % (len(data) + 1) for cut in cuts)])
    chunks = [data[start:end] for start, end in pairwise(edges)]  # empty ones too
    assert fed(*chunks) == fed(data)


@settings(deadline=None)
@given(pieces(*KEYS))
def test_any_bytes_are_lines(parts: list[bytes]) -> None:
    """As many lines as ends, and none for what is unfinished."""
    data = b"".join(parts)
    assert len(fed(data)) == len(re.findall(rb"\r\n|\r|\n", data))


@settings(deadline=None)
@given(pieces())
def test_a_line_is_kept_exactly_when_it_is_not_too_long(parts: list[bytes]) -> None:
    """A NUL is nothing, and does not count."""
    data = b"".join(parts).translate(None, b"\0" + b"".join(KEYS))
    sizes = [len(line) for line in re.split(rb"\r\n|\r|\n", data)[:-1]]
    assert [size > MAX_LINE_BYTES for size in sizes] == [line is None for line in fed(data)]


VISIBLE = st.characters(exclude_categories=("Cc", "Cs"))
CLUSTERS = st.sampled_from(["e\u0301", "👩‍👩‍👧", "🇫🇷", "👍🏽", "각", "क्षि", "1️⃣", "a", " "])


@settings(deadline=None)
@given(st.lists(VISIBLE | CLUSTERS, max_size=12).map("".join), st.integers(0, 15))
def test_a_stroke_takes_back_what_a_reader_calls_a_character(text: str, strokes: int) -> None:
    """However many bytes and code points it is made of."""
    clusters = list(iter_graphemes(text))
    kept = clusters[: max(0, len(clusters) - strokes)]
    assert fed(text.encode() + b"\x7f" * strokes + b"\n") == ["".join(kept)]


@settings(deadline=None)
@given(st.binary(max_size=600).map(lambda data: data.translate(None, b"\r\n" + b"".join(KEYS))))
def test_enough_strokes_take_back_any_line(data: bytes) -> None:
    """Each takes something, as long as there is anything."""
    assert fed(data + b"\x7f" * len(data) + b"!\n") == ["!"]
