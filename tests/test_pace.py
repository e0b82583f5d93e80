"""Flood control, with a clock that jumps."""

import pytest
import trio
import trio.testing

from backend.net.pace import BYTES_PER_TOKEN, CLOSE_SECONDS, WARN_SECONDS, Pace


class Talker:
    """Whose pace is kept; ``told`` is what happened to them, and when."""

    def __init__(self) -> None:
        self.told: list[tuple[str, float]] = []
        self._start = trio.current_time()

    def warn(self) -> None:
        """See ``pace.Paced``."""
        self.told.append(("warned", trio.current_time() - self._start))

    def close(self) -> None:
        """See ``pace.Paced``."""
        self.told.append(("closed", trio.current_time() - self._start))


@pytest.fixture
async def talker(autojump_clock: trio.testing.MockClock) -> Talker:
    """Somebody to slow down."""
    return Talker()


async def test_a_quick_typist_never_waits(
    autojump_clock: trio.testing.MockClock, talker: Talker
) -> None:
    """A burst of ten, and then two lines a second for as long as one likes."""
    pace = Pace(2, 10, talker)
    started = trio.current_time()
    for _ in range(10):
        await pace.line()
    assert trio.current_time() == started
    for _ in range(100):
        await trio.sleep(0.5)
        before = trio.current_time()
        await pace.line()
        assert trio.current_time() == before
    assert talker.told == []


async def test_a_paste_comes_slowly_and_whole(
    autojump_clock: trio.testing.MockClock, talker: Talker
) -> None:
    """Twenty lines take five seconds; nothing is said."""
    pace = Pace(2, 10, talker)
    started = trio.current_time()
    for _ in range(19):
        await pace.line()
    assert trio.current_time() - started == pytest.approx(4.5)
    assert talker.told == []


async def test_a_flood_is_warned_and_then_closed(
    autojump_clock: trio.testing.MockClock, talker: Talker
) -> None:
    """Once each, after as long as the constants say."""
    pace = Pace(2, 10, talker)
    for _ in range(10 + int(CLOSE_SECONDS * 2)):
        await pace.line()
    (warned, at), (closed, end) = talker.told
    assert (warned, closed) == ("warned", "closed")
    assert WARN_SECONDS - 1 <= at <= WARN_SECONDS
    assert CLOSE_SECONDS - 1 <= end <= CLOSE_SECONDS


async def test_whoever_pauses_begins_anew(
    autojump_clock: trio.testing.MockClock, talker: Talker
) -> None:
    """Many pastes with pauses between them are no flood."""
    pace = Pace(2, 10, talker)
    for _ in range(20):
        for _ in range(18):
            await pace.line()
        await trio.sleep(5)
    assert talker.told == []


async def test_bytes_that_make_no_line_are_counted_too(
    autojump_clock: trio.testing.MockClock, talker: Talker
) -> None:
    """A line without an end, pings, key strokes: what 8 KiB of them is, is one line."""
    pace = Pace(2, 10, talker)
    started = trio.current_time()
    for _ in range(22):
        await pace.read(BYTES_PER_TOKEN // 2)
    assert trio.current_time() - started == pytest.approx(0.5)


async def test_two_who_wait_at_once_wait_once(
    autojump_clock: trio.testing.MockClock, talker: Talker
) -> None:
    """A websocket's bytes and its lines are counted by two tasks: the same seconds, once."""
    pace = Pace(2, 10, talker)
    for _ in range(10):
        await pace.line()
    async with trio.open_nursery() as nursery:
        for _ in range(8):
            nursery.start_soon(pace.line)
    assert talker.told == []
