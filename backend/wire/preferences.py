"""What people choose for their own terminal: ``/color`` and ``/rich``.

These never reach the room, which has no terminal. Knows the codec, and no connection.
"""

from backend.room.events import Noticed
from backend.wire.inputs import Reply
from backend.wire.telnet import Telnet

_USAGE = "Usage: {} on, or {} off"


def choose(line: str, telnet: Telnet) -> list[Noticed | Reply] | None:
    """Obey a line that is about the terminal, and say so; None for any other line."""
    if not line.lstrip().startswith("/"):
        return None  # nearly all are
    command, _, choice = line.strip().lower().partition(" ")
    match command, choice.strip():
        case "/color" | "/colour", "on" | "off" as wish:
            telnet.profile.want_colour(wish == "on")
            return [Noticed(f"Colours are {wish}.")]
        case "/rich", "on" if telnet.editor is not None:
            return [Noticed("Rich editing is on already.")]
        case "/rich", "on":
            asking = "Asking your terminal to send every key. If nothing happens, it cannot."
            return [Noticed(asking), *telnet.ask_character_mode(True)]
        case "/rich", "off":
            return [*telnet.ask_character_mode(False), Noticed("Rich editing is off.")]
        case "/color" | "/colour" | "/rich", _:
            return [Noticed(_USAGE.format(command, command))]
    return None
