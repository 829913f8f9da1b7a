"""Audits as SARIF 2.1.0: failures and warnings are results, what is undecided a notification.

A receiver has no source line, so every result points at the file that describes it.
"""

import json
from collections.abc import Sequence
from typing import Any

from ghlctl import __version__
from ghlctl.model.finding import AuditSummary, Confidence, Finding, Outcome, Severity
from ghlctl.model.suppression import Suppression
from ghlctl.report.document import AuditView, Document, short_names
from ghlctl.report.fingerprint import fingerprint, route
from ghlctl.report.scores import no_score_because
from ghlctl.report.verdict import UNDECIDED_OUTCOMES
from ghlctl.report.visible import one_line

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
DESCRIBED_IN = "ghlctl.yaml"
_SECURITY_SEVERITY = {
    Severity.CRITICAL: "9.0",
    Severity.HIGH: "7.0",
    Severity.MEDIUM: "4.0",
    Severity.LOW: "1.0",
    Severity.INFO: "0.0",
}
_LEVELS = {Severity.CRITICAL: "error", Severity.HIGH: "error", Severity.MEDIUM: "warning"}
_PRECISION = {
    Confidence.CONFIRMED: "very-high",
    Confidence.HIGH: "high",
    Confidence.MEDIUM: "medium",
    Confidence.LOW: "low",
}
_RESULTS = (Outcome.FAIL, Outcome.WARN)

Json = dict[str, Any]


def render(document: Document) -> str:
    """One SARIF run per audit; a document without audits has one run, without results."""
    audits = short_names(document).audits
    runs = [_run(audit) for audit in audits] or [_empty()]
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": runs}
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _run(audit: AuditView) -> Json:
    summary = audit.summary
    findings = [each for each in summary.checks if each.outcome in _RESULTS]
    accepted = {each.id: each for each in summary.suppressions}
    return {
        "tool": _tool(summary.checks),
        "automationDetails": {"id": f"ghlctl/audit/{audit.label}/"},
        "invocations": [_invocation(summary)],
        "results": [_result(each, summary, accepted.get(each.id)) for each in findings],
        "columnKind": "unicodeCodePoints",
        "properties": {
            "score": summary.score,
            "scoreLow": summary.score_low,
            "coverage": summary.coverage,
            "algorithm": summary.algorithm,
        },
    }


def _empty() -> Json:
    return {
        "tool": _tool(()),
        "invocations": [
            {
                "executionSuccessful": False,
                "toolExecutionNotifications": [_notification("", "error", "nothing was audited")],
            }
        ],
        "results": [],
    }


def _tool(findings: Sequence[Finding]) -> Json:
    return {
        "driver": {
            "name": "ghlctl",
            "version": __version__,
            "rules": list({_id(each): _rule(each) for each in findings}.values()),
        }
    }


def _rule(finding: Finding) -> Json:
    name, title = _id(finding), one_line(finding.title) or _id(finding)
    remedy = f"{one_line(finding.remedy)}. " if finding.remedy.strip() else ""
    tags = ["security", one_line(finding.topic), *map(_tag, finding.references)]
    return {
        "id": name,
        "name": "".join(word.capitalize() for word in title.split()),
        "shortDescription": {"text": title},
        "fullDescription": {"text": one_line(finding.why) or title},
        "help": {"text": f"{remedy}ghlctl audit explain {name} says more."},
        "defaultConfiguration": {"level": _level(finding.severity)},
        "properties": {
            "security-severity": _SECURITY_SEVERITY[finding.severity],
            "problem.severity": _LEVELS.get(finding.severity, "recommendation"),
            "precision": _PRECISION[finding.confidence],
            "tags": [tag for tag in dict.fromkeys(tags) if tag],
        },
    }


def _id(finding: Finding) -> str:
    """Ids are the program's own, but a stored file may hold anything."""
    return one_line(finding.id, 100) or "unnamed"


def _tag(reference: str) -> str:
    """`CWE-306` as code scanning knows it."""
    name = one_line(reference)
    return f"external/cwe/{name.lower()}" if name.startswith("CWE-") else name


def _level(severity: Severity) -> str:
    return _LEVELS.get(severity, "note")


def _result(finding: Finding, audit: AuditSummary, accepted: Suppression | None) -> Json:
    level = _level(finding.severity) if finding.outcome is Outcome.FAIL else "note"
    result: Json = {
        "ruleId": _id(finding),
        "level": level,
        "kind": "fail",
        "message": {"text": _message(finding, audit)},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": DESCRIBED_IN},
                    "region": {"startLine": 1},
                }
            }
        ],
        "partialFingerprints": {"ghlctl/v1": fingerprint(_id(finding), route(audit.receiver))},
    }
    if accepted is not None:
        result["suppressions"] = [_suppression(accepted)]
    return result


def _message(finding: Finding, audit: AuditSummary) -> str:
    reason = one_line(finding.reason) or one_line(finding.title)
    return f"{reason} ({one_line(audit.receiver)})"


def _suppression(accepted: Suppression) -> Json:
    said = f"{accepted.reason}: {accepted.statement} ({accepted.owner}, until {accepted.expires})"
    return {"kind": "external", "status": "accepted", "justification": one_line(said)}


def _invocation(summary: AuditSummary) -> Json:
    undecided = [each for each in summary.checks if each.outcome in UNDECIDED_OUTCOMES]
    notes = [
        _notification(
            _id(each),
            "error" if each.outcome is Outcome.ERROR else "warning",
            f"{_id(each)} is {each.outcome.value.replace('_', ' ')}: {one_line(each.reason)}",
        )
        for each in undecided
    ]
    if summary.score is None:
        reason = f"the audit reached no score, because {no_score_because(summary)}"
        notes.append(_notification("", "error", reason))
    return {
        "executionSuccessful": summary.score is not None,
        "toolExecutionNotifications": notes,
    }


def _notification(check: str, level: str, text: str) -> Json:
    about = {"associatedRule": {"id": check}} if check else {}
    return {"level": level, "message": {"text": text}, **about}
