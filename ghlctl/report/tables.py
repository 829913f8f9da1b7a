"""The tables of a report as text, the same in every format."""

from collections.abc import Iterable, Sequence

from ghlctl.model.estimate import Comparison, Verdict
from ghlctl.model.summary import Latency
from ghlctl.report import numbers
from ghlctl.report.comparison_tables import verdict_words
from ghlctl.report.document import Document, LoadView
from ghlctl.report.figures import (
    Figure,
    columns,
    key_figures,
    withheld_because,
)
from ghlctl.report.table import Table

PERCENTILES = (
    ("mean", "mean"),
    ("p50", "p50"),
    ("p90", "p90"),
    ("p95", "p95"),
    ("p99", "p99"),
    ("p99_9", "p99.9"),
    ("max", "max"),
)


"""Fields of Latency and the words for them."""


def key_table(document: Document) -> Table:
    """One row per key figure; the change column only where runs were compared."""
    figures = key_figures(document)
    changes = ("change",) if document.comparison else ()
    return Table(
        "Key figures",
        ("", *columns(document), *changes),
        tuple(_figure_row(figure, changes=bool(changes)) for figure in figures),
        note=_doubtful(each.compared for each in figures if each.compared) if changes else "",
    )


def latency_table(load: LoadView) -> Table:
    """Where the time went, by percentile."""
    summary = load.summary
    rows: list[tuple[str, Latency]] = [
        ("response time", summary.response_time_ms),
        ("service time", summary.service_time_ms),
        ("lateness", summary.lateness_ms),
    ]
    if summary.effects:
        rows.insert(1, ("end-to-end time", summary.effects.end_to_end_ms))
    return Table(
        f"Times of {load.label}",
        ("", *(word for _, word in PERCENTILES)),
        tuple((name, *latency_cells(latency)) for name, latency in rows),
    )


def latency_cells(latency: Latency) -> tuple[str, ...]:
    return tuple(numbers.ms(getattr(latency, field)) for field, _ in PERCENTILES)


def event_table(load: LoadView) -> Table:
    return Table(
        f"Events of {load.label}",
        ("event", "sent", "errors", "mean", "p50", "p95", "p99"),
        tuple(
            (
                name,
                numbers.count(event.sent),
                numbers.percent(event.error_rate),
                *(
                    numbers.ms(getattr(event.response_time_ms, field))
                    for field in ("mean", "p50", "p95", "p99")
                ),
            )
            for name, event in sorted(load.summary.by_event.items())
        ),
    )


def effects_table(loads: Sequence[LoadView]) -> Table:
    """What acknowledged deliveries came to upstream, one row per load that was matched."""
    return Table(
        "Effects",
        ("run", "expected", "seen", "lost", "duplicated", "unacknowledged", "calls per event"),
        tuple(
            (
                load.label,
                numbers.count(effects.expected),
                numbers.count(effects.seen),
                numbers.count(effects.lost),
                numbers.count(effects.duplicated),
                numbers.count(effects.unacknowledged),
                numbers.plain(effects.calls_per_event),
            )
            for load in loads
            if (effects := load.summary.effects)
        ),
    )


def errors_table(loads: Sequence[LoadView]) -> Table:
    kinds = sorted({kind for load in loads for kind in load.summary.errors_by_kind})
    return Table(
        "Errors by kind",
        ("kind", *(load.label for load in loads)),
        tuple(
            (kind, *(numbers.count(load.summary.errors_by_kind.get(kind, 0)) for load in loads))
            for kind in kinds
        ),
    )


def _figure_row(figure: Figure, *, changes: bool) -> tuple[str, ...]:
    values = tuple(
        f"{value} ({note})" if note else value
        for value, note in zip(figure.values, figure.notes, strict=True)
    )
    change = (_short_change(figure.compared),) if changes else ()
    return (figure.title, *values, *change)


def _short_change(compared: Comparison | None) -> str:
    """Verdict and change; a sign alone where the note under the table says what it means."""
    if compared is None:
        return ""
    if compared.verdict is Verdict.UNCLEAR and compared.change is not None:
        return f"? {numbers.change(compared.change, relative=compared.relative)}"
    if compared.change is None:
        return f"{verdict_words(compared)}, not stated"
    return (
        f"{verdict_words(compared)} {numbers.change(compared.change, relative=compared.relative)}"
    )


def _doubtful(compared: Iterable[Comparison]) -> str:
    """What the question marks in the column of changes mean, each reason once."""
    open_ = [one for one in compared if one.verdict is Verdict.UNCLEAR and one.change is not None]
    why = [withheld_because(one.note) for one in open_]
    said = [f"no verdict, because {each}" if each else "not shown statistically" for each in why]
    return f"? {'; '.join(dict.fromkeys(said))}" if said else ""
