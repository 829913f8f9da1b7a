"""A difference between two arms, as a point with its standard error, and what follows from it.

The values compared are one per block of load, never one per request: requests of one block are
far too alike for an interval over them to mean anything.
"""

import math
from dataclasses import dataclass

import numpy as np

from ghlctl.model.estimate import Estimate
from ghlctl.model.sample import Floats
from ghlctl.stats.student import t_quantile, t_tail

_LARGEST_LOG = 700.0  # beyond it exp() leaves the range of floats, and no change is that large


@dataclass(frozen=True, slots=True)
class Difference:
    """Candidate minus baseline; of logarithms where a ratio is meant. `n` counts blocks."""

    point: float
    standard_error: float
    df: float
    n: int


def mean_estimate(values: Floats, confidence: float = 0.95) -> Estimate | None:
    """The mean with its t interval; None of fewer than two values."""
    n = len(values)
    if n < 2:  # noqa: PLR2004 - one value has no spread
        return None
    value = float(np.mean(values))
    reach = t_quantile((1 + confidence) / 2, n - 1) * math.sqrt(float(np.var(values, ddof=1)) / n)
    return Estimate(value, value - reach, value + reach, confidence, n)


def welch_log_ratio(baseline: Floats, candidate: Floats) -> Difference | None:
    """log(candidate / baseline) of blocks measured at different times.

    None with fewer than two blocks in an arm, or where a value is not positive.
    """
    if min(len(baseline), len(candidate)) < 2 or not _positive(baseline, candidate):  # noqa: PLR2004 - one value has no spread
        return None
    a, b = np.log(baseline), np.log(candidate)
    va, vb = float(np.var(a, ddof=1)) / len(a), float(np.var(b, ddof=1)) / len(b)
    point = float(np.mean(b)) - float(np.mean(a))
    df = _satterthwaite(va, len(a), vb, len(b))
    return Difference(point, math.sqrt(va + vb), df, len(a) + len(b))


def interval(difference: Difference, confidence: float = 0.95) -> tuple[float, float]:
    """Low and high end of the t interval, in the difference's own unit."""
    reach = t_quantile((1 + confidence) / 2, difference.df) * difference.standard_error
    return difference.point - reach, difference.point + reach


def ratio_estimate(difference: Difference, confidence: float = 0.95) -> Estimate:
    """A difference of logarithms as a change: the ratio minus one, with its interval."""
    low, high = interval(difference, confidence)
    return Estimate(change(difference.point), change(low), change(high), confidence, difference.n)


def change(log_ratio: float) -> float:
    """A log-ratio as a ratio minus one; always finite."""
    return math.expm1(min(log_ratio, _LARGEST_LOG))


def p_beyond(difference: Difference, bound: float = 0.0) -> float:
    """Two-sided p of a true difference within ±`bound`; the plain t test where `bound` is 0.

    Below 0.05 exactly where the 95 % interval lies wholly beyond the bound on one side.
    """
    excess = abs(difference.point) - bound
    if excess <= 0:
        return 1.0
    if difference.standard_error == 0:
        return 0.0
    return 2 * t_tail(excess / difference.standard_error, difference.df)


def equivalent(difference: Difference, margin: float, alpha: float = 0.05) -> bool:
    """Two one-sided t tests: the 1 - 2·alpha interval lies wholly within ±`margin`."""
    low, high = interval(difference, 1 - 2 * alpha)
    return -margin < low and high < margin


def detectable(difference: Difference, *, power: float = 0.8, alpha: float = 0.05) -> float:
    """The smallest true difference that such blocks would show with probability `power`."""
    quantiles = t_quantile(1 - alpha / 2, difference.df) + t_quantile(power, difference.df)
    return quantiles * difference.standard_error


def _positive(*arms: Floats) -> bool:
    return all(bool(np.all((arm > 0) & np.isfinite(arm))) for arm in arms)


def _satterthwaite(va: float, na: int, vb: float, nb: int) -> float:
    total = va + vb
    if total == 0:
        return na + nb - 2
    # Shares rather than squares of variances, so that tiny variances do not underflow.
    return 1 / ((va / total) ** 2 / (na - 1) + (vb / total) ** 2 / (nb - 1))
