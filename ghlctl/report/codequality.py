"""GitLab's code quality report: open thresholds and findings, each with its place and name."""

import json
from collections.abc import Iterator
from typing import Any

from ghlctl.analysis.standing import RunStanding, standing_of
from ghlctl.model.finding import AuditSummary, Finding, Outcome, Severity
from ghlctl.model.threshold import Level, Place, ThresholdResult
from ghlctl.report import threshold_tables
from ghlctl.report.document import Document
from ghlctl.report.fingerprint import fingerprint, route
from ghlctl.report.sarif import DESCRIBED_IN
from ghlctl.report.verdict import UNDECIDED_OUTCOMES
from ghlctl.report.visible import one_line

_SEVERITIES = {
    Severity.CRITICAL: "blocker",
    Severity.HIGH: "critical",
    Severity.MEDIUM: "major",
    Severity.LOW: "minor",
    Severity.INFO: "info",
}

Json = dict[str, Any]


def render(document: Document) -> str:
    """A list; an empty one says that nothing is open."""
    issues = [*_distrusted(document), *_thresholds(document), *_findings(document)]
    return json.dumps(issues, indent=2, ensure_ascii=False) + "\n"


def _distrusted(document: Document) -> Iterator[Json]:
    """Runs whose thresholds decide nothing: without them an empty list would look like a pass."""
    if document.gate is not None:
        reasons = [(each.code, each.text) for each in document.gate.result.cautions]
    else:
        standings = ((load.label, standing_of(load.summary)) for load in document.loads)
        reasons = [
            (each.code, f"{label}: nothing is decided, as {each.reason}")
            for label, each in standings
            if each is not RunStanding.MEASURED
        ]
    for number, (code, text) in enumerate(reasons):  # texts hold run ids, which no branches share
        yield _issue(text, code, "major", Place(DESCRIBED_IN), ("run", code, str(number)))


def _thresholds(document: Document) -> Iterator[Json]:
    gate = document.gate
    results = (
        gate.result.thresholds
        if gate is not None
        else tuple(each for load in document.loads for each in load.summary.thresholds)
    )
    places = gate.places if gate is not None else {}
    for result in results:
        if result.passed is not True:
            yield _threshold(result, places.get(result.expression, Place(DESCRIBED_IN)))


def _threshold(result: ThresholdResult, place: Place) -> Json:
    value, bound = threshold_tables.measured_words(result)
    judged = threshold_tables.judgement(result)[2:]
    words = f"{judged}: {result.expression}, measured {value}, bound {bound}"
    note = f" ({result.note})" if result.note else ""
    severity = "major" if result.level is Level.ERROR and not result.unclear else "minor"
    name = f"threshold/{result.expression.partition(' ')[0]}"
    return _issue(words + note, name, severity, place, ("threshold", result.expression))


def _findings(document: Document) -> Iterator[Json]:
    for audit in document.audits:
        accepted = {each.id for each in audit.summary.suppressions}
        for finding in audit.summary.checks:
            if finding.id not in accepted and _open(finding):
                yield _finding(finding, audit.summary)


def _open(finding: Finding) -> bool:
    return finding.outcome in (Outcome.FAIL, Outcome.WARN) or finding.outcome in UNDECIDED_OUTCOMES


def _finding(finding: Finding, audit: AuditSummary) -> Json:
    words = f"{finding.title}: {finding.outcome.value.replace('_', ' ')}, {finding.reason}"
    failed = finding.outcome is Outcome.FAIL
    severity = _SEVERITIES[finding.severity] if failed else "info"
    identity = ("finding", finding.id, route(audit.receiver))
    return _issue(words, finding.id, severity, Place(DESCRIBED_IN), identity)


def _issue(words: str, name: str, severity: str, place: Place, identity: tuple[str, ...]) -> Json:
    return {
        "description": one_line(words),
        "check_name": one_line(name),
        "fingerprint": fingerprint(*identity),
        "severity": severity,
        "location": {"path": place.file, "lines": {"begin": place.line}},
    }
