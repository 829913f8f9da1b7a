"""From a receiver to a stored audit: what audit, baseline and demo have in common."""

import os
from typing import TYPE_CHECKING

from ghlctl.cli.interrupts import end_run
from ghlctl.cli.settings import Receiver
from ghlctl.errors import ExitStatus, StoreError

if TYPE_CHECKING:
    from ghlctl.audit.receiver import AuditedReceiver, Bounds, Means
    from ghlctl.model.finding import AuditSummary
    from ghlctl.model.run import Run
    from ghlctl.store.runs import RunFolder

SETTING_FILE = "setting.json"
STEPS_FILE = "steps.jsonl"


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
    means: "Means | None" = None,
    bounds: "Bounds | None" = None,
    before: "AuditSummary | None" = None,
) -> "AuditSummary":
    """Ask every check in scope; findings and transcripts are in the folder when this returns.

    Without `means` it is given what a receiver has that runs here for this command. `before` is
    the audit whose failures are known.
    """
    from dataclasses import replace

    from ghlctl.audit.driver import run_audit
    from ghlctl.audit.recording import Setting
    from ghlctl.audit.summary import against
    from ghlctl.cli.audit_options import MeansFlags, bounds_for, means_of
    from ghlctl.model.run import RunState
    from ghlctl.scenario.audit_config import AuditConfig

    bounds = bounds or bounds_for(receiver, AuditConfig())
    if settle_s is not None:
        bounds = replace(bounds, settle_s=settle_s)
    summary = run_audit(
        audited(receiver, means or means_of(MeansFlags(), AuditConfig(), receiver)),
        scope=scope,
        min_score=min_score,
        run=folder.id,
        bounds=bounds,
        on_finding=lambda finding, exchanges: folder.append_transcript(finding.id, exchanges),
        on_recording=lambda one: (
            folder.write_value(SETTING_FILE, one)
            if isinstance(one, Setting)
            else folder.append_line(STEPS_FILE, one)
        ),
    )
    if before is not None:
        summary = against(summary, before)
    folder.write_audit(summary)
    end_run(folder, RunState.COMPLETE)
    return summary


def audited(receiver: Receiver, means: "Means") -> "AuditedReceiver":
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
        means=means,
    )


def judged_again(folder: "RunFolder", min_score: float | None = None) -> "AuditSummary":
    """A stored audit judged by today's checks; StoreError where too little of it was stored."""
    from ghlctl.audit.recording import Recording, Setting
    from ghlctl.audit.rejudge import rejudge

    summary = stored_audit(folder)
    setting = folder.read_value(SETTING_FILE, Setting)
    if setting is None:
        raise StoreError(
            f"run {folder.id} does not hold what its checks were sent",
            "it is from an older ghlctl: audit the receiver again",
        )
    recordings = folder.read_lines(STEPS_FILE, Recording)
    return rejudge(summary, setting, recordings, min_score=min_score)


def stored_audit(folder: "RunFolder") -> "AuditSummary":
    summary = folder.read_audit()
    if summary is None:
        raise StoreError(f"run {folder.id} holds no finished audit", "name another run")
    return summary


def status_of(summary: "AuditSummary") -> ExitStatus:
    """A failed check fails; where too little could be decided, nothing was measured."""
    from ghlctl.audit.grading import LEAST_COVERAGE
    from ghlctl.model.finding import Outcome

    outcomes = {finding.outcome for finding in summary.checks}
    undecided = summary.coverage < LEAST_COVERAGE or Outcome.ERROR in outcomes
    if summary.score is None or (undecided and not summary.passed and Outcome.FAIL not in outcomes):
        return ExitStatus.NOT_MEASURED
    return ExitStatus.FINE if summary.passed else ExitStatus.FAILED
