"""ghlctl audit: does the receiver act on what it should refuse?"""

from typing import TYPE_CHECKING, Annotated

import typer

from ghlctl.cli import audit_options, options
from ghlctl.cli.default_command import DefaultsToRun
from ghlctl.cli.output import Format, as_json, emit, require_writable, say
from ghlctl.errors import ExitStatus, StoreError

if TYPE_CHECKING:
    from ghlctl.model.finding import AuditSummary, Finding

app = typer.Typer(
    cls=DefaultsToRun,
    help="Security validation: ghlctl audit; or audit list, explain ID, replay ID, judge RUN.",
)


@app.command("run")
def audit(
    url: options.Url = None,
    provider: options.Provider = None,
    scheme: options.Scheme = None,
    key: options.Key = None,
    upstream: options.Upstream = None,
    serve_upstream: options.ServeUpstream = None,
    header: options.Header = None,
    authorized: options.Authorized = False,
    profile: options.Profile = None,
    switches: options.Switches = None,
    scope: audit_options.Scope = None,
    intrusive: audit_options.Intrusive = False,
    timing: audit_options.Timing = False,
    dry_run: audit_options.DryRun = False,
    max_requests: audit_options.MaxRequests = None,
    log: audit_options.Logs = None,
    probe_cmd: audit_options.ProbeCmd = None,
    state_url: audit_options.StateUrl = None,
    acted_pattern: audit_options.ActedPattern = None,
    store_cmd: audit_options.StoreCmd = None,
    oldest_cmd: audit_options.OldestCmd = None,
    hook_restart: audit_options.HookRestart = None,
    hook_restart_without_key: audit_options.HookRestartWithoutKey = None,
    hook_rotate: audit_options.HookRotate = None,
    hook_revoke: audit_options.HookRevoke = None,
    second_key: audit_options.SecondKey = None,
    public_key: audit_options.PublicKey = None,
    source: audit_options.SourceDir = None,
    rate_limit: audit_options.RateLimit = None,
    retention_days: audit_options.RetentionDays = None,
    baseline: Annotated[
        str | None,
        typer.Option("--baseline", metavar="RUN", help="Fail only on what did not fail there."),
    ] = None,
    min_score: Annotated[
        float | None,
        typer.Option("--min-score", min=0, max=100, help="Fail below this, at the lower bound."),
    ] = None,
    suppressions: options.Suppressions = None,
    reports: options.Reports = None,
    config: options.ConfigFile = None,
    form: Annotated[
        str, typer.Option("--format", help="text, json, html, markdown, csv, junit or sarif.")
    ] = "text",
    output: options.Output = "-",
) -> ExitStatus:
    """Audit a receiver: forgeries, replays, malformed and oversized deliveries, with evidence.

    Other words after audit: list, explain ID, replay ID, judge RUN.
    """
    from ghlctl.cli.accepting import read_accepted
    from ghlctl.cli.asking import Asking
    from ghlctl.cli.audit_options import MeansFlags
    from ghlctl.cli.settings import Flags, load_config

    means = MeansFlags(
        logs=log,
        probe_cmd=probe_cmd,
        state_url=state_url,
        acted_pattern=acted_pattern,
        store_cmd=store_cmd,
        oldest_cmd=oldest_cmd,
        restart=hook_restart,
        restart_without_key=hook_restart_without_key,
        rotate=hook_rotate,
        revoke=hook_revoke,
        second_key=second_key,
        public_key=public_key,
        source=source,
        intrusive=intrusive,
        timing=timing,
        rate_limit_per_s=rate_limit,
        retention_days=retention_days,
    )
    settings = load_config(config)
    flags = Flags(url, provider, scheme, key, upstream, header, authorized)
    asking = Asking(
        flags,
        means,
        settings,
        profile=profile,
        switches=tuple(switches or ()),
        serve_upstream=serve_upstream,
        reports=reports,
        max_requests=max_requests,
    )
    require_writable(output)
    accepted = read_accepted(suppressions)
    if dry_run:
        emit(asking.planned(scope), output)
        return ExitStatus.FINE
    summary, shown = asking.measured(
        scope, form, min_score=min_score, baseline=baseline, accepted=accepted
    )
    emit(shown, output)
    return _status(summary, min_score)


@app.command("replay")
def replay(
    finding: Annotated[
        str, typer.Argument(metavar="FINDING", help="A check's id or name, like SIG-03.")
    ],
    run: Annotated[
        str, typer.Option("--run", metavar="RUN", help="The audit it was found in.")
    ] = "latest",
    url: options.Url = None,
    provider: options.Provider = None,
    scheme: options.Scheme = None,
    key: options.Key = None,
    upstream: options.Upstream = None,
    header: options.Header = None,
    authorized: options.Authorized = False,
    intrusive: audit_options.Intrusive = False,
    reports: options.Reports = None,
    config: options.ConfigFile = None,
    output: options.Output = "-",
) -> ExitStatus:
    """Ask the receiver one finding's question again, signed afresh: is the verdict the same?"""
    from ghlctl.cli.asking import Asking
    from ghlctl.cli.audit_options import MeansFlags
    from ghlctl.cli.auditing import stored_audit
    from ghlctl.cli.settings import Flags, load_config, settle, store_of
    from ghlctl.report.text import diagnostic

    settings = load_config(config)
    folder = store_of(settings, reports).find(run)
    before = _finding(stored_audit(folder), finding)
    where = url or settings.receiver.url or folder.read_run().receiver
    flags = Flags(
        where, provider, scheme or folder.read_run().scheme, key, upstream, header, authorized
    )
    asking = Asking(flags, MeansFlags(intrusive=intrusive), settings, reports=reports)
    receiver = settle(flags, settings)
    _, summary = asking.into(receiver, before.id)
    now = _finding(summary, before.id)
    same = now.outcome is before.outcome
    said = f"{'same verdict' if same else 'another verdict'} as in run {folder.id}: "
    change = now.outcome.value if same else f"{before.outcome.value} then, {now.outcome.value} now"
    emit("\n".join([*diagnostic(now), "", said + change.replace("_", " ")]), output)
    return _status_of_finding(now, scored=summary.score is not None)


@app.command("judge")
def judge(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A stored audit.")],
    min_score: Annotated[
        float | None,
        typer.Option("--min-score", min=0, max=100, help="Fail below this, at the lower bound."),
    ] = None,
    reports: options.Reports = None,
    config: options.ConfigFile = None,
    form: options.OutputFormat = Format.TEXT,
    output: options.Output = "-",
) -> ExitStatus:
    """Judge a stored audit again by the checks of this version, without any receiver."""
    from ghlctl.cli.audit_listing import changes
    from ghlctl.cli.auditing import judged_again, stored_audit
    from ghlctl.cli.settings import run_store
    from ghlctl.report.document import AuditView, Document
    from ghlctl.report.text import render
    from ghlctl.store.begin import utc_now

    folder = run_store(reports, config).find(run)
    summary = judged_again(folder, min_score)
    if form is Format.JSON:
        emit(as_json(summary), output)
    else:
        view = AuditView(folder.read_run().name, summary)
        document = Document(
            title=f"{folder.id}, judged again", generated_at=utc_now(), audits=(view,)
        )
        emit(render(document) + "\n" + changes(stored_audit(folder), summary), output)
    return _status(summary, min_score)


@app.command("list")
def list_checks(form: options.OutputFormat = Format.TEXT, output: options.Output = "-") -> None:
    """List every check with its topic, severity and needs."""
    from ghlctl.cli.audit_listing import listed, rows

    emit(
        as_json({"schema_version": 1, "checks": rows()}) if form is Format.JSON else listed(),
        output,
    )


@app.command("explain")
def explain(
    check: Annotated[str, typer.Argument(metavar="ID", help="A check's id or name, like SIG-01.")],
    output: options.Output = "-",
) -> None:
    """Say what a check sends, what is correct, why it matters and how to mend it."""
    from ghlctl.audit.catalogue import about
    from ghlctl.cli.audit_listing import explained

    emit(explained(about(check)), output)


def _finding(summary: "AuditSummary", reference: str) -> "Finding":
    found = next(
        (one for one in summary.checks if reference.lower() in (one.id.lower(), one.name)), None
    )
    if found is None:
        raise StoreError(
            f"run {summary.run} has no finding {reference!r}", "ghlctl audit list names all checks"
        )
    return found


def _status(summary: "AuditSummary", min_score: float | None = None) -> ExitStatus:
    from ghlctl.cli.accepting import status_with_accepted

    if summary.known:
        say(f"failed before, in {summary.baseline}: {', '.join(summary.known)}")
    return status_with_accepted(summary, min_score=min_score)


def _status_of_finding(finding: "Finding", *, scored: bool) -> ExitStatus:
    from ghlctl.model.finding import Outcome

    match finding.outcome:
        case Outcome.FAIL:
            return ExitStatus.FAILED
        case Outcome.PASS | Outcome.WARN | Outcome.NOT_APPLICABLE | Outcome.INFORMATIVE if scored:
            return ExitStatus.FINE
        case _:
            return ExitStatus.NOT_MEASURED
