"""A chat server of Quart-Trio's websockets on Hypercorn.

``python quart_hypercorn.py PORT [--quiet]``. One ``await`` and one frame per person. Hypercorn
agrees to compression when asked; the load generator does not ask.
"""

import itertools
import json
import sys
import time

import trio
from hypercorn.config import Config
from hypercorn.trio import serve
from quart import Websocket, websocket
from quart_trio import QuartTrio

quiet = "--quiet" in sys.argv
people: dict[str, Websocket] = {}
ids = itertools.count(1)
app = QuartTrio(__name__)


async def tell(type: str, nick: str, **more: str) -> None:
    """Send a message to everybody."""
    message = {"type": type, "id": next(ids), "at": round(time.time(), 3), "nick": nick}
    text = json.dumps({**message, "via": "web", **more}, separators=(",", ":"))
    for person in list(people.values()):
        await person.send(text)


@app.websocket("/ws")
async def handle() -> None:
    """One person, from name to goodbye."""
    name = ""
    try:
        while True:
            line = str(await websocket.receive())
            if name:
                await tell("said", name, text=line)
            elif line in people:
                await websocket.send('{"type":"prompt","reason":"Username taken"}')
            else:
                name = line
                if not quiet:
                    await tell("joined", name)
                people[name] = websocket._get_current_object()  # type: ignore[attr-defined]
                await websocket.send(json.dumps({"type": "welcome", "nick": name}))
    finally:
        people.pop(name, None)


if __name__ == "__main__":
    config = Config()
    config.bind = [f"127.0.0.1:{sys.argv[1]}"]
    config.websocket_ping_interval = None
    config.backlog = 4096
    trio.run(serve, app, config)
