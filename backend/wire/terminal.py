"""An event as text for a terminal: ``encode(event) -> bytes``.

The texts are the tutorial's, and a contract. Everything that comes from a person stands behind the
``<meta>: `` or ``<nick> : `` that begins its line, so nobody can write a line that looks like
another's or the house's. Knows no connection.
"""

from backend.room import events

END = "\r\n"
META = "<meta>: "


def to_text(event: events.Event) -> str:
    """The event as whole terminal lines, or as a prompt that waits on its line."""
    match event:
        case events.Prompted(None):
            return f"{META}Please enter username: "
        case events.Prompted(reason):
            return f"{META}{reason}. Please enter another: "
        case events.Welcomed(nick=nick):
            return _house(f"Welcome {nick}.")
        case events.Said(nick=nick, text=text):
            return f"<{nick}> : {text}{END}"
        case events.Acted(nick=nick, text=text):
            return f"* {nick} {text}{END}"
        case events.Joined(nick=nick):
            return _house(f"{nick} joined.")
        case events.Left(nick=nick, reason=""):
            return _house(f"{nick} left")
        case events.Left(nick=nick, reason=reason):
            return _house(f"{nick} left ({reason})")
        case events.Renamed(old=old, new=new):
            return _house(f"{old} is now {new}.")
        case events.Whispered(nick=nick, text=text):
            return f"<{nick}> to you: {text}{END}"
        case events.Noticed(text) | events.Dismissed(text):
            return _house(text)


def encode(event: events.Event) -> bytes:
    """The event as the bytes of a plain telnet connection: UTF-8, lines ending CR LF.

    UTF-8 has no byte 255, so nothing in it can be taken for telnet's IAC.
    """
    return to_text(event).encode()


def _house(text: str) -> str:
    return "".join(f"{META}{line}{END}" for line in text.split("\n"))
