"""ghlctl trend: where a receiver changed for good, over many stored runs."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ghlctl.cli import options
from ghlctl.cli.output import Format, as_json, emit, require_writable
from ghlctl.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ghlctl.model.caution import Caution
    from ghlctl.model.run import Run
    from ghlctl.model.summary import LoadSummary
    from ghlctl.model.trend import TrendSummary
    from ghlctl.store.runs import RunStore

_NOT_THE_LOAD = ("seed", "thresholds", "receiver", "embedded", "effects")


def trend(
    name: Annotated[
        str | None, typer.Argument(help="Runs of this name; else of the latest one's.")
    ] = None,
    last: Annotated[int, typer.Option("--last", min=2, help="Look at so many runs.")] = 200,
    min_change: Annotated[
        float, typer.Option("--min-change", metavar="PERCENT", min=0, help="Leave out less.")
    ] = 2.0,
    reports: options.Reports = None,
    config: options.ConfigFile = None,
    form: options.OutputFormat = Format.TEXT,
    output: options.Output = "-",
) -> None:
    """Find lasting changes over stored runs of one scenario on one machine."""
    from ghlctl.cli.settings import run_store
    from ghlctl.report.trend import render_trend

    require_writable(output)
    found = trend_of(run_store(reports, config), name, last=last, min_change=min_change / 100)
    emit(as_json(found) if form is Format.JSON else render_trend(found), output)


def trend_of(
    store: "RunStore", name: str | None, *, last: int, min_change: float
) -> "TrendSummary":
    """Raise StoreError where no whole run of that name is stored."""
    from msgspec.structs import replace

    from ghlctl.analysis.trend import Entry
    from ghlctl.analysis.trend import trend as trend_over

    measured = [each for each in _measured(store) if name in (None, each[0].name)]
    if not measured:
        called = f" {name!r}" if name else ""
        raise StoreError(f"no whole load run{called} is stored", "ghlctl runs list shows all")
    latest = measured[-1][0]
    alike = [each for each in measured if _alike(each[0], latest)]
    entries: Sequence[Entry] = [Entry(run.started_at, summary) for run, summary in alike[-last:]]
    of_name = sum(run.name == latest.name for run, _ in measured)
    found = trend_over(latest.name, entries, min_change=min_change)
    return replace(found, cautions=(*found.cautions, *_left_out(of_name - len(alike))))


def _measured(store: "RunStore") -> "Iterator[tuple[Run, LoadSummary]]":
    """Runs whose numbers may be trusted, oldest first; baselines among them."""
    from ghlctl.analysis.standing import RunStanding, standing_of

    found = []
    for folder in (*store.runs(), *store.baselines()):
        try:
            run, summary = folder.read_run(), folder.read_load()
        except StoreError:
            continue
        if summary is not None and standing_of(summary) is RunStanding.MEASURED:
            found.append((run, summary))
    yield from sorted(found, key=lambda each: each[0].started_at)


def _alike(run: "Run", latest: "Run") -> bool:
    """The same load, sent from the same machine."""
    from ghlctl.store.environment import same_machine

    same = run.name == latest.name and _load(run.scenario) == _load(latest.scenario)
    return same and same_machine(run.environment, latest.environment)


def _load(scenario: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in scenario.items() if key not in _NOT_THE_LOAD}


def _left_out(count: int) -> "tuple[Caution, ...]":
    from ghlctl.model.caution import Caution

    if not count:
        return ()
    text = (
        f"{count} runs of this name had another load or machine than the latest, and are left out"
    )
    return (Caution("runs-left-out", text, "give scenarios that differ names of their own"),)
