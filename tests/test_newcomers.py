"""Waiting at a door, for so long and no longer."""

import trio
import trio.testing

from backend.net.newcomers import Newcomers


async def test_patience_is_over_in_time(autojump_clock: trio.testing.MockClock) -> None:
    """Each newcomer's for itself; whoever is quick gets what they came for."""
    newcomers, started = Newcomers(), trio.current_time()
    with newcomers.wait(10.0):
        await trio.sleep(9.0)
        started = trio.current_time()
    with newcomers.wait(10.0):
        await trio.sleep_forever()
    assert trio.current_time() - started == 10.0


async def test_a_house_that_closes_waits_no_longer(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    """Neither for those who stand there nor for one who comes after."""
    newcomers, left = Newcomers(), list[int]()

    async def stand(number: int) -> None:
        with newcomers.wait(10.0):
            await trio.sleep_forever()
        left.append(number)

    for number in range(3):
        nursery.start_soon(stand, number)
    await trio.testing.wait_all_tasks_blocked()
    assert left == []
    started = trio.current_time()
    newcomers.close()
    await trio.testing.wait_all_tasks_blocked()
    await stand(3)
    assert sorted(left) == [0, 1, 2, 3]
    assert trio.current_time() == started
