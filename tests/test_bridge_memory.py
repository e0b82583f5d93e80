"""What a bridge remembers of a telnet stream."""

import pytest

from backend.bridge.memory import MAX_TAIL_BYTES, Memory
from backend.wire.options import DO, DONT, ECHO, IAC, NAWS, SGA, TTYPE, WILL, WONT


def remembering(*pieces: bytes) -> Memory:
    """After these."""
    memory = Memory()
    for piece in pieces:
        memory.saw(piece)
    return memory


@pytest.mark.parametrize(
    "said",
    [
        b"<meta>: You were kicked by Zo\xc3\xab: no more of it\r\n",
        b"<meta>: You were kicked by Zo\xeb: no more of it\r\n",
        b"<meta>: You were kicked\r\n        by Zo\xc3\xab: no more\r\n        of it\r\n",
        b"\r\x1b[2K\x1b[31m<meta>: You were kicked by \x1b[1mZo\xc3\xab\x1b[m: no more of it\r\n",
    ],
)
def test_what_was_just_said_is_known_however_it_was_drawn(said: bytes) -> None:
    """Wrapped, coloured, in any encoding; and cut anywhere by the network."""
    goodbye = "You were kicked by Zo\N{LATIN SMALL LETTER E WITH DIAERESIS}: no more of it"
    assert remembering(said).has_just_seen(goodbye)
    assert remembering(*(bytes((byte,)) for byte in said)).has_just_seen(goodbye)
    assert not remembering(said).has_just_seen("You were kicked by Zora")
    memory = remembering(said)
    memory.new_server()
    assert not memory.has_just_seen(goodbye)


def test_only_the_last_is_kept() -> None:
    """Whatever a room says."""
    memory = remembering(*[b"x" * 1_000] * 1_000)
    assert len(memory._tail) <= MAX_TAIL_BYTES


def test_where_the_cursor_stands_is_known() -> None:
    """So that a line of the bridge's own begins at the left."""
    assert not remembering(b"hello\r\n").is_in_line
    assert remembering(b"hello\r\n", b"> h").is_in_line
    assert remembering(b"hello", bytes((IAC, DO, NAWS))).is_in_line


def test_what_a_server_has_turned_on_is_turned_off_for_the_next() -> None:
    """Once, in order, and only what is still on; a command cut short is forgotten."""
    asked = bytes((IAC, DO, NAWS, IAC, WILL, ECHO, IAC, WILL, SGA, IAC, DO, TTYPE, IAC, WONT, SGA))
    memory = remembering(asked, b"hello\r\n", bytes((IAC,)))
    assert memory.new_server() == bytes((IAC, DONT, NAWS, IAC, WONT, ECHO, IAC, DONT, TTYPE))
    assert memory.new_server() == b""
    memory.saw(bytes((DO,)) + b"\r\n")
    assert memory.new_server() == b""
    assert memory.speaks_telnet
