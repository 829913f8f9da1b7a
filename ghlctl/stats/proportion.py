"""Intervals of shares, such as an error rate, and of the difference of two shares."""

import math
from dataclasses import dataclass

import numpy as np

from ghlctl.model.sample import Floats
from ghlctl.stats.student import z_quantile

_HALVINGS = 40  # to 1e-12; at less, 1 - p would round to certainty


@dataclass(frozen=True, slots=True)
class Share:
    """`count` of `total`; both may be fractions once clustering has been discounted."""

    count: float
    total: float

    @property
    def value(self) -> float:
        return self.count / self.total if self.total else 0.0


def wilson(share: Share, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval of a share, within 0 and 1; all of 0 to 1 of no trials."""
    if share.total <= 0:
        return 0.0, 1.0
    z = z_quantile((1 + confidence) / 2)
    n, p = share.total, share.value
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    reach = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    # The exact ends are p itself at 0 and 1; rounding must not move them inside.
    return max(0.0, min(p, middle - reach)), min(1.0, max(p, middle + reach))


def newcombe(baseline: Share, candidate: Share, confidence: float = 0.95) -> tuple[float, float]:
    """Interval of candidate minus baseline from both Wilson intervals (Newcombe 1998, 10)."""
    low_a, high_a = wilson(baseline, confidence)
    low_b, high_b = wilson(candidate, confidence)
    a, b = baseline.value, candidate.value
    below = math.hypot(b - low_b, high_a - a)
    above = math.hypot(high_b - b, a - low_a)
    return b - a - below, b - a + above


def p_share_beyond(baseline: Share, candidate: Share, bound: float = 0.0) -> float:
    """Two-sided p of a true difference within ±`bound`, by inverting Newcombe's interval."""
    if abs(candidate.value - baseline.value) <= bound or not (baseline.total and candidate.total):
        return 1.0
    least, most = 0.0, 1.0
    for _ in range(_HALVINGS):
        p = (least + most) / 2
        low, high = newcombe(baseline, candidate, 1 - p)
        least, most = (least, p) if low > bound or high < -bound else (p, most)
    return most


def discounted(counts: Floats, totals: Floats) -> Share:
    """Counts of blocks as one share, discounted for clustering (Rao and Scott's design effect).

    Errors come in storms: where blocks differ more than chance would have them differ, the same
    requests tell less, and both count and total shrink by the ratio of the two variances.
    """
    used = totals > 0
    counts, totals = counts[used], totals[used]
    count, total = float(np.sum(counts)), float(np.sum(totals))
    if len(totals) < 2 or count in (0.0, total):  # noqa: PLR2004 - one block shows no spread
        return Share(count, total)
    p = count / total
    spread = np.sum((counts - p * totals) ** 2 / (p * (1 - p) * totals)) / (len(totals) - 1)
    effect = max(1.0, float(spread))
    return Share(count / effect, total / effect)
