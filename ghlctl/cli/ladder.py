"""ghlctl ladder: what each switch of the embedded receiver is worth, one after another."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ghlctl.cli import options
from ghlctl.cli.interrupts import kept
from ghlctl.cli.output import Format, as_json, emit, require_writable, say
from ghlctl.errors import ExitStatus, UsageError

if TYPE_CHECKING:
    from ghlctl.cli.settings import Receiver
    from ghlctl.load.measure import Measured
    from ghlctl.model.ladder import Rung
    from ghlctl.model.summary import LoadSummary
    from ghlctl.scenario.scenario import Scenario
    from ghlctl.store.runs import RunStore

WARMUP_S = 2.0
QUICK = "8s"
FULL = "32s"
FAULTS = 0.06  # as in the demo: two in a row lose the baseline 2 % of its events

RUNGS = (
    "upstream_connections=pooled",
    "upstream_updates=merged",
    "concurrency=taskgroup",
    "model=kept",
    "lookup=index",
    "inference=off_loop",
    "database_writes=group_commit",
    "cache=memory",
    "retry=backoff",
    "circuit_breaker=on",
    "pacing=bucket",
    "workers=64,backlog=10000",
    "acknowledge=after_storing",
    "deduplicate=atomic,timestamp_window=3d,types=strict,body_limit=1MiB,error_detail=hidden",
    "structure=bounded,unknown_fields=kept,text=cleaned,rate_limit=on,tenant_check=on",
    "key_reload=watched,answers=guarded,media=json,wire=bounded,health=private",
    "audit_log=chained,log_redaction=on,consent=honoured,erasure=everywhere,deletion=overwritten",
)
"""From the baseline to the optimized profile; what is waited for longest comes first."""


@dataclass(frozen=True, slots=True)
class Climb:
    """What all rungs have in common; `network` and `cache` are flags of `serve`."""

    start: str
    scenario: "Scenario"
    network: tuple[str, ...]
    cache: str | None
    state: str
    store: "RunStore"


def ladder(
    start: Annotated[
        str, typer.Option("--start", metavar="PROFILE", help="The profile to begin with.")
    ] = "baseline",
    rungs: Annotated[
        list[str] | None,
        typer.Option(
            "--rung",
            metavar="SWITCH=VALUE[,…]",
            help="Turn these next; repeatable. Without it, all up to the optimized profile.",
        ),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="8 s a rung; wide intervals.")] = False,
    rate: Annotated[
        float, typer.Option("--rate", metavar="PER_S", min=0.1, help="Arrivals per second.")
    ] = 10.0,
    duration: Annotated[
        str | None, typer.Option("--duration", metavar="TIME", help="Of each rung, else 32s.")
    ] = None,
    rtt: options.RoundTrip = None,
    latency: options.ServiceTime = None,
    faults: options.Faults = FAULTS,
    cache: Annotated[
        str | None, typer.Option("--cache", metavar="URL", help="The Redis for cache=redis.")
    ] = None,
    seed: options.Seed = 7,
    state: Annotated[str, typer.Option("--state", metavar="DIR", help="State folder.")] = ".ghlctl",
    reports: options.Reports = None,
    form: options.OutputFormat = Format.TEXT,
    output: options.Output = "-",
) -> ExitStatus:
    """Turn the embedded receiver's switches one by one, and measure what each is worth."""
    from ghlctl.cli.settings import load_config, store_of
    from ghlctl.model.ladder import LadderSummary
    from ghlctl.model.run import SCHEMA_VERSION, RunState
    from ghlctl.report.ladder import render_ladder
    from ghlctl.scenario.units import duration_s

    require_writable(output)
    steps = _steps(start, tuple(rungs or RUNGS))
    lasts_s = duration_s(duration or (QUICK if quick else FULL))
    network = {"--rtt": rtt, "--latency": latency, "--faults": faults}
    flags = tuple(w for n, v in network.items() if v is not None for w in (n, str(v)))
    store = store_of(load_config(None), reports)
    climb = Climb(start, _scenario(rate, lasts_s, seed), flags, cache, state, store)
    measured: list[Rung] = []
    status = _climb(climb, steps, measured)
    complete = len(measured) == len(steps) and status is not ExitStatus.INTERRUPTED
    summary = LadderSummary(
        schema_version=SCHEMA_VERSION,
        kind="ladder",
        state=RunState.COMPLETE if complete else RunState.ABORTED,
        start=start,
        rate_per_s=rate,
        duration_s=lasts_s,
        upstream=_upstream(rtt, latency, faults),
        rungs=tuple(measured),
    )
    emit(as_json(summary) if form is Format.JSON else render_ladder(summary), output)
    return status


def _steps(start: str, rungs: tuple[str, ...]) -> list[tuple[str, ...]]:
    """What is turned at each rung, nothing at the first; raise UsageError before anything runs."""
    from ghlctl.reference.profile import profile_named, with_switches

    steps = [(), *(tuple(filter(None, rung.split(","))) for rung in rungs)]
    profile = profile_named(start)
    for step in steps[1:]:
        turned = with_switches(profile, step)
        if turned == profile:
            raise UsageError(
                f"the rung {','.join(step)!r} turns nothing", "leave it out, or turn it elsewhere"
            )
        profile = turned
    return steps


def _climb(climb: Climb, steps: list[tuple[str, ...]], measured: "list[Rung]") -> ExitStatus:
    """Measure every rung into `measured`; stops where one cannot be or is interrupted."""
    from ghlctl.cli.loading import status_of

    before: LoadSummary | None = None
    for number in range(len(steps)):
        switches = [switch for step in steps[: number + 1] for switch in step]
        say(f"rung {number + 1} of {len(steps)}: {','.join(steps[number]) or climb.start}")
        with _receiver(climb, switches) as receiver:
            load, rung = _measure(climb, receiver, steps[number], before)
        measured.append(rung)
        if load.interrupted:
            return ExitStatus.INTERRUPTED
        if status_of(load) is ExitStatus.NOT_MEASURED:
            say("this rung could not be measured; see its cautions")
        before = load.summary
    unmeasured = any(rung.mean_ms is None and rung.sent == 0 for rung in measured)
    return ExitStatus.NOT_MEASURED if unmeasured else ExitStatus.FINE


@contextmanager
def _receiver(climb: Climb, switches: Sequence[str]) -> "Iterator[Receiver]":
    from ghlctl.cli.embedded import embedded

    flags = [*climb.network]
    if climb.cache is not None and "cache=redis" in switches:
        flags += ["--cache", climb.cache]
    with embedded(climb.start, switches, network=flags, state=climb.state) as receiver:
        yield receiver


def _measure(
    climb: Climb, receiver: "Receiver", turned: tuple[str, ...], before: "LoadSummary | None"
) -> "tuple[Measured, Rung]":
    from ghlctl.analysis.ladder import counted_between, rung
    from ghlctl.cli.loading import measure_into, new_load_run
    from ghlctl.model.run import RunKind

    name = ",".join(turned) or climb.start
    run = new_load_run(RunKind.LOADTEST, f"ladder {name}", climb.scenario, receiver)
    folder = climb.store.create(run)
    with kept(folder):
        at_first = _counters(climb, receiver)
        load = measure_into(folder, run, climb.scenario, receiver)
        counted = counted_between(at_first, _counters(climb, receiver))
    load_1m = run.environment.load_1m
    return load, rung(turned, load.summary, counted, before=before, load_1m=load_1m)


def _counters(climb: Climb, receiver: "Receiver") -> dict[str, object]:
    """What the receiver counted so far; nothing where it does not say."""
    import msgspec

    from ghlctl.model.delivery import Reply
    from ghlctl.store.health_token import health_headers
    from ghlctl.transport.address import place_of
    from ghlctl.transport.reach import Reach

    headers = health_headers(Path(climb.state))
    with Reach(timeout_s=5.0) as reach:
        answer = reach.ask("GET", place_of(receiver.url).origin + "/health", headers)
    if not isinstance(answer, Reply):
        return {}
    try:
        said = msgspec.json.decode(answer.body)
    except msgspec.DecodeError:
        return {}
    counters: dict[str, object] = said.get("counters", {}) if isinstance(said, dict) else {}
    return counters


def _scenario(rate: float, lasts_s: float, seed: int | None) -> "Scenario":
    from ghlctl.cli.load_shape import USUAL_EVENTS
    from ghlctl.scenario.scenario import Constant, Scenario

    return Scenario(
        name="ladder",
        provider="ghl",
        events=USUAL_EVENTS,
        arrivals=(Constant(rate, WARMUP_S + lasts_s),),
        warmup_s=WARMUP_S,
        seed=seed,
    )


def _upstream(rtt: float | None, latency: float | None, faults: float | None) -> dict[str, float]:
    from ghlctl.upstream.settings import UpstreamSettings

    usual = UpstreamSettings()
    return {
        "rtt_ms": usual.rtt_ms if rtt is None else rtt,
        "service_ms": usual.service_ms if latency is None else latency,
        "fault_rate": usual.fault_rate if faults is None else faults,
    }
