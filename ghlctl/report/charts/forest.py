"""Changes with their intervals around no change, one small picture to a row."""

import math
from collections.abc import Sequence

from markupsafe import Markup

from ghlctl.model.estimate import Comparison
from ghlctl.report import numbers
from ghlctl.report.charts import scales, svg
from ghlctl.report.charts.scales import Scale

WIDTH, _ROW, _AXIS, _PAD = 320.0, 26.0, 22.0, 28.0
_LEAST = -0.999
"""A ratio of minus one has no logarithm; everything below is drawn at the rim."""
_MOST = 1e9
"""Beyond it nothing is worth telling apart, and a scale of larger numbers would overflow."""


def shared_scale(compared: Sequence[Comparison], *, relative: bool) -> Scale:
    """One scale for all changes of a kind; ratios by their logarithm, so that ½ mirrors 2."""
    shown = [each for each in compared if each.relative is relative]
    ends = [
        _place(value, relative=relative)
        for each in shown
        for value in scales.finite((each.low, each.high, each.change))
    ]
    least = math.log(1.1) if relative else 0.01
    reach = max((abs(end) for end in ends), default=least)
    reach = max(reach * 1.1, least)
    return Scale(-reach, reach, _PAD, WIDTH - _PAD)


def interval_picture(compared: Comparison, scale: Scale, *, id_: str, words: str) -> Markup:
    """The interval as a bar, the change as a diamond, no change as the upright line.

    Behind them a band within which no change matters; ticks below where one would have shown.
    """
    return svg.picture(
        *_band(compared, scale),
        svg.line(_zero(scale), 0, _zero(scale), _ROW, class_="zero"),
        *_bar(compared, scale),
        id_=id_,
        size=(WIDTH, _ROW),
        title=f"Interval of {compared.metric}",
        description=words,
    )


def axis_picture(scale: Scale, *, id_: str, relative: bool) -> Markup:
    """The ticks above the rows."""
    ticks = _ticks(scale, relative=relative)
    return svg.picture(
        *(
            svg.text(_tick_words(tick, relative=relative), x, 12, class_="tick middle")
            for tick, x in ticks
        ),
        *(svg.line(x, 16, x, _AXIS, class_="axis") for _, x in ticks),
        id_=id_,
        size=(WIDTH, _AXIS),
        title="Scale of the intervals",
        description="Change from before to after; no change is in the middle.",
    )


def _band(compared: Comparison, scale: Scale) -> list[Markup]:
    parts = []
    ends = _both_ways(compared.margin, scale, compared)
    if ends:
        low, high = ends
        parts.append(
            svg.element("rect", x=low, y=0, width=high - low, height=_ROW, class_="margin")
        )
    seen = _both_ways(compared.detectable, scale, compared)
    parts += [svg.line(x, _ROW - 6, x, _ROW, class_="detectable") for x in seen]
    return parts


def _both_ways(size: float | None, scale: Scale, compared: Comparison) -> list[float]:
    """Where a change of this size lies below and above none, within the picture."""
    number = numbers.known(size)
    if number is None or number <= 0:
        return []
    reach = min(_place(number, relative=compared.relative), scale.high)
    return [scale.at(-reach), scale.at(reach)]


def _bar(compared: Comparison, scale: Scale) -> list[Markup]:
    middle = _ROW / 2
    low, high = (_at(value, scale, compared) for value in (compared.low, compared.high))
    change = _at(compared.change, scale, compared)
    style = f"v-{compared.verdict}"
    parts = []
    if low is not None and high is not None:
        parts.append(svg.line(low, middle, high, middle, class_=f"interval {style}"))
        parts += [
            svg.line(end, middle - 5, end, middle + 5, class_=f"whisker {style}")
            for end in (low, high)
        ]
    if change is not None:
        outline = [
            [(change, middle - 5), (change + 5, middle), (change, middle + 5), (change - 5, middle)]
        ]
        parts.append(svg.element("path", d=f"{svg.path(outline)}Z", class_=f"change {style}"))
    if not parts:
        parts.append(svg.text("not stated", _zero(scale) + 8, middle + 4, class_="tick"))
    return parts


def _at(value: float | None, scale: Scale, compared: Comparison) -> float | None:
    number = numbers.known(value)
    return None if number is None else scale.at(_place(number, relative=compared.relative))


def _place(value: float, *, relative: bool) -> float:
    bounded = min(max(value, -_MOST), _MOST)
    return math.log(1 + max(bounded, _LEAST)) if relative else bounded


def _zero(scale: Scale) -> float:
    return scale.at(0.0)


def _ticks(scale: Scale, *, relative: bool) -> list[tuple[float, float]]:
    if not relative:
        half = scales.nice_step(scale.high, 1) / 2
        values = [-half, 0.0, half] if half <= scale.high else [0.0]
    else:
        fine, middling, coarse = (0.05, 0.1), (0.25, 0.5), (1.0, 3.0, 9.0, 99.0)
        fitting = [up for up in (*fine, *middling, *coarse) if math.log(1 + up) <= scale.high]
        up = fitting[-1] if fitting else 0.0
        values = [1 / (1 + up) - 1, 0.0, up] if up else [0.0]
    return [(value, scale.at(_place(value, relative=relative))) for value in values]


def _tick_words(tick: float, *, relative: bool) -> str:
    return "no change" if tick == 0 else numbers.change(tick, relative=relative)
