"""Numbers by tenant: the busiest in the summary, and every one that a threshold names."""

from typing import Any

import numpy as np
import pytest

from ghlctl.analysis.summary import KEPT_LOCATIONS
from ghlctl.analysis.thresholds import evaluate, parse_threshold
from ghlctl.model.sample import Samples
from ghlctl.model.summary import LoadSummary
from ghlctl.model.threshold import Threshold
from tests.analysis.conftest import build_samples, build_summary

MANY: dict[str, Any] = {"run": {"scenario": {"locations": 30}}}


def run_of(locations: int = 30) -> Samples:
    """Location 9n gets the fewest: one, two, three … deliveries, each n ms."""
    names = [f"9L{n}" for n in range(1, locations + 1) for _ in range(n)]
    times = [float(name[2:]) for name in names]
    failed = np.array([name == "9L2" for name in names])
    return build_samples(
        [n * 10.0 for n in range(len(names))],
        times,
        location=names,
        error=np.where(failed, "status", "").astype(object),
    )


def values_of(summary: LoadSummary, expression: str) -> tuple[float | None, str]:
    (result,) = evaluate([Threshold(expression)], summary)
    return result.value, result.note


def test_the_busiest_are_kept_where_the_scenario_asks_for_locations() -> None:
    summary = build_summary(run_of(), **MANY)
    assert summary.locations == 30
    busiest = {f"9L{n}" for n in range(30, 30 - KEPT_LOCATIONS, -1)}
    assert set(summary.by_location) == busiest
    assert summary.by_location["9L25"].sent == 25
    assert summary.by_location["9L25"].response_time_ms.mean == pytest.approx(25)
    assert build_summary(run_of()).by_location == {}


def test_a_threshold_may_name_any_location() -> None:
    expressions = ["response_time{location=9L1} mean < 5ms", "error_rate{location='9L2'} < 1%"]
    given: dict[str, Any] = {"thresholds": [Threshold(each) for each in expressions]}
    summary = build_summary(run_of(), **given)
    assert [each.value for each in summary.thresholds] == [pytest.approx(1), 1.0]
    assert [each.passed for each in summary.thresholds] == [True, False]
    assert set(summary.by_location) == {"9L1", "9L2"}


def test_a_location_that_the_summary_lacks_is_not_measured_rather_than_passed() -> None:
    value, note = values_of(build_summary(run_of(), **MANY), "error_rate{location=9L1} < 1%")
    assert value is None
    assert note == "the summary holds nothing that was sent for location 9L1"


@pytest.mark.parametrize("name", ["9L1", "L1", "ve9EPM428h8vShlRW1KT", "1e5", "0", "007a.b-c"])
def test_ids_need_no_quotes_whatever_they_begin_with(name: str) -> None:
    for written in (name, f"'{name}'", f'"{name}"'):
        parsed = parse_threshold(f"response_time{{location={written}}} p95 < 5ms")
        assert (parsed.location, parsed.event) == (name, None)
