import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as oracle

from ghlctl.stats.difference import welch_log_ratio
from ghlctl.stats.paired import (
    Paired,
    equivalent,
    far_out,
    interval,
    p_by_signs,
    paired_logs,
)
from ghlctl.stats.signflip import sign_flip_interval, sign_flip_p

VALUES = st.lists(st.floats(-1, 1), min_size=6, max_size=16).map(np.array)


def test_the_t_interval_is_scipys() -> None:
    values = np.random.default_rng(3).normal(0.1, 0.05, 40)  # too many for sign flips
    expected = oracle.ttest_1samp(values, 0).confidence_interval(0.95)
    assert interval(Paired(values)) == pytest.approx((expected.low, expected.high))


@given(VALUES)
def test_centres_outside_the_sign_flip_interval_are_refuted_and_those_inside_are_not(
    values: np.ndarray[tuple[int], np.dtype[np.float64]],
) -> None:
    found = sign_flip_interval(values, 0.95)
    assert found is not None
    low, high = found
    error = float(np.std(values)) / math.sqrt(len(values))
    if error < 1e-6:
        return
    for outside in (low - 0.01 * error, high + 0.01 * error):
        p = sign_flip_p(values - outside)
        assert p is not None
        assert p <= 0.05
    for inside in (low + 0.03 * error, high - 0.03 * error):
        p = sign_flip_p(values - inside)
        assert p is not None
        assert p > 0.05


def test_five_pairs_refute_nothing() -> None:
    assert sign_flip_interval(np.full(5, 0.3), 0.95) == (-math.inf, math.inf)
    assert paired_logs(np.full(5, 1.0), np.full(5, 2.0)) is None


@given(VALUES)
def test_the_wider_interval_is_given(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
    low, high = interval(Paired(values))
    flipped = sign_flip_interval(values, 0.95)
    assert flipped is not None
    assert low <= flipped[0]
    assert high >= flipped[1]


def test_a_pair_that_lacks_a_value_is_left_out_with_its_partner() -> None:
    a = np.array([1.0, 2.0, np.nan, 4.0, 5.0, 6.0, 7.0, 8.0])
    found = paired_logs(a, np.array([2.0, 4.0, 6.0, 8.0, 10.0, np.nan, 14.0, 16.0]))
    assert found is not None
    assert found.values == pytest.approx(np.full(6, math.log(2)))


@pytest.mark.parametrize("nothing", [0.0, -0.0])
def test_a_pair_in_which_one_arm_came_to_nothing_is_never_left_out(nothing: float) -> None:
    steady, stalled = np.full(12, 25.0), np.full(12, 25.0)
    stalled[3] = nothing
    assert paired_logs(steady, stalled) is None
    assert paired_logs(stalled, steady) is None


def test_signs_confirm_only_what_lies_beyond_the_bound() -> None:
    pairs = Paired(np.array([0.20, 0.21, 0.19, 0.22, 0.18, 0.20, 0.21, 0.19]))
    assert p_by_signs(pairs, 0.1) == 2 / 2**8
    assert p_by_signs(pairs, 0.2) == 1
    assert equivalent(pairs, 0.25)
    assert not equivalent(pairs, 0.2)


def test_what_is_far_out_is_counted() -> None:
    calm = np.array([0.0, 0.01, -0.01, 0.02, -0.02, 0.015, -0.015, 0.005, 1.0])
    assert far_out(calm) == 1
    assert far_out(calm[:-1]) == 0
    assert far_out(np.array([0.0, 9.0])) == 0


def test_pairs_remove_what_both_share() -> None:
    storm = np.exp(np.random.default_rng(4).normal(0, 1, 20))
    calm = 1.1 * np.exp(np.random.default_rng(5).normal(0, 0.01, 20))
    pairs, apart = paired_logs(storm, storm * calm), welch_log_ratio(storm, storm * calm)
    assert pairs is not None
    assert apart is not None
    low, high = interval(pairs)
    assert 0.08 < low < high < 0.11
    assert apart.standard_error > 10 * pairs.by_t.standard_error
