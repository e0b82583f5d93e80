"""The telnet door over real sockets: the contract's texts, and what kills naive servers."""

import socket

import pytest
import trio

from backend.app import Bound
from backend.config import UNLIMITED
from backend.journal.memory import MemoryJournal
from backend.net.peer import PeerListener
from backend.net.telnet import KEYS_AT_ONCE
from backend.room.entries import Entry, Line, Withheld
from backend.wire.inputs import Input
from backend.wire.options import DO, ECHO, IAC, SGA, WILL
from backend.wire.telnet import Telnet
from tests.talkers import (
    HELLO_PUTTY,
    PATIENCE,
    PROMPT,
    PUTTY_HELLO,
    a_room,
    at_browser,
    at_sleeper,
    at_terminal,
)


async def test_the_tutorials_transcript_comes_out_text_for_text(room: Bound) -> None:
    """Two telnet users: prompt, taken name, welcome, joined, talk, left."""
    async with at_terminal(room) as alice:
        await alice.reads("<meta>: Please enter username: ")
        await alice.type("alice")
        await alice.reads("<meta>: Welcome alice.\r\n")
        async with at_terminal(room) as bob:
            await bob.reads("<meta>: Please enter username: ")
            await bob.type("alice")
            await bob.reads("<meta>: Username taken. Please enter another: ")
            await bob.type("bob")
            await bob.reads("<meta>: Welcome bob.\r\n")
            await alice.reads("<meta>: bob joined.\r\n")
            await bob.type("hi alice, how are you")
            await alice.reads("<bob> : hi alice, how are you\r\n")
            await alice.type("fine")
            await bob.reads("<alice> : fine\r\n")
        await alice.reads("<meta>: bob left\r\n")


async def test_puttys_opening_bytes_are_no_name(room: Bound) -> None:
    """PuTTY talks first; what it says is telnet, not a username, and each thing is answered."""
    async with at_terminal(room) as putty:
        await putty.reads(PROMPT)
        await putty.send(PUTTY_HELLO)
        assert await putty.take(len(HELLO_PUTTY)) == HELLO_PUTTY
        await putty.type("putty")
        await putty.reads_line("<meta>: Welcome putty.")


async def test_a_reset_connection_leaves_and_the_room_talks_on(room: Bound) -> None:
    """A member's socket is reset, and then somebody speaks."""
    async with at_terminal(room, "alice") as alice, at_terminal(room, "bob") as bob:
        await alice.reads_line("<meta>: bob joined.")
        async with at_terminal(room, "mallory") as mallory:
            await alice.reads_line("<meta>: mallory joined.")
            await bob.reads_line("<meta>: mallory joined.")
            mallory.reset()
        await alice.type("still here?")
        heard = ["<meta>: mallory left (connection lost)", "<alice> : still here?"]
        for line in heard:
            await bob.reads_line(line)


async def test_a_reset_before_a_name_is_told_to_nobody(room: Bound) -> None:
    """Somebody who was never let in cannot leave."""
    async with at_terminal(room, "alice") as alice:
        async with at_terminal(room) as stranger:
            await stranger.reads(PROMPT)
            stranger.reset()
        async with at_terminal(room, "bob"):
            await alice.reads_line("<meta>: bob joined.")


async def test_a_client_that_never_reads_holds_up_nobody(room: Bound) -> None:
    """The others talk and join while one reads nothing; in the end it is gone for being slow."""
    async with (
        at_sleeper(room, "sleeper"),
        at_terminal(room, "alice") as alice,
        at_browser(room, "bob") as bob,
    ):
        await alice.reads_line("<meta>: bob joined.")
        for number in range(5_000):
            await bob.type(f"{number} " + "x" * 900)
            said = await bob.event()
            if said["type"] == "left":
                break
            assert said["text"].startswith(f"{number} ")
            assert (await alice.line()).startswith(f"<bob> : {number} ")
        assert said["nick"] == "sleeper"
        assert said["reason"] == "too slow"
        async with at_terminal(room, "carol"):
            pass


async def test_invalid_utf_8_is_somebodys_latin_1(room: Bound) -> None:
    """Bytes that are no UTF-8 neither crash nor vanish."""
    async with at_terminal(room, "alice") as alice, at_terminal(room, "bob") as bob:
        await alice.reads_line("<meta>: bob joined.")
        await bob.send(b"caf\xe9 \xc3(\r\n")
        await alice.reads_line("<bob> : café Ã(")


async def test_one_letter_per_packet_is_a_conversation(room: Bound) -> None:
    """A client in character mode sends every key at once."""
    async with at_terminal(room, "alice") as alice, at_terminal(room) as bob:
        await bob.reads(PROMPT)
        for letter in b"bob\rhello\r\n":
            await bob.send(bytes([letter]))
        await bob.reads_line("<meta>: Welcome bob.")
        await alice.reads_line("<meta>: bob joined.")
        await alice.reads_line("<bob> : hello")


async def test_a_whole_conversation_in_one_packet(room: Bound) -> None:
    """A script sends its name, its lines and its farewell at once, and hangs up."""
    async with at_terminal(room, "alice") as alice:
        async with at_terminal(room) as script:
            await script.send(b"bob\none\r\ntwo\r\0three\rfour\n\n/quit done\nnever said\n")
            assert await script.rest() == (
                f"{PROMPT}<meta>: Welcome bob.\r\n<meta>: Goodbye bob.\r\n"
            )
        await alice.reads_line("<meta>: bob joined.")
        for word in ("one", "two", "three", "four"):
            await alice.reads_line(f"<bob> : {word}")
        await alice.reads_line("<meta>: bob left (done)")


async def test_lines_sent_just_before_hanging_up_are_heard(room: Bound) -> None:
    """``printf ... | nc`` half-closes at once; what it said still counts."""
    async with at_terminal(room, "alice") as alice:
        async with at_terminal(room) as script:
            await script.send(b"bob\nlast words\n")
            await script.tcp.send_eof()
            assert (await script.rest()).endswith("<meta>: Welcome bob.\r\n")
        await alice.reads_line("<meta>: bob joined.")
        await alice.reads_line("<bob> : last words")
        await alice.reads_line("<meta>: bob left")


async def test_an_http_request_gets_a_hint_and_never_becomes_a_nick(room: Bound) -> None:
    """Somebody's browser or probe came to the telnet port."""
    async with at_terminal(room, "alice") as alice:
        async with at_terminal(room) as browser:
            await browser.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert await browser.rest() == (
                f"{PROMPT}\r\nThis port speaks plain telnet, not HTTP. "
                f"The page is at {room.page_url}\r\n"
            )
        await alice.type("/who")
        await alice.reads_line("<meta>: 1 here: alice (telnet)")


async def test_a_line_too_long_to_keep_is_refused_as_a_whole(room: Bound) -> None:
    """Nothing of a megabyte without a newline is said; the next line is."""
    async with at_terminal(room, "alice") as alice, at_terminal(room, "bob") as bob:
        await alice.reads_line("<meta>: bob joined.")
        await bob.send(b"x" * 1_000_000 + b"\r\nshort\r\n")
        await bob.reads_line(
            "<meta>: That line is too long: the limit is 1,000 characters. Nothing was sent."
        )
        await alice.reads_line("<bob> : short")


@pytest.mark.parametrize(
    ("opening", "name"),
    [(b"\x16\x03\x01\x02\x00\x01", "TLS"), (b"SSH-2.0-OpenSSH_9.2\r\n", "SSH")],
)
async def test_other_protocols_get_a_hint_too(room: Bound, opening: bytes, name: str) -> None:
    """A plain line with the right place to go, and the connection ends."""
    async with at_terminal(room) as stranger:
        await stranger.send(opening)
        assert await stranger.rest() == (
            f"{PROMPT}\r\nThis port speaks plain telnet, not {name}. "
            f"The page is at {room.page_url}\r\n"
        )


async def test_are_you_there_gets_a_visible_line(room: Bound) -> None:
    """With the negotiation that any telnet command sets off before it."""
    async with at_terminal(room, "alice") as alice:
        await alice.send(b"\xff\xf6")
        assert await alice.take(6) == bytes.fromhex("fffd1f fffd18")
        await alice.reads_line("<meta>: Yes, the room is here.")


async def test_an_interrupt_drops_the_line_and_its_timing_mark_is_answered(room: Bound) -> None:
    """As GNU telnet sends them for ^C, the second byte of the synch being urgent."""
    async with at_terminal(room, "alice") as alice, at_terminal(room, "bob") as bob:
        await alice.reads_line("<meta>: bob joined.")
        await bob.send(b"half a line\xff\xf4\xff\xfd\x06")
        assert await bob.take(9) == bytes.fromhex("fffd1f fffd18 fffb06")
        await bob.send(b"\xff")
        await bob.tcp.socket.send(b"\xf2", socket.MSG_OOB)
        await bob.type("whole")
        await alice.reads_line("<bob> : whole")


async def test_what_is_for_the_terminal_counts_as_heard_in_its_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Or a bridge, which counts, would take another line for one that was not heard."""
    heard: list[str] = []

    class Overheard(MemoryJournal):
        def record(self, entry: Entry) -> None:
            if isinstance(entry, Line | Withheld):
                heard.append(entry.text if isinstance(entry, Line) else "withheld")
            super().record(entry)

    monkeypatch.setattr("backend.app.MemoryJournal", Overheard)
    async with a_room(UNLIMITED) as room, at_terminal(room, "alice") as alice:
        await alice.send(b"one\r\n/color on\r\ntwo\r\n/color\r\n")
        await alice.reads_line("<meta>: Colours are on.")
        await alice.reads_line("<meta>: Usage: /color on, or /color off")
    assert heard == ["alice", "one", "withheld", "two", "withheld"]


async def test_colours_and_width_are_for_those_who_told(room: Bound) -> None:
    """The same event, each in its own style; the plain one as ever."""
    naws, ttype = b"\xff\xfb\x1f\xff\xfa\x1f\0\x1e\0\x18\xff\xf0", b"\xff\xfb\x18"
    async with at_terminal(room, "plain") as plain, at_terminal(room, "rich") as rich:
        await plain.reads_line("<meta>: rich joined.")
        await rich.send(naws + ttype)
        ask_type = bytes.fromhex("fffa1801fff0")
        assert await rich.take(12) == bytes.fromhex("fffd1f fffd18") + ask_type
        await rich.send(b"\xff\xfa\x18\0xterm\xff\xf0")
        assert await rich.take(6) == ask_type
        async with at_terminal(room, "carol") as carol:
            await plain.reads_line("<meta>: carol joined.")
            colour = "\x1b[38;5;130m"
            await rich.reads_line(f"<meta>: {colour}carol\x1b[0m joined.")
            await carol.type("words that do not fit into thirty columns")
            await plain.reads_line("<carol> : words that do not fit into thirty columns")
            await rich.reads_line(f"<{colour}carol\x1b[0m> : words that do not")
            await rich.reads_line("         fit into thirty")
            await rich.reads_line("         columns")


async def test_gmcp_tells_a_program_who_spoke_and_who_is_here(room: Bound) -> None:
    """``Comm.Channel.Text`` with each thing said, ``Comm.Channel.Players`` when asked."""
    async with at_terminal(room, "mud") as mud, at_terminal(room, "bob") as bob:
        await mud.reads_line("<meta>: bob joined.")
        await mud.send(b"\xff\xfd\xc9")
        assert await mud.take(9) == bytes.fromhex("fffd1f fffd18 fffbc9")
        await bob.type("hi")
        await mud.reads_line("<bob> : hi")
        text = (
            b'\xff\xfa\xc9Comm.Channel.Text {"channel":"room","talker":"bob","text":"hi"}\xff\xf0'
        )
        assert await mud.take(len(text)) == text
        await mud.send(b"\xff\xfa\xc9Comm.Channel.Players\xff\xf0")
        players = b'Comm.Channel.Players [{"name":"mud","channels":["room"]},'
        assert await mud.take(3 + len(players)) == b"\xff\xfa\xc9" + players


async def test_latin_1_is_answered_in_latin_1(room: Bound) -> None:
    """And the letter that is telnet's IAC is doubled on its way out."""
    async with at_terminal(room, "alice") as alice, at_terminal(room, "bob") as bob:
        await alice.reads_line("<meta>: bob joined.")
        await bob.send(b"caf\xe9\r\n")
        await alice.reads_line("<bob> : café")
        await alice.type("ÿ, naïve 漢")
        assert await bob.take(23) == b"<alice> : \xff\xff, na\xefve ?\r\n"


async def test_a_silent_peer_that_vanished_is_noticed_in_two_minutes() -> None:
    """The system probes for it: these are the settings that say when (tcp(7))."""
    [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with (
        PeerListener(listener) as door,
        await trio.open_tcp_stream(*listener.socket.getsockname()),
        await door.accept() as peer,
    ):
        read = peer._socket.getsockopt
        idle = read(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE)
        interval = read(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL)
        count = read(socket.IPPROTO_TCP, socket.TCP_KEEPCNT)
        unacknowledged = read(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
        assert read(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert all(isinstance(value, int) for value in (idle, interval, count))
        assert int(idle) + int(interval) * int(count) <= 120
        assert int(unacknowledged) <= 120_000


async def test_a_read_full_of_keys_is_drawn_bit_by_bit(
    room: Bound, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each may draw a whole screen anew; the others have their turns between them."""
    sizes: list[int] = []
    feed = Telnet.feed

    def counted(telnet: Telnet, data: bytes) -> list[Input]:
        sizes.append(len(data))
        return feed(telnet, data)

    async with at_terminal(room, "alice") as alice:
        await alice.type("/rich on")
        seen = b""
        while not seen.endswith(bytes((IAC, WILL, SGA))):
            seen += await alice.take(1)
        await alice.send(bytes((IAC, DO, ECHO, IAC, DO, SGA)))
        while not seen.endswith(b"> "):
            seen += await alice.take(1)
        monkeypatch.setattr(Telnet, "feed", counted)
        await alice.send(b"x" * 500 + b"\r")
        with trio.fail_after(PATIENCE):
            while sum(sizes) < 501:
                await alice.take(1)
    assert sum(sizes) == 501
    assert max(sizes) <= KEYS_AT_ONCE
