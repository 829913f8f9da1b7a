"""A run cut into blocks of load, the unit of inference."""

from dataclasses import dataclass

import numpy as np

from ghlctl.analysis.effects import EndToEnd
from ghlctl.analysis.schedule import NS_PER_S, Schedule
from ghlctl.model.sample import NEVER, Floats, Ints, Samples
from ghlctl.model.summary import BlockSummary
from ghlctl.stats.quantile import latency

_SHORTFALL = 0.05  # share of a block that random arrivals may leave open at the schedule's end


@dataclass(frozen=True, slots=True)
class Grid:
    """`count` whole blocks of `length_ns` from `start_ns` on."""

    start_ns: int
    length_ns: int
    count: int

    def number(self, at_ns: Ints) -> Ints:
        """The block of each moment; -1 and `count` for those before and after all blocks."""
        return np.clip((at_ns - self.start_ns) // self.length_ns, -1, self.count)

    def starts(self, ascending: Ints) -> Ints:
        """Where each block begins in ascending block numbers, and where the last one ends."""
        return np.searchsorted(ascending, np.arange(self.count + 1)).astype(np.int64)

    def tally(self, at_ns: Ints) -> Ints:
        """How many moments fall into each block."""
        return np.bincount(self.number(at_ns) + 1, minlength=self.count + 2)[1:-1].astype(np.int64)


def grid_of(schedule: Schedule, block_s: float) -> Grid:
    """As many whole blocks as the schedule holds; a last block may lack up to two mean gaps."""
    length = round(block_s * NS_PER_S)
    extent = schedule.end_ns - schedule.start_ns
    gap = extent / schedule.arrivals
    count = int((extent + min(2 * gap, _SHORTFALL * length)) // length)
    return Grid(schedule.start_ns, length, count)


def summarise_blocks(
    samples: Samples, schedule: Schedule, end_to_end: EndToEnd | None, block_s: float
) -> tuple[BlockSummary, ...]:
    """Whole blocks by intended time; what lies after the last whole block is in no block.

    `throughput_per_s` counts the acknowledgements that arrived during the block, those of
    warm-up arrivals too, so that a receiver in a steady state shows the same rate in its first
    block as in its last.
    """
    grid = grid_of(schedule, block_s)
    if grid.count <= 0:
        return ()
    acknowledged = samples.sent & samples.acknowledged
    counted = samples.where(~samples.warmup).arrivals
    sent = counted.sent
    ended = sent & (counted.done_ns != NEVER)
    sends = grid.tally(counted.intended_ns[sent])
    failures = grid.tally(counted.intended_ns[sent & ~counted.acknowledged])
    replies = grid.tally(samples.done_ns[acknowledged])
    intended = counted.intended_ns[ended]
    response = _split(grid, intended, counted.response_time_ms[ended])
    service = _split(grid, intended, counted.service_time_ms[ended])
    effects = _split(grid, end_to_end.intended_ns, end_to_end.ms) if end_to_end else None
    return tuple(
        BlockSummary(
            start_s=(grid.start_ns + k * grid.length_ns) / NS_PER_S,
            duration_s=grid.length_ns / NS_PER_S,
            sent=int(sends[k]),
            errors=int(failures[k]),
            throughput_per_s=float(replies[k]) * NS_PER_S / grid.length_ns,
            response_time_ms=latency(response[k]),
            end_to_end_ms=latency(effects[k]) if effects else None,
            service_time_ms=latency(service[k]),
        )
        for k in range(grid.count)
    )


def _split(grid: Grid, at_ns: Ints, values: Floats) -> list[Floats]:
    """The values of each block, by the moments they belong to."""
    numbers = grid.number(at_ns)
    order = np.argsort(numbers, kind="stable")
    edges = grid.starts(numbers[order])
    ordered = values[order]
    return [ordered[edges[k] : edges[k + 1]] for k in range(grid.count)]
