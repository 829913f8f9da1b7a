"""The one sentence on top of a report, and how sure it may sound."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from ghlctl.analysis.standing import RunStanding, standing_of
from ghlctl.model.estimate import CompareSummary, Comparison, Verdict
from ghlctl.model.finding import Outcome
from ghlctl.model.run import RunState
from ghlctl.model.threshold import GateResult, GateStanding, Level, ThresholdResult
from ghlctl.report import numbers
from ghlctl.report.document import AuditView, Document, LoadView, compared, deciding
from ghlctl.report.figures import mean_change, withheld_because
from ghlctl.report.scores import no_score_because, score_words


class Standing(StrEnum):
    """UNDECIDED is neither: something that should decide could not be measured."""

    PASSED = "passed"
    FAILED = "failed"
    UNDECIDED = "not decided"
    MEASURED = "measured"


@dataclass(frozen=True, slots=True)
class Headline:
    """`sentence` leads, `reasons` say what the standing rests on."""

    standing: Standing
    sentence: str
    reasons: tuple[str, ...]


# Below it the audit gives no grade either, and a score alone would promise too much.
_LEAST_COVERAGE = 0.8
UNDECIDED_OUTCOMES = frozenset({Outcome.INCONCLUSIVE, Outcome.NOT_TESTED, Outcome.ERROR})


Part = tuple[Standing, str]


def headline(document: Document) -> Headline:
    """What the candidate, or the only run, comes to."""
    load = deciding(document)
    audit = _deciding_audit(document, load)
    parts = (
        *(_gate_parts(document.gate.result) if document.gate else ()),
        *(_load_parts(load) if load and not document.gate else ()),
        *(_comparison_parts(document) if not document.gate else ()),
        *(_audit_parts(audit) if audit and not document.gate else ()),
    )
    return Headline(
        standing=_worst(standing for standing, _ in parts),
        sentence=_sentence(document, load, audit),
        reasons=tuple(reason for _, reason in parts),
    )


def gate_words(result: GateResult) -> str:
    """What the gate came to, with a sign; what is open is never called a pass."""
    counts = [
        (sum(each.passed is True for each in result.thresholds), "passed"),
        (sum(each.passed is False for each in result.thresholds), "failed"),
        (sum(each.unclear for each in result.thresholds), "unclear"),
        (
            sum(each.passed is None and not each.unclear for each in result.thresholds),
            "not measured",
        ),
    ]
    said = ", ".join(f"{count} {word}" for count, word in counts if count)
    return f"{_GATE_SIGNS[result.standing]}{f' ({said})' if said else ''}"


_GATE_SIGNS = {
    GateStanding.PASSED: "✓ pass",
    GateStanding.FAILED: "✗ fail",
    GateStanding.NOT_MEASURED: "? not measured",
    GateStanding.UNCLEAR: "? unclear",
}


def _gate_parts(result: GateResult) -> tuple[Part, ...]:
    standing = {
        GateStanding.PASSED: Standing.PASSED,
        GateStanding.FAILED: Standing.FAILED,
    }.get(result.standing, Standing.UNDECIDED)
    reasons = [(standing, f"Gate: {gate_words(result)}")]
    return (*reasons, *((standing, caution.text) for caution in result.cautions))


def threshold_standing(result: ThresholdResult) -> Standing:
    if result.passed is None:
        return Standing.UNDECIDED
    return Standing.PASSED if result.passed else Standing.FAILED


def _load_parts(load: LoadView) -> tuple[Part, ...]:
    return (*_state_parts(load), *_threshold_parts(load), *_warning_parts(load))


def _state_parts(load: LoadView) -> tuple[Part, ...]:
    if load.run.state is not RunState.COMPLETE:
        return ((Standing.UNDECIDED, f"{load.label}: aborted, only what was measured so far"),)
    standing = standing_of(load.summary)
    if standing is not RunStanding.MEASURED:
        return ((Standing.UNDECIDED, f"{load.label}: nothing is decided, as {standing.reason}"),)
    return ()


def _threshold_parts(load: LoadView) -> tuple[Part, ...]:
    results = [each for each in load.summary.thresholds if each.level is Level.ERROR]
    missed = [each for each in results if each.passed is False]
    unknown = [each for each in results if each.passed is None]
    if missed:
        return ((Standing.FAILED, f"{load.label}: {_of(missed, results)} missed"),)
    if unknown:
        return ((Standing.UNDECIDED, f"{load.label}: {_of(unknown, results)} not measured"),)
    if results:
        return ((Standing.PASSED, f"{load.label}: {_of(results, results)} met"),)
    if not load.summary.passed and not _state_parts(load):
        return ((Standing.FAILED, f"{load.label}: the run did not pass"),)
    return ((Standing.MEASURED, f"{load.label}: no thresholds were set"),)


def _warning_parts(load: LoadView) -> tuple[Part, ...]:
    """Thresholds that warn decide nothing, but are not passed over either."""
    open_ = sum(each.level is Level.WARN and not each.passed for each in load.summary.thresholds)
    if not open_:
        return ()
    nouns = "warning threshold" if open_ == 1 else "warning thresholds"
    return ((Standing.MEASURED, f"{load.label}: {open_} {nouns} missed or not measured"),)


def _of(some: list[ThresholdResult], results: list[ThresholdResult]) -> str:
    noun = "threshold" if len(results) == 1 else "thresholds"
    return f"{len(some)} of {len(results)} {noun}"


def _comparison_parts(document: Document) -> tuple[Part, ...]:
    summary = document.comparison
    if summary is None:
        return ()
    standing = {Verdict.WORSE: Standing.FAILED, Verdict.UNCLEAR: Standing.UNDECIDED}
    words = {
        Verdict.BETTER: "better than the baseline",
        Verdict.WORSE: "worse than the baseline",
        Verdict.SAME: "same as the baseline, shown by an equivalence test",
        Verdict.UNCLEAR: _undecided(summary),
    }
    return (
        (standing.get(summary.verdict, Standing.PASSED), f"Comparison: {words[summary.verdict]}"),
    )


def _undecided(summary: CompareSummary) -> str:
    """Withheld is not the same as not shown: the first says nothing of the receivers."""
    notes = (each.note for each in summary.metrics if each.verdict is Verdict.UNCLEAR)
    withheld = next((why for note in notes if (why := withheld_because(note))), "")
    if withheld:
        return f"no verdict: {withheld}"
    return "no difference from the baseline could be shown or excluded"


def _deciding_audit(document: Document, load: LoadView | None) -> AuditView | None:
    named = [audit for audit in document.audits if load and audit.label == load.label]
    if named:
        return named[0]
    return document.audits[-1] if document.audits else None


def _audit_parts(audit: AuditView) -> tuple[Part, ...]:
    summary = audit.summary
    if summary.score is None:
        reason = f"{audit.label}: the audit reached no score, because {no_score_because(summary)}"
        return ((Standing.UNDECIDED, reason),)
    failed = sum(finding.outcome is Outcome.FAIL for finding in summary.checks)
    open_ = sum(finding.outcome in UNDECIDED_OUTCOMES for finding in summary.checks)
    said = f"{audit.label}: security score {score_words(summary)} of 100"
    said += f", {failed} failed" if failed else ", no check failed"
    said += f", {open_} undecided" if open_ else ""
    if summary.passed:
        sure = summary.coverage >= _LEAST_COVERAGE and bool(summary.grade)
        return ((Standing.PASSED if sure else Standing.UNDECIDED, said),)
    return ((Standing.UNDECIDED if open_ and not failed else Standing.FAILED, said),)


def _worst(standings: Iterable[Standing]) -> Standing:
    order = (Standing.FAILED, Standing.UNDECIDED, Standing.PASSED, Standing.MEASURED)
    found = set(standings)
    return next((standing for standing in order if standing in found), Standing.MEASURED)


def _sentence(document: Document, load: LoadView | None, audit: AuditView | None) -> str:
    pair = compared(document)
    if pair:
        return _change_sentence(document, *pair)
    if load:
        return _load_sentence(load)
    if audit:
        return _audit_sentence(audit)
    if document.comparison:
        names = document.comparison
        facts = f"{names.candidate} against {names.baseline}, mean response time"
        return facts + _shown_change(mean_change(document))
    return "Nothing was measured"


def _change_sentence(document: Document, before: LoadView, after: LoadView) -> str:
    old, new = (numbers.ms(view.summary.response_time_ms.mean) for view in (before, after))
    facts = f"{after.label} answers in {new} on average, {before.label} in {old}"
    return facts + _shown_change(mean_change(document))


def _shown_change(compared_: Comparison | None) -> str:
    if compared_ is not None and compared_.verdict is Verdict.UNCLEAR and compared_.note:
        why = withheld_because(compared_.note)
        return f"; no verdict, because {why}" if why else f"; {compared_.note}"
    if compared_ is None or compared_.change is None or compared_.verdict is Verdict.UNCLEAR:
        return ", a difference that is not shown statistically"
    if compared_.verdict is Verdict.SAME:
        return ", the same within the margin"
    return f" ({numbers.change(compared_.change, relative=compared_.relative)})"


def _load_sentence(load: LoadView) -> str:
    summary = load.summary
    if not summary.sent:
        return f"{load.label}: {RunStanding.NOTHING_SENT.reason}"
    return (
        f"{load.label}: mean response time {numbers.ms(summary.response_time_ms.mean)}, "
        f"p95 {numbers.ms(summary.response_time_ms.p95)}, "
        f"{numbers.percent(summary.error_rate)} errors at {numbers.rate(summary.throughput_per_s)}"
    )


def _audit_sentence(audit: AuditView) -> str:
    summary = audit.summary
    if summary.score is None:
        return f"{audit.label}: no security score, because {no_score_because(summary)}"
    return (
        f"{audit.label}: security score {score_words(summary)} of 100, "
        f"grade {summary.grade or numbers.UNKNOWN}"
    )
