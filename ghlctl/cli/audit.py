"""ghlctl audit: does the receiver act on what it should refuse?"""

import textwrap
from typing import TYPE_CHECKING, Annotated

import typer

from ghlctl.cli import options
from ghlctl.cli.default_command import DefaultsToRun
from ghlctl.cli.interrupts import kept
from ghlctl.cli.output import Format, as_json, emit, require_writable
from ghlctl.errors import ExitStatus

if TYPE_CHECKING:
    from ghlctl.audit.about import About

app = typer.Typer(
    cls=DefaultsToRun, help="Security validation: ghlctl audit; or audit list, audit explain ID."
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
    scope: Annotated[
        str | None,
        typer.Option("--scope", metavar="TOPIC,…", help="Topics or ids; ghl_integration is all."),
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

    Other words after audit: list, explain ID.
    """
    from ghlctl.cli.accepting import read_accepted, status_with_accepted, with_accepted
    from ghlctl.cli.auditing import audit_into, new_audit_run
    from ghlctl.cli.deliveries import signing_key
    from ghlctl.cli.loading import receiver_for, require_reachable
    from ghlctl.cli.report import document_of
    from ghlctl.cli.settings import Flags, load_config, store_of
    from ghlctl.report.catalogue import format_named

    render = format_named(form)
    require_writable(output)
    accepted = read_accepted(suppressions)
    settings = load_config(config)
    flags = Flags(url, provider, scheme, key, upstream, header, authorized)
    reaching = receiver_for(
        flags, settings, profile=profile, switches=switches or (), serve_upstream=serve_upstream
    )
    with reaching as receiver:
        if receiver.key_ref is not None:
            signing_key(receiver)  # one that does not fit is refused before any run is begun
        require_reachable(receiver.url)
        folder = store_of(settings, reports).create(new_audit_run(receiver, scope))
        with kept(folder):
            summary = audit_into(folder, receiver, scope=_names(scope), min_score=min_score)
    if accepted is not None:
        summary = with_accepted(summary, accepted)
        folder.write_audit(summary)
    emit(as_json(summary) if form == "json" else render(document_of([folder])), output)
    return status_with_accepted(summary, min_score=min_score)


@app.command("list")
def list_checks(form: options.OutputFormat = Format.TEXT, output: options.Output = "-") -> None:
    """List every check with its topic and severity."""
    from ghlctl.audit.catalogue import about_all

    checks = about_all()
    if form is Format.JSON:
        rows = [
            {"id": c.id, "topic": c.topic.value, "title": c.title, "severity": c.severity.value}
            for c in checks
        ]
        emit(as_json({"schema_version": 1, "checks": list(rows)}), output)
        return
    emit("\n".join(f"{c.id:<8} {c.severity.value:<9} {c.title}" for c in checks), output)


@app.command("explain")
def explain(
    check: Annotated[str, typer.Argument(metavar="ID", help="A check's id, like SIG-01.")],
    output: options.Output = "-",
) -> None:
    """Say what a check sends, what is correct, why it matters and how to mend it."""
    from ghlctl.audit.catalogue import about

    emit(explained(about(check)), output)


def explained(check: "About") -> str:
    """What a check says of itself, at 80 columns."""
    parts = (
        ("asks", check.asks),
        ("correct", check.correct),
        ("why", check.why),
        ("remedy", check.remedy),
        ("see", ", ".join(check.references)),
    )
    paragraphs = [
        textwrap.fill(f"{name:<9}{text}", 80, subsequent_indent=" " * 9)
        for name, text in parts
        if text
    ]
    head = f"{check.id}  {check.title}\n{check.topic.value}, {check.severity.value}"
    return "\n\n".join([head, *paragraphs])


def _names(scope: str | None) -> frozenset[str] | None:
    names = frozenset(name.strip() for name in (scope or "").split(",") if name.strip())
    return names or None
