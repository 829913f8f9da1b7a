"""A trend for a terminal: one line per metric, then what changed and when."""

from ghlctl.model.trend import TrendChange, TrendSeries, TrendSummary
from ghlctl.report import columns, comparison_tables, numbers
from ghlctl.report.figures import unit_of
from ghlctl.report.table import Table

_BARS = "▁▂▃▄▅▆▇█"
_SHOWN = 24


def render_trend(summary: TrendSummary) -> str:
    changed = sum(len(each.changes) for each in summary.metrics)
    said = "no lasting change" if not changed else f"{changed} lasting changes"
    lines = [
        *columns.paragraph(f"{summary.name}: {said} in {len(summary.runs)} runs"),
        "",
        *columns.table(_series_table(summary)),
    ]
    if changed:
        lines += ["", "Changes, oldest first", *columns.table(_change_table(summary))]
    lines += columns.paragraph(summary.method, first="  method: ", rest="    ")
    for caution in summary.cautions:
        lines += columns.paragraph(f"{caution.text} [{caution.code}]", first="caution: ", rest="  ")
        lines += columns.paragraph(caution.hint, first="  hint: ")
    return "\n".join(lines) + "\n"


def _series_table(summary: TrendSummary) -> Table:
    return Table(
        "",
        ("metric", "", "first", "latest"),
        tuple(_series_row(each) for each in summary.metrics),
        words=2,
    )


def _series_row(series: TrendSeries) -> tuple[str, ...]:
    unit = unit_of(series.metric)
    ends = (series.values[0], series.values[-1])
    return (
        comparison_tables.metric_words(series.metric),
        _line(series.values),
        *(numbers.quantity(each, unit) for each in ends),
    )


def _line(values: tuple[float, ...]) -> str:
    """The latest runs as bars between the least and the most of them."""
    shown = values[-_SHOWN:]
    least, most = min(shown), max(shown)
    if most <= least:
        return _BARS[0] * len(shown)
    steps = (len(_BARS) - 1) / (most - least)
    return "".join(_BARS[round((value - least) * steps)] for value in shown)


def _change_table(summary: TrendSummary) -> Table:
    found = [(series.metric, each) for series in summary.metrics for each in series.changes]
    found.sort(key=lambda pair: pair[1].started_at)
    return Table(
        "",
        ("verdict", "metric", "from run", "before", "after", "change"),
        tuple(_change_row(metric, change) for metric, change in found),
        words=3,
    )


def _change_row(metric: str, change: TrendChange) -> tuple[str, ...]:
    unit = unit_of(metric)
    return (
        f"{comparison_tables.VERDICT_SIGNS[change.verdict]} {change.verdict}",
        comparison_tables.metric_words(metric),
        change.run,
        numbers.quantity(change.before, unit),
        numbers.quantity(change.after, unit),
        numbers.change(change.change),
    )
