"""A run cut into blocks of load, the unit of inference."""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from ghlctl.analysis.cuts import Cuts
from ghlctl.analysis.effects import EndToEnd
from ghlctl.analysis.labels import numbered
from ghlctl.model.block import Block, CpuReading, Histogram
from ghlctl.model.sample import NEVER, NS_PER_S, Floats, Ints, Samples
from ghlctl.model.summary import BlockSummary
from ghlctl.stats.histogram import histogram
from ghlctl.stats.quantile import latency

CpuOfBlocks = list[tuple[float | None, float | None]]
"""CPU seconds of receiver and generator, per block."""


def summarise_blocks(
    samples: Samples,
    counted: Samples,
    cuts: Cuts,
    end_to_end: EndToEnd | None,
    cpu: Sequence[CpuReading] = (),
) -> tuple[BlockSummary, ...]:
    """Whole blocks by intended time; what lies outside them is in no block.

    Both `samples` and its `counted` part ascend by intended time. `throughput_per_s` counts the
    acknowledgements that arrived during the block, those of warm-up arrivals too, so that a
    receiver in a steady state shows the same rate in its first block as in its last; where blocks
    lie apart, those of the block's own arrivals.
    """
    if not len(cuts):
        return ()
    sent, acknowledged = counted.sent, counted.acknowledged
    ended = sent & (counted.done_ns != NEVER)
    response_ms, service_ms = counted.response_time_ms, counted.service_time_ms
    effects = _effect_times(cuts, end_to_end)
    seconds = (cuts.ends_ns - cuts.starts_ns) / NS_PER_S
    replies = None if cuts.apart else _replies(samples, cuts)
    found = []
    for k, (rows, spent) in enumerate(
        zip(cuts.slices(counted.intended_ns), _cpu(cuts, cpu), strict=True)
    ):
        own = int(np.sum(sent[rows] & acknowledged[rows]))
        attempts, of_ended = int(np.sum(sent[rows])), ended[rows]
        found.append(
            BlockSummary(
                start_s=float(cuts.starts_ns[k]) / NS_PER_S,
                duration_s=float(seconds[k]),
                sent=attempts,
                errors=attempts - own,
                throughput_per_s=float((own if replies is None else replies[k]) / seconds[k]),
                response_time_ms=latency(response_ms[rows][of_ended]),
                end_to_end_ms=latency(effects[k]) if effects else None,
                service_time_ms=latency(service_ms[rows][of_ended]),
                planned=rows.stop - rows.start,
                receiver_cpu_s=spent[0],
                generator_cpu_s=spent[1],
            )
        )
    return tuple(found)


def blocks_of(
    counted: Samples, cuts: Cuts, end_to_end: EndToEnd | None, cpu: Sequence[CpuReading] = ()
) -> Iterator[Block]:
    """Every block of every event type that was due in it, with histograms of its times."""
    numbers, names = numbered(counted.event)
    sent, acknowledged = counted.sent, counted.acknowledged
    ended = sent & (counted.done_ns != NEVER)
    effects = _effect_histograms(cuts, end_to_end)
    spent = _cpu(cuts, cpu)
    for k, rows in enumerate(cuts.slices(counted.intended_ns)):
        of_block = numbers[rows]
        for number in np.unique(of_block).tolist():
            own = np.flatnonzero(of_block == number) + rows.start
            done = own[ended[own]]
            failed = own[sent[own] & ~acknowledged[own]]
            yield Block(
                number=k,
                start_s=float(cuts.starts_ns[k]) / NS_PER_S,
                duration_s=float(cuts.ends_ns[k] - cuts.starts_ns[k]) / NS_PER_S,
                event=names[number],
                planned=len(own),
                sent=int(np.sum(sent[own])),
                acknowledged=int(np.sum(sent[own] & acknowledged[own])),
                errors=dict(sorted(Counter(counted.error[failed].tolist()).items())),
                response=histogram(counted.done_ns[done] - counted.intended_ns[done]),
                service=histogram(counted.done_ns[done] - counted.sent_ns[done]),
                end_to_end=effects.get((k, names[number])) if effects is not None else None,
                receiver_cpu_s=spent[k][0],
                generator_cpu_s=spent[k][1],
            )


def _replies(samples: Samples, cuts: Cuts) -> Ints:
    done = np.sort(samples.done_ns[samples.sent & samples.acknowledged])
    return np.array([rows.stop - rows.start for rows in cuts.slices(done)], dtype=np.int64)


def _effect_times(cuts: Cuts, end_to_end: EndToEnd | None) -> list[Floats] | None:
    if end_to_end is None:
        return None
    order = np.argsort(end_to_end.intended_ns, kind="stable")
    ms = end_to_end.ms[order]
    return [ms[rows] for rows in cuts.slices(end_to_end.intended_ns[order])]


def _effect_histograms(
    cuts: Cuts, end_to_end: EndToEnd | None
) -> dict[tuple[int, str], Histogram] | None:
    """By block and event; times before their delivery was due, of clocks that disagree, as 0."""
    if end_to_end is None:
        return None
    order = np.argsort(end_to_end.intended_ns, kind="stable")
    ns = np.maximum(np.rint(end_to_end.ms[order] * 1e6), 0).astype(np.int64)
    numbers, names = numbered(end_to_end.event[order])
    return {
        (k, name): histogram(ns[rows][numbers[rows] == number])
        for k, rows in enumerate(cuts.slices(end_to_end.intended_ns[order]))
        for number, name in enumerate(names)
    }


def _cpu(cuts: Cuts, readings: Sequence[CpuReading]) -> CpuOfBlocks:
    """What each block cost, between the readings around it; None where none lie around it."""
    columns = [
        _spent(cuts, [(each.at_ns, each.receiver_s) for each in readings]),
        _spent(cuts, [(each.at_ns, each.generator_s) for each in readings]),
    ]
    return list(zip(*columns, strict=True))


def _spent(cuts: Cuts, readings: Sequence[tuple[int, float | None]]) -> list[float | None]:
    known = [(at, value) for at, value in readings if value is not None]
    if len(known) < 2:  # noqa: PLR2004 - a difference takes two
        return [None] * len(cuts)
    at, value = np.array(known, dtype=np.float64).T
    spent = np.interp(cuts.reach_ns, at, value) - np.interp(cuts.starts_ns, at, value)
    inside = (cuts.starts_ns >= at[0]) & (cuts.ends_ns <= at[-1])
    return [float(s) if ok else None for s, ok in zip(spent, inside, strict=True)]
