"""What a report draws of a run: the percentile curve, and the run second by second."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ghlctl.model.sample import NEVER, NS_PER_S, Floats, Samples
from ghlctl.stats.quantile import quantile, rank

_BODY = tuple(range(0, 90, 2))
_TAIL = tuple(round(100 - 10 ** (1 - step / 10), 4) for step in range(31))
PERCENTILES = tuple(float(p) for p in (*_BODY, *_TAIL))
"""0 to 99.99; from 90 on ten points for every tenfold rarer tail."""

Curve = tuple[tuple[float, float], ...]
"""Pairs of percentile and milliseconds, both rising."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """Columns of equal length, a row per second from the first arrival on, warm-up included.

    Counts belong to the second in which an arrival was due, except `acknowledged`: that is when
    the acknowledgement came, so that a stall and its recovery show. `p50` and `p95` are response
    times (ms) of the arrivals of that second, nearest rank of however many there were: for the
    eye, not for a bound. None where nothing ended.
    """

    second: tuple[float, ...]
    planned: tuple[int, ...]
    sent: tuple[int, ...]
    acknowledged: tuple[int, ...]
    errors: tuple[int, ...]
    p50: tuple[float | None, ...]
    p95: tuple[float | None, ...]
    warmup_s: float = 0.0


def response_time_curve(samples: Samples) -> Curve:
    """Response times of the counted arrivals that ended."""
    samples = samples.arrivals
    counted = samples.where(~samples.warmup & samples.sent & (samples.done_ns != NEVER))
    return percentile_curve(counted.response_time_ms)


def percentile_curve(times_ms: Floats) -> Curve:
    """The times (ms) at PERCENTILES, as far into the tail as there are samples for; () of none."""
    if len(times_ms) == 0:
        return ()
    ascending = np.sort(times_ms)
    points = [(p, quantile(ascending, p / 100)) for p in PERCENTILES if p > 0]
    return ((0.0, float(ascending[0])), *((p, ms) for p, ms in points if ms is not None))


def timeline(samples: Samples) -> Timeline:
    """Per-second counts and response times of arrivals; empty of an empty run.

    Among the acknowledged are retries.
    """
    if len(samples) == 0:
        return Timeline((), (), (), (), (), (), ())
    origin = int(np.min(samples.intended_ns))
    answered = samples.done_ns[samples.sent & samples.acknowledged]
    samples = samples.arrivals
    ended = samples.sent & (samples.done_ns != NEVER)
    frame = pd.DataFrame(
        {
            "second": (samples.intended_ns - origin) // NS_PER_S,
            "sent": samples.sent,
            "failed": samples.sent & ~samples.acknowledged,
            "ms": np.where(ended, samples.response_time_ms, np.nan),
        }
    )
    replies = (answered - origin) // NS_PER_S
    last = max(int(frame["second"].max()), int(replies.max()) if len(replies) else 0)
    seconds = pd.RangeIndex(last + 1)
    by_second = frame.groupby("second")
    counts = by_second.agg(planned=("sent", "size"), sent=("sent", "sum"), errors=("failed", "sum"))
    counts = counts.reindex(seconds, fill_value=0)
    times = frame.dropna(subset="ms").sort_values("ms").groupby("second")["ms"]
    quantiles = times.agg([_p50, _p95]).reindex(seconds)
    return Timeline(
        second=tuple(float(second) for second in seconds),
        planned=_whole(counts["planned"]),
        sent=_whole(counts["sent"]),
        acknowledged=tuple(np.bincount(replies, minlength=last + 1).tolist()),
        errors=_whole(counts["errors"]),
        p50=_known(quantiles["_p50"]),
        p95=_known(quantiles["_p95"]),
        warmup_s=_warmup_s(samples, origin),
    )


def _p50(ascending: "pd.Series[float]") -> float:
    return float(ascending.iloc[rank(0.5, len(ascending))])


def _p95(ascending: "pd.Series[float]") -> float:
    return float(ascending.iloc[rank(0.95, len(ascending))])


def _whole(column: "pd.Series[int]") -> tuple[int, ...]:
    return tuple(int(value) for value in column)


def _known(column: "pd.Series[float]") -> tuple[float | None, ...]:
    return tuple(None if np.isnan(value) else float(value) for value in column)


def _warmup_s(samples: Samples, origin: int) -> float:
    """Until the first counted arrival; all of the run where none is counted."""
    counted = samples.intended_ns[~samples.warmup]
    end = int(np.min(counted)) if len(counted) else int(np.max(samples.intended_ns))
    return (end - origin) / NS_PER_S
