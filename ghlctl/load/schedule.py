"""From stages to what is sent when: open segments with their moments, closed ones without.

Consecutive open stages are one segment. The same plan gives the same segments in every process,
so only a segment's zero has to be agreed upon while the run goes on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from ghlctl.load.plan import LoadPlan
from ghlctl.load.recording import attempts
from ghlctl.model.sample import Ints
from ghlctl.scenario.arrivals import Arrivals, plan_arrivals
from ghlctl.scenario.scenario import Closed, Replay, Stage

_NS = 1_000_000_000
_EVENTS, _DUPLICATES, _DELAYS = 1, 2, 3  # one stream of chance for each
_SOON_NS = (50_000_000, 1_000_000_000)  # a provider's duplicate follows its original closely


@dataclass(frozen=True, slots=True)
class OpenSegment:
    """Arrivals in the order of their moments; offsets are ns from the segment's zero.

    `original` is the row of the arrival whose delivery is sent; a row of its own but for
    duplicates, whose `attempt` is 2, and for what was captured more than once. `event` indexes
    the run's event types. `capture` is the row in the plan's recordings one after another, -1 for
    what is made here.
    """

    offset_ns: Ints
    stage: Ints
    event: Ints
    attempt: Ints
    original: Ints
    capture: Ints
    duration_ns: int

    def __len__(self) -> int:
        return len(self.offset_ns)


@dataclass(frozen=True, slots=True)
class ClosedSegment:
    """The next request of a slot starts when its last is done; ends by count or by time."""

    stage: int
    concurrency: int
    iterations: int | None
    duration_ns: int | None


Segment = OpenSegment | ClosedSegment


def segments_of(plan: LoadPlan) -> tuple[Segment, ...]:
    """The segments one after another, in the order of the plan's stages."""
    found: list[Segment] = []
    numbered = enumerate(plan.stages)
    for closed, group in groupby(numbered, key=lambda each: isinstance(each[1], Closed)):
        members = list(group)
        if closed:
            found += [_closed(number, stage) for number, stage in members]
        else:
            found.append(_open(plan, members[0][0], [stage for _, stage in members]))
    return tuple(found)


def event_names(plan: LoadPlan) -> tuple[str, ...]:
    """Event types by the index that segments and frames carry: made ones, then captured ones."""
    captured = (name for recording in plan.recordings for name in recording.events)
    return tuple(dict.fromkeys((*plan.events, *captured)))


def choose_events(plan: LoadPlan, salt: int, count: int) -> Ints:
    """Event indices by the plan's weights; `salt` keeps segments apart."""
    weights = np.array(list(plan.events.values()), dtype=np.float64)
    chance = np.random.default_rng([plan.seed, _EVENTS, salt])
    return chance.choice(len(weights), size=count, p=weights / weights.sum()).astype(np.int64)


def choose_duplicates(plan: LoadPlan, salt: int, count: int) -> Ints:
    """Which of `count` deliveries are sent twice."""
    chance = np.random.default_rng([plan.seed, _DUPLICATES, salt])
    return np.flatnonzero(chance.random(count) < plan.duplicates)


def planned(segments: Sequence[Segment]) -> int:
    """How many requests are known beforehand; a closed segment by time is not."""
    return sum(
        len(each) if isinstance(each, OpenSegment) else each.iterations or 0 for each in segments
    )


def _closed(number: int, stage: Stage) -> ClosedSegment:
    if not isinstance(stage, Closed):
        raise TypeError("an open stage is no closed segment")
    duration_ns = None if stage.for_s is None else round(stage.for_s * _NS)
    return ClosedSegment(number, stage.concurrency, stage.iterations, duration_ns)


@dataclass(frozen=True, slots=True)
class _Content:
    """What each arrival of an open segment is; `original` and `capture` as in the segment."""

    event: Ints
    attempt: Ints
    original: Ints
    capture: Ints


def _open(plan: LoadPlan, first: int, stages: list[Stage]) -> OpenSegment:
    before = sum(isinstance(stage, Replay) for stage in plan.stages[:first])
    moments = [recording.column("offset_ns") for recording in plan.recordings[before:]]
    arrivals = _within(plan.windows, plan_arrivals(tuple(stages), plan.seed + first, moments))
    count = len(arrivals.offset_ns)
    content = _content(plan, first, arrivals.stage + first)
    twice = choose_duplicates(plan, first, count)
    twice = twice[content.capture[twice] < 0]  # a capture has its own
    chance = np.random.default_rng([plan.seed, _DELAYS, first])
    again_ns = arrivals.offset_ns[twice] + chance.integers(*_SOON_NS, size=len(twice))
    original = np.concatenate([content.original, twice])
    source = np.concatenate([np.arange(count), twice])
    attempt = np.concatenate([content.attempt, np.full(len(twice), 2)])
    offset_ns = np.concatenate([arrivals.offset_ns, again_ns])
    order = np.argsort(offset_ns, kind="stable")
    row_of = np.empty(len(order), dtype=np.int64)
    row_of[order] = np.arange(len(order))
    return OpenSegment(
        offset_ns=offset_ns[order],
        stage=arrivals.stage[source][order] + first,
        event=content.event[source][order],
        attempt=attempt[order],
        original=row_of[original][order],
        capture=content.capture[source][order],
        duration_ns=max(_duration_ns(stages), int(offset_ns.max(initial=0))),
    )


def _content(plan: LoadPlan, salt: int, stage: Ints) -> _Content:
    rows = np.arange(len(stage))
    content = _Content(
        event=choose_events(plan, salt, len(stage)),
        attempt=np.ones(len(stage), dtype=np.int64),
        original=rows.copy(),
        capture=np.full(len(stage), -1),
    )
    names = {name: number for number, name in enumerate(event_names(plan))}
    replays = [number for number, each in enumerate(plan.stages) if isinstance(each, Replay)]
    base = 0
    for number, recording in zip(replays, plan.recordings, strict=True):
        here = rows[stage == number]
        if len(here):
            event = np.array([names[name] for name in recording.events], dtype=np.int64)
            first = recording.column("first")
            content.event[here] = event[recording.column("event")]
            content.attempt[here] = attempts(first)
            content.original[here] = here[first]
            content.capture[here] = base + np.arange(len(here))
        base += len(recording)
    return content


def _within(windows: Sequence[tuple[float, float]], arrivals: Arrivals) -> Arrivals:
    """The arrivals due in one of the windows, which are ascending; all where there are none."""
    if not windows:
        return arrivals
    edges = np.array([round(edge * _NS) for window in windows for edge in window], dtype=np.int64)
    inside = np.searchsorted(edges, arrivals.offset_ns, side="right") % 2 == 1
    return Arrivals(arrivals.offset_ns[inside], arrivals.stage[inside])


def _duration_ns(stages: list[Stage]) -> int:
    return round(sum(getattr(stage, "for_s", 0.0) for stage in stages) * _NS)
