"""The tables of a report as text, the same in every format."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ghlctl.model.estimate import CompareSummary, Comparison, Verdict
from ghlctl.model.finding import AuditSummary, Confidence, Finding, Outcome, Standing
from ghlctl.model.summary import Latency
from ghlctl.model.threshold import Level, ThresholdResult
from ghlctl.report import numbers
from ghlctl.report.document import Document, LoadView
from ghlctl.report.figures import (
    VERDICT_WORDS,
    Figure,
    columns,
    key_figures,
    unit_of,
    withheld_because,
)

PERCENTILES = (
    ("mean", "mean"),
    ("p50", "p50"),
    ("p90", "p90"),
    ("p95", "p95"),
    ("p99", "p99"),
    ("p99_9", "p99.9"),
    ("max", "max"),
)
"""Fields of Latency and the words for them."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text under `columns`; the first `words` columns are words, the others figures.

    `note` explains once what stands in the cells as a sign.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: int = 1
    note: str = ""


def key_table(document: Document) -> Table:
    """One row per key figure; the change column only where runs were compared."""
    figures = key_figures(document)
    changes = ("change",) if document.comparison else ()
    return Table(
        "Key figures",
        ("", *columns(document), *changes),
        tuple(_figure_row(figure, changes=bool(changes)) for figure in figures),
        note=_doubtful(each.compared for each in figures if each.compared) if changes else "",
    )


def threshold_groups(document: Document) -> tuple[tuple[str, Sequence[ThresholdResult]], ...]:
    """Captions and results: those of the gate where there is one, else each load's own."""
    if document.gate is not None:
        return (("Thresholds", document.gate.result.thresholds),)
    return tuple(
        (f"Thresholds of {load.label}", load.summary.thresholds) for load in document.loads
    )


def threshold_tables(document: Document) -> tuple[Table, ...]:
    return tuple(gate_table(caption, results) for caption, results in threshold_groups(document))


def gate_table(caption: str, results: Sequence[ThresholdResult]) -> Table:
    """Every threshold, those that passed too: value, bound, the way between them, and n."""
    several = len({each.run for each in results if each.run}) > 1
    return Table(
        caption,
        ("result", "threshold", "measured", "bound", "margin", "n"),
        tuple(threshold_row(each, named=several) for each in results),
        words=2,
        note="n counts requests, effects, checks, metrics or blocks, whichever the value is of",
    )


def threshold_row(
    result: ThresholdResult, *, named: bool = False
) -> tuple[str, str, str, str, str, str]:
    """Judgement, expression with its remarks, value, bound, the way to it, and n."""
    value, bound = measured_words(result)
    soft = "" if result.level is Level.ERROR else LEVEL_WORDS[result.level]
    run = result.run if named else ""
    remarks = "; ".join(remark for remark in (soft, result.note, run) if remark)
    return (
        judgement(result),
        f"{result.expression} ({remarks})" if remarks else result.expression,
        value,
        bound,
        margin_words(result),
        numbers.count(result.n),
    )


def measured_words(result: ThresholdResult) -> tuple[str, str]:
    """Value and bound in their unit; an interval where it is the interval that decides."""
    if result.bound_word:
        return result.word or numbers.UNKNOWN, result.bound_word
    value, bound = numbers.apart(result.value, result.bound, result.unit)
    if numbers.known(result.low) is None or numbers.known(result.high) is None:
        return value, bound
    if result.unit in _CHANGES:
        ends = numbers.interval(result.low, result.high, relative=result.unit == _CHANGES[0])
        return f"{value} ({ends})", bound
    return f"{numbers.plain(result.low)} to {numbers.plain(result.high)}", bound


_CHANGES = ("change", "points")


def margin_words(result: ThresholdResult) -> str:
    """How far the value that decides lies from the bound."""
    if result.bound_word:
        return numbers.UNKNOWN
    if result.unit in _CHANGES:
        return numbers.spare(result.margin)
    return numbers.margin(result.value, result.bound)


def judgement(result: ThresholdResult) -> str:
    """A sign and words; what was not measured never reads like a pass."""
    if result.passed is None:
        return "? unclear" if result.unclear else "? not measured"
    return "✓ pass" if result.passed else "✗ fail"


LEVEL_WORDS = {Level.WARN: "warning only", Level.OFF: "off", Level.ERROR: "decides"}


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


def latency_table(load: LoadView) -> Table:
    """Where the time went, by percentile."""
    summary = load.summary
    rows: list[tuple[str, Latency]] = [
        ("response time", summary.response_time_ms),
        ("service time", summary.service_time_ms),
        ("lateness", summary.lateness_ms),
    ]
    if summary.effects:
        rows.insert(1, ("end-to-end time", summary.effects.end_to_end_ms))
    return Table(
        f"Times of {load.label}",
        ("", *(word for _, word in PERCENTILES)),
        tuple((name, *latency_cells(latency)) for name, latency in rows),
    )


def latency_cells(latency: Latency) -> tuple[str, ...]:
    return tuple(numbers.ms(getattr(latency, field)) for field, _ in PERCENTILES)


def event_table(load: LoadView) -> Table:
    return Table(
        f"Events of {load.label}",
        ("event", "sent", "errors", "mean", "p50", "p95", "p99"),
        tuple(
            (
                name,
                numbers.count(event.sent),
                numbers.percent(event.error_rate),
                *(
                    numbers.ms(getattr(event.response_time_ms, field))
                    for field in ("mean", "p50", "p95", "p99")
                ),
            )
            for name, event in sorted(load.summary.by_event.items())
        ),
    )


def effects_table(loads: Sequence[LoadView]) -> Table:
    """What acknowledged deliveries came to upstream, one row per load that was matched."""
    return Table(
        "Effects",
        ("run", "expected", "seen", "lost", "duplicated", "unacknowledged", "calls per event"),
        tuple(
            (
                load.label,
                numbers.count(effects.expected),
                numbers.count(effects.seen),
                numbers.count(effects.lost),
                numbers.count(effects.duplicated),
                numbers.count(effects.unacknowledged),
                numbers.plain(effects.calls_per_event),
            )
            for load in loads
            if (effects := load.summary.effects)
        ),
    )


def errors_table(loads: Sequence[LoadView]) -> Table:
    kinds = sorted({kind for load in loads for kind in load.summary.errors_by_kind})
    return Table(
        "Errors by kind",
        ("kind", *(load.label for load in loads)),
        tuple(
            (kind, *(numbers.count(load.summary.errors_by_kind.get(kind, 0)) for load in loads))
            for kind in kinds
        ),
    )


def counts_table(summary: AuditSummary) -> Table:
    order = {outcome.value: place for place, outcome in enumerate(Outcome)}
    counted = sorted(summary.counts.items(), key=lambda pair: order.get(pair[0], len(order)))
    return Table(
        "Checks by outcome",
        ("outcome", "checks"),
        tuple((outcome_words(name), numbers.count(count)) for name, count in counted if count),
    )


def checks_table(summary: AuditSummary) -> Table:
    return Table(
        "Checks",
        ("outcome", "check", "severity"),
        tuple(
            (_outcome(each, summary), f"{each.id}: {each.title}", severity_words(each))
            for each in summary.checks
        ),
        words=3,
    )


def _outcome(finding: Finding, summary: AuditSummary) -> str:
    """An accepted failure keeps its cross: it was accepted, not mended."""
    accepted = any(each.id == finding.id for each in summary.suppressions)
    return outcome_words(finding.outcome) + (" (accepted)" if accepted else "")


def validations_table(summary: AuditSummary) -> Table:
    """The four validations of the plan, by name."""
    return Table(
        "Validations",
        ("validation", "standing", "because"),
        tuple(
            (each.title, standing_words(each.standing), each.reason) for each in summary.validations
        ),
        words=3,
    )


def categories_table(summary: AuditSummary) -> Table:
    return Table(
        "Categories",
        ("category", "standing", "weight", "score", "coverage"),
        tuple(
            (
                each.title,
                standing_words(each.standing),
                numbers.plain(each.weight),
                numbers.score(each.score),
                numbers.percent(each.coverage),
            )
            for each in summary.categories
        ),
        words=2,
    )


def standing_words(standing: Standing) -> str:
    """PASS and FAIL stand out; everything else says in words what it is."""
    signs = {Standing.PASS: "✓ PASS", Standing.FAIL: "✗ FAIL", Standing.WARN: "! WARN"}
    return signs.get(standing, f"? {standing.value.replace('_', ' ').upper()}")


def severity_words(finding: Finding) -> str:
    sure = finding.confidence
    return f"{finding.severity}, " + (
        sure if sure is Confidence.CONFIRMED else f"{sure} confidence"
    )


def outcome_words(outcome: str) -> str:
    """A sign and words; only pass carries a tick, only fail a cross."""
    signs = {"pass": "✓", "fail": "✗", "warn": "!", "error": "?", "inconclusive": "?"}
    return (
        f"{signs.get(outcome, '?' if outcome == 'not_tested' else '·')} {outcome.replace('_', ' ')}"
    )


def _figure_row(figure: Figure, *, changes: bool) -> tuple[str, ...]:
    values = tuple(
        f"{value} ({note})" if note else value
        for value, note in zip(figure.values, figure.notes, strict=True)
    )
    change = (_short_change(figure.compared),) if changes else ()
    return (figure.title, *values, *change)


def _short_change(compared: Comparison | None) -> str:
    """Verdict and change; a sign alone where the note under the table says what it means."""
    if compared is None:
        return ""
    if compared.verdict is Verdict.UNCLEAR and compared.change is not None:
        return f"? {numbers.change(compared.change, relative=compared.relative)}"
    if compared.change is None:
        return f"{verdict_words(compared)}, not stated"
    return (
        f"{verdict_words(compared)} {numbers.change(compared.change, relative=compared.relative)}"
    )


def _doubtful(compared: Iterable[Comparison]) -> str:
    """What the question marks in the column of changes mean, each reason once."""
    open_ = [one for one in compared if one.verdict is Verdict.UNCLEAR and one.change is not None]
    why = [withheld_because(one.note) for one in open_]
    said = [f"no verdict, because {each}" if each else "not shown statistically" for each in why]
    return f"? {'; '.join(dict.fromkeys(said))}" if said else ""
