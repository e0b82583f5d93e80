"""A chat server of Twisted's ``LineReceiver``.

``python twisted_lines.py PORT [--quiet]``, on Twisted's epoll reactor.
"""

# mypy: ignore-errors
# What it imports need not be installed where this is checked.

import sys

from twisted.internet import epollreactor

epollreactor.install()

from twisted.internet import protocol, reactor  # noqa: E402
from twisted.protocols.basic import LineReceiver  # noqa: E402

quiet = "--quiet" in sys.argv
people: dict[bytes, "Person"] = {}


class Person(LineReceiver):
    """One connection."""

    name = b""

    def connectionMade(self) -> None:  # noqa: N802
        """Ask for a name."""
        self.transport.setTcpNoDelay(True)
        self.transport.write(b"<meta>: Please enter username: ")

    def lineReceived(self, line: bytes) -> None:  # noqa: N802
        """Take one line."""
        if self.name:
            self.tell(b"<" + self.name + b"> : " + line)
        elif line in people:
            self.transport.write(b"<meta>: Username taken. Please enter another: ")
        else:
            self.name = line
            people[line] = self
            self.sendLine(b"<meta>: Welcome " + line + b".")
            if not quiet:
                self.tell(b"<meta>: " + line + b" joined.")

    def tell(self, text: bytes) -> None:
        """Send a line to everybody else."""
        data = text + b"\r\n"
        for person in people.values():
            if person is not self:
                person.transport.write(data)

    def connectionLost(self, reason: object = None) -> None:  # noqa: N802
        """Forget the name."""
        people.pop(self.name, None)


if __name__ == "__main__":
    factory = protocol.ServerFactory.forProtocol(Person)
    reactor.listenTCP(int(sys.argv[1]), factory, backlog=4096, interface="127.0.0.1")
    reactor.run()
