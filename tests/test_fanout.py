"""What a fan-out does, counted: one encoding per wire, one send per person, no task per person.

How long that takes is the benchmark's business (``python -m tests.bench``).
"""

import socket
import ssl
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from pathlib import Path

import pytest
import trio
import trio.testing

from backend.app import Bound
from backend.certificate import Certificate
from backend.config import UNLIMITED
from backend.net.peer import Peer
from backend.room.events import Event, Said
from backend.wire import frames, terminal
from tests.talkers import HANDSHAKE, Terminal, a_room, at_terminal, connect, upgrade


class Steps(trio.abc.Instrument):
    """Counts how often the scheduler gives a task its turn."""

    def __init__(self) -> None:
        self.count = 0

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        """One task goes on."""
        self.count += 1


@contextmanager
def silent_crowd(room: Bound, count: int) -> Iterator[list[socket.socket]]:
    """So many people, every other one with a browser, on sockets that no task of ours waits on."""
    with ExitStack() as stack:
        crowd = []
        for number in range(count):
            port = room.port if number % 2 else room.telnet_port
            person = stack.enter_context(socket.create_connection((room.host, port)))
            if number % 2:
                person.sendall(upgrade("Host: x", *HANDSHAKE))
            say(person, f"p-{number}", by_web=number % 2 == 1)
            crowd.append(person)
        yield crowd


def frame(line: bytes) -> bytes:
    """A browser's message, masked with zeros."""
    return b"\x81" + bytes([0x80 + len(line)]) + b"\0\0\0\0" + line


def say(person: socket.socket, line: str, *, by_web: bool) -> None:
    """One of the crowd sends a line."""
    if by_web:
        person.sendall(frame(line.encode()))
    else:
        person.sendall(line.encode() + b"\r\n")


class Work:
    """What one line costs, counted from ``begin`` to ``end``.

    Attributes:
        encodings: how often it was encoded, by wire.
        sends: how often something was handed to a socket.
        steps: how often a task had its turn.
        tasks: how many tasks there are more than before.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.encodings: Counter[str] = Counter()
        self.sends = self.steps = self.tasks = 0
        self._is_on = False
        self._patch = monkeypatch
        self._steps = Steps()
        make = Peer.__init__

        def counting_peer(peer: Peer, accepted: trio.SocketStream) -> None:
            make(peer, accepted)
            send = peer.send_now

            def counted_send(data: bytes) -> int:
                self.sends += self._is_on
                return send(data)

            peer.send_now = counted_send

        monkeypatch.setattr(Peer, "__init__", counting_peer)

    def begin(self) -> None:
        """From now on."""
        to_json, to_text = frames.to_json, terminal.to_text

        def counted_json(event: Event) -> str:
            self.encodings["web"] += isinstance(event, Said)
            return to_json(event)

        def counted_text(event: Event, style: terminal.Style) -> str:
            self.encodings["telnet"] += isinstance(event, Said)
            return to_text(event, style)

        self._patch.setattr(frames, "to_json", counted_json)
        self._patch.setattr(terminal, "to_text", counted_text)
        self._is_on = True
        self.tasks = -trio.lowlevel.current_statistics().tasks_living
        trio.lowlevel.add_instrument(self._steps)

    def end(self) -> None:
        """That was it."""
        self._is_on = False
        trio.lowlevel.remove_instrument(self._steps)
        self.steps = self._steps.count
        self.tasks += trio.lowlevel.current_statistics().tasks_living


@pytest.mark.parametrize(("count", "deaf"), [(10, 0), (200, 0), (200, 7)])
async def test_one_line_to_a_crowd_is_one_send_each_and_nothing_else_per_person(
    room: Bound, monkeypatch: pytest.MonkeyPatch, count: int, deaf: int
) -> None:
    """The scheduler's work does not grow with the crowd at all, nor with those who ignore it."""
    work = Work(monkeypatch)
    with silent_crowd(room, count) as crowd:
        async with at_terminal(room, "speaker") as speaker:
            await _everybody_is_here(speaker, count + 1)
            for number, person in enumerate(crowd[:deaf]):
                say(person, "/ignore speaker", by_web=number % 2 == 1)
            await trio.testing.wait_all_tasks_blocked(0.02)
            work.begin()
            await speaker.type("hello")
            await trio.testing.wait_all_tasks_blocked(0.02)
            work.end()

        assert work.encodings == {"web": 1, "telnet": 1}
        assert work.sends == count - deaf
        assert work.steps < 30
        assert work.tasks <= 0
        for number, person in enumerate(crowd):
            person.setblocking(False)
            assert (b"hello" in person.recv(1_000_000)) == (number >= deaf)


@pytest.mark.parametrize("count", [10, 100])
async def test_tls_costs_neither_an_encoding_nor_a_send_nor_a_turn_more(
    certfile: Path, trusting: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    """Three in four have it, and share the bytes of events with the fourth."""
    work = Work(monkeypatch)
    secure = a_room(UNLIMITED, certificate=Certificate(certfile), telnet_tls_port=0)
    async with secure as room, AsyncExitStack() as stack:
        crowd = []
        for number in range(count):
            doors = (room.telnet_port, room.telnet_tls_port, room.port, room.telnet_tls_port)
            context = trusting if number % 4 else None
            person = await connect(room, doors[number % 4], context)
            await stack.enter_async_context(person)
            line = f"p-{number}\r\n".encode()
            if number % 4 == 2:
                line = upgrade("Host: x", *HANDSHAKE) + frame(line.strip())
            await person.send_all(line)
            crowd.append(person)
        async with at_terminal(room, "speaker", trusting) as speaker:
            await _everybody_is_here(speaker, count + 1)
            work.begin()
            await speaker.type("hello")
            await trio.testing.wait_all_tasks_blocked(0.02)
            work.end()

        assert work.encodings == {"web": 1, "telnet": 1}
        assert work.sends == count
        assert work.steps < 30
        assert work.tasks <= 0
        for person in crowd:
            got = b""
            while b"hello" not in got:
                got += await person.receive_some()


async def _everybody_is_here(speaker: Terminal, count: int) -> None:
    while True:
        await speaker.type("/who")
        while " here: " not in (line := await speaker.line()):
            pass
        if line.startswith(f"<meta>: {count} here"):
            await trio.testing.wait_all_tasks_blocked(0.02)
            return
