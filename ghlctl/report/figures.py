"""The few numbers a reader looks at first, before and after."""

import re
from dataclasses import dataclass

from ghlctl.model.estimate import Comparison, Verdict
from ghlctl.model.summary import LoadSummary
from ghlctl.report import numbers
from ghlctl.report.document import AuditView, Document, audit_of


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of every load, as text; `compared` is the statement about its change, if any.

    `notes` stand under the values (what was planned, which grade), one per load, "" for none.
    """

    title: str
    values: tuple[str, ...]
    notes: tuple[str, ...]
    compared: Comparison | None = None


@dataclass(frozen=True, slots=True)
class _Kind:
    title: str
    unit: str
    words: frozenset[str]


_MEAN = _Kind("Mean response time", "ms", frozenset({"response", "time", "mean"}))
_P95 = _Kind("p95 response time", "ms", frozenset({"response", "time", "p95"}))
_END = _Kind("Mean end-to-end time", "ms", frozenset({"end", "to", "mean"}))
_END_P95 = _Kind("p95 end-to-end time", "ms", frozenset({"end", "to", "p95"}))
_ERRORS = _Kind("Errors", "ratio", frozenset({"error", "rate"}))
_THROUGHPUT = _Kind("Throughput", "per_s", frozenset({"throughput"}))
_CPU = _Kind("Receiver CPU per event", "ms", frozenset({"cpu"}))
_KINDS = (_MEAN, _P95, _END, _END_P95, _ERRORS, _THROUGHPUT, _CPU)


def key_figures(document: Document) -> tuple[Figure, ...]:
    """The figures that any of the loads or audits has, in reading order."""
    loads = tuple(_load_figure(kind, document) for kind in _KINDS) if document.loads else ()
    scores = _score_figure(document)
    return tuple(figure for figure in (*loads, scores) if figure and _measured(figure))


def columns(document: Document) -> tuple[str, ...]:
    """Labels that the values of every key figure belong to."""
    return tuple(view.label for view in document.loads or document.audits)


def unit_of(metric: str) -> str:
    """The unit of a compared metric by its name."""
    words = _words(metric)
    if words & {"rate", "ratio"} and "error" in words:
        return "ratio"
    if words & {"throughput"}:
        return "per_s"
    return "ms" if words & {"time", "ms", "end", "lateness", "cpu"} else ""


def mean_change(document: Document) -> Comparison | None:
    """What the comparison says of the mean response time, if it says anything."""
    return _comparison(_MEAN, document)


def _load_figure(kind: _Kind, document: Document) -> Figure:
    summaries = tuple(load.summary for load in document.loads)
    return Figure(
        title=kind.title,
        values=tuple(numbers.quantity(_value(kind, summary), kind.unit) for summary in summaries),
        notes=tuple(_note(kind, summary) for summary in summaries),
        compared=_comparison(kind, document),
    )


def _value(kind: _Kind, summary: LoadSummary) -> float | None:
    ends = summary.effects.end_to_end_ms if summary.effects else None
    cost = summary.receiver_cost
    values = {
        _MEAN: summary.response_time_ms.mean,
        _P95: summary.response_time_ms.p95,
        _END: ends.mean if ends else None,
        _END_P95: ends.p95 if ends else None,
        _ERRORS: summary.error_rate if summary.sent else None,
        _THROUGHPUT: summary.throughput_per_s,
        _CPU: cost.cpu_ms_per_event if cost else None,
    }
    return values[kind]


def _note(kind: _Kind, summary: LoadSummary) -> str:
    if kind is _THROUGHPUT:
        return f"{numbers.rate(summary.planned_per_s)} planned"
    if kind is _ERRORS:
        return f"{numbers.count(summary.errors)} of {numbers.count(summary.sent)}"
    return ""


def _comparison(kind: _Kind, document: Document) -> Comparison | None:
    metrics = document.comparison.metrics if document.comparison else ()
    return next((each for each in metrics if _is(kind, each.metric)), None)


def _is(kind: _Kind, metric: str) -> bool:
    """Metrics of a single event type, in braces, are none of the headline's."""
    return "{" not in metric and kind.words <= _words(metric)


def _words(metric: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z0-9]+", metric.lower()))


def _score_figure(document: Document) -> Figure | None:
    views: tuple[AuditView | None, ...] = document.audits
    if document.loads:
        views = tuple(audit_of(document, load) for load in document.loads)
    if not any(views):
        return None
    return Figure(
        title="Security score",
        values=tuple(numbers.score(view.summary.score if view else None) for view in views),
        notes=tuple(_grade(view) for view in views),
    )


def _grade(view: AuditView | None) -> str:
    if view is None:
        return "not audited"
    grade = f"grade {view.summary.grade}" if view.summary.grade else "no grade"
    return grade if view.summary.score is not None else "no score: see the audit"


def _measured(figure: Figure) -> bool:
    return any(value != numbers.UNKNOWN for value in figure.values) or any(
        "score" in note for note in figure.notes
    )


def statement(compared: Comparison) -> str:
    """The change with its interval and verdict in words, or why there is none."""
    if compared.change is None:
        return remark(compared) or "no change can be stated from these runs"
    said = numbers.change(compared.change, relative=compared.relative)
    ends = numbers.interval(compared.low, compared.high, relative=compared.relative)
    return f"{VERDICT_WORDS[compared.verdict]}: {said}" + (
        f" ({ends})" if ends != numbers.UNKNOWN else " (no interval)"
    )


def withheld_because(note: str) -> str:
    """In words, why the runs themselves allow no verdict; "" for any other note."""
    code = note.removeprefix("no verdict: ")
    return _WITHHELD.get(code, "") if code != note else ""


def remark(compared: Comparison) -> str:
    """The comparison's note, in words where it names a caution."""
    why = withheld_because(compared.note)
    return f"no verdict, because {why}" if why else compared.note


def detectable(compared: Comparison) -> str:
    """How large a change would have had to be to show; "" where one did, or a verdict was found."""
    seen = compared.low is None or compared.high is None or not compared.low <= 0 <= compared.high
    if seen or compared.verdict is not Verdict.UNCLEAR or compared.detectable is None:
        return ""
    size = numbers.change(compared.detectable, relative=compared.relative)
    said = f"only a change of {size.lstrip('+')} or more would have shown"
    if compared.more_needed is None:
        return said
    return f"{said}; {numbers.count(compared.more_needed)} more would show twice the margin"


_WITHHELD = {
    "machine-contended": "the machine was busy",
    "machine-busy": "the machine was busy",
    "generator-not-keeping-up": "the generator fell behind",
    "run-aborted": "a run ended before its plan did",
    "run-nothing-sent": "nothing was sent",
    "run-fell-behind": "the generator fell behind",
}
VERDICT_WORDS = {
    Verdict.BETTER: "better",
    Verdict.WORSE: "worse",
    Verdict.SAME: "same",
    Verdict.UNCLEAR: "unclear",
}
