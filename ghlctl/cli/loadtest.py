"""ghlctl loadtest: signed load, and what it showed."""

from typing import Annotated

import typer

from ghlctl.cli import options, spreading
from ghlctl.cli.interrupts import kept
from ghlctl.cli.output import Format, emit, require_writable, say
from ghlctl.errors import ExitStatus, UsageError


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
    workers: spreading.Workers = None,
    distributed: spreading.Distributed = None,
    expect_workers: spreading.Expected = None,
    join_within: spreading.JoinWithin = "60s",
    web: spreading.Web = None,
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
    from ghlctl.cli.evidence import evidence_at
    from ghlctl.cli.gate import told
    from ghlctl.cli.gating import judge
    from ghlctl.cli.gating import status_of as gate_status
    from ghlctl.cli.load_shape import Shape, relative_thresholds, scenario_for
    from ghlctl.cli.loading import (
        captured_for,
        load_report,
        measure_into,
        new_load_run,
        receiver_for,
        require_ready,
        status_of,
    )
    from ghlctl.cli.policies import Bounds
    from ghlctl.cli.settings import Flags, load_config, store_of
    from ghlctl.model.run import RunKind

    require_writable(output)
    spread = spreading.spread_of(workers, distributed, expect_workers, join_within, web)
    settings = load_config(config)
    thresholds = threshold or ()
    shape = Shape(
        scenario, iterations, concurrency, rate, duration, thresholds, seed, replay, speed
    )
    planned = scenario_for(shape, settings)
    captured = captured_for(planned)
    store = store_of(settings, reports)
    baseline = None if against is None else evidence_at(store, against)
    later = relative_thresholds(planned.thresholds)
    if later and baseline is None:
        raise UsageError(
            f"{later[0].expr!r} needs a baseline", "name one with --against, or take it out"
        )
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
            measured = measure_into(folder, run, planned, receiver, captured, spread)
    emit(load_report(folder, measured.summary, form), output)
    status = status_of(measured)
    if baseline is None or status is not ExitStatus.FINE:
        return status
    result = judge([evidence_at(store, str(folder.path))], Bounds(later, {}), baseline, store)
    say(told(result))
    return gate_status(result, strict=strict)
