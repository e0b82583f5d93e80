"""The chat server of a Trio tutorial: a task per person, ``await send_all`` to one after another.

``python tutorial.py PORT [--quiet]``. A person who stops reading stops the room.
"""

import sys
from collections.abc import AsyncIterator

import trio

quiet = "--quiet" in sys.argv
people: dict[str, trio.SocketStream] = {}
speaking = trio.Lock()  # a stream takes one sender at a time


async def tell(text: str, but: str) -> None:
    """Send a line to everybody else."""
    data = text.encode() + b"\r\n"
    async with speaking:
        for name, stream in list(people.items()):
            if name != but:
                await stream.send_all(data)


async def lines(stream: trio.SocketStream) -> AsyncIterator[str]:
    """Whole lines, as they come."""
    buffer = b""
    async for data in stream:
        *whole, buffer = (buffer + data).split(b"\n")
        for line in whole:
            yield line.decode().rstrip("\r")


async def handle(stream: trio.SocketStream) -> None:
    """One person, from prompt to goodbye."""
    stream.setsockopt(trio.socket.IPPROTO_TCP, trio.socket.TCP_NODELAY, 1)
    name = ""
    try:
        await stream.send_all(b"<meta>: Please enter username: ")
        async for line in lines(stream):
            if name:
                await tell(f"<{name}> : {line}", but=name)
            elif line in people:
                await stream.send_all(b"<meta>: Username taken. Please enter another: ")
            else:
                name = line
                if not quiet:
                    await tell(f"<meta>: {name} joined.", but=name)
                async with speaking:
                    people[name] = stream
                    await stream.send_all(f"<meta>: Welcome {name}.\r\n".encode())
    except trio.BrokenResourceError:
        pass
    finally:
        people.pop(name, None)


async def main() -> None:
    """Listen for ever."""
    await trio.serve_tcp(handle, int(sys.argv[1]), host="127.0.0.1", backlog=4096)


if __name__ == "__main__":
    trio.run(main)
