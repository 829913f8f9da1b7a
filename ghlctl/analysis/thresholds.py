"""Measured numbers held against bounds."""

import math
import operator
from collections.abc import Callable, Iterable, Sequence

from ghlctl.analysis.check_values import audit_value, health_value
from ghlctl.analysis.comparison_values import comparison_value, effective_bound
from ghlctl.analysis.known import Known, unknown
from ghlctl.analysis.load_values import load_value
from ghlctl.analysis.threshold_grammar import Operator, ParsedThreshold, parse_threshold
from ghlctl.analysis.threshold_words import Unit
from ghlctl.model.estimate import CompareSummary, Verdict
from ghlctl.model.finding import AuditSummary
from ghlctl.model.health import HealthSummary
from ghlctl.model.run import SCHEMA_VERSION
from ghlctl.model.summary import LoadSummary
from ghlctl.model.threshold import GateResult, GateStanding, Level, Threshold, ThresholdResult

__all__ = ["Operator", "ParsedThreshold", "Unit", "evaluate", "gate", "holds", "parse_threshold"]

Measured = LoadSummary | AuditSummary | HealthSummary | CompareSummary

_HOLDS: dict[Operator, Callable[[float, float], bool]] = {
    Operator.LESS: operator.lt,
    Operator.AT_MOST: operator.le,
    Operator.MORE: operator.gt,
    Operator.AT_LEAST: operator.ge,
    Operator.EQUAL: operator.eq,
    Operator.UNEQUAL: operator.ne,
}


def evaluate(
    thresholds: Sequence[Threshold], *summaries: Measured | None
) -> tuple[ThresholdResult, ...]:
    """Each threshold that is not off, on every summary it can speak of.

    One result without a value, which is no pass, where no summary is of its kind. Times are in
    ms, shares 0-1, rates per second. UsageError for an expression that cannot be read.
    """
    given = [summary for summary in summaries if summary is not None]
    parsed = [
        (each, parse_threshold(each.expr)) for each in thresholds if each.level is not Level.OFF
    ]
    return tuple(result for each, bound in parsed for result in _results(bound, each.level, given))


def gate(results: Iterable[ThresholdResult]) -> GateResult:
    """All results together: one of level error that did not pass, or has no value, fails them."""
    kept = tuple(results)
    standing = _standing([each for each in kept if each.level is Level.ERROR])
    return GateResult(SCHEMA_VERSION, kept, standing is GateStanding.PASSED, standing=standing)


def holds(bound: ParsedThreshold, value: float) -> bool:
    """Whether a value, in the bound's unit, keeps it."""
    return _HOLDS[bound.operator](value, bound.bound)


def needs_comparison(bound: ParsedThreshold) -> bool:
    """Whether it can only be judged against a baseline."""
    return bound.relative or bound.subject in ("verdict", "verdicts")


def _standing(deciding: Sequence[ThresholdResult]) -> GateStanding:
    if any(each.passed is False for each in deciding):
        return GateStanding.FAILED
    open_ = [each for each in deciding if each.passed is None]
    if any(not each.unclear for each in open_):
        return GateStanding.NOT_MEASURED
    return GateStanding.UNCLEAR if open_ else GateStanding.PASSED


def _results(
    bound: ParsedThreshold, level: Level, given: Sequence[Measured]
) -> list[ThresholdResult]:
    found = [
        _result(bound, level, known, summary)
        for summary in given
        if (known := _known(bound, summary)) is not None
    ]
    return found or [_result(bound, level, unknown(_nothing_of(bound)), None)]


def _known(bound: ParsedThreshold, summary: Measured) -> Known | None:
    """None where the summary is of another kind than the threshold."""
    match summary:
        case CompareSummary() if needs_comparison(bound):
            return comparison_value(bound, summary)
        case AuditSummary() if bound.subject == "audit":
            return audit_value(bound, summary)
        case HealthSummary() if bound.subject == "health":
            return health_value(bound, summary)
        case LoadSummary() if not needs_comparison(bound) and bound.subject not in _CHECKS:
            return load_value(bound, summary)
        case _:
            return None


_CHECKS = ("audit", "health")


def _nothing_of(bound: ParsedThreshold) -> str:
    if needs_comparison(bound):
        return "nothing was compared; name a baseline with --against"
    match bound.subject:
        case "audit":
            return "nothing was audited"
        case "health":
            return "no health was looked at"
        case _:
            return "no load was measured"


def _result(
    bound: ParsedThreshold, level: Level, known: Known, summary: Measured | None
) -> ThresholdResult:
    compared = summary if isinstance(summary, CompareSummary) else None
    limit = effective_bound(bound, compared) if bound.relative else bound.bound
    if any(not math.isfinite(each) for each in (known.value, known.low, known.high) if each):
        known = unknown("the number is not finite")
    passed = _passed(bound, known, limit)
    return ThresholdResult(
        expression=bound.expression,
        value=known.value,
        bound=limit,
        passed=passed,
        level=level,
        unit=bound.unit.value,
        note=known.note,
        low=known.low,
        high=known.high,
        unclear=passed is None and known.unclear,
        n=known.n,
        n_of=known.n_of,
        margin=_margin(bound, known, limit),
        word=known.word,
        bound_word=bound.word.value if bound.word else "",
        run=_name(summary),
    )


def _passed(bound: ParsedThreshold, known: Known, limit: float) -> bool | None:
    """All that the value may be has to keep the bound, or to break it; else it stays open."""
    if bound.word is not None:
        return _passed_in_words(bound.operator, known, bound.word)
    if known.value is None:
        return None
    keeps = _HOLDS[bound.operator]
    if known.low is None or known.high is None:
        return keeps(known.value, limit)
    if bound.operator in (Operator.EQUAL, Operator.UNEQUAL):
        within = known.low <= limit <= known.high
        return None if within else bound.operator is Operator.UNEQUAL
    ends = {keeps(end, limit) for end in (known.low, known.high)}
    return ends.pop() if len(ends) == 1 else None


def _passed_in_words(sign: Operator, known: Known, word: Verdict) -> bool | None:
    """Unclear is not shown to be anything, and so not shown to differ from it either."""
    if not known.word:
        return None
    if sign is Operator.UNEQUAL and known.unclear and word is not Verdict.UNCLEAR:
        return None
    return (known.word == word) is (sign is Operator.EQUAL)


def _margin(bound: ParsedThreshold, known: Known, limit: float) -> float | None:
    """How far the end that decides lies on the good side; None where there is no such side."""
    if known.value is None:
        return None
    match bound.operator:
        case Operator.LESS | Operator.AT_MOST:
            return limit - (known.value if known.high is None else known.high)
        case Operator.MORE | Operator.AT_LEAST:
            return (known.value if known.low is None else known.low) - limit
        case _:
            return None


def _name(summary: Measured | None) -> str:
    match summary:
        case LoadSummary() | AuditSummary():
            return summary.run
        case CompareSummary():
            return summary.candidate
        case _:
            return ""
