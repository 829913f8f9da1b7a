import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ghlctl.stats.proportion import Share, discounted, newcombe, p_share_beyond, wilson

SHARES = st.integers(1, 5000).flatmap(
    lambda n: st.integers(0, n).map(lambda k: Share(float(k), float(n)))
)


@given(SHARES, st.sampled_from([0.9, 0.95, 0.99]))
def test_wilsons_interval_is_scipys(share: Share, confidence: float) -> None:
    oracle = stats.binomtest(int(share.count), int(share.total)).proportion_ci(confidence, "wilson")
    assert wilson(share, confidence) == pytest.approx((oracle.low, oracle.high), abs=1e-9)


def test_no_trials_tell_nothing() -> None:
    assert wilson(Share(0, 0)) == (0, 1)
    assert p_share_beyond(Share(0, 0), Share(3, 4)) == 1


def test_newcombes_published_example_is_met() -> None:
    # Newcombe 1998, table II, 56/70 against 48/80: 0.0524 to 0.3339
    low, high = newcombe(Share(48, 80), Share(56, 70))
    assert (low, high) == pytest.approx((0.0524, 0.3339), abs=5e-5)


@given(SHARES, SHARES)
def test_swapping_the_arms_mirrors_the_interval(a: Share, b: Share) -> None:
    low, high = newcombe(a, b)
    assert newcombe(b, a) == pytest.approx((-high, -low), abs=1e-12)
    assert -1 <= low <= b.value - a.value <= high <= 1
    assert p_share_beyond(a, b) == pytest.approx(p_share_beyond(b, a), abs=1e-9)


@given(SHARES, SHARES, st.floats(0, 0.2))
def test_p_below_five_per_cent_is_an_interval_beyond_the_bound(
    a: Share, b: Share, bound: float
) -> None:
    low, high = newcombe(a, b)
    if min(abs(low - bound), abs(high + bound)) > 1e-6:
        assert (p_share_beyond(a, b, bound) < 0.05) == (low > bound or high < -bound)


def test_equal_shares_are_not_beyond_anything() -> None:
    assert p_share_beyond(Share(3, 100), Share(30, 1000)) == 1


def test_a_storm_of_errors_in_one_block_tells_less_than_the_same_errors_spread_out() -> None:
    sent = np.full(10, 100.0)
    spread = discounted(np.full(10, 5.0), sent)
    storm = discounted(np.array([50.0] + [0.0] * 9), sent)
    assert (spread.count, spread.total) == (50, 1000)
    assert storm.value == pytest.approx(spread.value)
    assert storm.total < 50


def test_nothing_failed_and_everything_failed_are_kept_as_counted() -> None:
    sent = np.array([10.0, 20.0, 0.0])
    assert discounted(np.zeros(3), sent) == Share(0, 30)
    assert discounted(sent, sent) == Share(30, 30)
    assert discounted(np.array([]), np.array([])) == Share(0, 0)
