"""Thresholds as text: values, bounds, and the way between them."""

from collections.abc import Sequence

from ghlctl.model.threshold import Level, ThresholdResult
from ghlctl.report import numbers
from ghlctl.report.document import Document
from ghlctl.report.table import Table


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
