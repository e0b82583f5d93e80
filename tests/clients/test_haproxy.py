"""A real HAProxy in front of the real program, which tells it who comes."""

import re
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from backend.app import Bound
from tests.clients.programs import program
from tests.processes import running
from tests.talkers import PROMPT

CONFIGURATION = """
defaults
    mode tcp
    timeout connect 10s
    timeout client 60s
    timeout server 60s

listen telnet
    bind fd@{listening}
    server room {room} {sends}
"""

START_SECONDS = 20.0

SENDS = ["send-proxy", "send-proxy-v2", "send-proxy-v2 proxy-v2-options crc32c,unique-id"]


@contextmanager
def haproxy(bound: Bound, sends: str, folder: Path) -> Iterator[tuple[str, int]]:
    """One in front of the telnet door; where it is.

    It is given a socket that listens already: so nobody takes its port, and nobody comes too early.
    """
    assert bound.telnet_port is not None
    file = folder / "haproxy.cfg"
    with socket.create_server(("127.0.0.1", 0)) as listening:
        room = f"{bound.host}:{bound.telnet_port}"
        file.write_text(CONFIGURATION.format(listening=listening.fileno(), room=room, sends=sends))
        with subprocess.Popen(
            [program("haproxy"), "-db", "-f", str(file)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(listening.fileno(),),
        ) as process:
            try:
                host, port = listening.getsockname()
                yield host, port
            finally:
                process.terminate()
                process.wait(START_SECONDS)


class Client:
    """Somebody who comes by it."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def types(self, line: str) -> None:
        """Say a line."""
        self._connection.sendall(f"{line}\r\n".encode())

    def reads(self, expected: str) -> None:
        """The next thing on the screen is exactly this."""
        got = b""
        while len(got) < len(expected) and (
            data := self._connection.recv(len(expected) - len(got))
        ):
            got += data
        assert got.decode() == expected


@contextmanager
def from_address(source: str, proxy: tuple[str, int], nick: str = "") -> Iterator[Client]:
    """Somebody at this address of the machine's own; given a nick, in the room already."""
    with socket.create_connection(proxy, START_SECONDS, (source, 0)) as connection:
        client = Client(connection)
        if nick:
            client.reads(PROMPT)
            client.types(nick)
            client.reads(f"<meta>: Welcome {nick}.\r\n")
        yield client


@pytest.mark.parametrize("sends", SENDS)
def test_behind_it_limits_and_bans_go_by_the_clients_addresses(sends: str, tmp_path: Path) -> None:
    """In either version of its protocol, with all that version 2 may have in it."""
    with (
        running(
            *("--host", "127.0.0.1", "--port", "0", "--telnet-port", "0"),
            *("--telnet-proxy-protocol", "--log-level", "debug"),
            MAX_CONNECTIONS_PER_ADDRESS="1",
            OPERATOR_SECRET="owl",
        ) as room,
        haproxy(room.bound, sends, tmp_path) as proxy,
        from_address("127.0.0.2", proxy, "alice") as alice,
    ):
        with from_address("127.0.0.2", proxy) as again:
            again.reads("<meta>: There are too many connections from your address.\r\n")
        with from_address("127.0.0.3", proxy, "bob") as bob:
            alice.reads("<meta>: bob joined.\r\n")
            alice.types("/op owl")
            alice.reads("<meta>: You are an operator now. /help lists what you may do.\r\n")
            alice.types("/ban bob 1h")
            bob.reads("<meta>: You are banned for 60 minutes, by alice.\r\n")
        room.wait_until_logged("c3 closed")
        with from_address("127.0.0.3", proxy) as again:
            again.reads("<meta>: You are banned: 60 minutes left.\r\n")
        with from_address("127.0.0.4", proxy, "carol"):
            pass
        assert room.stop() == 0
        log = room.logged()
    assert log.count(" from 127.0.0.1\n") == 5
    assert re.findall(r" on behalf of 127\.0\.0\.(\d+)\n", log) == ["2", "2", "3", "3", "4"]


@pytest.mark.parametrize("sends", SENDS)
def test_its_looking_whether_all_is_well_is_no_trouble(sends: str, tmp_path: Path) -> None:
    """Then it speaks for itself, and is gone at once."""
    with (
        running(
            *("--host", "127.0.0.1", "--port", "0", "--telnet-port", "0"),
            *("--telnet-proxy-protocol", "--log-level", "debug"),
            limits=False,
        ) as room,
        haproxy(room.bound, f"{sends} check inter 50ms", tmp_path) as proxy,
        from_address("127.0.0.2", proxy, "alice"),
    ):
        room.wait_until_logged("c5 on behalf of ", within=START_SECONDS)
        assert room.stop() == 0
        log = room.logged()
    assert "refused" not in log
    assert "Traceback" not in log


def test_without_its_header_everybody_is_told(tmp_path: Path) -> None:
    """As whoever has set it up will see at the first try."""
    with (
        running(
            *("--host", "127.0.0.1", "--port", "0", "--telnet-port", "0"),
            TELNET_PROXY_PROTOCOL="true",
        ) as room,
        haproxy(room.bound, "", tmp_path) as proxy,
        from_address("127.0.0.2", proxy) as alice,
    ):
        alice.types("alice")
        alice.reads("<meta>: This port expects the PROXY protocol: ")
        assert room.stop() == 0
