"""The page, the health check and the metrics: Quart-Trio under Hypercorn, on a private unix socket.

Hypercorn shields its writes, so a browser that stops reading could hold it for ever; behind the
front door it never meets one. Knows nothing of the room; what ``/healthz`` tells is handed in.
"""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

import h11
import trio
from hypercorn.config import Config
from hypercorn.trio import serve
from quart import Response, abort, request
from quart_trio import QuartTrio

from backend.net.answers import SECURITY_HEADERS
from backend.net.assets import Asset, Assets
from backend.net.socket_folder import SocketFolder

log = logging.getLogger("playroom.site")
log.setLevel(logging.WARNING)  # Hypercorn announces its private socket as if it were an address

# A traceback each time that Hypercorn finds no descriptor left, which the front door tells of.
logging.getLogger("trio.serve_listeners").setLevel(logging.CRITICAL)

READ_BYTES = 64 * 1024

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"

LASTING = "public, max-age=31536000, immutable"
"""A year, and never asked about: there will be no other bytes under this name."""

_PLAIN = {"Content-Type": "text/plain; charset=utf-8"}

_HOP_BY_HOP = frozenset(
    b"connection keep-alive proxy-connection te trailer transfer-encoding upgrade "
    b"http2-settings content-length expect".split()
)
"""Headers about the peer's own connection (RFC 9110, 7.6.1) or a body; none goes further."""


def make_app(
    assets: Assets,
    page: Callable[[], Asset],
    health: Callable[[], tuple[dict[str, Any], int]],
    metrics: Callable[[], bytes],
) -> QuartTrio:
    """The web application.

    Args:
        assets: the page's files.
        page: the page itself, which tells where the doors are.
        health: what ``/healthz`` answers: a JSON object and the status.
        metrics: what ``/metrics`` answers, in Prometheus' text format.
    """
    app = QuartTrio(__name__, static_folder=None)

    @app.get("/")
    async def index() -> Response:
        return await _served(page())

    @app.get("/<path:name>")
    async def file(name: str) -> Response:
        asset = assets.get(name)
        if asset is None:
            abort(404)
        return await _served(asset)

    @app.get("/healthz")
    async def healthz() -> tuple[dict[str, Any], int, dict[str, str]]:
        return *health(), {"Cache-Control": "no-store"}

    @app.get("/metrics")
    async def prometheus() -> tuple[bytes, int, dict[str, str]]:
        return metrics(), 200, {"Cache-Control": "no-store", "Content-Type": METRICS_TYPE}

    @app.get("/ws")
    @app.get("/telnet")
    async def upgrade_required() -> tuple[str, int, dict[str, str]]:
        return "This is a websocket.\n", 426, {"Upgrade": "websocket", **_PLAIN}

    @app.errorhandler(404)
    async def not_found(_: Exception) -> tuple[str, int, dict[str, str]]:
        return "There is nothing here.\n", 404, _PLAIN

    @app.after_request
    async def secure(response: Response) -> Response:
        response.headers.update(SECURITY_HEADERS)
        return response

    return app


async def _served(asset: Asset) -> Response:
    """The answer to a request for a file."""
    is_compressed = request.accept_encodings["gzip"] > 0
    body = asset.compressed if is_compressed else asset.body
    response = Response(body, mimetype=asset.mime_type)
    response.headers["Vary"] = "Accept-Encoding"
    if is_compressed:
        response.headers["Content-Encoding"] = "gzip"
    # What may change is kept, but asked about: with the ETag that costs no more than a 304.
    response.headers["Cache-Control"] = LASTING if asset.is_lasting else "no-cache"
    await response.add_etag()
    await response.make_conditional(request)
    return response


class Site:
    """Runs the application, and relays requests to it."""

    def __init__(self, app: QuartTrio) -> None:
        self._app = app
        self._folder = SocketFolder()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Serve until cancelled."""
        config = Config()
        config.bind = [f"unix:{self._folder.socket}"]
        config.keep_alive_max_requests = 0
        config.include_server_header = False
        config.errorlog = log
        with self._folder:
            async with trio.open_nursery() as nursery:
                await nursery.start(serve, self._app, config)
                task_status.started()

    async def answer(
        self, asked: h11.Request, send_all: Callable[[bytes], Awaitable[None]]
    ) -> None:
        """Relay one request and its one answer, which is handed to ``send_all``.

        Hypercorn may leave its connection open after the response, whatever the headers say; so
        the end of the message is looked for here.

        Raises OSError, before anything is answered, if the site cannot be reached.
        """
        parser = h11.Connection(h11.CLIENT)
        headers = [(k, v) for k, v in asked.headers if k not in _HOP_BY_HOP]
        headers.append((b"connection", b"close"))
        if asked.http_version == b"1.0" and not any(name == b"host" for name, _ in headers):
            headers.append((b"host", b"localhost"))  # 1.1 insists on one, and the site has one name
        head = h11.Request(method=asked.method, target=asked.target, headers=headers)
        async with await trio.open_unix_socket(self._folder.socket) as inside:
            await inside.send_all(parser.send(head) or b"")
            parser.send(h11.EndOfMessage())
            while not _is_complete(parser):
                data = bytes(await inside.receive_some(READ_BYTES))
                parser.receive_data(data)
                if not data:
                    return
                await send_all(data)


def _is_complete(parser: h11.Connection) -> bool:
    """Whether all of a response has been received."""
    while (event := parser.next_event()) is not h11.NEED_DATA:
        if event is h11.PAUSED or isinstance(event, h11.EndOfMessage | h11.ConnectionClosed):
            return True
    return False
