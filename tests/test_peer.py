"""Accepting, when the system has no room for more."""

import errno
import logging
import socket

import pytest
import trio
import trio.testing

from backend.net import peer
from backend.net.peer import Peer, PeerListener


class Short(trio.abc.Listener[trio.SocketStream]):
    """A listener at a system that has run out of something, a few times."""

    def __init__(self, listening: trio.SocketListener, *failures: int) -> None:
        self._listening = listening
        self._failures = list(failures)

    async def accept(self) -> trio.SocketStream:
        """See ``trio.abc.Listener``."""
        if self._failures:
            raise OSError(self._failures.pop(), "no luck")
        return await self._listening.accept()

    async def aclose(self) -> None:
        """See ``trio.abc.AsyncResource``."""
        await self._listening.aclose()


async def test_who_cannot_be_accepted_now_is_accepted_later(
    autojump_clock: trio.testing.MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Out of descriptors or memory: one line in the log, and the listener goes on."""
    caplog.set_level(logging.WARNING)
    (listening,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    short = Short(listening, errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
    async with PeerListener(short) as listener:
        with socket.create_connection(listening.socket.getsockname()) as client:
            accepted = await listener.accept()
            assert accepted.address == client.getsockname()[0]
            await accepted.aclose()
    assert [record.message for record in caplog.records] == [
        "cannot accept connections for now: no luck"
    ]


async def test_who_cannot_be_made_a_peer_is_let_go_and_the_next_is_accepted(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A bug of ours on the doorstep costs one connection, with a traceback in the log."""
    real, failures = peer.Peer, [RuntimeError("a bug"), OSError(errno.EINVAL, "an odd socket")]

    def fails_at_first(accepted: trio.SocketStream) -> Peer:
        if failures:
            raise failures.pop()
        return real(accepted)

    monkeypatch.setattr(peer, "Peer", fails_at_first)
    (listening,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    address = listening.socket.getsockname()
    async with PeerListener(listening) as listener:
        clients = [socket.create_connection(address) for _ in range(3)]
        async with await listener.accept() as accepted:
            assert accepted.address == "127.0.0.1"
            assert [client.recv(1) for client in clients[:2]] == [b"", b""]
    for client in clients:
        client.close()
    assert [record.exc_info is not None for record in caplog.records] == [True, True]


async def test_another_failure_is_not_swallowed() -> None:
    """It is trio's to judge."""
    (listening,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with PeerListener(Short(listening, errno.EPERM)) as listener:
        with pytest.raises(OSError, match="no luck"):
            await listener.accept()


async def test_reading_a_peer_that_was_reset_is_a_broken_connection() -> None:
    """Whatever the kernel calls it."""
    (listening,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with PeerListener(listening) as listener:
        client = socket.create_connection(listening.socket.getsockname())
        accepted = await listener.accept()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.close()
        with pytest.raises(trio.BrokenResourceError):
            await accepted.receive()
        assert isinstance(accepted, Peer)
        await accepted.aclose()
        with pytest.raises(trio.ClosedResourceError):
            await accepted.receive()
        with pytest.raises(trio.ClosedResourceError):
            await accepted.send_some(b"x")
