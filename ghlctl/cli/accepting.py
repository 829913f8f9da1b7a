"""Accepted risks laid over an audit: what audit and gate have in common."""

from pathlib import Path
from typing import TYPE_CHECKING

from ghlctl.errors import ExitStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ghlctl.model.finding import AuditSummary, Finding
    from ghlctl.model.suppression import Suppression


def read_accepted(path: str | None) -> "tuple[Suppression, ...] | None":
    """The file's suppressions, read against today's date; None where none was named."""
    from ghlctl.cli.settings import read_text
    from ghlctl.scenario.suppressions import read_suppressions
    from ghlctl.store.begin import today_utc

    if path is None:
        return None
    return read_suppressions(read_text(Path(path)), path, today=today_utc())


def with_accepted(
    audit: "AuditSummary", suppressions: "Sequence[Suppression] | None"
) -> "AuditSummary":
    """The audit with these suppressions, or with its own as they stand today."""
    from ghlctl.analysis.suppressions import accept
    from ghlctl.store.begin import today_utc

    stored = (*audit.suppressions, *audit.expired_suppressions)
    chosen = stored if suppressions is None else suppressions
    if not chosen and not stored:
        return audit
    return accept(audit, chosen, today=today_utc(), regrade=_lowest_score)


def status_with_accepted(audit: "AuditSummary", *, min_score: float | None) -> ExitStatus:
    """The status of what is left without the accepted risks; one that expired always fails."""
    from msgspec.structs import replace

    from ghlctl.cli.auditing import status_of
    from ghlctl.model.finding import Outcome

    status = status_of(audit)
    if audit.expired_suppressions and status is not ExitStatus.NOT_MEASURED:
        return ExitStatus.FAILED
    if status is not ExitStatus.FAILED or not audit.suppressions:
        return status
    accepted = {each.id for each in audit.suppressions}.union(audit.known)
    left = tuple(each for each in audit.checks if each.id not in accepted)
    clean = all(each.outcome not in (Outcome.FAIL, Outcome.ERROR) for each in left)
    reached = audit.score_with_accepted_risks or 0.0
    enough = (clean and _covered(audit)) if min_score is None else reached >= min_score
    return status_of(replace(audit, checks=left, passed=enough))


def _covered(audit: "AuditSummary") -> bool:
    from ghlctl.audit.grading import LEAST_COVERAGE

    return audit.coverage >= LEAST_COVERAGE


def _lowest_score(findings: "Sequence[Finding]") -> float | None:
    from ghlctl.audit.grading import grade

    return grade(findings, controlled=True).low
