"""A platform's HTTP router, imitated: what reaches an app behind one, and what does not.

It understands each request's head and passes on nothing that is no HTTP/1.1; says who asked by
X-Forwarded-*, sends the next request by the same connection to the app if that keeps it open, and
cuts whatever is silent for too long. Knows nothing of chat. Runs in a thread of its own.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial

import h11
import trio

MAX_BYTES = 65_536
"""Read at once."""

MAX_KEPT = 8
"""Connections to the app that are kept for the next requests."""

LOST = (trio.BrokenResourceError, trio.ClosedResourceError, OSError)

HOP_BY_HOP = (b"connection", b"keep-alive", b"proxy-connection", b"te", b"upgrade")

BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
NO_APP = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Router:
    """Routes to an app's port.

    Attributes:
        port: where it listens itself.
        cuts: how many connections it has cut for being silent.
        opened: how many connections to the app it has opened for plain requests.

    Args:
        app_port: the app's.
        idle_seconds: how long a connection may be silent.
    """

    def __init__(self, app_port: int, idle_seconds: float) -> None:
        self.app_port = app_port
        self.cuts = self.opened = 0
        self._idle_seconds = idle_seconds
        self._kept: list[trio.SocketStream] = []
        self._is_up = threading.Event()

    @property
    def url(self) -> str:
        """The app's address by this way."""
        self._is_up.wait()
        return f"http://127.0.0.1:{self.port}"

    async def serve(self) -> None:
        """Route until ``end``."""
        async with trio.open_nursery() as nursery:
            self._everything = nursery.cancel_scope
            self._token = trio.lowlevel.current_trio_token()
            listen = partial(trio.serve_tcp, self._route, 0, host="127.0.0.1")
            (listener,) = await nursery.start(listen)
            self.port = listener.socket.getsockname()[1]
            self._is_up.set()
        for app in self._kept:
            await trio.aclose_forcefully(app)

    def end(self) -> None:
        """Route no more."""
        self._is_up.wait()
        trio.from_thread.run_sync(self._everything.cancel, trio_token=self._token)

    async def _route(self, client: trio.SocketStream) -> None:
        with suppress(*LOST):
            parser = h11.Connection(h11.SERVER)
            try:
                while (request := parser.next_event()) is h11.NEED_DATA:
                    parser.receive_data(await client.receive_some(MAX_BYTES))
            except h11.RemoteProtocolError:
                await client.send_all(BAD_REQUEST)
                return
            if not isinstance(request, h11.Request):
                return
            is_upgrade = any(name == b"upgrade" for name, _ in request.headers)
            forwarded = self._forwarded(request, client, is_upgrade)
            try:
                if is_upgrade:
                    app = await trio.open_tcp_stream("127.0.0.1", self.app_port)
                    async with app:
                        asked = h11.Connection(h11.CLIENT).send(forwarded) or b""
                        await app.send_all(asked + parser.trailing_data[0])
                        await self._relay(client, app)
                else:
                    await self._fetch(forwarded, client)
            except OSError:
                await client.send_all(NO_APP)

    async def _fetch(self, request: h11.Request, client: trio.SocketStream) -> None:
        """Pass on one request without a body, and its answer."""
        while self._kept:  # each of them may have been closed just now
            if await self._answer(request, self._kept.pop(), client):
                return
        self.opened += 1
        app = await trio.open_tcp_stream("127.0.0.1", self.app_port)
        await self._answer(request, app, client)

    async def _answer(
        self, request: h11.Request, app: trio.SocketStream, client: trio.SocketStream
    ) -> bool:
        """Whether there was any; the connection is kept if the app does not say that it closes."""
        parser, has_begun = h11.Connection(h11.CLIENT), False
        asked = (parser.send(request) or b"") + (parser.send(h11.EndOfMessage()) or b"")
        try:
            await app.send_all(asked)
            while parser.their_state not in (h11.DONE, h11.MUST_CLOSE, h11.CLOSED):
                with trio.move_on_after(self._idle_seconds) as patience:
                    data = await app.receive_some(MAX_BYTES)
                if patience.cancelled_caught:
                    self.cuts += 1
                    return True
                if not data and not has_begun:
                    return False
                has_begun = True
                await client.send_all(data)
                parser.receive_data(data)
                while type(parser.next_event()) in (h11.Response, h11.Data):
                    pass
            if parser.their_state is h11.DONE and len(self._kept) < MAX_KEPT:
                self._kept.append(app)
            return True
        except (*LOST, h11.RemoteProtocolError):  # the end, in the middle
            return has_begun
        finally:
            if app not in self._kept:
                await trio.aclose_forcefully(app)

    def _forwarded(
        self, request: h11.Request, client: trio.SocketStream, is_upgrade: bool
    ) -> h11.Request:
        given = list(request.headers)
        told = b", ".join(
            [value for name, value in given if name == b"x-forwarded-for"]
            + [client.socket.getpeername()[0].encode()]
        )
        headers = [
            *((n, v) for n, v in given if n not in HOP_BY_HOP and not n.startswith(b"x-forwarded")),
            (b"X-Forwarded-For", told),
            (b"X-Forwarded-Proto", b"https"),
            (b"X-Forwarded-Port", b"443"),
            (b"Connection", b"Upgrade" if is_upgrade else b"keep-alive"),
            *([(b"Upgrade", b"websocket")] if is_upgrade else []),
        ]
        return h11.Request(method=request.method, target=request.target, headers=headers)

    async def _relay(self, client: trio.SocketStream, app: trio.SocketStream) -> None:
        async with trio.open_nursery() as nursery:
            patience = trio.CancelScope(deadline=trio.current_time() + self._idle_seconds)

            async def carry(source: trio.SocketStream, sink: trio.SocketStream) -> None:
                with suppress(*LOST):
                    while data := await source.receive_some(MAX_BYTES):
                        patience.deadline = trio.current_time() + self._idle_seconds
                        await sink.send_all(data)
                nursery.cancel_scope.cancel()

            nursery.start_soon(carry, client, app)
            nursery.start_soon(carry, app, client)
            with patience:
                await trio.sleep_forever()
            self.cuts += 1
            nursery.cancel_scope.cancel()


@contextmanager
def routed(app_port: int, idle_seconds: float) -> Iterator[Router]:
    """A router in front of an app, for as long as the context lasts."""
    router = Router(app_port, idle_seconds)
    thread = threading.Thread(target=trio.run, args=(router.serve,))
    thread.start()
    try:
        yield router
    finally:
        router.end()
        thread.join()
