"""Tables of what a load run was made of, beside its arrivals: tenants, and retries."""

from collections.abc import Sequence

from ghlctl.report import numbers
from ghlctl.report.document import LoadView
from ghlctl.report.table import Table

_SHOWN = ("mean", "p50", "p95", "p99")


def location_table(load: LoadView) -> Table:
    """One row per location that the summary holds, the busiest first."""
    summary = load.summary
    rows = sorted(summary.by_location.items(), key=lambda pair: (-pair[1].sent, pair[0]))
    more = summary.locations - len(rows)
    return Table(
        f"Locations of {load.label}",
        ("location", "sent", "errors", *_SHOWN),
        tuple(
            (
                name,
                numbers.count(part.sent),
                numbers.percent(part.error_rate),
                *(numbers.ms(getattr(part.response_time_ms, field)) for field in _SHOWN),
            )
            for name, part in rows
        ),
        note=f"{more:,} more in the samples" if more > 0 else "",
    )


def retries_table(loads: Sequence[LoadView]) -> Table:
    """One row per load that retried: attempts sent, then what became of the deliveries."""
    said = [(load.label, load.summary.retries) for load in loads if load.summary.retries]
    settings = dict.fromkeys(
        f"policy {each.policy}, {each.speed:,.10g} times as fast, {each.signature} signature"
        for _, each in said
    )
    return Table(
        "Retries",
        ("run", "retries sent", "acknowledged at last", "given up", "unfinished"),
        tuple(
            (
                label,
                numbers.count(each.sent),
                numbers.count(each.acknowledged),
                numbers.count(each.given_up),
                numbers.count(each.unfinished),
            )
            for label, each in said
        ),
        note="; ".join(settings),
    )
