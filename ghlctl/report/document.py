"""What a report is made of: measured runs, audits and their comparison, ready to be shown."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ghlctl.model.estimate import CompareSummary
from ghlctl.model.finding import AuditSummary
from ghlctl.model.run import Run
from ghlctl.model.summary import LoadSummary
from ghlctl.model.threshold import GateResult, Place
from ghlctl.report.visible import label, one_line

Curve = tuple[tuple[float, float], ...]
"""Pairs of percentile (0-100) and milliseconds, by rising percentile."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """Columns of equal length, one row per second of the run, warm-up included.

    Counts belong to the second in which an arrival was due, `acknowledged` to that in which the
    acknowledgement came. `p50` and `p95` are response times in milliseconds, None for a second of
    which nothing is known. The first `warmup_s` are drawn but were not counted.
    """

    second: tuple[float, ...]
    planned: tuple[int, ...]
    sent: tuple[int, ...]
    acknowledged: tuple[int, ...]
    errors: tuple[int, ...]
    p50: tuple[float | None, ...]
    p95: tuple[float | None, ...]
    warmup_s: float = 0.0


@dataclass(frozen=True, slots=True)
class LoadView:
    """One load run under the name that the reader knows it by."""

    label: str
    run: Run
    summary: LoadSummary
    curve: Curve
    end_to_end_curve: Curve | None = None
    timeline: Timeline | None = None


@dataclass(frozen=True, slots=True)
class AuditView:
    """One audit; the same label as a load says that both met the same receiver."""

    label: str
    summary: AuditSummary


@dataclass(frozen=True, slots=True)
class Gate:
    """Thresholds held against the runs; `places` has a threshold's file and line, where known."""

    result: GateResult
    places: Mapping[str, Place]


@dataclass(frozen=True, slots=True)
class Document:
    """Everything one report shows; `generated_at` is text, `notes` are sentences for the end."""

    title: str
    generated_at: str
    loads: tuple[LoadView, ...] = ()
    audits: tuple[AuditView, ...] = ()
    comparison: CompareSummary | None = None
    notes: tuple[str, ...] = ()
    gate: Gate | None = None


def compared(document: Document) -> tuple[LoadView, LoadView] | None:
    """Baseline and candidate of the comparison by run id or label, else the first and last load."""
    if len(document.loads) < 2:  # noqa: PLR2004 - before and after are two
        return None
    names = document.comparison
    baseline = _named(document, names.baseline) if names else None
    candidate = _named(document, names.candidate) if names else None
    pair = baseline or document.loads[0], candidate or document.loads[-1]
    return pair if pair[0] is not pair[1] else (document.loads[0], document.loads[-1])


def deciding(document: Document) -> LoadView | None:
    """The load whose thresholds decide: the candidate, or the only one."""
    pair = compared(document)
    if pair:
        return pair[1]
    return document.loads[0] if document.loads else None


def audit_of(document: Document, load: LoadView) -> AuditView | None:
    return next((audit for audit in document.audits if audit.label == load.label), None)


def short_names(document: Document) -> Document:
    """The same document with labels and a title that fit where they are shown."""
    return replace(
        document,
        title=one_line(document.title),
        loads=tuple(replace(load, label=label(load.label)) for load in document.loads),
        audits=tuple(replace(audit, label=label(audit.label)) for audit in document.audits),
    )


def _named(document: Document, name: str) -> LoadView | None:
    by_run = (load for load in document.loads if load.run.id == name)
    return next(by_run, None) or next((load for load in document.loads if load.label == name), None)
