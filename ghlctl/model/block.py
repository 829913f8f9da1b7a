"""Blocks of load: what a run is made of where it is compared with another."""

from dataclasses import dataclass

import numpy as np

from ghlctl.model.sample import Ints


@dataclass(frozen=True, slots=True)
class Histogram:
    """Bins that hold something, ascending, with their counts; times in whole nanoseconds.

    `sum_ns` is the exact sum of the times counted, so that the mean loses nothing.
    """

    bins: Ints
    counts: Ints
    sum_ns: int = 0

    @property
    def total(self) -> int:
        return int(np.sum(self.counts))


@dataclass(frozen=True, slots=True)
class Block:
    """The attempts of one event type that were due in one block of load.

    `acknowledged` counts those of them that were, `errors` the others by kind. CPU seconds are of
    the whole block, the same for all its event types; None where they could not be read.
    """

    number: int
    start_s: float
    duration_s: float
    event: str
    planned: int
    sent: int
    acknowledged: int
    errors: dict[str, int]
    response: Histogram
    service: Histogram
    end_to_end: Histogram | None
    receiver_cpu_s: float | None
    generator_cpu_s: float | None


@dataclass(frozen=True, slots=True)
class CpuReading:
    """CPU seconds so far, at a moment of the run; None where they could not be read."""

    at_ns: int
    receiver_s: float | None
    generator_s: float | None
