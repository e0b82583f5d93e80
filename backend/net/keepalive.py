"""Signs of life: ping the silent, give up the dead.

One task for everybody. Knows connections only; what a ping looks like is theirs.
"""

import trio

from backend.net.hub import Hub

PING_SECONDS = 25.0
"""Time between two pings. Proxies cut a connection that is silent for about 55 seconds."""

ANSWER_SECONDS = 20.0
"""How long a peer may take to answer."""

ROUND_SECONDS = 1.0
"""How often everybody is looked at."""


async def keep_alive(hub: Hub) -> None:
    """Look after everybody that has a ping, until cancelled."""
    while True:
        await trio.sleep(ROUND_SECONDS)
        now = trio.current_time()
        for connection in list(hub.connections):
            if not connection.ping:
                continue
            unanswered = connection.pinged > connection.heard
            if unanswered and now - connection.pinged >= ANSWER_SECONDS:
                connection.drop("no answer")
            elif now - connection.pinged >= PING_SECONDS:
                connection.pinged = now
                connection.outbox.push(connection.ping)
