"""From numbers to places on a chart, with ticks at round values."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_LOG_FROM = 30
"""Logarithmic from this ratio of the largest to the smallest value on."""

_LEAST = 1e-6
"""Values at or below are drawn as zero: none of the units here has anything to say there."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Values `low` to `high` onto places `start` to `end`; values outside are held at the rim."""

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def at(self, value: float) -> float:
        low, high, here = (self._position(each) for each in (self.low, self.high, value))
        share = (here - low) / (high - low)
        return self.start + min(max(share, 0.0), 1.0) * (self.end - self.start)

    def ticks(self, wanted: int = 5) -> tuple[float, ...]:
        """Round values inside the scale, about as many as wanted."""
        if self.logarithmic:
            return _log_ticks(self.low, self.high, wanted)
        return linear_ticks(self.low, self.high, wanted)

    def _position(self, value: float) -> float:
        if not self.logarithmic:
            return value
        return math.log10(max(value, self.low))


def finite(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None and math.isfinite(value)]


def from_zero(values: Iterable[float | None], start: float, end: float) -> Scale:
    """Linear, zero to a round value at or above the largest; 0 to 1 without any."""
    top = max((value for value in finite(values) if value > _LEAST), default=1.0)
    step = nice_step(top, 4)
    return Scale(0.0, math.ceil(top / step - 1e-9) * step, start, end)


def by_range(values: Sequence[float | None], start: float, end: float) -> Scale:
    """Linear from zero, or logarithmic where the values span more than a linear axis can show."""
    positive = [value for value in finite(values) if value > _LEAST]
    if not positive or max(positive) < _LOG_FROM * min(positive):
        return from_zero(values, start, end)
    low, high = _log_floor(min(positive)), _log_ceiling(max(positive))
    return Scale(low, high, start, end, logarithmic=True)


def nice_step(span: float, parts: int) -> float:
    """The smallest of 1, 2, 2.5, 5 times a power of ten that needs at most `parts` steps."""
    raw = span / max(parts, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    return next(power * nice for nice in (1, 2, 2.5, 5, 10) if power * nice >= raw * (1 - 1e-9))


def linear_ticks(low: float, high: float, wanted: int) -> tuple[float, ...]:
    """Multiples of a round step from `low` to `high`, both included where they are such."""
    step = nice_step(high - low, wanted)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return tuple(step * each for each in range(first, last + 1))


def strokes(
    points: Iterable[tuple[float, float | None]], x: Scale, y: Scale
) -> list[list[tuple[float, float]]]:
    """Places of the points; a missing value ends a stroke, so that gaps stay gaps."""
    found: list[list[tuple[float, float]]] = [[]]
    for across, up in points:
        if up is None or not math.isfinite(up) or not math.isfinite(across):
            found.append([])
        else:
            found[-1].append((x.at(across), y.at(up)))
    return [stroke for stroke in found if stroke]


def _log_floor(value: float) -> float:
    """The largest of 1, 2, 5 times a power of ten at or below `value`."""
    power = 10.0 ** math.floor(math.log10(value))
    return max(power * nice for nice in (0.5, 1, 2, 5) if power * nice <= value * (1 + 1e-9))


def _log_ceiling(value: float) -> float:
    """The smallest of 1, 2, 5 times a power of ten at or above `value`."""
    power = 10.0 ** math.floor(math.log10(value))
    return min(power * nice for nice in (1, 2, 5, 10) if power * nice >= value * (1 - 1e-9))


def _log_ticks(low: float, high: float, wanted: int) -> tuple[float, ...]:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    ticks: tuple[float, ...] = ()
    for steps in ((1, 2, 5), (1, 3), (1,)):
        every = (10.0**power * step for power in range(first, last + 1) for step in steps)
        ticks = tuple(each for each in every if low * 0.999 <= each <= high * 1.001)
        if len(ticks) <= wanted + 1:
            break
    return ticks
