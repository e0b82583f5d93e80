"""What people choose for their own terminal."""

import pytest

from backend.room.events import Noticed, Said
from backend.wire.inputs import Reply
from backend.wire.options import TTYPE
from backend.wire.preferences import choose
from backend.wire.telnet import Telnet

WILL_ECHO_AND_SGA = bytes.fromhex("fffb01 fffb03")
WONT_ECHO_AND_SGA = bytes.fromhex("fffc01 fffc03")
DO_ECHO_AND_SGA = bytes.fromhex("fffd01 fffd03")


def chosen(line: str, telnet: Telnet | None = None) -> str:
    """The one notice that the line is answered with."""
    (notice,) = [one for one in choose(line, telnet or Telnet()) or [] if isinstance(one, Noticed)]
    return notice.text


def sent(line: str, telnet: Telnet) -> bytes:
    """What goes to the terminal's program because of the line."""
    answers = choose(line, telnet) or []
    return b"".join(one.data for one in answers if isinstance(one, Reply))


def coloured(telnet: Telnet) -> bool:
    """Whether a nick comes in colour."""
    return b"\x1b[" in telnet.encode(Said(1, 1.0, "bob", "web", "hi"))


@pytest.mark.parametrize("command", ["/color", "/colour"])
def test_colours_are_on_and_off_as_the_person_says(command: str) -> None:
    """In either spelling, on a terminal that is not known; and it is said."""
    telnet = Telnet()
    assert not coloured(telnet)
    assert chosen(f"{command} on", telnet) == "Colours are on."
    assert coloured(telnet)
    assert chosen(f"{command} off", telnet) == "Colours are off."
    assert not coloured(telnet)


def test_colours_that_are_off_stay_off_whatever_the_terminal_says_later() -> None:
    """It is the person's wish."""
    telnet = Telnet()
    chosen("/color off", telnet)
    telnet.profile.receive(TTYPE, b"\0XTERM-256COLOR")
    assert not coloured(telnet)


@pytest.mark.parametrize(
    "line", ["/color on", "/COLOR ON", "  /color on  ", "/color   on", "/Color oN"]
)
def test_case_and_spaces_do_not_matter(line: str) -> None:
    """As with any command."""
    telnet = Telnet()
    assert chosen(line, telnet) == "Colours are on."
    assert coloured(telnet)


@pytest.mark.parametrize(
    ("line", "usage"),
    [
        ("/color", "Usage: /color on, or /color off"),
        ("/color maybe", "Usage: /color on, or /color off"),
        ("/color on please", "Usage: /color on, or /color off"),
        ("/colour", "Usage: /colour on, or /colour off"),
        ("/rich", "Usage: /rich on, or /rich off"),
        ("/rich 1", "Usage: /rich on, or /rich off"),
        ("/RICH onn", "Usage: /rich on, or /rich off"),
    ],
)
def test_a_wrong_choice_changes_nothing_and_gets_the_right_usage(line: str, usage: str) -> None:
    """Two words, and which."""
    telnet = Telnet()
    assert choose(line, telnet) == [Noticed(usage)]
    assert not coloured(telnet)
    assert telnet.editor is None


@pytest.mark.parametrize(
    "line",
    [
        "",
        " ",
        "hello",
        "color on",
        "rich on",
        "//color on",
        "/colors on",
        "/coloron",
        "/richer on",
        "/who",
        "/me has a /color on",
        "/help",
        "/",
        "on",
    ],
)
def test_any_other_line_is_for_the_room(line: str) -> None:
    """It is not touched."""
    assert choose(line, Telnet()) is None


def test_rich_editing_is_asked_for_and_comes_with_the_terminals_agreement() -> None:
    """It says so, for a terminal that cannot will say nothing at all."""
    telnet = Telnet()
    asking = choose("/rich on", telnet)
    assert asking is not None
    assert asking[0] == Noticed(
        "Asking your terminal to send every key. If nothing happens, it cannot."
    )
    assert b"".join(one.data for one in asking if isinstance(one, Reply)) == WILL_ECHO_AND_SGA
    assert telnet.editor is None
    assert sent("/rich on", telnet) == b""
    telnet.feed(DO_ECHO_AND_SGA)
    assert telnet.editor is not None
    assert choose("/rich on", telnet) == [Noticed("Rich editing is on already.")]


def test_rich_editing_ends_at_once_and_the_last_that_is_said_is_a_plain_line() -> None:
    """The line in the making is gone from the screen before the notice comes."""
    telnet = Telnet()
    choose("/rich on", telnet)
    telnet.feed(DO_ECHO_AND_SGA)
    ending = choose("/rich off", telnet)
    assert ending is not None
    assert telnet.editor is None
    assert ending[-1] == Noticed("Rich editing is off.")
    assert b"".join(one.data for one in ending if isinstance(one, Reply)).endswith(
        WONT_ECHO_AND_SGA
    )


def test_rich_editing_that_is_off_may_be_turned_off() -> None:
    """Nothing is sent to a terminal that may not even speak telnet."""
    telnet = Telnet()
    assert chosen("/rich off", telnet) == "Rich editing is off."
    assert sent("/rich off", telnet) == b""
