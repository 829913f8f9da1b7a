"""Measured numbers held against bounds."""

import math
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence

from ghlctl.analysis.threshold_grammar import Operator, ParsedThreshold, Unit, parse_threshold
from ghlctl.model.finding import AuditSummary
from ghlctl.model.run import SCHEMA_VERSION
from ghlctl.model.summary import EventSummary, Latency, LoadSummary
from ghlctl.model.threshold import GateResult, Level, Threshold, ThresholdResult

__all__ = ["Operator", "ParsedThreshold", "Unit", "evaluate", "gate", "holds", "parse_threshold"]

Known = tuple[float | None, str]
"""A value, or None with the reason why there is none; with a value, a remark or ""."""

_OF_REPLIES = ("response_time", "service_time")

_HOLDS: dict[Operator, Callable[[float, float], bool]] = {
    Operator.LESS: operator.lt,
    Operator.AT_MOST: operator.le,
    Operator.MORE: operator.gt,
    Operator.AT_LEAST: operator.ge,
    Operator.EQUAL: operator.eq,
    Operator.UNEQUAL: operator.ne,
}


def evaluate(
    thresholds: Sequence[Threshold], *summaries: LoadSummary | AuditSummary | None
) -> tuple[ThresholdResult, ...]:
    """Each threshold that is not off, on every summary it can speak of.

    One result without a value, which is no pass, where no summary is of its kind. Times are in
    ms, shares 0-1, rates per second. UsageError for an expression that cannot be read.
    """
    given = [summary for summary in summaries if summary is not None]
    parsed = [
        (each, parse_threshold(each.expr)) for each in thresholds if each.level is not Level.OFF
    ]
    return tuple(
        _result(bound, each.level, known)
        for each, bound in parsed
        for known in _values(bound, given)
    )


def gate(results: Iterable[ThresholdResult]) -> GateResult:
    """All results together: one of level error that did not pass, or has no value, fails them."""
    kept = tuple(results)
    passed = all(each.passed is True for each in kept if each.level is Level.ERROR)
    return GateResult(SCHEMA_VERSION, kept, passed)


def holds(bound: ParsedThreshold, value: float) -> bool:
    """Whether a value, in the bound's unit, keeps it."""
    return _HOLDS[bound.operator](value, bound.bound)


def _result(bound: ParsedThreshold, level: Level, known: Known) -> ThresholdResult:
    value, note = known
    if value is not None and not math.isfinite(value):
        value, note = None, "the number is not finite"
    return ThresholdResult(
        expression=bound.expression,
        value=value,
        bound=bound.bound,
        passed=None if value is None else holds(bound, value),
        level=level,
        unit=bound.unit.value,
        note=note,
    )


def _values(bound: ParsedThreshold, given: list[LoadSummary | AuditSummary]) -> list[Known]:
    if bound.subject == "audit":
        audits = [_audit_score(each) for each in given if isinstance(each, AuditSummary)]
        return audits or [(None, "nothing was audited")]
    loads = [_load_value(bound, each) for each in given if isinstance(each, LoadSummary)]
    return loads or [(None, "no load was measured")]


def _audit_score(audit: AuditSummary) -> Known:
    """The low end: what was not tested counts as failed."""
    if audit.score_low is None:
        return None, "the audit gave no score"
    return audit.score_low, "the lowest score that the audit allows"


def _load_value(bound: ParsedThreshold, load: LoadSummary) -> Known:
    if bound.subject == "effects":
        return _effects(bound.aggregate, load)
    if bound.subject == "end_to_end":
        if load.effects is None:
            return None, "effects were not measured"
        if load.effects.lost:
            return None, _without_effect(load.effects.lost)
        return _of(load.effects.end_to_end_ms, bound.aggregate)
    return _of_part(bound, load) if bound.event or bound.location else _of_attempts(bound, load)


def _without_effect(lost: int) -> str:
    """Times of those that arrived say nothing of those that did not."""
    deliveries = "delivery" if lost == 1 else "deliveries"
    return f"{lost} acknowledged {deliveries} had no effect"


def _of_attempts(bound: ParsedThreshold, load: LoadSummary) -> Known:
    if load.planned == 0 or (load.sent == 0 and bound.subject != "dropped"):
        return None, "nothing was sent"
    numbers = {
        "dropped": float(load.dropped),
        "error_rate": load.error_rate,
        "throughput": load.throughput_per_s,
    }
    if bound.subject in numbers:
        return numbers[bound.subject], ""
    if bound.subject in _OF_REPLIES and load.errors == load.sent:
        return None, "no delivery was acknowledged"
    latency: Latency = getattr(load, f"{bound.subject}_ms")
    return _of(latency, bound.aggregate)


def _of_part(bound: ParsedThreshold, load: LoadSummary) -> Known:
    """Of one event type, or of one location."""
    parts = load.by_event if bound.location is None else load.by_location
    name = bound.location or bound.event or ""
    part = parts.get(name)
    if part is None or part.sent == 0:
        return None, _unsent(bound, name, parts)
    if bound.subject == "error_rate":
        return part.error_rate, ""
    if part.errors == part.sent:
        return None, f"no {name} was acknowledged"
    return _of(part.response_time_ms, bound.aggregate)


def _unsent(bound: ParsedThreshold, name: str, parts: Mapping[str, EventSummary]) -> str:
    if bound.location is not None:
        return f"the summary holds nothing that was sent for location {name}"
    sent = ", ".join(name for name, each in parts.items() if each.sent)
    return f"no {name} was sent, only {sent or 'nothing'}"


def _of(latency: Latency, aggregate: str) -> Known:
    value: float | None = getattr(latency, aggregate.replace(".", "_"))
    return value, "" if value is not None else f"too few samples for {aggregate}"


def _effects(name: str, load: LoadSummary) -> Known:
    effects = load.effects
    if effects is None:
        return None, "effects were not measured"
    value: float | None = getattr(effects, name)
    # Nothing acknowledged is nothing lost, but shows nothing either.
    if value is None or (value == 0 and effects.expected == 0):
        return None, "no delivery was acknowledged"
    return float(value), ""
