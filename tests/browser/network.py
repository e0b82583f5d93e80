"""The network between a browser and the program, which can be cut.

A relay of bytes in a thread of its own; knows nothing of what it carries. (Chromium's offline
emulation only tells the page: a websocket that is open stays as it is.)
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial

import trio

from backend.app import Bound

MAX_BYTES = 65_536
"""Read at once."""


class Network:
    """Relays between whoever connects to ``url`` and the program, unless it is cut."""

    def __init__(self, bound: Bound) -> None:
        self._bound = bound
        self._is_cut = False
        self._loses_answers = False
        self._connections: set[trio.CancelScope] = set()
        self._silent: set[trio.CancelScope] = set()
        self._is_up = threading.Event()

    @property
    def url(self) -> str:
        """The page's address by this way."""
        self._is_up.wait()
        return f"http://127.0.0.1:{self._port}/"

    def cut(self) -> None:
        """Every connection ends without a word, and there will be no new ones."""
        trio.from_thread.run_sync(self._cut, trio_token=self._token)

    def restore(self) -> None:
        """From now on there are connections again."""
        self._is_cut = self._loses_answers = False

    def lose_answers(self) -> None:
        """What the browser says arrives; what the program answers does not."""
        self._loses_answers = True

    def swallow(self) -> None:
        """The connections there are carry nothing any more, and nobody is told; new ones do."""
        self._silent |= self._connections

    async def serve(self) -> None:
        """Relay until ``end``."""
        async with trio.open_nursery() as nursery:
            self._everything = nursery.cancel_scope
            self._token = trio.lowlevel.current_trio_token()
            listen = partial(trio.serve_tcp, self._relay, 0, host="127.0.0.1")
            (listener,) = await nursery.start(listen)
            self._port = listener.socket.getsockname()[1]
            self._is_up.set()

    def end(self) -> None:
        """No longer relay anything."""
        self._is_up.wait()
        trio.from_thread.run_sync(self._everything.cancel, trio_token=self._token)

    def _cut(self) -> None:
        self._is_cut = True
        for connection in self._connections:
            connection.cancel()

    async def _relay(self, browser: trio.SocketStream) -> None:
        if self._is_cut:
            return
        with suppress(OSError):  # the program may be down
            program = await trio.open_tcp_stream(self._bound.host, self._bound.port)
            async with program, trio.open_nursery() as nursery:
                self._connections.add(nursery.cancel_scope)
                nursery.start_soon(self._ask, browser, program, nursery.cancel_scope)
                nursery.start_soon(self._answer, program, browser, nursery.cancel_scope)
            self._connections.discard(nursery.cancel_scope)

    async def _ask(
        self, browser: trio.SocketStream, program: trio.SocketStream, both: trio.CancelScope
    ) -> None:
        with suppress(trio.BrokenResourceError):
            while data := await browser.receive_some(MAX_BYTES):
                if both not in self._silent:
                    await program.send_all(data)
        both.cancel()

    async def _answer(
        self, program: trio.SocketStream, browser: trio.SocketStream, both: trio.CancelScope
    ) -> None:
        with suppress(trio.BrokenResourceError):
            while data := await program.receive_some(MAX_BYTES):
                if not (self._loses_answers or both in self._silent):
                    await browser.send_all(data)
        both.cancel()


@contextmanager
def network(bound: Bound) -> Iterator[Network]:
    """A way to the program, for as long as the context lasts."""
    way = Network(bound)
    thread = threading.Thread(target=trio.run, args=(way.serve,))
    thread.start()
    try:
        yield way
    finally:
        way.end()
        thread.join()
