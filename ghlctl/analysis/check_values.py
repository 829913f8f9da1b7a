"""The number of an audit, or of a look at a receiver's health, that a threshold speaks of."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ghlctl.analysis.known import Known, unknown
from ghlctl.analysis.threshold_words import Tag
from ghlctl.model.finding import AuditSummary, Finding, Outcome
from ghlctl.model.health import HealthSummary

if TYPE_CHECKING:
    from ghlctl.analysis.threshold_grammar import ParsedThreshold

UNDECIDED = frozenset({Outcome.INCONCLUSIVE, Outcome.NOT_TESTED, Outcome.ERROR, Outcome.SKIP})
_DECIDED = (Outcome.PASS, Outcome.FAIL, Outcome.WARN)
_CHECKS = "checks"


def audit_value(bound: "ParsedThreshold", audit: AuditSummary) -> Known:
    """Scores are the lowest that the audit allows; counts leave suppressed failures out."""
    match bound.aggregate:
        case "score":
            return _score(audit.score_low, audit)
        case "score_with_accepted_risks":
            if not audit.suppressions:
                return _score(audit.score_low, audit)
            return _score(audit.score_with_accepted_risks, audit)
        case "coverage":
            return Known(audit.coverage, "", len(audit.checks), _CHECKS)
        case "suppressed":
            return Known(float(len(audit.suppressions)), "", len(audit.checks), _CHECKS)
        case _:
            return _count(bound, audit)


def health_value(bound: "ParsedThreshold", health: HealthSummary) -> Known:
    return _counted(Outcome(bound.aggregate), [check.outcome for check in health.checks])


def _score(value: float | None, audit: AuditSummary) -> Known:
    """The low end: what was not tested counts as failed."""
    if value is None:
        return unknown("the audit gave no score")
    decided = sum(finding.outcome in _DECIDED for finding in audit.checks)
    return Known(value, "the lowest score that the audit allows", decided, _CHECKS)


def _count(bound: "ParsedThreshold", audit: AuditSummary) -> Known:
    accepted = {each.id for each in audit.suppressions}
    asked = _matching(bound, audit.checks)
    if not asked:
        named = ", ".join(f"{tag}={value}" for tag, value in bound.tags)
        return unknown(f"no check with {named} was asked" if named else "nothing was asked")
    outcome = Outcome(bound.aggregate)
    if audit.score is None and outcome not in UNDECIDED:
        return unknown("the audit gave no score, so its outcomes decide nothing")
    left = [f.outcome for f in asked if f.id not in accepted]
    return _counted(outcome, left, accepted=len(asked) - len(left))


def _matching(bound: "ParsedThreshold", findings: Sequence[Finding]) -> list[Finding]:
    severity, topic = bound.tag(Tag.SEVERITY), bound.tag(Tag.TOPIC)
    return [
        finding
        for finding in findings
        if severity in (None, finding.severity) and topic in (None, finding.topic)
    ]


def _counted(outcome: Outcome, outcomes: Sequence[Outcome], accepted: int = 0) -> Known:
    """A judgement's count reaches up to what the undecided checks may yet come to."""
    if not outcomes and not accepted:
        return unknown("nothing was asked")
    count = sum(each is outcome for each in outcomes)
    n = len(outcomes) + accepted
    open_ = sum(each in UNDECIDED for each in outcomes) if outcome in _DECIDED else 0
    remarks = [f"{accepted} accepted"] if accepted else []
    if not open_:
        return Known(float(count), "; ".join(remarks), n, _CHECKS)
    remarks.append(f"{open_} of {n} checks undecided")
    high = float(count + open_)
    return Known(float(count), "; ".join(remarks), n, _CHECKS, float(count), high)
