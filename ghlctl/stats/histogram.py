"""A log-linear histogram of times: three significant digits, mergeable, small."""

from collections.abc import Iterable

import numpy as np

from ghlctl.model.block import Histogram
from ghlctl.model.sample import Ints
from ghlctl.stats.quantile import rank, samples_needed

_SUB_BITS = 10
_SUB = 1 << _SUB_BITS  # bins per doubling: a bin is at most 1/1024 of its value wide


EMPTY = Histogram(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))


def histogram(times_ns: Ints) -> Histogram:
    """Count times of 0 to 2^53 ns (104 days); ValueError for others."""
    if len(times_ns) and (int(np.min(times_ns)) < 0 or int(np.max(times_ns)) >= 1 << 53):
        raise ValueError("a histogram holds times of 0 to 2^53 ns")
    every = np.bincount(_bin_of(times_ns)).astype(np.int64)
    bins = np.flatnonzero(every).astype(np.int64)
    return Histogram(bins, every[bins], int(np.sum(times_ns)))


def merge(first: Histogram, second: Histogram) -> Histogram:
    """The histogram of both sets of times together."""
    return merge_all((first, second))


def merge_all(parts: Iterable[Histogram]) -> Histogram:
    """The histogram of all sets of times together; empty of none."""
    given = list(parts)
    if not given:
        return EMPTY
    places = np.concatenate([part.bins for part in given])
    counted = np.concatenate([part.counts for part in given])
    every = np.bincount(places, weights=counted).astype(np.int64)  # exact up to 2^53 times
    bins = np.flatnonzero(every).astype(np.int64)
    return Histogram(bins, every[bins], sum(part.sum_ns for part in given))


def quantile_ns(times: Histogram, q: float) -> int | None:
    """Nearest-rank quantile as the highest time of its bin: at most 0.1 % above the observed one.

    None below `samples_needed(q)` times.
    """
    n = times.total
    if n < samples_needed(q):
        return None
    place = int(np.searchsorted(np.cumsum(times.counts), rank(q, n), side="right"))
    return _highest_in(int(times.bins[place]))


def cliffs_delta(baseline: Histogram, candidate: Histogram) -> float | None:
    """P(candidate > baseline) - P(candidate < baseline) of random pairs, -1 to 1.

    Times that share a bin count as equal. Descriptive: it has no interval here. None if one is
    empty.
    """
    pairs = float(baseline.total) * float(candidate.total)
    if pairs == 0:
        return None
    bins = np.union1d(baseline.bins, candidate.bins)
    a, b = (_counts_at(bins, arm).astype(np.float64) for arm in (baseline, candidate))
    below = np.concatenate(([0.0], np.cumsum(a)[:-1]))
    above = np.sum(a) - below - a
    return float(np.dot(b, below - above) / pairs)


def _counts_at(bins: Ints, arm: Histogram) -> Ints:
    counts = np.zeros(len(bins), dtype=np.int64)
    counts[np.searchsorted(bins, arm.bins)] = arm.counts
    return counts


def _bin_of(times_ns: Ints) -> Ints:
    _, bits = np.frexp(times_ns.astype(np.float64))
    shift: Ints = np.maximum(bits - (_SUB_BITS + 1), 0).astype(np.int64)
    bins: Ints = times_ns >> shift
    bins += shift * _SUB
    return bins


def _highest_in(bin_: int) -> int:
    shift = max(bin_ // _SUB - 1, 0)
    return ((bin_ - shift * _SUB + 1) << shift) - 1
