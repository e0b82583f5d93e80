"""A client that is a process: ``python -m tests.chaos.reader HOST PORT ROOM NICK``.

Joins, and copies what it reads to its stdout. It has ROOM for so many bytes unread.
"""

import socket
import sys


def main(host: str, port: str, room: str, nick: str) -> None:
    """Read until the connection ends."""
    with socket.socket() as plug:
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, int(room))
        plug.connect((host, int(port)))
        plug.sendall(nick.encode() + b"\r\n")
        while data := plug.recv(4_096):
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
