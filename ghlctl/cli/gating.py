"""Evidence held against thresholds, baselines and accepted risks: one result, one exit status."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ghlctl.cli.evidence import Evidence, compared_with
from ghlctl.cli.policies import Bounds, own_bounds
from ghlctl.errors import ExitStatus, UsageError

if TYPE_CHECKING:
    from ghlctl.model.caution import Caution
    from ghlctl.model.estimate import CompareSummary
    from ghlctl.model.threshold import GateResult, GateStanding, Threshold, ThresholdResult
    from ghlctl.store.runs import RunStore


def judge(
    candidates: Sequence[Evidence],
    bounds: Bounds,
    baseline: Evidence | None,
    store: "RunStore",
) -> "GateResult":
    """Thresholds decide; where none of them speaks of a comparison, its verdict decides too."""
    from msgspec.structs import replace

    from ghlctl.analysis.thresholds import gate
    from ghlctl.model.threshold import GateStanding

    measured = [each for each in candidates if each.load is not None]
    compared = [compared_with(baseline, each, store) for each in measured] if baseline else []
    given = [each.comparison for each in candidates if each.comparison is not None]
    results = _results(candidates, bounds.thresholds, compared)
    if baseline is not None and not measured:
        raise UsageError("--against needs a run with load", "name a load test or a baseline")
    if not results and not compared and not given:
        raise UsageError(
            "there is nothing to hold the runs against", "give --threshold, --policy or --against"
        )
    fatal = tuple(caution for each in candidates for caution in _fatal(each))
    decided = gate(results)
    verdicts = [] if _about_comparisons(results) else [*compared, *given]
    standing = _worst(decided.standing, verdicts)
    standing = _limited(standing, fatal)
    return replace(
        decided,
        standing=standing,
        passed=standing is GateStanding.PASSED,
        comparisons=(*compared, *given),
        cautions=fatal,
        remarks=tuple(_remarks(candidates)),
        policy=bounds.policy,
    )


def status_of(result: "GateResult", *, strict: bool) -> ExitStatus:
    from ghlctl.model.threshold import GateStanding

    match result.standing:
        case GateStanding.FAILED:
            return ExitStatus.FAILED
        case GateStanding.NOT_MEASURED:
            return ExitStatus.NOT_MEASURED
        case GateStanding.UNCLEAR if strict:
            return ExitStatus.INCONCLUSIVE
        case _:
            return ExitStatus.FINE


def _results(
    candidates: Sequence[Evidence],
    thresholds: "Sequence[Threshold]",
    compared: "Sequence[CompareSummary]",
) -> "tuple[ThresholdResult, ...]":
    """Given thresholds over everything; without any, each run's own over itself."""
    from ghlctl.analysis.thresholds import evaluate

    if thresholds:
        every = [summary for each in candidates for summary in each.summaries]
        return evaluate(thresholds, *every, *compared)
    found: list[ThresholdResult] = []
    for each in candidates:
        of_run = [
            summary for summary in compared if each.load and summary.candidate == each.load.run
        ]
        own = own_bounds(each.folder) if each.folder else ()
        found += evaluate(own, *each.summaries, *of_run)
    return tuple(found)


def _about_comparisons(results: "Sequence[ThresholdResult]") -> bool:
    """One that only warns does not take the decision from the verdict."""
    from ghlctl.analysis.thresholds import needs_comparison, parse_threshold
    from ghlctl.model.threshold import Level

    deciding = (each for each in results if each.level is Level.ERROR)
    return any(needs_comparison(parse_threshold(each.expression)) for each in deciding)


def _worst(standing: "GateStanding", compared: "Sequence[CompareSummary]") -> "GateStanding":
    """A comparison in which nothing could be read is no pass, as a threshold on it is none."""
    from ghlctl.analysis.comparison_values import undecided
    from ghlctl.model.estimate import Verdict
    from ghlctl.model.threshold import GateStanding

    verdicts = {each.verdict for each in compared}
    if Verdict.WORSE in verdicts:
        return GateStanding.FAILED
    passing = standing in (GateStanding.PASSED, GateStanding.UNCLEAR)
    if passing and any(undecided(each) for each in compared):
        return GateStanding.NOT_MEASURED
    if standing is GateStanding.PASSED and Verdict.UNCLEAR in verdicts:
        return GateStanding.UNCLEAR
    return standing


def _limited(standing: "GateStanding", fatal: "Sequence[Caution]") -> "GateStanding":
    """A run that may not be trusted decides nothing; an acceptance that ran out fails."""
    from ghlctl.analysis.suppressions import EXPIRED
    from ghlctl.model.threshold import GateStanding

    if any(caution.code != EXPIRED for caution in fatal):
        return GateStanding.NOT_MEASURED
    return GateStanding.FAILED if fatal else standing


def _fatal(evidence: Evidence) -> "Iterator[Caution]":
    """Why a run may not be held against anything, or what fails it whatever was measured."""
    from ghlctl.analysis.standing import RunStanding, standing_of
    from ghlctl.analysis.suppressions import EXPIRED
    from ghlctl.model.caution import Caution

    standing = standing_of(evidence.load) if evidence.load else RunStanding.MEASURED
    if standing is not RunStanding.MEASURED:
        text = f"run {evidence.name} decides nothing: {standing.reason}"
        yield Caution(standing.code, text, "measure again")
    cautions = evidence.audit.cautions if evidence.audit else ()
    yield from (caution for caution in cautions if caution.code == EXPIRED)


def _remarks(candidates: Sequence[Evidence]) -> "Iterator[Caution]":
    """What a reader should know of the runs, although it decides nothing."""
    from ghlctl.analysis.suppressions import EXPIRED

    for each in candidates:
        for summary in (each.load, each.audit):
            cautions = summary.cautions if summary else ()
            yield from (caution for caution in cautions if caution.code != EXPIRED)
