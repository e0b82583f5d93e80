"""Keys out of bytes, whatever terminal they come from and however they are cut."""

import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from backend.wire.keys import Key, Keys

SEQUENCES: list[tuple[str, bytes, Key]] = [
    ("xterm, PuTTY, Linux, rxvt, tmux: up", b"\x1b[A", Key.UP),
    ("xterm, PuTTY, Linux, rxvt, tmux: down", b"\x1b[B", Key.DOWN),
    ("xterm, PuTTY, Linux, rxvt, tmux: right", b"\x1b[C", Key.RIGHT),
    ("xterm, PuTTY, Linux, rxvt, tmux: left", b"\x1b[D", Key.LEFT),
    ("application mode, and PuTTY's Ctrl: up", b"\x1bOA", Key.UP),
    ("application mode, and PuTTY's Ctrl: down", b"\x1bOB", Key.DOWN),
    ("application mode, and PuTTY's Ctrl: right", b"\x1bOC", Key.RIGHT),
    ("application mode, and PuTTY's Ctrl: left", b"\x1bOD", Key.LEFT),
    ("xterm: home", b"\x1b[H", Key.HOME),
    ("xterm: end", b"\x1b[F", Key.END),
    ("xterm, application mode: home", b"\x1bOH", Key.HOME),
    ("xterm, application mode: end", b"\x1bOF", Key.END),
    ("PuTTY, Linux, screen, tmux: home", b"\x1b[1~", Key.HOME),
    ("PuTTY, Linux, screen, tmux: end", b"\x1b[4~", Key.END),
    ("rxvt: home", b"\x1b[7~", Key.HOME),
    ("rxvt: end", b"\x1b[8~", Key.END),
    ("all: delete", b"\x1b[3~", Key.DELETE),
    ("xterm: Ctrl-delete", b"\x1b[3;5~", Key.DELETE),
    ("xterm, tmux: Ctrl-left", b"\x1b[1;5D", Key.WORD_LEFT),
    ("xterm, tmux: Ctrl-right", b"\x1b[1;5C", Key.WORD_RIGHT),
    ("xterm, tmux: Ctrl-up", b"\x1b[1;5A", Key.UP),
    ("xterm, tmux: Ctrl-home", b"\x1b[1;5H", Key.HOME),
    ("xterm, tmux: Alt-left", b"\x1b[1;3D", Key.WORD_LEFT),
    ("xterm, tmux: Alt-right", b"\x1b[1;3C", Key.WORD_RIGHT),
    ("rxvt: Ctrl-left", b"\x1bOd", Key.WORD_LEFT),
    ("rxvt: Ctrl-right", b"\x1bOc", Key.WORD_RIGHT),
    ("rxvt, PuTTY: Alt-up", b"\x1b\x1b[A", Key.UP),
    ("all: Alt-b", b"\x1bb", Key.WORD_LEFT),
    ("all: Alt-f", b"\x1bf", Key.WORD_RIGHT),
    ("all: Alt-backspace", b"\x1b\x7f", Key.KILL_WORD),
    ("PuTTY with backspace as ^H: Alt-backspace", b"\x1b\x08", Key.KILL_WORD),
    ("^H", b"\x08", Key.BACKSPACE),
    ("^?", b"\x7f", Key.BACKSPACE),
    ("^I", b"\t", Key.TAB),
    ("^A", b"\x01", Key.HOME),
    ("^B", b"\x02", Key.LEFT),
    ("^C", b"\x03", Key.KILL_LINE),
    ("^D", b"\x04", Key.DELETE),
    ("^E", b"\x05", Key.END),
    ("^F", b"\x06", Key.RIGHT),
    ("^K", b"\x0b", Key.KILL_REST),
    ("^L", b"\x0c", Key.REDRAW),
    ("^N", b"\x0e", Key.DOWN),
    ("^P", b"\x10", Key.UP),
    ("^U", b"\x15", Key.KILL_LINE),
    ("^W", b"\x17", Key.KILL_WORD),
    ("return: CR LF", b"\r\n", Key.ENTER),
    ("return: CR NUL", b"\r\0", Key.ENTER),
    ("return: CR", b"\r", Key.ENTER),
    ("return: LF", b"\n", Key.ENTER),
]

NO_KEYS: list[tuple[str, bytes]] = [
    ("xterm: F1", b"\x1bOP"),
    ("xterm: Shift-F1", b"\x1b[1;2P"),
    ("xterm: F5", b"\x1b[15~"),
    ("xterm: Ctrl-F12", b"\x1b[24;5~"),
    ("xterm: Shift-Tab", b"\x1b[Z"),
    ("xterm: insert", b"\x1b[2~"),
    ("xterm: page up", b"\x1b[5~"),
    ("xterm: the window gets the focus", b"\x1b[I"),
    ("xterm: a pasted text begins", b"\x1b[200~"),
    ("xterm, PuTTY: 0 on the keypad in application mode", b"\x1bOp"),
    ("xterm: what it answers when asked what it is", b"\x1b[?64;1;9c"),
    ("kitty: Ctrl-Shift-A", b"\x1b[97:65;6u"),
    ("Konsole: Shift-F1", b"\x1bO2P"),
    ("PuTTY: 5 on the keypad", b"\x1b[G"),
    ("Linux: F1", b"\x1b[[A"),
    ("Linux: F5", b"\x1b[[E"),
    ("rxvt: Ctrl-F11", b"\x1b[23^"),
    ("rxvt: Shift-F11", b"\x1b[23$"),
    ("rxvt: Shift-insert", b"\x1b[2$"),
    ("rxvt: Shift-left", b"\x1b[d"),
    ("Alt-x", b"\x1bx"),
    ("Alt-1", b"\x1b1"),
    ("ECMA-48 with an intermediate byte", b"\x1b[1 q"),
    ("longer than any key", b"\x1b[" + b"1;" * 50 + b"m"),
    ("longer than any key, and like an arrow", b"\x1b[" + b"1;" * 50 + b"D"),
    ("longer than any key, of an odd kind", b"\x1bO" + b"1" * 100 + b"P"),
    ("NUL", b"\0"),
    ("^G", b"\x07"),
    ("a control of eight bits, as UTF-8", b"\xc2\x85"),
    ("three times escape", b"\x1b\x1b\x1bx"),
]

SAMPLES: list[tuple[bytes, list[Key | str]]] = [
    (b"hi", ["hi"]),
    (b"hi\r\n", ["hi", Key.ENTER]),
    (b"\r\n\r\n", [Key.ENTER, Key.ENTER]),
    (b"\r\r\n\n", [Key.ENTER, Key.ENTER, Key.ENTER]),
    (b"\r\0\n", [Key.ENTER, Key.ENTER]),
    (b"\r\n\0\n", [Key.ENTER, Key.ENTER]),
    (b"\n\r", [Key.ENTER, Key.ENTER]),
    (b"\rx\n", [Key.ENTER, "x", Key.ENTER]),
    (b"\r\x1b[A\n", [Key.ENTER, Key.UP, Key.ENTER]),
    (b"a\x1b[Db\x1b[3~\x7fc", ["a", Key.LEFT, "b", Key.DELETE, Key.BACKSPACE, "c"]),
    ("Zoë 한 👩‍👩‍👧 e\u0301".encode(), ["Zoë 한 👩‍👩‍👧 e\u0301"]),
    ("é\r한\x1b[A👧".encode(), ["é", Key.ENTER, "한", Key.UP, "👧"]),
    (b"caf\xe9 au lait\r", ["café au lait", Key.ENTER]),
    (b"\xe9t\xe9\r", ["été", Key.ENTER]),
    (b"\xff\xfe\r", ["ÿþ", Key.ENTER]),
    (b"\xe9\x1b[D", ["é", Key.LEFT]),
    (b"\xf0\x9f\x91\r", ["ð", Key.ENTER]),  # what follows are controls in Latin-1
    (b"\xed\xa0\xa1x", ["í\xa0¡x"]),  # half a surrogate pair is no UTF-8
]


def together(keys: list[Key | str]) -> list[Key | str]:
    """The same keys with neighbouring characters in one string."""
    out: list[Key | str] = []
    for key in keys:
        if isinstance(key, str) and out and isinstance(out[-1], str):
            out[-1] += key
        else:
            out.append(key)
    return out


def fed(*chunks: bytes) -> list[Key | str]:
    """All keys that come of these reads, from the first byte of a connection."""
    keys = Keys()
    return together([key for chunk in chunks for key in keys.feed(chunk)])


def cut_anywhere(data: bytes) -> list[tuple[bytes, ...]]:
    """All ways to cut in two, and the one that leaves single bytes."""
    in_two = [(data[:cut], data[cut:]) for cut in range(len(data) + 1)]
    return [*in_two, tuple(data[i : i + 1] for i in range(len(data)))]


of_every_key = pytest.mark.parametrize(
    ("data", "key"),
    [(data, key) for _, data, key in SEQUENCES],
    ids=[name for name, *_ in SEQUENCES],
)
of_no_key = pytest.mark.parametrize(
    "data", [data for _, data in NO_KEYS], ids=[name for name, _ in NO_KEYS]
)
of_every_sample = pytest.mark.parametrize(
    ("data", "keys"), SAMPLES, ids=[ascii(data[:20]) for data, _ in SAMPLES]
)


@of_every_key
def test_a_key_is_known_from_every_terminal(data: bytes, key: Key) -> None:
    """Whichever terminal sends it, alone and between letters."""
    assert fed(data) == [key]
    assert fed(b"a" + data + b"b") == ["a", key, "b"]
    assert fed(data + data) == [key, key]


@of_every_key
def test_a_key_is_known_cut_anywhere(data: bytes, key: Key) -> None:
    """A slow line brings a key in pieces."""
    for chunks in cut_anywhere(b"a" + data + b"b"):
        assert fed(*chunks) == ["a", key, "b"]


@of_every_sample
def test_keys_come_out_whole_and_cut_anywhere(data: bytes, keys: list[Key | str]) -> None:
    """Line ends, letters of several bytes and sequences, in one read or in many."""
    assert fed(data) == keys
    for chunks in cut_anywhere(data):
        assert fed(*chunks) == keys


@of_no_key
def test_what_is_no_key_vanishes_and_eats_nothing(data: bytes) -> None:
    """Neither a trace of it is left, nor is the letter or the line end after it lost."""
    for chunks in cut_anywhere(b"a" + data + b"b\r"):
        assert fed(*chunks) == ["ab", Key.ENTER]
    for chunks in cut_anywhere(b"a" + data + "é\x7f".encode()):
        assert fed(*chunks) == ["aé", Key.BACKSPACE]


@pytest.mark.parametrize("begun", [b"\x1b", b"\x1b[", b"\x1b[1;", b"\x1bO", b"\x1b[1 ", b"\x1b[["])
@pytest.mark.parametrize(
    ("data", "keys"),
    [
        (b"\rx", [Key.ENTER, "x"]),
        (b"\r\nx", [Key.ENTER, "x"]),
        (b"\r\0x", [Key.ENTER, "x"]),
        (b"\nx", [Key.ENTER, "x"]),
        (b"\x03x", [Key.KILL_LINE, "x"]),
        (b"\x1b[Ax", [Key.UP, "x"]),
    ],
)
def test_a_sequence_that_breaks_off_eats_no_key(
    begun: bytes, data: bytes, keys: list[Key | str]
) -> None:
    """Somebody who hits escape, and then return, has hit return."""
    for chunks in cut_anywhere(begun + data):
        assert fed(*chunks) == keys


@pytest.mark.parametrize("begun", [b"\x1b[", b"\x1b[1;", b"\x1bO", b"\x1b[1 ", b"\x1b[["])
def test_a_sequence_that_breaks_off_eats_no_letter(begun: bytes) -> None:
    """What can be no part of a sequence is typed text."""
    for chunks in cut_anywhere(begun + "é1".encode()):
        assert fed(*chunks) == ["é1"]


def test_an_enter_is_there_at_once() -> None:
    """After a bare CR nobody waits for a newline that may never come; nor is it two."""
    keys = Keys()
    assert keys.feed(b"\r") == [Key.ENTER]
    assert keys.feed(b"") == []
    assert keys.feed(b"\n") == []
    assert keys.feed(b"\n") == [Key.ENTER]


def test_a_letter_is_there_at_once() -> None:
    """Whatever is whole does not wait for the next key."""
    keys = Keys()
    assert [keys.feed(letter.encode()) for letter in "aé한👧"] == [["a"], ["é"], ["한"], ["👧"]]


@pytest.mark.parametrize("endless", [b"1", b";", b" ", b"\x1b", b"$"])
def test_a_sequence_that_never_ends_takes_no_memory(endless: bytes) -> None:
    """A quarter of a megabyte leave no more than a sequence's worth behind."""
    keys = Keys()
    chunk = endless * 4_096
    keys.feed(b"\x1b[")
    tracemalloc.start()
    try:
        for _ in range(64):
            keys.feed(chunk)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 4_096
    assert together(keys.feed(b"m\rhi"))[-2:] == [Key.ENTER, "hi"]


PIECES = st.lists(
    st.sampled_from([data for _, data, _ in SEQUENCES])
    | st.sampled_from([data for _, data in NO_KEYS])
    | st.sampled_from([data for data, _ in SAMPLES])
    | st.sampled_from([b"\x1b", b"\x1b[", b"\x1bO", b"[", b"1", b";", b"$", b" ", b"1" * 31, b"~"])
    | st.binary(max_size=4),
    max_size=20,
)


@settings(deadline=None)
@given(PIECES, st.lists(st.integers(0, 2_000), max_size=12))
@example([b"\x1b[", b"1" * 31, b"1" * 31, b"m"], [40])
@example([b"\x1b[", b"1" * 31, b" ", b"1m"], [34])
@example([b"\xed\xb2\x80"], [2])
def test_the_keys_are_the_same_for_any_split(pieces: list[bytes], cuts: list[int]) -> None:
    """Where reads begin and end is the network's whim."""
    data = b"".join(pieces)
    edges = sorted([0, len(data), *(cut % (len(data) + 1) for cut in cuts)])
    chunks = [data[start:end] for start, end in pairwise(edges)]  # empty ones too
    assert fed(*chunks) == fed(data)


@settings(deadline=None)
@given(PIECES)
def test_characters_are_characters(pieces: list[bytes]) -> None:
    """No control and no half character is ever taken for text, and no text is empty."""
    for key in fed(*pieces):
        if isinstance(key, str):
            assert key
            key.encode()
            assert not any(c < " " or "\x7f" <= c <= "\x9f" for c in key)
