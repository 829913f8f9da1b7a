from hypothesis import given
from hypothesis import strategies as st

from ghlctl.upstream.limits import Limits


@given(steps=st.lists(st.floats(0, 4), max_size=60), limit=st.integers(1, 5))
def test_no_window_grants_more_than_its_limit(steps: list[float], limit: int) -> None:
    limits = Limits(limit, 10.0, 1000)
    now, started, granted = 0.0, None, 0
    for step in steps:
        now += step
        if started is None or now - started >= 10.0:
            started, granted = now, 0
        allowance = limits.take("L", now)
        granted += allowance.granted
        assert granted <= limit
        assert allowance.remaining == limit - granted


def test_after_the_interval_a_location_may_call_again() -> None:
    limits = Limits(1, 10.0, 1000)
    assert [limits.take("L", at).granted for at in (0.0, 9.9, 10.0)] == [True, False, True]


def test_the_day_has_a_limit_of_its_own() -> None:
    limits = Limits(10, 1.0, 2)
    assert [limits.take("L", float(at)).granted for at in range(3)] == [True, True, False]
    assert limits.take("L", 86_400.0).granted
