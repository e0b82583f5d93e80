"""The tutorial's echo server: whatever a client sends comes back to it.

Where this program began. One task for each client, in one nursery; who waits, waits alone. Knows
nothing of the room.
"""

import itertools
import logging

import trio

from backend.net.listen import open_listeners

RECEIVE_BYTES = 4 * 1024

DRAIN_SECONDS = 2.0
"""How long clients may take over what they have sent, once the server is to stop."""

log = logging.getLogger("playroom.echo")


class EchoServer:
    """Handles one connection after the other, each in a task of its own."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    async def handle(self, stream: trio.SocketStream) -> None:
        """Send back what comes, until the client ends its side or is lost."""
        number = next(self._numbers)
        log.info("client %d: started", number)
        try:
            while data := await stream.receive_some(RECEIVE_BYTES):
                log.info("client %d: received %d bytes", number, len(data))
                # A client that does not read is waited for here, and is not read meanwhile.
                await stream.send_all(data)
            log.info("client %d: closed", number)
        except trio.BrokenResourceError:
            log.info("client %d: connection lost", number)


async def serve(
    host: str,
    port: int,
    stop: trio.Event,
    *,
    task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve until ``stop`` is set; reports the port really bound.

    Raises:
        StartError: the port could not be had.
    """
    listeners = await open_listeners(host, port)
    async with trio.open_nursery() as clients:
        async with trio.open_nursery() as listening:
            listening.start_soon(_listen, listeners, clients)
            task_status.started(listeners[0].socket.getsockname()[1])
            await stop.wait()
            listening.cancel_scope.cancel()
        clients.cancel_scope.deadline = trio.current_time() + DRAIN_SECONDS


async def _listen(listeners: list[trio.SocketListener], clients: trio.Nursery) -> None:
    await trio.serve_listeners(EchoServer().handle, listeners, handler_nursery=clients)
