import math
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghlctl.analysis.effects import match_effects
from ghlctl.analysis.standing import RunStanding, standing_of
from ghlctl.model.caution import Caution
from ghlctl.model.run import RunState
from ghlctl.model.summary import GeneratorSummary, LoadSummary
from ghlctl.model.threshold import Threshold

Build = Callable[..., Any]


def every(gap_ms: float, seconds: float) -> list[float]:
    return [i * gap_ms for i in range(round(seconds * 1000 / gap_ms))]


def codes(summary: LoadSummary) -> set[str]:
    return {caution.code for caution in summary.cautions}


def test_a_steady_run_is_counted_by_hand(samples_of: Build, summary_of: Build) -> None:
    summary = summary_of(samples_of(every(40, 30), 100, late_ms=2))
    assert (summary.planned, summary.sent, summary.dropped, summary.errors) == (750, 750, 0, 0)
    assert summary.planned_per_s == pytest.approx(25)
    # The last three acknowledgements come after the schedule's 30 s.
    assert summary.throughput_per_s == pytest.approx(25, rel=0.005)
    assert summary.duration_s == pytest.approx(30.06)
    assert summary.response_time_ms.p99 == pytest.approx(100)
    assert summary.service_time_ms.mean == pytest.approx(98)
    assert summary.lateness_ms.max == pytest.approx(2)
    assert (len(summary.blocks), summary.passed, summary.cautions) == (6, True, ())


def test_the_warm_up_is_measured_and_not_counted(samples_of: Build, summary_of: Build) -> None:
    due = every(100, 20)
    warm = [at < 5000 for at in due]
    response = [5000.0 if early else 50.0 for early in warm]
    errors = ["status" if early else "" for early in warm]
    summary = summary_of(samples_of(due, response, warmup=warm, error=errors))
    assert (summary.sent, summary.errors) == (150, 0)
    assert summary.response_time_ms.max == pytest.approx(50)
    assert summary.planned_per_s == pytest.approx(10)
    assert [block.start_s for block in summary.blocks] == [5, 10, 15]


def test_a_stall_shows_in_response_time_and_not_only_in_service_time(
    samples_of: Build, summary_of: Build
) -> None:
    due = every(10, 2)
    response = [max(1000.0 - at, 5.0) for at in due]
    samples = samples_of(due, response)
    samples.sent_ns[:] = samples.done_ns - 5_000_000
    summary = summary_of(samples)
    assert summary.service_time_ms.p99 == pytest.approx(5)
    assert summary.response_time_ms.p99 == pytest.approx(980)


def test_a_burst_is_as_fast_as_its_replies(samples_of: Build, summary_of: Build) -> None:
    summary = summary_of(samples_of([0.0] * 500, [10.0 * (i + 1) for i in range(500)]))
    assert summary.throughput_per_s == pytest.approx(100)
    assert summary.planned_per_s == 0
    assert summary.blocks == ()


def test_one_straggler_does_not_slow_the_others_down(samples_of: Build, summary_of: Build) -> None:
    due = every(40, 30)
    summary = summary_of(samples_of(due, [9000.0 if i == 749 else 20.0 for i in range(750)]))
    assert summary.throughput_per_s == pytest.approx(25, rel=0.005)
    assert summary.duration_s == pytest.approx(38.96)


def test_a_receiver_that_falls_behind_is_not_credited_with_the_plan(
    samples_of: Build, summary_of: Build
) -> None:
    due = every(10, 10)
    summary = summary_of(samples_of(due, [20 * (i + 1) - at for i, at in enumerate(due)]))
    assert summary.throughput_per_s == pytest.approx(50, rel=0.01)
    assert "backlog-growing" in codes(summary)
    assert [b.throughput_per_s for b in summary.blocks] == pytest.approx([50, 50], rel=0.01)


def test_late_retries_stretch_neither_plan_nor_throughput(
    samples_of: Build, summary_of: Build
) -> None:
    due = [*every(100, 20), 90_000.0]
    summary = summary_of(samples_of(due, attempt=[1] * 200 + [2]))
    assert summary.planned_per_s == pytest.approx(10)
    assert summary.throughput_per_s == pytest.approx(10)
    assert summary.planned == 201


def test_a_dropped_arrival_is_neither_sent_nor_an_error(
    samples_of: Build, summary_of: Build
) -> None:
    due = every(50, 20)
    summary = summary_of(samples_of(due, [-1.0 if i % 100 == 7 else 10.0 for i in range(400)]))
    assert (summary.planned, summary.sent, summary.dropped, summary.errors) == (400, 396, 4, 0)
    assert summary.error_rate == 0
    assert summary.response_time_ms.max == pytest.approx(10)
    assert codes(summary) == {"dropped-arrivals"}


def test_failed_attempts_count_with_the_time_they_took(
    samples_of: Build, summary_of: Build
) -> None:
    due = every(50, 20)
    late = [i % 100 == 7 for i in range(400)]
    samples = samples_of(
        due,
        [1000.0 if slow else 10.0 for slow in late],
        error=["timeout" if slow else "" for slow in late],
    )
    summary = summary_of(samples)
    assert summary.errors_by_kind == {"timeout": 4}
    assert summary.error_rate == 0.01
    assert summary.response_time_ms.max == pytest.approx(1000)
    assert codes(summary) == {"timeouts-censored"}


def test_events_are_told_apart_by_name(samples_of: Build, summary_of: Build) -> None:
    names = ["TaskCreate", "ContactCreate"] * 100
    samples = samples_of(every(50, 10), [10.0, 30.0] * 100, event=names, error=["status", ""] * 100)
    by_event = summary_of(samples).by_event
    assert list(by_event) == ["ContactCreate", "TaskCreate"]
    assert by_event["ContactCreate"].response_time_ms.p50 == pytest.approx(30)
    assert (by_event["TaskCreate"].errors, by_event["TaskCreate"].error_rate) == (100, 1.0)


def test_only_whole_blocks_are_blocks(samples_of: Build, summary_of: Build) -> None:
    summary = summary_of(samples_of(every(100, 19)))
    assert [block.start_s for block in summary.blocks] == [0, 5, 10]
    assert [block.sent for block in summary.blocks] == [50, 50, 50]
    assert summary.sent == 190


def test_blocks_of_random_arrivals_reach_the_end_of_the_schedule(
    samples_of: Build, summary_of: Build
) -> None:
    due = np.sort(np.random.default_rng(11).uniform(0, 30_000, 750)).tolist()
    assert len(summary_of(samples_of(due)).blocks) == 6


def test_blocks_carry_the_effects_of_their_arrivals(
    samples_of: Build, summary_of: Build, entry: Build, origin: int
) -> None:
    samples = samples_of(every(100, 10))
    entries = [entry(i, 100 * i + (30 if i < 50 else 70), key=f"d{i}:u") for i in range(100)]
    summary = summary_of(samples, matched=match_effects(samples, entries, origin))
    assert [b.end_to_end_ms.mean for b in summary.blocks] == pytest.approx([30, 70])
    assert summary.effects.lost == 0


@pytest.mark.parametrize(
    "given_samples",
    [
        {"intended_ms": []},
        {"intended_ms": [0]},
        {"intended_ms": [0, 5], "warmup": True},
        {"intended_ms": [0, 5], "response_ms": -1},
        {"intended_ms": [0, 5], "error": "connect"},
        {"intended_ms": [0], "response_ms": 0},
    ],
)
def test_a_run_of_next_to_nothing_is_summarised_without_a_guess(
    samples_of: Build, summary_of: Build, entry: Build, origin: int, given_samples: dict[str, Any]
) -> None:
    samples = samples_of(**given_samples)
    summary = summary_of(
        samples,
        matched=match_effects(samples, [entry(1, 1, body="unrelated")], origin),
        thresholds=[Threshold("response_time p95 < 1s")],
    )
    assert summary.response_time_ms.p95 is None
    assert summary.thresholds[0].passed is None
    assert not summary.passed
    assert {"no-samples", "too-few-samples"} & codes(summary)
    assert msgspec.json.decode(msgspec.json.encode(summary), type=LoadSummary) == summary


def numbers(value: object) -> list[float]:
    match value:
        case dict():
            return [n for each in value.values() for n in numbers(each)]
        case list() | tuple():
            return [n for each in value for n in numbers(each)]
        case float():
            return [value]
        case _:
            return []


@given(
    st.lists(
        st.tuples(
            st.floats(0, 20_000),
            st.floats(-1, 9_000),
            st.sampled_from(["", "", "status", "timeout"]),
            st.booleans(),
        ),
        max_size=60,
    )
)
def test_whatever_happened_the_counts_add_up_and_no_number_is_nan(
    samples_of: Build, summary_of: Build, rows: list[tuple[float, float, str, bool]]
) -> None:
    samples = samples_of(
        [row[0] for row in rows],
        [row[1] for row in rows],
        error=["dropped" if row[1] < 0 else row[2] for row in rows],
        warmup=[row[3] for row in rows],
    )
    summary = summary_of(samples)
    assert summary.sent + summary.dropped == summary.planned == sum(not row[3] for row in rows)
    assert sum(summary.errors_by_kind.values()) == summary.errors
    assert sum(event.sent for event in summary.by_event.values()) == summary.sent
    assert sum(block.sent for block in summary.blocks) <= summary.sent
    assert all(math.isfinite(number) for number in numbers(msgspec.to_builtins(summary)))


def test_a_doubt_of_the_engine_is_not_said_twice(samples_of: Build, summary_of: Build) -> None:
    said = Caution("generator-not-keeping-up", "the engine's own words")
    summary = summary_of(samples_of(every(50, 20), 100, late_ms=90), cautions=[said])
    assert [c for c in summary.cautions if c.code == said.code] == [said]


def test_a_failed_error_threshold_fails_the_run_and_a_warning_does_not(
    samples_of: Build, summary_of: Build
) -> None:
    samples = samples_of(every(50, 20))
    bounds = ["response_time p95 < 1ms", "response_time p95 < 1s"]
    warned = summary_of(
        samples, thresholds=[msgspec.convert({"expr": bounds[0], "level": "warn"}, Threshold)]
    )
    assert warned.passed
    assert warned.thresholds[0].passed is False
    assert not summary_of(samples, thresholds=[Threshold(bounds[0])]).passed
    assert summary_of(samples, thresholds=[Threshold(bounds[1])]).passed


def test_the_platform_s_answer_to_many_failures_is_said(
    samples_of: Build, summary_of: Build
) -> None:
    due = every(40, 30)
    errors = ["status" if number % 5 == 0 else "" for number in range(len(due))]
    run = {"scenario": {"provider": "ghl"}}
    said = [
        caution.text
        for caution in summary_of(samples_of(due, 100, error=errors), run=run).cautions
        if caution.code == "ghl-would-pause"
    ]
    assert len(said) == 1
    assert "80.0% of 750 deliveries" in said[0]
    assert "ghl-would-pause" not in codes(summary_of(samples_of(due, 100), run=run))
    assert "ghl-would-pause" not in codes(summary_of(samples_of(due, 100, error=errors)))


@pytest.mark.parametrize(
    "untrusted",
    [
        {"run": {"state": RunState.ABORTED}},
        {"generator": GeneratorSummary(1.0, 1, keeping_up=False)},
    ],
)
def test_a_run_that_may_not_be_trusted_does_not_pass(
    samples_of: Build, summary_of: Build, untrusted: dict[str, Any]
) -> None:
    assert summary_of(samples_of(every(50, 20))).passed
    assert not summary_of(samples_of(every(50, 20)), **untrusted).passed
    bound = [Threshold("response_time p95 < 1s")]
    assert not summary_of(samples_of(every(50, 20)), thresholds=bound, **untrusted).passed


@pytest.mark.parametrize("nothing", [{"warmup": True}, {"response_ms": -1.0}])
def test_a_run_that_sent_nothing_does_not_pass(
    samples_of: Build, summary_of: Build, nothing: dict[str, Any]
) -> None:
    assert not summary_of(samples_of(every(50, 20), **nothing)).passed


@pytest.mark.parametrize(
    ("arrivals", "expected"),
    [
        ([{"constant": "25/s", "for": "10s"}], (True, 0)),
        ([{"closed": {"concurrency": 3, "iterations": 9}}], (False, 3)),
        ([{"burst": 9}, {"closed": {"concurrency": 8, "for": "5s"}}], (False, 8)),
    ],
)
def test_a_summary_knows_whether_its_arrivals_were_planned(
    samples_of: Build, summary_of: Build, arrivals: list[Any], expected: tuple[bool, int]
) -> None:
    summary = summary_of(samples_of(every(50, 20)), run={"scenario": {"arrivals": arrivals}})
    assert (summary.open_model, summary.concurrency) == expected


def test_the_gravest_doubt_of_a_run_is_its_standing(samples_of: Build, summary_of: Build) -> None:
    good = summary_of(samples_of(every(50, 20)))
    behind = GeneratorSummary(1.0, 1, keeping_up=False)
    miscounted = Caution("counts-disagree", "worker 1 counted 3 requests, its samples 2", "")
    assert standing_of(good) is RunStanding.MEASURED
    for change, standing in (
        ({"generator": behind}, RunStanding.FELL_BEHIND),
        ({"generator": behind, "cautions": (miscounted,)}, RunStanding.MISCOUNTED),
        ({"generator": behind, "sent": 0}, RunStanding.NOTHING_SENT),
        ({"sent": 0, "state": "aborted"}, RunStanding.ABORTED),
        ({"state": "running"}, RunStanding.ABORTED),
    ):
        assert standing_of(msgspec.structs.replace(good, **change)) is standing
    assert [each for each in RunStanding if not each.reason] == [RunStanding.MEASURED]
