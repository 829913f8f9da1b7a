"""Bencher's metric format: benchmark → measure → value, with both ends of its interval."""

import json

from ghlctl.report.document import Document, LoadView, short_names
from ghlctl.report.series import Point, points

Measures = dict[str, dict[str, float]]


def render(document: Document) -> str:
    """One benchmark per load, by its label, and one per audit."""
    named = short_names(document)
    found: dict[str, Measures] = {load.label: _measures(load) for load in named.loads}
    for audit in named.audits:
        summary = audit.summary
        if summary.score is not None and summary.score_low is not None:
            ends = {"lower_value": summary.score_low, "upper_value": summary.score_high or 100.0}
            found.setdefault(audit.label, {})["audit_score"] = {"value": summary.score, **ends}
    filled = {name: measures for name, measures in found.items() if measures}
    return json.dumps(filled, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _measures(load: LoadView) -> Measures:
    return {f"{point.metric}_{_SUFFIX[point.unit]}": _metric(point) for point in points(load)}


_SUFFIX = {"ms": "ms", "ratio": "ratio", "events/s": "per_s"}


def _metric(point: Point) -> dict[str, float]:
    if point.interval is None:
        return {"value": point.value}
    ends = {"lower_value": point.interval.low, "upper_value": point.interval.high}
    return {"value": point.value, **ends}
