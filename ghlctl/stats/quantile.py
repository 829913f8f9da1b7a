"""Percentiles of measured times: always an observed value, and none without a tail behind it."""

import math

import numpy as np

from ghlctl.model.sample import Floats
from ghlctl.model.summary import Latency

NO_LATENCY = Latency(mean=None, p50=None, p90=None, p95=None, p99=None, p99_9=None, max=None)
_ROUNDING = 1e-9  # 0.95 * 20 must be rank 19, whatever binary fractions make of it


def samples_needed(q: float) -> int:
    """The samples below which quantile `q` (0 < q < 1) is not given: 1/(1-q).

    With fewer, the quantile would be the maximum under another name: 100 for p99, 1000 for p99.9.
    """
    return math.ceil(1 / (1 - q) - _ROUNDING * 1000)


def rank(q: float, n: int) -> int:
    """The nearest rank of quantile `q` among `n` sorted values, counted from zero."""
    return min(max(math.ceil(q * n - _ROUNDING) - 1, 0), n - 1)


def quantile(ascending: Floats, q: float) -> float | None:
    """Nearest-rank quantile of sorted values; None below `samples_needed(q)` values."""
    n = len(ascending)
    return float(ascending[rank(q, n)]) if n >= samples_needed(q) else None


def latency(times_ms: Floats) -> Latency:
    """Mean, percentiles and maximum of finite milliseconds in any order; all None of nothing."""
    if len(times_ms) == 0:
        return NO_LATENCY
    ascending = np.sort(times_ms)
    return Latency(
        mean=float(np.mean(ascending)),
        p50=quantile(ascending, 0.5),
        p90=quantile(ascending, 0.9),
        p95=quantile(ascending, 0.95),
        p99=quantile(ascending, 0.99),
        p99_9=quantile(ascending, 0.999),
        max=float(ascending[-1]),
    )
