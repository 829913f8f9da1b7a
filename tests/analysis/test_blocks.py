from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from ghlctl.analysis.blocks import blocks_of
from ghlctl.analysis.effects import match_effects
from ghlctl.analysis.summary import counted_part, cuts_of, in_order
from ghlctl.model.block import CpuReading
from ghlctl.model.sample import NS_PER_S
from ghlctl.model.summary import LoadSummary
from ghlctl.stats.histogram import merge_all, quantile_ns

Build = Callable[..., Any]


def every(gap_ms: float, seconds: float) -> list[float]:
    return [i * gap_ms for i in range(round(seconds * 1000 / gap_ms))]


def test_blocks_hold_all_that_was_counted_by_event_type(samples_of: Build) -> None:
    due = every(20, 12)
    events = np.array(["ContactCreate", "ContactUpdate"], dtype=object)[np.arange(600) % 2]
    errors = ["status" if i % 100 == 0 else "" for i in range(600)]
    warm = [at < 2000 for at in due]
    samples = samples_of(due, 30.0, event=events, error=errors, warmup=warm)
    counted = counted_part(samples)
    blocks = list(blocks_of(counted, cuts_of(counted, 5.0), None))
    assert [(b.number, b.event) for b in blocks] == [
        (k, name) for k in (0, 1) for name in ("ContactCreate", "ContactUpdate")
    ]
    assert sum(b.planned for b in blocks) == sum(b.sent for b in blocks) == 500
    assert [b.errors for b in blocks] == [{"status": 3}, {}, {"status": 2}, {}]
    assert all(b.acknowledged == b.sent - sum(b.errors.values()) for b in blocks)
    whole = merge_all(b.response for b in blocks)
    assert whole.sum_ns / whole.total == 30e6
    median = quantile_ns(whole, 0.5)
    assert median == pytest.approx(30e6, rel=1e-3)


def test_rows_in_any_order_give_the_same_blocks(samples_of: Build, summary_of: Build) -> None:
    chance = np.random.default_rng(1)
    samples = samples_of(every(20, 20), chance.uniform(5, 50, 1000).tolist())
    shuffled = samples.where(chance.permutation(1000))
    assert in_order(shuffled).intended_ns.tolist() == samples.intended_ns.tolist()
    one, other = summary_of(samples), summary_of(shuffled)
    assert one.blocks == other.blocks


def test_a_start_up_that_outlasts_the_warm_up_is_in_no_block(
    samples_of: Build, summary_of: Build
) -> None:
    due = every(20, 30)
    chance = np.random.default_rng(2)
    times = [(300.0 if at < 6000 else 50.0) * chance.uniform(0.95, 1.05) for at in due]
    summary: LoadSummary = summary_of(samples_of(due, times))
    assert "warmup-not-over" in {each.code for each in summary.cautions}
    assert summary.blocks[0].start_s == pytest.approx(6, abs=1)
    assert all(block.response_time_ms.mean < 60 for block in summary.blocks)  # type: ignore[operator] # known: the run is not empty


def test_blocks_that_lie_apart_count_their_own_arrivals_and_no_silence(
    samples_of: Build, summary_of: Build
) -> None:
    due = [at for at in every(20, 20) if at % 5000 < 4000]
    windows = [(5.0 * k, 5.0 * k + 4) for k in range(4)]
    summary: LoadSummary = summary_of(samples_of(due, 800.0), windows=windows)
    assert [block.throughput_per_s for block in summary.blocks] == [50] * 4
    assert summary.planned_per_s == 50
    assert summary.throughput_per_s == pytest.approx(50, rel=0.06)


def test_cpu_is_shared_out_by_when_it_was_spent(samples_of: Build, summary_of: Build) -> None:
    readings = [CpuReading(k * NS_PER_S, 0.1 * k, 0.2 * k) for k in range(0, 11, 2)]
    summary: LoadSummary = summary_of(samples_of(every(20, 20)), cpu=readings)
    spent = [block.receiver_cpu_s for block in summary.blocks]
    assert spent == [pytest.approx(0.5), pytest.approx(0.5), None, None]
    assert summary.blocks[0].generator_cpu_s == pytest.approx(1.0)
    unread: LoadSummary = summary_of(samples_of(every(20, 20)))
    assert {block.receiver_cpu_s for block in unread.blocks} == {None}


def test_effects_belong_to_the_block_their_delivery_was_due_in(
    samples_of: Build, entry: Build, origin: int
) -> None:
    samples = samples_of(every(40, 20))
    entries = [entry(i, 40 * i + 300, key=f"d{i}:u") for i in range(500)]
    matched = match_effects(samples, entries, origin)
    blocks = list(blocks_of(samples, cuts_of(samples, 5.0), matched.end_to_end))
    ends = [b.end_to_end for b in blocks]
    assert [end.total for end in ends if end is not None] == [125] * 4
    assert merge_all(end for end in ends if end is not None).sum_ns == 500 * 300_000_000
