"""When a series has settled: the MSER rule."""

import numpy as np

from ghlctl.model.sample import Floats


def mser_cut(values: Floats) -> int:
    """How many leading values to leave out so that the mean of the rest is surest.

    The least variance of the rest divided by its length, over cuts of up to half the series
    (White 1997). 0 for a series without a start-up, and for fewer than four values.
    """
    n = len(values)
    if n < 4:  # noqa: PLR2004 - less has no start and rest to tell apart
        return 0
    reversed_ = (values - np.mean(values))[::-1]
    left = np.arange(1, n + 1)
    means = np.cumsum(reversed_) / left
    variances = np.maximum(np.cumsum(reversed_**2) / left - means**2, 0.0)
    scores = (variances / left)[::-1][: n // 2 + 1]
    return int(np.argmin(scores))
