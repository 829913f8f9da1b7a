"""Which part of a schedule each worker sends: all shares together are exactly the schedule."""

import numpy as np

from ghlctl.load.plan import LoadPlan, Share
from ghlctl.load.schedule import ClosedSegment, OpenSegment, Segment, segments_of


def own_segments(plan: LoadPlan) -> tuple[Segment, ...]:
    """The plan's segments as its share has them; a share of one has them whole."""
    return tuple(share_of(segment, plan.share) for segment in segments_of(plan))


def share_of(segment: Segment, share: Share) -> Segment:
    """Every `of`-th delivery of an open segment, every `of`-th slot of a closed one."""
    if share.of == 1:
        return segment
    match segment:
        case OpenSegment():
            return _every_nth(segment, share)
        case ClosedSegment():
            return _slots(segment, share)


def dealt(count: int, share: Share) -> int:
    """How many of `count` things fall to a share when they are dealt out in turn."""
    return len(range(share.index, count, share.of))


def _every_nth(segment: OpenSegment, share: Share) -> OpenSegment:
    """Deliveries in turn by their rank; whatever repeats one goes where the original went."""
    first = segment.original == np.arange(len(segment))
    rank = first.cumsum() - 1
    rows = np.flatnonzero(rank[segment.original] % share.of == share.index)
    place = np.empty(len(segment), dtype=np.int64)
    place[rows] = np.arange(len(rows))
    return OpenSegment(
        offset_ns=segment.offset_ns[rows],
        stage=segment.stage[rows],
        event=segment.event[rows],
        attempt=segment.attempt[rows],
        original=place[segment.original[rows]],
        capture=segment.capture[rows],
        duration_ns=segment.duration_ns,
    )


def _slots(segment: ClosedSegment, share: Share) -> ClosedSegment:
    """Iterations are dealt to slots, and slots to workers."""
    slots = range(share.index, segment.concurrency, share.of)
    iterations = segment.iterations
    if iterations is not None:
        iterations = sum(dealt(iterations, Share(slot, segment.concurrency)) for slot in slots)
    return ClosedSegment(segment.stage, len(slots), iterations, segment.duration_ns)
