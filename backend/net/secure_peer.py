"""A peer that speaks TLS: over the same socket, by the standard library's OpenSSL.

Sans-I/O: OpenSSL reads ciphertext from one buffer in memory and writes it into another, so that
mail can be sent without waiting here, too. Knows bytes, and not what they mean.
"""

import ssl
from contextlib import suppress

import trio

from backend.net.peer import READ_BYTES, Peer

RECORD_BYTES = 16 * 1024
"""Plaintext of the largest record (RFC 8446, 5.1), and so what counts as progress: a peer that
takes this much within the stall time is alive."""

MAX_OVERHEAD = 2 * RECORD_BYTES
"""Ciphertext that may come without a word in it, or be kept for a peer that reads nothing: more
than a record and all that TLS says for itself, and a bound on what a peer can make it say."""


class SecurePeer(Peer):
    """The public socket of one connection, with TLS on it.

    A record that the socket has not taken whole is kept, and its plaintext does not count as taken
    yet: so whoever writes knows that there is more to send, waits for it and gives up on it just
    as without TLS, and comes again with the same bytes; these are not encrypted a second time.

    Args:
        plain: the peer until now, whose socket this one takes over.
        context: our certificate.
        first: what has been read from it.
    """

    __slots__ = (
        *("_has_ended", "_incoming", "_outgoing", "_overhead", "_send", "_tls", "_under_way"),
        "_unsent",
    )

    def __init__(self, plain: Peer, context: ssl.SSLContext, first: bytes) -> None:
        self._socket = plain._socket
        self.id = plain.id
        self.address = plain.address
        self._send = plain.send_now
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._unsent = b""  # ciphertext
        self._under_way = 0  # bytes of plaintext in it
        self._overhead = 0  # bytes of ciphertext since there was a word
        self._has_ended = False
        self._incoming.write(first)

    async def shake_hands(self) -> None:
        """Agree on keys.

        Raises OSError (of which ssl.SSLError is one) or trio.BrokenResourceError.
        """
        try:
            while not self._has_agreed():
                while not self._push_out():
                    await trio.lowlevel.wait_writable(self._socket)
                await self._take_in()
        finally:
            self._answer()

    def _has_agreed(self) -> bool:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    async def receive(self, most: int = READ_BYTES) -> bytes:
        """The next bytes, so many at most; empty when the peer has said that these were all.

        Raises trio.BrokenResourceError or trio.ClosedResourceError.
        """
        while True:
            if self._has_ended or self._tls.pending() or self._incoming.pending:
                await trio.lowlevel.checkpoint()
            else:
                await self._take_in()
            try:
                data = self._decrypt(most)
            except ssl.SSLError as error:
                raise trio.BrokenResourceError from error
            finally:
                self._answer()
            if data or self._has_ended:
                self._overhead = 0
                return data

    async def _take_in(self) -> None:
        data = await super().receive()
        self._overhead += len(data)
        # An end that TLS does not tell of may be anybody's doing on the way.
        if not data or max(self._overhead, len(self._unsent)) > MAX_OVERHEAD:
            raise trio.BrokenResourceError
        self._incoming.write(data)

    def _decrypt(self, most: int) -> bytes:
        """What is there, of as many records as it is in, but no more than without TLS."""
        data = b""
        with suppress(ssl.SSLWantReadError):
            while len(data) < most and not self._has_ended:
                more = self._tls.read(most - len(data))
                self._has_ended = not more
                data += more
        return data

    def _answer(self) -> None:
        """Send what TLS itself has to say (an alert, a ticket), or leave it for the next mail."""
        with suppress(OSError):  # which is for whoever writes to learn
            self._push_out()

    def send_now(self, data: bytes) -> int:
        """Encrypt and write without blocking; see ``sink.Sink``."""
        taken = 0
        while self._push_out():
            taken += self._under_way
            self._under_way = 0
            if taken >= len(data):
                break
            self._under_way = self._tls.write(data[taken : taken + RECORD_BYTES])
        return taken

    def _push_out(self) -> bool:
        """Write what is encrypted; whether the socket has taken all of it."""
        self._unsent += self._outgoing.read()
        if self._unsent:
            with suppress(BlockingIOError):
                self._unsent = self._unsent[self._send(self._unsent) :]
        return not self._unsent

    async def hang_up(self) -> None:
        """Say that this was all, and hang up as ``Peer`` does."""
        with suppress(OSError):
            # If it was not, or there is no room to say so, TLS must not say it.
            if self._push_out() and not self._under_way:
                with suppress(ssl.SSLError):  # it would like to read the answer
                    self._tls.unwrap()
                self._push_out()
        await super().hang_up()
