from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest

from ghlctl.analysis.curves import PERCENTILES, percentile_curve, response_time_curve, timeline

Build = Callable[..., Any]


def test_a_curve_rises_from_the_fastest_into_the_tail() -> None:
    curve = percentile_curve(np.random.default_rng(16).permutation(np.arange(1.0, 20_001.0)))
    assert [p for p, _ in curve] == sorted(PERCENTILES)
    assert [ms for _, ms in curve] == sorted(ms for _, ms in curve)
    assert dict(curve)[99.9] == 19_980
    assert (curve[0], curve[-1]) == ((0, 1), (99.99, 19_998))


def test_a_curve_ends_where_its_samples_do(samples_of: Build) -> None:
    curve = percentile_curve(np.arange(100.0))
    assert curve[-1] == (99.0, 98.0)
    assert percentile_curve(np.array([])) == ()
    assert percentile_curve(np.array([5.0])) == ((0.0, 5.0),)


def test_a_curve_leaves_out_warm_up_and_drops(samples_of: Build) -> None:
    samples = samples_of([0, 1, 2, 3], [900, 5, 7, -1], warmup=[True, False, False, False])
    assert response_time_curve(samples)[0] == (0, 5)
    assert response_time_curve(samples)[-1] == (50, 5)


def test_a_timeline_counts_each_second(samples_of: Build) -> None:
    samples = samples_of(
        [500, 600, 1400, 1600, 3600],
        [100, 1200, 10, -1, 20],
        error=["", "", "status", "dropped", ""],
        warmup=[True, False, False, False, False],
    )
    line = timeline(samples)
    assert line.second == (0, 1, 2, 3)
    assert line.planned == (3, 1, 0, 1)
    assert line.sent == (3, 0, 0, 1)
    assert line.acknowledged == (1, 1, 0, 1)
    assert line.errors == (1, 0, 0, 0)
    assert line.p50 == (100, None, None, 20)
    assert line.p95 == (1200, None, None, 20)
    assert line.warmup_s == pytest.approx(0.1)


def test_a_timeline_of_nothing_is_empty(samples_of: Build) -> None:
    assert timeline(samples_of([])).second == ()


def test_seconds_after_the_last_arrival_show_the_replies_still_due(samples_of: Build) -> None:
    line = timeline(samples_of([0, 10], [50, 2500]))
    assert line.acknowledged == (1, 0, 1)
    assert line.planned == (2, 0, 0)
    assert {len(v) for v in asdict(line).values() if isinstance(v, tuple)} == {3}


def test_a_timeline_of_drops_alone_has_no_times(samples_of: Build) -> None:
    line = timeline(samples_of([0, 10], -1, warmup=True))
    assert (line.planned, line.sent, line.p50) == ((2,), (0,), (None,))
