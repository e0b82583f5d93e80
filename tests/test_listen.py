"""Opening ports, with a name service that says what the test wants."""

import errno
import socket

import pytest
import trio

from backend.net.listen import StartError, open_listeners


class Names(trio.abc.HostnameResolver):
    """Every name has these addresses."""

    def __init__(self, *addresses: str) -> None:
        self._addresses = addresses

    async def getaddrinfo(  # type: ignore[override]
        self, host: bytes | None, port: object, *_: int
    ) -> list[tuple[int, int, int, str, tuple[str, object]]]:
        """See ``socket.getaddrinfo``."""
        kind = (socket.AF_INET, socket.SOCK_STREAM, 0, "")
        return [(*kind, (address, port)) for address in self._addresses]

    async def getnameinfo(self, sockaddr: object, flags: int) -> tuple[str, str]:
        """Not asked for here."""
        raise NotImplementedError


async def test_an_address_this_machine_does_not_have_is_passed_over() -> None:
    """As where /etc/hosts names ::1 and IPv6 is off."""
    trio.socket.set_custom_hostname_resolver(Names("192.0.2.1", "127.0.0.1", "127.0.0.2"))
    listeners = await open_listeners("somewhere", 0)
    names = [listener.socket.getsockname() for listener in listeners]
    for listener in listeners:
        await listener.aclose()
    assert [name[0] for name in names] == ["127.0.0.1", "127.0.0.2"]
    assert names[0][1] == names[1][1] != 0


async def test_no_address_at_all_is_a_failure() -> None:
    """With the reason."""
    trio.socket.set_custom_hostname_resolver(Names("192.0.2.1"))
    with pytest.raises(StartError, match="cannot listen on somewhere port 0: Cannot assign"):
        await open_listeners("somewhere", 0)


async def test_a_port_taken_at_one_address_is_taken() -> None:
    """And those already opened are closed again."""
    with socket.create_server(("127.0.0.2", 0)) as taken:
        port = taken.getsockname()[1]
        trio.socket.set_custom_hostname_resolver(Names("127.0.0.1", "127.0.0.2"))
        with pytest.raises(StartError, match="it is taken") as failure:
            await open_listeners("somewhere", port)
    cause = failure.value.__cause__
    assert isinstance(cause, OSError)
    assert cause.errno == errno.EADDRINUSE
