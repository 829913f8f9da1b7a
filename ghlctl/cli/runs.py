"""ghlctl runs: what was measured."""

from typing import TYPE_CHECKING, Annotated

import typer

from ghlctl.cli.options import ConfigFile, Output, OutputFormat, Reports
from ghlctl.cli.output import Format, as_json, emit, say

if TYPE_CHECKING:
    from ghlctl.store.runs import RunFolder

app = typer.Typer(no_args_is_help=True, help="What was measured.")
Reference = Annotated[str, typer.Argument(help="A run's id, part of it, path, or latest.")]


@app.command("list")
def list_runs(
    reports: Reports = None,
    config: ConfigFile = None,
    form: OutputFormat = Format.TEXT,
    output: Output = "-",
) -> None:
    """List all runs, oldest first."""
    from ghlctl.cli.settings import run_store

    emit(listing(run_store(reports, config).runs(), form), output)


@app.command("show")
def show(
    run: Reference,
    reports: Reports = None,
    config: ConfigFile = None,
    form: OutputFormat = Format.TEXT,
    output: Output = "-",
) -> None:
    """Show one run as a report."""
    from ghlctl.cli.report import render_runs

    emit(render_runs([run], form.value, reports, config), output)


@app.command("delete")
def delete(run: Reference, reports: Reports = None, config: ConfigFile = None) -> None:
    """Delete one run from the disk."""
    from ghlctl.cli.settings import run_store

    say(f"deleted {run_store(reports, config).delete(run).path}")


@app.command("export")
def export(
    run: Reference, reports: Reports = None, config: ConfigFile = None, output: Output = "-"
) -> None:
    """Write a run's samples as CSV."""
    from ghlctl.cli.settings import run_store
    from ghlctl.report.samples_csv import samples_as_csv
    from ghlctl.store.samples import read_samples

    emit(samples_as_csv(read_samples(run_store(reports, config).find(run).path)), output)


def listing(
    folders: "list[RunFolder]", form: Format, none: str = "no runs yet; ghlctl demo makes the first"
) -> str:
    """Runs as a table or as JSON; one that cannot be read is named, not hidden."""
    from ghlctl.errors import StoreError
    from ghlctl.store.runs import state_on_disk

    rows: list[dict[str, object]] = []
    for folder in folders:
        try:
            run = folder.read_run()
        except StoreError as fault:
            rows.append({"run": folder.id, "state": "unreadable", "name": fault.message})
            continue
        rows.append(
            {
                "run": folder.id,
                "kind": run.kind.value,
                "state": state_on_disk(run).value,
                "name": run.name,
                "receiver": run.receiver,
                "started_at": run.started_at,
            }
        )
    if form is Format.JSON:
        return as_json({"schema_version": 1, "runs": list(rows)})
    lines = [f"{row['run']!s:<42} {row['state']!s:<10} {row['name']}" for row in rows]
    return "\n".join(lines) or none
