"""ghlctl compare: before and after, from stored runs."""

from typing import TYPE_CHECKING, Annotated

import typer

from ghlctl.cli.options import ConfigFile, Output, OutputFormat, Reports
from ghlctl.cli.output import Format, as_json, emit
from ghlctl.errors import ExitStatus

if TYPE_CHECKING:
    from ghlctl.model.estimate import CompareSummary
    from ghlctl.store.runs import RunFolder


def compare(
    baseline: Annotated[str, typer.Argument(help="The run or baseline compared against.")],
    candidate: Annotated[str, typer.Argument(help="The run compared.")],
    reports: Reports = None,
    config: ConfigFile = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 4 when unclear.")] = False,
    form: OutputFormat = Format.TEXT,
    output: Output = "-",
) -> ExitStatus:
    """Compare two stored runs: intervals over blocks, and a verdict where one can be given."""
    from ghlctl.cli.settings import run_store
    from ghlctl.report.text import render_comparison

    store = run_store(reports, config)
    result = compare_runs(store.find(baseline), store.find(candidate))
    emit(as_json(result) if form is Format.JSON else render_comparison(result), output)
    return exit_of(result, strict=strict)


def compare_runs(baseline: "RunFolder", candidate: "RunFolder") -> "CompareSummary":
    """Compare two runs' summaries; raise StoreError where one measured no load."""
    from ghlctl.analysis.comparison import compare as compare_summaries
    from ghlctl.cli.stored import load_of
    from ghlctl.store.environment import same_machine

    one, other = baseline.read_run().environment, candidate.read_run().environment
    return compare_summaries(
        load_of(baseline), load_of(candidate), environments_differ=not same_machine(one, other)
    )


def exit_of(result: "CompareSummary", *, strict: bool) -> ExitStatus:
    """Worse fails; unclear fails only where the caller asked for strictness."""
    from ghlctl.model.estimate import Verdict

    match result.verdict:
        case Verdict.WORSE:
            return ExitStatus.FAILED
        case Verdict.UNCLEAR if strict:
            return ExitStatus.INCONCLUSIVE
        case _:
            return ExitStatus.FINE
