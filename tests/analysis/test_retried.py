"""Deliveries sent again: counted apart, judged by all of their attempts together."""

from typing import Any

import numpy as np
import pytest

from ghlctl.analysis.effects import match_effects
from ghlctl.model.sample import Samples
from ghlctl.model.summary import RetriesSummary
from tests.analysis.conftest import RUN, build_entry, build_samples, build_summary

SCENARIO = {"retries": {"policy": "ghl-2026", "speed": 5000.0, "signature": "same"}}


def run_of(*attempts: tuple[str, float, int, str], **columns: Any) -> Samples:
    """Rows of (delivery, intended ms, retry, error)."""
    names, due, retry, errors = zip(*attempts, strict=True)
    dropped = [error == "dropped" for error in errors]
    return build_samples(
        due,
        [-1.0 if each else 10.0 for each in dropped],
        delivery_id=list(names),
        error=list(errors),
        retry=list(retry),
        attempt=np.array(retry) + 1,
        **columns,
    )


SAMPLES = run_of(
    ("at once", 0, 0, ""),
    ("at last", 10, 0, "status"),
    ("never", 20, 0, "timeout"),
    ("cut off", 30, 0, "status"),
    ("not tried", 40, 0, "dropped"),
    ("at last", 1010, 1, "status"),
    ("never", 1020, 1, "status"),
    ("at last", 2010, 2, ""),
    ("cut off", 9000, 1, "dropped"),
)


def test_every_delivery_is_in_one_count() -> None:
    summary = build_summary(SAMPLES, run={"scenario": SCENARIO})
    assert summary.retries == RetriesSummary(
        "ghl-2026", 5000.0, "same", sent=3, acknowledged=1, given_up=1, unfinished=1
    )


def test_arrivals_alone_make_the_run_s_numbers() -> None:
    plain = build_summary(SAMPLES.arrivals, run={"scenario": SCENARIO})
    summary = build_summary(SAMPLES, run={"scenario": SCENARIO})
    assert (summary.planned, summary.sent, summary.dropped, summary.errors) == (5, 4, 1, 3)
    for name in ("response_time_ms", "service_time_ms", "lateness_ms", "by_event", "planned_per_s"):
        assert getattr(summary, name) == getattr(plain, name)
    assert summary.duration_s == plain.duration_s


def test_a_block_holds_arrivals_only_and_every_acknowledgement() -> None:
    arrivals = [(f"d{n}", n * 100.0, 0, "status" if n % 2 else "") for n in range(60)]
    retried = [(name, due + 500, 1, "") for name, due, _, error in arrivals if error]
    samples = run_of(*arrivals, *retried)
    summary = build_summary(samples, run={"scenario": SCENARIO}, block_s=2.0)
    assert [block.sent for block in summary.blocks] == [20] * 3
    assert [block.errors for block in summary.blocks] == [10] * 3
    assert sum(block.throughput_per_s for block in summary.blocks) * 2 == pytest.approx(60, abs=4)


def test_what_a_retry_acknowledged_is_neither_lost_nor_unacknowledged() -> None:
    entries = [
        build_entry(1, 15, key="at last:create"),
        build_entry(2, 2015, key="at last:create"),
        build_entry(3, 5, key="at once:create"),
    ]
    effects = match_effects(SAMPLES, entries, RUN.origin_unix_ns).summary
    assert (effects.expected, effects.lost, effects.unacknowledged) == (2, 0, 0)
    assert effects.duplicated == 1  # it was done at the first attempt, and again


def test_a_delivery_acknowledged_at_the_second_attempt_without_effect_is_lost() -> None:
    effects = match_effects(SAMPLES, [build_entry(1, 5, key="at once:x")], 1).summary
    assert (effects.expected, effects.lost) == (2, 1)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("ghl-2025", ("ghl-2025", 160.0, "fresh")),
        ({"policy": "ghl"}, ("ghl", 8300.0, "fresh")),
        ({"policy": "gone by now", "speed": 3}, ("gone by now", 3.0, "fresh")),
    ],
)
def test_the_policy_is_told_as_the_scenario_has_it(said: Any, expected: Any) -> None:
    retries = build_summary(SAMPLES, run={"scenario": {"retries": said}}).retries
    assert retries is not None
    assert (retries.policy, retries.speed, retries.signature) == expected


def test_a_run_without_retries_says_nothing_of_them() -> None:
    assert build_summary(SAMPLES.arrivals).retries is None


def test_warm_up_deliveries_are_in_no_count() -> None:
    warm = SAMPLES.delivery_id == "at last"
    samples = run_of(
        *zip(
            SAMPLES.delivery_id,
            SAMPLES.intended_ns / 1e6,
            SAMPLES.retry.tolist(),
            SAMPLES.error,
            strict=True,
        ),
        warmup=warm,
    )
    retries = build_summary(samples, run={"scenario": SCENARIO}).retries
    assert retries is not None
    assert (retries.sent, retries.acknowledged, retries.given_up) == (1, 0, 1)
