"""The number of a load run that a threshold speaks of."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ghlctl.analysis.known import Known, unknown
from ghlctl.analysis.threshold_words import Tag
from ghlctl.model.summary import EventSummary, Latency, LoadSummary

if TYPE_CHECKING:
    from ghlctl.analysis.threshold_grammar import ParsedThreshold

_OF_REPLIES = ("response_time", "service_time")
_REQUESTS = "requests"


def load_value(bound: "ParsedThreshold", load: LoadSummary) -> Known:
    """Times are in ms, shares 0-1, rates per second."""
    match bound.subject:
        case "effects":
            return _effects(bound.aggregate, load)
        case "end_to_end":
            return _end_to_end(bound.aggregate, load)
        case "cpu_ms_per_event":
            cost = load.receiver_cost
            if cost is None:
                return unknown("the receiver's process could not be read")
            return Known(cost.cpu_ms_per_event, "", load.sent, _REQUESTS)
        case _:
            return _of_attempts(bound, load)


def _of_attempts(bound: "ParsedThreshold", load: LoadSummary) -> Known:
    for tag, groups in ((Tag.EVENT, load.by_event), (Tag.LOCATION, load.by_location)):
        wanted = bound.tag(tag)
        if wanted is not None:
            return _of_group(bound, tag, wanted, groups)
    return _of_all(bound, load)


def _of_all(bound: "ParsedThreshold", load: LoadSummary) -> Known:
    counts_what_was_not_sent = bound.subject in ("dropped", "planned")
    if load.planned == 0 or (load.sent == 0 and not counts_what_was_not_sent):
        return unknown("nothing was sent")
    kind = bound.tag(Tag.KIND)
    numbers = {
        "planned": load.planned,
        "sent": load.sent,
        "dropped": load.dropped,
        "errors": load.errors if kind is None else load.errors_by_kind.get(kind, 0),
        "error_rate": load.error_rate,
        "throughput": load.throughput_per_s,
    }
    if bound.subject in numbers:
        n = load.planned if counts_what_was_not_sent else load.sent
        return Known(float(numbers[bound.subject]), "", n, _REQUESTS)
    if bound.subject in _OF_REPLIES and load.errors == load.sent:
        return unknown("no delivery was acknowledged")
    latency: Latency = getattr(load, f"{bound.subject}_ms")
    return _of(latency, bound.aggregate, load.sent)


def _of_group(
    bound: "ParsedThreshold", tag: Tag, wanted: str, groups: Mapping[str, EventSummary]
) -> Known:
    group = groups.get(wanted)
    if tag is Tag.LOCATION and group is None:  # the summary keeps the busiest alone
        return unknown(f"the summary holds nothing that was sent for location {wanted}")
    if group is None or group.sent == 0:
        sent = [name for name, each in groups.items() if each.sent]
        shown = ", ".join(sent[:5]) + ("…" if len(sent) > 5 else "")  # noqa: PLR2004 - fits a line
        return unknown(f"no {wanted} was sent, only {shown or 'nothing'}")
    numbers = {"sent": group.sent, "errors": group.errors, "error_rate": group.error_rate}
    if bound.subject in numbers:
        return Known(float(numbers[bound.subject]), "", group.sent, _REQUESTS)
    if group.errors == group.sent:
        return unknown(f"no {wanted} was acknowledged")
    return _of(group.response_time_ms, bound.aggregate, group.sent)


def _end_to_end(aggregate: str, load: LoadSummary) -> Known:
    effects = load.effects
    if effects is None:
        return unknown("effects were not measured")
    if effects.lost:  # times of those that arrived say nothing of those that did not
        deliveries = "delivery" if effects.lost == 1 else "deliveries"
        return unknown(f"{effects.lost} acknowledged {deliveries} had no effect")
    return _of(effects.end_to_end_ms, aggregate, effects.seen, "effects")


def _effects(name: str, load: LoadSummary) -> Known:
    effects = load.effects
    if effects is None:
        return unknown("effects were not measured")
    value: float | None = getattr(effects, name)
    # Nothing acknowledged is nothing lost, but shows nothing either.
    if value is None or (value == 0 and effects.expected == 0):
        return unknown("no delivery was acknowledged")
    return Known(float(value), "", effects.expected, "deliveries")


def _of(latency: Latency, aggregate: str, n: int, n_of: str = _REQUESTS) -> Known:
    value: float | None = getattr(latency, aggregate.replace(".", "_"))
    return Known(value, "" if value is not None else f"too few samples for {aggregate}", n, n_of)
