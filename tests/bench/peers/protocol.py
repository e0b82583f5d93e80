"""A chat server of asyncio protocols: callbacks, and ``transport.write`` to one after another.

``python protocol.py PORT [--uvloop] [--quiet]``: on the standard library's loop, or on uvloop's.
"""

# mypy: ignore-errors
# What it imports need not be installed where this is checked.

import asyncio
import sys

quiet = "--quiet" in sys.argv
people: dict[str, "Person"] = {}


class Person(asyncio.Protocol):
    """One connection."""

    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Ask for a name."""
        self.transport = transport
        self.name = ""
        self.buffer = b""
        transport.write(b"<meta>: Please enter username: ")

    def data_received(self, data: bytes) -> None:
        """Take the whole lines."""
        *lines, self.buffer = (self.buffer + data).split(b"\n")
        for line in lines:
            self.heard(line.decode().rstrip("\r"))

    def heard(self, line: str) -> None:
        """Take one line."""
        if self.name:
            self.tell(f"<{self.name}> : {line}")
        elif line in people:
            self.transport.write(b"<meta>: Username taken. Please enter another: ")
        else:
            self.name = line
            people[line] = self
            self.transport.write(f"<meta>: Welcome {line}.\r\n".encode())
            if not quiet:
                self.tell(f"<meta>: {line} joined.")

    def tell(self, text: str) -> None:
        """Send a line to everybody else."""
        data = text.encode() + b"\r\n"
        for person in people.values():
            if person is not self:
                person.transport.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the name."""
        people.pop(self.name, None)


async def serve() -> None:
    """Listen for ever."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Person, "127.0.0.1", int(sys.argv[1]), backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    if "--uvloop" in sys.argv:
        import uvloop

        uvloop.run(serve())
    else:
        asyncio.run(serve())
