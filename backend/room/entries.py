"""What people do, in order: the entries of the room's log.

A room is a pure function of its entries, so everything it needs from the world is in them: the
time, and for an arrival the seat token. Nothing here knows what an entry will lead to.
"""

from dataclasses import dataclass
from typing import Literal

Via = Literal["web", "telnet"]
"""Which door a connection came through."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A connection opened; nobody has been let in yet.

    Attributes:
        connection: its id, unique for as long as the log lasts.
        via: the door it came through.
        token: the secret that will name its seat, unguessable.
        at: Unix seconds.
        origin: where it comes from, as an opaque key, equal for equal addresses; empty if unknown.
        resumes: whether it knows how to take a seat again; browsers do in any case.
    """

    connection: str
    via: Via
    token: str
    at: float
    origin: str = ""
    resumes: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A connection sent one line, exactly as it came, without its line end.

    Attributes:
        connection: who sent it.
        text: the line; the room cleans it, so any string is a legal value.
        at: Unix seconds.
    """

    connection: str
    text: str
    at: float


@dataclass(frozen=True, slots=True)
class Overlong:
    """A connection sent a line so long that its door did not keep it.

    Attributes:
        connection: who sent it.
        at: Unix seconds.
    """

    connection: str
    at: float


@dataclass(frozen=True, slots=True)
class Gone:
    """A connection is closed, or as good as closed.

    Attributes:
        connection: which one.
        reason: what the others are told, such as ``too slow``; empty for an ordinary leaving.
        at: Unix seconds.
        until: how long a seat is kept for who may resume it, in Unix seconds; 0 if it has been left
            for good.
    """

    connection: str
    reason: str
    at: float
    until: float = 0.0


@dataclass(frozen=True, slots=True)
class Withheld:
    """A connection sent a line that is not for the log; only that there was one is.

    Attributes:
        connection: who sent it.
        at: Unix seconds.
    """

    connection: str
    at: float


@dataclass(frozen=True, slots=True)
class Promoted:
    """A connection has shown that an operator is behind it. How is none of the log's business.

    Attributes:
        connection: which one.
        at: Unix seconds.
    """

    connection: str
    at: float


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed: what was gathered may be told.

    Attributes:
        at: Unix seconds.
    """

    at: float


@dataclass(frozen=True, slots=True)
class Recovered:
    """The log has lost its end, and people may have seen what came of that.

    Attributes:
        ids: so many ids of events may have been used in there; none of them is used again.
    """

    ids: int


Impersonal = Tick | Recovered
"""What is no connection's doing."""

Entry = Arrived | Line | Overlong | Withheld | Gone | Promoted | Impersonal
