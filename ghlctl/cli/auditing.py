"""From a receiver to a stored audit: what audit, baseline and demo have in common."""

import os
from typing import TYPE_CHECKING

from ghlctl.cli.interrupts import end_run
from ghlctl.cli.settings import Receiver
from ghlctl.errors import ExitStatus

if TYPE_CHECKING:
    from ghlctl.audit.receiver import AuditedReceiver
    from ghlctl.model.finding import AuditSummary
    from ghlctl.model.run import Run
    from ghlctl.store.runs import RunFolder


def new_audit_run(receiver: Receiver, scope: str | None) -> "Run":
    from ghlctl.model.run import RunKind
    from ghlctl.store.begin import new_run

    return new_run(
        RunKind.AUDIT,
        "audit",
        scenario={"scope": scope or "ghl_integration"},
        seed=0,
        receiver=receiver.url,
        scheme=receiver.scheme,
    )


def audit_into(
    folder: "RunFolder",
    receiver: Receiver,
    *,
    scope: frozenset[str] | None = None,
    min_score: float | None = None,
    settle_s: float | None = None,
) -> "AuditSummary":
    """Ask every check in scope; findings and transcripts are in the folder when this returns."""
    from ghlctl.audit.driver import run_audit
    from ghlctl.audit.receiver import Bounds
    from ghlctl.model.run import RunState

    summary = run_audit(
        audited(receiver),
        scope=scope,
        min_score=min_score,
        run=folder.id,
        bounds=Bounds() if settle_s is None else Bounds(settle_s=settle_s),
        on_finding=lambda finding, exchanges: folder.append_transcript(finding.id, exchanges),
    )
    folder.write_audit(summary)
    end_run(folder, RunState.COMPLETE)
    return summary


def audited(receiver: Receiver) -> "AuditedReceiver":
    from ghlctl.audit.receiver import AuditedReceiver
    from ghlctl.store.keys import resolve_key

    key = None if receiver.key_ref is None else resolve_key(receiver.key_ref, os.environ)
    return AuditedReceiver(
        url=receiver.url,
        provider=receiver.provider,
        scheme=receiver.scheme,
        key=key,
        upstream_url=receiver.upstream,
        headers=receiver.headers,
    )


def status_of(summary: "AuditSummary") -> ExitStatus:
    """A failed check fails; where too little could be decided, nothing was measured."""
    from ghlctl.audit.grading import LEAST_COVERAGE
    from ghlctl.model.finding import Outcome

    outcomes = {finding.outcome for finding in summary.checks}
    undecided = summary.coverage < LEAST_COVERAGE or Outcome.ERROR in outcomes
    if summary.score is None or (undecided and not summary.passed and Outcome.FAIL not in outcomes):
        return ExitStatus.NOT_MEASURED
    return ExitStatus.FINE if summary.passed else ExitStatus.FAILED
