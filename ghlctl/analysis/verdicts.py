"""From a difference with its uncertainty to one of four verdicts.

Drift between the arms is a doubt that no number of blocks removes. Every interval is therefore
widened by the method's noise floor before it is read: wholly beyond the margin it is better or
worse, wholly within it is the same, and all else is unclear.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

from ghlctl.model.estimate import Comparison, Verdict
from ghlctl.stats import paired
from ghlctl.stats.difference import (
    Difference,
    change,
    detectable,
    equivalent,
    interval,
    p_beyond,
)
from ghlctl.stats.holm import holm
from ghlctl.stats.paired import Paired, far_out
from ghlctl.stats.proportion import Share, newcombe, p_share_beyond
from ghlctl.stats.student import z_quantile

BEYOND_ALONE = "beyond the bound alone, but not among as many metrics (Holm)"
WITHIN_DRIFT = "not beyond what drift of the machine and the margin can explain"
WITHIN_MARGIN = "not beyond the margin"
READABLE = frozenset({"", BEYOND_ALONE, WITHIN_DRIFT, WITHIN_MARGIN})
"""Notes of an unclear metric whose interval may still be read; any other withholds it."""

ALPHA = 0.05
POWER = 0.8
_MOST_NEEDED = 1e6


class Better(StrEnum):
    """Which way a metric improves."""

    LOWER = "lower"
    HIGHER = "higher"


Contrast = Difference | Paired | tuple[Share, Share]
"""Between blocks measured apart, between pairs measured together, or between two shares."""


@dataclass(frozen=True, slots=True)
class Question:
    """One metric of both runs, and what is known of its difference.

    `difference` is of logarithms, or a pair of shares, or None where no interval can be given.
    `margin` and `noise_floor` are in the same unit; `withheld` says why there can be no verdict,
    `attenuated` why equality cannot be shown. `in_ms`: the metric is a time. `effect_size` is
    Cliff's delta; `outliers` were kept.
    """

    metric: str
    baseline: float
    candidate: float
    difference: Contrast | None
    margin: float
    noise_floor: float = 0.0
    better: Better = Better.LOWER
    note: str = ""
    withheld: str = ""
    attenuated: str = ""
    in_ms: bool = False
    effect_size: float | None = None

    @property
    def bound(self) -> float:
        return self.margin + self.noise_floor


def answer(questions: tuple[Question, ...]) -> tuple[Comparison, ...]:
    """Every question's comparison; better and worse are held to Holm's corrected p of all asked.

    Of pairs, the exact sign-flip test must confirm what Student's t says.
    """
    asked = [q for q in questions if q.difference is not None and not q.withheld]
    corrected = holm([_p(q) for q in asked])
    adjusted = {q.metric: _confirmed(q, p) for q, p in zip(asked, corrected, strict=True)}
    return tuple(_comparison(q, adjusted.get(q.metric)) for q in questions)


def overall(comparisons: tuple[Comparison, ...]) -> Verdict:
    """Worse if anything is, else better if anything is; same if all with an interval are."""
    verdicts = {each.verdict for each in comparisons if each.low is not None}
    for verdict in (Verdict.WORSE, Verdict.BETTER):
        if verdict in verdicts:
            return verdict
    return Verdict.SAME if verdicts == {Verdict.SAME} else Verdict.UNCLEAR


def _p(question: Question) -> float:
    match question.difference:
        case Difference() as difference:
            return p_beyond(difference, question.bound)
        case Paired() as pairs:
            return p_beyond(pairs.by_t, question.bound)
        case (baseline, candidate):
            return p_share_beyond(baseline, candidate, question.bound)
        case None:
            return 1.0


def _confirmed(question: Question, p: float) -> float:
    if not isinstance(question.difference, Paired):
        return p
    exact = paired.p_by_signs(question.difference, question.bound)
    return p if exact is None else max(p, exact)


def _comparison(question: Question, adjusted_p: float | None) -> Comparison:
    verdict = _verdict(question, adjusted_p)
    point, low, high, least = _figures(question)
    ms = question.baseline if question.in_ms else None
    return Comparison(
        metric=question.metric,
        baseline=question.baseline,
        candidate=question.candidate,
        change=point,
        low=low,
        high=high,
        detectable=least,
        verdict=verdict,
        relative=not isinstance(question.difference, tuple),
        note=question.withheld or question.note or _near(question, verdict),
        change_ms=_times(ms, point),
        low_ms=_times(ms, low),
        high_ms=_times(ms, high),
        margin=_margin(question),
        effect_size=question.effect_size,
        p=adjusted_p,
        n=_n(question.difference),
        more_needed=_more_needed(question) if verdict is Verdict.UNCLEAR else None,
        outliers=far_out(pairs.values) if isinstance(pairs := question.difference, Paired) else 0,
    )


def _times(ms: float | None, ratio: float | None) -> float | None:
    return None if ms is None or ratio is None else ms * ratio


def _margin(question: Question) -> float | None:
    """In the unit of the change; None where there is none, or it is beyond all bounds."""
    if question.difference is None or not math.isfinite(question.margin):
        return None
    shares = isinstance(question.difference, tuple)
    return question.margin if shares else change(question.margin)


def _n(contrast: Contrast | None) -> int:
    match contrast:
        case Difference(n=n):
            return n
        case Paired(values):
            return len(values)
        case _:
            return 0


def _more_needed(question: Question) -> int | None:
    """How many more pairs or blocks would show any change of twice the margin, 4 times of 5.

    It does not look at the change found, which would invite to measure until a wish comes true.
    None where drift is the obstacle, which no number of blocks removes.
    """
    if question.withheld or question.noise_floor or not math.isfinite(question.margin):
        return None
    match question.difference:
        case Difference() as difference:
            by_t = difference
        case Paired() as pairs:
            by_t = pairs.by_t
        case _:
            return None
    needed = by_t.n * (detectable(by_t, power=POWER, alpha=ALPHA) / question.margin) ** 2
    return max(0, math.ceil(min(needed, _MOST_NEEDED) - by_t.n)) or None


def _figures(question: Question) -> tuple[float | None, float | None, float | None, float | None]:
    """Change, low, high, and the smallest change that would be given a verdict, 4 times of 5."""
    match question.difference:
        case Difference() as difference:
            low, high = interval(difference, 1 - ALPHA)
            least = question.bound + detectable(difference, power=POWER, alpha=ALPHA)
            return change(difference.point), change(low), change(high), change(least)
        case Paired() as pairs:
            by_t = pairs.by_t
            low, high = paired.interval(pairs, 1 - ALPHA)
            least = question.bound + detectable(by_t, power=POWER, alpha=ALPHA)
            return change(by_t.point), change(low), change(high), change(least)
        case (baseline, candidate):
            low, high = newcombe(baseline, candidate, 1 - ALPHA)
            reach = (high - low) / 2 * (1 + z_quantile(POWER) / z_quantile(1 - ALPHA / 2))
            return candidate.value - baseline.value, low, high, question.bound + reach
        case None:
            known = question.baseline > 0
            return question.candidate / question.baseline - 1 if known else None, None, None, None


def _verdict(question: Question, adjusted_p: float | None) -> Verdict:
    if adjusted_p is None:
        return Verdict.UNCLEAR
    if adjusted_p <= ALPHA:
        rose = difference_point(question.difference) > 0
        return Verdict.BETTER if rose is (question.better is Better.HIGHER) else Verdict.WORSE
    shown = not question.attenuated and _equivalent(question)
    return Verdict.SAME if shown else Verdict.UNCLEAR


def difference_point(difference: Contrast | None) -> float:
    """Candidate minus baseline; 0 where nothing is known."""
    match difference:
        case Difference():
            return difference.point
        case Paired() as pairs:
            return pairs.by_t.point
        case (baseline, candidate):
            return candidate.value - baseline.value
        case None:
            return 0.0


def _equivalent(question: Question) -> bool:
    within = question.margin - question.noise_floor
    match question.difference:
        case Difference() as difference:
            return equivalent(difference, within, ALPHA)
        case Paired() as pairs:
            return paired.equivalent(pairs, within, ALPHA)
        case (baseline, candidate):
            low, high = newcombe(baseline, candidate, 1 - 2 * ALPHA)
            return -within < low and high < within
        case None:
            return False


def _near(question: Question, verdict: Verdict) -> str:
    """Why a change whose interval excludes zero is given no verdict."""
    if verdict is not Verdict.UNCLEAR or question.difference is None:
        return ""
    _, low, high, _ = _figures(question)
    if low is None or high is None or low <= 0 <= high:
        return question.attenuated if _equivalent(question) else ""
    if _p(question) <= ALPHA:
        return BEYOND_ALONE
    if question.noise_floor:
        return WITHIN_DRIFT
    return WITHIN_MARGIN
