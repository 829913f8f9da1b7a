"""What a comparison says of a threshold: verdicts, and changes read at both ends of their interval.

An interval over blocks knows nothing of a machine that drifts between two runs. Before a bound is
held against it, it is widened by the drift that the comparison's method leaves uncontrolled.
"""

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from ghlctl.analysis.comparison import SEQUENTIAL_NOISE_FLOOR
from ghlctl.analysis.known import Known, unknown
from ghlctl.analysis.threshold_words import Tag, Unit
from ghlctl.analysis.verdicts import READABLE
from ghlctl.model.estimate import CompareSummary, Comparison, Verdict
from ghlctl.model.run import RunState

if TYPE_CHECKING:
    from ghlctl.analysis.threshold_grammar import ParsedThreshold

_METRICS = "metrics"


def comparison_value(bound: "ParsedThreshold", summary: CompareSummary) -> Known:
    """A verdict, a count of verdicts, or a change with every value that its interval allows."""
    if bound.relative:
        metric = f"{bound.subject} {bound.aggregate}".strip()
        return _change(bound, _metric(summary, metric), drift_of(summary), metric)
    if bound.subject == "verdicts":
        return _verdicts(Verdict(bound.aggregate), summary)
    name = bound.tag(Tag.METRIC)
    if name is None:
        return _verdict(summary.verdict, undecided(summary))
    found = _metric(summary, name)
    if found is None:
        known = ", ".join(each.metric for each in summary.metrics)
        return unknown(f"{name} was not compared, only {known or 'nothing'}")
    return _verdict(found.verdict, withheld(found))


def drift_of(summary: CompareSummary) -> float:
    """The drift between the arms that nothing controlled, as a ratio; 0 where they ran together."""
    stated: float | None = getattr(summary, "noise_floor", None)
    if stated is not None:
        return stated
    return SEQUENTIAL_NOISE_FLOOR if summary.method.startswith("sequential") else 0.0


def withheld(compared: Comparison) -> str:
    """Why nothing can be read from a metric's verdict; "" where it was reached by its interval."""
    if compared.verdict is Verdict.UNCLEAR and compared.note not in READABLE:
        return compared.note
    if not _finite(compared.low, compared.high):
        return compared.note or "no interval: too few blocks"
    return ""


def _metric(summary: CompareSummary, name: str) -> Comparison | None:
    return next((each for each in summary.metrics if each.metric == name), None)


def undecided(summary: CompareSummary) -> str:
    """Why the whole comparison says nothing, if so; a verdict on losses needs no interval."""
    if summary.verdict is not Verdict.UNCLEAR:
        return ""
    if summary.state != RunState.COMPLETE:
        return "the comparison ended before its plan did"
    reasons = [withheld(each) for each in summary.metrics]
    if not reasons:
        return "nothing was compared"
    return reasons[0] if all(reasons) else ""


def _verdict(verdict: Verdict, why_not: str) -> Known:
    if why_not:
        return unknown(why_not)
    unclear = verdict is Verdict.UNCLEAR
    note = "a difference was neither shown nor excluded" if unclear else ""
    return Known(None, note, word=verdict, unclear=unclear)


def _verdicts(wanted: Verdict, summary: CompareSummary) -> Known:
    """An unclear metric may be of any verdict, so the count reaches up to those.

    Metrics without an interval, as a cost read once a run, are left out and said.
    """
    decided = [each for each in summary.metrics if not withheld(each)]
    if not decided:
        return unknown("no metric has an interval")
    count = sum(each.verdict is wanted for each in decided)
    left = len(summary.metrics) - len(decided)
    open_ = sum(each.verdict is Verdict.UNCLEAR for each in decided)
    remarks = [f"{open_} of {len(decided)} metrics unclear"] if open_ else []
    remarks += [f"{left} without an interval left out"] if left else []
    known = Known(float(count), "; ".join(remarks), len(decided), _METRICS)
    if wanted is Verdict.UNCLEAR or not open_:
        return known
    return replace(known, low=float(count), high=float(count + open_), unclear=True)


def _change(
    bound: "ParsedThreshold", compared: Comparison | None, drift: float, metric: str
) -> Known:
    if compared is None:
        return unknown(f"{metric} was not compared")
    why_not = withheld(compared)
    if why_not:
        return unknown(why_not)
    low, high = compared.low or 0.0, compared.high or 0.0
    if not compared.relative:
        return _points(bound, compared, low, high)
    note = ""
    if drift:
        low, high = (1 + low) / (1 + drift) - 1, (1 + high) * (1 + drift) - 1
        note = f"interval widened by {drift:.0%} drift between the runs"
    return Known(compared.change, note, _blocks(compared), "blocks", low, high, unclear=True)


def _points(bound: "ParsedThreshold", compared: Comparison, low: float, high: float) -> Known:
    if bound.unit is not Unit.POINTS:
        return unknown("the baseline is zero, so the change is no percentage")
    return Known(compared.change, "", _blocks(compared), "blocks", low, high, unclear=True)


def _blocks(compared: Comparison) -> int | None:
    n: int = getattr(compared, "n", 0)
    return n or None


def effective_bound(bound: "ParsedThreshold", summary: CompareSummary | None) -> float:
    """The laxer of the percentage and the allowance, as a ratio of this baseline."""
    metric = f"{bound.subject} {bound.aggregate}".strip()
    compared = _metric(summary, metric) if summary else None
    baseline = compared.baseline if compared else None
    if bound.allowance is None or baseline is None or not baseline > 0:
        return bound.bound
    allowed = bound.allowance / baseline
    upper = bound.operator in ("<", "<=")
    return max(bound.bound, allowed) if upper else min(bound.bound, allowed)


def _finite(*ends: float | None) -> bool:
    return all(end is not None and math.isfinite(end) for end in ends)
