"""ghlctl loadtest: signed load, and what it showed."""

from typing import TYPE_CHECKING, Annotated

import typer

from ghlctl.cli import options
from ghlctl.cli.interrupts import kept
from ghlctl.cli.output import Format, emit, require_writable, say
from ghlctl.errors import ExitStatus

if TYPE_CHECKING:
    from ghlctl.store.runs import RunFolder


def loadtest(
    scenario: options.ScenarioFile = None,
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
    iterations: options.Iterations = None,
    concurrency: options.Concurrency = None,
    rate: options.Rate = None,
    duration: options.Duration = None,
    replay: options.Replay = None,
    speed: options.Speed = None,
    threshold: options.Thresholds = None,
    against: Annotated[
        str | None, typer.Option("--against", help="Compare with this baseline; worse fails.")
    ] = None,
    seed: options.Seed = None,
    strict: options.Strict = False,
    reports: options.Reports = None,
    config: options.ConfigFile = None,
    form: options.OutputFormat = Format.TEXT,
    output: options.Output = "-",
) -> ExitStatus:
    """Send signed load on an absolute schedule, and say what it showed."""
    from ghlctl.cli.loading import (
        Shape,
        captured_for,
        load_report,
        measure_into,
        new_load_run,
        receiver_for,
        require_ready,
        scenario_for,
        status_of,
    )
    from ghlctl.cli.settings import Flags, load_config, store_of
    from ghlctl.model.run import RunKind

    require_writable(output)
    settings = load_config(config)
    thresholds = threshold or ()
    shape = Shape(
        scenario, iterations, concurrency, rate, duration, thresholds, seed, replay, speed
    )
    planned = scenario_for(shape, settings)
    captured = captured_for(planned)
    store = store_of(settings, reports)
    baseline = None if against is None else store.find(against)
    flags = Flags(url, provider, scheme, key, upstream, header, authorized)
    reaching = receiver_for(
        flags,
        settings,
        scenario=planned,
        profile=profile,
        switches=switches or (),
        serve_upstream=serve_upstream,
    )
    with reaching as receiver:
        require_ready(receiver)
        run = new_load_run(RunKind.LOADTEST, planned.name, planned, receiver)
        folder = store.create(run)
        with kept(folder):
            measured = measure_into(folder, run, planned, receiver, captured)
    emit(load_report(folder, measured.summary, form), output)
    status = status_of(measured)
    if baseline is None or status is not ExitStatus.FINE:
        return status
    return _held_against(baseline, folder, strict=strict)


def _held_against(baseline: "RunFolder", folder: "RunFolder", *, strict: bool) -> ExitStatus:
    from ghlctl.cli.compare import compare_runs, exit_of
    from ghlctl.report.text import render_comparison

    comparison = compare_runs(baseline, folder)
    say(render_comparison(comparison))
    return exit_of(comparison, strict=strict)
