"""The telnet door and the programs people really use: GNU telnet, PuTTY, TinTin++, netcat."""

import re
import time
from collections.abc import Iterator
from contextlib import suppress

import pexpect
import pyte
import pytest

from tests.clients.programs import gnu_telnet, program, terminal
from tests.processes import Running, running

COLOUR = re.compile(r"\x1b\[38;5;\d+m")


@pytest.fixture
def room() -> Iterator[Running]:
    """The real program."""
    with running("--port", "0", "--telnet-port", "0") as room:
        yield room
        assert room.stop() == 0


def test_gnu_telnets_interrupt_drops_the_half_typed_line_and_output_goes_on(
    room: Running,
) -> None:
    """After ^C it discards all output until its timing mark is answered."""
    with gnu_telnet(room.bound, "alice") as alice, gnu_telnet(room.bound, "bob") as bob:
        alice.expect_exact("<meta>: bob joined.\r\n")
        alice.send("half a tho")
        alice.sendintr()
        # Its signal handler races with its own select: what arrives at that very moment is gone.
        heard = 1
        for _ in range(20):
            bob.sendline("still there?")
            heard = alice.expect_exact(["<bob> : still there?\r\n", pexpect.TIMEOUT], timeout=0.5)
            if heard == 0:
                break
        assert heard == 0
        alice.sendline("yes")
        bob.expect_exact("<alice> : yes\r\n")


def test_gnu_telnets_are_you_there_gets_a_visible_line(room: Running) -> None:
    """By its own command line: ^] and ``send ayt``."""
    with gnu_telnet(room.bound, "alice") as alice:
        for command in ("ayt", "synch", "ip", "brk", "ao", "nop", "ga"):
            alice.sendcontrol("]")
            alice.expect_exact("telnet> ")
            alice.sendline(f"send {command}")
            if command == "ayt":
                alice.expect_exact("<meta>: Yes, the room is here.\r\n")
            alice.sendline("/who")
            alice.expect_exact("1 here")


def test_gnu_telnet_stays_in_line_mode_until_it_is_asked(room: Running) -> None:
    """Nothing that the door sends by itself turns the local echo or line editing off."""
    with gnu_telnet(room.bound, "alice") as alice:
        alice.sendcontrol("]")
        alice.expect_exact("telnet> ")
        alice.sendline("send ayt")  # now it has spoken telnet, and options are agreed on
        alice.expect_exact("Yes, the room is here.\r\n")
        alice.sendcontrol("]")
        alice.expect_exact("telnet> ")
        alice.sendline("status")
        alice.expect_exact("Operating in obsolete linemode")
        alice.expect_exact("Local character echo")


def test_gnu_telnet_in_rich_mode_keeps_the_half_typed_line_below_what_others_say(
    room: Running,
) -> None:
    """On a terminal emulator's screen: messages above, the line below; and back to line mode."""
    with gnu_telnet(room.bound, "alice") as alice, gnu_telnet(room.bound, "bob") as bob:
        alice.expect_exact("<meta>: bob joined.\r\n")
        screen = Screen(alice)
        alice.sendline("/rich on")
        screen.shows("> ")
        alice.send("half a ")
        screen.shows("> half a")
        bob.sendline("a message meanwhile")
        screen.shows("<bob> : a message meanwhile", "> half a")
        alice.send("thou ght\x1b[D\x1b[D\x1b[D\x08")
        screen.shows("<bob> : a message meanwhile", "> half a thought")
        alice.send("\r")
        bob.expect_exact("<alice> : half a thought\r\n")
        alice.send("bo\t")
        screen.shows("> half a thought", "> bob:")
        alice.send("漢字!\x1b[A\x1b[B\r")
        bob.expect_exact("<alice> : bob: 漢字!\r\n")
        alice.send("/rich off\r")
        screen.shows("<meta>: Rich editing is off.", "")
        alice.sendline("plain again")
        bob.expect_exact("<alice> : plain again\r\n")


def test_putty_wraps_and_colours_what_others_say(room: Running) -> None:
    """It talks first; its size and type are known, and what it sees fits."""
    address = ("-P", str(room.bound.telnet_port), room.bound.host)
    with (
        terminal("plink", "-telnet", *address, term="xterm") as putty,
        gnu_telnet(room.bound, "alice") as alice,
    ):
        putty.expect_exact("<meta>: Please enter username: ")
        putty.sendline("putty")
        putty.expect_exact("Welcome ")
        alice.expect_exact("<meta>: putty joined.\r\n")
        putty.sendline("hello from PuTTY")
        alice.expect_exact("<putty> : hello from PuTTY\r\n")
        alice.sendline("word " * 30)
        putty.expect(COLOUR)
        putty.expect_exact("alice\x1b[0m> : word")
        putty.expect(r"word[\r\n]+ {10}word")  # a hanging indent below the text
        putty.sendline("/color off")
        putty.expect_exact("Colours are off.")
        alice.sendline("plain")
        putty.expect_exact("<alice> : plain")


def test_tintin_is_a_client_too(room: Running) -> None:
    """The program of people who play in rooms like this one."""
    with terminal("tt++", "-G") as tintin, gnu_telnet(room.bound, "alice") as alice:
        tintin.sendline(f"#session room {room.bound.host} {room.bound.telnet_port}")
        tintin.expect_exact("<meta>: Please enter username: ")
        tintin.sendline("tintin")
        alice.expect_exact("<meta>: tintin joined.\r\n")
        tintin.sendline("hello from TinTin")
        alice.expect_exact("<tintin> : hello from TinTin\r\n")
        alice.sendline("hello TinTin")
        tintin.expect_exact("<alice> : hello TinTin")
        tintin.sendline("#end")


def test_netcat_never_sees_a_byte_of_negotiation(room: Running) -> None:
    """Nor an escape sequence: it would be garbage on that screen."""
    with terminal("nc", room.bound.host, str(room.bound.telnet_port)) as netcat:
        for line in ("netcat", "hello", "/who", "/help", "/nick cat", "/color", "/quit"):
            netcat.sendline(line)
        netcat.expect_exact("Goodbye cat.")
        assert netcat.before is not None
        assert netcat.before.isascii()
        assert "\x1b" not in netcat.before


class Screen:
    """A terminal emulator's screen, showing what a program prints from now on."""

    def __init__(self, child: "pexpect.spawn[str]") -> None:
        self._child = child
        self._screen = pyte.Screen(80, 24)
        self._stream = pyte.Stream(self._screen)

    def shows(self, *last: str) -> None:
        """These are the last lines on the screen, up to the one with the cursor, soon."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            lines = [line.rstrip() for line in self._screen.display[: self._screen.cursor.y + 1]]
            if lines[-len(last) :] == [line.rstrip() for line in last]:
                return
            with suppress(pexpect.TIMEOUT):
                self._stream.feed(self._child.read_nonblocking(4_096, timeout=0.1))
        pytest.fail("the screen shows\n" + "\n".join(self._screen.display))


def test_every_client_of_these_tests_is_here() -> None:
    """In CI a missing program is a failure, not a skip."""
    for name in ("telnet", "plink", "tt++", "nc"):
        assert program(name)
