"""What a bridge remembers of a conversation."""

import pytest

from backend.bridge.memory import MAX_LINE_BYTES, Memory
from backend.wire.options import DO, DONT, ECHO, IAC, NAWS, SGA, TTYPE, WILL, WONT

WELCOME = b"<meta>: Please enter username: <meta>: Welcome alice.\r\n"


def remembering(*pieces: bytes) -> Memory:
    """After these."""
    memory = Memory()
    for piece in pieces:
        memory.saw(piece)
    return memory


@pytest.mark.parametrize(
    "said",
    [
        WELCOME,
        b"<meta>: Please enter username: \xff\xef<meta>: Welcome \x1b[38;5;9malice\x1b[0m.\r\n",
        b"<meta>: Username taken. Please enter another: <meta>: Welcome alice.\r\nmore",
        WELCOME + b"<meta>: bob is now carol.\r\n<bob> : <meta>: alice is now eve.\r\n",
        WELCOME + b"<bob> : hm\r\n  <meta>: alice is now eve.\r\n",
        b"<meta>: Welcome al.\r\n<meta>: al is now alice.\r\n",
        b"<meta>: Welcome back alice.\r\n",
    ],
)
def test_the_nick_is_the_one_the_room_last_used(said: bytes) -> None:
    """However the stream is cut, and whatever the others say."""
    assert remembering(said).nick == b"alice"
    assert remembering(*(bytes((byte,)) for byte in said)).nick == b"alice"


def test_before_the_welcome_there_is_no_nick() -> None:
    """A name that was only typed is none."""
    assert remembering(b"<meta>: Please enter username: ", b"alice\r\n").nick is None


def test_a_line_without_end_is_not_kept() -> None:
    """Nor does it hide what comes behind it."""
    memory = remembering(*[b"x" * 1_000] * 1_000)
    assert len(memory._line) <= MAX_LINE_BYTES
    assert len(memory.tail) <= MAX_LINE_BYTES
    memory.saw(b"\r\n" + WELCOME)
    assert memory.nick == b"alice"


def test_what_a_server_has_turned_on_is_turned_off_for_the_next() -> None:
    """Once, in order, and only what is still on; a command cut short is forgotten."""
    asked = bytes((IAC, DO, NAWS, IAC, WILL, ECHO, IAC, WILL, SGA, IAC, DO, TTYPE, IAC, WONT, SGA))
    memory = remembering(asked, WELCOME, bytes((IAC,)))
    assert memory.new_server() == bytes((IAC, DONT, NAWS, IAC, WONT, ECHO, IAC, DONT, TTYPE))
    assert memory.new_server() == b""
    memory.saw(bytes((DO,)) + b"\r\n")
    assert memory.new_server() == b""
    assert memory.nick == b"alice"


def test_the_next_server_has_to_say_welcome_itself() -> None:
    """The nick is remembered meanwhile, to be offered."""
    memory = remembering(WELCOME)
    assert memory.is_welcome
    memory.new_server()
    assert (memory.nick, memory.is_welcome) == (b"alice", False)
    memory.saw(b"<meta>: Your seat was not kept.\r\n<meta>: Please enter username: ")
    assert (memory.nick, memory.is_welcome) == (b"alice", False)
    memory.saw(b"<meta>: Welcome alison.\r\n")
    assert (memory.nick, memory.is_welcome) == (b"alison", True)
