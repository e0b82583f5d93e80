"""What people call a room by, and where its telnet websocket is then.

Pure: knows nothing of how to get there.
"""

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}

_PATH = "/telnet"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a telnet websocket is.

    Attributes:
        is_secure: whether TLS is spoken there.
        host: a name or an IP address, without brackets.
        port: the TCP port.
        path: what to ask for.
    """

    is_secure: bool
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """Host and port as HTTP writes them; the port only if it is not the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = 443 if self.is_secure else 80
        return host if self.port == usual else f"{host}:{self.port}"

    @property
    def host_and_port(self) -> str:
        """The same, always with the port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def __str__(self) -> str:
        scheme = "wss" if self.is_secure else "ws"
        return f"{scheme}://{self.authority}{self.path}"


def parse(url: str) -> Address:
    """The telnet websocket of the room at ``url``.

    Args:
        url: what the page is opened by, or the websocket's own address. A path is where the room
            begins, for one that is not at the top of its host.

    Raises:
        ValueError: that is no such address; the message is for people.
    """
    wrong = ValueError(f"{url!r} is no address of a room, such as https://chat.example")
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna").decode()
        port = parts.port
    except ValueError:  # of which UnicodeError is one
        raise wrong from None
    if parts.scheme not in _PORTS or not host or port == 0 or "@" in parts.netloc:
        raise wrong
    prefix = quote(parts.path.rstrip("/").removesuffix(_PATH), safe="/%:@!$&'()*+,;=~")
    is_secure = parts.scheme in ("https", "wss")
    return Address(is_secure, host, port or _PORTS[parts.scheme], prefix + _PATH)


def parse_proxy(url: str) -> tuple[Address, str | None]:
    """An HTTP proxy, and the name and password to give there, as ``name:password``.

    Raises:
        ValueError: it is no HTTP proxy; the message is for people, and shows no password.
    """
    parts = urlsplit(url if "://" in url else f"http://{url}")
    try:
        if parts.scheme == "http" and parts.hostname:
            login, at, _ = parts.netloc.rpartition("@")
            return Address(False, parts.hostname, parts.port or 80, ""), login if at else None
    except ValueError:
        pass
    raise ValueError("the proxy in the environment is none that speaks plain HTTP")
