"""The bridge: every connection to a local port becomes a telnet websocket in a room.

Knows telnets only as visitors, whom it counts.
"""

import itertools
from contextlib import suppress

import trio

from backend.bridge.visitor import Dial, Visitor
from backend.net.listen import open_listeners
from backend.net.peer import prepare


async def serve(
    host: str,
    port: int,
    dial: Dial,
    stop: trio.Event,
    *,
    task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Bridge until ``stop`` is set; reports the port really bound.

    Args:
        host: address to bind.
        port: 0 for any free one.
        dial: opens a websocket to the room.
        stop: when set, everybody hangs up.
        task_status: gets the port.

    Raises:
        StartError: the port could not be had.
    """
    listeners = await open_listeners(host, port)
    numbers = itertools.count(1)

    async def handle(telnet: trio.SocketStream) -> None:
        with suppress(OSError):  # gone already: reading will tell
            prepare(telnet.socket)
        await Visitor(next(numbers), telnet, dial).bridge()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, handle, listeners)
        task_status.started(listeners[0].socket.getsockname()[1])
        await stop.wait()
        nursery.cancel_scope.cancel()
