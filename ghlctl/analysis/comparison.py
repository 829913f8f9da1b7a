"""Two stored load runs, before and after."""

from dataclasses import dataclass

from ghlctl.analysis.questions import MARGIN, MARGIN_MS, Pair, questions
from ghlctl.analysis.verdicts import answer, overall
from ghlctl.model.caution import Caution
from ghlctl.model.estimate import CompareSummary, Verdict
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
    interval, and without an interval no verdict.
    """
    pair = Pair(baseline, candidate, method.noise_floor)
    comparisons = answer(questions(pair))
    verdict = overall(comparisons)
    fewer_effects = _fewer_effects(baseline, candidate)
    if verdict is Verdict.BETTER and fewer_effects:
        verdict = Verdict.UNCLEAR  # faster because it does less is not better
    return CompareSummary(
        schema_version=SCHEMA_VERSION,
        baseline=baseline.run,
        candidate=candidate.run,
        method=method.text,
        metrics=comparisons,
        verdict=verdict,
        cautions=(
            *((method.caution,) if method.caution else ()),
            *fewer_effects,
            *_unlike(pair, environments_differ=environments_differ),
            *_carried("baseline", baseline),
            *_carried("candidate", candidate),
        ),
    )


def _fewer_effects(baseline: LoadSummary, candidate: LoadSummary) -> tuple[Caution, ...]:
    """Deliveries lost or done twice by the candidate, more often than by the baseline."""
    if candidate.effects is None:
        return ()
    before, after = baseline.effects, candidate.effects
    counts = {
        "lost": (after.lost, before.lost if before else 0),
        "duplicated": (after.duplicated, before.duplicated if before else 0),
    }
    expected = before.expected if before else 0
    return tuple(
        Caution(
            f"effects-{name}",
            f"the candidate {name} {count} of {after.expected} deliveries,"
            f" the baseline {earlier} of {expected}",
            "no gain in speed makes up for it: find the cause first",
        )
        for name, (count, earlier) in counts.items()
        if count / max(after.expected, 1) > earlier / max(expected, 1)
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
        before, after = (summary.planned_per_s for summary in pair.both)
        text = f"the runs planned {before:.4g}/s and {after:.4g}/s: response times depend on it"
        found.append(Caution("loads-differ", text, "compare at the same rate as well"))
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
