import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghlctl.stats.histogram import cliffs_delta, histogram, merge, quantile_ns
from ghlctl.stats.quantile import rank

TIMES = st.lists(st.integers(0, (1 << 53) - 1), max_size=200)


def of(times: list[int]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(times, dtype=np.int64)


@given(TIMES)
def test_a_quantile_is_at_most_a_thousandth_above_the_observed_one(times: list[int]) -> None:
    found = quantile_ns(histogram(of(times)), 0.5)
    if len(times) < 2:
        assert found is None
        return
    exact = sorted(times)[rank(0.5, len(times))]
    assert found is not None
    assert exact <= found <= exact * (1 + 1 / 1024)


@given(TIMES, TIMES)
def test_merging_is_counting_together(a: list[int], b: list[int]) -> None:
    merged, whole = merge(histogram(of(a)), histogram(of(b))), histogram(of(a + b))
    assert merged.bins.tolist() == whole.bins.tolist()
    assert merged.counts.tolist() == whole.counts.tolist()
    assert merged.total == len(a) + len(b)


@given(st.lists(st.integers(0, 500), max_size=40), st.lists(st.integers(0, 500), max_size=40))
def test_cliffs_delta_is_that_of_all_pairs(a: list[int], b: list[int]) -> None:
    found = cliffs_delta(histogram(of(a)), histogram(of(b)))
    if not a or not b:
        assert found is None
        return
    pairs = [(x > y) - (x < y) for x in b for y in a]
    assert found == pytest.approx(sum(pairs) / len(pairs), abs=1e-12)


def test_small_times_are_kept_exactly() -> None:
    counted = histogram(of([0, 1, 2047, 2047, 2048, 2049]))
    assert counted.bins.tolist() == [0, 1, 2047, 2048]
    assert counted.counts.tolist() == [1, 1, 2, 2]


def test_p999_of_few_times_is_refused() -> None:
    assert quantile_ns(histogram(of(list(range(999)))), 0.999) is None


@pytest.mark.parametrize("time", [-1, 1 << 53])
def test_a_time_that_is_none_is_refused(time: int) -> None:
    with pytest.raises(ValueError, match="holds times"):
        histogram(of([5, time]))
