"""Two stored load runs, before and after."""

from dataclasses import dataclass

from ghlctl.analysis.losses import Losses, losses
from ghlctl.analysis.questions import MARGIN, MARGIN_MS, Pair, questions
from ghlctl.analysis.standing import RunStanding, standing_of
from ghlctl.analysis.verdicts import answer, overall
from ghlctl.model.caution import Caution
from ghlctl.model.estimate import CompareSummary
from ghlctl.model.run import SCHEMA_VERSION
from ghlctl.model.summary import LoadSummary

SEQUENTIAL_NOISE_FLOOR = 0.15  # identical receivers, measured one after another, differed by 9-12 %


@dataclass(frozen=True, slots=True)
class Method:
    """How the two runs came about; `noise_floor` is the drift it leaves uncontrolled, a ratio."""

    text: str
    noise_floor: float
    caution: Caution | None


SEQUENTIAL = Method(
    "sequential: machine drift not controlled; Welch's t on the logarithms of block values,"
    f" 95 % intervals, verdicts beyond a noise floor of {SEQUENTIAL_NOISE_FLOOR:.0%} and a margin"
    f" of {MARGIN:.0%} or {MARGIN_MS:.0f} ms, Holm across metrics",
    SEQUENTIAL_NOISE_FLOOR,
    Caution(
        "sequential",
        "the runs were measured one after another, and between runs a machine drifts: only"
        f" changes beyond {SEQUENTIAL_NOISE_FLOOR:.0%} are told from drift",
        "repeat both in turn for a surer answer",
    ),
)


def compare(
    baseline: LoadSummary,
    candidate: LoadSummary,
    *,
    environments_differ: bool = False,
    method: Method = SEQUENTIAL,
) -> CompareSummary:
    """Every metric that both runs have, with its change, interval and verdict.

    The interval and the change are of the geometric means of block values; `baseline` and
    `candidate` show the values of the whole runs. Without three blocks on both sides there is no
    interval, and without an interval no verdict; nor is there one where a run may not be trusted.
    A candidate that loses or repeats more deliveries, beyond chance, is worse at any speed.
    """
    pair = Pair(baseline, candidate, method.noise_floor)
    comparisons = answer(questions(pair))
    untrusted = _untrusted(pair)
    effects = losses(baseline, candidate)
    limited = Losses(cautions=effects.cautions) if untrusted else effects
    return CompareSummary(
        schema_version=SCHEMA_VERSION,
        baseline=baseline.run,
        candidate=candidate.run,
        method=method.text,
        metrics=comparisons,
        verdict=limited.limit(overall(comparisons)),
        cautions=(
            *((method.caution,) if method.caution else ()),
            *untrusted,
            *effects.cautions,
            *_unlike(pair, environments_differ=environments_differ),
            *_carried("baseline", baseline),
            *_carried("candidate", candidate),
        ),
    )


def _untrusted(pair: Pair) -> tuple[Caution, ...]:
    arms = zip(("baseline", "candidate"), map(standing_of, pair.both), strict=True)
    return tuple(
        Caution(standing.code, f"{arm}: {standing.reason}", "measure that run again")
        for arm, standing in arms
        if standing is not RunStanding.MEASURED
    )


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
