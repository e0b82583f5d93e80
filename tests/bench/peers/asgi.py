"""A chat server of Starlette on uvicorn, with uvloop and the ``websockets`` implementation.

``python asgi.py PORT [--quiet]``. ASGI has no way to send to many: one ``await`` and one frame per
person. Neither compression nor pings.
"""

# mypy: ignore-errors
# What it imports need not be installed where this is checked.

import itertools
import json
import sys
import time

import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

quiet = "--quiet" in sys.argv
people: dict[str, WebSocket] = {}
ids = itertools.count(1)


async def tell(type: str, nick: str, **more: str) -> None:
    """Send a message to everybody."""
    message = {"type": type, "id": next(ids), "at": round(time.time(), 3), "nick": nick}
    text = json.dumps({**message, "via": "web", **more}, separators=(",", ":"))
    for person in list(people.values()):
        await person.send_text(text)


async def handle(websocket: WebSocket) -> None:
    """One person, from name to goodbye."""
    name = ""
    await websocket.accept()
    try:
        while True:
            line = await websocket.receive_text()
            if name:
                await tell("said", name, text=line)
            elif line in people:
                await websocket.send_text('{"type":"prompt","reason":"Username taken"}')
            else:
                name = line
                if not quiet:
                    await tell("joined", name)
                people[name] = websocket
                await websocket.send_text(json.dumps({"type": "welcome", "nick": name}))
    except WebSocketDisconnect:
        pass
    finally:
        people.pop(name, None)


if __name__ == "__main__":
    uvicorn.run(
        Starlette(routes=[WebSocketRoute("/ws", handle)]),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        loop="uvloop",
        ws="websockets",
        ws_per_message_deflate=False,
        ws_ping_interval=None,
        log_level="warning",
        backlog=4096,
    )
