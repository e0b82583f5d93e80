"""The page by a TLS of the room's own: https, wss, and a telnet at the other door."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.telnets import raw_telnet
from tests.browser.visitors import Visitors
from tests.clients.programs import program, terminal
from tests.processes import Running, running


@pytest.fixture
def secure_room(certfile: Path) -> Iterator[Running]:
    """The real program, with a certificate."""
    ports = ("--port", "0", "--telnet-port", "0", "--telnet-tls-port", "0")
    with running(*ports, "--certfile", str(certfile)) as room:
        yield room
        assert room.stop() == 0


def test_a_browser_by_https_and_telnets_with_and_without_tls_chat(
    secure_room: Running, visitors: Visitors, trusting: ssl.SSLContext
) -> None:
    """The page finds its websockets by itself, and its scripts are allowed them."""
    bound = secure_room.bound
    assert bound.page_url.startswith("https://localhost:")
    assert bound.telnet_tls_port is not None
    bob = visitors.arrives(bound.page_url, "bob", ignore_https_errors=True)
    address = bound.at(bound.telnet_tls_port)
    program("openssl")
    with (
        raw_telnet(bound, "alice") as alice,
        terminal("openssl", "s_client", "-quiet", "-connect", address) as carol,
    ):
        carol.expect_exact("Please enter username: ")
        carol.sendline("carol")
        carol.expect_exact("Welcome carol.")
        bob.says("hi both")
        alice.sees("<bob> : hi both\r\n")
        carol.expect_exact("<bob> : hi both")
        carol.sendline("hi bob")
        alice.says("hi you two")
        bob.sees("hi bob")
        bob.sees("hi you two")
    # The terminal pane is a second websocket, to /telnet.
    bob.page.get_by_role("button", name="Terminal").click()
    bob.page.get_by_text("Please enter username").wait_for()
