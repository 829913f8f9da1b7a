"""Every summary number as OpenMetrics text: what GitLab compares between branches.

Labels name the scenario and never the run, so that the same number is found again.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from ghlctl.model.summary import Latency, LoadSummary
from ghlctl.report.document import Document, short_names
from ghlctl.report.numbers import known
from ghlctl.report.visible import one_line

_QUANTILES = (("p50", "0.5"), ("p90", "0.9"), ("p95", "0.95"), ("p99", "0.99"), ("p99_9", "0.999"))
_TIMES = {
    "response_time": "From the intended moment of an arrival to the end of its reply",
    "service_time": "From the moment of sending to the end of the reply",
    "lateness": "From the intended moment to that of sending, the generator's own delay",
    "end_to_end": "From the intended moment to the effect upstream",
}

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Sample:
    family: str
    unit: str
    help: str
    labels: Labels
    value: float | None


def render(document: Document) -> str:
    """One family per metric, ended by # EOF; a number that could not be had is left out."""
    named = short_names(document)
    families: dict[str, list[_Sample]] = {}
    for sample in _samples(named):
        if known(sample.value) is not None:
            families.setdefault(sample.family, []).append(sample)
    lines = [line for family in families.values() for line in _family(family)]
    return "\n".join([*lines, "# EOF", ""])


def _family(samples: list[_Sample]) -> Iterator[str]:
    first = samples[0]
    yield f"# TYPE {first.family} gauge"
    if first.unit:
        yield f"# UNIT {first.family} {first.unit}"
    yield f"# HELP {first.family} {first.help}"
    # By the labels as they are written: names cut to a length may become alike.
    for shown, value in {_shown(each.labels): each.value for each in samples}.items():
        yield f"{first.family}{{{shown}}} {value!r}"


def _shown(labels: Labels) -> str:
    return ",".join(f'{name}="{_escaped(text)}"' for name, text in labels)


def _escaped(text: str) -> str:
    return one_line(text).replace("\\", "\\\\").replace('"', '\\"')


def _samples(document: Document) -> Iterator[_Sample]:
    for load in document.loads:
        labels = (("scenario", load.label),)
        yield from _load(load.summary, labels)
    for audit in document.audits:
        summary, labels = audit.summary, (("audit", audit.label),)
        scores = (
            ("value", summary.score),
            ("low", summary.score_low),
            ("high", summary.score_high),
        )
        for end, score in scores:
            yield _Sample("ghlctl_audit_score", "", "Of 100", (*labels, ("estimate", end)), score)
        coverage = summary.coverage
        yield _Sample("ghlctl_audit_coverage_ratio", "ratio", "Decided checks", labels, coverage)
        for outcome, count in sorted(summary.counts.items()):
            name = (*labels, ("outcome", outcome))
            yield _Sample("ghlctl_audit_checks", "", "Checks by outcome", name, count)


def _load(summary: LoadSummary, labels: Labels) -> Iterator[_Sample]:
    times = {
        "response_time": summary.response_time_ms,
        "service_time": summary.service_time_ms,
        "lateness": summary.lateness_ms,
    }
    if summary.effects:
        times["end_to_end"] = summary.effects.end_to_end_ms
    for name, latency in times.items():
        yield from _times(name, latency, labels)
    for event, each in sorted(summary.by_event.items()):
        yield from _times("response_time", each.response_time_ms, (*labels, ("event", event)))
    yield _Sample(
        "ghlctl_error_ratio", "ratio", "Sent and not acknowledged", labels, summary.error_rate
    )
    rate = summary.throughput_per_s
    yield _Sample("ghlctl_throughput_per_second", "", "Acknowledged per second", labels, rate)
    yield from _counts(summary, labels)


def _counts(summary: LoadSummary, labels: Labels) -> Iterator[_Sample]:
    counts = {"planned": summary.planned, "sent": summary.sent, "dropped": summary.dropped}
    for name, count in counts.items():
        yield _Sample(
            "ghlctl_arrivals", "", "By what became of them", (*labels, ("fate", name)), count
        )
    for kind, count in sorted(summary.errors_by_kind.items()):
        yield _Sample("ghlctl_errors", "", "Errors by kind", (*labels, ("kind", kind)), count)
    if effects := summary.effects:
        for name in ("expected", "seen", "lost", "duplicated", "unacknowledged"):
            value = getattr(effects, name)
            yield _Sample(
                "ghlctl_effects", "", "Against the ledger", (*labels, ("fate", name)), value
            )


def _times(name: str, latency: Latency, labels: Labels) -> Iterator[_Sample]:
    family, help_ = f"ghlctl_{name}_seconds", _TIMES[name]
    for field, quantile in _QUANTILES:
        value = _seconds(getattr(latency, field))
        yield _Sample(family, "seconds", help_, (*labels, ("quantile", quantile)), value)
    mean = f"ghlctl_{name}_mean_seconds"
    yield _Sample(mean, "seconds", f"Mean. {help_}", labels, _seconds(latency.mean))


def _seconds(ms: float | None) -> float | None:
    return None if ms is None else ms / 1000
