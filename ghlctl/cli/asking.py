"""One audit from the shell: planned, or asked and stored."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ghlctl.cli.interrupts import kept
from ghlctl.cli.output import as_json

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from ghlctl.cli.audit_options import MeansFlags
    from ghlctl.cli.settings import Flags, Receiver
    from ghlctl.model.finding import AuditSummary
    from ghlctl.model.suppression import Suppression
    from ghlctl.scenario.config import Config
    from ghlctl.store.runs import RunFolder


@dataclass(frozen=True, slots=True)
class Asking:
    """One audit as the command line and the config describe it."""

    flags: "Flags"
    means: "MeansFlags"
    settings: "Config"
    profile: str | None = None
    switches: tuple[str, ...] = ()
    serve_upstream: int | None = None
    reports: str | None = None
    max_requests: int | None = None

    def planned(self, scope: str | None) -> str:
        """What would be asked; nothing is sent."""
        from ghlctl.audit.plan import plan_of
        from ghlctl.cli.audit_listing import planned
        from ghlctl.cli.audit_options import bounds_for, means_of
        from ghlctl.cli.auditing import audited

        with self._receiver() as receiver:
            audit = self.settings.audit
            means = means_of(self.means, audit, receiver)
            bounds = bounds_for(receiver, audit, max_requests=self.max_requests)
            return planned(plan_of(audited(receiver, means), names_of(scope), bounds))

    def measured(
        self,
        scope: str | None,
        form: str,
        *,
        min_score: float | None = None,
        baseline: str | None = None,
        accepted: "tuple[Suppression, ...] | None" = None,
    ) -> "tuple[AuditSummary, str]":
        """The stored audit, with its accepted risks, and its document."""
        from ghlctl.cli.accepting import with_accepted
        from ghlctl.cli.auditing import stored_audit
        from ghlctl.cli.report import document_of
        from ghlctl.cli.settings import store_of
        from ghlctl.report.catalogue import format_named

        render = format_named(form)
        store = store_of(self.settings, self.reports)
        before = None if baseline is None else stored_audit(store.find(baseline))
        with self._receiver() as receiver:
            folder, summary = self.into(receiver, scope, min_score=min_score, before=before)
        if accepted is not None:
            summary = with_accepted(summary, accepted)
            folder.write_audit(summary)
        shown = as_json(summary) if form == "json" else render(document_of([folder]))
        return summary, shown

    def into(
        self,
        receiver: "Receiver",
        scope: str | None,
        *,
        min_score: float | None = None,
        before: "AuditSummary | None" = None,
    ) -> "tuple[RunFolder, AuditSummary]":
        from ghlctl.cli.audit_options import bounds_for, means_of
        from ghlctl.cli.auditing import audit_into, new_audit_run
        from ghlctl.cli.deliveries import signing_key
        from ghlctl.cli.loading import require_reachable
        from ghlctl.cli.settings import store_of

        if receiver.key_ref is not None:
            signing_key(receiver)  # one that does not fit is refused before any run is begun
        audit = self.settings.audit
        means = means_of(self.means, audit, receiver)
        require_reachable(receiver.url)
        folder = store_of(self.settings, self.reports).create(new_audit_run(receiver, scope))
        with kept(folder):
            summary = audit_into(
                folder,
                receiver,
                scope=names_of(scope),
                min_score=min_score,
                means=means,
                bounds=bounds_for(receiver, audit, max_requests=self.max_requests),
                before=before,
            )
        return folder, summary

    def _receiver(self) -> "AbstractContextManager[Receiver]":
        from ghlctl.cli.loading import receiver_for

        return receiver_for(
            self.flags,
            self.settings,
            profile=self.profile,
            switches=self.switches,
            serve_upstream=self.serve_upstream,
        )


def names_of(scope: str | None) -> frozenset[str] | None:
    """The words of --scope; None where there are none."""
    names = frozenset(name.strip() for name in (scope or "").split(",") if name.strip())
    return names or None
