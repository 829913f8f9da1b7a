"""Two load runs, before and after."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from ghlctl.analysis.losses import Losses, losses
from ghlctl.analysis.pair import Margins, Method, Pair, Shapes
from ghlctl.analysis.questions import questions
from ghlctl.analysis.standing import RunStanding, standing_in
from ghlctl.analysis.verdicts import answer, overall
from ghlctl.model.caution import Caution
from ghlctl.model.estimate import CompareSummary, Comparison, Mode
from ghlctl.model.run import SCHEMA_VERSION
from ghlctl.model.summary import LoadSummary

SEQUENTIAL_NOISE_FLOOR = 0.15  # identical receivers, measured one after another, differed by 9-12 %


@dataclass(frozen=True, slots=True)
class NoiseFloors:
    """What a receiver differed from itself by, in which run that was measured; ratios by metric."""

    source: str
    by_metric: Mapping[str, float]


def sequential(margins: Margins | None = None, floors: NoiseFloors | None = None) -> Method:
    """How stored runs came about; without measured floors, the one measured for this project."""
    margins = margins or Margins()
    known = floors.by_metric if floors else {}
    floor = f"a noise floor of {SEQUENTIAL_NOISE_FLOOR:.0%}"
    if floors:
        floor = f"the noise floors that run {floors.source} measured"
    return Method(
        "sequential: machine drift not controlled; Welch's t on the logarithms of block values,"
        f" 95 % intervals, verdicts beyond {floor} and a margin"
        f" of {margins.share * 100:g} % or {margins.ms:g} ms, Holm across metrics",
        SEQUENTIAL_NOISE_FLOOR,
        Caution(
            "sequential",
            "the runs were measured one after another, and between runs a machine drifts: only"
            f" changes beyond {floor} are told from drift",
            "ghlctl compare --live measures both in turn, or at the same time",
        ),
        floors=known,
        margins=margins,
    )


SEQUENTIAL = sequential()


def compare(
    baseline: LoadSummary,
    candidate: LoadSummary,
    *,
    environments_differ: bool = False,
    method: Method | None = None,
    shapes: Shapes | None = None,
) -> CompareSummary:
    """Every metric that both runs have, with its change, interval and verdict.

    The interval and the change are of the geometric means of block values; `baseline` and
    `candidate` show the values of the whole runs. Without three blocks on both sides, or six
    pairs, there is no interval, and without an interval no verdict; nor is there one where a run
    may not be trusted. A candidate that loses or repeats more deliveries, beyond chance, is worse
    at any speed.
    """
    method = method or SEQUENTIAL
    pair = Pair(baseline, candidate, method, shapes or {})
    comparisons = answer(questions(pair))
    untrusted = _untrusted(pair)
    effects = losses(baseline, candidate)
    limited = Losses(cautions=effects.cautions) if untrusted else effects
    return CompareSummary(
        schema_version=SCHEMA_VERSION,
        baseline=baseline.run,
        candidate=candidate.run,
        method=method.text,
        metrics=_ratios_only(comparisons) if method.mode is Mode.DUET else comparisons,
        verdict=limited.limit(overall(comparisons)),
        mode=method.mode,
        noise_floor=max(method.noise_floor, *method.floors.values(), 0.0),
        cautions=(
            *((method.caution,) if method.caution else ()),
            *untrusted,
            *effects.cautions,
            *_unlike(pair, environments_differ=environments_differ),
            *_far_out(comparisons),
            *_carried("baseline", baseline),
            *_carried("candidate", candidate),
        ),
    )


def _ratios_only(comparisons: Sequence[Comparison]) -> tuple[Comparison, ...]:
    """Two receivers that share a machine are slower than either alone: only ratios hold."""
    hidden = dict.fromkeys(("baseline", "candidate", "change_ms", "low_ms", "high_ms"))
    return tuple(msgspec.structs.replace(each, **hidden) for each in comparisons)


def _far_out(comparisons: Sequence[Comparison]) -> list[Caution]:
    found = {each.metric: each.outliers for each in comparisons if each.outliers}
    if not found:
        return []
    said = ", ".join(f"{count} of {metric}" for metric, count in found.items())
    return [
        Caution(
            "outliers",
            f"pairs far out, three interquartile ranges or more, are kept: {said}",
            "look for what happened at those moments; more pairs make them weigh less",
        )
    ]


def _untrusted(pair: Pair) -> tuple[Caution, ...]:
    arms = zip(("baseline", "candidate"), _standings(pair), strict=True)
    return tuple(
        Caution(standing.code, f"{arm}: {standing.reason}", "measure that run again")
        for arm, standing in arms
        if standing is not RunStanding.MEASURED
    )


def _standings(pair: Pair) -> list[RunStanding]:
    return [standing_in(pair.method.mode, summary) for summary in pair.both]


def _unlike(pair: Pair, *, environments_differ: bool) -> list[Caution]:
    """What makes the two runs less comparable than they look."""
    found = []
    if environments_differ:
        text = "the runs were measured on different machines or Python versions"
        found.append(Caution("environments-differ", text, "measure both on the same machine"))
    if pair.baseline.run == pair.candidate.run:
        text = "a run is compared with itself"
        found.append(Caution("same-run", text, "name two runs"))
    if not pair.alike:
        text = f"{pair.loads}: response times depend on the load"
        found.append(Caution("loads-differ", text, "compare under the same load as well"))
    lengths = {block.duration_s for run in pair.both for block in run.blocks}
    if len(lengths) > 1:
        text = "the runs were cut into blocks of different lengths"
        found.append(Caution("blocks-differ", text, "summarise both with the same block length"))
    return found


def _carried(arm: str, summary: LoadSummary) -> list[Caution]:
    """The doubts about a run travel into every comparison with it."""
    return [
        Caution(caution.code, f"{arm}: {caution.text}", caution.hint)
        for caution in summary.cautions
    ]
