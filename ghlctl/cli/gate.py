"""ghlctl gate: thresholds over anything measured."""

from typing import TYPE_CHECKING, Annotated

import typer

from ghlctl.cli.options import ConfigFile, Output, OutputFormat, Reports
from ghlctl.cli.output import Format, as_json, emit
from ghlctl.errors import ExitStatus, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ghlctl.model.caution import Caution
    from ghlctl.model.finding import AuditSummary
    from ghlctl.model.summary import LoadSummary
    from ghlctl.model.threshold import GateResult, Threshold, ThresholdResult
    from ghlctl.store.runs import RunFolder


def gate(
    runs: Annotated[list[str], typer.Argument(help="Runs to hold against the thresholds.")],
    threshold: Annotated[
        list[str] | None,
        typer.Option("--threshold", metavar="EXPR", help="e.g. 'response_time p95 < 600ms'."),
    ] = None,
    against: Annotated[
        str | None, typer.Option("--against", help="Fail when worse than this baseline.")
    ] = None,
    reports: Reports = None,
    config: ConfigFile = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 4 when unclear.")] = False,
    form: OutputFormat = Format.TEXT,
    output: Output = "-",
) -> ExitStatus:
    """Hold stored runs against thresholds; without any given, against those of their scenarios."""
    from msgspec.structs import replace

    from ghlctl.analysis.thresholds import gate as gate_results
    from ghlctl.cli.compare import compare_runs, exit_of
    from ghlctl.cli.settings import run_store

    store = run_store(reports, config)
    folders = [store.find(run) for run in runs]
    results = _results(folders, threshold or ())
    if not results and against is None:
        raise UsageError(
            "there is nothing to hold the runs against", "give --threshold or --against"
        )
    cautions = tuple(caution for folder in folders for caution in _untrusted(folder))
    comparisons = tuple(
        compare_runs(store.find(against), folder) for folder in folders if against is not None
    )
    statuses = [exit_of(each, strict=strict) for each in comparisons]
    verdict = gate_results(results)
    passed = verdict.passed and not cautions and ExitStatus.FAILED not in statuses
    verdict = replace(verdict, passed=passed, comparisons=comparisons, cautions=cautions)
    emit(as_json(verdict) if form is Format.JSON else _told(verdict), output)
    if cautions:
        return ExitStatus.NOT_MEASURED
    if not passed:
        return ExitStatus.FAILED
    return ExitStatus.INCONCLUSIVE if ExitStatus.INCONCLUSIVE in statuses else ExitStatus.FINE


def _told(verdict: "GateResult") -> str:
    from ghlctl.report.text import render_comparison, render_gate

    texts = [render_gate(verdict)] if verdict.thresholds else []
    texts += [render_comparison(comparison) for comparison in verdict.comparisons]
    texts += [f"caution: {caution.text}\n  hint: {caution.hint}" for caution in verdict.cautions]
    return "\n\n".join(texts)


def _untrusted(folder: "RunFolder") -> "Iterator[Caution]":
    """Why a load run may not be held against anything, if so."""
    from ghlctl.analysis.standing import RunStanding, standing_of
    from ghlctl.cli.stored import stored_load
    from ghlctl.model.caution import Caution

    summary = stored_load(folder)
    standing = standing_of(summary) if summary else RunStanding.MEASURED
    if standing is not RunStanding.MEASURED:
        text = f"run {folder.id} decides nothing: {standing.reason}"
        yield Caution(standing.code, text, "measure again")


def _results(
    folders: "Sequence[RunFolder]", expressions: "Sequence[str]"
) -> "tuple[ThresholdResult, ...]":
    """Given thresholds over all the runs; without any, each run's own over itself."""
    from ghlctl.analysis.thresholds import evaluate
    from ghlctl.model.threshold import Threshold

    given = tuple(Threshold(expr=text) for text in expressions)
    if given:
        return evaluate(given, *(each for folder in folders for each in _measured(folder)))
    return tuple(
        result for folder in folders for result in evaluate(_own(folder), *_measured(folder))
    )


def _measured(folder: "RunFolder") -> "tuple[LoadSummary | AuditSummary | None, ...]":
    from ghlctl.cli.stored import stored_load

    return stored_load(folder), folder.read_audit()


def _own(folder: "RunFolder") -> "tuple[Threshold, ...]":
    import yaml

    from ghlctl.model.run import RunKind
    from ghlctl.scenario.reader import read_scenario

    run = folder.read_run()
    if run.kind is RunKind.AUDIT:
        return ()
    return read_scenario(yaml.safe_dump(run.scenario), run.id).thresholds
