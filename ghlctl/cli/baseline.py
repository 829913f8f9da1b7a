"""ghlctl baseline: a named run to compare later ones with."""

import re
from typing import Annotated

import typer

from ghlctl.cli import options, spreading
from ghlctl.cli.default_command import DefaultsToRun
from ghlctl.cli.interrupts import kept
from ghlctl.cli.output import Format, emit, require_writable, say
from ghlctl.errors import ExitStatus, UsageError

app = typer.Typer(
    cls=DefaultsToRun,
    help="Capture a named baseline: ghlctl baseline NAME; or list, show, delete.",
)
Name = Annotated[str, typer.Argument(help="The baseline's name.")]
RESERVED = ("list", "show", "delete", "run")


@app.command("run", cls=spreading.PortMayBeLeftOut)
def capture(
    name: Name,
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
    workers: spreading.Workers = None,
    distributed: spreading.Distributed = None,
    expect_workers: spreading.Expected = None,
    join_within: spreading.JoinWithin = "60s",
    web: spreading.Web = None,
    skip_audit: Annotated[bool, typer.Option("--skip-audit", help="Measure load only.")] = False,
    seed: options.Seed = None,
    reports: options.Reports = None,
    config: options.ConfigFile = None,
    form: options.OutputFormat = Format.TEXT,
    output: options.Output = "-",
) -> ExitStatus:
    """Capture a named baseline: load, effects, audit posture, environment.

    Its summary.json is small and stable: the file to commit. Other words after baseline:
    list, show NAME, delete NAME.
    """
    from ghlctl.cli.auditing import audit_into
    from ghlctl.cli.load_shape import Shape, scenario_for
    from ghlctl.cli.loading import (
        captured_for,
        load_report,
        measure_into,
        new_load_run,
        receiver_for,
        require_ready,
        status_of,
    )
    from ghlctl.cli.settings import Flags, load_config, store_of
    from ghlctl.model.run import RunKind

    _check_name(name)
    require_writable(output)
    spread = spreading.spread_of(workers, distributed, expect_workers, join_within, web)
    settings = load_config(config)
    planned = scenario_for(
        Shape(scenario, iterations, concurrency, rate, duration, (), seed), settings
    )
    captured = captured_for(planned)
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
        run = new_load_run(RunKind.BASELINE, name, planned, receiver)
        folder = store_of(settings, reports).create_baseline(name, run)
        with kept(folder):
            measured = measure_into(folder, run, planned, receiver, captured, spread)
            if not skip_audit and measured.summary.state == "complete":
                audit_into(folder, receiver)
    emit(load_report(folder, measured.summary, form), output)
    return status_of(measured)


@app.command("list")
def list_baselines(
    reports: options.Reports = None,
    config: options.ConfigFile = None,
    form: options.OutputFormat = Format.TEXT,
    output: options.Output = "-",
) -> None:
    """List the baselines."""
    from ghlctl.cli.runs import listing
    from ghlctl.cli.settings import run_store

    none = "no baselines yet; ghlctl baseline NAME captures one"
    emit(listing(run_store(reports, config).baselines(), form, none), output)


@app.command("show")
def show(
    name: Name,
    reports: options.Reports = None,
    config: options.ConfigFile = None,
    form: options.OutputFormat = Format.TEXT,
    output: options.Output = "-",
) -> None:
    """Show one baseline as a report."""
    from ghlctl.cli.report import render_runs

    emit(render_runs([name], form.value, reports, config), output)


@app.command("delete")
def delete(name: Name, reports: options.Reports = None, config: options.ConfigFile = None) -> None:
    """Delete one baseline from the disk."""
    from ghlctl.cli.settings import run_store

    say(f"deleted {run_store(reports, config).delete_baseline(name).path}")


def _check_name(name: str) -> None:
    if name in RESERVED or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name):
        raise UsageError(
            f"{name!r} cannot name a baseline", "letters, digits, dots and dashes, like before-pool"
        )
