"""The header a proxy sends ahead of a connection, as HAProxy's specification has it."""

import socket
import struct
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from backend.wire.proxy import MAX_LINE, MAX_REST, Header, HeaderError

SIGNATURE = bytes.fromhex("0d0a0d0a000d0a515549540a")

LONGEST = b"ffff:" * 7 + b"ffff"
"""An IPv6 address, written out."""


def binary(kind: int, rest: bytes, command: int = 0x21) -> bytes:
    """A header of version 2."""
    return SIGNATURE + struct.pack("!BBH", command, kind, len(rest)) + rest


def ip(source: str, destination: str) -> bytes:
    """Two addresses and two ports, as version 2 has them."""
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    addresses = (socket.inet_pton(family, address) for address in (source, destination))
    return b"".join(addresses) + struct.pack("!HH", 51_234, 12_345)


IP4, IP6 = ip("198.51.100.7", "192.0.2.1"), ip("2001:db8::7", "2001:db8::1")

UNIX = b"/run/one".ljust(108, b"\0") + b"/run/other".ljust(108, b"\0")

TLVS = b"\x03\0\4\xde\xad\xbe\xef" + b"\x02\0\x0cchat.example" + b"\x20\0\x05\1\0\0\0\0"
"""A checksum, a name, and what TLS it was."""

TOLD = [
    (b"PROXY TCP4 198.51.100.7 192.0.2.1 51234 12345\r\n", "198.51.100.7"),
    (b"PROXY TCP4 1.1.1.1 1.1.1.1 0 0\r\n", "1.1.1.1"),
    (b"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255"),
    (b"PROXY TCP6 2001:db8::7 2001:db8::1 51234 12345\r\n", "2001:db8::7"),
    (b"PROXY TCP6 2001:DB8:0:0:0:0:0:7 ::1 51234 12345\r\n", "2001:db8::7"),
    (b"PROXY TCP6 %b %b 65535 65535\r\n" % (LONGEST, LONGEST), LONGEST.decode()),
    (b"PROXY UNKNOWN\r\n", None),
    (b"PROXY UNKNOWN \xff\0 whatever it is\r\n", None),
    (b"PROXY UNKNOWN %b %b 65535 65535\r\n" % (LONGEST, LONGEST), None),
    (binary(0x11, IP4), "198.51.100.7"),
    (binary(0x11, IP4 + TLVS), "198.51.100.7"),
    (binary(0x11, IP4.ljust(MAX_REST, b"\0")), "198.51.100.7"),
    (binary(0x21, IP6), "2001:db8::7"),
    (binary(0x21, IP6 + TLVS), "2001:db8::7"),
    (binary(0x31, UNIX), None),
    (binary(0x31, UNIX + TLVS), None),
    (binary(0x12, IP4), None),  # datagrams: not what this connection is
    (binary(0x00, b""), None),
    (binary(0x00, TLVS), None),
    (binary(0x00, b"", command=0x20), None),
    (binary(0x11, IP4, command=0x20), None),  # for itself: what it says of addresses is not meant
    (binary(0xFF, TLVS, command=0x20), None),
]
"""Headers, and whom they tell of."""

NONE = [
    (b"alice\r\n", "something else"),
    (b"\r\nalice\r\n", "something else"),
    (b"\x16\x03\x01\x02\0\1", "something else"),
    (b"GET / HTTP/1.1\r\n", "something else"),
    (b"proxy TCP4 198.51.100.7 192.0.2.1 51234 12345\r\n", "something else"),
    (b"PROXY\tTCP4 198.51.100.7 192.0.2.1 51234 12345\r\n", "something else"),
    (SIGNATURE[:-1] + b"\r" + binary(0x11, IP4)[12:], "something else"),
    (b"PROXY \r\n", "no sense"),
    (b"PROXY PROXY UNKNOWN\r\n", "no sense"),
    (b"PROXY UNKNOWNS\r\n", "no sense"),
    (b"PROXY  TCP4 198.51.100.7 192.0.2.1 51234 12345\r\n", "no sense"),
    (b"PROXY TCP5 198.51.100.7 192.0.2.1 51234 12345\r\n", "no sense"),
    (b"PROXY UDP4 198.51.100.7 192.0.2.1 51234 12345\r\n", "no sense"),
    (b"PROXY TCP4 198.51.100.7 192.0.2.1 51234\r\n", "no sense"),
    (b"PROXY TCP4 198.51.100.7 192.0.2.1 51234 12345 1\r\n", "no sense"),
    (b"PROXY TCP4 198.51.100.7 192.0.2.1 51234 12345 \r\n", "no sense"),
    (b"PROXY TCP4 198.51.100.7  192.0.2.1 51234 12345\r\n", "no sense"),
    (b"PROXY TCP4 198.51.100.7 192.0.2.1 65536 12345\r\n", "no sense"),
    (b"PROXY TCP4 198.51.100.7 192.0.2.1 51234 012345\r\n", "no sense"),
    (b"PROXY TCP4 198.51.100.7 192.0.2.1 51234 -1\r\n", "no sense"),
    (b"PROXY TCP4 198.51.100.7/8 192.0.2.1 51234 12345\r\n", "no sense"),
    (b"PROXY TCP4 198.51.100.\xb2 192.0.2.1 51234 12345\r\n", "no sense"),
    (b"PROXY TCP6 fe80::1%eth0 fe80::2 51234 12345\r\n", "no sense"),
    (b"PROXY TCP4 198.51.100.256 192.0.2.1 51234 12345\r\n", "addresses"),
    (b"PROXY TCP4 198.51.100.07 192.0.2.1 51234 12345\r\n", "addresses"),
    (b"PROXY TCP4 198.51.100.7 192.0.2 51234 12345\r\n", "addresses"),
    (b"PROXY TCP4 2001:db8::7 2001:db8::1 51234 12345\r\n", "addresses"),
    (b"PROXY TCP6 198.51.100.7 192.0.2.1 51234 12345\r\n", "addresses"),
    (b"PROXY TCP6 2001:db8:::7 2001:db8::1 51234 12345\r\n", "addresses"),
    (b"PROXY TCP4 198.51.100.7 192.0.2.1 51234 12345\n", "CR LF"),
    (b"PROXY TCP4 198.51.100.7 192.0.2.1 51234 12345\r\r\n", "CR LF"),
    (b"PROXY UNKNOWN a\nb\r\n", "CR LF"),
    (b"PROXY UNKNOWN " + b"x" * (MAX_LINE - 15) + b"\r\n", "too long"),
    (b"PROXY UNKNOWN " + b"x" * 1_000_000, "too long"),
    (binary(0x11, IP4, command=0x11), "version"),
    (binary(0x11, IP4, command=0x31), "version"),
    (binary(0x11, IP4, command=0x22), "version"),
    (binary(0x11, IP4 + bytes(MAX_REST)), "too long"),
    (binary(0x41, UNIX), "kind"),
    (binary(0x13, IP4), "kind"),
    (binary(0x11, IP4[:-1]), "too short"),
    (binary(0x21, IP4), "too short"),
    (binary(0x11, b""), "too short"),
]
"""What is no header, and a word of why."""

Chunks = st.lists(st.integers(1, 20), max_size=10)


def read(data: bytes, *sizes: int) -> tuple[Header, bytes]:
    """A header off a connection on which that comes, so much at a time; and what is left there."""
    header, taken = Header(), 0
    chunks = iter(sizes)
    while header.missing:
        count = min(header.missing, next(chunks, len(data)))
        header.feed(data[taken : taken + count])
        taken += min(count, len(data) - taken)
    return header, data[taken:]


@pytest.mark.parametrize(("data", "address"), TOLD)
@pytest.mark.parametrize(
    "tail", [b"", b"alice\r\n", b"\r\n", b"PROXY UNKNOWN\r\n", b"\x16\x03\x01"]
)
def test_a_header_tells_who_it_is_and_nothing_behind_it_is_touched(
    data: bytes, address: str | None, tail: bytes
) -> None:
    """Whole, byte by byte, and with a tail."""
    for sizes in ((), [1] * len(data)):
        header, left = read(data + tail, *sizes)
        assert header.address == address
        assert left == tail


@pytest.mark.parametrize(("data", "address"), TOLD)
def test_half_a_header_tells_nothing_yet(data: bytes, address: str | None) -> None:
    """However far it has come; and its end there is no header's."""
    header = Header()
    for at in range(len(data)):
        assert header.address is None
        assert 0 < header.missing <= len(data) - at
        with pytest.raises(HeaderError, match="hung up"):
            read(data[:at])
        header.feed(data[at : at + 1])
    assert header.missing == 0


@pytest.mark.parametrize(("data", "why"), NONE)
def test_what_is_no_header_is_refused(data: bytes, why: str) -> None:
    """With a word for the log: whole, byte by byte, and with a tail."""
    for sizes in ((), [1] * len(data)):
        for tail in (b"", b"alice\r\n"):
            with pytest.raises(HeaderError, match=why):
                read(data + tail, *sizes)


@pytest.mark.parametrize("data", [b"a", b"\x16", b"\xff", b"\r\na", b"PROXi", b"PROXY \n"])
def test_what_cannot_become_one_is_refused_at_once(data: bytes) -> None:
    """Somebody who types a name waits for no patience to end."""
    header = Header()
    for byte in data[:-1]:
        header.feed(bytes([byte]))
    with pytest.raises(HeaderError):
        header.feed(data[-1:])


def test_a_line_is_no_longer_than_can_be() -> None:
    """The longest one is taken, and no byte more is waited for."""
    header, left = read(b"PROXY UNKNOWN ".ljust(MAX_LINE - 2, b"x") + b"\r\nrest")
    assert (header.address, left) == (None, b"rest")
    header = Header()
    for byte in b"PROXY UNKNOWN ".ljust(MAX_LINE - 2, b"x"):
        header.feed(bytes([byte]))
    with pytest.raises(HeaderError, match="too long"):
        header.feed(b"x")


# --- and whatever else may come ---

WORDS = st.sampled_from(
    [
        *(
            b"PROXY ",
            b"PROXY TCP4 ",
            b"PROXY TCP6 ",
            b"PROXY UNKNOWN",
            b"1.2.3.4 ",
            b"::1 ",
            b"\r\n",
        ),
        *(
            b"12345 ",
            b"12345",
            b"0",
            b"\r",
            b"\n",
            b" ",
            SIGNATURE,
            b"\x21\x11\0\x0c",
            b"\x20\0\0\0",
        ),
        *(b"\x21\x21\0\x24", b"\x21\x31\0\xd8", b"\x21\x11\x10\0", IP4, IP6, TLVS),
    ]
)

ANYTHING = st.lists(WORDS | st.binary(max_size=40), max_size=12).map(b"".join)


@settings(deadline=None, max_examples=500)
@given(ANYTHING, Chunks, Chunks)
@example(b"PROXY a\nb\r\n", [1] * 20, [])
def test_any_bytes_are_a_header_or_not_however_they_are_cut(
    data: bytes, one: list[int], other: list[int]
) -> None:
    """There is one kind of error; what is kept is bounded, and what is left is the same."""

    def outcome(sizes: list[int]) -> object:
        try:
            header, left = read(data, *sizes)
        except HeaderError as error:
            return str(error)
        assert len(header._data) == len(data) - len(left) <= 16 + MAX_REST
        return header.address, left

    assert outcome(one) == outcome(other)


@settings(deadline=None)
@given(st.sampled_from([data for data, _ in TOLD]), st.binary(max_size=200), Chunks)
def test_nothing_behind_a_header_changes_it(data: bytes, tail: bytes, sizes: list[int]) -> None:
    """Nor is a byte of it taken."""
    header, left = read(data + tail, *sizes)
    assert left == tail
    assert header.address == dict(TOLD)[data]


@given(st.ip_addresses(), st.ip_addresses(v=4), st.integers(0, 65_535))
def test_every_address_comes_through(
    source: IPv4Address | IPv6Address, other: IPv4Address, port: int
) -> None:
    """In either version."""
    destination = other if source.version == 4 else IPv6Address(int(other))
    line = f"PROXY TCP{source.version} {source} {destination} {port} {port}\r\n".encode()
    ports = struct.pack("!HH", port, port)
    packed = binary(
        0x11 if source.version == 4 else 0x21, source.packed + destination.packed + ports
    )
    for data in (line, packed):
        header, left = read(data)
        assert header.address == str(source)
        assert left == b""
