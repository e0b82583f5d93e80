"""Which commands there are, how they are typed, and what ``/help`` says of them.

Knows nothing of what they do; ``commands`` reads them.
"""

from typing import Literal, NamedTuple

from backend.room.entries import Via


class Usage(NamedTuple):
    """How a command is typed, what for, and by whom: None stands for everybody."""

    typed: str
    purpose: str
    only: Literal["operator", "telnet"] | None = None


USAGE = {
    "/help": Usage("/help", "this list"),
    "/who": Usage("/who", "who is here"),
    "/nick": Usage("/nick NAME", "go by another name"),
    "/me": Usage("/me TEXT", "do something: * alice waves"),
    "/msg": Usage("/msg NAME TEXT", "tell one person only"),
    "/ignore": Usage("/ignore [NAME]", "hear no more of somebody; or whom you ignore"),
    "/unignore": Usage("/unignore NAME", "hear somebody again"),
    "/topic": Usage("/topic", "what the room is about; operators add a new one, or - for none"),
    "/history": Usage("/history [COUNT]", "what was said before"),
    "/tasks": Usage("/tasks [watch|stop]", "what this program is doing just now, or live"),
    "/source": Usage("/source FILE LINE", "some lines of this program itself"),
    "/demo": Usage("/demo", "see a nursery wait for its children"),
    "/chaos": Usage("/chaos crash|stall|storm", "see what becomes of trouble; nobody else suffers"),
    "/cancel": Usage("/cancel", "cancel the task that serves you: you are disconnected"),
    "/quit": Usage("/quit [REASON]", "leave"),
    "/kick": Usage("/kick NAME [REASON]", "show somebody out", "operator"),
    "/mute": Usage("/mute NAME 30s|10m|2h|1d|0", "silence somebody; 0 ends it", "operator"),
    "/ban": Usage("/ban NAME 30s|10m|2h|1d", "show somebody out, and keep them out", "operator"),
    "/unban": Usage("/unban NAME", "let somebody in again", "operator"),
    "/bans": Usage("/bans", "who is kept out", "operator"),
    # What the telnet door understands by itself: the room has no terminal.
    "/color": Usage("/color on|off", "colours on this terminal", "telnet"),
    "/rich": Usage("/rich on|off", "messages above, your line below; arrows work", "telnet"),
}
"""Every command."""


def known(via: Via, is_operator: bool) -> dict[str, Usage]:
    """The commands that there are for such a person."""
    mine = (None, via, "operator" if is_operator else None)
    return {name: usage for name, usage in USAGE.items() if usage.only in mine}


def help_text(via: Via, is_operator: bool = False) -> str:
    """What ``/help`` answers, one command a line."""
    usages = known(via, is_operator).values()
    width = max(len(usage.typed) for usage in usages)
    rows = [f"{usage.typed:<{width}}  {usage.purpose}" for usage in usages]
    return "\n".join([*rows, "Begin a line with // to say something that starts with /."])
