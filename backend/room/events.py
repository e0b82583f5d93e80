"""What people see: the events that come out of the room.

Past tense and frozen. ``wire`` turns them into text or JSON; their field names are the websocket
contract's. Those that everybody sees carry ``id``, which grows; ``at`` is Unix seconds.
"""

from dataclasses import dataclass
from typing import Literal

from backend.room.entries import Via
from backend.room.tasks import Excerpt, Ran, Tasks


@dataclass(frozen=True, slots=True)
class Prompted:
    """A name is asked for; ``reason`` says why the last one would not do."""

    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """One line of the member list."""

    nick: str
    via: Via


@dataclass(frozen=True, slots=True)
class Welcomed:
    """You are in.

    Attributes:
        members: who is here, you included; in a crowd only some of them.
        total: how many are here.
        last: the id of the newest public event.
        topic: what the room is about; empty if nobody has said.
        heard: how many lines the room has had from this seat, whatever became of them.
    """

    nick: str
    via: Via
    token: str
    resumed: bool
    members: tuple[Person, ...]
    total: int
    last: int
    topic: str = ""
    heard: int = 0


@dataclass(frozen=True, slots=True)
class Said:
    """Somebody said something to the room."""

    id: int
    at: float
    nick: str
    via: Via
    text: str


@dataclass(frozen=True, slots=True)
class Acted:
    """Somebody did something: ``/me waves``."""

    id: int
    at: float
    nick: str
    via: Via
    text: str


@dataclass(frozen=True, slots=True)
class Joined:
    """Somebody came in."""

    id: int
    at: float
    nick: str
    via: Via


@dataclass(frozen=True, slots=True)
class Left:
    """Somebody is gone; ``reason`` is empty for an ordinary leaving."""

    id: int
    at: float
    nick: str
    reason: str


@dataclass(frozen=True, slots=True)
class Presence:
    """What has changed in a crowd, told together: first who left, then who joined.

    Attributes:
        joined: who came in; not more than can be read.
        left: who is gone, likewise, by nick.
        joined_total: how many came in.
        left_total: how many are gone.
        members: how many are here now.
    """

    id: int
    at: float
    joined: tuple[Person, ...]
    left: tuple[str, ...]
    joined_total: int
    left_total: int
    members: int


@dataclass(frozen=True, slots=True)
class Renamed:
    """Somebody goes by another nick from now on."""

    id: int
    at: float
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Topic:
    """Somebody said what the room is about; ``text`` is empty if it is about nothing any more."""

    id: int
    at: float
    nick: str
    text: str


Public = Said | Acted | Joined | Left | Presence | Renamed | Topic
"""What everybody sees, and what is remembered."""


@dataclass(frozen=True, slots=True)
class Recalled:
    """What was public between two ids, as far as it is for you: all of it, oldest first.

    Attributes:
        since: the id before the first that may be here.
        before: the id behind the last.
        events: what happened; ids are missing of what you do not want to hear.
        more: whether something older is still known.
    """

    since: int
    before: int
    events: tuple[Public, ...]
    more: bool


@dataclass(frozen=True, slots=True)
class Typing:
    """Somebody is about to say something."""

    nick: str


@dataclass(frozen=True, slots=True)
class Whispered:
    """Somebody said something to one person only. ``to`` is that person's nick."""

    at: float
    nick: str
    to: str
    text: str


@dataclass(frozen=True, slots=True)
class Listed:
    """Who is here: the answer to ``/who``, in the order they came in; in a crowd only some."""

    people: tuple[Person, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Noticed:
    """The house has something to tell you.

    Attributes:
        text: what; it may have several lines, split by LF.
        refused: true if it answers plain speech, which was not said.
        away: whether the room is out of reach from now on; None if it is not about that.
    """

    text: str
    refused: Literal[True] | None = None
    away: bool | None = None


Deed = Literal["promoted", "kicked", "muted", "unmuted", "banned", "unbanned"]


@dataclass(frozen=True, slots=True)
class Moderated:
    """What an operator did is done: told to the operator.

    Attributes:
        deed: what it was.
        connection: the id of whom it was done to.
        text: what to tell the operator.
    """

    deed: Deed
    connection: str
    text: str


@dataclass(frozen=True, slots=True)
class Dismissed:
    """You are shown out: the last thing a connection gets.

    Attributes:
        text: what to tell the person.
        code: the websocket close code that says the same to a program.
        reason: why, in a word, for those who watch the house; empty for who asked to go.
    """

    text: str
    code: int
    reason: Literal["", "kicked", "banned", "guessing"] = ""


Event = (
    Prompted
    | Welcomed
    | Said
    | Acted
    | Joined
    | Left
    | Presence
    | Renamed
    | Topic
    | Recalled
    | Typing
    | Whispered
    | Listed
    | Noticed
    | Moderated
    | Dismissed
    | Tasks
    | Ran
    | Excerpt
)
