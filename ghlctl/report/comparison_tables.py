"""Comparisons as text: verdicts, intervals, and what stands behind them."""

from ghlctl.model.estimate import CompareSummary, Comparison
from ghlctl.report import numbers
from ghlctl.report.figures import VERDICT_WORDS, unit_of
from ghlctl.report.table import Table


def comparison_table(summary: CompareSummary) -> Table:
    """Verdicts with their intervals; without values where only ratios hold."""
    names = ("verdict", "metric", "before", "after", "change", "interval")
    valued = any(each.baseline is not None for each in summary.metrics)
    kept = range(len(names)) if valued else (0, 1, 4, 5)
    rows = tuple(comparison_row(each) for each in summary.metrics)
    return Table(
        "Comparison",
        tuple(names[place] for place in kept),
        tuple(tuple(row[place] for place in kept) for row in rows),
        words=2,
    )


def detail_table(summary: CompareSummary) -> Table:
    """What stands behind the verdicts of the metrics that have an interval."""
    decided = [each for each in summary.metrics if each.low is not None and each.margin is not None]
    in_ms = any(each.change_ms is not None for each in decided)
    ms = ("in ms",) if in_ms else ()
    return Table(
        "Behind the verdicts",
        ("metric", *ms, "margin", "detectable", "p", "overlap", "n"),
        tuple(_detail_row(each, in_ms=in_ms) for each in decided),
        note="margin: does not matter up to it; detectable: shown 4 times of 5; p: Holm-corrected;"
        " overlap: Cliff's delta, 0 where neither is slower, ±1 where always;"
        f" n: {'pairs' if summary.run else 'blocks of both'}",
    )


def _detail_row(compared: Comparison, *, in_ms: bool) -> tuple[str, ...]:
    relative = compared.relative
    ends = [
        numbers.signed(each) for each in (compared.change_ms, compared.low_ms, compared.high_ms)
    ]
    known = compared.change_ms is not None
    ms = f"{ends[0]} ({ends[1]} to {ends[2]})" if known else numbers.UNKNOWN
    margin, least = (
        numbers.change(each, relative=relative).lstrip("+")
        for each in (compared.margin, compared.detectable)
    )
    return (
        metric_words(compared.metric),
        *((ms,) if in_ms else ()),
        margin,
        least,
        numbers.plain(compared.p),
        numbers.signed(compared.effect_size),
        numbers.count(compared.n) if compared.n else numbers.UNKNOWN,
    )


def noise_table(summary: CompareSummary) -> Table:
    """What the control differed from itself by; no rows without one."""
    relative = {each.metric: each.relative for each in summary.metrics}
    return Table(
        "Noise floor, from the control",
        ("metric", "in this schedule", "one after another"),
        tuple(
            (
                metric_words(each.metric),
                *(
                    numbers.change(value, relative=relative.get(each.metric, True)).lstrip("+")
                    for value in (each.interleaved, each.sequential)
                ),
            )
            for each in summary.noise_floors
            if each.interleaved is not None
        ),
    )


def comparison_row(compared: Comparison) -> tuple[str, str, str, str, str, str]:
    unit = unit_of(compared.metric)
    relative = compared.relative
    return (
        verdict_words(compared),
        metric_words(compared.metric),
        numbers.quantity(compared.baseline, unit),
        numbers.quantity(compared.candidate, unit),
        numbers.change(compared.change, relative=relative),
        numbers.interval(compared.low, compared.high, relative=relative),
    )


def verdict_words(compared: Comparison) -> str:
    return f"{VERDICT_SIGNS[compared.verdict.value]} {VERDICT_WORDS[compared.verdict]}"


VERDICT_SIGNS = {"better": "✓", "worse": "✗", "same": "=", "unclear": "?"}


def metric_words(metric: str) -> str:
    """`response_time p95` as a person says it."""
    return metric.replace("_", " ").replace("cpu ms", "CPU ms")
