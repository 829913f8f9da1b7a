"""The exact sign-flip test of paired differences."""

import numpy as np

from ghlctl.model.sample import Floats

MOST_PAIRS = 40
_ROUNDING = 1e-9


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


def _sums(sizes: Floats) -> Floats:
    sums = np.zeros(1)
    for size in sizes:
        sums = np.concatenate((sums + size, sums - size))
    return sums
