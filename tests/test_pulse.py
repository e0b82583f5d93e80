"""The scheduler's lateness, with a clock that can be made to jump."""

import trio
import trio.testing

from backend.net.pulse import BEAT_SECONDS, BUCKETS, REMEMBERED_BEATS, Pulse


async def test_a_scheduler_on_time_is_on_time(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """Every beat is counted in the first bucket."""
    pulse = Pulse()
    nursery.start_soon(pulse.run)
    await trio.sleep(10.25 * BEAT_SECONDS)
    assert pulse.counts == [10] + [0] * len(BUCKETS)
    assert pulse.lateness == 0


async def test_a_late_beat_is_remembered_for_a_while(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """So that whoever asks a few seconds later hears of it."""
    pulse = Pulse()
    nursery.start_soon(pulse.run)
    await trio.testing.wait_all_tasks_blocked()
    autojump_clock.jump(BEAT_SECONDS + 3)  # as if somebody had held the scheduler up
    await trio.sleep(5 * BEAT_SECONDS)
    assert pulse.lateness == 3
    assert pulse.total == 3
    assert pulse.counts[-1] == 1
    await trio.sleep(REMEMBERED_BEATS * BEAT_SECONDS)
    assert pulse.lateness == 0
