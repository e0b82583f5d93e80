"""One Redis server, as a node needs it: deeds on the log (``redis.lua``), and reading it.

Knows how to reach it, and turns everything that can go wrong on the way into one error. Knows not
what entries are for.
"""

import logging
import os
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import anyio
import coredis
import trio
from coredis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    BusyLoadingError,
    NoScriptError,
    ReadOnlyError,
    RedisError,
    ResponseError,
    WrongTypeError,
)

from backend.journal.follower import Position, Record

ANSWER_SECONDS = 3.0
"""How long a server may take over something: then it is away."""

BLOCK_SECONDS = 1.0
"""How long a read waits for something to come."""

AT_ONCE = 500
"""Records in one answer: with the longest lines, about half a MB."""

CONNECTIONS = 3
"""One reads, one writes, one says that we are here. The smallest of hosted servers allow 20."""

_KEYS = [f"{{playroom}}:{name}" for name in ("log", "state", "nodes", "leases", "kept", "offers")]
_DEEDS = Path(__file__).with_name("redis.lua").read_text(encoding="utf-8")

_LOST = (
    *(RedisError, OSError),
    # Which coredis lets through, where a connection ends in the midst of TLS.
    *(anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError),
)

SILENT = "it does not answer"
LOST = "the connection was lost"
"""Which is also what comes of any other trouble, on the connections that end with it."""

_REASONS: dict[type[RedisError], str] = {
    AuthenticationError: "it wants another password",
    AuthorizationError: "its user may not do what a room does",
    BusyLoadingError: "it is still loading its data",
    ReadOnlyError: "it is a replica, and takes no writes",
    WrongTypeError: "a key of the room's is something else",
}

_BEGINNINGS = {
    "OOM": "its memory is full",
    "MISCONF": "it cannot write to its disk",
    "max number of clients": "it takes no more connections",
    "user_script:": "what it has of the room is damaged",  # and the script came upon it
}
"""Of answers for which the library has no error of their own."""

# It logs tracebacks of what it raises as well; we say what there is to say.
logging.getLogger("coredis").addHandler(logging.NullHandler())
logging.getLogger("coredis").propagate = False


class AwayError(Exception):
    """The server cannot be reached, or does not do what it should; ``str(error)`` says why."""


class Server:
    """A connected server; see ``connect``."""

    def __init__(self, client: "coredis.Redis[str]") -> None:
        self._client = client
        self._script = client.register_script(_DEEDS)

    async def do(self, deed: str, node: str, *arguments: str | int | float) -> list[str]:
        """One of the deeds; its answer.

        Raises:
            AwayError: whether it has been done is not known.
        """
        with _in_time(ANSWER_SECONDS):
            values = [deed, node, *map(str, arguments)]
            try:
                answer: Any = await self._client.evalsha(self._script.sha, _KEYS, values)
            except NoScriptError:
                answer = await self._client.eval(_DEEDS, _KEYS, values)
        return [str(each) for each in answer]

    async def read(self, after: Position) -> list[Record]:
        """What comes behind a position, as soon as there is something; nothing after a while.

        Raises:
            AwayError: it could not be read, or is none of ours.
        """
        with _in_time(BLOCK_SECONDS + ANSWER_SECONDS):
            start = f"{after.life}-{after.number}"
            found = await self._client.xread(
                {_KEYS[0]: start}, count=AT_ONCE, block=int(BLOCK_SECONDS * 1000)
            )
        records = []
        for each in (found or {}).get(_KEYS[0], ()):
            record = _record(each.identifier, each.field_values)
            if record is None:
                break
            records.append(record)
        if found and not records:
            raise AwayError("there is something in its log that no room has written")
        return records


def _record(identifier: Any, fields: Any) -> Record | None:
    """None for what is none of ours."""
    life, number = str(identifier).split("-")
    try:
        after, node, seq, text = (fields[name] for name in ("after", "node", "seq", "e"))
    except KeyError:
        return None
    return Record(int(life), int(number), after, node, seq, text)


@asynccontextmanager
async def connect(url: str) -> AsyncIterator[Server]:
    """A server, for as long as the block lasts.

    Raises:
        AwayError: something is wrong with it; in an exception group.
    """
    try:
        client = coredis.Redis.from_url(
            url,
            decode_responses=True,
            decode_components=True,
            max_connections=CONNECTIONS,
            connect_timeout=ANSWER_SECONDS,
            retry_policy=coredis.retry.NoRetryPolicy(),
            **_tls(url),
        )
    except (ValueError, TypeError, RedisError):  # whose text may have the password in it
        raise AwayError("its URL cannot be used") from None
    try:
        async with client:
            yield Server(client)
    except* _LOST as group:
        raise AwayError(_why(group)) from group


def _tls(url: str) -> dict[str, Any]:
    """The library's own checks a certificate, but not whose it is."""
    parts = urlsplit(url)
    if parts.scheme != "rediss":
        return {}
    wanted = parse_qs(parts.query)
    try:
        context = ssl.create_default_context(cafile=wanted.get("ssl_ca_certs", [None])[0])
    except OSError as error:
        raise AwayError(f"its ssl_ca_certs cannot be used: {_why(error)}") from error
    if wanted.get("ssl_cert_reqs") == ["none"]:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return {"ssl_context": context}


@contextmanager
def _in_time(seconds: float) -> Iterator[None]:
    try:
        with trio.move_on_after(seconds) as patience:
            yield
    except _LOST as error:  # which is also what the library makes of being cancelled
        raise AwayError(SILENT if patience.cancel_called else _why(error)) from error
    if patience.cancelled_caught:
        raise AwayError(SILENT)


def _why(error: BaseException) -> str:
    """The innermost reason there is a text for."""
    while True:
        inner = error.exceptions[0] if isinstance(error, BaseExceptionGroup) else error.__cause__
        for kind, reason in _REASONS.items():
            if isinstance(error, kind):
                return reason
        if isinstance(error, ssl.SSLCertVerificationError):
            return f"its certificate is not to be trusted: {error.verify_message}"
        if inner is None:
            break
        error = inner
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {error.reason or error}"
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno) if error.errno > 0 else str(error.strerror)
    if isinstance(error, TimeoutError):
        return SILENT
    text = str(error)
    for beginning, reason in _BEGINNINGS.items():
        if text.startswith(beginning):
            return reason
    # Where in our script it happened is nothing to people.
    return text.partition(" script:")[0] if isinstance(error, ResponseError) else LOST
