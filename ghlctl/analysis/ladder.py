"""One rung of a ladder: a run's summary, the receiver's own counters, and the rung before."""

from collections.abc import Callable, Mapping

import numpy as np

from ghlctl.analysis.comparison import compare
from ghlctl.analysis.questions import error_share
from ghlctl.model.estimate import Comparison, Estimate
from ghlctl.model.ladder import Rung
from ghlctl.model.summary import BlockSummary, Latency, LoadSummary
from ghlctl.stats.difference import mean_estimate
from ghlctl.stats.proportion import wilson

CONFIDENCE = 0.95
Counted = Mapping[str, object]
"""What a receiver counted during the run, by the names of its /health."""


def rung(
    turned: tuple[str, ...],
    summary: LoadSummary,
    counted: Mapping[str, float],
    *,
    before: LoadSummary | None,
    load_1m: float,
) -> Rung:
    """`before` is the run of the rung below, None on the first."""
    effects, cost = summary.effects, summary.receiver_cost
    end_to_end = effects.end_to_end_ms if effects else None
    return Rung(
        turned=turned,
        run=summary.run,
        sent=summary.sent,
        mean_ms=_of_blocks(summary, lambda block: block.response_time_ms.mean),
        p95_ms=summary.response_time_ms.p95,
        p95_blocks_ms=_of_blocks(summary, lambda block: block.response_time_ms.p95),
        end_to_end_mean_ms=_of_blocks(summary, lambda block: _mean(block.end_to_end_ms)),
        end_to_end_p95_ms=end_to_end.p95 if end_to_end else None,
        error_rate=_error_rate(summary),
        throughput_per_s=_of_blocks(summary, lambda block: block.throughput_per_s),
        calls_per_event=effects.calls_per_event if effects else None,
        call_ms=_share(1e3 * counted.get("upstream_s", 0.0), counted.get("upstream_calls", 0)),
        hit_rate=_hit_rate(counted),
        recovered=_share(counted.get("calls_recovered", 0), counted.get("calls_troubled", 0)),
        cpu_ms_per_event=cost.cpu_ms_per_event if cost else None,
        lost=effects.lost if effects else None,
        duplicated=effects.duplicated if effects else None,
        load_1m=load_1m,
        mean_against_before=_change(before, summary) if before else None,
        cautions=summary.cautions,
    )


def counted_between(before: Counted, after: Counted) -> dict[str, float]:
    """What was counted since `before`, of the counters that are numbers."""
    return {name: _number(after, name) - _number(before, name) for name in after}


def _number(counted: Counted, name: str) -> float:
    value = counted.get(name)
    return float(value) if isinstance(value, int | float) else 0.0


def _of_blocks(
    summary: LoadSummary, value: Callable[[BlockSummary], float | None]
) -> Estimate | None:
    values = [found for block in summary.blocks if (found := value(block)) is not None]
    return mean_estimate(np.array(values, dtype=np.float64), CONFIDENCE)


def _mean(latency: Latency | None) -> float | None:
    return latency.mean if latency else None


def _error_rate(summary: LoadSummary) -> Estimate:
    low, high = wilson(error_share(summary), CONFIDENCE)
    return Estimate(summary.error_rate, low, high, CONFIDENCE, len(summary.blocks))


def _hit_rate(counted: Mapping[str, float]) -> float | None:
    hits = counted.get("score_hits", 0)
    return _share(hits, hits + counted.get("score_misses", 0))


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None


def _change(before: LoadSummary, after: LoadSummary) -> Comparison | None:
    metrics = compare(before, after).metrics
    return next((each for each in metrics if each.metric == "response_time mean"), None)
