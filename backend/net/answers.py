"""What every answer over HTTP carries, and the short ones that the front door gives itself.

Knows bytes and headers, but no socket.
"""

from http import HTTPMethod, HTTPStatus

import h11

ALLOWED = (HTTPMethod.GET, HTTPMethod.HEAD)
"""There is nothing here that could be changed."""

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}

RETRY_SECONDS = 30
"""When somebody who was refused may try again: some will have left by then."""

_HINTS = {
    HTTPStatus.METHOD_NOT_ALLOWED: {"Allow": ", ".join(ALLOWED)},
    HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": str(RETRY_SECONDS)},
    HTTPStatus.TOO_MANY_REQUESTS: {"Retry-After": str(RETRY_SECONDS)},
    HTTPStatus.UPGRADE_REQUIRED: {"Upgrade": "websocket", "Sec-WebSocket-Version": "13"},
}
"""What RFC 9110 (15.5) wants said along with these."""


def short(status: HTTPStatus, method: bytes = b"GET", text: str = "") -> bytes:
    """A whole answer that says little more than its status, and ends the connection.

    Args:
        status: what happened.
        method: what was asked with; an answer to HEAD has no body.
        text: a sentence to say instead of the status.
    """
    body = f"{text or f'{status} {status.phrase}'}\n".encode()
    headers = {
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Length": str(len(body)),
        "Connection": "close",
        **_HINTS.get(status, {}),
        **SECURITY_HEADERS,
    }
    response = h11.Response(status_code=status, headers=list(headers.items()), reason=status.phrase)
    head = h11.Connection(h11.SERVER).send(response) or b""
    return head if method == b"HEAD" else head + body
