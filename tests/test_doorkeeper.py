"""Who may come in, and who is counted with whom."""

import time
from contextlib import ExitStack
from dataclasses import replace

import pytest
import trio
import trio.testing

from backend.config import UNLIMITED
from backend.net import doorkeeper as module
from backend.net.doorkeeper import Doorkeeper, Visit


def origin(doorkeeper: Doorkeeper, address: str, forwarded_for: str = "") -> str:
    """The key of somebody at this address."""
    with doorkeeper.visit() as visit:
        visit.comes_from(address, forwarded_for)
        return visit.origin


def test_beyond_the_limit_nobody_comes_in_until_somebody_leaves() -> None:
    """And far beyond it, nobody is even told."""
    doorkeeper = Doorkeeper(replace(UNLIMITED, max_connections=2))
    with ExitStack() as stack:
        first, second, third = (stack.enter_context(doorkeeper.visit()) for _ in range(3))
        assert (first.refusal, second.refusal, third.refusal) == (None, None, "full")
        assert doorkeeper.is_full
        assert not doorkeeper.is_overrun
        for _ in range(module.SPARE):
            stack.enter_context(doorkeeper.visit())
        assert doorkeeper.is_overrun
    with doorkeeper.visit() as visit:
        assert visit.refusal is None
    assert doorkeeper.refused == {"full": 1 + module.SPARE}


async def test_one_address_does_not_take_the_room_from_the_others() -> None:
    """Its people are counted for as long as they stay."""
    doorkeeper = Doorkeeper(replace(UNLIMITED, max_connections_per_address=1))

    def come(stack: ExitStack, address: str) -> Visit:
        visit = stack.enter_context(doorkeeper.visit())
        visit.comes_from(address)
        visit.logs_in()
        return visit

    with ExitStack() as stack:
        assert come(stack, "192.0.2.1").refusal is None
        assert come(stack, "192.0.2.1").refusal == "address"
        assert come(stack, "192.0.2.2").refusal is None
    with ExitStack() as stack:
        assert come(stack, "192.0.2.1").refusal is None


async def test_whoever_is_refused_takes_nobodys_place() -> None:
    """However many come from one address: the others find the room as it was."""
    limits = replace(UNLIMITED, max_connections=10, max_connections_per_address=1)
    doorkeeper = Doorkeeper(limits)
    with ExitStack() as stack:
        for _ in range(module.FETCHES_PER_SESSION + 2 * module.SPARE):
            stack.enter_context(doorkeeper.visit()).comes_from("192.0.2.1")
        assert doorkeeper.is_overrun
        assert not doorkeeper.is_full
        other = stack.enter_context(doorkeeper.visit())
        other.comes_from("192.0.2.2")
        other.logs_in()
        assert other.refusal is None
    assert not doorkeeper.is_overrun
    await doorkeeper.nobody_left()


async def test_a_page_may_be_fetched_from_where_as_many_as_may_be_are_in() -> None:
    """By as many connections as browsers open for it."""
    doorkeeper = Doorkeeper(replace(UNLIMITED, max_connections_per_address=2))
    with ExitStack() as stack:
        visits = [stack.enter_context(doorkeeper.visit()) for _ in range(12)]
        for visit in visits:
            visit.comes_from("192.0.2.1")
        for visit in visits[:2]:
            visit.logs_in()
        assert [visit.refusal for visit in visits] == [None] * 12


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("2001:db8::1", "2001:db8::ffff:1:2:3", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2%eth0", True),
        ("", "", True),
    ],
)
def test_a_customers_ipv6_network_is_one_address(one: str, other: str, same: bool) -> None:
    """A /64 has more addresses than anybody could count."""
    doorkeeper = Doorkeeper(UNLIMITED)
    assert (origin(doorkeeper, one) == origin(doorkeeper, other)) is same


@pytest.mark.parametrize(
    ("proxies", "forwarded_for", "client"),
    [
        (0, "198.51.100.7", "192.0.2.1"),
        (1, "198.51.100.7", "198.51.100.7"),
        (1, "203.0.113.5, 198.51.100.7", "198.51.100.7"),
        (2, "203.0.113.5, 198.51.100.7, 10.0.0.1", "198.51.100.7"),
        (2, "198.51.100.7", "192.0.2.1"),
        (1, "", "192.0.2.1"),
        (1, "unknown", "192.0.2.1"),
        (1, "198.51.100.7:4711", "198.51.100.7"),
        (1, "[2001:db8::1]:4711", "2001:db8::2"),
        (1, "2001:db8::1", "2001:db8::2"),
    ],
)
def test_only_what_trusted_proxies_have_added_counts(
    proxies: int, forwarded_for: str, client: str
) -> None:
    """Whoever wants to seem somebody else can write anything further left."""
    doorkeeper = Doorkeeper(UNLIMITED, proxies)
    seen = origin(doorkeeper, "192.0.2.1", forwarded_for)
    assert seen == origin(doorkeeper, client)


def test_an_address_cannot_be_read_off_its_key() -> None:
    """Nor compared with that of another process."""
    first, second = (origin(Doorkeeper(UNLIMITED), "192.0.2.1") for _ in range(2))
    assert first != second
    assert "192" not in (first, second)


async def test_logins_are_limited_by_the_minute(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """For one address; the others come in."""
    doorkeeper = Doorkeeper(replace(UNLIMITED, logins_per_minute=2))

    def login(address: str) -> str | None:
        with doorkeeper.visit() as visit:
            visit.comes_from(address)
            visit.logs_in()
            return visit.refusal

    assert [login("192.0.2.1") for _ in range(3)] == [None, None, "logins"]
    assert login("192.0.2.2") is None
    await trio.sleep(31)
    assert [login("192.0.2.1") for _ in range(2)] == [None, "logins"]


async def test_logins_elsewhere_count_if_they_are_of_the_last_minute(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """As if they had been here."""
    doorkeeper = Doorkeeper(replace(UNLIMITED, logins_per_minute=2))

    def origin_and_refusal() -> tuple[str, str | None]:
        with doorkeeper.visit() as visit:
            visit.comes_from("192.0.2.1")
            visit.logs_in()
            return visit.origin, visit.refusal

    origin, refusal = origin_and_refusal()
    assert refusal is None
    doorkeeper.came_elsewhere(origin, time.time() - 61)
    doorkeeper.came_elsewhere("another", time.time())
    assert origin_and_refusal() == (origin, None)
    await trio.sleep(61)
    doorkeeper.came_elsewhere(origin, time.time())
    assert [origin_and_refusal()[1] for _ in range(2)] == [None, "logins"]


async def test_what_is_remembered_of_logins_is_bounded(
    autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many addresses there are."""
    monkeypatch.setattr(module, "MAX_BUCKETS", 10)
    doorkeeper = Doorkeeper(replace(UNLIMITED, logins_per_minute=1))
    for number in range(100):
        with doorkeeper.visit() as visit:
            visit.comes_from(f"192.0.2.{number}")
            visit.logs_in()
        assert len(doorkeeper._logins) <= 10


async def test_the_last_one_out_is_waited_for(nursery: trio.Nursery) -> None:
    """And nobody, if nobody is here."""
    doorkeeper = Doorkeeper(UNLIMITED)
    await doorkeeper.nobody_left()
    left: list[bool] = []

    async def wait() -> None:
        await doorkeeper.nobody_left()
        left.append(True)

    with doorkeeper.visit():
        nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        assert left == []
    await trio.testing.wait_all_tasks_blocked()
    assert left == [True]
