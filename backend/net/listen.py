"""Opening ports and accepting on them, with one clear sentence when a port cannot be had.

Knows nothing of who will be served.
"""

import errno
from collections.abc import Awaitable, Callable

import trio

from backend.net.peer import Peer, PeerListener

_TRIES = 10
"""A port found free on one address is nearly always free on the next; ten times is luck enough."""

EVERYWHERE = {"": "localhost", "0.0.0.0": "localhost", "::": "::1"}  # noqa: S104
"""What asks for every address of a machine, and where that machine itself reaches it.

(Of IPv6 that is not localhost, which many a machine knows by IPv4 only.)
"""


class StartError(Exception):
    """Something that is needed to start could not be had; ``str(error)`` says what and why."""


def as_typed_here(host: str) -> str:
    """Where somebody on this machine reaches what listens on ``host``: nobody can go everywhere."""
    return EVERYWHERE.get(host, host)


async def open_listeners(host: str, port: int) -> list[trio.SocketListener]:
    """Listen on ``port`` at every address of ``host``.

    Port 0 is any free port, the same one at every address. An address that this machine does not
    have (localhost may be ::1 where IPv6 is off) is passed over if there is another.

    Raises:
        StartError: the port is taken, the host unknown, or the like.
    """
    tries = 0
    while True:
        tries += 1
        try:
            found = await trio.socket.getaddrinfo(host, port, type=trio.socket.SOCK_STREAM)
            return await _open_all([str(info[4][0]) for info in found], port)
        except (OSError, UnicodeError) as error:
            taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
            if port == 0 and taken and tries < _TRIES:
                continue
            reason = "it is taken" if taken else getattr(error, "strerror", None) or str(error)
            raise StartError(f"cannot listen on {host} port {port}: {reason}") from error


async def _open_all(addresses: list[str], port: int) -> list[trio.SocketListener]:
    listeners: list[trio.SocketListener] = []
    missing: OSError | None = None
    try:
        for address in dict.fromkeys(addresses):
            try:
                listeners += await trio.open_tcp_listeners(port, host=address)
            except OSError as error:
                if error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                    raise
                missing = error
            else:
                port = _port_of(listeners)
    except OSError:
        for listener in listeners:
            await listener.aclose()
        raise
    if missing is not None and not listeners:
        raise missing
    return listeners


async def listen(
    handle: Callable[[Peer], Awaitable[object]],
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
        StartError: see ``open_listeners``.
    """
    listeners = await open_listeners(host, port)
    task_status.started(_port_of(listeners))
    await trio.serve_listeners(
        handle, [PeerListener(one) for one in listeners], handler_nursery=handlers
    )


def _port_of(listeners: list[trio.SocketListener]) -> int:
    port: int = listeners[0].socket.getsockname()[1]
    return port
