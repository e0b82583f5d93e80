"""Signs of life: ping the silent, give up the dead.

One task for everybody. Knows connections only; what a ping looks like is theirs.
"""

import trio

from backend.net.connection import NO_ANSWER, Connection
from backend.net.hub import Hub

ROUND_SECONDS = 1.0
"""How often everybody is looked at."""


async def keep_alive(hub: Hub) -> None:
    """Look after everybody that has a ping, until cancelled."""
    while True:
        await trio.sleep(ROUND_SECONDS)
        now = trio.current_time()
        for connection in list(hub.connections):
            try:
                _look_after(connection, now)
            except Exception as error:  # one person's trouble: the others need their pings
                connection.drop(error)


def _look_after(connection: Connection, now: float) -> None:
    ping, silence = connection.ping, now - connection.pinged
    if ping is None:
        return
    unanswered = ping.answer_within is not None and connection.pinged > connection.heard
    if unanswered and silence >= (ping.answer_within or 0):
        connection.drop(NO_ANSWER)
    elif silence >= ping.every:
        connection.pinged = now
        connection.outbox.push(ping.data)
