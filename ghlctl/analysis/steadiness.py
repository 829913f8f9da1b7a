"""Whether response times were steady over the counted time."""

import numpy as np

from ghlctl.model.sample import NEVER, Floats, Ints, Samples
from ghlctl.stats.steady import mser_cut

_PARTS = 10
_LEAST_PER_PART = 5
_LEAST_TREND = 0.6  # Kendall's tau over ten parts: by chance in 1 of 60 steady runs
_LEAST_GROWTH = 1.5
_LEAST_GROWTH_MS = 50.0
_LEAST_ERRORS = 4.0
_SETTLING = 1.1  # the start must be this much slower than the rest to be called a start-up


def backlog(counted: Samples) -> tuple[float, float] | None:
    """Median response time (ms) in the first and last tenth of a run where it grew steadily.

    None where it did not: a growing queue shows as a trend over all tenths and as at least half
    as much again, and 50 ms, at the end.
    """
    at, times = _timed(counted)
    if len(times) < _PARTS * _LEAST_PER_PART:
        return None
    # Tenths of the time, not of the samples: a burst would otherwise fill several.
    edges = np.linspace(float(at[0]), float(at[-1]), _PARTS + 1)
    cuts = np.searchsorted(at, edges[1:-1])
    parts = np.split(times, cuts)
    if min(len(part) for part in parts) < _LEAST_PER_PART:
        return None
    medians = np.array([np.median(part) for part in parts])
    first, last = float(medians[0]), float(medians[-1])
    grew = last > _LEAST_GROWTH * first and last - first > _LEAST_GROWTH_MS
    return (first, last) if grew and _trend(medians) >= _LEAST_TREND else None


def start_up_s(counted: Samples) -> float:
    """Seconds after the warm-up in which a receiver was still getting faster; 0 if steady.

    MSER over the mean response time of each second, believed where what it cuts was at least
    10 % slower than what it keeps, and slower by four standard errors: the cut was chosen to
    show a difference, so an ordinary one proves nothing.
    """
    at, times = _timed(counted)
    if len(times) == 0:
        return 0.0
    second = (at - at[0]) // 1_000_000_000
    counts = np.bincount(second)
    filled = counts > 0
    means = np.bincount(second, weights=times)[filled] / counts[filled]
    cut = mser_cut(means)
    return float(np.flatnonzero(filled)[cut]) if _slower(means[:cut], means[cut:]) else 0.0


def _slower(start: Floats, rest: Floats) -> bool:
    if len(start) < 2:  # noqa: PLR2004 - one slow second is an outlier and no start-up
        return False
    excess = float(np.mean(start) - np.mean(rest))
    error = float(np.std(rest, ddof=1)) * np.sqrt(1 / len(start) + 1 / len(rest))
    return bool(excess > _LEAST_ERRORS * error and np.mean(start) > _SETTLING * np.mean(rest))


def _timed(counted: Samples) -> tuple[Ints, Floats]:
    """Intended times and response times of the attempts that ended, by intended time."""
    ended = counted.sent & (counted.done_ns != NEVER)
    at, times = counted.intended_ns[ended], counted.response_time_ms[ended]
    if np.all(at[1:] >= at[:-1]):
        return at, times
    order = np.argsort(at, kind="stable")
    return at[order], times[order]


def _trend(values: Floats) -> float:
    """Kendall's tau of a series with its order."""
    n = len(values)
    signs = np.sign(values[None, :] - values[:, None])
    return float(np.sum(np.triu(signs, 1))) / (n * (n - 1) / 2)
