"""The load generator where there is no C compiler: ``load.c``'s commands, at Python's speed.

Its members share one process and one epoll, too; but it is slower than the faster servers, and the
benchmark says so whenever it is used. Needs nothing but the standard library.
"""

import json
import select
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

MARK = b"^"
KEY = b"\x12\x34\x56\x78"
SHAKE = (
    b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
PER_ADDRESS = 20_000
"""Connections from one loopback address to one port, before the next address is used."""

Counts = dict[str, object]


def frame(opcode: int, payload: bytes) -> bytes:
    """A client's frame (RFC 6455, 5.2): masked."""
    size = len(payload)
    long = size > 125
    head = bytes((0x80 | opcode, 0x80 | (126 if long else size)))
    masked = bytes(byte ^ KEY[at % 4] for at, byte in enumerate(payload))
    return head + (size.to_bytes(2, "big") if long else b"") + KEY + masked


@dataclass(eq=False)
class Member:
    """One connection; what it ``awaits`` is empty once it is in."""

    socket: socket.socket
    is_web: bool
    name: bytes
    awaits: bytes = b""
    seen: bytes = b""
    marks: int = 0
    own: int = 0
    since: int = field(default_factory=time.monotonic_ns)
    welcomed: int = 0
    is_stalled: bool = False

    def line(self, text: bytes) -> bytes:
        """A line as this member sends it."""
        return frame(1, text) if self.is_web else text + b"\r\n"


class Load:
    """All members, and what they have counted."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._by_number: dict[int, Member] = {}
        self._members: list[Member] = []
        self._total = self._bytes = self._idle = self._lost = self._evicted = self._joined = 0
        self._last_read = 0
        self.commands: dict[str, Callable[..., Counts]] = {
            "join": self.join,
            "quiet": self.quiet,
            "stall": self.stall,
            "pong": self.pong,
            "call": lambda *given: self.work("call", *given),
            "burst": lambda *given: self.work("burst", *given),
            "crowd": lambda *given: self.work("crowd", *given),
        }

    def join(self, door: str, port: str, count: str, window: str, rate: str, limit: str) -> Counts:
        """Bring members in."""
        begun, before, start = 0, self._joined, time.monotonic_ns()
        new: list[Member] = []
        while self._joined - before < int(count) and _ms_since(start) < int(limit):
            due = int(_ms_since(start) * int(rate) / 1000) + 1 if int(rate) else int(count)
            while begun < min(due, int(count), self._joined - before + int(window)):
                new.append(self._connect(door == "web", int(port), begun))
                begun += 1
            self._pump(0.001)
        times = [member.welcomed - member.since for member in new if member.welcomed]
        return {"joined": len(times), "lost": self._lost, "bytes": self._bytes, "times": times}

    def quiet(self, ms: str) -> Counts:
        """Wait until nothing has come for so long."""
        before, self._last_read = self._bytes, time.monotonic_ns()
        while _ms_since(self._last_read) < int(ms):
            self._pump(0.01)
        return {"bytes": self._bytes - before}

    def stall(self, count: str) -> Counts:
        """Let the last of them stop reading."""
        for _ in range(int(count)):
            member = self._members.pop()
            member.is_stalled = True
            member.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            self._epoll.modify(member.socket, 0)
        return {"active": len(self._members)}

    def pong(self) -> Counts:
        """Give a sign of life."""
        for member in self._members:
            if member.is_web:
                self._send(member, frame(10, b""))
        return {}

    def work(self, what: str, count: str, length: str, limit: str) -> Counts:
        """Say something, and count the copies."""
        text = b"hello" + b"x" * (int(length) - 6) + MARK
        for member in self._members:
            member.marks = member.own = 0
        self._total = self._idle = due = 0
        before, start, cpu = self._bytes, time.monotonic_ns(), time.process_time_ns()
        times: list[int] = []
        for number in range(1 if what == "burst" else int(count)):
            speaker = self._members[number * 7919 % len(self._members)]
            lines = int(count) if what == "burst" else 1
            mark = time.monotonic_ns()
            speaker.own += lines
            due += lines * (len(self._members) - (not speaker.is_web))
            self._send(speaker, speaker.line(text) * lines)
            if what == "call":
                self._await(due, mark, int(limit))
                times.append(time.monotonic_ns() - mark)
        self._await(due, time.monotonic_ns(), int(limit))
        wall = time.monotonic_ns() - start
        said = int(count)
        wrong = sum(m.marks != said - (0 if m.is_web else m.own) for m in self._members)
        return {
            "wall": wall, "cpu": time.process_time_ns() - cpu, "idle": self._idle,
            "bytes": self._bytes - before, "due": due, "came": self._total, "wrong": wrong,
            "lost": self._lost, "evicted": self._evicted, "times": times,
        }  # fmt: skip

    def _await(self, due: int, since: int, limit: int) -> None:
        while self._total < due and not self._lost and _ms_since(since) < limit:
            self._pump(0.001)

    def _connect(self, is_web: bool, port: int, number: int) -> Member:
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.bind((f"127.0.0.{1 + number // PER_ADDRESS}", 0))
        sock.connect(("127.0.0.1", port))
        sock.setblocking(False)
        member = Member(sock, is_web, b"m%05d" % len(self._by_number))
        self._by_number[sock.fileno()] = member
        self._members.append(member)
        self._epoll.register(sock, select.EPOLLIN)
        member.awaits = b"\r\n\r\n" if is_web else b"elcome"
        self._send(member, SHAKE if is_web else member.line(member.name))
        return member

    def _send(self, member: Member, data: bytes) -> None:
        while data:
            try:
                data = data[member.socket.send(data) :]
            except BlockingIOError:
                self._pump(0.001)

    def _pump(self, timeout: float) -> None:
        before = time.monotonic_ns()
        ready = self._epoll.poll(timeout)
        self._last_read = time.monotonic_ns() if ready else self._last_read
        self._idle += time.monotonic_ns() - before
        for number, _ in ready:
            self._read(self._by_number[number])

    def _read(self, member: Member) -> None:
        try:
            data = b"" if member.is_stalled else member.socket.recv(1 << 18)
        except ConnectionResetError:
            data = b""
        self._bytes += len(data)
        if not data:
            self._epoll.unregister(member.socket)
            self._lost += not member.is_stalled
            self._evicted += member.is_stalled
        elif not member.awaits:
            marks = data.count(MARK)
            member.marks += marks
            self._total += marks
        else:
            member.seen += data
            if member.awaits in member.seen:
                self._let_in(member)

    def _let_in(self, member: Member) -> None:
        if member.awaits == b"elcome":
            member.awaits, member.welcomed = b"", time.monotonic_ns()
            self._joined += 1
        else:
            member.awaits = b"elcome"
            self._send(member, member.line(member.name))
        member.seen = b""


def _ms_since(moment: int) -> float:
    return (time.monotonic_ns() - moment) / 1e6


def main() -> None:
    """Take commands until there are no more."""
    load = Load()
    for command in sys.stdin:
        what, *given = command.split()
        print(json.dumps(load.commands[what](*given)), flush=True)


if __name__ == "__main__":
    main()
