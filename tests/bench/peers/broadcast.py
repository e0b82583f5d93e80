"""A chat server of python-websockets' ``broadcast``, on uvloop.

``python broadcast.py PORT [--quiet]``. The library frames a message once per connection, here as
in any program that uses it. Neither compression nor pings.
"""

# mypy: ignore-errors
# What it imports need not be installed where this is checked.

import itertools
import json
import sys
import time

import uvloop
from websockets.asyncio.server import ServerConnection, broadcast, serve

quiet = "--quiet" in sys.argv
people: dict[str, ServerConnection] = {}
ids = itertools.count(1)


def event(type: str, nick: str, **more: str) -> str:
    """A message to everybody."""
    message = {"type": type, "id": next(ids), "at": round(time.time(), 3), "nick": nick}
    return json.dumps({**message, "via": "web", **more}, separators=(",", ":"))


async def handle(connection: ServerConnection) -> None:
    """One person, from name to goodbye."""
    name = ""
    try:
        async for line in connection:
            assert isinstance(line, str)
            if name:
                broadcast(people.values(), event("said", name, text=line))
            elif line in people:
                await connection.send('{"type":"prompt","reason":"Username taken"}')
            else:
                name = line
                if not quiet:
                    broadcast(people.values(), event("joined", name))
                people[name] = connection
                await connection.send(json.dumps({"type": "welcome", "nick": name}))
    finally:
        people.pop(name, None)


async def main() -> None:
    """Listen for ever."""
    port = int(sys.argv[1])
    async with serve(
        handle, "127.0.0.1", port, compression=None, ping_interval=None, backlog=4096
    ) as server:
        await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
