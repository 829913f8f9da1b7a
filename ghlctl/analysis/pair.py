"""Two load runs held together: how they came about, what doubts there are, what matters."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from ghlctl.analysis import validity
from ghlctl.analysis.standing import RunStanding, standing_in
from ghlctl.analysis.verdicts import Contrast, difference_point
from ghlctl.model.block import Histogram
from ghlctl.model.caution import Caution
from ghlctl.model.estimate import Mode
from ghlctl.model.sample import Floats
from ghlctl.model.summary import BlockSummary, LoadSummary
from ghlctl.stats.difference import welch_log_ratio
from ghlctl.stats.paired import LEAST_PAIRS, paired_logs

_SAME_RATE = 0.01
_UNTRUSTED = (validity.CONTENDED, validity.NOT_KEEPING_UP)
_HEAVIER = "the run that did worse also bore the heavier load"
_LATE = "what made the generator late weighs on both alike and hides differences"

Shapes = Mapping[str, tuple[Histogram, Histogram]]
"""The times of both runs by name, for what no interval is given of: baseline, candidate."""


@dataclass(frozen=True, slots=True)
class Margins:
    """Changes that do not matter: up to a share, or up to so many ms, whichever is more.

    `error_rate` is a difference of rates, `cpu_ms` per event.
    """

    share: float = 0.03
    ms: float = 5.0
    error_rate: float = 0.005
    cpu_ms: float = 0.1

    def of_time(self, before_ms: float, after_ms: float) -> float:
        """As a logarithm; the same when the arms are swapped."""
        return self._either(self.ms, min(before_ms, after_ms))

    def of_cpu(self, before_ms: float, after_ms: float) -> float:
        return self._either(self.cpu_ms, min(before_ms, after_ms))

    def _either(self, ms: float, least_ms: float) -> float:
        return max(math.log1p(self.share), math.log1p(ms / least_ms)) if least_ms > 0 else math.inf


@dataclass(frozen=True, slots=True)
class Method:
    """How two runs came about, and what is made of it.

    `noise_floor`: drift that it leaves uncontrolled, as a ratio; `floors`: the same by metric,
    where it was measured. With a mode that interleaves, block i of one run was measured together
    with block i of the other.
    """

    text: str
    noise_floor: float
    caution: Caution | None
    mode: Mode = Mode.SEQUENTIAL
    floors: Mapping[str, float] = field(default_factory=dict)
    margins: Margins = field(default_factory=Margins)

    @property
    def interleaved(self) -> bool:
        return self.mode is not Mode.SEQUENTIAL

    @property
    def least_blocks(self) -> int:
        return LEAST_PAIRS if self.interleaved else validity.MIN_BLOCKS


@dataclass(frozen=True, slots=True)
class Pair:
    """Two runs and how they came about."""

    baseline: LoadSummary
    candidate: LoadSummary
    method: Method
    shapes: Shapes = field(default_factory=dict)

    @property
    def both(self) -> tuple[LoadSummary, LoadSummary]:
        return self.baseline, self.candidate

    @property
    def margins(self) -> Margins:
        return self.method.margins

    def floor(self, metric: str) -> float:
        """The drift that nothing controlled, as a logarithm."""
        return math.log1p(self.method.floors.get(metric, self.method.noise_floor))

    def seen_by_control(self, metric: str) -> float:
        """What a control differed from itself by in the metric's own unit; 0 where it did not."""
        return self.method.floors.get(metric, 0.0) if self.method.interleaved else 0.0

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

    def overburdened(self, difference: Contrast | None) -> str:
        """Why a change for the worse is no verdict where the load rose too, or both fell."""
        if self.closed:
            heavier = float(self.candidate.concurrency - self.baseline.concurrency)
        else:
            heavier = self.candidate.planned_per_s - self.baseline.planned_per_s
        if self.alike or heavier * difference_point(difference) <= 0:
            return ""
        return _HEAVIER

    def doubt(self, *codes: str) -> str:
        """Why no verdict can rest on these runs: their standing, or one of `codes` they carry.

        A busy machine is none where both arms were measured in the middle of it.
        """
        for standing in (standing_in(self.method.mode, summary) for summary in self.both):
            if standing is not RunStanding.MEASURED:
                return f"no verdict: {standing.code}"
        grave = codes if self.method.interleaved else (*_UNTRUSTED, *codes)
        return next((f"no verdict: {code}" for code in grave if code in self.carried), "")

    @property
    def carried(self) -> frozenset[str]:
        """Codes of the cautions on either run."""
        return frozenset(caution.code for run in self.both for caution in run.cautions)

    @property
    def attenuated(self) -> str:
        late = any(not summary.generator.keeping_up for summary in self.both)
        return _LATE if late or validity.NOT_KEEPING_UP in self.carried else ""

    def blocks(self, value: Callable[[BlockSummary], float | None]) -> Contrast | None:
        """The log-ratio over block values; None without enough of them on both sides."""
        a, b = (_block_values(summary, value) for summary in self.both)
        if self.method.interleaved:
            return paired_logs(a, b) if len(a) == len(b) else None
        a, b = a[np.isfinite(a)], b[np.isfinite(b)]
        if min(len(a), len(b)) < validity.MIN_BLOCKS:
            return None
        return welch_log_ratio(a, b)

    def no_interval(self, known: Callable[[BlockSummary], float | None]) -> str:
        """Why the blocks give none."""
        counts = [int(np.sum(np.isfinite(_block_values(run, known)))) for run in self.both]
        least, what = self.method.least_blocks, "pairs" if self.method.interleaved else "blocks"
        enough = min(len(run.blocks) for run in self.both) >= least
        if enough and min(counts) < least:
            return "no interval: the blocks hold too few attempts for it"
        return f"no interval: it takes {least} {what} on both sides, all above zero"


def _load(summary: LoadSummary) -> str:
    if summary.open_model:
        return f"{summary.planned_per_s:.4g}/s planned"
    return f"{summary.concurrency} in flight at once"


def _block_values(summary: LoadSummary, value: Callable[[BlockSummary], float | None]) -> Floats:
    """One per block, NaN where it has none, so that pairs stay pairs."""
    values = [value(block) for block in summary.blocks]
    return np.array([np.nan if each is None else each for each in values], dtype=np.float64)
