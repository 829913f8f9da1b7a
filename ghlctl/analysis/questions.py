"""What a comparison asks of two load runs: one question per metric that both have."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ghlctl.analysis import validity
from ghlctl.analysis.standing import RunStanding, standing_of
from ghlctl.analysis.verdicts import Better, Question, difference_point
from ghlctl.model.sample import Floats
from ghlctl.model.summary import BlockSummary, Latency, LoadSummary
from ghlctl.stats.difference import Difference, welch_log_ratio
from ghlctl.stats.proportion import Share, discounted

MARGIN = 0.03  # a change of less than 3 % of a time or a rate does not matter
MARGIN_MS = 5.0  # nor does one of less than 5 ms, however large its share
ERROR_MARGIN = 0.005  # half a point of the error rate
_SAME_RATE = 0.01
_SATURATED_BELOW = 0.95  # acknowledged share of the planned rate

_UNTRUSTED = (validity.CONTENDED, validity.NOT_KEEPING_UP)
_NO_INTERVAL = f"no interval: it takes {validity.MIN_BLOCKS} blocks on both sides, all above zero"
_HEAVIER = "the run that did worse also bore the heavier load"
_TIMES = (
    ("response_time", ("mean", "p50", "p95", "p99")),
    ("service_time", ("mean",)),
    ("end_to_end", ("mean", "p95")),
)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two runs, and the drift between them that nothing controlled, as a ratio."""

    baseline: LoadSummary
    candidate: LoadSummary
    noise_floor: float

    @property
    def both(self) -> tuple[LoadSummary, LoadSummary]:
        return self.baseline, self.candidate

    @property
    def floor(self) -> float:
        return math.log1p(self.noise_floor)

    @property
    def closed(self) -> bool:
        """Whether the receivers set the rate of both runs, so that it is a result."""
        return not (self.baseline.open_model or self.candidate.open_model)

    @property
    def alike(self) -> bool:
        """Whether both planned the same rate, or kept the same number of requests in flight."""
        if self.baseline.open_model is not self.candidate.open_model:
            return False
        if self.closed:
            return self.baseline.concurrency == self.candidate.concurrency
        rates = [summary.planned_per_s for summary in self.both]
        return abs(rates[0] - rates[1]) <= _SAME_RATE * max(rates)

    @property
    def loads(self) -> str:
        """The two loads, in words."""
        before, after = (_load(summary) for summary in self.both)
        return f"baseline {before}, candidate {after}"

    def overburdened(self, difference: Difference | tuple[Share, Share] | None) -> str:
        """Why a change for the worse is no verdict where the load rose too, or both fell."""
        if self.closed:
            heavier = float(self.candidate.concurrency - self.baseline.concurrency)
        else:
            heavier = self.candidate.planned_per_s - self.baseline.planned_per_s
        if self.alike or heavier * difference_point(difference) <= 0:
            return ""
        return _HEAVIER

    def doubt(self, *codes: str) -> str:
        """Why no verdict can rest on these runs: their standing, or one of `codes` they carry."""
        for standing in map(standing_of, self.both):
            if standing is not RunStanding.MEASURED:
                return f"no verdict: {standing.code}"
        carried = {caution.code for summary in self.both for caution in summary.cautions}
        return next((f"no verdict: {code}" for code in codes if code in carried), "")

    def blocks(self, value: Callable[[BlockSummary], float | None]) -> Difference | None:
        """The log-ratio over block values; None without enough of them on both sides."""
        a, b = (_block_values(summary, value) for summary in self.both)
        if min(len(a), len(b)) < validity.MIN_BLOCKS:
            return None
        return welch_log_ratio(a, b)


def _load(summary: LoadSummary) -> str:
    if summary.open_model:
        return f"{summary.planned_per_s:.4g}/s planned"
    return f"{summary.concurrency} in flight at once"


def _block_values(summary: LoadSummary, value: Callable[[BlockSummary], float | None]) -> Floats:
    values = [value(block) for block in summary.blocks]
    return np.array([each for each in values if each is not None], dtype=np.float64)


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
    codes = [*_UNTRUSTED, validity.ERRORS]
    if name == "end_to_end":
        codes.append(validity.CLOCKS_DISAGREE)
    difference = pair.blocks(lambda block: _value(_block_latency(block, name), aggregate))
    return Question(
        metric=f"{name} {aggregate}",
        baseline=before,
        candidate=after,
        difference=difference,
        margin=_time_margin(before, after),
        noise_floor=pair.floor,
        note="" if difference else _NO_INTERVAL,
        withheld=pair.doubt(*codes) or pair.overburdened(difference),
    )


def _time_margin(before_ms: float, after_ms: float) -> float:
    """3 % or 5 ms, whichever is more, as a logarithm; the same when the arms are swapped."""
    least = min(before_ms, after_ms)
    return max(math.log1p(MARGIN), math.log1p(MARGIN_MS / least)) if least > 0 else math.inf


def _error_rate(pair: Pair) -> Question:
    before, after = (error_share(summary) for summary in pair.both)
    difference = (before, after) if before.total and after.total else None
    return Question(
        metric="error_rate",
        baseline=pair.baseline.error_rate,
        candidate=pair.candidate.error_rate,
        difference=difference,
        margin=ERROR_MARGIN,
        withheld=pair.doubt(*_UNTRUSTED) or pair.overburdened(difference),
    )


def error_share(summary: LoadSummary) -> Share:
    """Errors of the run, with the weight that their clustering in blocks leaves them."""
    blocks = discounted(
        np.array([block.errors for block in summary.blocks], dtype=np.float64),
        np.array([block.sent for block in summary.blocks], dtype=np.float64),
    )
    sent = sum(block.sent for block in summary.blocks)
    weight = blocks.total / sent if sent else 1.0
    return Share(summary.errors * weight, summary.sent * weight)


def _throughput(pair: Pair) -> Question:
    served = all(
        s.open_model and s.throughput_per_s >= _SATURATED_BELOW * s.planned_per_s for s in pair.both
    )
    difference = pair.blocks(lambda block: block.throughput_per_s)
    return Question(
        metric="throughput",
        baseline=pair.baseline.throughput_per_s,
        candidate=pair.candidate.throughput_per_s,
        difference=difference,
        margin=math.log1p(MARGIN),
        # A rate that both receivers kept up with was set by the schedule, which does not drift.
        noise_floor=0.0 if served else pair.floor,
        better=Better.HIGHER,
        note="" if difference else _NO_INTERVAL,
        withheld=pair.doubt(*_UNTRUSTED) if pair.alike else _scheduled(pair),
    )


def _scheduled(pair: Pair) -> str:
    return f"{pair.loads}: throughput follows the load"


def _cpu(pair: Pair) -> list[Question]:
    before, after = (summary.receiver_cost for summary in pair.both)
    if before is None or after is None:
        return []
    note = "no interval: read once per run"
    values = before.cpu_ms_per_event, after.cpu_ms_per_event
    return [Question("cpu_ms_per_event", *values, difference=None, margin=0.0, note=note)]


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
