"""Planned moments to send: a pure question of stages and a seed; the sender only waits.

Moment i of a stage is where the integral of its rate reaches i, so the first is at once and
none lies on the stage's end. Poisson arrivals have no such schedule; see `_poisson`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ghlctl.errors import UsageError
from ghlctl.model.sample import Floats, Ints
from ghlctl.scenario.scenario import (
    Burst,
    Closed,
    Constant,
    Poisson,
    Ramp,
    Replay,
    Stage,
    check_arrivals,
)

_NS = 1_000_000_000
_ROUNDING = 1e-9  # of a count: 0.1/s for 10s is one arrival, whatever binary fractions say


@dataclass(frozen=True, slots=True)
class Arrivals:
    """`offset_ns` from the start of the first stage, ascending; `stage` counts from 0."""

    offset_ns: Ints
    stage: Ints

    def __len__(self) -> int:
        return len(self.offset_ns)


def plan_arrivals(stages: Sequence[Stage], seed: int, captured: Sequence[Ints] = ()) -> Arrivals:
    """The arrivals of open stages one after another; the same seed gives the same.

    `captured`: for each replay its captures' moments, ascending, in ns from the first. Raise
    UsageError for a closed stage, whose moments the receiver decides, for a replay without its
    moments, and for no stage or more arrivals than a run holds.
    """
    check_arrivals(tuple(stages))
    moments = iter(captured)
    offsets: list[Ints] = []
    start_ns = 0
    for number, stage in enumerate(stages):
        chance = np.random.default_rng([seed, number])
        within, lasts_ns = (
            _replayed(stage, next(moments, None))
            if isinstance(stage, Replay)
            else _stage(stage, chance)
        )
        offsets.append(within + start_ns)
        start_ns += lasts_ns
    counts = [len(each) for each in offsets]
    return Arrivals(
        np.concatenate(offsets),
        np.repeat(np.arange(len(counts), dtype=np.int64), counts),
    )


def _replayed(stage: Replay, moments_ns: Ints | None) -> tuple[Ints, int]:
    """The last arrival ends the stage: nothing says how long the capture went on after it."""
    if moments_ns is None:
        raise UsageError(
            f"the captured moments of {stage.path} are not known here", "run it with loadtest"
        )
    offset_ns = np.rint(moments_ns / stage.speed).astype(np.int64)
    return offset_ns, int(offset_ns[-1]) if len(offset_ns) else 0


def _stage(
    stage: Constant | Poisson | Ramp | Burst | Closed, chance: np.random.Generator
) -> tuple[Ints, int]:
    """Offsets from the stage's start and how long it lasts, both in nanoseconds."""
    match stage:
        case Constant(rate, for_s):
            return _within(_scheduled(stage.arrivals) / rate, for_s)
        case Poisson(rate, for_s):
            return _within(_poisson(rate, for_s, chance), for_s)
        case Ramp():
            return _within(_ramp(stage), stage.for_s)
        case Burst(count):
            return np.zeros(count, dtype=np.int64), 0
        case Closed():
            raise UsageError(
                "a closed stage has no planned arrivals",
                "its receiver decides when the next is sent",
            )


def _scheduled(arrivals: float) -> Floats:
    """0, 1, 2 … for as many whole arrivals as the integral of a rate holds."""
    return np.arange(int(arrivals * (1 + _ROUNDING) + _ROUNDING), dtype=np.float64)


def _ramp(stage: Ramp) -> Floats:
    """Seconds t where from·t + (to - from)/(2·for)·t² reaches each whole number.

    The root is written as 2i / (from + √(from² + 2·slope·i)), which loses no digits where the
    slope is small and holds for a slope of zero.
    """
    count = _scheduled(stage.arrivals)
    slope = (stage.to_per_s - stage.from_per_s) / stage.for_s
    under = np.maximum(stage.from_per_s**2 + 2 * slope * count, 0.0)
    divisor = stage.from_per_s + np.sqrt(under)
    return np.divide(2 * count, divisor, out=np.zeros_like(count), where=divisor > 0)


def _poisson(rate: float, for_s: float, chance: np.random.Generator) -> Floats:
    """A Poisson process from PCG64: a Poisson number of moments, each anywhere in the stage.

    Given their number, the moments of such a process are independent and uniform; sorted they
    have exponential gaps of mean 1/rate.
    """
    return np.sort(chance.random(chance.poisson(rate * for_s))) * for_s


def _within(offset_s: Floats, for_s: float) -> tuple[Ints, int]:
    lasts_ns = round(for_s * _NS)
    offset_ns = np.rint(offset_s * _NS).astype(np.int64)
    return np.minimum(offset_ns, max(0, lasts_ns - 1)), lasts_ns
