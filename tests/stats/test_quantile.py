import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghlctl.stats.quantile import NO_LATENCY, latency, quantile, samples_needed

TIMES = st.lists(st.floats(0, 1e7), min_size=1, max_size=300)


@given(TIMES, st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_a_quantile_is_numpys_nearest_rank_or_nothing(times: list[float], q: float) -> None:
    ascending = np.sort(np.array(times))
    expected = np.quantile(ascending, q, method="inverted_cdf")
    assert quantile(ascending, q) == (expected if len(times) >= samples_needed(q) else None)


@pytest.mark.parametrize(("q", "n"), [(0.5, 2), (0.9, 10), (0.95, 20), (0.99, 100), (0.999, 1000)])
def test_a_percentile_needs_one_sample_in_its_tail(q: float, n: int) -> None:
    assert samples_needed(q) == n
    assert quantile(np.arange(n - 1.0), q) is None
    assert quantile(np.arange(float(n)), q) is not None


def test_percentiles_of_a_thousand_are_counted_by_hand() -> None:
    shuffled = np.random.default_rng(1).permutation(np.arange(1.0, 1001.0))
    times = latency(shuffled)
    assert (times.mean, times.max) == (500.5, 1000)
    percentiles = (times.p50, times.p90, times.p95, times.p99, times.p99_9)
    assert percentiles == (500, 900, 950, 990, 999)


def test_nothing_says_nothing_and_one_sample_says_little() -> None:
    assert latency(np.array([])) == NO_LATENCY
    one = latency(np.array([7.0]))
    assert (one.mean, one.max, one.p50, one.p99) == (7, 7, None, None)


@given(TIMES)
def test_percentiles_are_observed_and_ordered(times: list[float]) -> None:
    found = latency(np.array(times))
    known = [p for p in (found.p50, found.p90, found.p95, found.p99, found.max) if p is not None]
    assert known == sorted(known)
    assert set(known) <= set(times)


def test_the_callers_times_stay_in_their_order() -> None:
    times = np.array([3.0, 1.0, 2.0])
    latency(times)
    assert times.tolist() == [3, 1, 2]
