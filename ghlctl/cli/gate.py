"""ghlctl gate: thresholds over anything measured."""

from typing import TYPE_CHECKING, Annotated

import typer

from ghlctl.cli.options import ConfigFile, Output, OutputFormat, Reports
from ghlctl.cli.output import Format, as_json, emit
from ghlctl.errors import ExitStatus, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ghlctl.model.finding import AuditSummary
    from ghlctl.model.summary import LoadSummary
    from ghlctl.model.threshold import Threshold, ThresholdResult
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
    from ghlctl.analysis.thresholds import gate as gate_results
    from ghlctl.cli.compare import compare_runs, exit_of
    from ghlctl.cli.settings import run_store
    from ghlctl.report.text import render_comparison, render_gate

    store = run_store(reports, config)
    folders = [store.find(run) for run in runs]
    results = _results(folders, threshold or ())
    if not results and against is None:
        raise UsageError(
            "there is nothing to hold the runs against", "give --threshold or --against"
        )
    verdict = gate_results(results)
    texts = [render_gate(verdict)] if results else []
    status = ExitStatus.FINE if verdict.passed else ExitStatus.FAILED
    if against is not None:
        for folder in folders:
            comparison = compare_runs(store.find(against), folder)
            texts.append(render_comparison(comparison))
            status = _graver(status, exit_of(comparison, strict=strict))
    emit(as_json(verdict) if form is Format.JSON else "\n\n".join(texts), output)
    return status


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

    from ghlctl.scenario.reader import read_scenario

    run = folder.read_run()
    return read_scenario(yaml.safe_dump(run.scenario), run.id).thresholds


def _graver(one: ExitStatus, other: ExitStatus) -> ExitStatus:
    order = (ExitStatus.FINE, ExitStatus.INCONCLUSIVE, ExitStatus.FAILED)
    return max(one, other, key=order.index)
