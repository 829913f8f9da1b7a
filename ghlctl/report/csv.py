"""Every summary number as one row, for spreadsheets: run, event, metric, statistic, value."""

import csv
import io
from collections.abc import Iterator

from ghlctl.model.summary import Latency, LoadSummary
from ghlctl.report.document import AuditView, Document, LoadView
from ghlctl.report.numbers import known
from ghlctl.report.tables import PERCENTILES
from ghlctl.report.visible import one_line

HEADER = ("label", "run", "event", "metric", "statistic", "value", "unit")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

Row = tuple[str, str, str, str, str, float | None, str]


def render(document: Document) -> str:
    """The table with its header; a number that could not be had is an empty cell."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADER)
    for row in _rows(document):
        *words, value, unit = row
        number = known(value)
        writer.writerow([*map(word, words), "" if number is None else repr(number), unit])
    return out.getvalue()


def _rows(document: Document) -> Iterator[Row]:
    for load in document.loads:
        yield from _load(load)
    for audit in document.audits:
        yield from _audit(audit)
    yield from _comparison(document)


def _load(load: LoadView) -> Iterator[Row]:
    label, run, summary = load.label, load.run.id, load.summary
    for metric, value, unit in _totals(summary):
        yield (label, run, "", metric, "value", value, unit)
    for metric, latency in _latencies(summary):
        yield from _percentiles(label, run, "", metric, latency)
    for event, each in sorted(summary.by_event.items()):
        yield (label, run, event, "sent", "value", each.sent, "")
        yield (label, run, event, "error_rate", "value", each.error_rate, "ratio")
        yield from _percentiles(label, run, event, "response_time", each.response_time_ms)


def _totals(summary: LoadSummary) -> Iterator[tuple[str, float | None, str]]:
    for name in ("planned", "sent", "dropped", "errors"):
        yield name, getattr(summary, name), ""
    yield "error_rate", summary.error_rate, "ratio"
    yield "throughput", summary.throughput_per_s, "per_s"
    yield "duration", summary.duration_s, "s"
    if effects := summary.effects:
        for name in ("expected", "seen", "lost", "duplicated", "unacknowledged"):
            yield f"effects_{name}", getattr(effects, name), ""
    if retries := summary.retries:
        for name in ("sent", "acknowledged", "given_up", "unfinished"):
            yield f"retries_{name}", getattr(retries, name), ""
    if cost := summary.receiver_cost:
        yield "receiver_cpu_per_event", cost.cpu_ms_per_event, "ms"


def _latencies(summary: LoadSummary) -> Iterator[tuple[str, Latency]]:
    yield "response_time", summary.response_time_ms
    yield "service_time", summary.service_time_ms
    yield "lateness", summary.lateness_ms
    if summary.effects:
        yield "end_to_end", summary.effects.end_to_end_ms


def _percentiles(label: str, run: str, event: str, metric: str, latency: Latency) -> Iterator[Row]:
    for field, word in PERCENTILES:
        yield (label, run, event, metric, word, getattr(latency, field), "ms")


def _audit(audit: AuditView) -> Iterator[Row]:
    summary = audit.summary
    for statistic, value in (
        ("value", summary.score),
        ("low", summary.score_low),
        ("high", summary.score_high),
    ):
        yield (audit.label, summary.run, "", "security_score", statistic, value, "")
    yield (audit.label, summary.run, "", "security_coverage", "value", summary.coverage, "ratio")


def _comparison(document: Document) -> Iterator[Row]:
    summary = document.comparison
    for each in summary.metrics if summary else ():
        for statistic in ("change", "low", "high", "detectable"):
            value = getattr(each, statistic)
            yield ("comparison", "", "", each.metric, statistic, value, "ratio")


def word(text: str) -> str:
    """A spreadsheet must not take a word for a formula."""
    shown = one_line(text)
    return f"'{shown}" if shown.startswith(_FORMULA) else shown
