import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghlctl.report import numbers


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (math.nan, "–"),
        (math.inf, "–"),
        (0.0, "0 ms"),
        (0.4, "0.4 ms"),
        (0.0421, "0.042 ms"),
        (1.44, "1.44 ms"),
        (12.34, "12.3 ms"),
        (99.96, "100 ms"),
        (849.6, "850 ms"),
        (1343.2, "1,343 ms"),
        (12_345.0, "12.3 s"),
        (-3.0, "−3 ms"),
        (1e-9, "< 0.0001 ms"),
    ],
)
def test_milliseconds_keep_about_three_digits(value: float | None, text: str) -> None:
    assert numbers.ms(value) == text


@pytest.mark.parametrize(
    ("ratio", "text"),
    [
        (None, "–"),
        (0.0, "0 %"),
        (1.0, "100 %"),
        (0.0213, "2.1 %"),
        (0.00004, "< 0.01 %"),
        (0.99996, "> 99.99 %"),
        (0.9961, "99.61 %"),
        (0.125, "12 %"),
    ],
)
def test_only_a_true_nothing_or_all_is_written_as_such(ratio: float | None, text: str) -> None:
    assert numbers.percent(ratio) == text


def test_a_score_is_never_rounded_up() -> None:
    assert numbers.score(94.96) == "94.9"
    assert numbers.score(95.0) == "95"
    assert numbers.score(69.3) == "69.3"
    assert numbers.score(None) == "–"


@given(st.floats(min_value=0, max_value=100))
def test_no_score_is_shown_above_itself(score: float) -> None:
    assert float(numbers.score(score)) <= score + 1e-6


def test_changes_carry_their_sign_and_unit() -> None:
    assert numbers.change(-0.824) == "−82 %"
    assert numbers.change(1.54) == "+154 %"
    assert numbers.change(0.0) == "±0 %"
    assert numbers.change(-0.9996) == "−99.96 %"
    assert numbers.change(-0.018, relative=False) == "−1.8 points"
    assert numbers.change(None) == "–"
    assert numbers.interval(-0.84, -0.80) == "−84 to −80 %"
    assert numbers.interval(-0.84, None) == "–"


def test_a_margin_tells_the_side_and_the_share_of_the_bound() -> None:
    assert numbers.margin(150.0, 500.0) == "70 % below"
    assert numbers.margin(850.0, 500.0) == "70 % above"
    assert numbers.margin(500.0, 500.0) == "at the bound"
    assert numbers.margin(2.0, 0.0) == "2 above"
    assert numbers.margin(None, 500.0) == "–"


def test_a_value_just_beside_its_bound_does_not_look_like_it() -> None:
    assert numbers.apart(499.97, 500.0, "ms") == ("499.97 ms", "500.0 ms")
    assert numbers.apart(500.0, 500.0, "ms") == ("500 ms", "500 ms")
    assert numbers.apart(None, 500.0, "ms") == ("–", "500 ms")


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.01, "ratio", "1 %"),
        (24.96, "/s", "25/s"),
        (24.9, "per_s", "24.9/s"),
        (2.5, "s", "2.5 s"),
        (3.0, "", "3"),
        (3.0, "calls", "3 calls"),
        (None, "calls", "–"),
    ],
)
def test_a_quantity_is_written_with_its_unit(value: float | None, unit: str, text: str) -> None:
    assert numbers.quantity(value, unit) == text


@given(st.floats() | st.none())
def test_no_number_is_ever_written_as_nan_or_infinite(value: float | None) -> None:
    written = (
        numbers.ms(value),
        numbers.percent(value),
        numbers.rate(value),
        numbers.change(value),
        numbers.plain(value),
        numbers.size(value),
        numbers.count(value),
        numbers.margin(value, 500.0),
    )
    assert not any("nan" in text or "inf" in text for text in written)


@given(st.floats(min_value=1e-4, max_value=9_999))
def test_written_milliseconds_are_within_two_percent_of_the_truth(value: float) -> None:
    read = float(numbers.ms(value).removesuffix(" ms").replace(",", ""))
    assert math.isclose(read, value, rel_tol=0.02, abs_tol=5e-5)
