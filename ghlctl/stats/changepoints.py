"""Where a series of measurements changed: E-divisive with t tests, as Hunter does it.

The candidate of a stretch is where the energy distance of its two parts is largest (Matteson and
James, arXiv 1306.4933); a t test decides, not a permutation, so that the answer is always the same
(Fleming and others, arXiv 2301.03034). Windows find weak points, merging leaves the strong ones.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ghlctl.model.sample import Floats, Ints
from ghlctl.stats.student import t_tail

WINDOW = 50
_RELAXED = 10.0  # weak points may be ten times as likely by chance as those that remain
_FEW = 2


@dataclass(frozen=True, slots=True)
class ChangePoint:
    """The first value of a new level, with the means of both sides up to the next points."""

    index: int
    before: float
    after: float
    p: float

    @property
    def change(self) -> float:
        """The ratio minus one; infinite from zero."""
        return self.after / self.before - 1 if self.before else math.copysign(math.inf, self.after)

    @property
    def magnitude(self) -> float:
        """The larger of the change there and back, so that halving weighs as much as doubling."""
        if not self.before or not self.after:
            return math.inf if self.before != self.after else 0.0
        return max(abs(self.after / self.before - 1), abs(self.before / self.after - 1))


def change_points(
    values: Floats,
    *,
    max_p: float = 0.001,
    min_magnitude: float = 0.0,
    window: int = WINDOW,
    least_length: int = 1,
) -> tuple[ChangePoint, ...]:
    """The points at which finite `values`, oldest first, changed their level.

    A level shorter than `least_length` is none: its values are taken to the level nearer to them.
    """
    weak = _weak_points(values, window, max_p * _RELAXED if max_p < 0.05 else max_p)  # noqa: PLR2004 - the usual level, not to be relaxed beyond
    weak = _without_short(values, weak, least_length)
    return tuple(_merged(values, weak, max_p, min_magnitude))


def _weak_points(values: Floats, window: int, max_p: float) -> list[int]:
    found: set[int] = set()
    start = 0
    while start < len(values):
        inside = _split(values[start : start + window], max_p)
        found.update(start + point for point in inside)
        last = start + inside[-1] if inside else 0
        start = max(last, start + window // 2)
    return sorted(found)


def _split(values: Floats, max_p: float) -> list[int]:
    """Points of one window, the best of all stretches first, as long as it is significant."""
    points: list[int] = []
    while True:
        bounds = [0, *points, len(values)]
        stretches = list(pairwise(bounds))
        candidates = [found for low, high in stretches if (found := _candidate(values, low, high))]
        if not candidates:
            return points
        _, low, point, high = max(candidates, key=lambda each: each[0])
        if _p(values[low:point], values[point:high]) > max_p:
            return points
        points = sorted([*points, point])


def _candidate(values: Floats, low: int, high: int) -> tuple[float, int, int, int] | None:
    """Energy, stretch and place of the best split; None where there is nothing to split."""
    if high - low < _FEW:
        return None
    energies = _energies(values[low:high])
    best, _ = np.unravel_index(int(np.argmax(energies)), energies.shape)
    return float(np.max(energies)), low, low + int(best) + 1, high


def _energies(values: Floats) -> Floats:
    """The scaled energy distance of values[:m] and values[m:k]; row m - 1, column k - 1.

    A later level may hide an earlier one, so every end k is tried; 0 where m is not below k.
    """
    n = len(values)
    sums = np.zeros((n + 1, n + 1))
    distances = np.abs(values[:, None] - values[None, :])
    sums[1:, 1:] = np.cumsum(np.cumsum(distances, axis=0), axis=1)
    m, k = np.arange(1, n)[:, None], np.arange(1, n + 1)[None, :]
    both = sums[m, k]
    left, all_ = np.broadcast_arrays(sums[m, m], sums[k, k])
    between, right = both - left, all_ - 2 * both + left
    rest = k - m
    apart = np.divide(2 * between, m * rest, out=np.zeros_like(both), where=rest > 0)
    within = _mean_of_pairs(left, np.broadcast_to(m, rest.shape)) + _mean_of_pairs(right, rest)
    energies: Floats = np.where(rest > 0, m * rest / k * (apart - within), 0.0)
    return energies


def _mean_of_pairs(doubled: Floats, count: Ints) -> Floats:
    """The mean distance of two different values, from a sum that holds each pair twice."""
    pairs = count * (count - 1)
    mean: Floats = np.divide(doubled, pairs, out=np.zeros_like(doubled), where=count > 1)
    return mean


def _without_short(values: Floats, points: list[int], least: int) -> list[int]:
    while True:
        found = _measured(values, points)
        ends = [*(each.index for each in found), len(values)]
        starts = [0, *ends[:-1]]
        short = [place for place in range(len(ends)) if ends[place] - starts[place] < least]
        if not found or not short:
            return points
        around = found[max(short[0] - 1, 0) : short[0] + 1]
        weakest = max(around, key=lambda each: each.p)
        points = [each.index for each in found if each is not weakest]


def _merged(
    values: Floats, points: list[int], max_p: float, min_magnitude: float
) -> list[ChangePoint]:
    """Without the weakest, one after another, until all that remain are strong."""
    found = _measured(values, points)
    while found:
        weakest = max(found, key=lambda each: each.p)
        if weakest.p < max_p:
            weakest = min(found, key=lambda each: each.magnitude)
            if weakest.magnitude > min_magnitude:
                break
        points = [each.index for each in found if each is not weakest]
        found = _measured(values, points)
    return found


def _measured(values: Floats, points: list[int]) -> list[ChangePoint]:
    bounds = [0, *points, len(values)]
    found = []
    for low, point, high in zip(bounds, points, bounds[2:], strict=False):
        left, right = values[low:point], values[point:high]
        means = float(np.mean(left)), float(np.mean(right))
        found.append(ChangePoint(point, *means, _p(left, right)))
    return found


def _p(left: Floats, right: Floats) -> float:
    """Student's t test with a common variance; 1 where there is nothing to test."""
    n, m = len(left), len(right)
    if n + m <= _FEW:
        return 1.0
    # The spread of the values as they are, not of a population: as the original has it.
    spread = (n - 1) * float(np.var(left)) + (m - 1) * float(np.var(right))
    apart = abs(float(np.mean(left)) - float(np.mean(right)))
    error = math.sqrt(spread / (n + m - 2) * (1 / n + 1 / m))
    if error == 0:
        return 0.0 if apart > 0 else 1.0
    return 2 * t_tail(apart / error, n + m - 2)
