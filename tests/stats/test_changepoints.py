import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghlctl.stats.changepoints import _measured, _weak_points, change_points

CASES = json.loads((Path(__file__).parent / "otava.json").read_text())["cases"]
STALE = CASES[5]


@pytest.mark.parametrize("case", CASES)
def test_weak_points_are_those_of_apache_otava(case: dict[str, Any]) -> None:
    values = np.array(case["values"])
    found = _measured(values, _weak_points(values, 50, 0.01))
    assert [each.index for each in found] == [index for index, _ in case["weak"]]
    assert [each.p for each in found] == pytest.approx([p for _, p in case["weak"]], rel=1e-6)


@pytest.mark.parametrize("case", [case for case in CASES if case is not STALE])
def test_the_points_that_remain_are_those_of_apache_otava(case: dict[str, Any]) -> None:
    found = change_points(np.array(case["values"]), min_magnitude=case["min_magnitude"])
    assert [each.index for each in found] == case["points"]


def test_a_step_is_kept_whose_weak_neighbour_was_taken_away() -> None:
    """Otava 0.8 forgets to look again at the point left of one that it removes, and loses it."""
    found = change_points(np.array(STALE["values"]))
    assert STALE["points"] == [20]
    assert [each.index for each in found] == STALE["steps"] == [20, 45]


def test_a_step_is_found_where_it_is_with_the_levels_around_it() -> None:
    values = np.concatenate((np.tile([99.0, 101.0], 10), np.tile([118.0, 122.0], 10)))
    (found,) = change_points(values)
    assert found.index == 20
    assert (found.before, found.after) == (100, 120)
    assert found.change == pytest.approx(0.2)


def test_a_small_step_is_not_reported_below_the_least_magnitude() -> None:
    values = np.concatenate((np.tile([99.9, 100.1], 20), np.tile([100.9, 101.1], 20)))
    assert len(change_points(values)) == 1
    assert change_points(values, min_magnitude=0.02) == ()


@given(st.lists(st.floats(0, 1e9), max_size=60))
def test_any_series_has_an_answer_that_is_always_the_same(values: list[float]) -> None:
    first, again = (change_points(np.array(values)) for _ in range(2))
    assert first == again
    assert all(0 < each.index < len(values) for each in first)


def test_a_series_without_change_has_no_points() -> None:
    assert change_points(np.full(100, 7.0)) == ()


def test_one_odd_value_is_no_level_of_its_own() -> None:
    calm = np.tile([99.0, 100.0, 101.0], 10)
    values = np.concatenate((calm, [60.0], 1.3 * calm))
    assert [each.index for each in change_points(values, least_length=3)] == [31]
    assert change_points(np.concatenate((calm, [180.0])), least_length=3) == ()
