"""From a receiver to a stored audit: what audit, baseline and demo have in common."""

import os
from typing import TYPE_CHECKING

from ghlctl.cli.settings import Receiver
from ghlctl.errors import ExitStatus

if TYPE_CHECKING:
    from ghlctl.audit.target import AuditTarget
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
) -> "AuditSummary":
    """Ask every check in scope; findings and transcripts are in the folder when this returns."""
    from ghlctl.audit.driver import run_audit

    summary = run_audit(
        target_for(receiver),
        scope=scope,
        min_score=min_score,
        run=folder.id,
        on_finding=lambda finding, exchanges: folder.append_transcript(finding.id, exchanges),
    )
    folder.write_audit(summary)
    return summary


def end_run(folder: "RunFolder") -> None:
    """Mark a run that measured no load as complete."""
    import msgspec

    from ghlctl.model.run import RunState
    from ghlctl.store.begin import utc_now

    run = folder.read_run()
    folder.write_run(msgspec.structs.replace(run, state=RunState.COMPLETE, ended_at=utc_now()))


def target_for(receiver: Receiver) -> "AuditTarget":
    from ghlctl.audit.target import AuditTarget
    from ghlctl.store.keys import resolve_key

    key = None if receiver.key_ref is None else resolve_key(receiver.key_ref, os.environ)
    return AuditTarget(
        url=receiver.url,
        provider=receiver.provider,
        scheme=receiver.scheme,
        key=key,
        upstream_url=receiver.upstream,
        headers=receiver.headers,
    )


def status_of(summary: "AuditSummary") -> ExitStatus:
    """No score means that nothing could be said."""
    if summary.score is None:
        return ExitStatus.NOT_MEASURED
    return ExitStatus.FINE if summary.passed else ExitStatus.FAILED
