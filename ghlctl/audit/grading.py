"""Findings in, score out. Pure; the rules are numbered as the documentation numbers them.

1. A check weighs by its severity; a warning earns half; what does not apply weighs nothing.
2. Topics have fixed weights, so that one more check in a topic does not shift the balance.
3. The score is over what was decided; its interval counts the undecided as failed and as passed.
4. A failure caps the score by its severity and topic: a mean would hide a single open door.
5. After a failed control there is no score, and below 80 % coverage no grade.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ghlctl.audit.about import Topic
from ghlctl.model.finding import Cap, Finding, Outcome, Severity

ALGORITHM = "1"
LEAST_COVERAGE = 0.8

SEVERITY_WEIGHTS = {
    Severity.CRITICAL: 10.0,
    Severity.HIGH: 7.5,
    Severity.MEDIUM: 5.0,
    Severity.LOW: 2.5,
    Severity.INFO: 0.0,
}
TOPIC_WEIGHTS = {
    Topic.SIGNATURE: 30.0,
    Topic.REPLAY: 15.0,
    Topic.INPUT: 15.0,
    Topic.RESILIENCE: 10.0,
    Topic.PRIVACY: 10.0,
    Topic.TENANCY: 5.0,
    Topic.KEYS: 5.0,
    Topic.ERRORS: 5.0,
    Topic.NETWORK: 5.0,
}
_CREDIT = {Outcome.PASS: 1.0, Outcome.WARN: 0.5, Outcome.FAIL: 0.0}
_UNDECIDED = (Outcome.INCONCLUSIVE, Outcome.NOT_TESTED, Outcome.ERROR)
_DOORS = (Topic.SIGNATURE, Topic.REPLAY, Topic.TENANCY, Topic.KEYS)
_A_PLUS_COVERAGE = 0.95
_LETTERS = ((98.0, "A+"), (95.0, "A"), (85.0, "B"), (70.0, "C"), (40.0, "D"))


@dataclass(frozen=True, slots=True)
class Grade:
    """Scores 0-100, None where there is none; `coverage` 0-1; `letter` "" where there is none."""

    score: float | None
    low: float | None
    high: float | None
    coverage: float
    letter: str
    caps: tuple[Cap, ...]
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class _Tally:
    """Weights in one topic: earned of decided, decided of all that apply."""

    earned: float
    decided: float
    applicable: float


def grade(findings: Sequence[Finding], *, controlled: bool) -> Grade:
    """`controlled`: genuine deliveries were accepted before, between and after the checks."""
    counts = dict(Counter(finding.outcome.value for finding in findings))
    tallies = {topic: _tally(topic, findings) for topic in TOPIC_WEIGHTS}
    present = {topic: tally for topic, tally in tallies.items() if tally.applicable}
    whole = sum(TOPIC_WEIGHTS[topic] for topic in present)
    covered = _mean(present, (tally.decided / tally.applicable for tally in present.values()))
    caps = _caps(findings)
    if not controlled or not any(tally.decided for tally in present.values()) or not whole:
        return Grade(None, None, None, covered if controlled else 0.0, "", caps, counts)
    limit = min((cap.limit for cap in caps), default=100.0)
    low = _mean(present, (tally.earned / tally.applicable for tally in present.values()))
    missing = ((tally.applicable - tally.decided) for tally in present.values())
    high = _mean(
        present,
        (
            (tally.earned + open_weight) / tally.applicable
            for tally, open_weight in zip(present.values(), missing, strict=True)
        ),
    )
    decided = {topic: tally for topic, tally in present.items() if tally.decided}
    score = _mean(decided, (tally.earned / tally.decided for tally in decided.values()))
    bounded = [min(100 * value, limit) for value in (score, low, high)]
    letter = _letter(bounded[0], covered, findings)
    return Grade(bounded[0], bounded[1], bounded[2], covered, letter, caps, counts)


def absent_topics(findings: Iterable[Finding]) -> tuple[Topic, ...]:
    """Topics that have a weight and no finding: their weight is spread over the others."""
    seen = {finding.topic for finding in findings}
    return tuple(topic for topic in TOPIC_WEIGHTS if topic not in seen)


def _tally(topic: Topic, findings: Iterable[Finding]) -> _Tally:
    earned = decided = applicable = 0.0
    for finding in findings:
        if finding.topic != topic:
            continue
        weight = SEVERITY_WEIGHTS[finding.severity]
        if finding.outcome in _CREDIT:
            earned += weight * _CREDIT[finding.outcome]
            decided += weight
            applicable += weight
        elif finding.outcome in _UNDECIDED:
            applicable += weight
    return _Tally(earned, decided, applicable)


def _mean(tallies: dict[Topic, _Tally], shares: Iterable[float]) -> float:
    """Shares of topics, by the topics' weights; 0 over nothing."""
    pairs = [(TOPIC_WEIGHTS[topic], share) for topic, share in zip(tallies, shares, strict=True)]
    whole = sum(weight for weight, _ in pairs)
    return sum(weight * share for weight, share in pairs) / whole if whole else 0.0


def _caps(findings: Iterable[Finding]) -> tuple[Cap, ...]:
    """One cap per failure, the lowest first."""
    caps = [
        Cap(limit, f"{finding.id} failed ({finding.severity.value}): {finding.title}")
        for finding in findings
        if finding.outcome is Outcome.FAIL and (limit := _limit(finding)) is not None
    ]
    return tuple(sorted(caps, key=lambda cap: cap.limit))


def _limit(finding: Finding) -> float | None:
    match finding.severity:
        case Severity.CRITICAL:
            return 39.0
        case Severity.HIGH:
            return 69.0 if finding.topic in _DOORS else 84.0
        case Severity.MEDIUM:
            return 94.0
        case _:
            return None


def _letter(score: float, coverage: float, findings: Iterable[Finding]) -> str:
    if coverage < LEAST_COVERAGE:
        return ""
    letter = next((letter for least, letter in _LETTERS if score >= least), "F")
    failed = any(finding.outcome is Outcome.FAIL for finding in findings)
    if letter == "A+" and (coverage < _A_PLUS_COVERAGE or failed):
        return "A"
    return letter
