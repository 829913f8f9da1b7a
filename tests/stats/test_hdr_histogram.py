"""Histograms that HdrHistogram's own reader decodes to the same counts."""

import numpy as np
import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import given
from hypothesis import strategies as st

from ghlctl.stats.hdr_histogram import bins, encoded

HOUR_NS = 3_600_000_000_000
values = st.lists(
    st.one_of(st.integers(0, 5000), st.integers(0, HOUR_NS), st.sampled_from([2047, 2048, 4095])),
    min_size=1,
    max_size=200,
)


def reference(numbers: list[int], highest: int = HOUR_NS) -> HdrHistogram:
    histogram = HdrHistogram(1, highest, 3)
    for number in numbers:
        assert histogram.record_value(number)
    return histogram


@given(values)
def test_the_standard_reader_finds_every_count_and_quantile(numbers: list[int]) -> None:
    decoded = HdrHistogram.decode(encoded(np.array(numbers, dtype=np.int64)))
    expected = reference(numbers)
    assert decoded.get_total_count() == len(numbers)
    assert decoded.get_max_value() == expected.get_max_value()
    for percentile in (0, 1, 25, 50, 90, 99, 99.9, 100):
        found = decoded.get_value_at_percentile(percentile)
        assert found == expected.get_value_at_percentile(percentile)
    for number in numbers:
        assert decoded.get_count_at_value(number) == expected.get_count_at_value(number)


def test_a_reader_of_another_range_adds_it_up() -> None:
    total = HdrHistogram(1, HOUR_NS, 3)
    for part in ([5] * 300, [70_000] * 2):
        total.decode_and_add(encoded(np.array(part, dtype=np.int64)))
    assert total.get_total_count() == 302
    assert total.get_value_at_percentile(50) == 5


def test_values_beyond_an_hour_and_below_zero_are_kept() -> None:
    beyond = 5 * HOUR_NS
    decoded = HdrHistogram.decode(encoded(np.array([beyond, -7], dtype=np.int64)))
    assert decoded.get_total_count() == 2
    assert decoded.get_count_at_value(0) == 1
    assert decoded.get_max_value() == pytest.approx(beyond, rel=1e-3)


def test_no_values_are_an_empty_histogram() -> None:
    assert HdrHistogram.decode(encoded(np.zeros(0, dtype=np.int64))).get_total_count() == 0


@given(st.integers(0, 2**62))
def test_a_bin_is_never_wider_than_a_thousandth_of_its_values(number: int) -> None:
    there = int(bins(np.array([number], dtype=np.int64))[0])
    bucket, place = max(0, (there >> 10) - 1), there & 1023 | (1024 if there >= 1024 else 0)
    lowest = place << bucket
    assert lowest <= number < lowest + (1 << bucket)
    assert (1 << bucket) <= max(1, number / 1000)
