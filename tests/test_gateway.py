"""The websocket door over real sockets."""

from collections.abc import Awaitable, Callable, Sequence

import h11
import pytest
import trio

from backend.app import Bound
from backend.net import gateway
from backend.net.connection import Connection
from backend.net.hub import Hub
from backend.net.upgrade import is_from_here
from backend.wire import frames
from tests.talkers import CLOSE, HANDSHAKE, ask, at_browser, at_terminal, upgrade

GOES_ON, BEGINS, END, TEXT, CLOSING, PING = 0x00, 0x01, 0x80, 0x81, 0x88, 0x89
"""What frames begin with (RFC 6455, 5.2)."""


def frame(start: int, data: bytes) -> bytes:
    """A client's frame that begins with this byte, masked with zeros."""
    if len(data) < 126:
        return bytes((start, 0x80 | len(data))) + bytes(4) + data
    return bytes((start, 0x80 | 126)) + len(data).to_bytes(2) + bytes(4) + data


async def test_a_browser_and_a_terminal_are_in_one_conversation(room: Bound) -> None:
    """Each sees the other come, talk and go."""
    async with at_terminal(room, "alice") as alice:
        async with at_browser(room) as bob:
            await bob.sees("prompt")
            await bob.type("Alice")
            await bob.sees("prompt", reason="Username taken")
            await bob.type("bob")
            welcome = await bob.sees("welcome", nick="bob", via="web", resumed=False)
            assert welcome["members"] == [
                {"nick": "alice", "via": "telnet"},
                {"nick": "bob", "via": "web"},
            ]
            await alice.reads_line("<meta>: bob joined.")
            await bob.type("hello")
            said = await bob.sees("said", nick="bob", via="web", text="hello")
            assert said["id"] == welcome["last"] + 1
            await alice.reads_line("<bob> : hello")
            await alice.type("/me waves")
            await bob.sees("acted", nick="alice", via="telnet", text="waves")
            await alice.type("/msg BOB psst")
            await bob.sees("whispered", nick="alice", to="bob", text="psst")
            await alice.type("/nick al")
            await bob.sees("renamed", old="alice", new="al")
            await alice.reads_line("<meta>: alice is now al.")
        await alice.reads_line("<meta>: bob left")
    async with at_browser(room, "carol"):
        pass


async def test_tokens_are_long_and_never_the_same(room: Bound) -> None:
    """A seat token cannot be guessed."""
    async with at_browser(room) as a, at_browser(room) as b:
        tokens = set()
        for name, browser in (("a", a), ("b", b)):
            await browser.sees("prompt")
            await browser.type(name)
            tokens.add((await browser.sees("welcome"))["token"])
        assert len(tokens) == 2
        assert min(map(len, tokens)) >= 43  # 256 bits in base64


async def test_quitting_is_a_normal_closure(room: Bound) -> None:
    """``/quit`` tells the page not to come back by itself."""
    async with at_browser(room, "bob") as bob:
        await bob.type("/quit")
        await bob.sees("notice", text="Goodbye bob.")
        assert await bob.close_code() == 1000


async def test_a_binary_message_is_against_the_policy(room: Bound) -> None:
    """The grammar is lines of text."""
    async with at_terminal(room, "alice") as alice, at_browser(room, "bob") as bob:
        await bob.websocket.send_message(b"bytes")
        assert await bob.close_code() == 1008
        await alice.reads_line("<meta>: bob joined.")
        await alice.reads_line("<meta>: bob left")


async def test_a_message_far_too_big_closes_with_1009(room: Bound) -> None:
    """Up to the gateway's bound the room refuses politely; beyond it the connection ends."""
    async with at_browser(room, "bob") as bob:
        await bob.type("x" * 1_001)
        refusal = await bob.sees("notice")
        assert "1,000 characters" in refusal["text"]
        await bob.type("x" * 17_000)
        assert await bob.close_code() == 1009


async def test_a_single_frame_too_big_still_gets_its_mail_and_its_1009(room: Bound) -> None:
    """With nothing behind it that would hurry the library along."""
    async with at_browser(room, "alice") as alice, at_browser(room, "bob") as bob:
        await alice.sees("joined")
        for number in range(50):
            await alice.type(str(number))
        for number in range(50):
            await alice.sees("said", text=str(number))
        await bob.type("x" * 16_385)
        for number in range(50):
            await bob.sees("said", text=str(number))
        assert await bob.close_code() == 1009


async def test_messages_that_came_together_leave_together(
    room: Bound, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A burst is applied as a batch; this leans on what trio-websocket does not promise."""
    batches: list[int] = []

    async def count(
        hub: Hub, connection: Connection, receive: Callable[[], Awaitable[Sequence[str]]]
    ) -> None:
        while lines := await receive():
            batches.append(len(lines))

    monkeypatch.setattr(gateway, "converse", count)
    words = b"".join(b"\x81\x82\0\0\0\0hi" for _ in range(100))
    await ask(room, upgrade("Host: x", *HANDSHAKE) + words + CLOSE)
    assert sum(batches) == 100
    assert len(batches) <= 2


async def test_a_ping_behind_the_goodbye_harms_nobody(
    room: Bound, caplog: pytest.LogCaptureFixture
) -> None:
    """A client that pings by timer may do so just when it is told to go."""
    quit_and_ping = b"\x81\x85\0\0\0\0/quit" + b"\x89\x82\0\0\0\0hi"
    name = b"\x81\x83\0\0\0\0bob"
    answer = await ask(room, upgrade("Host: x", *HANDSHAKE) + name + quit_and_ping)
    assert answer.endswith(b"\x88\x0e\x03\xe8Goodbye bob.")
    assert not [record for record in caplog.records if record.exc_info]


async def test_junk_frames_are_answered_with_a_protocol_error(
    room: Bound, caplog: pytest.LogCaptureFixture
) -> None:
    """Unmasked, reserved opcodes, invalid UTF-8: the connection ends, and nobody else notices."""
    async with at_terminal(room, "alice") as alice:
        for junk, code in (
            (b"\x81\x02hi", 1002),
            (b"\x8f\x80\0\0\0\0", 1002),
            (b"\x81\x81\0\0\0\0\xff", 1007),
        ):
            answer = await ask(room, upgrade("Host: x", *HANDSHAKE) + junk)
            assert answer.endswith(b"\x88\x02" + code.to_bytes(2))
        await alice.type("/who")
        await alice.reads_line("<meta>: 1 here: alice (telnet)")
    assert not [record for record in caplog.records if record.exc_info]


async def test_odd_bytes_in_a_handshake_are_no_trouble(
    room: Bound, caplog: pytest.LogCaptureFixture
) -> None:
    """Only what the handshake needs is looked at."""
    for odd in ("Host: \xff", "Host: xn--a", "Host: x\r\nSec-WebSocket-Protocol: \xff"):
        answer = await ask(room, upgrade(odd, *HANDSHAKE) + CLOSE)
        assert answer.startswith(b"HTTP/1.1 101 ")
    answer = await ask(room, upgrade("Host: x", "Sec-WebSocket-Key: \xff", HANDSHAKE[0]))
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert not [record for record in caplog.records if record.exc_info]


async def test_a_line_break_inside_a_message_is_a_space(room: Bound) -> None:
    """One message is one line, also for programs that send their newline along."""
    async with at_browser(room, "bob") as bob:
        await bob.type("one\ntwo\r\n")
        await bob.sees("said", text="one two")


async def test_another_sites_page_is_refused(room: Bound) -> None:
    """A browser's Origin must be this host's, exactly."""
    host = f"{room.host}:{room.port}"
    for origin, status in (
        ("http://evil.example", b"403"),
        ("null", b"403"),
        (f"http://{host}x", b"403"),
        (f"http://{host}", b"101"),
    ):
        request = upgrade(f"Host: {host}", f"Origin: {origin}", *HANDSHAKE)
        answer = await ask(room, request + CLOSE)
        assert answer.split(b" ")[1] == status


@pytest.mark.parametrize(
    ("allowed", "origin", "host", "verdict"),
    [
        ((), None, "a.example", True),
        ((), "https://a.example", "a.example", True),
        ((), "http://a.example:8000", "a.example:8000", True),
        ((), "https://a.example.evil", "a.example", False),
        ((), "https://evil/a.example", "a.example", False),
        ((), "ftp://a.example", "a.example", False),
        ((), "", "", False),
        (("https://b.example",), "https://b.example", "a.example", True),
        (("https://b.example",), "https://a.example", "a.example", False),
        (("https://b.example",), "https://b.example:444", "a.example", False),
        (("https://b.example",), None, "a.example", True),
    ],
)
def test_an_origin_is_matched_exactly(
    allowed: tuple[str, ...], origin: str | None, host: str, verdict: bool
) -> None:
    """Scheme, host and port count; a list of origins replaces the default."""
    headers = [("Host", host), *([] if origin is None else [("Origin", origin)])]
    request = h11.Request(method="GET", target="/ws", headers=headers)
    assert is_from_here(request, allowed) is verdict


OVERSIZED = frame(TEXT, b"x" * 16_385)
TOO_BIG = frames.close(1009, "Exceeded maximum message size: 16384 bytes")
CLOSED = b"\x88\0"
"""The answer to a close frame without a code."""


@pytest.mark.parametrize(
    ("data", "close"),
    [
        (frame(TEXT, b"bob") + CLOSE, CLOSED),
        (frame(TEXT, b"bob") + frame(TEXT, b"hi") * 70 + CLOSE, CLOSED),
        (frame(TEXT, b"bob") + CLOSE + frame(PING, b"hi"), CLOSED),
        (CLOSE + CLOSE + frame(TEXT, b"bob"), CLOSED),
        (CLOSE + b"\xff" * 100, CLOSED),
        (frame(CLOSING, b"\x13\x87why"), frames.close(4999, "why")),
        (frame(CLOSING, b"\x03"), frames.close(1002, "")),
        (frame(CLOSING, b"\x03\xed"), frames.close(1002, "")),  # 1005 is for nobody to send
        (frame(CLOSING, b"\x03\xe8\xff"), frames.close(1007, "")),
        (OVERSIZED + frame(PING, b"hi"), TOO_BIG),
        (frame(TEXT, b"bob") + OVERSIZED + frame(PING, b"hi"), TOO_BIG),
        (frame(TEXT, b"bob") + OVERSIZED + OVERSIZED, TOO_BIG),
        (OVERSIZED + b"\x8f\x80\0\0\0\0", TOO_BIG),
        (OVERSIZED + CLOSE, TOO_BIG),
        (frame(TEXT, b"bob") + frame(TEXT, b"hi") * 500 + OVERSIZED + frame(PING, b"hi"), TOO_BIG),
        (frame(TEXT, b"bob") + frame(TEXT, b"/quit") + CLOSE, frames.close(1000, "Goodbye bob.")),
        (
            frame(TEXT, b"bob") + frame(TEXT, b"/quit") + OVERSIZED,
            frames.close(1000, "Goodbye bob."),
        ),
        (b"\x89\xfe\0\x7e" + bytes(130), frames.close(1002, "")),
        (b"\x81\xff" + b"\xff" * 8 + b"\0\0\0\0", frames.close(1002, "")),
    ],
)
async def test_a_close_frame_is_the_last_thing_said_and_the_only_one(
    room: Bound, caplog: pytest.LogCaptureFixture, data: bytes, close: bytes
) -> None:
    """Whatever comes with the reason for it, in whichever order the tasks run."""
    for _ in range(10):
        answer = await ask(room, upgrade("Host: x", *HANDSHAKE) + data)
        assert answer.endswith(close)
        assert answer.count(close) == 1
    assert not [record for record in caplog.records if record.exc_info]


async def test_what_was_said_before_an_oversized_message_is_heard(room: Bound) -> None:
    """Even when both came in one read."""
    said = b"".join(frame(TEXT, text) for text in (b"bob", b"one", b"two")) + OVERSIZED
    async with at_terminal(room, "alice") as alice:
        for _ in range(10):
            await ask(room, upgrade("Host: x", *HANDSHAKE) + said)
            for line in ("<meta>: bob joined.", "<bob> : one", "<bob> : two", "<meta>: bob left"):
                await alice.reads_line(line)


async def test_a_line_may_come_in_single_bytes(room: Bound) -> None:
    """The longest line there can be, each byte in a frame of its own."""
    line = "\N{GRINNING FACE}" * 1_000
    first, *pieces = [frame(GOES_ON, bytes([byte])) for byte in line.encode()]
    async with (
        at_terminal(room, "alice") as alice,
        await trio.open_tcp_stream(room.host, room.port) as bob,
    ):
        await bob.send_all(upgrade("Host: x", *HANDSHAKE) + frame(TEXT, b"bob"))
        await alice.reads_line("<meta>: bob joined.")
        await bob.send_all(bytes([BEGINS]) + first[1:] + b"".join(pieces) + frame(END, b""))
        await alice.reads_line(f"<bob> : {line}")


async def test_a_message_in_endless_empty_pieces_is_refused(room: Bound) -> None:
    """They have no length to bound, yet each would be kept; leans on a private list's name."""
    pieces = (
        bytes([BEGINS]) + frame(GOES_ON, b"")[1:] + frame(GOES_ON, b"") * 2 * gateway.MAX_PIECES
    )
    answer = await ask(room, upgrade("Host: x", *HANDSHAKE) + pieces)
    assert answer.endswith(frames.close(1008, "That message is in too many pieces."))


async def test_a_bad_handshake_is_answered_and_closed(room: Bound) -> None:
    """At once, not after the handshake's time limit."""
    no_key, old = ["Sec-WebSocket-Version: 13"], ["Sec-WebSocket-Version: 8", HANDSHAKE[1]]
    for handshake, status in ((no_key, b"400"), (old, b"426")):
        answer = await ask(room, upgrade("Host: x", *handshake))
        assert answer.split(b" ")[1] == status


async def test_messages_sent_along_with_the_handshake_are_heard(room: Bound) -> None:
    """A client that pipelines its first frame behind the upgrade request loses nothing."""
    frame = b"\x81\x83\0\0\0\0bob"  # "bob", masked with zeros
    async with at_terminal(room, "alice") as alice:
        async with await trio.open_tcp_stream(room.host, room.port) as stream:
            await stream.send_all(upgrade("Host: x", *HANDSHAKE) + frame)
            await alice.reads_line("<meta>: bob joined.")
        await alice.reads_line("<meta>: bob left (connection lost)")
