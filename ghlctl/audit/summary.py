"""Findings and their grade as the summary that is stored and shown."""

from collections.abc import Sequence

import msgspec

from ghlctl.audit.grading import ALGORITHM, LEAST_COVERAGE, Grade
from ghlctl.model.caution import Caution
from ghlctl.model.finding import AuditSummary, Finding, Outcome
from ghlctl.model.run import SCHEMA_VERSION


def summary_of(
    found: Sequence[Finding],
    graded: Grade,
    cautions: tuple[Caution, ...],
    *,
    run: str,
    receiver: str,
    min_score: float | None = None,
) -> AuditSummary:
    """`min_score` is held against the lower bound of the score."""
    outcomes = {finding.outcome for finding in found}
    looked = graded.coverage >= LEAST_COVERAGE and Outcome.ERROR not in outcomes
    clean = looked and Outcome.FAIL not in outcomes
    # The low score counts what was not decided as failed, so that a bound needs nothing more.
    enough = clean if min_score is None else (graded.low or 0.0) >= min_score
    return AuditSummary(
        schema_version=SCHEMA_VERSION,
        run=run,
        receiver=receiver,
        score=graded.score,
        score_low=graded.low,
        score_high=graded.high,
        coverage=graded.coverage,
        grade=graded.letter,
        caps=graded.caps,
        counts=graded.counts,
        checks=tuple(found),
        cautions=cautions,
        passed=graded.score is not None and enough,
        algorithm=ALGORITHM,
        validations=graded.validations,
        categories=graded.categories,
    )


def against(summary: AuditSummary, before: AuditSummary) -> AuditSummary:
    """The same summary, failing only on what did not fail before; no score is raised by it."""
    failed = {one.id for one in before.checks if one.outcome is Outcome.FAIL}
    failing = [one.id for one in summary.checks if one.outcome is Outcome.FAIL]
    known = tuple(one for one in failing if one in failed)
    looked = summary.score is not None and not any(
        one.outcome is Outcome.ERROR for one in summary.checks
    )
    passed = summary.passed or (looked and len(known) == len(failing) > 0)
    return msgspec.structs.replace(summary, baseline=before.run, known=known, passed=passed)
