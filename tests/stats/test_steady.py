import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghlctl.stats.steady import mser_cut


def by_definition(values: list[float]) -> int:
    n = len(values)
    scores = [np.var(values[d:]) / (n - d) for d in range(n // 2 + 1)]
    return int(np.argmin(scores))


@given(st.lists(st.integers(0, 1000).map(float), min_size=4, max_size=60))
def test_the_cut_scores_as_well_as_the_rules_own_minimum(values: list[float]) -> None:
    n, cut, rule = len(values), mser_cut(np.array(values)), by_definition(values)
    ours, theirs = (np.var(values[d:]) / (n - d) for d in (cut, rule))
    assert ours == pytest.approx(theirs, abs=1e-6)


def test_a_decaying_start_is_cut_and_a_steady_series_is_not() -> None:
    rng = np.random.default_rng(8)
    steady = rng.normal(100, 2, 60)
    start_up = steady + 80 * np.exp(-np.arange(60) / 4)
    assert 8 <= mser_cut(start_up) <= 25
    assert mser_cut(np.full(60, 5.0)) == 0


def test_a_handful_of_values_has_no_start() -> None:
    assert mser_cut(np.array([9.0, 1.0, 1.0])) == 0
    assert mser_cut(np.array([])) == 0
