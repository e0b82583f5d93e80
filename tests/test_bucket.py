"""The token bucket, against what it promises."""

from hypothesis import given
from hypothesis import strategies as st

from backend.room.bucket import TokenBucket


def test_a_burst_is_free_and_then_each_token_has_its_time() -> None:
    """Ten at once, two a second after."""
    bucket = TokenBucket(rate=2, burst=10, now=100)
    assert [bucket.take(1, 100) for _ in range(12)] == [0] * 10 + [0.5, 1.0]
    assert not bucket.is_full(105.9)
    assert bucket.is_full(106)


def test_only_what_is_there_can_be_had_without_a_debt() -> None:
    """Asking takes nothing."""
    bucket = TokenBucket(rate=1, burst=2, now=0)
    assert bucket.has(2, 0)
    bucket.take(2, 0)
    assert not bucket.has(1, 0.9)
    assert bucket.has(1, 1)


@given(
    st.floats(0.1, 100),
    st.integers(1, 50),
    st.lists(st.tuples(st.floats(0, 5), st.floats(0.1, 3)), max_size=60),
)
def test_whoever_waits_as_told_never_goes_faster(
    rate: float, burst: int, steps: list[tuple[float, float]]
) -> None:
    """After any pauses: what was taken is at most the burst and what the time has brought."""
    bucket = TokenBucket(rate, burst, now=0)
    now = taken = 0.0
    for pause, cost in steps:
        now += pause
        now += bucket.take(cost, now)
        taken += cost
        assert taken <= burst + rate * now + 1e-6
