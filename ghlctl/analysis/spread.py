"""How sure a run's own figure is: the interval of its value over blocks."""

from collections.abc import Callable

import numpy as np

from ghlctl.analysis.validity import MIN_BLOCKS
from ghlctl.model.estimate import Estimate
from ghlctl.model.sample import Floats
from ghlctl.model.summary import BlockSummary, LoadSummary
from ghlctl.stats.difference import mean_estimate


def spread(
    load: LoadSummary, whole: float | None, value: Callable[[BlockSummary], float | None]
) -> Estimate | None:
    """The whole run's figure with the t interval of its blocks, stretched to contain it.

    None where the figure is unknown, or without enough blocks for an interval.
    """
    known = [each for block in load.blocks if (each := value(block)) is not None]
    values: Floats = np.array(known, dtype=np.float64)
    estimate = mean_estimate(values) if len(values) >= MIN_BLOCKS else None
    if whole is None or estimate is None:
        return None
    low, high = max(0.0, min(estimate.low, whole)), max(estimate.high, whole)
    return Estimate(whole, low, high, estimate.confidence, estimate.n)
