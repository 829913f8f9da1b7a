"""Findings in, score out. Pure; the rules are numbered as the documentation numbers them.

1. A check weighs by its severity; a warning earns half; what does not apply weighs nothing.
2. Categories have fixed weights, so that one more check in one does not shift the balance; what
   does not apply at all gives its weight to the others, and is named.
3. The score is over what was decided; its interval counts the undecided as failed and as passed.
4. A failure caps the score by its severity and topic: a mean would hide a single open door.
5. After a failed control there is no score, and below 80 % coverage no grade.
6. Timing has no weight, because nothing can be passed there; a detected leak takes 5 points.
7. A category passes at 95 of 100 with nine tenths decided and no open critical or high failure;
   passes that nobody saw confirmed limit it to a warning.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ghlctl.audit.about import Topic
from ghlctl.model.finding import Cap, Category, Confidence, Finding, Outcome, Severity, Standing

ALGORITHM = "2"
LEAST_COVERAGE = 0.8

SEVERITY_WEIGHTS = {
    Severity.CRITICAL: 10.0,
    Severity.HIGH: 7.5,
    Severity.MEDIUM: 5.0,
    Severity.LOW: 2.5,
    Severity.INFO: 0.0,
}


@dataclass(frozen=True, slots=True)
class Group:
    """Topics that are weighed, or shown, as one; `weight` 0 where they are only shown."""

    name: str
    title: str
    topics: frozenset[Topic]
    weight: float = 0.0


CATEGORIES = (
    Group("signature", "Signature", frozenset({Topic.SIGNATURE}), 30.0),
    Group("replay", "Replay and idempotency", frozenset({Topic.REPLAY}), 15.0),
    Group("input", "Input", frozenset({Topic.INPUT}), 15.0),
    Group("resilience", "Resilience", frozenset({Topic.RESILIENCE, Topic.RATE_LIMITS}), 10.0),
    Group("privacy", "Privacy", frozenset({Topic.PRIVACY, Topic.COMPLIANCE}), 10.0),
    Group("tenancy", "Tenancy", frozenset({Topic.TENANCY}), 5.0),
    Group("keys", "Keys", frozenset({Topic.KEYS}), 5.0),
    Group("errors", "Errors", frozenset({Topic.ERRORS}), 5.0),
    Group("network", "Network", frozenset({Topic.NETWORK}), 5.0),
)
VALIDATIONS = (
    Group("webhook_signature", "Webhook signature", frozenset({Topic.SIGNATURE, Topic.TENANCY})),
    Group("input_sanitising", "Input sanitising", frozenset({Topic.INPUT})),
    Group("rate_limiting", "Rate limiting", frozenset({Topic.RATE_LIMITS})),
    Group(
        "compliance_logging",
        "Compliance logging",
        frozenset({Topic.PRIVACY, Topic.COMPLIANCE}),
    ),
)
"""What the plan asks to be validated, by its names."""

_CREDIT = {Outcome.PASS: 1.0, Outcome.WARN: 0.5, Outcome.FAIL: 0.0}
_UNDECIDED = (Outcome.INCONCLUSIVE, Outcome.NOT_TESTED, Outcome.ERROR)
_UNSEEN = (Confidence.MEDIUM, Confidence.LOW)
_DOORS = (Topic.SIGNATURE, Topic.REPLAY, Topic.TENANCY, Topic.KEYS)
_A_PLUS_COVERAGE = 0.95
_LEAK_COSTS = 5.0
_PASSES_AT = 95.0
_PASSES_COVERED = 0.9
_GRAVE = (Severity.CRITICAL, Severity.HIGH)
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
    categories: tuple[Category, ...] = ()
    validations: tuple[Category, ...] = ()


def grade(findings: Sequence[Finding], *, controlled: bool) -> Grade:
    """`controlled`: genuine deliveries were accepted before, between and after the checks."""
    counts = dict(Counter(finding.outcome.value for finding in findings))
    shown = (
        tuple(_category(group, findings, controlled=controlled) for group in CATEGORIES),
        tuple(_category(group, findings, controlled=controlled) for group in VALIDATIONS),
    )
    tallies = {group: _tally(group, findings) for group in CATEGORIES}
    present = {group: tally for group, tally in tallies.items() if tally.applicable}
    covered = _mean(present, (tally.decided / tally.applicable for tally in present.values()))
    caps = _caps(findings)
    if not controlled or not any(tally.decided for tally in present.values()):
        return Grade(None, None, None, covered if controlled else 0.0, "", caps, counts, *shown)
    limit = min((cap.limit for cap in caps), default=100.0)
    low = _mean(present, (tally.earned / tally.applicable for tally in present.values()))
    high = _mean(present, (tally.at_best / tally.applicable for tally in present.values()))
    decided = {group: tally for group, tally in present.items() if tally.decided}
    score = _mean(decided, (tally.earned / tally.decided for tally in decided.values()))
    leak = _LEAK_COSTS if _leaks(findings) else 0.0
    bounded = [max(0.0, min(100 * value - leak, limit)) for value in (score, low, high)]
    letter = _letter(bounded[0], covered, findings)
    return Grade(bounded[0], bounded[1], bounded[2], covered, letter, caps, counts, *shown)


def absent_categories(findings: Iterable[Finding]) -> tuple[str, ...]:
    """Categories in which nothing applies: their weight is spread over the others."""
    found = list(findings)
    return tuple(group.name for group in CATEGORIES if not _tally(group, found).applicable)


def _category(group: Group, findings: Sequence[Finding], *, controlled: bool) -> Category:
    own = [finding for finding in findings if finding.topic in group.topics]
    tally = _tally(group, own)
    score = 100 * tally.earned / tally.decided if tally.decided and controlled else None
    coverage = tally.decided / tally.applicable if tally.applicable and controlled else 0.0
    standing, reason = _standing(own, tally, score, coverage)
    return Category(group.name, group.title, standing, score, coverage, group.weight, reason)


def _standing(  # noqa: PLR0911 - one return for each standing, in the order in which they decide
    own: Sequence[Finding], tally: "_Tally", score: float | None, coverage: float
) -> tuple[Standing, str]:
    failed = [one for one in own if one.outcome is Outcome.FAIL]
    grave = [one for one in failed if one.severity in _GRAVE]
    if grave:
        return Standing.FAIL, f"failed: {', '.join(one.id for one in grave)}"
    if not tally.applicable:
        asked = [one for one in own if one.outcome is not Outcome.SKIP]
        if asked:
            return Standing.NOT_APPLICABLE, "nothing in it applies here"
        return Standing.NOT_TESTED, "no check of it was asked"
    if score is None:
        return Standing.NOT_TESTED, "nothing in it could be decided"
    if failed and score < _PASSES_AT:
        return Standing.FAIL, f"failed: {', '.join(one.id for one in failed)}"
    if coverage < _PASSES_COVERED:
        return Standing.INCOMPLETE, f"{coverage:.0%} decided"
    if score < _PASSES_AT or failed:
        open_ones = [one.id for one in own if one.outcome in (Outcome.WARN, Outcome.FAIL)]
        return Standing.WARN, f"open: {', '.join(open_ones)}"
    unseen = [one for one in own if one.outcome is Outcome.PASS and one.confidence in _UNSEEN]
    if unseen:
        return Standing.WARN, "judged by replies alone: nobody saw what the receiver did"
    return Standing.PASS, ""


def _leaks(findings: Iterable[Finding]) -> bool:
    return any(one.topic == Topic.TIMING and one.outcome is Outcome.FAIL for one in findings)


@dataclass(frozen=True, slots=True)
class _Tally:
    """Weights in one group: earned of decided, decided of all that apply."""

    earned: float
    decided: float
    applicable: float

    @property
    def at_best(self) -> float:
        return self.earned + self.applicable - self.decided


def _tally(group: Group, findings: Iterable[Finding]) -> _Tally:
    earned = decided = applicable = 0.0
    for finding in findings:
        if finding.topic not in group.topics:
            continue
        weight = SEVERITY_WEIGHTS[finding.severity]
        if finding.outcome in _CREDIT:
            earned += weight * _CREDIT[finding.outcome]
            decided += weight
            applicable += weight
        elif finding.outcome in _UNDECIDED:
            applicable += weight
    return _Tally(earned, decided, applicable)


def _mean(tallies: dict[Group, _Tally], shares: Iterable[float]) -> float:
    """Shares of categories, by their weights; 0 over nothing."""
    pairs = [(group.weight, share) for group, share in zip(tallies, shares, strict=True)]
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
