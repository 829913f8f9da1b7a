"""Arrivals: how many, in what order, and exactly when."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghlctl.errors import UsageError
from ghlctl.scenario.arrivals import plan_arrivals
from ghlctl.scenario.scenario import Burst, Closed, Constant, Poisson, Ramp, Replay, Stage

rates = st.floats(min_value=0.5, max_value=400)
times = st.floats(min_value=2, max_value=30)
seeds = st.integers(min_value=0, max_value=2**63 - 1)
constants = st.builds(Constant, rates, times)
ramps = st.builds(Ramp, rates, rates, times)
poissons = st.builds(Poisson, rates, times)
bursts = st.builds(Burst, st.integers(min_value=1, max_value=500))
open_stages = st.lists(constants | ramps | poissons | bursts, min_size=1, max_size=5)


def lasts_ns(stage: Stage) -> int:
    return 0 if isinstance(stage, Burst) else round(getattr(stage, "for_s", 0) * 1e9)


@given(open_stages, seeds)
def test_arrivals_are_ordered_and_each_lies_within_its_stage(
    stages: list[Stage], seed: int
) -> None:
    arrivals = plan_arrivals(stages, seed)
    assert (np.diff(arrivals.offset_ns) >= 0).all()
    assert (np.diff(arrivals.stage) >= 0).all()
    start = 0
    for number, stage in enumerate(stages):
        own = arrivals.offset_ns[arrivals.stage == number]
        end = start + lasts_ns(stage)
        assert (own >= start).all()
        assert (own <= max(start, end - 1)).all()
        start = end


@given(constants | ramps | bursts)
def test_there_are_as_many_arrivals_as_rate_times_duration(
    stage: Constant | Ramp | Burst,
) -> None:
    assert abs(len(plan_arrivals([stage], 0)) - stage.arrivals) < 1 + 1e-6


@pytest.mark.parametrize(
    ("rate", "for_s", "count"),
    [(25, 30, 750), (0.1, 10, 1), (0.1, 30, 3), (3, 0.7, 2), (1 / 3, 3, 1)],
)
def test_binary_fractions_neither_add_nor_lose_an_arrival(
    rate: float, for_s: float, count: int
) -> None:
    assert len(plan_arrivals([Constant(rate, for_s)], 0)) == count


def test_a_constant_stage_starts_at_once_and_keeps_its_distance() -> None:
    arrivals = plan_arrivals([Constant(4, 1)], 0)
    assert arrivals.offset_ns.tolist() == [0, 250_000_000, 500_000_000, 750_000_000]


def test_a_long_constant_stage_does_not_drift() -> None:
    offset_ns = plan_arrivals([Constant(7, 86_400)], 0).offset_ns
    for n in (1, 1000, 604_799):
        assert abs(int(offset_ns[n]) - round(n * 10**9 / 7)) <= 1


@given(ramps)
def test_a_ramp_inverts_the_integral_of_its_rate(stage: Ramp) -> None:
    t = plan_arrivals([stage], 0).offset_ns / 1e9
    slope = (stage.to_per_s - stage.from_per_s) / stage.for_s
    reached = stage.from_per_s * t + slope * t**2 / 2
    # Half a nanosecond at 400/s moves the integral by 2e-7; the last one may be held off the end.
    assert np.abs(reached - np.arange(len(t))).max() < 2e-6


@pytest.mark.parametrize(("low", "high"), [(0, 100), (100, 0), (0.0, 0.5), (5, 5)])
def test_a_ramp_may_start_or_end_at_zero_or_be_level(low: float, high: float) -> None:
    t = plan_arrivals([Ramp(low, high, 10)], 0).offset_ns
    assert len(t) == int((low + high) * 5)
    assert t[0] == 0
    gaps = np.diff(t)
    assert (np.diff(gaps) <= 1).all() if high >= low else (np.diff(gaps) >= -1).all()


def test_a_level_ramp_is_a_constant_stage() -> None:
    level, constant = plan_arrivals([Ramp(8, 8, 5)], 0), plan_arrivals([Constant(8, 5)], 0)
    assert level.offset_ns.tolist() == constant.offset_ns.tolist()


@given(poissons, seeds)
def test_poisson_arrivals_come_again_with_their_seed(stage: Poisson, seed: int) -> None:
    first, second = plan_arrivals([stage], seed), plan_arrivals([stage], seed)
    assert first.offset_ns.tolist() == second.offset_ns.tolist()


def test_poisson_arrivals_have_the_numbers_and_gaps_of_their_process() -> None:
    counts = [len(plan_arrivals([Poisson(50, 10)], seed)) for seed in range(200)]
    assert abs(np.mean(counts) - 500) < 4 * math.sqrt(500 / 200)
    assert 350 < np.var(counts) < 700  # equal to the mean, 500, for a Poisson number
    gaps = np.diff(plan_arrivals([Poisson(100, 300)], 1).offset_ns) / 1e9
    assert abs(gaps.mean() * 100 - 1) < 0.03
    assert abs(gaps.std() * 100 - 1) < 0.05  # exponential: as wide as its mean
    assert abs((gaps > 0.01).mean() - math.exp(-1)) < 0.02


def test_two_poisson_stages_and_two_seeds_differ() -> None:
    stage = Poisson(50, 4)
    both = plan_arrivals([stage, stage], 5)
    first = both.offset_ns[both.stage == 0]
    second = both.offset_ns[both.stage == 1] - 4_000_000_000
    assert first.tolist() != second.tolist()
    assert first.tolist() != plan_arrivals([stage], 6).offset_ns.tolist()


def test_the_seed_moves_nothing_but_poisson_arrivals() -> None:
    stages: list[Stage] = [Constant(10, 2), Ramp(5, 50, 3), Burst(7)]
    plans = [plan_arrivals(stages, seed).offset_ns.tolist() for seed in (1, 2)]
    assert plans[0] == plans[1]


def test_a_burst_is_one_moment_between_its_neighbours() -> None:
    arrivals = plan_arrivals([Constant(1, 2), Burst(3), Constant(1, 1)], 0)
    assert arrivals.offset_ns.tolist() == [0, 10**9, 2 * 10**9, 2 * 10**9, 2 * 10**9, 2 * 10**9]
    assert arrivals.stage.tolist() == [0, 0, 1, 1, 1, 2]


@pytest.mark.parametrize("stage", [Closed(10, iterations=100), Replay("captured.jsonl")])
def test_stages_without_planned_arrivals_are_refused(stage: Stage) -> None:
    with pytest.raises(UsageError):
        plan_arrivals([Constant(10, 1), stage], 0)


def test_more_than_a_run_holds_is_refused_before_it_is_made() -> None:
    with pytest.raises(UsageError, match="more than a run holds"):
        plan_arrivals([Constant(1e9, 1000)] * 2, 0)


def test_no_stage_is_refused() -> None:
    with pytest.raises(UsageError, match="no stage"):
        plan_arrivals([], 0)


@given(open_stages, seeds)
def test_stages_follow_each_other_without_a_gap(stages: list[Stage], seed: int) -> None:
    arrivals = plan_arrivals(stages, seed)
    starts = np.cumsum([0, *(lasts_ns(stage) for stage in stages)])
    for number, (start, _) in enumerate(pairwise(starts)):
        if not isinstance(stages[number], Poisson):
            assert arrivals.offset_ns[arrivals.stage == number][0] == start
