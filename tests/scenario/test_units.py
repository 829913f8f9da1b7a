"""Durations, rates and ratios: read as written, written as read."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghlctl.errors import UsageError
from ghlctl.scenario.units import (
    DURATION_PATTERN,
    RATE_PATTERN,
    RATIO_PATTERN,
    duration_s,
    rate_per_s,
    ratio,
    write_duration,
    write_rate,
    write_ratio,
)

numbers = st.floats(min_value=0, allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("500ms", 0.5), ("5m", 300), ("1.5 min", 90), ("2h", 7200), ("250us", 0.00025)],
)
def test_a_duration_is_a_number_and_a_unit(text: str, seconds: float) -> None:
    assert duration_s(text) == seconds
    assert re.search(DURATION_PATTERN, text)


@pytest.mark.parametrize(
    ("text", "per_s"), [("25/s", 25), ("600/min", 10), ("90 / h", 0.025), ("0.5/s", 0.5)]
)
def test_a_rate_is_a_number_per_unit_of_time(text: str, per_s: float) -> None:
    assert rate_per_s(text) == per_s
    assert re.search(RATE_PATTERN, text)


@pytest.mark.parametrize(
    ("written", "value"),
    [("1%", 0.01), (0.01, 0.01), (0, 0), (1, 1), ("100 %", 1), ("0.5%", 0.005)],
)
def test_a_ratio_is_a_percentage_or_a_number(written: object, value: float) -> None:
    assert ratio(written) == value
    if isinstance(written, str):
        assert re.search(RATIO_PATTERN, written)


@pytest.mark.parametrize("wrong", ["30", 30, "", "s", "1s2", "٣s", "1e999h", None, True, "1 day"])
def test_what_is_no_duration_is_refused(wrong: object) -> None:
    with pytest.raises(UsageError):
        duration_s(wrong)


@pytest.mark.parametrize("wrong", ["25", 25, "/s", "25/d", "25/s/s", "nan/s", "inf/s", None, False])
def test_what_is_no_rate_is_refused(wrong: object) -> None:
    with pytest.raises(UsageError):
        rate_per_s(wrong)


@pytest.mark.parametrize(
    "wrong", ["101%", 1.01, 5, -0.1, "-1%", "0.01", True, None, float("nan"), float("inf")]
)
def test_what_is_no_ratio_is_refused(wrong: object) -> None:
    with pytest.raises(UsageError):
        ratio(wrong)


@pytest.mark.parametrize(
    ("read", "text"), [(duration_s, "-5s"), (rate_per_s, "-5/s"), (ratio, "-5%")]
)
def test_a_negative_amount_is_called_so(read: object, text: str) -> None:
    assert callable(read)
    with pytest.raises(UsageError, match="is below zero"):
        read(text)


def test_a_long_wrong_value_is_cut_in_the_message() -> None:
    with pytest.raises(UsageError) as refused:
        duration_s("x\n" * 10_000)
    assert len(refused.value.message) < 100
    assert "\n" not in refused.value.message


@given(numbers)
def test_a_written_duration_is_read_as_the_same(seconds: float) -> None:
    assert duration_s(write_duration(seconds)) == seconds


@given(numbers)
def test_a_written_rate_is_read_as_the_same(per_s: float) -> None:
    assert rate_per_s(write_rate(per_s)) == per_s


@given(st.floats(min_value=0, max_value=1))
def test_a_written_ratio_is_read_as_the_same(value: float) -> None:
    assert ratio(write_ratio(value)) == value


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (write_duration(30), "30s"),
        (write_duration(0.5), "500ms"),
        (write_duration(300), "5m"),
        (write_duration(90), "90s"),
        (write_duration(0), "0s"),
        (write_rate(25), "25/s"),
        (write_rate(10 / 60), "10/min"),
        (write_ratio(0.07), "7%"),
    ],
)
def test_amounts_are_written_as_a_person_would(written: object, text: str) -> None:
    assert written == text
