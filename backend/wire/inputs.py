"""What a codec makes of bytes: the values that ``Telnet.feed`` returns, in order."""

from dataclasses import dataclass
from typing import Literal, Protocol

Encoding = Literal["utf-8", "latin-1"]


@dataclass(frozen=True, slots=True)
class Typed:
    """A line, without its end.

    Attributes:
        line: the text; None for a line that was too long to be kept.
        encoding: how its bytes had to be read.
    """

    line: str | None
    encoding: Encoding = "utf-8"


@dataclass(frozen=True, slots=True)
class Reply:
    """Bytes to send to the peer, now."""

    data: bytes


@dataclass(frozen=True, slots=True)
class AreYouThere:
    """The peer wants to see that we live (AYT)."""


@dataclass(frozen=True, slots=True)
class PlayersWanted:
    """The peer's program wants to know who is here (GMCP ``Comm.Channel.Players``)."""


@dataclass(frozen=True, slots=True)
class WrongProtocol:
    """The peer does not speak telnet but ``name``: HTTP, TLS or SSH."""

    name: str


Input = Typed | Reply | AreYouThere | PlayersWanted | WrongProtocol


class Reader(Protocol):
    """Makes lines of text bytes: a line buffer, or an editor that also draws what is typed."""

    def feed(self, data: bytes) -> list[Input]:
        """Take text bytes."""

    def erase_character(self) -> list[Input]:
        """Take back the last character."""

    def erase_line(self) -> list[Input]:
        """Take back the line in the making."""
