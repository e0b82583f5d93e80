"""The attacks, one small function each: what somebody outside might do, by accident or not.

An attack returns when it is done, but its connections stay open until the crowd leaves. Nobody here
cares how the server answers; only that it let the attack begin, and where it has to end a
connection by itself, that it did.

What one attack says to the room at once stays below an outbox's 256 KiB. Beyond that whoever reads
less quickly than the server writes is too slow, and the witnesses share their process with all the
attackers; it is for the limits on lines to keep members from that.
"""

import random
import signal
from collections.abc import Awaitable, Callable

import trio

from tests.chaos.crowd import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    TEXT,
    Crowd,
    ended,
    exchange,
    frame,
    head,
    reader,
    reset,
    send,
    send_and_finish,
    until,
)
from tests.talkers import HANDSHAKE, PROMPT, upgrade

Attack = Callable[[Crowd], Awaitable[None]]

MANY = 1_000
"""Connections without a protocol: some memory each, and next to no work."""

SOME = 100
"""Connections that get as far as a name: all hear of all, and that work grows with a square."""

FEW = 10
"""Connections that make much work each."""

LINES = 200
"""Lines in a flood: from ``FEW``, and as JSON, they are 170 KiB."""

OVERLOAD_SECONDS = 0.5
"""Time for listeners to try in vain, more than once."""

MIB = 1 << 20

UPGRADE = upgrade("Host: localhost", *HANDSHAKE)

PAGE = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


# --- connections that end, or do not begin ---


async def connections_without_a_byte(crowd: Crowd) -> None:
    """Thousands, at both doors."""
    await crowd.each(MANY, lambda _: crowd.connect(crowd.bound.port))
    await exchange(await crowd.connect(crowd.bound.port), PAGE)  # last in, so last accepted

    async def see_prompt(_: int) -> None:
        await until(await crowd.connect(crowd.telnet_port), PROMPT.encode())

    await crowd.each(MANY, see_prompt)


async def resets_in_the_middle(crowd: Crowd) -> None:
    """RST after nothing, half a request, half a handshake, half a line, with answers unread."""
    stages = [
        *((crowd.bound.port, data) for data in (b"", b"GET", PAGE, UPGRADE[:-2], UPGRADE)),
        (crowd.bound.port, UPGRADE + frame(TEXT, b"reset")[:-1]),
        *((crowd.telnet_port, data) for data in (b"", b"res", b"\xff", b"reset\r\n/who\r\n")),
    ]

    async def begin(number: int) -> None:
        port, data = stages[number % len(stages)]
        stream = await crowd.connect(port)
        await stream.send_all(data)
        reset(stream)

    await crowd.each(MANY, begin)


async def resets_of_members(crowd: Crowd) -> None:
    """RST from those who are in the room, all together."""
    for stream in await crowd.members(SOME, "reset"):
        reset(stream)


async def closes_without_a_handshake(crowd: Crowd) -> None:
    """Websockets and terminals that just go, all together."""
    for stream in await crowd.members(SOME, "goer"):
        await stream.aclose()


async def half_closes(crowd: Crowd) -> None:
    """FIN at every stage, and then nothing more, but for listening."""
    stages = [
        *((crowd.bound.port, data) for data in (b"", b"GET", PAGE, UPGRADE[:-2], UPGRADE)),
        (crowd.bound.port, UPGRADE + frame(TEXT, b"half") + frame(TEXT, b"hello")[:-1]),
        *((crowd.telnet_port, data) for data in (b"", b"ha", b"\xff\xfa", b"half2\r\nhello\r\n")),
    ]

    async def half_close(number: int) -> None:
        port, data = stages[number % len(stages)]
        await send_and_finish(await crowd.connect(port), data)

    await crowd.each(SOME, half_close)


async def connections_beyond_the_limit(crowd: Crowd) -> None:
    """More than the server has descriptors for; and then those who were in before ask for pages."""
    visitors = [await crowd.connect(crowd.bound.port) for _ in range(2 * FEW)]
    for _ in range(SOME):
        for port in crowd.ports:
            await crowd.connect(port)
    await trio.sleep(OVERLOAD_SECONDS)
    for visitor in visitors:
        await send(visitor, PAGE)
    await trio.sleep(OVERLOAD_SECONDS)


# --- request heads ---


async def slow_heads(crowd: Crowd) -> None:
    """A request head in single bytes, for as long as the server puts up with it."""

    async def dribble(number: int) -> None:
        stream = await crowd.connect(crowd.bound.port)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(send_slowly, stream, (UPGRADE, PAGE)[number % 2])
            assert b" 408 " in await ended(stream)
            nursery.cancel_scope.cancel()

    await crowd.each(SOME, dribble)


async def send_slowly(stream: trio.SocketStream, data: bytes) -> None:
    """A byte a second."""
    for byte in data:
        await send(stream, bytes((byte,)))
        await trio.sleep(1)


async def odd_heads(crowd: Crowd) -> None:
    """Requests too large, ambiguous or pipelined, and bytes that are no request at all."""
    heads = [
        PAGE[:-2] + b"X: " + b"x" * MIB,
        b"GET /" + b"x" * MIB,
        PAGE[:-2].replace(b"GET", b"POST") + b"Content-Length: 1048576\r\n\r\n" + bytes(MIB),
        PAGE[:-2] + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        PAGE * 1_000,
        PAGE + UPGRADE,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),  # TLS
        b"\r\n" * 10_000,
        bytes(MIB),
    ]

    async def ask(number: int) -> None:
        await exchange(await crowd.connect(crowd.bound.port), heads[number % len(heads)])

    await crowd.each(FEW * len(heads), ask)


# --- frames ---


async def each_in_the_room(crowd: Crowd, nick: str, attacks: list[bytes]) -> None:
    """Each of these from somebody with a browser, after each of which the server hangs up."""

    async def attack(number: int) -> None:
        stream = await crowd.browser(f"{nick}{number}")
        await exchange(stream, attacks[number])

    await crowd.each(len(attacks), attack)


async def malformed_frames(crowd: Crowd) -> None:
    """What RFC 6455 forbids."""
    hello = frame(TEXT, b"hello")
    frames = [
        *(frame(opcode) for opcode in (0x3, 0x7, 0xB, 0xF)),
        *(frame(TEXT, b"hello", reserved=bit) for bit in (0x10, 0x20, 0x40)),
        frame(PING, b"hello", final=False),
        frame(PING, b"x" * 126),
        frame(CONTINUATION, b"hello"),
        frame(TEXT, b"hello", final=False) + hello,
        b"\x81\xfe\x00\x05" + bytes(4) + b"hello",  # a length written longer than needed
        b"\x81\xff" + b"\xff" * 8 + bytes(4) + b"hello",  # or a negative one
        frame(BINARY, b"hello"),
        frame(CLOSE, b"x"),
        *(frame(CLOSE, code.to_bytes(2)) for code in (0, 999, 1004, 1005, 1006, 5000)),
    ]
    await each_in_the_room(crowd, "malformed", frames)


async def unmasked_frames(crowd: Crowd) -> None:
    """A client's frames have to be masked, by whatever mask."""
    frames = [bytes((0x80 | opcode, 5)) + b"hello" for opcode in (TEXT, BINARY, CLOSE, PING)]
    await each_in_the_room(crowd, "unmasked", frames)


async def truncated_frames(crowd: Crowd) -> None:
    """Everything that a frame can be cut into, and then FIN."""
    whole = frame(TEXT, b"x" * 126)

    async def cut(number: int) -> None:
        stream = await crowd.browser(f"cut{number}")
        await send_and_finish(stream, whole[:number] if number < FEW else whole[:-number])

    await crowd.each(2 * FEW, cut)


async def fragmented_messages(crowd: Crowd) -> None:
    """A line in single characters, with pings in between; and a message that never ends."""
    letters = [frame(CONTINUATION, b"x", final=False) + frame(PING, b"?")] * 900
    line = [frame(TEXT, b"x", final=False), *letters, frame(CONTINUATION, b"x")]
    endless = [frame(TEXT, final=False), *[frame(CONTINUATION, b"x" * 100, final=False)] * 10_000]
    empty = [frame(TEXT, final=False), *[frame(CONTINUATION, final=False)] * 10_000, frame(CLOSE)]
    messages = [b"".join([*line, frame(TEXT, b"/quit")]), b"".join(endless), b"".join(empty)]
    await each_in_the_room(crowd, "fragment", messages)


async def oversized_messages(crowd: Crowd) -> None:
    """A mebibyte that comes; and lengths beyond all reason, with much or little behind them."""
    messages = [
        frame(TEXT, b"x" * MIB),
        head(TEXT, 1 << 40) + b"x" * MIB,
        head(TEXT, (1 << 63) - 1) + b"x" * (17 << 10),
    ]
    await each_in_the_room(crowd, "oversized", messages * FEW)


async def ping_floods(crowd: Crowd) -> None:
    """Thousands of pings from those who take in the answers, and from those who do not."""
    pings = frame(PING, b"?" * 125) * 2_000

    async def ping(number: int) -> None:
        if number % 2:
            await exchange(await crowd.browser(f"ping{number}"), pings + frame(CLOSE))
        else:
            await send_for_ever(await crowd.browser(f"ping{number}", narrow=True), pings)

    await crowd.each(FEW, ping)


async def send_for_ever(stream: trio.SocketStream, data: bytes) -> None:
    """Never read; write until the server has enough."""
    with trio.fail_after(20):
        try:
            while True:
                await stream.send_all(data)
        except trio.BrokenResourceError:
            pass


async def ignored_goodbyes(crowd: Crowd) -> None:
    """Told to go, they stay; some go on talking."""

    async def stay(number: int) -> None:
        if number % 2:
            stream = await crowd.browser(f"stayer{number}")
            line, quit, goodbye = frame(TEXT, b"hello"), frame(TEXT, b"/quit"), b"\x88"
        else:
            stream = await crowd.terminal(f"stayer{number}")
            line, quit, goodbye = b"hello\r\n", b"/quit\r\n", b"<meta>: Goodbye"
        await stream.send_all(quit)
        await until(stream, goodbye)
        if number % 4 > 1:
            await send_for_ever(stream, line)

    await crowd.each(FEW, stay)


# --- lines ---


async def floods_of_lines(crowd: Crowd) -> None:
    """From members at both doors, and from those whom no name will do."""

    async def flood(number: int) -> None:
        if number % 2:
            data = frame(TEXT, b"flood") * LINES + frame(TEXT, b"/quit")
            await exchange(await crowd.browser(f"flood{number}"), data)
        else:
            data = b"flood\r\n" * LINES + b"/quit\r\n"
            await exchange(await crowd.terminal(f"flood{number}"), data)

    async def guess(_: int) -> None:
        await exchange(await crowd.connect(crowd.telnet_port), b"meta\r\n" * 1_000 + b"/quit\r\n")

    await crowd.each(FEW, flood)
    await crowd.each(FEW, guess)


async def floods_without_an_end_of_line(crowd: Crowd) -> None:
    """Bytes without end, a line that goes on for a mebibyte, and telnet's own parentheses."""

    async def flood(number: int) -> None:
        data = (b"x" * 16 * MIB, b"x" * MIB + b"\r\n", b"\xff\xfa\x18" + b"x" * MIB)[number % 3]
        await send_and_finish(await crowd.terminal(f"endless{number}"), data)

    await crowd.each(FEW, flood)


async def floods_of_telnet(crowd: Crowd) -> None:
    """Options for ever, and "are you there?" from those who do not wait for the answer."""

    async def flood(number: int) -> None:
        stream = await crowd.terminal(f"telnet{number}", narrow=True)
        if number % 2:
            options = b"".join(bytes((255, 251 + n % 4, n % 255)) for n in range(10_000))
            await send_and_finish(stream, options)
        else:
            await send_for_ever(stream, b"\xff\xf6" * 1_000)

    await crowd.each(FEW, flood)


async def junk_bytes(crowd: Crowd) -> None:
    """Invalid UTF-8, as it was typed in and as websocket messages; and nothing in particular."""
    invalid = [b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82"]

    async def junk(number: int) -> None:
        stream = await crowd.connect(crowd.ports[number % 2])
        await send_and_finish(stream, random.Random(number).randbytes(2_048))

    async def mumble(number: int) -> None:
        stream = await crowd.terminal(f"mumbler{number}")
        await exchange(stream, invalid[number] + b"\r\n/quit\r\n")

    await crowd.each(SOME, junk)
    await crowd.each(len(invalid), mumble)
    await each_in_the_room(crowd, "junk", [frame(TEXT, each) for each in invalid])
    await each_in_the_room(crowd, "reason", [frame(CLOSE, b"\x03\xe8" + each) for each in invalid])


# --- those who do not read ---


async def never_readers(crowd: Crowd) -> None:
    """Members who take in nothing of a lively conversation."""
    await crowd.members(2 * FEW, "sleeper", narrow=True)
    await talk_until_too_slow(crowd, [f"sleeper{number}" for number in range(2 * FEW)])


async def stopped_processes(crowd: Crowd) -> None:
    """``kill -STOP`` of one until the room has given it up, and of one just before its end."""
    async with reader(crowd.bound, "stopped") as stopped:
        stopped.send_signal(signal.SIGSTOP)
        async with reader(crowd.bound, "killed") as killed:
            killed.send_signal(signal.SIGSTOP)
        await talk_until_too_slow(crowd, ["stopped"])


async def talk_until_too_slow(crowd: Crowd, nicks: list[str]) -> None:
    """Say long lines, more than anybody takes who does not read, until all these are put out."""
    lecturer = await crowd.terminal("lecturer")
    due, unread = {f"<meta>: {nick} left (too slow)".encode() for nick in nicks}, b""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lecture, lecturer)
        with trio.fail_after(20):
            while due:
                unread += await lecturer.receive_some()
                *lines, unread = unread.split(b"\r\n")
                due.difference_update(lines)
        nursery.cancel_scope.cancel()
    await lecturer.aclose()


async def lecture(stream: trio.SocketStream) -> None:
    """A megabyte a second: the witnesses have to read it, too."""
    while True:
        await stream.send_all((b"x" * 1_000 + b"\r\n") * 10)
        await trio.sleep(0.01)


# --- all of them ---

ATTACKS: list[Attack] = [
    connections_without_a_byte,
    resets_in_the_middle,
    resets_of_members,
    closes_without_a_handshake,
    stopped_processes,
]
"""Those who leave by themselves."""

OVERSTAYS: list[Attack] = [
    half_closes,
    slow_heads,
    odd_heads,
    malformed_frames,
    unmasked_frames,
    truncated_frames,
    fragmented_messages,
    oversized_messages,
    ping_floods,
    ignored_goodbyes,
    floods_of_lines,
    floods_without_an_end_of_line,
    floods_of_telnet,
    junk_bytes,
    never_readers,
]
"""Those whom the server has to get rid of, while they would have stayed."""
