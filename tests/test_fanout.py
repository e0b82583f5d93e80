"""What a fan-out does, counted: one encoding per wire, one send per person, no task per person.

How long that takes is the benchmark's business (``python -m tests.bench``).
"""

import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
import trio
import trio.testing

from backend.app import Bound
from backend.net.peer import Peer
from backend.room.events import Event, Said
from backend.wire import frames, terminal
from tests.talkers import HANDSHAKE, Terminal, at_terminal, upgrade


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


def say(person: socket.socket, line: str, *, by_web: bool) -> None:
    """One of the crowd sends a line."""
    if by_web:
        person.sendall(b"\x81" + bytes([0x80 + len(line)]) + b"\0\0\0\0" + line.encode())
    else:
        person.sendall(line.encode() + b"\r\n")


@pytest.mark.parametrize(("count", "deaf"), [(10, 0), (200, 0), (200, 7)])
async def test_one_line_to_a_crowd_is_one_send_each_and_nothing_else_per_person(
    room: Bound, monkeypatch: pytest.MonkeyPatch, count: int, deaf: int
) -> None:
    """The scheduler's work does not grow with the crowd at all, nor with those who ignore it."""
    encodings: Counter[str] = Counter()
    sends = 0
    to_json, to_text, make = frames.to_json, terminal.to_text, Peer.__init__

    def counted_json(event: Event) -> str:
        encodings["web"] += isinstance(event, Said)
        return to_json(event)

    def counted_text(event: Event, style: terminal.Style) -> str:
        encodings["telnet"] += isinstance(event, Said)
        return to_text(event, style)

    def counting_peer(peer: Peer, accepted: trio.SocketStream) -> None:
        make(peer, accepted)
        send = peer.send_now

        def counted_send(data: bytes) -> int:
            nonlocal sends
            sends += b"hello" in data
            return send(data)

        peer.send_now = counted_send

    monkeypatch.setattr(Peer, "__init__", counting_peer)
    with silent_crowd(room, count) as crowd:
        async with at_terminal(room, "speaker") as speaker:
            await _everybody_is_here(speaker, count + 1)
            for number, person in enumerate(crowd[:deaf]):
                say(person, "/ignore speaker", by_web=number % 2 == 1)
            await trio.testing.wait_all_tasks_blocked(0.02)
            monkeypatch.setattr(frames, "to_json", counted_json)
            monkeypatch.setattr(terminal, "to_text", counted_text)
            tasks = trio.lowlevel.current_statistics().tasks_living
            steps = Steps()
            trio.lowlevel.add_instrument(steps)
            await speaker.type("hello")
            await trio.testing.wait_all_tasks_blocked(0.02)
            trio.lowlevel.remove_instrument(steps)

        assert encodings == {"web": 1, "telnet": 1}
        assert sends == count - deaf
        assert steps.count < 30
        assert trio.lowlevel.current_statistics().tasks_living <= tasks
        for number, person in enumerate(crowd):
            person.setblocking(False)
            assert (b"hello" in person.recv(1_000_000)) == (number >= deaf)


async def _everybody_is_here(speaker: Terminal, count: int) -> None:
    while True:
        await speaker.type("/who")
        while " here: " not in (line := await speaker.line()):
            pass
        if line.startswith(f"<meta>: {count} here"):
            await trio.testing.wait_all_tasks_blocked(0.02)
            return
