"""Opening ports and accepting on them, with one clear sentence when a port cannot be had.

Knows nothing of who will be served.
"""

import errno
from collections.abc import Awaitable, Callable

import trio

_TRIES = 10
"""A port found free on one address is nearly always free on the next; ten times is luck enough."""


class ListenError(Exception):
    """A port could not be had; ``str(error)`` says which and why."""


async def open_listeners(host: str, port: int) -> list[trio.SocketListener]:
    """Listen on ``port`` at every address of ``host``.

    Port 0 is any free port, the same one at every address.

    Raises:
        ListenError: the port is taken, the host unknown, or the like.
    """
    for _ in range(_TRIES if port == 0 else 1):
        listeners: list[trio.SocketListener] = []
        try:
            listeners = await trio.open_tcp_listeners(port, host=host)
            if port or len(listeners) == 1:
                return listeners
            found = _port_of(listeners)
            for listener in listeners:
                await listener.aclose()
            return await trio.open_tcp_listeners(found, host=host)
        except OSError as error:
            failure = error
            if port or failure.errno != errno.EADDRINUSE:
                break
    raise ListenError(f"cannot listen on {host} port {port}: {_reason(failure)}") from failure


async def listen(
    handle: Callable[[trio.SocketStream], Awaitable[object]],
    host: str,
    port: int,
    handlers: trio.Nursery,
    *,
    task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Accept connections until cancelled, and report the port really bound.

    Args:
        handle: serves one connection.
        host: address to bind.
        port: 0 for any free one.
        handlers: where the handlers run; they outlive the listening.
        task_status: gets the port.

    Raises:
        ListenError: see ``open_listeners``.
    """
    listeners = await open_listeners(host, port)
    task_status.started(_port_of(listeners))
    await trio.serve_listeners(handle, listeners, handler_nursery=handlers)


def _port_of(listeners: list[trio.SocketListener]) -> int:
    port: int = listeners[0].socket.getsockname()[1]
    return port


def _reason(failure: OSError) -> str:
    if failure.errno == errno.EADDRINUSE:
        return "it is taken"
    return failure.strerror or str(failure)
