"""Getting through to a room: by name, by proxy, by TLS, to an open websocket.

Whatever goes wrong on the way is one sentence for people. Knows nothing of telnet.
"""

import base64
import socket
import ssl
import urllib.request
from http import HTTPStatus
from urllib.parse import unquote

import h11
import trio

from backend.bridge.address import Address, parse_proxy
from backend.bridge.websocket import RejectedError, Websocket

CONNECT_SECONDS = 30.0
"""How long everything may take until the websocket is open: a sleeping dyno's whole start."""

BUSY = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)


class CannotReachError(Exception):
    """There is no getting through; ``str(error)`` says why.

    Attributes:
        is_final: whether it makes no sense to try again.
    """

    def __init__(self, why: str, is_final: bool = False) -> None:
        super().__init__(why)
        self.is_final = is_final


async def dial(address: Address) -> Websocket:
    """An open websocket to this address.

    By the proxy that ``HTTPS_PROXY`` or ``HTTP_PROXY`` names (``NO_PROXY`` is respected), or else
    directly, by the quickest of the host's addresses (RFC 8305).

    Raises:
        CannotReachError: there is none.
    """
    try:
        with trio.fail_after(CONNECT_SECONDS):
            stream = await _connect(address)
            try:
                return await _open(address, stream)
            except BaseException:
                await trio.aclose_forcefully(stream)
                raise
    except trio.TooSlowError:
        raise CannotReachError(f"the server at {address.host} does not answer") from None


async def _connect(address: Address) -> trio.abc.Stream:
    proxy = _proxy_for(address)
    if proxy is None:
        return await _connect_tcp(address)
    try:
        gate, login = parse_proxy(proxy)
    except ValueError as error:
        raise CannotReachError(str(error), is_final=True) from None
    try:
        stream = await _connect_tcp(gate)
    except CannotReachError as error:
        raise CannotReachError(f"the proxy cannot be reached: {error}") from None
    return await _ask_proxy(stream, address, login)


def _proxy_for(address: Address) -> str | None:
    if urllib.request.proxy_bypass(address.host_and_port):
        return None
    return urllib.request.getproxies().get("https" if address.is_secure else "http")


async def _connect_tcp(address: Address) -> trio.SocketStream:
    try:
        return await trio.open_tcp_stream(address.host, address.port)
    except (socket.gaierror, UnicodeError):
        raise CannotReachError(f"there is no host named {address.host}") from None
    except OSError as error:
        reasons = error.__cause__.exceptions if isinstance(error.__cause__, ExceptionGroup) else ()
        if reasons and all(isinstance(reason, ConnectionRefusedError) for reason in reasons):
            raise CannotReachError(
                f"the server at {address.host_and_port} refuses connections"
            ) from None
        told = (reason.strerror for reason in reasons if isinstance(reason, OSError))
        why = next(filter(None, told), "it cannot be reached")
        raise CannotReachError(f"{address.host_and_port}: {why}") from None


async def _ask_proxy(
    stream: trio.SocketStream, address: Address, login: str | None
) -> trio.SocketStream:
    """Have a proxy connect us (RFC 9110, 9.3.6)."""
    client = h11.Connection(h11.CLIENT)
    headers = [("Host", address.host_and_port)]
    if login is not None:
        token = base64.b64encode(unquote(login).encode()).decode()
        headers.append(("Proxy-Authorization", f"Basic {token}"))
    ask = h11.Request(method="CONNECT", target=address.host_and_port, headers=headers)
    try:
        await stream.send_all((client.send(ask) or b"") + (client.send(h11.EndOfMessage()) or b""))
        while (event := client.next_event()) is h11.NEED_DATA:
            client.receive_data(await stream.receive_some())
        if isinstance(event, h11.Response) and event.status_code // 100 == 2:
            return stream
        why = f"the proxy answers {getattr(event, 'status_code', 'nothing')}"
    except (h11.ProtocolError, trio.BrokenResourceError):
        why = "the proxy speaks no HTTP, or has hung up"
    except BaseException:
        await trio.aclose_forcefully(stream)
        raise
    await trio.aclose_forcefully(stream)
    raise CannotReachError(why)


async def _open(address: Address, stream: trio.abc.Stream) -> Websocket:
    if address.is_secure:
        stream = await _secure(address, stream)
    websocket = Websocket(stream)
    try:
        await websocket.open(address.authority, address.path)
    except RejectedError as answer:
        raise _explain(address, answer) from None
    return websocket


async def _secure(address: Address, stream: trio.abc.Stream) -> trio.abc.Stream:
    context = ssl.create_default_context()
    secure = trio.SSLStream(stream, context, server_hostname=address.host, https_compatible=True)
    try:
        await secure.do_handshake()
    except trio.BrokenResourceError as error:
        match error.__cause__:
            case ssl.SSLCertVerificationError() as bad:
                why = f"the certificate of {address.host} is not valid: {bad.verify_message}"
                raise CannotReachError(why, is_final=True) from None
            case ssl.SSLError():
                why = (
                    f"the server at {address.host_and_port} does not speak TLS (or is it http:// ?)"
                )
                raise CannotReachError(why, is_final=True) from None
        raise CannotReachError(f"the server at {address.host_and_port} hung up") from None
    return secure


def _explain(address: Address, answer: RejectedError) -> CannotReachError:
    status = answer.status
    if status in BUSY:
        return CannotReachError(f"the server at {address.host} is busy ({status})")
    # While there is nothing behind them, as in a restart, routers say so in many ways.
    if status == HTTPStatus.REQUEST_TIMEOUT or (status or 0) >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return CannotReachError(f"the server at {address.host} is in trouble ({status})")
    if status is None:
        return CannotReachError(f"there is no playroom at {address}")
    if answer.location:
        where = "".join(c for c in answer.location if c.isprintable())
        why = f"there is no playroom at {address}, which sends us to {where}"
    else:
        hint = "" if address.is_secure or status != HTTPStatus.BAD_REQUEST else "; is it https:// ?"
        why = f"there is no playroom at {address} (it answers {status}{hint})"
    return CannotReachError(why, is_final=True)
