"""A live comparison: arms that were measured in turns, or at the same time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import msgspec

from ghlctl.analysis.comparison import compare
from ghlctl.analysis.pair import Margins, Method, Shapes
from ghlctl.model.caution import Caution
from ghlctl.model.estimate import CompareSummary, Comparison, Mode, NoiseFloor, Verdict
from ghlctl.model.summary import BlockSummary, LoadSummary

_NONE = Method("", 0.0, None)
_BLUR = Caution(
    "ratios-only",
    "both receivers shared this machine, which slows both and brings their ratio a little nearer"
    " to one: only ratios are stated",
    "for times in ms measure each alone, or with --mode abba",
)
_DECIDED = (Verdict.BETTER, Verdict.WORSE)

Places = Sequence[tuple[int, int]]
"""Which block of the baseline was measured together with which block of the other arm."""


@dataclass(frozen=True, slots=True)
class Arms:
    """Summaries of baseline and candidate, of the control where there was one, and their pairs."""

    mode: Mode
    block_s: float
    baseline: LoadSummary
    candidate: LoadSummary
    pairs: Places
    control: LoadSummary | None = None
    control_pairs: Places = ()


def compare_arms(
    arms: Arms, *, margins: Margins | None = None, shapes: Shapes | None = None
) -> CompareSummary:
    """Pair by pair; where the control differs from itself, only what goes beyond it is believed."""
    method = _method(arms, margins or Margins())
    control = None
    if arms.control is not None:
        control = compare(*_aligned(arms.baseline, arms.control, arms.control_pairs), method=method)
        decided = [each for each in control.metrics if each.verdict in _DECIDED]
        method = replace(method, floors={each.metric: _outer(each) or 0.0 for each in decided})
    pair = _aligned(arms.baseline, arms.candidate, arms.pairs)
    found = compare(*pair, method=method, shapes=shapes)
    if control is None or arms.control is None:
        return found
    return msgspec.structs.replace(
        found,
        noise_floors=_floors(control, arms.baseline, arms.control),
        cautions=(*found.cautions, *_control_doubts(control)),
    )


def _method(arms: Arms, margins: Margins) -> Method:
    together = arms.mode is Mode.DUET
    how = (
        "duet: both loaded at the same time, the ratio of each"
        if together
        else "abba: loaded in turns, the order drawn anew for every quad; the ratio of each pair of"
    )
    text = (
        f"{how} {arms.block_s:g}-s block; {len(arms.pairs)} pairs, Student's t and exact sign"
        " flips on their logarithms, 95 % intervals, verdicts beyond a margin of"
        f" {margins.share * 100:g} % or {margins.ms:g} ms, Holm across metrics"
    )
    return Method(text, 0.0, _BLUR if together else None, arms.mode, margins=margins)


def _aligned(
    baseline: LoadSummary, other: LoadSummary, pairs: Places
) -> tuple[LoadSummary, LoadSummary]:
    """Both with the blocks of these pairs alone; an arm that ended early lacks the last ones."""
    whole = [(a, b) for a, b in pairs if a < len(baseline.blocks) and b < len(other.blocks)]
    return (
        msgspec.structs.replace(baseline, blocks=tuple(baseline.blocks[a] for a, _ in whole)),
        msgspec.structs.replace(other, blocks=tuple(other.blocks[b] for _, b in whole)),
    )


def _floors(
    control: CompareSummary, baseline: LoadSummary, again: LoadSummary
) -> tuple[NoiseFloor, ...]:
    halves = [_by_metric(_halves(arm)) for arm in (baseline, again)]
    return tuple(
        NoiseFloor(
            each.metric, _outer(each), _largest(_outer(half.get(each.metric)) for half in halves)
        )
        for each in control.metrics
    )


def _halves(arm: LoadSummary) -> CompareSummary:
    """The first half of a session held against the second, as a run before and one after are."""
    middle = len(arm.blocks) // 2
    first, second = arm.blocks[:middle], arm.blocks[middle:]
    return compare(_only(arm, first), _only(arm, second), method=_NONE)


def _only(arm: LoadSummary, blocks: tuple[BlockSummary, ...]) -> LoadSummary:
    sent, errors = sum(each.sent for each in blocks), sum(each.errors for each in blocks)
    return msgspec.structs.replace(arm, blocks=blocks, sent=sent, errors=errors)


def _by_metric(summary: CompareSummary) -> dict[str, Comparison]:
    return {each.metric: each for each in summary.metrics}


def _outer(compared: Comparison | None) -> float | None:
    """The farther end of an interval; of a ratio, what it takes up as much as down."""
    if compared is None or compared.low is None or compared.high is None:
        return None
    if not compared.relative:
        return max(abs(compared.low), abs(compared.high))
    return max(compared.high, 1 / (1 + compared.low) - 1 if compared.low > -1 else compared.high)


def _largest(values: Iterable[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)


def _control_doubts(control: CompareSummary) -> list[Caution]:
    decided = [each.metric for each in control.metrics if each.verdict in _DECIDED]
    if not decided:
        return []
    return [
        Caution(
            "control-differs",
            f"the baseline differs from itself in {', '.join(decided)}: there, only what goes"
            " beyond that is believed",
            "find what disturbs the machine, or the receiver, in turns",
        )
    ]
