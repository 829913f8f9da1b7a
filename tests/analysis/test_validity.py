from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest

from ghlctl.analysis.effects import match_effects
from ghlctl.model.caution import Caution
from ghlctl.model.run import Environment
from ghlctl.model.summary import GeneratorSummary, LoadSummary, ReceiverCost

Build = Callable[..., Any]
DUE = [50.0 * i for i in range(400)]
BUSY = Environment("Linux", "x86_64", "a cpu", 2, 8 << 30, "3.11", 2.5)


def caution(summary: LoadSummary, code: str) -> Caution:
    (found,) = [each for each in summary.cautions if each.code == code]
    assert found.text
    assert found.hint
    return found


def codes(summary: LoadSummary) -> list[str]:
    return [each.code for each in summary.cautions]


def test_a_healthy_run_has_no_caution(samples_of: Build, summary_of: Build) -> None:
    noise = np.random.default_rng(12).lognormal(4, 0.3, 400)
    quiet = GeneratorSummary(1.0, 1, keeping_up=True, run_queue_wait_s=0.05)
    cost = ReceiverCost(4.0, 10.0, 0.4)
    assert codes(summary_of(samples_of(DUE, noise), generator=quiet, receiver_cost=cost)) == []


def test_waiting_for_a_cpu_is_contention(samples_of: Build, summary_of: Build) -> None:
    cost = ReceiverCost(cpu_s=5.0, cpu_ms_per_event=12.5, run_queue_wait_s=5.0)
    found = caution(summary_of(samples_of(DUE), receiver_cost=cost), "machine-contended")
    assert found.text.startswith("the receiver waited for a CPU during 50%")


def test_a_process_that_hardly_runs_says_nothing_of_the_machine(
    samples_of: Build, summary_of: Build
) -> None:
    idle = GeneratorSummary(0.1, 1, keeping_up=True, run_queue_wait_s=0.2)
    assert codes(summary_of(samples_of(DUE), generator=idle)) == []


def test_the_load_average_is_a_weaker_doubt_where_waiting_was_read(
    samples_of: Build, summary_of: Build
) -> None:
    busy, cost = {"environment": BUSY}, ReceiverCost(5.0, 12.5, 0.1)
    unread = summary_of(samples_of(DUE), run=busy)
    assert caution(unread, "machine-contended").text == "load average 2.5 on 2 cores at the start"
    assert codes(summary_of(samples_of(DUE), run=busy, receiver_cost=cost)) == ["machine-busy"]


def test_lateness_counts_beside_the_response_time_that_contains_it(
    samples_of: Build, summary_of: Build
) -> None:
    late = caution(summary_of(samples_of(DUE, 100, late_ms=25)), "generator-not-keeping-up")
    assert "lateness p99 25.0 ms, bound 20 ms" in late.text
    assert codes(summary_of(samples_of(DUE, 400, late_ms=25))) == []


def test_an_engine_that_says_it_is_too_slow_is_believed(
    samples_of: Build, summary_of: Build
) -> None:
    slow = GeneratorSummary(1.0, 1, keeping_up=False)
    assert codes(summary_of(samples_of(DUE), generator=slow)) == ["generator-not-keeping-up"]


@pytest.mark.parametrize("why", ["burst", "held"])
def test_lateness_by_design_is_left_to_the_engine_s_own_word(
    samples_of: Build, summary_of: Build, why: str
) -> None:
    samples = samples_of(DUE, 100, late_ms=90)
    if why == "burst":
        given: dict[str, Any] = {"run": {"scenario": {"arrivals": [{"burst": 400}]}}}
    else:
        given = {"cautions": [Caution("in-flight-bound", "seen", "do")]}
    assert "generator-not-keeping-up" not in codes(summary_of(samples, **given))
    slow = GeneratorSummary(1.0, 1, keeping_up=False)
    found = caution(summary_of(samples, generator=slow, **given), "generator-not-keeping-up")
    assert found.text == "the generator fell behind, by its own account"


def test_fast_failures_make_response_times_unrepresentative(
    samples_of: Build, summary_of: Build
) -> None:
    samples = samples_of(DUE, [2.0, 90.0] * 200, error=["status", ""] * 200)
    text = caution(summary_of(samples), "errors-unrepresentative").text
    assert text.startswith("50.0% of the attempts failed, after 2.0 ms at the median against 90.0")


def test_when_everything_failed_there_is_no_acknowledged_median(
    samples_of: Build, summary_of: Build
) -> None:
    text = caution(summary_of(samples_of(DUE, error="reset")), "errors-unrepresentative").text
    assert "against unknown of the acknowledged" in text


def test_a_growing_queue_is_seen(samples_of: Build, summary_of: Build) -> None:
    noise = np.random.default_rng(13).normal(0, 20, 400)
    growing = 100 + np.arange(400) * 2 + noise
    text = caution(summary_of(samples_of(DUE, growing)), "backlog-growing").text
    assert "from 1" in text
    assert "warmup-not-over" not in codes(summary_of(samples_of(DUE, growing)))


@pytest.mark.parametrize("drift", [0.0, 0.1])
def test_noise_and_drift_are_no_queue(samples_of: Build, summary_of: Build, drift: float) -> None:
    rng = np.random.default_rng(14)
    for _ in range(20):
        times = rng.lognormal(5, 0.5, 400) * np.linspace(1, 1 + drift, 400)
        assert "backlog-growing" not in codes(summary_of(samples_of(DUE, times)))


def test_a_start_up_beyond_the_warm_up_is_measured(samples_of: Build, summary_of: Build) -> None:
    times = 50 + 300 * np.exp(-np.arange(400) / 60)
    text = caution(summary_of(samples_of(DUE, times)), "warmup-not-over").text
    assert int(text.split("another ")[1].split(" s")[0]) in range(6, 11)


def test_steady_noise_is_seldom_taken_for_a_start_up(samples_of: Build, summary_of: Build) -> None:
    rng = np.random.default_rng(15)
    summaries = [summary_of(samples_of(DUE, rng.lognormal(4, 0.3, 400))) for _ in range(60)]
    assert sum("warmup-not-over" in codes(each) for each in summaries) <= 3


def test_few_samples_and_few_blocks_are_named_with_what_is_needed(
    samples_of: Build, summary_of: Build
) -> None:
    summary = summary_of(samples_of(DUE[:60]))
    assert "60 attempts were counted; p99 needs 100" in caution(summary, "too-few-samples").text
    assert "holds 0 whole blocks" in caution(summary, "too-few-blocks").text


def test_a_run_that_never_got_beyond_its_warm_up_says_so(
    samples_of: Build, summary_of: Build
) -> None:
    assert codes(summary_of(samples_of(DUE, warmup=True))) == ["no-samples"]


def test_clocks_that_disagree_are_not_smoothed_over(
    samples_of: Build, summary_of: Build, entry: Build, origin: int
) -> None:
    samples = samples_of(DUE)
    entries = [entry(i, at - 3.5, key=f"d{i}:u") for i, at in enumerate(DUE)]
    summary = summary_of(samples, matched=match_effects(samples, entries, origin))
    text = caution(summary, "clocks-disagree").text
    assert text == "400 of 400 effects came before their delivery was due, by up to 3.5 ms"
    assert summary.effects is not None
    assert summary.effects.end_to_end_ms.mean == pytest.approx(-3.5)


def test_effects_that_cannot_be_told_apart_are_named(
    samples_of: Build, summary_of: Build, entry: Build, origin: int
) -> None:
    samples = samples_of(DUE)
    entries = [entry(1, 9, body="d0"), entry(2, 9, body="nobody's")]
    found = codes(summary_of(samples, matched=match_effects(samples, entries, origin)))
    assert found == ["effects-lost", "effects-unattributed", "effects-unmarked"]
    unknown = match_effects(samples, entries[:1], 0)
    assert "clock-unknown" in codes(summary_of(samples, matched=unknown))


def test_every_caution_code_is_kebab_case(samples_of: Build, summary_of: Build) -> None:
    samples = samples_of(DUE[:50], [-1.0] + [900.0] * 49, late_ms=90, error="timeout")
    summary = summary_of(samples, run={"environment": BUSY})
    assert len(summary.cautions) >= 6
    for each in summary.cautions:
        assert each.code == each.code.lower()
        assert " " not in each.code
        assert not each.text.endswith(".")
    assert msgspec.json.encode(summary)


def test_effects_that_name_no_delivery_measure_nothing_and_lose_nothing(
    samples_of: Build, summary_of: Build, entry: Build, origin: int
) -> None:
    samples = samples_of(DUE)
    entries = [entry(i, 9, body="someone") for i in range(3)]
    summary = summary_of(samples, matched=match_effects(samples, entries, origin))
    assert summary.effects is None
    assert codes(summary) == ["effects-not-attributable"]


def test_without_any_effect_what_was_acknowledged_is_lost(
    samples_of: Build, summary_of: Build, origin: int
) -> None:
    samples = samples_of(DUE)
    summary = summary_of(samples, matched=match_effects(samples, [], origin))
    assert summary.effects is not None
    assert summary.effects.lost == len(DUE)
    said = caution(summary, "effects-lost").text
    assert said.startswith("400 of 400 acknowledged deliveries had no effect")
