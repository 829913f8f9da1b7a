"""The exact sign-flip test of paired differences."""

import math

import numpy as np

from ghlctl.model.sample import Floats

MOST_PAIRS = 40
MOST_FOR_INTERVAL = 28  # beyond, the t interval says the same, and much sooner
_ROUNDING = 1e-9
_STEPS_PER_ERROR = 100


def sign_flip_p(differences: Floats) -> float | None:
    """Share of all 2^n assignments of signs whose sum is at least as far from zero; two-sided.

    Exact: the halves' sums are listed and joined by search. None beyond MOST_PAIRS pairs, where
    the t test says the same.
    """
    n = len(differences)
    if n > MOST_PAIRS:
        return None
    sizes = np.abs(differences)
    reached = abs(float(np.sum(differences))) - _ROUNDING * float(np.sum(sizes))
    if reached <= 0:
        return 1.0
    left, right = _sums(sizes[: n // 2]), np.sort(_sums(sizes[n // 2 :]))
    above = len(right) * len(left) - int(np.sum(np.searchsorted(right, reached - left)))
    return min(1.0, above / float(2 ** (n - 1)))


def sign_flip_interval(differences: Floats, confidence: float) -> tuple[float, float] | None:
    """The centres that the sign-flip test does not refute: exact for any symmetric differences.

    To 1/100 of the standard error, outward. None beyond MOST_FOR_INTERVAL pairs; infinite
    where so few pairs refute nothing, as fewer than six do at 95 %.
    """
    n = len(differences)
    if n > MOST_FOR_INTERVAL:
        return None
    alpha = 1 - confidence
    if 2.0 ** (1 - n) > alpha:
        return -math.inf, math.inf
    point = float(np.mean(differences))
    low = -_reach(point - differences, alpha)
    high = _reach(differences - point, alpha)
    return point + low, point + high


def _reach(centred: Floats, alpha: float) -> float:
    """How far above the mean a centre lies at the least that the test refutes at `alpha`."""
    farthest = float(np.max(np.abs(centred), initial=0.0))
    step = float(np.std(centred)) / math.sqrt(len(centred)) / _STEPS_PER_ERROR
    if step <= 0:
        return 0.0
    # A centre beyond every difference has the least p there is.
    inside, beyond = 0.0, farthest + step
    while beyond - inside > step:
        middle = (inside + beyond) / 2
        p = sign_flip_p(centred - middle)
        inside, beyond = (inside, middle) if p is not None and p <= alpha else (middle, beyond)
    return beyond


def _sums(sizes: Floats) -> Floats:
    sums = np.zeros(1)
    for size in sizes:
        sums = np.concatenate((sums + size, sums - size))
    return sums
