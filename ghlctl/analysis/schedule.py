"""The counted time of a run: when its arrivals were due, and how fast they were acknowledged."""

import math
from dataclasses import dataclass

import numpy as np

from ghlctl.analysis.cuts import Cuts
from ghlctl.model.sample import NS_PER_S, Flags, Samples

_NEARLY_ALL = 0.99
_SHORTFALL = 0.05  # share of a block that random arrivals may leave open at the schedule's end


@dataclass(frozen=True, slots=True)
class Schedule:
    """From the first counted arrival to one mean gap after the last, in run nanoseconds.

    Arrivals are first attempts: retries follow replies and stretch no schedule.
    The gap after the last arrival belongs to the schedule: 25/s for 30 s are 750 arrivals whose
    last is due at 29.96 s. A burst and a single arrival have no extent: `seconds` is 0.
    `idle_ns` of it nothing was to be sent, because it was another arm's turn.
    """

    start_ns: int
    end_ns: int
    arrivals: int
    idle_ns: int = 0

    @property
    def seconds(self) -> float:
        return (self.end_ns - self.start_ns - self.idle_ns) / NS_PER_S

    @property
    def arrivals_per_s(self) -> float:
        """0 where the schedule has no extent."""
        return self.arrivals / self.seconds if self.seconds else 0.0


def schedule_of(counted: Samples) -> Schedule | None:
    """The schedule of counted samples in any order; None of none."""
    intended_ns = counted.intended_ns[_first_attempts(counted)]
    n = len(intended_ns)
    if n == 0:
        return None
    first, last = int(np.min(intended_ns)), int(np.max(intended_ns))
    gap = (last - first) / (n - 1) if n > 1 else 0.0
    return Schedule(first, round(last + gap), n)


def schedule_in(counted: Samples, cuts: Cuts) -> Schedule | None:
    """The schedule of a run that was sent in turns: from the first turn to the end of the last."""
    if not len(cuts) or not len(counted):
        return schedule_of(counted)
    start, end = int(cuts.starts_ns[0]), int(cuts.ends_ns[-1])
    busy = int(np.sum(cuts.ends_ns - cuts.starts_ns))
    return Schedule(start, end, int(np.sum(_first_attempts(counted))), end - start - busy)


def even_cuts(schedule: Schedule, block_s: float, settled_s: float = 0.0) -> Cuts:
    """As many whole blocks as the schedule holds after `settled_s`.

    A last block may lack up to two mean gaps.
    """
    length = round(block_s * NS_PER_S)
    start = schedule.start_ns + round(settled_s * NS_PER_S)
    extent = schedule.end_ns - start
    gap = (schedule.end_ns - schedule.start_ns) / schedule.arrivals
    count = max(0, int((extent + min(2 * gap, _SHORTFALL * length)) // length))
    starts = start + np.arange(count, dtype=np.int64) * length
    return Cuts(starts, starts + length)


def duration_s(counted: Samples, schedule: Schedule) -> float:
    """From the first arrival to the end of the schedule or the last reply, whichever is later."""
    last_reply = int(np.max(counted.done_ns))
    return (max(last_reply, schedule.end_ns) - schedule.start_ns - schedule.idle_ns) / NS_PER_S


def acknowledged_per_s(counted: Samples, schedule: Schedule) -> float:
    """Acknowledgements per second, up to the end of the schedule or 99 % of them, if later.

    Waiting for the replies keeps a burst, whose schedule has no extent, from looking infinitely
    fast, and a receiver that falls behind from being credited with the planned rate. Leaving out
    the last hundredth keeps one straggler from stretching the time of all the others, and only
    first attempts decide how long to wait, though acknowledged retries count.
    """
    acknowledged = counted.sent & counted.acknowledged
    first = np.sort(counted.done_ns[acknowledged & _first_attempts(counted)])
    nearly_all = int(first[math.ceil(_NEARLY_ALL * len(first)) - 1]) if len(first) else 0
    end = max(schedule.end_ns, nearly_all)
    seconds = (end - schedule.start_ns - schedule.idle_ns) / NS_PER_S
    replies = int(np.sum(counted.done_ns[acknowledged] <= end))
    return replies / seconds if seconds > 0 else 0.0


def _first_attempts(counted: Samples) -> Flags:
    """Rows of the lowest attempt number there is."""
    if len(counted) == 0:
        return np.zeros(0, dtype=np.bool_)
    return np.equal(counted.attempt, np.min(counted.attempt))
