"""Response time by percentile: the tail stretched, so that one event in a thousand is seen."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ghlctl.report import numbers
from ghlctl.report.charts import scales, svg
from ghlctl.report.charts.labels import Anchor, spread
from ghlctl.report.charts.scales import Scale
from ghlctl.report.document import Curve
from ghlctl.report.visible import shorten

_LEFT, _TOP, _BOTTOM = 54.0, 12.0, 40.0
_TICKS = (0.0, 50.0, 90.0, 99.0, 99.9, 99.99)
_TICK_ROOM = 30.0
_LABEL_CHARS = 13
_SLIM = 400.0


@dataclass(frozen=True, slots=True)
class Series:
    """A labelled curve; `style` picks colour and dashes, the same for a run in every chart."""

    label: str
    curve: Curve
    style: int


def percentile_chart(
    series: Sequence[Series],
    *,
    id_: str,
    title: str,
    size: tuple[float, float],
    among: Sequence[Curve] = (),
) -> Markup:
    """Curves of milliseconds over percentiles; `among` are curves to share the upright scale."""
    width, height = size
    drawn = [Series(each.label, _drawable(each.curve), each.style) for each in series]
    drawn = [each for each in drawn if each.curve]
    right = width - (104.0 if width > _SLIM else 88.0)
    every = [point for curve in (*among, *(each.curve for each in drawn)) for point in curve]
    across = Scale(0.0, _last_tail(every), _LEFT, right)
    up = scales.by_range([value for _, value in _drawable(tuple(every))], height - _BOTTOM, _TOP)
    return svg.picture(
        *_grid(across, up),
        *(_empty(width, height) if not drawn else ()),
        *(_line(each, across, up) for each in drawn),
        *_labels(drawn, across, up, height),
        id_=id_,
        size=size,
        title=title,
        description=describe(drawn),
    )


def describe(series: Sequence[Series]) -> str:
    """The chart in words: a few percentiles of every curve."""
    if not series:
        return "No times were measured."
    return " ".join(f"{each.label}: {_described(each.curve)}." for each in series)


def tail(percentile: float) -> float:
    """Place on the stretched axis: 0 for p0, 1 for p90, 2 for p99, 3 for p99.9."""
    return -math.log10(1 - percentile / 100)


def _drawable(curve: Curve) -> Curve:
    """Without the 100th percentile, which has no place on this axis, and without unknowns."""
    return tuple((p, ms) for p, ms in curve if 0 <= p < 100 and math.isfinite(ms))  # noqa: PLR2004 - a percentile's range


def _last_tail(points: Sequence[tuple[float, float]]) -> float:
    highest = max((p for p, _ in _drawable(tuple(points))), default=99.0)
    return max(tail(highest), tail(90.0))


def _described(curve: Curve) -> str:
    wanted = [p for p in _TICKS if p <= curve[-1][0] + 1e-9]
    nearest = [min(curve, key=lambda point: abs(point[0] - p)) for p in wanted]
    once = dict.fromkeys(nearest)
    return ", ".join(f"p{p:g} {numbers.ms(ms)}" for p, ms in once)


def _grid(across: Scale, up: Scale) -> list[Markup]:
    parts = []
    for tick in up.ticks():
        y = up.at(tick)
        parts.append(svg.line(across.start, y, across.end, y, class_="grid"))
        parts.append(svg.text(numbers.axis_ms(tick), across.start - 8, y + 4, class_="tick end"))
    bottom = up.start
    parts += _uprights(across, up.end, bottom)
    middle = (across.start + across.end) / 2
    parts.append(svg.line(across.start, bottom, across.end, bottom, class_="axis"))
    words = "percentile of deliveries" + (" · time axis logarithmic" if up.logarithmic else "")
    parts.append(svg.text(words, middle, bottom + 34, class_="axis-title middle"))
    return parts


def _uprights(across: Scale, top: float, bottom: float) -> list[Markup]:
    """A line for every familiar percentile; a name only where the next one leaves it room."""
    shown = [p for p in _TICKS if tail(p) <= across.high + 1e-9]
    places = [across.at(tail(p)) for p in shown]
    parts = [svg.line(x, top, x, bottom, class_="grid") for x in places]
    for percentile, x, following in zip(shown, places, [*places[1:], math.inf], strict=True):
        if following - x >= _TICK_ROOM:
            parts.append(svg.text(f"p{percentile:g}", x, bottom + 17, class_="tick middle"))
    return parts


def _line(series: Series, across: Scale, up: Scale) -> Markup:
    points = [(tail(p), ms) for p, ms in series.curve]
    commands = svg.path(list(scales.strokes(points, across, up)))
    return svg.element("path", d=commands, class_=f"line s{series.style}")


def _labels(drawn: Sequence[Series], across: Scale, up: Scale, height: float) -> list[Markup]:
    anchors = [Anchor(up.at(each.curve[-1][1]), 30.0) for each in drawn]
    places = spread(anchors, _TOP + 6, height - _BOTTOM + 6)
    parts = []
    for each, place in zip(drawn, places, strict=True):
        x = across.at(tail(each.curve[-1][0]))
        last = each.curve[-1]
        parts.append(
            svg.element("circle", cx=x, cy=up.at(last[1]), r=3.5, class_=f"dot s{each.style}")
        )
        name, figure = shorten(each.label, _LABEL_CHARS), numbers.ms(last[1])
        if across.end - across.start > _SLIM / 2:
            figure = f"p{last[0]:.4g} {figure}"
        parts.append(svg.text(name, x + 10, place, class_=f"direct s{each.style}"))
        parts.append(svg.text(figure, x + 10, place + 13, class_="tick"))
    return parts


def _empty(width: float, height: float) -> list[Markup]:
    return [svg.text("nothing was measured", width / 2, height / 2, class_="axis-title middle")]
