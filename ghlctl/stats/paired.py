"""Differences of pairs that were measured together, candidate minus baseline.

Every statement is made twice: by Student's t, which needs the differences to be nearly normal, and
by sign flips, which need them to be symmetric. What is believed is what both say.
"""

import math
from dataclasses import dataclass

import numpy as np

from ghlctl.model.sample import Floats
from ghlctl.stats.difference import Difference
from ghlctl.stats.difference import interval as t_interval
from ghlctl.stats.signflip import MOST_FOR_INTERVAL, sign_flip_interval, sign_flip_p

LEAST_PAIRS = 6  # below it sign flips refute nothing at 95 %
_LEAST_FOR_OUTLIERS = 8
_FAR_OUT = 3.0  # Tukey's fences for what is far out, in interquartile ranges


@dataclass(frozen=True, slots=True)
class Paired:
    """One difference per pair, of logarithms where a ratio is meant; at least LEAST_PAIRS."""

    values: Floats

    @property
    def by_t(self) -> Difference:
        n = len(self.values)
        error = math.sqrt(float(np.var(self.values, ddof=1)) / n)
        return Difference(float(np.mean(self.values)), error, n - 1, n)


def paired_logs(baseline: Floats, candidate: Floats) -> Paired | None:
    """log(candidate / baseline) pair by pair; pairs that lack a value (NaN) are left out.

    None where fewer than LEAST_PAIRS remain, or where a value is not positive: nothing at all is
    the largest change there is, and pairs without it would say that there was none.
    """
    known = np.isfinite(baseline) & np.isfinite(candidate)
    baseline, candidate = baseline[known], candidate[known]
    if np.any(baseline <= 0) or np.any(candidate <= 0):
        return None
    values = np.log(candidate) - np.log(baseline)
    return Paired(values) if len(values) >= LEAST_PAIRS else None


def interval(paired: Paired, confidence: float = 0.95) -> tuple[float, float]:
    """The t interval, widened to the sign-flip one where that reaches further."""
    low, high = t_interval(paired.by_t, confidence)
    flipped = sign_flip_interval(paired.values, confidence)
    return (low, high) if flipped is None else (min(low, flipped[0]), max(high, flipped[1]))


def p_by_signs(paired: Paired, bound: float = 0.0) -> float | None:
    """Two-sided sign-flip p of a true difference within ±`bound`; None beyond so many pairs.

    It cannot fall below 2 / 2^n. Where many questions are asked at once, six pairs would so
    refute nothing, however large the difference: it confirms a t test and is not corrected.
    """
    excess = abs(paired.by_t.point) - bound
    if len(paired.values) > MOST_FOR_INTERVAL:
        return None
    flipped = sign_flip_p(paired.values - math.copysign(bound, paired.by_t.point))
    return 1.0 if excess <= 0 else flipped


def equivalent(paired: Paired, margin: float, alpha: float = 0.05) -> bool:
    """Two one-sided tests: the 1 - 2·alpha interval lies wholly within ±`margin`."""
    low, high = t_interval(paired.by_t, 1 - 2 * alpha)
    if not -margin < low <= high < margin:
        return False  # sign flips take longer, and only ever widen it
    low, high = interval(paired, 1 - 2 * alpha)
    return -margin < low and high < margin


def far_out(values: Floats) -> int:
    """How many values lie beyond Tukey's outer fences; 0 of fewer than eight values."""
    if len(values) < _LEAST_FOR_OUTLIERS:
        return 0
    lower, upper = np.quantile(values, (0.25, 0.75))
    reach = _FAR_OUT * (upper - lower)
    return int(np.sum((values < lower - reach) | (values > upper + reach)))
