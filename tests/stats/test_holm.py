import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghlctl.stats.holm import holm

P = st.lists(st.floats(0, 1), max_size=12)


def test_the_textbook_example_is_met() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))


@given(P)
def test_correction_never_makes_a_p_smaller_nor_changes_the_order(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    assert all(a >= p and a <= 1 for a, p in zip(adjusted, p_values, strict=True))
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    assert [adjusted[i] for i in order] == sorted(adjusted)


def test_one_question_needs_no_correction() -> None:
    assert holm([0.04]) == (0.04,)
    assert holm([]) == ()
