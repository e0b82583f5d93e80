"""What becomes known of a terminal, from what its program says of it."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.room.events import Event, Joined, Prompted, Said
from backend.wire.inputs import Input, PlayersWanted, Reply
from backend.wire.options import CHARSET, EOR, GMCP, NAWS, TTYPE
from backend.wire.profile import MAX_TYPE_CHARACTERS, MAX_TYPES, Profile
from backend.wire.terminal import encode, encoder

AT = 1_700_000_000.0

SEND = [Reply(bytes.fromhex("fffa 18 01 fff0"))]
OFFER = [Reply(bytes.fromhex("fffa 2a 01") + b";UTF-8" + bytes.fromhex("fff0"))]
ACCEPTED = [Reply(bytes.fromhex("fffa 2a 02") + b"UTF-8" + bytes.fromhex("fff0"))]
REJECTED = [Reply(bytes.fromhex("fffa 2a 03 fff0"))]


def shown(profile: Profile, event: Event) -> bytes:
    """The event as this terminal gets it."""
    return encoder(profile.style)(event)


def test_of_a_terminal_that_says_nothing_nothing_is_assumed() -> None:
    """It gets the tutorial's texts and not a byte more."""
    profile = Profile()
    assert profile.size is None
    for event in (
        Prompted(),
        Joined(1, AT, "bob", "web"),
        Said(2, AT, "bob", "web", "so ÿ long " * 80),
    ):
        assert shown(profile, event) == encode(event)


# --- the size ---


@pytest.mark.parametrize(
    ("told", "size"),
    [
        ("0050 0018", (80, 24)),
        ("0084 002b", (132, 43)),
        ("0000 0000", (80, 24)),
        ("0000 0064", (80, 100)),
        ("0064 0000", (100, 24)),
        ("0001 0001", (20, 20)),
        ("0013 0013", (20, 20)),
        ("0014 0014", (20, 20)),
        ("00ff 00ff", (255, 255)),
        ("0100 0100", (256, 256)),
        ("01f4 01f4", (500, 500)),
        ("01f5 01f5", (500, 500)),
        ("ffff ffff", (500, 500)),
        ("ffff 0000", (500, 24)),
    ],
)
def test_a_size_is_kept_within_reason(told: str, size: tuple[int, int]) -> None:
    """Zero is not known; 65,535 columns are an attack, and so is a single one."""
    profile = Profile()
    assert profile.receive(NAWS, bytes.fromhex(told)) == []
    assert profile.size == size
    assert profile.style.width == size[0]


@pytest.mark.parametrize("told", ["", "00", "0050", "005000", "0050001800", "00500018 00500018"])
def test_a_size_of_the_wrong_length_is_ignored(told: str) -> None:
    """Whatever was known before stays."""
    profile = Profile()
    profile.receive(NAWS, bytes.fromhex(told))
    assert profile.size is None
    profile.receive(NAWS, bytes.fromhex("0064 0020"))
    profile.receive(NAWS, bytes.fromhex(told))
    assert profile.size == (100, 32)


def test_a_window_may_change_its_size_and_stop_telling_it() -> None:
    """The newest counts; and when the option is off, the width is not known any more."""
    profile = Profile()
    assert profile.option_changed(NAWS, ours=False, theirs=True) == []
    profile.receive(NAWS, bytes.fromhex("0064 0020"))
    profile.receive(NAWS, bytes.fromhex("0078 0020"))
    assert profile.style.width == 120
    assert profile.option_changed(NAWS, ours=False, theirs=False) == []
    assert profile.size is None
    assert profile.style.width is None


# --- the type ---


def told_types(profile: Profile, *types: bytes) -> int:
    """A program that has these types to tell, one for each request; how often it is asked."""
    asked = 0
    out = profile.option_changed(TTYPE, ours=False, theirs=True)
    for name in types:
        if not out:
            break
        assert out == SEND
        asked += 1
        out = profile.receive(TTYPE, b"\0" + name)
    assert out in ([], SEND)
    return asked + len(out)


def known_by(*types: bytes) -> Profile:
    """The profile of a terminal that tells these types."""
    profile = Profile()
    told_types(profile, *types)
    return profile


@pytest.mark.parametrize(
    ("types", "asked", "known"),
    [
        ([b"XTERM", b"XTERM", b"XTERM"], 2, ["XTERM"]),
        ([b"xterm", b"XTERM", b"VT100"], 2, ["XTERM"]),
        ([b"A", b"B", b"B", b"C"], 3, ["A", "B"]),
        ([b"A", b"B", b"A", b"C"], 3, ["A", "B"]),
        (
            [b"TINTIN++", b"XTERM", b"MTTS 13", b"MTTS 13", b"more"],
            4,
            ["TINTIN++", "XTERM", "MTTS 13"],
        ),
        ([b"A", b"B", b"C", b"D", b"E", b"F"], 4, ["A", "B", "C", "D"]),
        ([b"A"], 2, ["A"]),
        ([], 1, []),
        ([b"", b"", b"x"], 2, [""]),
    ],
)
def test_types_are_asked_for_until_one_repeats_and_at_most_four_times(
    types: list[bytes], asked: int, known: list[str]
) -> None:
    """A name, a generic name, the MTTS bits; who tells more is not asked more."""
    profile = Profile()
    assert told_types(profile, *types) == asked <= MAX_TYPES
    assert profile.types == known


def test_turning_the_option_off_and_on_brings_no_more_than_four_requests() -> None:
    """Nor does telling types unasked: a request costs us more than it costs them."""
    profile = Profile()
    asked = 0
    for number in range(10):
        asked += len(profile.option_changed(TTYPE, ours=False, theirs=True))
        asked += len(profile.receive(TTYPE, b"\0TYPE%d" % number))
        asked += len(profile.option_changed(TTYPE, ours=False, theirs=False))
    assert asked <= MAX_TYPES
    assert len(profile.types) <= MAX_TYPES


@pytest.mark.parametrize(
    ("told", "known"),
    [
        (b"xterm-256color", "XTERM-256COLOR"),
        (b"  VT100 ", "VT100"),
        (b"XT\x1b[31mERM\r\n\0", "XT[31MERM"),
        (b"XTERM\x7f\x80\x9b\xff\xe9", "XTERM"),
        ("XTERM\u202e한".encode(), "XTERM"),
        (b"\x00\x01\x1b\xff", ""),
        (b"A" * 4_000, "A" * MAX_TYPE_CHARACTERS),
        (b"\x1b" * 4_000 + b"VT100", "VT100"),
    ],
)
def test_a_type_is_cleaned_before_it_is_kept(told: bytes, known: str) -> None:
    """Printable ASCII, and no more than the RFC allows."""
    assert known_by(told).types == [known]


@pytest.mark.parametrize("payload", [b"", b"\x01", b"\x01XTERM", b"XTERM", b"\x02XTERM"])
def test_what_is_no_answer_about_types_is_ignored(payload: bytes) -> None:
    """Only IS tells a type."""
    profile = Profile()
    profile.option_changed(TTYPE, ours=False, theirs=True)
    assert profile.receive(TTYPE, payload) == []
    assert profile.types == []


# --- colours ---


@pytest.mark.parametrize(
    ("types", "colours"),
    [
        ([b"XTERM-256COLOR"], 256),
        ([b"xterm"], 256),
        ([b"SCREEN-256COLOR"], 256),
        ([b"TMUX-256COLOR"], 256),
        ([b"RXVT-UNICODE-256COLOR"], 256),
        ([b"ST-256COLOR"], 256),
        ([b"MUDLET", b"ANSI-TRUECOLOR"], 256),
        ([b"TINTIN++", b"xterm-256color", b"MTTS 271"], 256),
        ([b"ANSI"], 16),
        ([b"ANSI", b"VT100", b"VT52", b"VTNT"], 16),
        ([b"VT100"], 16),
        ([b"VT220"], 16),
        ([b"LINUX"], 16),
        ([b"SCREEN"], 16),
        ([b"RXVT"], 16),
        ([b"CYGWIN"], 16),
        ([b"DUMB"], 0),
        ([b"UNKNOWN"], 0),
        ([b"NETWORK"], 0),
        ([b"VT52"], 0),
        ([b"VTNT"], 0),
        ([b"EMACS"], 0),
        ([b"IBM-3278-2"], 0),
        ([b"NOT-AN-XTERM"], 0),
        ([b""], 0),
        ([], 0),
        ([b"CLIENT", b"GENERIC", b"MTTS 1"], 16),
        ([b"CLIENT", b"GENERIC", b"MTTS 9"], 256),
        ([b"CLIENT", b"GENERIC", b"MTTS 4"], 0),
        ([b"CLIENT", b"GENERIC", b"MTTS 8"], 0),
        ([b"XTERM-256COLOR", b"MTTS 73"], 0),
        ([b"CLIENT", b"GENERIC", b"MTTS 65"], 0),
        ([b"CLIENT", b"GENERIC", b"MTTS"], 0),
        ([b"CLIENT", b"GENERIC", b"MTTS x"], 0),
        ([b"CLIENT", b"GENERIC", b"MTTS -1"], 0),
        ([b"CLIENT", b"GENERIC", b"MTTS 1.0"], 0),
    ],
    ids=str,
)
def test_colours_come_only_when_the_terminal_says_so(types: list[bytes], colours: int) -> None:
    """By its name or its MTTS bits; and never to a screen reader unasked."""
    profile = known_by(*types)
    assert profile.style.colours == colours
    said = Said(1, AT, "bob", "web", "hi")
    assert (b"\x1b" in shown(profile, said)) == (colours > 0)


@pytest.mark.parametrize(
    ("types", "colours"),
    [([], 16), ([b"DUMB"], 16), ([b"XTERM"], 256), ([b"SOMETHING", b"MTTS 73"], 256)],
)
def test_what_the_person_wants_goes_before_what_the_terminal_says(
    types: list[bytes], colours: int
) -> None:
    """On or off, whenever it is chosen."""
    profile = known_by(*types)
    profile.want_colour(True)
    assert profile.style.colours == colours
    profile.want_colour(False)
    assert profile.style.colours == 0
    told_types(profile, b"XTERM-256COLOR")
    assert profile.style.colours == 0


# --- encodings ---


def said_in(profile: Profile, text: str) -> bytes:
    """The text as this terminal gets it, without the rest of the line."""
    line = shown(profile, Said(1, AT, "bob", "web", text))
    return line.removeprefix(b"<bob> : ").removesuffix(b"\r\n")


def test_who_writes_latin_1_reads_latin_1_until_a_line_shows_otherwise() -> None:
    """Lines of ASCII are no evidence for either."""
    profile = Profile()
    assert said_in(profile, "é") == b"\xc3\xa9"
    profile.heard("plain", "utf-8")
    assert said_in(profile, "é") == b"\xc3\xa9"
    profile.heard("café", "latin-1")
    assert said_in(profile, "é") == b"\xe9"
    profile.heard("plain", "utf-8")
    profile.heard("", "utf-8")
    assert said_in(profile, "é") == b"\xe9"
    profile.heard("café", "utf-8")
    assert said_in(profile, "é") == b"\xc3\xa9"


def test_latin_1_is_one_connections_and_nobody_elses() -> None:
    """Another terminal still has its UTF-8."""
    profile, another = Profile(), Profile()
    profile.heard("café", "latin-1")
    another.heard("café", "utf-8")
    assert said_in(profile, "é") == b"\xe9"
    assert said_in(another, "é") == b"\xc3\xa9"


def test_a_255_that_is_sent_is_doubled() -> None:
    """In Latin-1 it is a letter, and alone it would be the beginning of a command."""
    profile = Profile()
    profile.heard("ÿ", "latin-1")
    assert said_in(profile, "aÿÿb") == b"a\xff\xff\xff\xffb"
    assert shown(profile, Joined(1, AT, "ÿvo", "web")) == b"<meta>: \xff\xffvo joined.\r\n"


def test_what_latin_1_does_not_have_is_a_question_mark() -> None:
    """A message with one odd letter is better than none."""
    profile = Profile()
    profile.heard("é", "latin-1")
    assert said_in(profile, "é 한 ™") == b"\xe9 ? ?"


def agreed_by_accepting(profile: Profile) -> None:
    """The terminal's program takes what we offer."""
    assert profile.option_changed(CHARSET, ours=True, theirs=False) == OFFER
    assert profile.receive(CHARSET, b"\x02UTF-8") == []


def agreed_by_offering(profile: Profile) -> None:
    """The terminal's program offers, and we take it."""
    assert profile.option_changed(CHARSET, ours=False, theirs=True) == []
    assert profile.receive(CHARSET, b"\x01;UTF-8") == ACCEPTED


def agreed_by_bits(profile: Profile) -> None:
    """MTTS says so."""
    told_types(profile, b"CLIENT", b"GENERIC", b"MTTS 4")


@pytest.mark.parametrize("agree", [agreed_by_accepting, agreed_by_offering, agreed_by_bits])
def test_utf_8_that_was_agreed_on_is_not_undone_by_a_line(
    agree: Callable[[Profile], None],
) -> None:
    """It also ends what was Latin-1 before."""
    profile = Profile()
    profile.heard("café", "latin-1")
    agree(profile)
    assert said_in(profile, "é") == b"\xc3\xa9"
    profile.heard("café", "latin-1")
    assert said_in(profile, "é") == b"\xc3\xa9"


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (b";UTF-8", ACCEPTED),
        (b" utf-8", ACCEPTED),
        (b";ISO-8859-1;UTF-8;US-ASCII", ACCEPTED),
        (b"|KOI8-R|UTF-8", ACCEPTED),
        (b"\xffISO-8859-1\xffUTF-8", ACCEPTED),
        (b";UTF-16", REJECTED),
        (b";ISO-8859-1", REJECTED),
        (b";XUTF-8;UTF-8X;UTF8", REJECTED),
        (b";", REJECTED),
        (b";;;", REJECTED),
        (b"UTF-8", REJECTED),
        (b";" * 4_000, REJECTED),
    ],
)
def test_only_utf_8_is_accepted(request_: bytes, answer: list[Input]) -> None:
    """Whatever separates the names (RFC 2066); whatever else is offered is rejected."""
    profile = Profile()
    profile.option_changed(CHARSET, ours=False, theirs=True)
    profile.heard("café", "latin-1")
    assert profile.receive(CHARSET, b"\x01" + request_) == answer
    assert profile.style.encoding == ("utf-8" if answer == ACCEPTED else "latin-1")


@pytest.mark.parametrize("payload", [b"", b"\x03", b"\x04;UTF-8", b"\x07", b"UTF-8"])
def test_a_rejection_or_what_is_none_of_our_business_agrees_on_nothing(payload: bytes) -> None:
    """And is not answered."""
    profile = Profile()
    profile.option_changed(CHARSET, ours=True, theirs=False)
    profile.heard("café", "latin-1")
    assert profile.receive(CHARSET, payload) == []
    assert profile.style.encoding == "latin-1"


def test_utf_8_is_offered_once_for_each_time_the_option_goes_on_at_our_end() -> None:
    """Not when it goes on or off at theirs."""
    profile = Profile()
    assert profile.option_changed(CHARSET, ours=True, theirs=False) == OFFER
    assert profile.option_changed(CHARSET, ours=True, theirs=True) == []
    assert profile.option_changed(CHARSET, ours=True, theirs=False) == []
    assert profile.option_changed(CHARSET, ours=False, theirs=False) == []


# --- the end of a prompt ---


def test_a_prompt_is_marked_only_for_who_asked_for_it() -> None:
    """EOR (RFC 885) after a prompt, and after nothing else."""
    profile = Profile()
    joined = Joined(1, AT, "bob", "web")
    assert profile.option_changed(EOR, ours=True, theirs=False) == []
    for prompt in (Prompted(), Prompted("Username taken")):
        assert shown(profile, prompt) == encode(prompt) + b"\xff\xef"
    assert shown(profile, joined) == encode(joined)
    assert profile.option_changed(EOR, ours=False, theirs=False) == []
    assert shown(profile, Prompted()) == encode(Prompted())


def test_an_end_of_record_at_their_end_marks_nothing_at_ours() -> None:
    """WILL EOR is about what they send."""
    profile = Profile()
    profile.option_changed(EOR, ours=False, theirs=True)
    assert shown(profile, Prompted()) == encode(Prompted())


# --- GMCP ---


def on(profile: Profile) -> Profile:
    """With GMCP on."""
    assert profile.option_changed(GMCP, ours=True, theirs=False) == []
    return profile


def message(name: str, body: object) -> bytes:
    """A GMCP message as it goes over the wire."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return b"\xff\xfa\xc9" + f"{name} {text}".encode() + b"\xff\xf0"


@pytest.mark.parametrize(("ours", "theirs"), [(True, False), (False, True), (True, True)])
def test_gmcp_is_on_whichever_end_it_was_agreed_on(ours: bool, theirs: bool) -> None:
    """Clients disagree on whether DO or WILL is right, and mean the same."""
    profile = Profile()
    said = Said(1, AT, "bob", "web", "hi ÿ")
    profile.option_changed(GMCP, ours=ours, theirs=theirs)
    talk = message("Comm.Channel.Text", {"channel": "room", "talker": "bob", "text": "hi ÿ"})
    assert shown(profile, said) == encode(said) + talk
    joined = Joined(1, AT, "bob", "web")
    assert shown(profile, joined) == encode(joined)
    profile.option_changed(GMCP, ours=False, theirs=False)
    assert shown(profile, said) == encode(said)


@pytest.mark.parametrize(
    "payload",
    [
        b"Comm.Channel.Players",
        b"Comm.Channel.Players ",
        b'Comm.Channel.Players ""',
        b"Comm.Channel.Players {}",
        b"comm.channel.players",
        b"COMM.CHANNEL.PLAYERS []",
    ],
)
def test_the_list_of_people_may_be_asked_for(payload: bytes) -> None:
    """With or without a body; names are the same in any case."""
    assert on(Profile()).receive(GMCP, payload) == [PlayersWanted()]


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b" ",
        b'Core.Hello { "client": "Mudlet", "version": "4.18.5" }',
        b'Core.Supports.Set [ "Char 1", "Room 1" ]',
        b"Core.Ping",
        b"External.Discord.Hello",
        b"Comm.Channel.Players {",
        b"Comm.Channel.Players }",
        b'Comm.Channel.Players "',
        b"Comm.Channel.Players \xff\xfe\xfd",
        b"Comm.Channel.Players \xed\xa0\x80",
        b"Comm.Channel.Players \x00",
        b"Comm.Channel.Players {} {}",
        b"Comm.Channel.Players " + b"[" * 4_000,
        b"Comm.Channel.Players " + b'{"a":' * 800,
        b"Comm.Channel.Players " + b"9" * 4_000 + b"e",
        b"Comm.Channel.PlayersOnline",
        b" Comm.Channel.Players",
        b"Comm.Channel.Players\0",
        b"\xff\xfa",
    ],
    ids=lambda payload: ascii(payload[:40]),
)
def test_other_messages_and_malformed_ones_are_ignored(payload: bytes) -> None:
    """However deep they nest, and whatever they are made of."""
    assert on(Profile()).receive(GMCP, payload) == []


@pytest.mark.parametrize("depth", [900, 1_000, 2_000, 100_000])
def test_a_message_that_nests_deeper_than_python_can_follow_is_no_error(depth: int) -> None:
    """How deep that is differs from one Python to the next; shallower, it is a message."""
    body = b"[" * depth + b"]" * depth
    assert on(Profile()).receive(GMCP, b"Comm.Channel.Players " + body) in ([], [PlayersWanted()])


def test_messages_are_ignored_while_gmcp_is_off() -> None:
    """Before it is agreed on, and after it has ended."""
    profile = Profile()
    assert profile.receive(GMCP, b"Comm.Channel.Players") == []
    on(profile)
    profile.option_changed(GMCP, ours=False, theirs=False)
    assert profile.receive(GMCP, b"Comm.Channel.Players") == []


# --- anything at all ---


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from((NAWS, TTYPE, CHARSET, GMCP, EOR, 0, 255)), st.binary())
        | st.tuples(
            st.sampled_from((NAWS, TTYPE, CHARSET, GMCP, EOR)), st.booleans(), st.booleans()
        ),
        max_size=30,
    )
)
def test_whatever_is_told_the_style_stays_within_bounds(
    told: list[tuple[int, bytes] | tuple[int, bool, bool]],
) -> None:
    """Nothing that a program says is an error, and every reply is whole."""
    profile = Profile()
    for what in told:
        if len(what) == 2:
            out = profile.receive(*what)
        else:
            out = profile.option_changed(what[0], what[1], what[2])
        assert len(out) <= 1
        for one in out:
            assert isinstance(one, Reply | PlayersWanted)
            if isinstance(one, Reply):
                assert one in [*SEND, *OFFER, *ACCEPTED, *REJECTED]
        assert profile.size is None or all(20 <= side <= 500 for side in profile.size)
        assert len(profile.types) <= MAX_TYPES
        assert all(len(name) <= MAX_TYPE_CHARACTERS for name in profile.types)
        assert all(name.isascii() and name.isprintable() for name in profile.types)
        assert profile.style.colours in (0, 16, 256)
