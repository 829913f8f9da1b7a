"""ghlctl gate: thresholds over anything measured."""

from typing import TYPE_CHECKING, Annotated

import typer

from ghlctl.cli import options
from ghlctl.cli.output import Format, as_json, emit, require_writable
from ghlctl.errors import ExitStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ghlctl.cli.evidence import Evidence
    from ghlctl.cli.policies import Bounds
    from ghlctl.model.suppression import Suppression
    from ghlctl.model.threshold import GateResult, Place
    from ghlctl.report.document import Document


def gate(
    runs: Annotated[
        list[str],
        typer.Argument(help="Runs, or JSON results of compare and health, to hold against bounds."),
    ],
    threshold: Annotated[
        list[str] | None,
        typer.Option("--threshold", metavar="EXPR", help="e.g. 'response_time p95 < 600ms'."),
    ] = None,
    policy: Annotated[
        str | None,
        typer.Option("--policy", metavar="FILE", help="Thresholds: a file, plan, strict or smoke."),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option("--against", metavar="RUN", help="The baseline: a name, or its summary.json."),
    ] = None,
    suppressions: options.Suppressions = None,
    artifacts: Annotated[
        str | None,
        typer.Option(
            "--artifacts", metavar="DIR", help="Write JUnit, code quality, metrics and a summary."
        ),
    ] = None,
    reports: options.Reports = None,
    config: options.ConfigFile = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 4 when unclear.")] = False,
    form: options.OutputFormat = Format.TEXT,
    output: options.Output = "-",
) -> ExitStatus:
    """Hold stored runs against thresholds; without any given, against those of their scenarios."""
    from ghlctl.cli.accepting import read_accepted
    from ghlctl.cli.ci import make_artifacts_folder, on_github, tell_github, write_artifacts
    from ghlctl.cli.evidence import evidence_at
    from ghlctl.cli.gating import judge, status_of
    from ghlctl.cli.policies import bounds_given, places_of_own
    from ghlctl.cli.settings import run_store

    require_writable(output)
    if artifacts is not None:
        make_artifacts_folder(artifacts)
    bounds = bounds_given(threshold or (), policy)
    accepted = read_accepted(suppressions)
    store = run_store(reports, config)
    candidates = [_as_accepted(evidence_at(store, run), accepted) for run in runs]
    baseline = None if against is None else evidence_at(store, against)
    result = judge(candidates, bounds, baseline, store)
    emit(as_json(result) if form is Format.JSON else told(result), output)
    if artifacts is not None or on_github():
        document = _document(candidates, result, bounds, places_of_own(config))
        if artifacts is not None:
            write_artifacts(document, artifacts)
        tell_github(document)
    return status_of(result, strict=strict)


def _as_accepted(
    evidence: "Evidence", suppressions: "tuple[Suppression, ...] | None"
) -> "Evidence":
    from dataclasses import replace

    from ghlctl.cli.accepting import with_accepted

    if evidence.audit is None:
        return evidence
    return replace(evidence, audit=with_accepted(evidence.audit, suppressions))


def told(result: "GateResult") -> str:
    """Comparisons, thresholds and what they come to."""
    from ghlctl.report.text import render_comparison, render_gate

    texts = [render_comparison(comparison) for comparison in result.comparisons]
    return "\n".join([*texts, render_gate(result)])


def _document(
    candidates: "list[Evidence]",
    result: "GateResult",
    bounds: "Bounds",
    own_places: "Mapping[str, Place]",
) -> "Document":
    """What the CI's own pages show: the runs, and the gate over them."""
    from dataclasses import replace

    from ghlctl.cli.report import document_of
    from ghlctl.report.document import AuditView, Document, Gate
    from ghlctl.store.begin import utc_now

    folders = [each.folder for each in candidates if each.folder is not None]
    whole = document_of(folders) if folders else Document("ghlctl gate", utc_now())
    audits = tuple(AuditView(each.name, each.audit) for each in candidates if each.audit)
    places = {**own_places, **bounds.places}
    comparison = result.comparisons[0] if result.comparisons else None
    return replace(whole, audits=audits, comparison=comparison, gate=Gate(result, places))
