"""Durations, rates and ratios as people write them, and back without loss."""

import math
import re
from collections.abc import Callable, Mapping

from ghlctl.errors import UsageError

_NUMBER = r"([0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)"
_DURATION = _NUMBER + r" ?(us|ms|s|m|min|h)"
_RATE = _NUMBER + r" ?/ ?(s|m|min|h)"
_PERCENT = _NUMBER + r" ?%"

_PER_SECOND = {"us": 1e6, "ms": 1e3}
_SECONDS = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_SHOWN = 40  # of a wrong value: enough to recognise it by

DURATION_HINT = "write a number and a unit: 500ms, 30s, 5m, 1h"
RATE_HINT = "write a number per unit of time: 25/s, 600/min, 90/h"
RATIO_HINT = "write a percentage from 0% to 100%, or a number from 0 to 1"

DURATION_PATTERN = rf"^{_DURATION}$"
RATE_PATTERN = rf"^{_RATE}$"
RATIO_PATTERN = rf"^{_PERCENT}$"


def duration_s(written: object) -> float:
    """Seconds, zero or more; UsageError for a bare number, which has no unit."""
    found = _match(_DURATION, written)
    if found is None:
        raise UsageError(f"{shown(written)} is no duration", DURATION_HINT)
    number, unit = float(found[1]), found[2]
    seconds = number / _PER_SECOND[unit] if unit in _PER_SECOND else number * _SECONDS[unit]
    return _finite(seconds, written)


def rate_per_s(written: object) -> float:
    """Arrivals per second, zero or more; UsageError for a bare number, which has no unit."""
    found = _match(_RATE, written)
    if found is None:
        raise UsageError(f"{shown(written)} is no rate", RATE_HINT)
    return _finite(float(found[1]) / _SECONDS[found[2]], written)


def ratio(written: object) -> float:
    """A number from 0 to 1, from a percentage or from itself."""
    match written:
        case int() | float() if not isinstance(written, bool):
            value = float(written)
        case _ if found := _match(_PERCENT, written):
            value = float(found[1]) / 100
        case _:
            raise UsageError(f"{shown(written)} is no ratio", RATIO_HINT)
    if not 0 <= value <= 1:
        raise UsageError(f"{shown(written)} is not between 0% and 100%", RATIO_HINT)
    return value


def write_duration(seconds: float) -> str:
    """The text with the fewest digits from which `duration_s` reads the very same number."""
    units = {"s": seconds, "m": seconds / 60, "h": seconds / 3600, "ms": seconds * 1000}
    return _shortest(seconds, units, duration_s)


def write_rate(per_s: float) -> str:
    """The text with the fewest digits from which `rate_per_s` reads the very same number."""
    units = {"/s": per_s, "/min": per_s * 60, "/h": per_s * 3600}
    return _shortest(per_s, units, rate_per_s)


def write_ratio(value: float) -> str | float:
    """A percentage where it reads back as the same number, or else the number itself."""
    percentage = f"{_plain(round(value * 100, 12))}%"
    return percentage if ratio(percentage) == value else value


def shown(written: object) -> str:
    """A wrong value on one line, cut, for a message."""
    text = repr(written)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _shortest(value: float, units: Mapping[str, float], read: Callable[[object], float]) -> str:
    numbers = {unit: _plain(number) for unit, number in units.items() if math.isfinite(number)}
    same = {unit: text for unit, text in numbers.items() if read(text + unit) == value}
    unit = min(same, key=lambda unit: (not same[unit].isdigit(), len(same[unit])))
    return same[unit] + unit


def _plain(number: float) -> str:
    """Digits without a trailing .0; reading them gives the same number."""
    return repr(float(number)).removesuffix(".0")


def _match(pattern: str, written: object) -> re.Match[str] | None:
    """A number and its unit; UsageError where there would be one but for its sign."""
    text = written.strip() if isinstance(written, str) else ""
    if re.fullmatch(f"-{pattern}", text):
        raise UsageError(f"{shown(written)} is below zero", "write a number without a sign")
    return re.fullmatch(pattern, text)


def _finite(value: float, written: object) -> float:
    if not math.isfinite(value):
        raise UsageError(f"{shown(written)} is too large", "write a number that can be waited for")
    return value
