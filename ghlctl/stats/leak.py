"""Whether one kind of request takes longer than another by a few microseconds, or none of it.

Both kinds are measured in turns, in an order that chance gives to each turn, so that whatever
disturbs the machine meets both alike. Times are neither normal nor independent: only signs of
differences within a turn are counted, which under no difference are a fair coin for any noise.
"""

import math
from dataclasses import dataclass

import numpy as np

from ghlctl.model.sample import Floats

LOW_SHARE = 0.1
"""The quickest tenth is the least disturbed; a difference shows there first."""

_TRIMMED = 0.2
_MOST_NS = 1e9
_STEP = 1.1
_FINE = 1e-3


@dataclass(frozen=True, slots=True)
class Contrast:
    """Second minus first kind over `n` turns: standard scores of two tests, and the effect.

    `by_sign`: turns in which the second took longer. `by_low`: turns in which it alone was among
    the quickest tenth of all, counted against it. `effect_ns`: the trimmed mean difference.
    """

    n: int
    by_sign: float
    by_low: float
    effect_ns: float

    @property
    def least(self) -> float:
        """The smaller score of the two tests where they agree on the direction, else 0."""
        if self.by_sign * self.by_low <= 0:
            return 0.0
        return min(abs(self.by_sign), abs(self.by_low))


def contrast(first: Floats, second: Floats) -> Contrast:
    """Times in nanoseconds, turn by turn; at least one turn."""
    differences = second - first
    limit = np.quantile(np.concatenate((first, second)), LOW_SHARE)
    slower = _score(int(np.sum(differences > 0)), int(np.sum(differences < 0)))
    first_alone = int(np.sum((first <= limit) & (second > limit)))
    second_alone = int(np.sum((second <= limit) & (first > limit)))
    return Contrast(
        len(differences), slower, _score(first_alone, second_alone), _trimmed_mean(differences)
    )


def two_sided_p(score: float) -> float:
    """Of a standard score."""
    return math.erfc(abs(score) / math.sqrt(2))


def score_of(p: float) -> float:
    """The standard score with this two-sided p, to three digits."""
    low, high = 0.0, 40.0
    while high - low > _FINE:
        middle = (low + high) / 2
        low, high = (middle, high) if two_sided_p(middle) > p else (low, middle)
    return high


def detectable_ns(first: Floats, again: Floats, *, alpha: float, power: float = 0.9) -> float:
    """The least constant delay that both tests would have found, so often as `power` says.

    Found by adding delays to one of two samples of the same kind. Infinite beyond a second.
    """
    needed = score_of(alpha) + score_of(2 * (1 - power))
    delay = 1.0
    while delay < _MOST_NS:
        if contrast(first, again + delay).least >= needed:
            return delay
        delay *= _STEP
    return math.inf


def _score(more: int, less: int) -> float:
    """Of a fair coin that fell so, with the correction for counts; 0 where it never fell."""
    if more == less:
        return 0.0
    excess = abs(more - less) - 1
    return math.copysign(excess / math.sqrt(more + less), more - less)


def _trimmed_mean(values: Floats) -> float:
    ordered = np.sort(values)
    cut = int(len(ordered) * _TRIMMED)
    return float(np.mean(ordered[cut : len(ordered) - cut]))
