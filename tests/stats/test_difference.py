import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ghlctl.stats.difference import (
    Difference,
    change,
    detectable,
    equivalent,
    interval,
    mean_estimate,
    p_beyond,
    ratio_estimate,
    welch_log_ratio,
)

BLOCKS = st.lists(st.floats(0.01, 1e6), min_size=2, max_size=30).map(np.array)


@given(BLOCKS, BLOCKS)
def test_welch_is_scipys(
    a: np.ndarray[tuple[int], np.dtype[np.float64]], b: np.ndarray[tuple[int], np.dtype[np.float64]]
) -> None:
    found = welch_log_ratio(a, b)
    assert found is not None
    if min(np.ptp(np.log(a)), np.ptp(np.log(b))) < 1e-6:
        return  # scipy warns of catastrophic cancellation there
    oracle = stats.ttest_ind(np.log(b), np.log(a), equal_var=False)
    assert p_beyond(found) == pytest.approx(float(oracle.pvalue), abs=1e-8)
    theirs = oracle.confidence_interval(0.95)
    assert interval(found) == pytest.approx(
        (float(theirs.low), float(theirs.high)), rel=1e-6, abs=1e-6
    )


@pytest.mark.parametrize("arm", [[1.0], [1.0, 0.0], [1.0, -2.0], [1.0, np.nan], [1.0, np.inf]])
def test_what_has_no_logarithm_has_no_ratio(arm: list[float]) -> None:
    assert welch_log_ratio(np.array(arm), np.array([1.0, 2.0])) is None
    assert welch_log_ratio(np.array([1.0, 2.0]), np.array(arm)) is None


def test_blocks_without_spread_are_certain() -> None:
    found = welch_log_ratio(np.full(4, 100.0), np.full(4, 110.0))
    assert found is not None
    assert interval(found) == pytest.approx((math.log(1.1), math.log(1.1)))
    assert p_beyond(found, 0.05) == 0
    assert p_beyond(found, 0.2) == 1
    assert equivalent(found, 0.2)
    assert not equivalent(found, 0.05)


def test_the_mean_has_the_t_interval_of_the_textbook() -> None:
    found = mean_estimate(np.array([4.0, 6.0, 8.0]))
    assert found is not None
    assert (found.value, found.n, found.confidence) == (6, 3, 0.95)
    assert found.high - found.value == pytest.approx(4.303 * 2 / math.sqrt(3), abs=1e-3)
    assert mean_estimate(np.array([4.0])) is None


@given(st.floats(-2, 2), st.floats(1e-6, 1), st.floats(1, 50), st.floats(0, 1))
def test_p_below_five_per_cent_is_an_interval_beyond_the_bound(
    point: float, error: float, df: float, bound: float
) -> None:
    difference = Difference(point, error, df, 10)
    low, high = interval(difference)
    beyond = low > bound or high < -bound
    if min(abs(low - bound), abs(high + bound)) > 1e-7:
        assert (p_beyond(difference, bound) < 0.05) == beyond


@given(st.floats(-0.5, 0.5), st.floats(1e-4, 0.5), st.floats(1, 50), st.floats(0.01, 1))
def test_nothing_is_both_beyond_a_margin_and_within_it(
    point: float, error: float, df: float, margin: float
) -> None:
    difference = Difference(point, error, df, 10)
    assert not (equivalent(difference, margin) and p_beyond(difference, margin) < 0.05)


def test_a_ratio_is_a_change_and_always_finite() -> None:
    doubled = ratio_estimate(Difference(math.log(2), 0.0, 5, 7))
    assert (doubled.value, doubled.low, doubled.high) == pytest.approx((1, 1, 1))
    assert doubled.n == 7
    assert math.isfinite(change(1e6))
    assert change(-1e6) == -1


def test_a_detectable_difference_is_detected_four_times_of_five() -> None:
    rng, n, sd = np.random.default_rng(6), 12, 0.1
    effect = detectable(Difference(0, sd * math.sqrt(2 / n), 2 * n - 2, 2 * n))
    hits = 0
    for _ in range(1000):
        found = welch_log_ratio(np.exp(rng.normal(0, sd, n)), np.exp(rng.normal(effect, sd, n)))
        assert found is not None
        hits += p_beyond(found) < 0.05
    assert 0.76 < hits / 1000 < 0.84


def test_five_per_cent_of_equal_arms_differ_and_as_many_far_ones_seem_equal() -> None:
    rng, n, sd = np.random.default_rng(7), 8, 0.05
    alarms = shams = 0
    for _ in range(1000):
        a = np.exp(rng.normal(0, sd, n))
        same = welch_log_ratio(a, np.exp(rng.normal(0, sd, n)))
        at_margin = welch_log_ratio(a, np.exp(rng.normal(0.1, sd, n)))
        assert same is not None
        assert at_margin is not None
        alarms += p_beyond(same) < 0.05
        shams += equivalent(at_margin, 0.1)
    assert 0.03 < alarms / 1000 < 0.07
    assert shams / 1000 < 0.07
