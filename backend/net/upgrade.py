"""The opening handshake of a websocket (RFC 6455, 4.2.1), judged before anything is opened.

trio-websocket is given a head of our own making, and has no fault to find with it. Knows neither
who may connect nor what is said then.
"""

import re
from collections.abc import Collection
from http import HTTPStatus

import h11

_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""RFC 9110, 5.6.2."""

_KEY = re.compile(rb"[A-Za-z0-9+/]{22}==")
"""Sixteen bytes in base64."""


def is_upgrade(request: h11.Request) -> bool:
    """Whether this asks for a websocket, well or badly; if not, it is a plain request."""
    options = b",".join(_values(request, b"connection")).lower().split(b",")
    return (
        request.method == b"GET"
        and request.http_version == b"1.1"
        and [value.lower() for value in _values(request, b"upgrade")] == [b"websocket"]
        and b"upgrade" in (option.strip() for option in options)
    )


def fault(request: h11.Request) -> HTTPStatus | None:
    """What to refuse the handshake with; None if it is in order."""
    if _values(request, b"sec-websocket-version") != [b"13"]:
        return HTTPStatus.UPGRADE_REQUIRED
    keys = _values(request, b"sec-websocket-key")
    if len(keys) != 1 or not _KEY.fullmatch(keys[0]):
        return HTTPStatus.BAD_REQUEST
    return None


def handshake(request: h11.Request) -> bytes:
    """The head for trio-websocket, of a request without fault: what it needs, and nothing else."""
    lines = (
        b"GET " + request.target + b" HTTP/1.1",
        b"Host: localhost",
        b"Connection: Upgrade",
        b"Upgrade: websocket",
        b"Sec-WebSocket-Version: 13",
        b"Sec-WebSocket-Key: " + _values(request, b"sec-websocket-key")[0],
        *(b"Sec-WebSocket-Protocol: " + name for name in _subprotocols(request)),
    )
    return b"\r\n".join([*lines, b"", b""])


def _subprotocols(request: h11.Request) -> list[bytes]:
    """Those that the peer offers and that can be names at all."""
    offered = b",".join(_values(request, b"sec-websocket-protocol")).split(b",")
    return [name for each in offered if _TOKEN.fullmatch(name := each.strip())]


def is_from_here(request: h11.Request, allowed_origins: Collection[str]) -> bool:
    """Whether this may open a websocket, as far as browsers say on whose behalf they ask.

    They always send an Origin; without one it is a program, and not led by a stranger's page.

    Args:
        request: what is asked.
        allowed_origins: exact origins whose pages may connect; empty for the page of this host.
    """
    origins, hosts = _values(request, b"origin"), _values(request, b"host")
    if not origins:
        return True
    origin, host = (b",".join(each).decode("latin-1") for each in (origins, hosts))
    if allowed_origins:
        return origin in allowed_origins
    # Behind a proxy the scheme is the proxy's; the host is what tells one site from another.
    return origin in (f"http://{host}", f"https://{host}")


def _values(request: h11.Request, name: bytes) -> list[bytes]:
    return [value for key, value in request.headers if key == name]
