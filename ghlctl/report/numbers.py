"""How numbers are written, in every format: one place, one rounding.

A number that is None or not finite is written as a dash; nothing here invents a figure.
"""

import math
from collections.abc import Callable

UNKNOWN = "\u2013"
MINUS = "\u2212"
_PERCENT_FLOOR = 0.01
_SECONDS_FROM = 10_000
_AXIS_SECONDS_FROM = 1_000


def known(value: float | None) -> float | None:
    """The value, or None where it is none or not finite."""
    return value if value is not None and math.isfinite(value) else None


def count(value: float | None) -> str:
    number = known(value)
    return UNKNOWN if number is None else f"{number:,.0f}".replace("-", MINUS)


def plain(value: float | None) -> str:
    """About three significant digits, thousands grouped, no exponent, no trailing zeros."""
    number = known(value)
    if number is None:
        return UNKNOWN
    text = f"{number:,.{_decimals(number)}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return (
        f"{'<' if number > 0 else '>'} {MINUS if number < 0 else ''}0.0001"
        if _lost(text, number)
        else text.replace("-", MINUS)
    )


def ms(value: float | None) -> str:
    """Milliseconds; from ten seconds on in seconds."""
    number = known(value)
    if number is None:
        return UNKNOWN
    if abs(number) >= _SECONDS_FROM:
        return f"{plain(number / 1000)} s"
    return f"{plain(number)} ms"


def axis_ms(value: float) -> str:
    """A round time on an axis: short, so from one second on in seconds."""
    return f"{value:g} ms" if value < _AXIS_SECONDS_FROM else f"{value / 1000:,g} s"


def percent(ratio: float | None) -> str:
    """A ratio of 0-1 in percent; only a true 0 or 1 is written as 0 % or 100 %."""
    number = known(ratio)
    if number is None:
        return UNKNOWN
    shown = number * 100
    if 0 < shown < _PERCENT_FLOOR:
        return "< 0.01 %"
    if 100 - _PERCENT_FLOOR < shown < 100:  # noqa: PLR2004 - the whole, in percent
        return "> 99.99 %"
    return f"{_rounded(shown)} %"


def rate(per_s: float | None) -> str:
    return UNKNOWN if known(per_s) is None else f"{plain(per_s)}/s"


def seconds(value: float | None) -> str:
    return UNKNOWN if known(value) is None else f"{plain(value)} s"


def score(value: float | None) -> str:
    """A score of 0-100, never rounded up: 94.96 must not look like 95."""
    number = known(value)
    return UNKNOWN if number is None else f"{math.floor(number * 10 + 1e-6) / 10:g}"


def quantity(value: float | None, unit: str) -> str:
    """A measured value with its unit: ms, s, ratio, per_s, change, or a word of its own."""
    name = unit.strip().lower()
    write = _WRITERS.get(name)
    if write is not None:
        return write(value)
    return UNKNOWN if known(value) is None else f"{plain(value)} {name}"


def apart(value: float | None, bound: float, unit: str) -> tuple[str, str]:
    """Value and bound, with all their digits where rounding would make them look alike."""
    first, second = quantity(value, unit), quantity(bound, unit)
    if value is None or value == bound or first != second:
        return first, second
    return f"{value!r} {unit}".strip(), f"{bound!r} {unit}".strip()


def change(value: float | None, *, relative: bool = True) -> str:
    """A signed change: a ratio minus one in percent, or a difference of ratios in points."""
    number = known(value)
    if number is None:
        return UNKNOWN
    shown = _rounded(abs(number) * 100)
    sign = "±" if shown == "0" else "+" if number > 0 else MINUS
    return f"{sign}{shown}{' %' if relative else ' points'}"


def signed(value: float | None) -> str:
    """A difference, always with its sign."""
    number = known(value)
    if number is None:
        return UNKNOWN
    text = plain(abs(number))
    return f"±{text}" if text == "0" else f"{'+' if number > 0 else MINUS}{text}"


def interval(low: float | None, high: float | None, *, relative: bool = True) -> str:
    """Both ends of a change, or a dash where either is unknown."""
    if known(low) is None or known(high) is None:
        return UNKNOWN
    unit = " %" if relative else " points"
    first = change(low, relative=relative).removesuffix(unit)
    return f"{first} to {change(high, relative=relative)}"


def margin(value: float | None, bound: float) -> str:
    """How far a value lies from its bound, as a share of the bound."""
    number = known(value)
    if number is None or known(bound) is None:
        return UNKNOWN
    if number == bound:
        return "at the bound"
    side = "below" if number < bound else "above"
    if bound == 0:
        return f"{plain(abs(number))} {side}"
    return f"{percent(abs(number - bound) / abs(bound))} {side}"


def points(value: float | None) -> str:
    """A signed difference of ratios, in points of percent."""
    return change(value, relative=False)


_WRITERS: dict[str, Callable[[float | None], str]] = {
    "ms": ms,
    "s": seconds,
    "ratio": percent,
    "%": percent,
    "per_s": rate,
    "/s": rate,
    "change": change,
    "points": points,
    "": plain,
}


def spare(ratio: float | None) -> str:
    """How far a change lies on the good side of its bound, in points of percent."""
    number = known(ratio)
    if number is None:
        return UNKNOWN
    return f"{_rounded(abs(number) * 100)} points {'to spare' if number >= 0 else 'too much'}"


def size(bytes_: float | None) -> str:
    """Bytes in the largest unit that leaves at least one of it."""
    number = known(bytes_)
    if number is None:
        return UNKNOWN
    for power, unit in ((3, "GiB"), (2, "MiB"), (1, "KiB")):
        if abs(number) >= 1024**power:
            return f"{plain(number / 1024**power)} {unit}"
    return f"{number:,.0f} bytes"


def _rounded(percentage: float) -> str:
    text = f"{percentage:,.{_percent_decimals(abs(percentage))}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace("-", MINUS)


def _percent_decimals(size_: float) -> int:
    """About two digits are read; close below the whole, all of them count."""
    if size_ < 1 or 99 < size_ < 100:  # noqa: PLR2004 - the whole, in percent
        return 2
    return 1 if size_ < 10 else 0  # noqa: PLR2004 - two digits stand before the point


def _decimals(number: float) -> int:
    size_ = abs(number)
    if size_ >= 100:  # noqa: PLR2004 - three digits stand before the point
        return 0
    if size_ >= 10:  # noqa: PLR2004 - two do
        return 1
    return 2 if size_ >= 1 or size_ == 0 else min(4, 1 - math.floor(math.log10(size_)))


def _lost(text: str, number: float) -> bool:
    return number != 0 and text.strip("-0.,") == ""
