"""What a comparison asks of two load runs: one question per metric that both have."""

import math

import numpy as np

from ghlctl.analysis import validity
from ghlctl.analysis.pair import Pair
from ghlctl.analysis.verdicts import Better, Question
from ghlctl.model.summary import BlockSummary, Latency, LoadSummary
from ghlctl.stats.histogram import cliffs_delta
from ghlctl.stats.proportion import Share, discounted

_SATURATED_BELOW = 0.95  # acknowledged share of the planned rate
_TIMES = (
    ("response_time", ("mean", "p50", "p90", "p95", "p99", "p99_9")),
    ("service_time", ("mean",)),
    ("end_to_end", ("mean", "p50", "p90", "p95", "p99", "p99_9")),
)
_RARE, _RARE_NEEDS = "p99_9", 10_000  # attempts on each side: ten beyond the percentile


def questions(pair: Pair) -> tuple[Question, ...]:
    """All that can be asked; a metric that a run lacks is left out."""
    return (*_times(pair), _error_rate(pair), _throughput(pair), *_cpu(pair))


def _times(pair: Pair) -> list[Question]:
    return [
        question
        for name, aggregates in _TIMES
        for aggregate in aggregates
        if (question := _time(pair, name, aggregate)) is not None
    ]


def _time(pair: Pair, name: str, aggregate: str) -> Question | None:
    before, after = (_value(_latency(summary, name), aggregate) for summary in pair.both)
    if before is None or after is None:
        return None
    codes = [validity.ERRORS]
    if name == "end_to_end":
        codes.append(validity.CLOCKS_DISAGREE)

    def of_block(block: BlockSummary) -> float | None:
        return _value(_block_latency(block, name), aggregate)

    rare = _too_rare(pair, name) if aggregate == _RARE else ""
    difference = None if rare else pair.blocks(of_block)
    metric = f"{name} {aggregate.replace('_', '.')}"
    return Question(
        metric=metric,
        baseline=before,
        candidate=after,
        difference=difference,
        margin=pair.margins.of_time(before, after),
        noise_floor=pair.floor(metric),
        note="" if difference else rare or pair.no_interval(of_block),
        withheld=pair.doubt(*codes) or pair.overburdened(difference),
        attenuated=pair.attenuated,
        in_ms=True,
        effect_size=cliffs_delta(*pair.shapes[name]) if name in pair.shapes else None,
    )


def _too_rare(pair: Pair, name: str) -> str:
    """Why so rare a percentile is refused, although a run may show it."""
    counts = [
        summary.effects.seen if name == "end_to_end" and summary.effects else summary.sent
        for summary in pair.both
    ]
    if min(counts) >= _RARE_NEEDS:
        return ""
    return f"no interval: p99.9 takes {_RARE_NEEDS:,} attempts on each side, not {min(counts):,}"


def _error_rate(pair: Pair) -> Question:
    before, after = (
        error_share(summary, interleaved=pair.method.interleaved) for summary in pair.both
    )
    difference = (before, after) if before.total and after.total else None
    return Question(
        metric="error_rate",
        baseline=pair.baseline.error_rate,
        candidate=pair.candidate.error_rate,
        difference=difference,
        margin=pair.margins.error_rate,
        noise_floor=pair.seen_by_control("error_rate"),
        withheld=pair.doubt() or pair.overburdened(difference),
    )


def error_share(summary: LoadSummary, *, interleaved: bool = False) -> Share:
    """Errors of the run, with the weight that their clustering in blocks leaves them."""
    blocks = discounted(
        np.array([block.errors for block in summary.blocks], dtype=np.float64),
        np.array([block.sent for block in summary.blocks], dtype=np.float64),
    )
    if interleaved:  # the run may hold blocks of other pairs too
        return blocks
    sent = sum(block.sent for block in summary.blocks)
    weight = blocks.total / sent if sent else 1.0
    return Share(summary.errors * weight, summary.sent * weight)


def _throughput(pair: Pair) -> Question:
    served = all(
        s.open_model and s.throughput_per_s >= _SATURATED_BELOW * s.planned_per_s for s in pair.both
    )

    def of_block(block: BlockSummary) -> float | None:
        return block.throughput_per_s

    difference = pair.blocks(of_block)
    return Question(
        metric="throughput",
        baseline=pair.baseline.throughput_per_s,
        candidate=pair.candidate.throughput_per_s,
        difference=difference,
        margin=math.log1p(pair.margins.share),
        # A rate that both receivers kept up with was set by the schedule, which does not drift:
        # there, only a control that differs from itself says otherwise.
        noise_floor=math.log1p(pair.seen_by_control("throughput"))
        if served
        else pair.floor("throughput"),
        better=Better.HIGHER,
        note="" if difference else pair.no_interval(of_block),
        withheld=pair.doubt() if pair.alike else _scheduled(pair),
    )


def _scheduled(pair: Pair) -> str:
    return f"{pair.loads}: throughput follows the load"


def _cpu(pair: Pair) -> list[Question]:
    before, after = (summary.receiver_cost for summary in pair.both)
    if before is None or after is None:
        return []
    difference = pair.blocks(_cpu_of_block)
    values = before.cpu_ms_per_event, after.cpu_ms_per_event
    return [
        Question(
            "cpu_ms_per_event",
            *values,
            difference=difference,
            margin=pair.margins.of_cpu(*values),
            noise_floor=pair.floor("cpu_ms_per_event"),
            note="" if difference else "no interval: read once per run",
            withheld=pair.doubt(validity.ERRORS) or pair.overburdened(difference),
            in_ms=True,
        )
    ]


def _cpu_of_block(block: BlockSummary) -> float | None:
    known = block.receiver_cpu_s is not None and block.sent
    return block.receiver_cpu_s * 1e3 / block.sent if known and block.receiver_cpu_s else None


def _latency(summary: LoadSummary, name: str) -> Latency | None:
    if name == "end_to_end":
        return summary.effects.end_to_end_ms if summary.effects else None
    return summary.service_time_ms if name == "service_time" else summary.response_time_ms


def _block_latency(block: BlockSummary, name: str) -> Latency | None:
    match name:
        case "end_to_end":
            return block.end_to_end_ms
        case "service_time":
            return block.service_time_ms
        case _:
            return block.response_time_ms


def _value(latency: Latency | None, aggregate: str) -> float | None:
    value: float | None = getattr(latency, aggregate) if latency else None
    return value
