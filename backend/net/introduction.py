"""Who a connection is from, where a proxy in front says so ahead of it, by the PROXY protocol.

Knows how long that may take, and neither telnet nor TLS, which come after it.
"""

import trio

from backend.logs import About
from backend.net.doorkeeper import Doorkeeper
from backend.net.newcomers import Newcomers
from backend.net.peer import Peer
from backend.wire.proxy import Header, HeaderError

INTRODUCTION_SECONDS = 10.0
"""How long it may take: a proxy says it at once, but what it says may be lost and sent again."""


class NotIntroducedError(Exception):
    """Nobody has said who it is from, and the connection is of no use."""


class Introductions:
    """Has connections introduced.

    Args:
        doorkeeper: who counts those that are not.
    """

    def __init__(self, doorkeeper: Doorkeeper) -> None:
        self._doorkeeper = doorkeeper
        self._newcomers = Newcomers()

    async def address(self, peer: Peer, otherwise: bytes) -> str:
        """The address of whom the proxy speaks for; the proxy's own if it does for nobody.

        What comes behind its header is still to be read.

        Args:
            peer: an accepted connection.
            otherwise: what to tell somebody who came past the proxy.

        Raises:
            NotIntroducedError: there is no header; the peer has been told, and the log.
        """
        header, why = Header(), "too slow"
        with self._newcomers.wait(INTRODUCTION_SECONDS):
            try:
                while header.missing:
                    header.feed(await peer.receive(header.missing))
                return header.address or peer.address
            except HeaderError as error:
                why = str(error)
            except trio.BrokenResourceError:
                why = "it hung up"
        self._doorkeeper.turned_away("proxy")
        About(peer.id).info("refused: no PROXY header (%s)", why)
        await peer.say(otherwise)
        raise NotIntroducedError

    def close(self) -> None:
        """Wait no longer for those who have not been introduced yet."""
        self._newcomers.close()
