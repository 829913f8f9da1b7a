"""A delay is found when it is there, and never where there is none, whatever the noise."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghlctl.model.sample import Floats
from ghlctl.stats.leak import Contrast, contrast, detectable_ns, score_of, two_sided_p

TURNS = 1000


def noisy(seed: int, kinds: int = 3, turns: int = TURNS) -> Floats:
    """Times as a busy machine gives them: a long tail, stretches of disturbance, and drift."""
    chance = np.random.default_rng(seed)
    plain = 150_000 * chance.lognormal(0, 0.4, (turns, kinds))
    disturbed = np.repeat(chance.random(turns // 10) < 0.1, 10)[:, None]
    drift = np.linspace(0, 60_000, turns)[:, None]
    return plain + drift + disturbed * chance.exponential(800_000, (turns, kinds))


def test_no_difference_is_hardly_ever_seen() -> None:
    scores = [contrast(*noisy(seed, 2).T) for seed in range(400)]
    assert sum(two_sided_p(one.by_sign) < 0.01 for one in scores) <= 12
    assert sum(two_sided_p(one.by_low) < 0.01 for one in scores) <= 12
    assert all(two_sided_p(one.least) > 1e-5 for one in scores)


def test_a_delay_is_seen_by_both_tests_and_measured() -> None:
    first, second = noisy(1, 2).T
    seen = contrast(first, second + 80_000)
    assert two_sided_p(seen.least) < 1e-5
    assert seen.effect_ns == pytest.approx(80_000, rel=0.3)
    assert seen.by_sign > 0
    assert contrast(second + 80_000, first).by_sign < 0


def test_what_was_called_detectable_is_detected() -> None:
    least = detectable_ns(*noisy(2, 2).T, alpha=1e-5)
    found = [contrast(a, b + least) for a, b in (noisy(seed, 2).T for seed in range(3, 43))]
    assert sum(two_sided_p(one.least) < 1e-5 for one in found) >= 30
    half = [contrast(a, b + least / 4) for a, b in (noisy(seed, 2).T for seed in range(3, 43))]
    assert sum(two_sided_p(one.least) < 1e-5 for one in half) <= 10


def test_more_turns_detect_less() -> None:
    few = detectable_ns(*noisy(5, 2, 500).T, alpha=1e-5)
    many = detectable_ns(*noisy(5, 2, 8000).T, alpha=1e-5)
    assert many < few / 2


def test_tests_that_disagree_about_the_direction_say_nothing() -> None:
    assert Contrast(100, 5.0, -5.0, 1.0).least == 0.0
    assert Contrast(100, -5.0, -4.0, -1.0).least == 4.0


@given(st.floats(1e-9, 0.9))
def test_a_score_and_its_p_belong_together(p: float) -> None:
    assert two_sided_p(score_of(p)) == pytest.approx(p, rel=0.02)


def test_equal_times_show_nothing() -> None:
    same = np.full(10, 5.0)
    assert contrast(same, same).least == 0.0
    assert math.isfinite(contrast(same, same).effect_ns)
