"""The way into TLS, for every door: a handshake, bounded in time, in the visitor's own task.

Knows what TLS begins with, and neither telnet nor HTTP.
"""

import trio

from backend.certificate import Certificate
from backend.logs import About
from backend.net.newcomers import Newcomers
from backend.net.peer import Peer
from backend.net.secure_peer import SecurePeer

HANDSHAKE_SECONDS = 10.0
"""How long it may take; on a bad phone connection it is two seconds."""

_HANDSHAKE = b"\x16"
"""The first byte of every TLS connection: the record's type (RFC 8446, 5.1)."""


class NoTlsError(Exception):
    """It came to no TLS, and the connection is of no use."""


class Tls:
    """Makes connections secure.

    Args:
        certificate: what to show.
    """

    def __init__(self, certificate: Certificate) -> None:
        self._certificate = certificate
        self._newcomers = Newcomers()

    async def secure(self, peer: Peer, otherwise: bytes) -> SecurePeer:
        """The same connection, with TLS on it.

        Args:
            peer: an accepted connection.
            otherwise: what to tell, in plain, somebody who does not begin with TLS.

        Raises:
            NoTlsError: there can be none; the peer has been told, and the log.
        """
        first, why = b"", "too slow"
        with self._newcomers.wait(HANDSHAKE_SECONDS):
            try:
                first = await peer.receive()
                if first.startswith(_HANDSHAKE):
                    secured = SecurePeer(peer, self._certificate.context, first)
                    await secured.shake_hands()
                    return secured
                why = "it speaks something else" if first else "it hung up"
            except (OSError, trio.BrokenResourceError) as error:
                why = getattr(error, "reason", None) or "it hung up"
        About(peer.id).info("refused: no TLS (%s)", why)
        await (peer.hang_up() if first.startswith(_HANDSHAKE) else peer.say(otherwise))
        raise NoTlsError

    def close(self) -> None:
        """Wait no longer for those who have not come in yet."""
        self._newcomers.close()
