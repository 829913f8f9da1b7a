"""Many runs of one scenario, oldest first: where did a metric change for good?"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ghlctl.analysis.verdicts import Better
from ghlctl.model.caution import Caution
from ghlctl.model.estimate import Verdict
from ghlctl.model.run import SCHEMA_VERSION
from ghlctl.model.summary import Latency, LoadSummary
from ghlctl.model.trend import TrendChange, TrendSeries, TrendSummary
from ghlctl.stats.changepoints import WINDOW, ChangePoint, change_points

MAX_P = 0.001
FEW_RUNS = 20
LEAST_RUNS = 3  # one or two odd runs are no lasting change


@dataclass(frozen=True, slots=True)
class Entry:
    """A run's summary, and when it began."""

    started_at: str
    summary: LoadSummary


@dataclass(frozen=True, slots=True)
class _Metric:
    name: str
    value: Callable[[LoadSummary], float | None]
    better: Better = Better.LOWER


def trend(name: str, entries: Sequence[Entry], *, min_change: float = 0.02) -> TrendSummary:
    """Change points of every metric that some of the runs have; changes of less are left out."""
    series = [_series(metric, entries, min_change) for metric in _METRICS]
    return TrendSummary(
        schema_version=SCHEMA_VERSION,
        name=name,
        method=f"E-divisive in windows of {WINDOW} runs, Student's t test at p < {MAX_P:g},"
        f" changes of {min_change * 100:g} % or more"
        f" that last {LEAST_RUNS} runs",
        runs=tuple(entry.summary.run for entry in entries),
        metrics=tuple(each for each in series if each is not None),
        cautions=_few(len(entries)),
    )


def _few(count: int) -> tuple[Caution, ...]:
    if count >= FEW_RUNS:
        return ()
    return (
        Caution(
            "too-few-runs",
            f"{count} runs are few: of a series shorter than {FEW_RUNS} only large changes show",
            "keep measuring; for two versions, ghlctl compare --live is surer and sooner",
        ),
    )


def _series(metric: _Metric, entries: Sequence[Entry], min_change: float) -> TrendSeries | None:
    known = [
        (entry, value)
        for entry in entries
        if (value := metric.value(entry.summary)) is not None and math.isfinite(value)
    ]
    if not known:
        return None
    values = np.array([value for _, value in known], dtype=np.float64)
    found = change_points(values, max_p=MAX_P, min_magnitude=min_change, least_length=LEAST_RUNS)
    changes = tuple(_change(metric, point, known[point.index][0]) for point in found)
    return TrendSeries(metric.name, tuple(values.tolist()), changes)


def _change(metric: _Metric, point: ChangePoint, entry: Entry) -> TrendChange:
    rose = point.after > point.before
    better = rose is (metric.better is Better.HIGHER)
    return TrendChange(
        run=entry.summary.run,
        started_at=entry.started_at,
        before=point.before,
        after=point.after,
        change=point.change if math.isfinite(point.change) else None,
        p=point.p,
        verdict=Verdict.BETTER if better else Verdict.WORSE,
    )


def _time(
    kind: Callable[[LoadSummary], Latency | None], aggregate: str
) -> Callable[..., float | None]:
    def value(summary: LoadSummary) -> float | None:
        latency = kind(summary)
        found: float | None = getattr(latency, aggregate) if latency else None
        return found

    return value


def _response(summary: LoadSummary) -> Latency:
    return summary.response_time_ms


def _end_to_end(summary: LoadSummary) -> Latency | None:
    return summary.effects.end_to_end_ms if summary.effects else None


def _cpu(summary: LoadSummary) -> float | None:
    return summary.receiver_cost.cpu_ms_per_event if summary.receiver_cost else None


_METRICS = (
    *(
        _Metric(f"response_time {each}", _time(_response, each))
        for each in ("mean", "p50", "p95", "p99")
    ),
    *(_Metric(f"end_to_end {each}", _time(_end_to_end, each)) for each in ("mean", "p95")),
    _Metric("error_rate", lambda summary: summary.error_rate),
    _Metric("throughput", lambda summary: summary.throughput_per_s, Better.HIGHER),
    _Metric("cpu_ms_per_event", _cpu),
)
