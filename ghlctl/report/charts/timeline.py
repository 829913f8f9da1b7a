"""A run second by second: times, throughput against plan, and errors, on one clock."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ghlctl.report import numbers
from ghlctl.report.charts import scales, svg
from ghlctl.report.charts.labels import Anchor, spread
from ghlctl.report.charts.scales import Scale
from ghlctl.report.document import Timeline

_LEFT, _RIGHT, _TOP = 54.0, 104.0, 22.0
_TIMES, _RATES, _ERRORS, _GAP = 150.0, 84.0, 34.0, 34.0
_MOST_POINTS = 600
HEIGHT = _TOP + _TIMES + _GAP + _RATES + _GAP + _ERRORS + 30


@dataclass(frozen=True, slots=True)
class Tops:
    """The largest values of all timelines of a report, so that they share their scales."""

    ms: float
    per_s: float
    errors: float


@dataclass(frozen=True, slots=True)
class _Rows:
    """The timeline, thinned to what can be told apart; `bin_s` seconds to a row."""

    bin_s: int
    second: list[float]
    planned: list[float | None]
    acknowledged: list[float | None]
    errors: list[float]
    p50: list[float | None]
    p95: list[float | None]


def tops(timelines: Sequence[Timeline]) -> Tops:
    rows = [_thinned(each) for each in timelines]
    return Tops(
        ms=max((v for row in rows for v in scales.finite(row.p95 + row.p50)), default=0.0),
        per_s=max(
            (v for row in rows for v in scales.finite(row.planned + row.acknowledged)), default=0.0
        ),
        errors=max((v for row in rows for v in scales.finite(row.errors)), default=0.0),
    )


def timeline_chart(
    timeline: Timeline, shared: Tops, *, id_: str, title: str, width: float, style: int
) -> Markup:
    """Three panels over the seconds of a run; `style` is the run's colour."""
    rows = _thinned(timeline)
    right = width - _RIGHT
    first = rows.second[0] if rows.second else 0.0
    last = rows.second[-1] + rows.bin_s if rows.second else 1.0
    across = Scale(first, max(last, first + 1), _LEFT, right)
    rates_top = _TOP + _TIMES + _GAP
    errors_top = rates_top + _RATES + _GAP
    return svg.picture(
        *_warmup(timeline, across),
        *_times(rows, across, scales.from_zero([shared.ms], _TOP + _TIMES, _TOP), style),
        *_rates(
            rows, across, scales.from_zero([shared.per_s], rates_top + _RATES, rates_top), style
        ),
        *_errors(rows, across, _error_scale(shared.errors, errors_top)),
        *_clock(across, errors_top + _ERRORS),
        id_=id_,
        size=(width, HEIGHT),
        title=title,
        description=_described(rows),
    )


def _described(rows: _Rows) -> str:
    """The chart in words."""
    if not rows.second:
        return "Nothing was sent."
    highest = max(scales.finite(rows.p95), default=None)
    errors = sum(rows.errors) * rows.bin_s
    thinned = f" Each point is the highest of {rows.bin_s} seconds." if rows.bin_s > 1 else ""
    return (
        f"{len(rows.second) * rows.bin_s} seconds; the highest p95 of a second was "
        f"{numbers.ms(highest)}; {numbers.count(errors)} errors.{thinned}"
    )


def _thinned(timeline: Timeline) -> _Rows:
    size = -(-len(timeline.second) // _MOST_POINTS) or 1
    starts = range(0, len(timeline.second), size)
    return _Rows(
        bin_s=size,
        second=[timeline.second[start] for start in starts],
        planned=[_mean(timeline.planned[start : start + size]) for start in starts],
        acknowledged=[_mean(timeline.acknowledged[start : start + size]) for start in starts],
        errors=[_mean(timeline.errors[start : start + size]) for start in starts],
        p50=[_highest(timeline.p50[start : start + size]) for start in starts],
        p95=[_highest(timeline.p95[start : start + size]) for start in starts],
    )


def _mean(counts: Sequence[int]) -> float:
    return sum(counts) / len(counts)


def _highest(values: Sequence[float | None]) -> float | None:
    return max(scales.finite(values), default=None)


def _times(rows: _Rows, across: Scale, up: Scale, style: int) -> list[Markup]:
    p95, p50 = _placed(rows, rows.p95, across, up), _placed(rows, rows.p50, across, up)
    return [
        *_panel("response time of each second", across, up, numbers.axis_ms),
        svg.element("path", d=_between(rows, across, up), class_=f"band s{style}"),
        svg.element("path", d=svg.path(p95), class_=f"thin s{style}"),
        svg.element("path", d=svg.path(p50), class_=f"solid s{style}"),
        *_ends([("p95", rows.p95), ("p50", rows.p50)], across, up, style),
    ]


def _rates(rows: _Rows, across: Scale, up: Scale, style: int) -> list[Markup]:
    acknowledged = _placed(rows, rows.acknowledged, across, up)
    return [
        *_panel("deliveries per second", across, up, numbers.plain, wanted=2),
        svg.element("path", d=svg.path(_placed(rows, rows.planned, across, up)), class_="planned"),
        svg.element("path", d=svg.path(acknowledged), class_=f"solid s{style}"),
        *_ends([("planned", rows.planned), ("acknowledged", rows.acknowledged)], across, up, style),
    ]


def _errors(rows: _Rows, across: Scale, up: Scale) -> list[Markup]:
    bar = max((across.end - across.start) * rows.bin_s / (across.high - across.low) - 0.5, 0.8)
    bars = [
        svg.element(
            "rect",
            x=across.at(second),
            y=min(up.at(count), up.start - 1.5),
            width=bar,
            height=max(up.start - up.at(count), 1.5),
            class_="error",
        )
        for second, count in zip(rows.second, rows.errors, strict=True)
        if count > 0
    ]
    words = "errors per second" if bars else "errors per second: none"
    return [*_panel(words, across, up, numbers.plain, wanted=1), *bars]


def _panel(
    words: str, across: Scale, up: Scale, write: Callable[[float], str], wanted: int = 3
) -> list[Markup]:
    parts = [svg.text(words, across.start, up.end - 8, class_="axis-title")]
    for tick in up.ticks(wanted):
        y = up.at(tick)
        parts.append(svg.line(across.start, y, across.end, y, class_="grid" if tick else "axis"))
        parts.append(svg.text(write(tick), across.start - 8, y + 4, class_="tick end"))
    return parts


def _ends(
    lines: Sequence[tuple[str, list[float | None]]], across: Scale, up: Scale, style: int
) -> list[Markup]:
    """A label at the last known point of each line."""
    known = [(name, scales.finite(values)[-1]) for name, values in lines if scales.finite(values)]
    places = spread([Anchor(up.at(value), 14.0) for _, value in known], up.end, up.start + 14)
    return [
        svg.text(name, across.end + 8, place + 4, class_=f"direct {_tone(name, style)}")
        for (name, _), place in zip(known, places, strict=True)
    ]


def _tone(name: str, style: int) -> str:
    return "muted" if name == "planned" else f"s{style}"


def _placed(
    rows: _Rows, values: list[float | None], across: Scale, up: Scale
) -> list[list[tuple[float, float]]]:
    middles = (second + rows.bin_s / 2 for second in rows.second)
    return scales.strokes(zip(middles, values, strict=True), across, up)


def _between(rows: _Rows, across: Scale, up: Scale) -> str:
    """The area between p50 and p95, interrupted where either is missing."""
    both = [
        (low, high) if low is not None and high is not None else (None, None)
        for low, high in zip(rows.p50, rows.p95, strict=True)
    ]
    lower = _placed(rows, [low for low, _ in both], across, up)
    upper = _placed(rows, [high for _, high in both], across, up)
    areas = [below + above[::-1] for below, above in zip(lower, upper, strict=True)]
    return " ".join(f"{svg.path([area])}Z" for area in areas)


def _warmup(timeline: Timeline, across: Scale) -> list[Markup]:
    if timeline.warmup_s <= across.low or not timeline.second:
        return []
    end = across.at(timeline.warmup_s)
    return [
        svg.element(
            "rect",
            x=across.start,
            y=_TOP,
            width=end - across.start,
            height=HEIGHT - _TOP - 30,
            class_="warmup",
        ),
        svg.text("warm-up", across.start + 5, _TOP + 13, class_="tick"),
    ]


def _clock(across: Scale, bottom: float) -> list[Markup]:
    wanted = 8 if across.end - across.start > 400 else 4  # noqa: PLR2004 - room for a tick every 50 units
    return [
        svg.text(numbers.seconds(tick), across.at(tick), bottom + 18, class_="tick middle")
        for tick in across.ticks(wanted)
    ]


def _error_scale(top: float, start: float) -> Scale:
    return scales.from_zero([top], start + _ERRORS, start)
