"""ghlctl report: one document of one run or more."""

from typing import TYPE_CHECKING, Annotated

import typer

from ghlctl.cli.options import ConfigFile, Reports
from ghlctl.cli.output import emit
from ghlctl.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ghlctl.model.estimate import CompareSummary
    from ghlctl.report.document import Document
    from ghlctl.store.runs import RunFolder


def report(
    runs: Annotated[list[str], typer.Argument(help="One run; or before and after, in that order.")],
    form: Annotated[
        str,
        typer.Option(
            "--format",
            help="text, html, markdown, json, csv, junit, sarif, codequality, openmetrics, bencher"
            " or github-benchmark; hdr: a log of samples.",
        ),
    ] = "text",
    reports: Reports = None,
    config: ConfigFile = None,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="Where it goes; - is stdout.")
    ] = "-",
) -> None:
    """Write one document about stored runs; of two, the second is compared with the first."""
    emit(render_runs(runs, form, reports, config), output)


def render_runs(
    references: "Sequence[str]", form: str, reports: str | None, config: str | None
) -> str:
    """Find the runs and render them; raise UsageError for an unknown format."""
    from ghlctl.cli.settings import run_store
    from ghlctl.report.catalogue import SAMPLES_LOG, format_named

    store = run_store(reports, config)
    if form == SAMPLES_LOG:
        return _log_of([store.find(reference) for reference in references])
    render = format_named(form)
    return render(document_of([store.find(reference) for reference in references]))


def _log_of(folders: "Sequence[RunFolder]") -> str:
    from ghlctl.cli.stored import ended_run
    from ghlctl.report.hdr import render_log
    from ghlctl.store.samples import read_samples

    if len(folders) != 1:
        raise UsageError("an HdrHistogram log is of one run", "write one log for each run")
    return render_log(ended_run(folders[0]), read_samples(folders[0].path))


def document_of(
    folders: "Sequence[RunFolder]", *, labels: "Sequence[str]" = (), notes: tuple[str, ...] = ()
) -> "Document":
    """What a report of these runs shows; nothing is measured anew."""
    from ghlctl.cli.compare import compare_runs
    from ghlctl.cli.stored import audit_view, load_view
    from ghlctl.report.document import Document
    from ghlctl.store.begin import utc_now

    names = list(labels) or _labels(folders)
    if len(folders) == 1 and (comparison := folders[0].read_comparison()) is not None:
        return _live_document(folders[0], comparison, names[0], notes)
    pairs = list(zip(folders, names, strict=True))
    loads = [view for folder, name in pairs if (view := load_view(folder, name))]
    audits = [audit for folder, name in pairs if (audit := audit_view(folder, name))]
    comparable = len(folders) == 2 and len(loads) == 2  # noqa: PLR2004 - before and after
    return Document(
        title=" and ".join(dict.fromkeys(names)),
        generated_at=utc_now(),
        loads=tuple(loads),
        audits=tuple(audits),
        comparison=compare_runs(folders[0], folders[1]) if comparable else None,
        notes=notes,
    )


def _live_document(
    folder: "RunFolder", comparison: "CompareSummary", title: str, notes: tuple[str, ...]
) -> "Document":
    """A live comparison with its arms; a duet without them, as only its ratios hold."""
    from ghlctl.cli.stored import load_view
    from ghlctl.model.estimate import Mode
    from ghlctl.report.document import Document
    from ghlctl.store.begin import utc_now

    arms = folder.arms() if comparison.mode is not Mode.DUET else {}
    names = {"A": comparison.baseline, "B": comparison.candidate}
    views = (load_view(arms[each], names[each]) for each in names if each in arms)
    return Document(
        title=title,
        generated_at=utc_now(),
        loads=tuple(view for view in views if view is not None),
        comparison=comparison,
        notes=notes,
    )


def _labels(folders: "Sequence[RunFolder]") -> list[str]:
    """The runs' names; where two share one, their ids."""
    names = [folder.read_run().name for folder in folders]
    return names if len(set(names)) == len(names) else [folder.id for folder in folders]
