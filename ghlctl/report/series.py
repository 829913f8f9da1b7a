"""The figures that continuous benchmarking follows from run to run, with their intervals."""

from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter

from ghlctl.analysis.spread import spread
from ghlctl.model.estimate import Estimate
from ghlctl.model.summary import LoadSummary
from ghlctl.report.document import LoadView
from ghlctl.report.numbers import known

_TIMES = ("mean", "p50", "p95", "p99")


@dataclass(frozen=True, slots=True)
class Point:
    """One figure of one run; `interval` None where its blocks give none."""

    metric: str
    unit: str
    value: float
    interval: Estimate | None
    n: int
    smaller_is_better: bool = True


def points(load: LoadView) -> Iterator[Point]:
    """Response times, error rate and throughput, as far as they are known."""
    summary = load.summary
    if summary.sent == 0:
        return
    if summary.errors < summary.sent:  # times of refusals alone say nothing of a receiver
        yield from _times(summary)
    yield Point("error_rate", "ratio", summary.error_rate, None, summary.sent)
    rate = summary.throughput_per_s
    interval = spread(summary, rate, lambda block: block.throughput_per_s)
    yield Point("throughput", "events/s", rate, interval, summary.sent, smaller_is_better=False)


def _times(summary: LoadSummary) -> Iterator[Point]:
    for name in _TIMES:
        value = known(getattr(summary.response_time_ms, name))
        if value is None:
            continue
        interval = spread(summary, value, attrgetter(f"response_time_ms.{name}"))
        yield Point(f"response_time_{name}", "ms", value, interval, summary.sent)
