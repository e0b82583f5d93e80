"""The PROXY protocol, sans-I/O: what a proxy says of a connection, ahead of it; an address out.

Versions 1 (a line of text) and 2 (binary) of HAProxy's specification, ``doc/proxy-protocol.txt`` in
its source. What comes behind a header is for others to read, TLS among them: so a header says how
much may be read without a byte of that. Knows no socket, and not whether a proxy is to be believed.
"""

import re
import struct
from ipaddress import IPv4Address, IPv6Address

MAX_LINE = 107
"""Longest line, with its CR LF, that there can be (2.1)."""

MAX_REST = 4 * 1024
"""Most bytes that may follow the fixed part of version 2: two paths of unix sockets are 216, and
what a proxy may add, such as the name in a client's certificate, is some hundreds."""

_LINE = b"PROXY "
_SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"

_MIN_BYTES = len(b"PROXY UNKNOWN\r\n")
"""Shortest header of either version, so that this much can be read of any."""

_FIXED = struct.Struct("!12xBBH")
"""The beginning of version 2: signature, version and command, kind of addresses, bytes to come."""

_LOCAL, _PROXY = 0x20, 0x21
"""Version 2, and for whom the proxy has connected: for itself, or for a client."""

_LAST_FAMILY, _LAST_TRANSPORT = 3, 2
"""What there is beside TCP over IP: datagrams, unix sockets, and what has no name."""

_BY_LINE = {"TCP4": IPv4Address, "TCP6": IPv6Address}
_BY_KIND = {0x11: (IPv4Address, 4), 0x21: (IPv6Address, 16)}
"""TCP over IP, in either version: what makes an address, and how many bytes it has."""

_TOLD = re.compile(
    r"PROXY (TCP[46]) ([\da-fA-F.:]+) ([\da-fA-F.:]+) (0|[1-9]\d{0,4}) (0|[1-9]\d{0,4})",
    re.ASCII,
)

_MAX_PORT = 65_535
_PORTS = 4
"""Bytes of the two of them in version 2."""


class HeaderError(Exception):
    """That is no header; ``str(error)`` says why, for the log."""


class Header:
    """One header, while it comes in.

    Attributes:
        missing: how many bytes may be read next; 0 when the header is complete.
        address: the client's, then; None if the proxy tells none: it has connected for itself, or
            for somebody without an IP address.
    """

    __slots__ = ("_data", "address", "missing")

    def __init__(self) -> None:
        self._data = b""
        self.missing = _MIN_BYTES
        self.address: str | None = None

    def feed(self, data: bytes) -> None:
        """Take the next bytes, at most ``missing``; none at the end of all that comes.

        Raises:
            HeaderError: this is no header, whatever else may come.
        """
        if not data:
            raise HeaderError("it hung up")
        self._data += data
        if _begins(self._data, _LINE):
            self._read_line()
        elif _begins(self._data, _SIGNATURE):
            self._read_binary()
        else:
            raise HeaderError("it speaks something else")

    def _read_line(self) -> None:
        line, end, _ = self._data.partition(b"\r\n")
        if b"\n" in line or b"\r" in (line if end else line[:-1]):
            raise HeaderError("its line has another end than CR LF")
        if end:
            self.missing, self.address = 0, _told_by_line(line.decode("latin-1"))
            return
        # How long the line is, only its end tells; but that CR LF is still to come is known.
        self.missing = max(_MIN_BYTES - len(line), 1 if line.endswith(b"\r") else 2)
        if len(line) + self.missing > MAX_LINE:
            raise HeaderError("its line is too long")

    def _read_binary(self) -> None:
        data = self._data
        if len(data) < _FIXED.size:
            self.missing = _FIXED.size - len(data)
            return
        command, kind, rest = _FIXED.unpack_from(data)
        if command not in (_LOCAL, _PROXY):
            raise HeaderError("its version or command is unknown")
        if rest > MAX_REST:
            raise HeaderError("it is too long")
        self.missing = _FIXED.size + rest - len(data)
        if not self.missing and command == _PROXY:
            self.address = _told_by_binary(kind, data[_FIXED.size :])


def _begins(data: bytes, start: bytes) -> bool:
    """Whether data begins like that, as far as there is any."""
    return data[: len(start)] == start[: len(data)]


def _told_by_line(line: str) -> str | None:
    if line.split(" ")[1] == "UNKNOWN":
        return None
    told = _TOLD.fullmatch(line)
    if told is None or max(int(port) for port in told.groups()[3:]) > _MAX_PORT:
        raise HeaderError("its line makes no sense")
    make = _BY_LINE[told[1]]
    try:
        source, _ = make(told[2]), make(told[3])
    except ValueError:
        raise HeaderError("its addresses are none") from None
    return str(source)


def _told_by_binary(kind: int, rest: bytes) -> str | None:
    """The first of the addresses; whatever stands behind them is passed over."""
    family, transport = divmod(kind, 16)
    if family > _LAST_FAMILY or transport > _LAST_TRANSPORT:
        raise HeaderError("its addresses are of an unknown kind")
    if kind not in _BY_KIND:
        return None
    make, size = _BY_KIND[kind]
    if len(rest) < 2 * size + _PORTS:
        raise HeaderError("it is too short for its addresses")
    return str(make(rest[:size]))
