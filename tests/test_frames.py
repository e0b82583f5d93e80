"""Events as websocket frames."""

import json
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wsproto.connection import Connection, ConnectionType
from wsproto.events import Ping, TextMessage

from backend.room.events import (
    Acted,
    Dismissed,
    Event,
    Joined,
    Left,
    Listed,
    Moderated,
    Noticed,
    Person,
    Presence,
    Prompted,
    Recalled,
    Renamed,
    Said,
    Topic,
    Welcomed,
    Whispered,
)
from backend.wire.frames import PING, cue, encode, to_json

AT = 1_700_000_000.25

CONTRACT: list[tuple[Event, str]] = [
    (Prompted(), '{"type":"prompt"}'),
    (Prompted("Username taken"), '{"type":"prompt","reason":"Username taken"}'),
    (
        Welcomed(
            "bob", "web", "t0ken", False, (Person("al", "telnet"), Person("bob", "web")), 2, 7
        ),
        '{"type":"welcome","nick":"bob","via":"web","token":"t0ken","resumed":false,'
        '"members":[{"nick":"al","via":"telnet"},{"nick":"bob","via":"web"}],"total":2,"last":7,'
        '"topic":"","heard":0}',
    ),
    (
        Welcomed("bob", "web", "t0ken", False, (), 1, 7, "Owls"),
        '{"type":"welcome","nick":"bob","via":"web","token":"t0ken","resumed":false,'
        '"members":[],"total":1,"last":7,"topic":"Owls","heard":0}',
    ),
    (
        Topic(15, AT, "bob", "Owls & co"),
        '{"type":"topic","id":15,"at":1700000000.25,"nick":"bob","text":"Owls & co"}',
    ),
    (
        Presence(14, AT, (Person("al", "web"),), ("bob",), 41, 1, 340),
        '{"type":"presence","id":14,"at":1700000000.25,"joined":[{"nick":"al","via":"web"}],'
        '"left":["bob"],"joined_total":41,"left_total":1,"members":340}',
    ),
    (
        Listed((Person("al", "telnet"), Person("bob", "web")), 2),
        '{"type":"notice","text":"2 here: al (telnet), bob (web)"}',
    ),
    (
        Listed((Person("al", "telnet"),), 340),
        '{"type":"notice","text":"340 here: al (telnet) and 339 more"}',
    ),
    (
        Said(8, AT, "bob", "web", 'say "hi" \\ <b>'),
        '{"type":"said","id":8,"at":1700000000.25,"nick":"bob","via":"web",'
        '"text":"say \\"hi\\" \\\\ <b>"}',
    ),
    (
        Acted(9, AT, "bob", "telnet", "waves"),
        '{"type":"acted","id":9,"at":1700000000.25,"nick":"bob","via":"telnet","text":"waves"}',
    ),
    (
        Joined(10, AT, "Zoë", "telnet"),
        '{"type":"joined","id":10,"at":1700000000.25,"nick":"Zoë","via":"telnet"}',
    ),
    (
        Left(11, AT, "bob", ""),
        '{"type":"left","id":11,"at":1700000000.25,"nick":"bob","reason":""}',
    ),
    (
        Left(12, AT, "bob", "too slow"),
        '{"type":"left","id":12,"at":1700000000.25,"nick":"bob","reason":"too slow"}',
    ),
    (
        Renamed(13, AT, "bob", "Bob"),
        '{"type":"renamed","id":13,"at":1700000000.25,"old":"bob","new":"Bob"}',
    ),
    (
        Whispered(AT, "bob", "al", "psst 👩‍👩‍👧"),
        '{"type":"whispered","at":1700000000.25,"nick":"bob","to":"al","text":"psst 👩‍👩‍👧"}',
    ),
    (Noticed("one\ntwo"), '{"type":"notice","text":"one\\ntwo"}'),
    (Noticed("back", away=False), '{"type":"notice","text":"back","away":false}'),
    (Moderated("muted", "c7", "bob is muted."), '{"type":"notice","text":"bob is muted."}'),
    (Dismissed("Goodbye bob.", 1000), '{"type":"notice","text":"Goodbye bob."}'),
]

of_each_type = pytest.mark.parametrize(
    ("event", "text"), CONTRACT, ids=[type(event).__name__ for event, _ in CONTRACT]
)


def received(chunks: Iterable[bytes]) -> list[str]:
    """The text messages that a browser makes of these bytes."""
    browser = Connection(ConnectionType.CLIENT)
    messages = []
    message = ""
    for chunk in chunks:
        browser.receive_data(chunk)
        for event in browser.events():
            assert isinstance(event, TextMessage)
            message += event.data
            if event.message_finished:
                messages.append(message)
                message = ""
    assert message == ""
    return messages


def notice_of(size: int) -> Noticed:
    """A notice whose JSON has just this many bytes."""
    return Noticed("x" * (size - len(to_json(Noticed("")))))


@of_each_type
def test_each_type_has_the_contracts_json(event: Event, text: str) -> None:
    """Field for field, in the contract's order, and without what is None."""
    assert to_json(event) == text


@of_each_type
def test_a_frame_reaches_a_browser_however_it_is_cut(event: Event, text: str) -> None:
    """Whole, byte by byte, and with a tail."""
    frame = encode(event)
    assert received([frame]) == [text]
    assert received(frame[i : i + 1] for i in range(len(frame))) == [text]
    assert received([frame + encode(Prompted())]) == [text, '{"type":"prompt"}']
    assert received([frame + frame[:2], frame[2:]]) == [text, text]


@pytest.mark.parametrize(
    ("size", "header"),
    [(27, 2), (125, 2), (126, 4), (127, 4), (1_200, 4), (65_535, 4), (65_536, 10), (70_000, 10)],
)
def test_a_frame_of_any_size_is_whole_unmasked_and_uncompressed(size: int, header: int) -> None:
    """One header of the shortest kind, FIN and text, then the JSON as it is."""
    frame = encode(notice_of(size))
    assert frame[0] == 0x81
    assert frame[1] < 0x80
    assert len(frame) == header + size
    assert frame[header:] == to_json(notice_of(size)).encode()
    assert received([frame]) == [to_json(notice_of(size))]
    assert received(frame[i : i + 1] for i in range(len(frame))) == [to_json(notice_of(size))]


@settings(deadline=None)
@given(st.integers(0, 70_000), st.sampled_from("xé한🙂\n"), st.integers(1, 70_000))
def test_a_text_of_any_length_arrives(length: int, character: str, cut: int) -> None:
    """From nothing to far more than a line, in any alphabet, cut anywhere."""
    event = Noticed(character * length)
    frame = encode(event)
    assert received([frame[:cut], frame[cut:]]) == [to_json(event)]


@settings(deadline=None)
@given(st.text())
def test_any_text_can_be_read_back(text: str) -> None:
    """JSON carries every text unharmed."""
    (message,) = received([encode(Said(1, AT, "bob", "web", text))])
    assert json.loads(message)["text"] == text


def test_an_event_always_gives_the_same_bytes() -> None:
    """One encoding serves all: nothing carries over from one frame to the next."""
    first = [encode(event) for event, _ in CONTRACT]
    second = [encode(event) for event, _ in reversed(CONTRACT)]
    assert first == second[::-1]


def test_the_ping_is_an_empty_ping() -> None:
    """A browser answers it by itself."""
    browser = Connection(ConnectionType.CLIENT)
    browser.receive_data(PING)
    assert [type(event) for event in browser.events()] == [Ping]
    assert PING == b"\x89\x00"


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (
            Welcomed("bob", "telnet", "t0ken", False, (), 1, 7),
            '{"type":"seat","nick":"bob","token":"t0ken","resumed":false,"last":7,"heard":0}',
        ),
        (
            Welcomed("bob", "telnet", "t0ken", True, (), 1, 7, heard=9),
            '{"type":"seat","nick":"bob","token":"t0ken","resumed":true,"last":7,"heard":9}',
        ),
        (Prompted("Username taken"), '{"type":"prompted"}'),
        (Said(8, AT, "al", "web", "hi"), '{"type":"shown","last":8}'),
        (Left(9, AT, "al", ""), '{"type":"shown","last":9}'),
        (Renamed(9, AT, "al", "ali"), '{"type":"renamed","last":9,"old":"al","new":"ali"}'),
        (Recalled(3, 10, (), False), '{"type":"shown","last":9}'),
        (Whispered(AT, "al", "bob", "psst"), '{"type":"whispered"}'),
    ],
)
def test_a_cue_says_what_a_bridge_has_to_count(event: Event, told: str) -> None:
    """As one whole text frame."""
    client = Connection(ConnectionType.CLIENT)
    client.receive_data(cue(event))
    (message,) = client.events()
    assert isinstance(message, TextMessage)
    assert message.message_finished
    assert message.data == told


@pytest.mark.parametrize(
    "event",
    [
        Noticed("Yes."),
        Dismissed("Goodbye.", 1000),
    ],
)
def test_of_most_that_is_for_one_alone_there_is_nothing_to_count(event: Event) -> None:
    """Whoever misses it can ask again."""
    assert cue(event) == b""
