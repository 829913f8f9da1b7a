"""What a lost worker owned and did not report, as rows: nothing disappears silently."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from ghlctl.load.plan import LoadPlan
from ghlctl.load.production import closed_choices
from ghlctl.load.schedule import ClosedSegment, OpenSegment, event_names
from ghlctl.load.split import own_segments
from ghlctl.model.sample import NEVER, ErrorKind, Ints, Samples

_Row = tuple[int, int, int, int]
"""Intended time in ns from the plan's zero, stage, event index, attempt."""


@dataclass(frozen=True, slots=True)
class Lost:
    """A worker's plan, and when it went: ns from the plan's zero."""

    plan: LoadPlan
    at_ns: int


def unreported(
    lost: Lost, zeros: Mapping[int, int], kept: Samples, until_ns: int | None
) -> Samples:
    """What was due of its share and is not among the rows `kept` of it.

    `zeros`: when each segment that began did, in ns from the plan's zero; `until_ns`: when the
    run was stopped, None if it came to its end. Iterations of closed segments have no planned
    moment: theirs is when the worker went, and of a stopped run nobody knows how many were due.
    """
    owned: list[_Row] = []
    for number, segment in enumerate(own_segments(lost.plan)):
        if number not in zeros:
            continue
        match segment:
            case OpenSegment():
                owned += _open_rows(segment, zeros[number], until_ns)
            case ClosedSegment() if until_ns is None:
                owned += _closed_rows(segment, lost)
            case ClosedSegment():
                pass
    missing = Counter(owned) - Counter(_kept_rows(lost, kept.arrivals))
    rows = np.array(sorted(missing.elements()), dtype=np.int64).reshape(-1, 4)
    return _samples(lost.plan, rows)


def _open_rows(segment: OpenSegment, zero_ns: int, until_ns: int | None) -> Iterator[_Row]:
    intended_ns = segment.offset_ns + zero_ns
    due = slice(None) if until_ns is None else intended_ns < until_ns
    columns = (intended_ns, segment.stage, segment.event, segment.attempt)
    return zip(*(column[due].tolist() for column in columns), strict=True)


def _closed_rows(segment: ClosedSegment, lost: Lost) -> Iterator[_Row]:
    """The iterations in the order in which they are chosen, repeats after their originals."""
    choices = closed_choices(lost.plan, segment.stage)
    left = segment.iterations or 0
    while left > 0:
        event, twice = next(choices)
        for attempt in (1, 2)[: min(left, 1 + twice)]:
            left -= 1
            yield lost.at_ns, segment.stage, event, attempt


def _kept_rows(lost: Lost, kept: Samples) -> Iterator[_Row]:
    number = {name: place for place, name in enumerate(event_names(lost.plan))}
    closed = {
        segment.stage for segment in own_segments(lost.plan) if isinstance(segment, ClosedSegment)
    }
    columns = (kept.intended_ns, kept.stage, kept.event, kept.attempt)
    for intended_ns, stage, event, attempt in zip(
        *(each.tolist() for each in columns), strict=True
    ):
        moment = lost.at_ns if stage in closed else intended_ns
        yield moment, stage, number[event], attempt


def _samples(plan: LoadPlan, rows: Ints) -> Samples:
    count = len(rows)
    names = np.array([*event_names(plan)], dtype=object)
    never = np.full(count, NEVER, dtype=np.int64)
    return Samples(
        delivery_id=np.full(count, "", dtype=object),
        event=names[rows[:, 2]],
        intended_ns=rows[:, 0],
        sent_ns=never,
        first_byte_ns=never,
        done_ns=never,
        status=np.zeros(count, dtype=np.int64),
        error=np.full(count, ErrorKind.UNREPORTED.value, dtype=object),
        attempt=rows[:, 3],
        stage=rows[:, 1],
        warmup=rows[:, 0] < round(plan.warmup_s * 1e9),
    )
