import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ghlctl.stats.student import t_cdf, t_quantile, t_tail, z_quantile

DF = st.one_of(st.floats(0.5, 100), st.floats(100, 1e6))


@given(st.floats(-60, 60), DF)
def test_the_distribution_is_scipys(t: float, df: float) -> None:
    assert t_cdf(t, df) == pytest.approx(stats.t.cdf(t, df), abs=1e-9)


@given(st.floats(1e-6, 1 - 1e-6), DF)
def test_the_quantile_is_scipys(p: float, df: float) -> None:
    assert t_quantile(p, df) == pytest.approx(stats.t.ppf(p, df), rel=1e-8, abs=1e-8)


@pytest.mark.parametrize(
    ("p", "df", "printed"), [(0.975, 1, 12.706), (0.975, 10, 2.228), (0.95, 5, 2.015)]
)
def test_quantiles_are_those_of_the_printed_table(p: float, df: int, printed: float) -> None:
    assert t_quantile(p, df) == pytest.approx(printed, abs=5e-4)


@given(st.floats(0, 1e200), DF)
def test_a_tail_is_a_share(t: float, df: float) -> None:
    assert 0 <= t_tail(t, df) <= 0.5


def test_a_far_tail_keeps_its_digits() -> None:
    assert t_tail(50, 20) == pytest.approx(stats.t.sf(50, 20), rel=1e-8)
    assert t_tail(float("inf"), 3) == 0


def test_a_quantile_of_certainty_is_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        t_quantile(1.0, 5)


def test_the_normal_quantile_is_scipys() -> None:
    assert z_quantile(0.975) == pytest.approx(stats.norm.ppf(0.975), abs=1e-12)
