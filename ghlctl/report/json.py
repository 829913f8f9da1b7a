"""The document as JSON, for scripts: every number unrounded, unknown numbers null."""

import json
import math
from dataclasses import replace
from typing import Any

import msgspec

from ghlctl.model.finding import AuditSummary, Finding
from ghlctl.report.document import AuditView, Document
from ghlctl.report.evidence import masked

SCHEMA_VERSION = 1


def render(document: Document) -> str:
    """One object; curves are pairs of percentile and milliseconds, times end in _ms or _s."""
    plain = msgspec.to_builtins(_masked(document))
    loads = [_load(load) for load in plain.pop("loads")]
    whole = {"schema_version": SCHEMA_VERSION, **plain, "loads": loads}
    return json.dumps(_finite(whole), indent=2, allow_nan=False) + "\n"


def _load(load: dict[str, Any]) -> dict[str, Any]:
    timeline = load["timeline"]
    return {
        "label": load["label"],
        "run": load["run"],
        "summary": load["summary"],
        "response_time_curve_ms": load["curve"],
        "end_to_end_curve_ms": load["end_to_end_curve"],
        "timeline": timeline and _timeline(timeline),
    }


def _timeline(columns: dict[str, Any]) -> dict[str, Any]:
    units = {"second": "second_s", "p50": "p50_ms", "p95": "p95_ms"}
    return {units.get(name, name): values for name, values in columns.items()}


def _masked(document: Document) -> Document:
    audits = tuple(AuditView(each.label, _audit(each.summary)) for each in document.audits)
    return replace(document, audits=audits)


def _audit(summary: AuditSummary) -> AuditSummary:
    return msgspec.structs.replace(summary, checks=tuple(map(_finding, summary.checks)))


def _finding(finding: Finding) -> Finding:
    return msgspec.structs.replace(finding, evidence=tuple(map(masked, finding.evidence)))


def _finite(value: object) -> object:
    """JSON knows no NaN and no infinity: they are numbers that nobody has."""
    match value:
        case float() if not math.isfinite(value):
            return None
        case dict():
            return {key: _finite(each) for key, each in value.items()}
        case list() | tuple():
            return [_finite(each) for each in value]
        case _:
            return value
