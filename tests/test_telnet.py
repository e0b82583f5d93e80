"""Telnet as real clients speak it, from bytes: whole, byte by byte, and cut anywhere."""

import re
import time
import tracemalloc
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from backend.room.events import Dismissed, Joined, Prompted, Said
from backend.wire.inputs import (
    AreYouThere,
    Encoding,
    Input,
    PlayersWanted,
    Reply,
    Typed,
    WrongProtocol,
)
from backend.wire.lines import MAX_LINE_BYTES
from backend.wire.options import (
    AO,
    AYT,
    BRK,
    CHARSET,
    DM,
    DO,
    DONT,
    EC,
    ECHO,
    EL,
    EOR,
    EOR_MARK,
    GA,
    GMCP,
    IAC,
    IP,
    NAWS,
    NOP,
    SB,
    SE,
    SGA,
    TM,
    TTYPE,
    WILL,
    WONT,
)
from backend.wire.preferences import choose
from backend.wire.splitter import MAX_SUBNEGOTIATION
from backend.wire.telnet import Telnet
from backend.wire.terminal import encode

LINEMODE = 34  # RFC 1184
TSPEED = 32  # RFC 1079
NEW_ENVIRON = 39  # RFC 1572

AT = 1_700_000_000.0


def iac(*codes: int) -> bytes:
    """A command."""
    return bytes((IAC, *codes))


def sub(option: int, payload: bytes) -> bytes:
    """A subnegotiation (RFC 855): 255 is doubled in its payload."""
    return iac(SB, option) + payload.replace(b"\xff", b"\xff\xff") + iac(SE)


GREETING = iac(DO, NAWS) + iac(DO, TTYPE)
GREETED = Reply(GREETING)

SEND_TYPE = sub(TTYPE, b"\x01")


def fed(telnet: Telnet, chunks: Iterable[bytes]) -> list[Input]:
    """All that comes of these reads."""
    return [out for chunk in chunks for out in telnet.feed(chunk)]


def of(*chunks: bytes) -> list[Input]:
    """All that comes of these reads, from the first byte of a connection."""
    return fed(Telnet(), chunks)


def bytewise(data: bytes) -> list[bytes]:
    """One byte a read."""
    return [data[i : i + 1] for i in range(len(data))]


def whole(data: bytes) -> list[bytes]:
    """All in one read."""
    return [data]


def replies(inputs: Iterable[Input]) -> bytes:
    """What goes back to the peer."""
    return b"".join(one.data for one in inputs if isinstance(one, Reply))


def lines(inputs: Iterable[Input]) -> list[str | None]:
    """What was typed."""
    return [one.line for one in inputs if isinstance(one, Typed)]


def greeted() -> Telnet:
    """A codec whose peer has spoken telnet already."""
    telnet = Telnet()
    assert telnet.feed(iac(NOP)) == [GREETED]
    return telnet


# --- samples, fed in every way ---

SAMPLES: list[tuple[bytes, list[Input]]] = [
    # Text, and the letter 255.
    (b"hi\r\n", [Typed("hi")]),
    (b"hi\nyo\r\0so\r", [Typed("hi"), Typed("yo"), Typed("so")]),
    ("Zoë 한\r\n".encode(), [Typed("Zoë 한")]),
    (b"\xff\xff\r\n", [Typed("ÿ", "latin-1")]),
    (b"\xff\xff\xff\xff\r\n", [Typed("ÿÿ", "latin-1")]),
    (b"\xff\r\n", [Typed("ÿ", "latin-1")]),
    (b"\xffa\xff \xff\xeb\r\n", [Typed("ÿaÿ ÿë", "latin-1")]),
    (
        b"a\xff\n\xff\r\xff\0\n",
        [Typed("aÿ", "latin-1"), Typed("ÿ", "latin-1"), Typed("ÿ", "latin-1")],
    ),
    (b"caf\xe9\r\ncaf\xc3\xa9\r\n", [Typed("café", "latin-1"), Typed("café")]),
    # Commands between and inside lines.
    (iac(NOP), [GREETED]),
    (iac(NOP) * 3, [GREETED]),
    (iac(GA) + iac(DM) + iac(EOR_MARK) + iac(236) + iac(237) + iac(238), [GREETED]),
    (b"h" + iac(NOP) + b"i\r\n", [GREETED, Typed("hi")]),
    (b"\xc3" + iac(NOP) + b"\xa9\r\n", [GREETED, Typed("é")]),
    (b"hi\r" + iac(NOP) + b"\nyo\r\n", [Typed("hi"), GREETED, Typed("yo")]),
    (b"hi\r" + iac(NOP) + b"\0yo\r\n", [Typed("hi"), GREETED, Typed("yo")]),
    (b"hi\r\xff\xff\n", [Typed("hi"), Typed("ÿ", "latin-1")]),
    # Signals.
    (b"half" + iac(IP) + b"whole\r\n", [GREETED, Typed("whole")]),
    (b"half" + iac(BRK) + b"whole\r\n", [GREETED, Typed("whole")]),
    (b"half" + iac(AO) + b"whole\r\n", [GREETED, Typed("whole")]),
    (b"half" + iac(EL) + b"whole\r\n", [GREETED, Typed("whole")]),
    (b"hix" + iac(EC) + b"\r\n", [GREETED, Typed("hi")]),
    ("hi👩‍👩‍👧".encode() + iac(EC) * 2 + b"\r\n", [GREETED, Typed("h")]),
    (iac(EC) + iac(EL) + iac(IP) + b"hi\r\n", [GREETED, Typed("hi")]),
    (b"done\r\n" + iac(IP) + b"\r\n", [Typed("done"), GREETED, Typed("")]),
    (iac(AYT), [GREETED, AreYouThere()]),
    (b"h" + iac(AYT) + iac(AYT) + b"i\n", [GREETED, AreYouThere(), AreYouThere(), Typed("hi")]),
    (
        b"half" + iac(IP) + iac(DO, TM) + iac(DM) + b"more\r\n",
        [GREETED, Reply(iac(WILL, TM)), Typed("more")],
    ),
    (iac(DO, TM) * 3, [GREETED, *[Reply(iac(WILL, TM))] * 3]),
    (iac(WILL, TM) + iac(WONT, TM) + iac(DONT, TM), [GREETED]),
    # Options.
    (iac(WILL, TSPEED), [GREETED, Reply(iac(DONT, TSPEED))]),
    (iac(WILL, TSPEED) * 5, [GREETED, Reply(iac(DONT, TSPEED))]),
    (iac(DO, TSPEED) * 5, [GREETED, Reply(iac(WONT, TSPEED))]),
    (iac(WONT, TSPEED) + iac(DONT, TSPEED), [GREETED]),
    (iac(WILL, 255) + iac(DO, 255), [GREETED, Reply(iac(DONT, 255)), Reply(iac(WONT, 255))]),
    (iac(WILL, NAWS), [GREETED]),
    (iac(WONT, NAWS) + iac(WONT, TTYPE), [GREETED]),
    (iac(WILL, TTYPE), [GREETED, Reply(SEND_TYPE)]),
    (iac(DO, NAWS) + iac(DO, TTYPE), [GREETED, Reply(iac(WONT, NAWS)), Reply(iac(WONT, TTYPE))]),
    (iac(DO, EOR), [GREETED, Reply(iac(WILL, EOR))]),
    (iac(WILL, EOR), [GREETED, Reply(iac(DONT, EOR))]),
    (iac(WILL, GMCP), [GREETED, Reply(iac(DO, GMCP))]),
    (iac(DO, GMCP), [GREETED, Reply(iac(WILL, GMCP))]),
    (iac(WILL, CHARSET), [GREETED, Reply(iac(DO, CHARSET))]),
    (
        iac(DO, CHARSET),
        [GREETED, Reply(iac(WILL, CHARSET)), Reply(sub(CHARSET, b"\x01;UTF-8"))],
    ),
    (b"h" + iac(DO, ECHO) + b"i\r\n", [GREETED, Reply(iac(WONT, ECHO)), Typed("hi")]),
    # Subnegotiations.
    (sub(NAWS, b"\0\x64\0\x18"), [GREETED]),
    (b"h" + sub(NAWS, b"\0\xff\0\xff") + b"i\r\n", [GREETED, Typed("hi")]),
    (sub(TTYPE, b"\0XTERM"), [GREETED, Reply(SEND_TYPE)]),
    (sub(99, b"hello\r\nyou\r\n") + b"hi\r\n", [GREETED, Typed("hi")]),
    (iac(SB, NAWS) + iac(SE) + b"hi\r\n", [GREETED, Typed("hi")]),
    (
        iac(WILL, GMCP) + sub(GMCP, b"Comm.Channel.Players"),
        [GREETED, Reply(iac(DO, GMCP)), PlayersWanted()],
    ),
    (
        iac(WILL, CHARSET) + sub(CHARSET, b"\x01;UTF-8"),
        [GREETED, Reply(iac(DO, CHARSET)), Reply(sub(CHARSET, b"\x02UTF-8"))],
    ),
    (iac(SB, GMCP) + iac(SB, TTYPE) + b"\0A" + iac(SE), [GREETED, Reply(SEND_TYPE)]),
    # Other protocols, and what only looks like them.
    (b"GET / HTTP/1.1\r\n", [WrongProtocol("HTTP")]),
    (b"POST /ws?a=b HTTP/1.0\n", [WrongProtocol("HTTP")]),
    (b"PRI * HTTP/2.0\r\n", [WrongProtocol("HTTP")]),
    (b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", [WrongProtocol("SSH")]),
    (b"SSH-1.99-old\n", [WrongProtocol("SSH")]),
    (b"alice\r\nGET / HTTP/1.1\r\n", [Typed("alice"), Typed("GET / HTTP/1.1")]),
    (b"alice\r\nSSH-2.0-x\r\n", [Typed("alice"), Typed("SSH-2.0-x")]),
    (b"\r\nGET / HTTP/1.1\r\n", [Typed(""), Typed("GET / HTTP/1.1")]),
    (b"GET it\r\n", [Typed("GET it")]),
    (b"get / http/1.1\r\n", [Typed("get / http/1.1")]),
    (b"SSH-agent\r\n", [Typed("SSH-agent")]),
    (b" GET / HTTP/1.1\r\n", [Typed(" GET / HTTP/1.1")]),
    (b"\x16\r\n", [Typed("\x16")]),
    (b"a\x16\x03b\r\n", [Typed("b")]),  # that 3 is a ^C
    (b"\x16\x16\x03b\r\n", [Typed("b")]),
    (iac(NOP) + b"\x16\x03b\r\n", [GREETED, Typed("b")]),
]

of_every_sample = pytest.mark.parametrize(
    ("data", "inputs"), SAMPLES, ids=[ascii(data[:40]) for data, _ in SAMPLES]
)


@of_every_sample
def test_a_sample_in_one_read(data: bytes, inputs: list[Input]) -> None:
    """Text, commands, options, subnegotiations; each with all that comes of it."""
    assert of(data) == inputs


@of_every_sample
def test_a_sample_byte_by_byte(data: bytes, inputs: list[Input]) -> None:
    """As a client sends it that sends every key, or as a network cuts it on a bad day."""
    assert of(*bytewise(data)) == inputs


@of_every_sample
def test_a_sample_cut_in_two_anywhere(data: bytes, inputs: list[Input]) -> None:
    """And with a read of nothing in between."""
    for cut in range(len(data) + 1):
        assert of(data[:cut], b"", data[cut:]) == inputs


@of_every_sample
def test_a_sample_with_a_tail(data: bytes, inputs: list[Input]) -> None:
    """What follows is no line yet, and then one of its own; nothing of the sample is in it."""
    telnet = Telnet()
    assert telnet.feed(data + b"ta") == inputs
    assert telnet.feed(b"il\n") == [Typed("tail")]


# --- who speaks first ---


def test_nothing_is_sent_to_a_peer_that_has_not_spoken_telnet() -> None:
    """To netcat it would be garbage; and 255 is a letter in Latin-1 and in CP1251."""
    telnet = Telnet()
    bytes_of_all_kinds = bytes(range(256)) * 3
    harmless = re.sub(rb"\xff[\xec-\xff]?", b"\xff\xff", bytes_of_all_kinds)
    for chunk in (b"alice\r\n", "Zoë\r\n".encode(), b"\xff\xff\xffa\r\n", harmless, b"\r\n"):
        assert replies(telnet.feed(chunk)) == b""
    assert not telnet.speaks_telnet


FIRST_COMMANDS = [
    *(iac(code) for code in (NOP, DM, BRK, IP, AO, AYT, EC, EL, GA, EOR_MARK)),
    *(iac(verb, TSPEED) for verb in (WILL, WONT, DO, DONT)),
    *(iac(verb, NAWS) for verb in (WILL, WONT, DO, DONT)),
    iac(DO, TM),
    sub(NAWS, b"\0\x50\0\x18"),
    sub(99, b""),
]


@pytest.mark.parametrize("first", FIRST_COMMANDS, ids=lambda data: data.hex(" "))
def test_the_first_command_brings_two_requests_before_anything_else(first: bytes) -> None:
    """Window size and terminal type; whatever the command was, and never again."""
    telnet = Telnet()
    assert not telnet.speaks_telnet
    out = telnet.feed(b"half a line" + first)
    assert telnet.speaks_telnet
    assert out[0] == GREETED
    # It may turn them off and on again, and is then answered like anybody.
    others = b"".join(c for c in FIRST_COMMANDS if c[2:] != bytes((NAWS,)))
    later = requests(replies(out[1:]) + replies(telnet.feed(others * 2)))
    assert (DO, NAWS) not in later
    assert (DO, TTYPE) not in later


def test_an_unfinished_command_is_not_answered_yet() -> None:
    """It may become a letter, after all."""
    telnet = Telnet()
    assert telnet.feed(b"\xff") == []
    assert telnet.feed(b"x\r\n") == [Typed("ÿx", "latin-1")]
    assert telnet.feed(b"\xff\xfd") == []
    assert telnet.feed(b"\x06") == [GREETED, Reply(iac(WILL, TM))]


@pytest.mark.parametrize("code", range(236))
def test_255_before_what_is_no_command_is_a_letter_and_the_next_byte_is_kept(code: int) -> None:
    """Clients of the CP1251 world do not double it."""
    telnet = Telnet()
    out = [*telnet.feed(bytes((0xFF, code))), *telnet.feed(b"!\n")]
    expected = fed(Telnet(), [b"\xff\xff", bytes((code,)), b"!\n"])
    assert out == expected
    assert replies(out) == b""
    assert not telnet.speaks_telnet


# --- what is never offered, and what is refused ---


def requests(data: bytes) -> list[tuple[int, int]]:
    """All requests in what we sent, each as verb and option; subnegotiations are left out."""
    without = re.sub(rb"\xff\xfa.*?\xff\xf0", b"", data, flags=re.DOTALL)
    found = re.findall(rb"\xff([\xfb-\xfe])(.)", without, flags=re.DOTALL)
    return [(verb[0], option[0]) for verb, option in found]


def test_sga_linemode_and_echo_are_never_offered_but_refused_when_asked_for() -> None:
    """Each alone turns some client's line mode, or its echo, off."""
    telnet = Telnet()
    every = b"".join(iac(verb, o) for verb in (WILL, DO) for o in range(256))
    said = requests(replies(telnet.feed(every)))
    for option in (SGA, LINEMODE, ECHO):
        assert (WILL, option) not in said
        assert (DO, option) not in said
        assert said.count((WONT, option)) == said.count((DONT, option)) == 1
    assert {option for verb, option in said if verb == WILL} == {TM, EOR, CHARSET, GMCP}
    assert {option for verb, option in said if verb == DO} == {NAWS, TTYPE, CHARSET, GMCP}
    assert telnet.editor is None


def test_unknown_options_are_refused_once_and_never_again() -> None:
    """All of them, however often they are asked for; so nobody can answer for ever."""
    telnet = greeted()
    known = {NAWS, TTYPE, TM, EOR, CHARSET, GMCP}
    unknown = b"".join(iac(verb, o) for verb in (WILL, DO) for o in range(256) if o not in known)
    refused = requests(replies(telnet.feed(unknown)))
    assert len(refused) == len(set(refused)) == 2 * (256 - len(known))
    assert {verb for verb, _ in refused} == {WONT, DONT}
    for _ in range(3):
        assert telnet.feed(unknown) == []


# --- subnegotiations that are not as they should be ---

FILLED = b"x" * (MAX_SUBNEGOTIATION - 1)
"""The longest payload, after one byte for the option."""

PAIRS = b"\xff\xff" * ((MAX_SUBNEGOTIATION - 2) // 2)
"""The longest of escaped pairs."""


@pytest.mark.parametrize(
    "broken",
    [
        iac(SE),
        iac(SE) * 3,
        iac(SB) + iac(SE),
        iac(SB) + iac(SB) + iac(SE),
        iac(SB, TTYPE) + b"\0X" + iac(NOP),
        iac(SB, TTYPE) + b"\0X" + iac(WILL, TSPEED),
        iac(SB, TTYPE) + b"\0X" + iac(AYT) + iac(SE),
        iac(SB, 99) + FILLED + iac(SE),
        iac(SB, 99) + FILLED + b"x" + iac(SE),
        iac(SB, 99) + FILLED * 3 + iac(SE),
        iac(SB, 99) + PAIRS + iac(SE),
        iac(SB, 99) + PAIRS * 3 + iac(SE),
        iac(SB, 99) + FILLED * 3 + iac(NOP),
        iac(SB, 99) + FILLED * 3 + iac(SB, NAWS) + b"\0\x64\0\x20" + iac(SE),
        iac(SB, 99) + b"\xff\xff\xff\xf0",
        iac(SB, 99) + b"\xffa" + iac(SE),
        iac(SB, IAC) + b"\xffa" + iac(SE),
    ],
    ids=lambda data: data[:12].hex(" ") + f" ({len(data)})",
)
def test_after_a_broken_subnegotiation_the_next_line_is_fine(broken: bytes) -> None:
    """Without a beginning, cut by another command, too long: nothing of it is ever a line."""
    for chunks in (whole(broken + b"\nhi\n"), bytewise(broken + b"\nhi\n")):
        assert lines(of(*chunks)) == ["", "hi"]


@pytest.mark.parametrize(
    ("payload", "is_kept"),
    [
        (b"\0" + b"A" * (MAX_SUBNEGOTIATION - 2), True),
        (b"\0" + b"A" * (MAX_SUBNEGOTIATION - 1), False),
        (b"\0A" + PAIRS[:-2], True),
        (b"\0A" + PAIRS, False),
        (b"\0" + b"A" * 2 * MAX_SUBNEGOTIATION, False),
    ],
    ids=["longest", "one more", "longest of pairs", "one pair more", "twice"],
)
def test_a_subnegotiation_is_kept_up_to_a_limit_that_counts_escaped_pairs_as_two(
    payload: bytes, is_kept: bool
) -> None:
    """What is longer is dropped, and the next one is fine."""
    data = iac(SB, TTYPE) + payload + iac(SE)
    for cut in (whole, bytewise):
        telnet = greeted()
        out = fed(telnet, cut(data))
        assert (out == [Reply(SEND_TYPE)]) == is_kept
        assert bool(telnet.profile.types) == is_kept
        assert fed(telnet, cut(sub(NAWS, b"\0\x64\0\x20"))) == []
        assert telnet.profile.size == (100, 32)


def test_255_in_a_size_arrives_escaped_or_not() -> None:
    """RFC 1073 doubles it. WinTin++ does not: github.com/wez/telnetjs/issues/1 has its bytes."""
    for told in (b"\0\xff\xff\0\x16", b"\0\xff\0\x16"):
        telnet = greeted()
        telnet.feed(iac(SB, NAWS) + told + iac(SE))
        assert telnet.profile.size == (255, 22)


def test_a_subnegotiation_that_is_never_ended_swallows_no_more_than_its_own() -> None:
    """Any other command shows that its end was lost."""
    telnet = greeted()
    assert telnet.feed(iac(SB, NAWS) + b"alice\r\nhi\r\n") == []
    assert telnet.feed(iac(AYT) + b"bob\r\n") == [AreYouThere(), Typed("bob")]


def unending() -> dict[str, bytes]:
    """Ways to go on without ever coming to an end."""
    return {
        "a line": b"x" * 4_096,
        "a line of letters 255": b"\xff\xff" * 2_048,
        "a line of lone 255s": b"\xffa" * 2_048,
        "a subnegotiation": iac(SB, GMCP) + b"x" * 4_093,
        "a subnegotiation of pairs": b"\xff\xff" * 2_048,
        "subnegotiations without an end": iac(SB, GMCP) * 1_365,
        "options": b"".join(iac(verb, o) for verb in (WILL, DO) for o in range(256)),
        "backspaces": b"xx\x08" * 1_365,
        "types": b"".join(sub(TTYPE, b"\0" + bytes([65 + o % 26]) * 40) for o in range(90)),
    }


@pytest.mark.parametrize("kind", unending())
def test_what_never_ends_takes_no_memory(kind: str) -> None:
    """A lot of it leaves no more behind than a line and a subnegotiation."""
    telnet = Telnet()
    start = iac(SB, GMCP) if kind == "a subnegotiation of pairs" else b""
    chunk = unending()[kind]
    telnet.feed(start + chunk)
    tracemalloc.start()
    try:
        for _ in range(32):
            telnet.feed(chunk)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 4 * (MAX_LINE_BYTES + MAX_SUBNEGOTIATION)
    assert held(telnet) < MAX_HELD
    assert lines(telnet.feed(iac(NOP) + b"\nfine\n"))[-1] == "fine"


# --- other protocols ---

TLS_HELLO = bytes.fromhex("16030100a5010000a10303") + bytes(range(150)) + b"\r\nhi\r\n\xff\xf6"


def test_a_tls_hello_is_known_by_its_first_bytes_and_nothing_after_them_is_heard() -> None:
    """A browser that was sent here by ``https:``; what it says is no line and no command."""
    for cut in range(len(TLS_HELLO)):
        assert of(TLS_HELLO[:cut], TLS_HELLO[cut:]) == [WrongProtocol("TLS")]
    assert of(*bytewise(TLS_HELLO)) == [WrongProtocol("TLS")]


def test_a_request_for_a_page_is_known_by_its_first_line() -> None:
    """Once."""
    request = b"GET / HTTP/1.1\r\nHost: localhost:12345\r\nAccept: */*\r\n\r\n"
    for cut in range(len(request)):
        out = of(request[:cut], request[cut:])
        assert out[0] == WrongProtocol("HTTP")
        assert out.count(WrongProtocol("HTTP")) == 1


# --- encodings, at both ends of one connection ---


def test_a_line_that_is_no_utf_8_is_evidence_and_so_is_one_that_is() -> None:
    """Whoever writes Latin-1 reads it; ASCII says nothing; the next line may say otherwise."""
    telnet = Telnet()
    said = Said(1, AT, "Zoë", "web", "ÿ é")
    assert telnet.encode(said) == "<Zoë> : ÿ é\r\n".encode()
    telnet.feed(b"caf\xe9\r\nplain\r\n")
    assert telnet.encode(said) == b"<Zo\xeb> : \xff\xff \xe9\r\n"
    telnet.feed(b"caf\xc3\xa9\r\n")
    assert telnet.encode(said) == "<Zoë> : ÿ é\r\n".encode()


@pytest.mark.parametrize("evidence", [b"", b"caf\xe9\r\n"], ids=["none before", "a line before"])
def test_a_line_made_of_keys_is_evidence_like_any_other(evidence: bytes) -> None:
    """In character mode, too, an echo in another encoding would be garbage on the screen."""
    telnet = Telnet()
    telnet.feed(evidence)
    telnet.ask_character_mode(True)
    telnet.feed(iac(DO, ECHO) + iac(DO, SGA))
    out = fed(telnet, bytewise(b"caf\xe9!\r\n"))
    assert Typed("café!", "latin-1") in out
    said = Said(1, AT, "Zoë", "web", "é")
    assert b"<Zo\xeb> : \xe9\r\n" in telnet.encode(said)
    assert b"\xe9" in replies(telnet.feed(b"\xe9!"))
    out = fed(telnet, bytewise("\x15café!\r\n".encode()))
    assert Typed("café!", "utf-8") in out
    assert "<Zoë> : é\r\n".encode() in telnet.encode(said)


def test_utf_8_that_was_agreed_on_stays() -> None:
    """A line that came out wrong does not undo it."""
    telnet = Telnet()
    telnet.feed(iac(DO, CHARSET) + sub(CHARSET, b"\x02UTF-8") + b"caf\xe9\r\n")
    assert telnet.encode(Joined(1, AT, "Zoë", "web")) == "<meta>: Zoë joined.\r\n".encode()


def test_a_prompt_is_marked_from_do_eor_to_dont_eor() -> None:
    """And not for WILL EOR, which is about what the client sends."""
    telnet = greeted()
    plain = encode(Prompted())
    telnet.feed(iac(WILL, EOR))
    assert telnet.encode(Prompted()) == plain
    telnet.feed(iac(DO, EOR))
    assert telnet.encode(Prompted()) == plain + iac(EOR_MARK)
    assert telnet.feed(iac(DONT, EOR)) == [Reply(iac(WONT, EOR))]
    assert telnet.encode(Prompted()) == plain


@pytest.mark.parametrize("offer", [iac(WILL, GMCP), iac(DO, GMCP), iac(WILL, GMCP) + iac(DO, GMCP)])
def test_gmcp_is_for_clients_that_offer_it_either_way(offer: bytes) -> None:
    """Before and after it, not a byte."""
    said = Said(1, AT, "bob", "web", "hi")
    telnet = greeted()
    assert telnet.encode(said) == encode(said)
    telnet.feed(offer)
    talk = b'Comm.Channel.Text {"channel":"room","talker":"bob","text":"hi"}'
    assert telnet.encode(said) == encode(said) + sub(GMCP, talk)
    assert telnet.feed(sub(GMCP, b"Comm.Channel.Players")) == [PlayersWanted()]
    telnet.feed(iac(WONT, GMCP) + iac(DONT, GMCP))
    assert telnet.encode(said) == encode(said)
    assert telnet.feed(sub(GMCP, b"Comm.Channel.Players")) == []


# --- character mode ---

BOTH_ON = iac(DO, ECHO) + iac(DO, SGA)
BOTH_OFF = iac(DONT, ECHO) + iac(DONT, SGA)


def in_character_mode() -> Telnet:
    """A codec whose peer sends every key."""
    telnet = greeted()
    assert replies(telnet.ask_character_mode(True)) == iac(WILL, ECHO) + iac(WILL, SGA)
    assert telnet.editor is None
    telnet.feed(BOTH_ON)
    assert telnet.editor is not None
    return telnet


@pytest.mark.parametrize("cut", [whole, bytewise])
def test_keys_make_lines_when_both_ends_agreed_to_it(cut: Callable[[bytes], list[bytes]]) -> None:
    """And they are echoed."""
    telnet = in_character_mode()
    out = fed(telnet, cut(b"helo\x1b[Dl\r\0" + b"y\xff\xffx\x7f\r\n"))
    assert lines(out) == ["hello", "yÿ"]
    assert b"> y" in replies(out)


def test_telnets_own_commands_take_back_what_keys_do() -> None:
    """Erase character, erase line, interrupt: the line is drawn, so they show."""
    telnet = in_character_mode()
    telnet.feed(b"half")
    assert replies(telnet.feed(iac(EC)))
    assert lines(telnet.feed(b"\r\n")) == ["hal"]
    for code in (EL, IP, BRK, AO):
        telnet.feed(b"half")
        assert replies(telnet.feed(iac(code)))
        assert lines(telnet.feed(b"whole\r\n")) == ["whole"]


@pytest.mark.parametrize("agreement", [iac(DO, ECHO), iac(DO, SGA)])
def test_half_an_agreement_is_none(agreement: bytes) -> None:
    """Without an echo or without the keys there is nothing to edit."""
    telnet = greeted()
    telnet.ask_character_mode(True)
    telnet.feed(agreement)
    assert telnet.editor is None
    assert lines(telnet.feed(b"hi\r\n")) == ["hi"]


@pytest.mark.parametrize(
    ("answers", "taken_back"),
    [
        (iac(DO, ECHO) + iac(DONT, SGA), ECHO),
        (iac(DONT, SGA) + iac(DO, ECHO), ECHO),
        (iac(DO, SGA) + iac(DONT, ECHO), SGA),
        (iac(DONT, ECHO) + iac(DO, SGA), SGA),
    ],
    ids=["ECHO only", "ECHO only, later", "SGA only", "SGA only, later"],
)
def test_when_one_half_is_refused_the_other_is_taken_back(answers: bytes, taken_back: int) -> None:
    """A lone ECHO hides what is typed, a lone SGA turns line mode off."""
    for cut in (whole, bytewise):
        telnet = greeted()
        telnet.ask_character_mode(True)
        said = requests(replies(fed(telnet, cut(answers))))
        assert said == [(WONT, taken_back)]
        assert telnet.feed(iac(DONT, taken_back)) == []
        assert telnet.editor is None


@pytest.mark.parametrize("ended", [ECHO, SGA])
def test_either_sides_word_ends_it_and_both_halves_of_it(ended: int) -> None:
    """The line in the making is taken off the screen, and line mode is as it was."""
    telnet = in_character_mode()
    telnet.feed(b"half")
    out = telnet.feed(iac(DONT, ended))
    assert telnet.editor is None
    assert sorted(requests(replies(out))) == [(WONT, ECHO), (WONT, SGA)]
    assert b"\x1b[J" in replies(out)
    assert lines(telnet.feed(iac(DONT, ECHO + SGA - ended) + b"hi\r\n")) == ["hi"]
    assert telnet.ask_character_mode(False)[-1:] in ([], [Reply(b"")])


def test_it_can_be_ended_while_the_answer_is_still_on_its_way() -> None:
    """Then the answer is too late, and nothing stays on."""
    telnet = greeted()
    telnet.ask_character_mode(True)
    assert replies(telnet.ask_character_mode(False)) == b""
    out = telnet.feed(BOTH_ON)
    assert requests(replies(out)) == [(WONT, ECHO), (WONT, SGA)]
    assert telnet.editor is None
    assert telnet.feed(BOTH_OFF + b"hi\r\n") == [Typed("hi")]


def test_it_can_be_had_again_and_again() -> None:
    """With an empty line each time."""
    telnet = greeted()
    for _ in range(3):
        assert replies(telnet.ask_character_mode(True)) == iac(WILL, ECHO) + iac(WILL, SGA)
        telnet.feed(BOTH_ON)
        assert lines(telnet.feed(b"rich\r\nhalf")) == ["rich"]
        assert requests(replies(telnet.ask_character_mode(False))) == [(WONT, ECHO), (WONT, SGA)]
        assert telnet.editor is None
        assert telnet.feed(BOTH_OFF + b"plain\r\n") == [Typed("plain")]


def test_what_was_half_typed_in_line_mode_is_not_found_again_after_character_mode() -> None:
    """Line mode is given back clean."""
    telnet = greeted()
    telnet.ask_character_mode(True)
    telnet.feed(b"stale ")
    telnet.feed(BOTH_ON)
    telnet.ask_character_mode(False)
    telnet.feed(BOTH_OFF)
    assert lines(telnet.feed(b"fresh\r\n")) == ["fresh"]


def test_messages_appear_above_the_line_in_the_making_and_the_last_one_takes_its_place() -> None:
    """After the goodbye there is no line to be made."""
    telnet = in_character_mode()
    telnet.feed(b"half")
    joined = Joined(1, AT, "bob", "web")
    shown = telnet.encode(joined)
    assert encode(joined) in shown
    assert shown.index(encode(joined)) < shown.index(b"> half")
    goodbye = Dismissed("Goodbye bob.", 1000)
    assert telnet.encode(goodbye).endswith(encode(goodbye))


@pytest.mark.parametrize("mode", [greeted, in_character_mode])
def test_taking_back_a_word_costs_little_in_either_mode(mode: Callable[[], Telnet]) -> None:
    """One connection's keys must not keep everybody waiting: all of them have one process."""
    telnet = mode()
    telnet.feed(b"x" * 1_900 + b" ")
    before = time.process_time()
    for _ in range(40):
        telnet.feed(b"y\x17")
    assert time.process_time() - before < 0.5
    assert lines(telnet.feed(b"\r\n")) == ["x" * 1_900 + " "]


# --- real clients, replayed ---


@dataclass(frozen=True)
class Client:
    """What a program sends, in turns; and what is known of it at the end.

    Attributes:
        turns: bytes from the client, and the telnet commands that we answer with. What the editor
            draws in between is left out. ``/rich on`` and ``/rich off`` do what they do.
    """

    turns: tuple[tuple[bytes, str], ...]
    lines: list[str]
    size: tuple[int, int] | None
    types: list[str]
    colours: int
    encoding: Encoding = "utf-8"
    rich: bool = False


def turn(theirs: str, ours: str = "") -> tuple[bytes, str]:
    """Bytes in hexadecimal."""
    return bytes.fromhex(theirs), ours


def keys(text: str, ours: str = "") -> tuple[bytes, str]:
    """What is typed."""
    return text.encode(), ours


RICH = "fffb01 fffb03"
PLAIN = "fffc01 fffc03"
SEND = "fffa1801fff0"
XTERM_256 = "fffa1800 585445524d2d323536434f4c4f52 fff0"
XTERM = "fffa1800 585445524d fff0"
SIZE_100_24 = "fffa1f 0064 0018 fff0"

CLIENTS = {
    # Captured here from plink 0.78 (Debian 12), ``plink -telnet``, TERM=xterm, 100 columns. It
    # talks first; the opening is that of PuTTY's telnet backend (putty/otherbackends/telnet.c).
    "PuTTY": Client(
        (
            turn(
                "fffb1f fffb20 fffb18 fffb27 fffd01 fffb03 fffd03",
                "fffd1f fffd18 fffe20" + SEND + "fffe27 fffc01 fffe03 fffc03",
            ),
            turn(SIZE_100_24 + XTERM, SEND),
            turn("fffb24", "fffe24"),
            turn(XTERM),
            keys("alice\n"),
            keys("/rich on\n", RICH),
            turn("fffd01 fffd03"),
            keys("x\x15/rich off\r\0", PLAIN),
            turn("fffe01 fffe03"),
            keys("end\n"),
        ),
        ["alice", "/rich on", "/rich off", "end"],
        (100, 24),
        ["XTERM"],
        256,
    ),
    # Captured here from inetutils-telnet 2.4 (Debian 12), ``telnet HOST -PORT``: the minus makes
    # it talk first, as it does on port 23. Then ^C, ``send ayt``, and character mode.
    "GNU telnet, talking first": Client(
        (
            turn(
                "fffd26 fffb26 fffd03 fffb18 fffb1f fffb20 fffb21 fffb22 fffb27 fffd05",
                "fffd1f fffd18 fffc26 fffe26 fffc03" + SEND + "fffe20 fffe21 fffe22 fffe27 fffc05",
            ),
            turn(SIZE_100_24),
            turn(XTERM_256, SEND),
            turn(XTERM_256),
            keys("alice\r\n"),
            turn("fff4 fffd06", "fffb06"),
            turn("fff6"),
            keys("/rich on\r\n", RICH),
            turn("fffd01 fffd03"),
            keys("x\x7f"),
            keys("\x15/rich off\r\0", PLAIN),
            turn("fffe01 fffe03"),
            keys("end\r\n"),
        ),
        ["alice", "/rich on", "/rich off", "end"],
        (100, 24),
        ["XTERM-256COLOR"],
        256,
    ),
    # Captured likewise, ``telnet HOST PORT``: on any other port it waits to be spoken to, so that
    # its first command is that of a ^C. ``send brk``, ``ao``, ``ec``, ``el`` and ``synch``.
    "GNU telnet, spoken to": Client(
        (
            keys("alice\r\n"),
            turn("fff4 fffd06", "fffd1f fffd18 fffb06"),
            turn("fffb1f" + SIZE_100_24 + "fffb18", SEND),
            turn(XTERM_256, SEND),
            turn(XTERM_256),
            turn("fff3"),
            turn("fff5"),
            turn("fff7"),
            turn("fff8"),
            turn("ff"),
            turn("f2"),
            keys("more\r\n"),
        ),
        ["alice", "more"],
        (100, 24),
        ["XTERM-256COLOR"],
        256,
    ),
    # Captured likewise from a terminal that does not know its size (``stty cols 0 rows 0``) nor
    # its type (no TERM).
    "GNU telnet on a terminal that is not known": Client(
        (
            keys("alice\r\n"),
            turn("fff6", "fffd1f fffd18"),
            turn("fffb1f fffa1f 0000 0000 fff0 fffb18", SEND),
            turn("fffa1800 554e4b4e4f574e fff0", SEND),
            turn("fffa1800 554e4b4e4f574e fff0"),
            keys("end\r\n"),
        ),
        ["alice", "end"],
        (80, 24),
        ["UNKNOWN"],
        0,
    ),
    # Captured here from tt++ 2.02.20 (Debian 12). It never talks first; it does not answer WONT
    # (telopt_client.c: "SENT IAC DONT ECHO (SKIPPED)").
    "TinTin++": Client(
        (
            keys("alice\r\n"),
            keys("/rich on\r\n", RICH),
            turn("fffd01", "fffd1f fffd18"),
            turn("fffd03"),
            turn("fffb1f"),
            turn(SIZE_100_24 + "fffb18", SEND),
            turn("fffa1800 54494e54494e2b2b fff0", SEND),
            turn("fffa1800 787465726d2d323536636f6c6f72 fff0", SEND),
            turn("fffa1800 4d54545320323731 fff0", SEND),
            turn("fffa1800 4d54545320323731 fff0"),
            keys("x"),
            keys("\x15"),
            keys("/rich off\r\n", PLAIN),
            keys("end\r\n"),
        ),
        ["alice", "/rich on", "/rich off", "end"],
        (100, 24),
        ["TINTIN++", "XTERM-256COLOR", "MTTS 271"],
        256,
    ),
    # Not captured: composed from src/ctelnet.cpp of Mudlet 4.18.5 (commit 48de88f4 of
    # github.com/Mudlet/Mudlet), processTelnetCommand. It never talks first; a script may, with
    # ``sendSocket("\255\253\201")``, and then hears our WILL GMCP as an offer of its own. MTTS is
    # ANSI, UTF-8, 256 colours, OSC colours, true colour and TLS.
    "Mudlet with GMCP": Client(
        (
            keys("alice\r\n"),
            turn("fffdc9", "fffd1f fffd18 fffbc9"),
            turn("fffb1f fffa1f 0050 0028 fff0"),
            turn("fffb18", SEND),
            (
                iac(DO, GMCP)
                + sub(GMCP, b'Core.Hello { "client": "Mudlet", "version": "4.18.5"}')
                + sub(
                    GMCP,
                    b'Core.Supports.Set [ "Char 1", "Char.Skills 1", "Char.Items 1", "Room 1",'
                    b' "IRE.Rift 1", "IRE.Composer 1", "External.Discord 1", "Client.Media 1",'
                    b' "Char.Login 1"]',
                )
                + sub(GMCP, b"External.Discord.Hello"),
                "",
            ),
            (sub(TTYPE, b"\0MUDLET"), SEND),
            (sub(TTYPE, b"\0ANSI-TRUECOLOR"), SEND),
            (sub(TTYPE, b"\0MTTS 2349"), SEND),
            (sub(TTYPE, b"\0MTTS 2349"), ""),
            keys("end\r\n"),
        ),
        ["alice", "end"],
        (80, 40),
        ["MUDLET", "ANSI-TRUECOLOR", "MTTS 2349"],
        256,
    ),
    # Composed from the same source: it takes WILL ECHO for the asking of a password, hides what is
    # typed, and refuses SGA. So ECHO must be taken back at once.
    "Mudlet asked for character mode": Client(
        (
            keys("alice\r\n"),
            keys("/rich on\r\n", RICH),
            turn("fffd01", "fffd1f fffd18"),
            turn("fffe03", "fffc01"),
            turn("fffb1f fffa1f 0050 0028 fff0 fffb18", SEND),
            turn("fffe01"),
            (sub(TTYPE, b"\0MUDLET"), SEND),
            keys("end\r\n"),
        ),
        ["alice", "/rich on", "end"],
        (80, 40),
        ["MUDLET"],
        256,
    ),
    # Not captured: composed from what others saw of Windows' telnet.exe. It waits to be spoken to,
    # even on port 23 ("Understanding TCP/IP", 12.3), sends a key a packet, CR LF for Enter and BS
    # (learn.microsoft.com, "telnet set"; mud-dev.wikidot.com/client:windows-telnet), turns its
    # echo off at any negotiation, tells the types ANSI, VT100, VT52, VTNT, VTNT and its size
    # unasked, and refuses CHARSET (telnetlib3's fingerprinting.py and fingerprinting_display.py,
    # commit f3c6a01b). That it agrees to ECHO and SGA: github.com/cminyard/ser2net/issues/8.
    "Windows telnet": Client(
        (
            *(keys(key) for key in "alicf\x08e\r\n"),
            *(keys(key) for key in "/rich on"),
            keys("\r\n", RICH),
            turn("fffd01", "fffd1f fffd18"),
            turn("fffd03 fffb03", "fffe03"),
            turn("fffb1f fffa1f 0078 001e fff0"),
            turn("fffb18", SEND),
            turn("fffa1800 414e5349 fff0", SEND),
            turn("fffa1800 5654313030 fff0", SEND),
            turn("fffa1800 56543532 fff0", SEND),
            turn("fffa1800 56544e54 fff0"),
            *(keys(key) for key in "hix\x08"),
            keys("\r\n"),
        ),
        ["alice", "/rich on", "hi"],
        (120, 30),
        ["ANSI", "VT100", "VT52", "VTNT"],
        16,
        rich=True,
    ),
}


def commands(data: bytes) -> str:
    """The telnet commands in what we sent, in hexadecimal."""
    found = re.findall(rb"\xff(?:[\xfb-\xfe].|\xfa.*?\xff\xf0|[^\xfa-\xff])", data, re.DOTALL)
    return b"".join(found).hex()


@pytest.mark.parametrize("cut", [whole, bytewise])
@pytest.mark.parametrize("name", CLIENTS)
def test_a_real_clients_traffic_is_answered_like_this(
    name: str, cut: Callable[[bytes], list[bytes]]
) -> None:
    """Turn by turn; each in one read, or byte by byte."""
    client = CLIENTS[name]
    telnet = Telnet()
    typed: list[str | None] = []
    for theirs, ours in client.turns:
        answered = b""
        for read in cut(theirs):
            for out in telnet.feed(read):
                typed += lines([out])
                answered += replies([out])
                if isinstance(out, Typed) and (chosen := choose(out.line or "", telnet)):
                    answered += replies(one for one in chosen if isinstance(one, Reply))
        assert commands(answered) == ours.replace(" ", ""), f"to {theirs.hex(' ')}"
    assert typed == client.lines
    profile = telnet.profile
    assert (profile.size, profile.types) == (client.size, client.types)
    assert (profile.style.colours, profile.style.encoding) == (client.colours, client.encoding)
    assert (telnet.editor is not None) == client.rich


def test_gnu_telnet_that_was_refused_character_mode_twice_can_still_have_it() -> None:
    """By ``mode character`` it asks for it, captured here; after /rich on it waits for no one.

    To GNU telnet a second question is as good as the first: while it waits for an answer, it
    takes our WILL for one and says nothing, with its own echo off.
    """
    telnet = Telnet()
    telnet.feed(b"alice\r\n")
    asking = iac(DO, SGA) + iac(DO, ECHO)
    assert replies(telnet.feed(asking)) == GREETING + iac(WONT, SGA) + iac(WONT, ECHO)
    answered = replies(telnet.feed(asking))
    telnet.ask_character_mode(True)
    if answered:
        telnet.feed(BOTH_ON)
    assert telnet.editor is not None
    assert lines(telnet.feed(b"hello\r\0")) == ["hello"]


# --- anything at all ---

MAX_HELD = 24_000
"""A line and a subnegotiation of the longest, what is known of the terminal, and the states of 512
options: what one connection's codec may keep, in bytes and characters."""

MAX_HELD_IN_CHARACTER_MODE = MAX_HELD + 120_000
"""And the editor's line, and its history."""


def held(thing: object) -> int:
    """How many bytes and characters an object of the codec keeps, in all that hangs on it."""
    total, seen, waiting = 0, set(), [thing]
    while waiting:
        thing = waiting.pop()
        if isinstance(thing, int) or id(thing) in seen:
            continue
        seen.add(id(thing))
        match thing:
            case bytes() | bytearray() | str():
                total += len(thing)
            case dict():
                waiting += [*thing.keys(), *thing.values()]
            case list() | tuple():
                waiting += thing
            case _ if type(thing).__module__.startswith("backend."):
                waiting += getattr(thing, "__dict__", {}).values()
                waiting += [getattr(thing, name) for name in getattr(thing, "__slots__", ())]
    return total


def is_the_same_for_any_split(data: bytes, cuts: Iterable[int]) -> None:
    """The promise for any bytes: no exception, nothing that grows, and reads make no difference.

    Inputs are compared as they are: in line mode every reply belongs to a command, and commands
    are not cut. In character mode replies also draw, once a read, so there only the rest is.
    """
    edges = sorted([0, len(data), *(cut % (len(data) + 1) for cut in cuts)])
    chunks = [data[start:end] for start, end in pairwise(edges)]  # empty ones too
    one, other = Telnet(), Telnet()
    assert fed(one, chunks) == one_read(other, data)
    assert known(one) == known(other)
    assert one.editor is other.editor is None
    assert held(one) < MAX_HELD

    one, other = in_character_mode(), in_character_mode()
    assert without_replies(fed(one, chunks)) == without_replies(one_read(other, data))
    assert known(one) == known(other)
    assert (one.editor is None) == (other.editor is None)
    assert held(one) < MAX_HELD_IN_CHARACTER_MODE


def known(telnet: Telnet) -> tuple[object, ...]:
    """All that is known of the peer and its terminal."""
    profile = telnet.profile
    return profile.size, profile.types, profile.style, telnet.speaks_telnet


def one_read(telnet: Telnet, data: bytes) -> list[Input]:
    """All in one read; and nothing comes of reading nothing."""
    out = telnet.feed(data)
    assert telnet.feed(b"") == []
    for one in out:
        assert not isinstance(one, Reply) or one.data
        assert not isinstance(one, Typed) or one.line is None or len(one.line) <= MAX_LINE_BYTES
    return out


def without_replies(inputs: Iterable[Input]) -> list[Input]:
    """Everything but what goes back to the peer."""
    return [one for one in inputs if not isinstance(one, Reply)]


VERB = st.sampled_from((WILL, WONT, DO, DONT))
KNOWN = st.sampled_from((ECHO, SGA, TM, TTYPE, EOR, NAWS, LINEMODE, CHARSET, GMCP))
PIECE = st.one_of(
    st.sampled_from([data for data, _ in SAMPLES]),
    st.builds(iac, VERB, KNOWN | st.integers(0, 255)),
    st.builds(iac, st.integers(0, 255)),
    st.builds(sub, KNOWN, st.binary(max_size=8)),
    st.builds(lambda option: iac(SB, option), KNOWN),
    st.sampled_from(
        [
            *(b"\xff", b"\r", b"\n", b"\r\n", b"\0", b"\x08", b"\x7f", b"\x15", b"\x17", b"\x03"),
            *(b"\x1b", b"\x1b[", b"\x1b[1;5D", b"\x1bO", b"\x1b[A", b"\t", b"1;" * 20, b"\x16\x03"),
            *(b"\0XTERM", b"\0MTTS 13", b"\x01;UTF-8", b"Comm.Channel.Players {}"),
            *("é한👩‍👩‍👧".encode(), b"\xc3", b"\xe9", b"x" * 3_000, FILLED, PAIRS),
        ]
    ),
    st.binary(max_size=6),
)


@settings(deadline=None)
@given(st.lists(PIECE, max_size=20).map(b"".join), st.lists(st.integers(0, 100_000), max_size=12))
@example(b"\xff\xfd\x06", [1, 2])
@example(iac(SB, NAWS) + b"\0\xff\xff\0\x18" + iac(SE), [4, 5, 6])
@example(iac(SB, 99) + FILLED + b"xx" + iac(SE) + b"hi\n", [100, 4_000])
@example(b"\x16\x03\x01\0\n", [2])
@example(b"\x1b[" + b"1" * 40 + b"A\r\n", [20, 36])
@example(b"caf\xe9\r\ncaf\xc3\xa9\r\n", [6])
def test_any_bytes_are_the_same_for_any_split(data: bytes, cuts: list[int]) -> None:
    """No input is an error, nothing grows, and where the network cuts makes no difference."""
    is_the_same_for_any_split(data, cuts)


@settings(deadline=None)
@given(st.lists(PIECE, max_size=20).map(b"".join))
def test_no_peer_gets_more_answers_than_it_sent_commands(data: bytes) -> None:
    """Whatever it says, so nothing can go on for ever by itself."""
    out = Telnet().feed(data)
    assert len(replies(out)) <= len(GREETING) + 16 * data.count(b"\xff")
    assert len(out) <= 1 + len(data)
