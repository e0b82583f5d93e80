"""Events as text for a terminal: ``encoder(style)(event) -> bytes``.

The texts are the tutorial's, and a contract. Everything that comes from a person stands behind the
``<meta>: `` or ``<nick> : `` that begins its line, so nobody can write a line that looks like
another's or the house's. What a terminal cannot do is left out: a plain style adds nothing to the
text. Knows no connection.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from wcwidth import iter_graphemes, wrap
from wcwidth import width as display_width

from backend.room import events, seats, tasks
from backend.wire import gmcp, tree
from backend.wire.inputs import Encoding
from backend.wire.options import EOR_MARK, IAC
from backend.wire.people import listed, some, with_door

END = "\r\n"
META = "<meta>: "

Colours = Literal[0, 16, 256]

_TONES: dict[Colours, tuple[str, ...]] = {
    0: (),
    16: ("31", "32", "32", "36", "36", "35", "35", "31"),
    256: tuple(f"38;5;{n}" for n in (130, 64, 29, 30, 31, 63, 133, 161)),
}
"""Colours of nicks, as ECMA-48 parameters, in the order of the page's hues (``tokens.css``). Of the
256, those with a contrast of at least 4:1 on black and on white alike; of the 16, the nearest of
those that most themes keep readable."""


@dataclass(frozen=True, slots=True)
class Style:
    """How to write for a terminal. Equal styles share every encoded event.

    Attributes:
        width: columns to wrap at; None not to wrap.
        colours: how many the terminal has (and the person wants).
        encoding: of everything sent.
        gmcp: whether what is said is also sent as GMCP, for programs.
        marks_prompts: whether a prompt is followed by telnet's end of record.
    """

    width: int | None = None
    colours: Colours = 0
    encoding: Encoding = "utf-8"
    gmcp: bool = False
    marks_prompts: bool = False


PLAIN = Style()

_DAY = 86_400

_Told = (
    events.Said
    | events.Acted
    | events.Whispered
    | events.Joined
    | events.Left
    | events.Renamed
    | events.Topic
)
"""What is one line, with somebody's nick in it."""


@lru_cache(maxsize=1_024)
def encoder(style: Style) -> Callable[[events.Event], bytes]:
    """The function that encodes events in this style: the same one for equal styles."""

    def encode(event: events.Event) -> bytes:
        data = to_bytes(to_text(event, style), style)
        if style.marks_prompts and isinstance(event, events.Prompted):
            data += bytes((IAC, EOR_MARK))
        if style.gmcp and isinstance(event, events.Said):
            talk = {"channel": "room", "talker": event.nick, "text": event.text}
            data += gmcp.message("Comm.Channel.Text", talk)
        return data

    return encode


encode = encoder(PLAIN)
"""For a peer of whose terminal nothing is known."""


def to_bytes(text: str, style: Style) -> bytes:
    """Text as it goes over the wire: telnet doubles the byte 255 (RFC 854)."""
    return text.encode(style.encoding, errors="replace").replace(b"\xff", b"\xff\xff")


def sayable(text: str, style: Style) -> str:
    """The text as it will be seen: what the encoding lacks is a question mark, one column wide."""
    return text.encode(style.encoding, errors="replace").decode(style.encoding)


def rows_of(text: str, columns: int) -> list[str]:
    """Text cut into rows of at most so many columns, between grapheme clusters."""
    if text.isascii():
        # Nearly all lines are, and the long way takes a hundred times as long.
        return [text[at : at + columns] for at in range(0, max(len(text), 1), columns)]
    rows, used = [""], 0
    for cluster in iter_graphemes(text):
        wide = display_width(cluster)
        if used + wide > columns:
            rows.append("")
            used = 0
        rows[-1] += cluster
        used += wide
    return rows


def to_text(event: events.Event, style: Style = PLAIN) -> str:
    """The event as whole terminal lines, or as a prompt that waits on its line."""
    match event:
        case events.Prompted(None):
            return f"{META}Please enter username: "
        case events.Prompted(seats.NOT_KEPT as reason):
            return f"{META}{reason}.{END}{to_text(events.Prompted(), style)}"
        case events.Prompted(reason):
            return f"{META}{reason}. Please enter another: "
        case events.Listed():
            return _house(_columns(event, style), style)
        case events.Presence():
            return _house(_changes(event, style), style)
        case tasks.Tasks():
            return _house(_branches(event, style), style)
        case tasks.Excerpt():
            return _house(tree.numbered(event), style)
        case events.Noticed(text) | events.Dismissed(text) | events.Moderated(text=text):
            return _house(text.split("\n"), style)
        case events.Recalled():
            return "".join(_recalled(event, style))
        case events.Typing() | tasks.Ran():
            return ""  # what is over so soon can only be seen where things glow
        case events.Welcomed(nick, resumed=resumed, topic=topic):
            welcome = f"Welcome {'back ' if resumed else ''}{_painted(nick, style)}."
            return _house([welcome, *([f"The topic is: {topic}"] if topic else [])], style)
        case _:
            return _line(*_parts(event, style), style)


def tone(nick: str, tones: int) -> int:
    """Which of so many colours a nick has: the same one wherever it is shown.

    The page counts in the same way (``marks.js``).
    """
    hash = 0
    for character in nick:
        hash = (hash * 31 + ord(character)) % 65_521
    return hash % tones


def _painted(nick: str, style: Style) -> str:
    tones = _TONES[style.colours]
    return f"\x1b[{tones[tone(nick, len(tones))]}m{nick}\x1b[0m" if tones else nick


def _house(lines: Iterable[str], style: Style) -> str:
    return "".join(_line(META, line, style) for line in lines)


def _line(prefix: str, text: str, style: Style) -> str:
    prefix, text = sayable(prefix, style), sayable(text, style)
    if style.width is None or display_width(prefix + text) < style.width:
        return f"{prefix}{text}{END}"
    # One column stays free: terminals disagree on what follows a character in the last one.
    room = style.width - 1
    indent = " " * min(display_width(prefix), room // 3)
    rows = wrap(prefix + text, room, subsequent_indent=indent)
    return "".join(f"{row}{END}" for row in rows)


def _parts(event: _Told, style: Style) -> tuple[str, str]:
    """How a line begins, and the rest of it."""
    nick = _painted(event.old if isinstance(event, events.Renamed) else event.nick, style)
    match event:
        case events.Said(text=text):
            return f"<{nick}> : ", text
        case events.Acted(text=text):
            return f"* {nick} ", text
        case events.Whispered(text=text):
            return f"<{nick}> to you: ", text
        case events.Joined():
            return META, f"{nick} joined."
        case events.Left(reason=reason):
            return META, f"{nick} left" + (reason and f" ({reason})")
        case events.Renamed(new=new):
            return META, f"{nick} is now {_painted(new, style)}."
        case events.Topic(text=""):
            return META, f"{nick} cleared the topic."
        case events.Topic(text=text):
            return META, f"{nick} set the topic: {text}"


def _recalled(event: events.Recalled, style: Style) -> Iterator[str]:
    """What was public, each line with its time, and all of it behind the house's own beginning."""
    yield _line(META, "Earlier (times are UTC):" if event.events else "Nothing to show.", style)
    for past in event.events:
        hours, minutes = divmod(int(past.at) % _DAY // 60, 60)
        stamp = f"{META}{hours:02}:{minutes:02} "
        if isinstance(past, events.Presence):
            yield from (_line(stamp, change, style) for change in _changes(past, style))
        else:
            prefix, text = _parts(past, style)
            yield _line(stamp + prefix.removeprefix(META), text, style)
    count = event.before - event.since - 1
    if event.more and count:
        yield _line(META, f"/history {event.since + 1} {count} shows what was before.", style)


def _changes(event: events.Presence, style: Style) -> Iterator[str]:
    """What changed in a crowd, told like a single leaving and a single joining."""
    if event.left_total:
        yield f"{some([_painted(nick, style) for nick in event.left], event.left_total)} left"
    if event.joined_total:
        joined = [_painted(person.nick, style) for person in event.joined]
        yield f"{some(joined, event.joined_total)} joined."


def _branches(event: tasks.Tasks, style: Style) -> Iterator[str]:
    """The task tree: its lines are cut, for a branch that is wrapped is no branch."""
    strokes = tree.BOX if style.encoding == "utf-8" else tree.ASCII
    for line in tree.draw(event, strokes):
        sayable_line = sayable(line, style)
        if style.width is None or display_width(META + sayable_line) < style.width:
            yield sayable_line
        else:
            room = style.width - 1 - len(META) - len(strokes.cut)
            yield rows_of(sayable_line, room)[0] + strokes.cut


def _columns(event: events.Listed, style: Style) -> list[str]:
    """Who is here: one line, or columns where the terminal's width is known."""
    if style.width is None:
        return [listed(event)]
    names = [sayable(with_door(person), style) for person in event.people]
    widest = max(map(display_width, names), default=0) + 2
    across = max(1, (style.width - 1 - len(META) + 2) // widest)
    rows = [names[start : start + across] for start in range(0, len(names), across)]
    aligned = ["".join(n + " " * (widest - display_width(n)) for n in row).rstrip() for row in rows]
    more = event.total - len(event.people)
    return [f"{event.total} here:", *aligned, *([f"and {more} more"] if more else [])]
