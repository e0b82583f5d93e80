"""One person, from greeting to goodbye, whatever the door: lines in, events out.

Knows neither telnet nor websockets: a door hands it a way to receive lines, and the connection
knows how to encode what goes out.
"""

from collections.abc import Awaitable, Callable, Sequence

import trio

from backend.net.connection import Connection
from backend.net.hub import Hub
from backend.net.outbox import CONNECTION_LOST, MAX_BYTES
from backend.net.turn import Turn
from backend.room.codes import POLICY_VIOLATION

LOGIN_SECONDS = 60.0
"""How long giving a name may take; somebody who thinks longer may come again."""

NO_NAME = "No name was given for a minute. Come again when you have one."

LINES_PER_TURN = 64
"""Lines of one peer applied before the Postman gets his round: a pasted book must fill nobody's
outbox within one turn of the scheduler."""

MUCH_MAIL = MAX_BYTES // 8
"""Mail from which on somebody is read no further before it has left: an answer may be nearly half
of what an outbox holds, and whoever asks for several at once is not slow for that."""

Receive = Callable[[], Awaitable[Sequence[str | None]]]
"""Waits for lines, and returns all that are there: each without its end, None for one too long to
be kept; nothing at the end. Raises trio.BrokenResourceError when the connection is lost."""


async def converse(hub: Hub, connection: Connection, receive: Receive) -> None:
    """Bring one person to the room and home again.

    Returns when the person hung up or was dismissed; ``connection.goodbye`` tells which.
    """
    try:
        hub.arrived(connection)
        connection.reading.deadline = trio.current_time() + LOGIN_SECONDS
        with connection.reading:
            while lines := await receive():
                await _pass_on(hub, connection, lines)
        if connection.fault is not None:
            raise connection.fault
        if connection.reading.cancelled_caught:
            connection.show_out(POLICY_VIOLATION, NO_NAME, "no name given")
    except trio.BrokenResourceError:
        connection.reason = connection.reason or CONNECTION_LOST
    finally:
        hub.gone(connection)


async def _pass_on(hub: Hub, connection: Connection, lines: Sequence[str | None]) -> None:
    turn = Turn()
    for number, line in enumerate(lines, start=1):
        await connection.pace.line()
        if connection.goodbye:
            return
        hub.heard(connection, line)
        await hub.patience.settled(connection)
        if connection.outbox.size > MUCH_MAIL:
            await connection.outbox.flushed()
        if number % LINES_PER_TURN == 0:
            await trio.lowlevel.checkpoint()
        await turn.give_way()
