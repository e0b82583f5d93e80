"""A conversation in telnet, over whatever carries its bytes: lines in, events out.

What a peer's terminal wants to know or to change is answered here, and goes no further. Knows
neither sockets nor websockets: a door hands it a way to receive bytes.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from backend.logs import About
from backend.net.connection import Connection, Encode, Ping
from backend.net.hub import Hub
from backend.net.session import converse
from backend.net.turn import Turn
from backend.room import usage
from backend.room.codes import POLICY_VIOLATION
from backend.room.events import Event, Noticed
from backend.wire import gmcp, terminal
from backend.wire.editor import Editor
from backend.wire.inputs import AreYouThere, Input, PlayersWanted, Reply, Typed, WrongProtocol
from backend.wire.options import IAC, NOP
from backend.wire.preferences import choose
from backend.wire.telnet import Telnet

KEEPALIVE = Ping(bytes((IAC, NOP)), every=40.0)
"""Keeps a NAT's memory of the connection fresh, at peers that are sure to ignore it."""


KEYS_AT_ONCE = 16
"""Bytes the editor takes before others have their turn: on the largest screen, 10 ms."""

Pack = Callable[[bytes], bytes]
"""What becomes of bytes on their way out, such as a websocket's frames."""


def no_cue(_: Event) -> bytes:
    """For a peer that makes nothing of events."""
    return b""


@dataclass(frozen=True, slots=True)
class Packed:
    """Encodes like ``encode`` and packs the result. Equal ones share every encoded event.

    Attributes:
        encode: makes a terminal's bytes of an event.
        pack: what becomes of them.
        cue: makes what is sent ahead of an event, for the program that carries its bytes on.
    """

    encode: Encode
    pack: Pack
    cue: Encode = no_cue

    def __call__(self, event: Event) -> bytes:
        """The bytes to send."""
        return self.cue(event) + self.pack(self.encode(event))


async def talk(
    hub: Hub,
    connection: Connection,
    receive: Callable[[], Awaitable[bytes]],
    wrong_port: Callable[[str], str],
    packed: Packed | None = None,
) -> None:
    """Serve one peer, from greeting to goodbye.

    Args:
        hub: where it goes.
        connection: the connection to it.
        receive: waits for bytes; none at the end.
        wrong_port: what to tell people who speak another protocol, which it is given.
        packed: how events are packed for a terminal of which nothing is known; None if they are
            not.
    """
    await converse(hub, connection, _Lines(hub, connection, receive, wrong_port, packed))


class _Lines:
    """The lines that come in; calling it is ``session.Receive``.

    What a peer's terminal wants to know or to change is answered here, and goes no further.
    """

    __slots__ = (
        *("_adapted_to", "_connection", "_has_ended", "_hub", "_packed", "_receive"),
        *("_telnet", "_wrong_port"),
    )

    def __init__(
        self,
        hub: Hub,
        connection: Connection,
        receive: Callable[[], Awaitable[bytes]],
        wrong_port: Callable[[str], str],
        packed: Packed | None,
    ) -> None:
        self._hub = hub
        self._connection = connection
        self._receive = receive
        self._wrong_port = wrong_port
        self._packed = packed
        self._telnet = Telnet(self._complete)
        self._adapted_to: tuple[terminal.Style, Editor | None] = (terminal.PLAIN, None)
        self._has_ended = False
        connection.obey = self._obey

    async def __call__(self) -> Sequence[str | None]:
        lines: list[str | None] = []
        while not (lines or self._has_ended) and (data := await self._receive()):
            lines += await self._feed(data)
        return lines

    async def _feed(self, data: bytes) -> list[str | None]:
        lines: list[str | None] = []
        turn, start = Turn(), 0
        while start < len(data) and not self._connection.outbox.is_closed:
            # A key may make the editor draw a whole screen: a read full of them takes seconds.
            end = start + KEYS_AT_ONCE if self._telnet.editor else len(data)
            inputs, start = self._telnet.feed(data[start:end]), end
            if len(inputs) > 1:
                # The codec's replies first: the editor has drawn the screen as it is after all.
                inputs.sort(key=lambda out: not isinstance(out, Reply))
            for out in inputs:
                if not self._has_ended:
                    taken = self._take(out)
                    lines += taken
                    self._adapt()
                    if not (taken or isinstance(out, Reply)):
                        await self._connection.pace.line()  # answered here, and no cheaper for it
            await turn.give_way()
        return lines

    def _take(self, out: Input) -> list[str | None]:
        """Answer one input; the line, if it is one."""
        match out:
            case Typed(line):
                return [line]
            case Reply(data):
                self._push(data)
            case AreYouThere():
                self._show(Noticed("Yes, the room is here."))
            case PlayersWanted():
                self._push(gmcp.players(self._hub.members(limit=1_000)))
            case WrongProtocol(name):
                self._has_ended = True
                hint = self._wrong_port(name)
                self._push(f"{terminal.END}{hint}{terminal.END}".encode())
                self._connection.dismiss(POLICY_VIOLATION, hint)
                About(self._connection.id).info("refused: %s on the telnet port", name)
        return []

    def _obey(self, line: str) -> bool:
        """Do what somebody chooses for their terminal; see ``Connection.obey``."""
        answers = choose(line, self._telnet)
        if answers is None:
            return False
        for answer in answers:
            if isinstance(answer, Reply):
                self._push(answer.data)
            else:
                self._show(answer)
        self._adapt()
        return True

    def _adapt(self) -> None:
        """Encode from now on for the terminal as it is known now."""
        if self._telnet.speaks_telnet and self._connection.ping is None:
            self._connection.ping = KEEPALIVE
        known = (self._telnet.profile.style, self._telnet.editor)
        if known != self._adapted_to:
            self._adapted_to = known
            style, editor = known
            encode = terminal.encoder(style) if editor is None else self._telnet.encode
            if self._packed:
                encode = replace(self._packed, encode=encode)
            self._hub.adapt(self._connection, encode)

    def _show(self, event: Noticed) -> None:
        self._push(self._telnet.encode(event))

    def _push(self, data: bytes) -> None:
        self._connection.outbox.push(self._packed.pack(data) if self._packed else data)

    def _complete(self, beginning: str) -> list[str]:
        """What Tab offers: commands at the beginning of a line, nicks anywhere."""
        *before, word = beginning.split(" ")
        if not before and word.startswith("/"):
            known = usage.known("telnet", self._hub.is_operator(self._connection))
            return [f"{name} " for name in known if name.startswith(word)]
        end = " " if before else ": "
        start = word.casefold()
        names = (person.nick for person in self._hub.members(limit=1_000))
        return [name + end for name in names if start and name.casefold().startswith(start)]
