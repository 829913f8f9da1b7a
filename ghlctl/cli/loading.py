"""From a scenario to a measured run: what loadtest, baseline and demo have in common."""

import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ghlctl.cli.output import Format, as_json, say
from ghlctl.cli.settings import Flags, Receiver, read_text, settle
from ghlctl.errors import ExitStatus, NotMeasuredError, UsageError

if TYPE_CHECKING:
    from ghlctl.load.measure import LoadOrder, Measured
    from ghlctl.load.plan import Spread
    from ghlctl.load.recording import Recording
    from ghlctl.model.caution import Caution
    from ghlctl.model.run import Run, RunKind
    from ghlctl.model.summary import LoadSummary
    from ghlctl.model.threshold import Threshold
    from ghlctl.scenario.config import Config
    from ghlctl.scenario.scenario import RetriesSpec, Scenario, Stage
    from ghlctl.store.runs import RunFolder


USUAL_EVENTS: dict[str, float] = {
    "ContactCreate": 40,
    "ContactUpdate": 30,
    "OpportunityCreate": 15,
    "AppointmentCreate": 15,
}
"""Weights of what most integrations handle, where no scenario says otherwise."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The load as the command line has it, laid over a scenario."""

    scenario: str | None = None
    iterations: int | None = None
    concurrency: int | None = None
    rate: float | None = None
    duration: str | None = None
    thresholds: Sequence[str] = ()
    seed: int | None = None
    replay: str | None = None
    speed: float | None = None


def scenario_for(shape: Shape, config: "Config") -> "Scenario":
    """The scenario named by flag or config, or a plain one from the flags alone."""
    import msgspec

    from ghlctl.model.threshold import Threshold
    from ghlctl.scenario.reader import read_scenario
    from ghlctl.scenario.scenario import Constant, Scenario

    path = config.scenario if shape.scenario is None else shape.scenario
    stages = _stages(shape)
    if path is not None:
        scenario = _found_from(Path(path).parent, read_scenario(read_text(Path(path)), path))
    else:
        scenario = Scenario(
            name="quick",
            provider="ghl",
            events=USUAL_EVENTS,
            arrivals=stages or (Constant(10.0, 10.0),),
        )
    given = tuple(Threshold(expr=text) for text in shape.thresholds)
    scenario = msgspec.structs.replace(
        scenario,
        arrivals=stages or scenario.arrivals,
        thresholds=(*scenario.thresholds, *given),
        seed=shape.seed if shape.seed is not None else scenario.seed,
        retries=_settled(scenario.retries),
    )
    _check_thresholds(scenario.thresholds)
    return scenario


def _stages(shape: Shape) -> "tuple[Stage, ...]":
    from ghlctl.scenario.scenario import Closed, Constant, Replay
    from ghlctl.scenario.units import duration_s

    generated = (shape.iterations, shape.concurrency, shape.rate, shape.duration)
    if shape.replay is not None:
        if any(given is not None for given in generated):
            raise UsageError(
                "--replay brings its own arrivals", "leave out --rate, --iterations and the like"
            )
        return (Replay(shape.replay, 1.0 if shape.speed is None else shape.speed),)
    if shape.speed is not None:
        raise UsageError("--speed is that of a replay", "add --replay FILE")
    closed = shape.iterations is not None or shape.concurrency is not None
    if closed and (shape.rate is not None or shape.duration is not None):
        raise UsageError(
            "--rate is an open model and --concurrency a closed one",
            "give --rate and --duration, or --iterations and --concurrency",
        )
    if closed:
        return (Closed(shape.concurrency or 1, shape.iterations or 100),)
    if shape.rate is None and shape.duration is None:
        return ()
    return (Constant(shape.rate or 10.0, duration_s(shape.duration or "10s")),)


def _found_from(folder: Path, scenario: "Scenario") -> "Scenario":
    """Captured files are named as seen from the scenario's own folder."""
    import msgspec

    from ghlctl.scenario.scenario import Replay

    stages = tuple(
        Replay(str(folder / stage.path), stage.speed) if isinstance(stage, Replay) else stage
        for stage in scenario.arrivals
    )
    return msgspec.structs.replace(scenario, arrivals=stages)


def _settled(retries: "RetriesSpec | None") -> "RetriesSpec | None":
    """With a speed in any case, so that the run tells which it was."""
    import msgspec

    from ghlctl.providers.ghl.policy import POLICIES

    if retries is None or retries.speed is not None:
        return retries
    return msgspec.structs.replace(retries, speed=POLICIES[retries.policy].usual_speed)


def _check_thresholds(thresholds: "Sequence[Threshold]") -> None:
    """Before anything is sent: a threshold that cannot be read would waste the run."""
    from ghlctl.analysis.thresholds import parse_threshold
    from ghlctl.load.abort import stopper

    for threshold in thresholds:
        parse_threshold(threshold.expr)
    stopper(thresholds)


def relative_thresholds(thresholds: "Sequence[Threshold]") -> "tuple[Threshold, ...]":
    """Those that only a comparison can judge, once the run is there."""
    from ghlctl.analysis.thresholds import needs_comparison, parse_threshold
    from ghlctl.model.threshold import Level

    on = (each for each in thresholds if each.level is not Level.OFF)
    return tuple(each for each in on if needs_comparison(parse_threshold(each.expr)))


@contextmanager
def receiver_for(
    flags: Flags,
    config: "Config",
    *,
    scenario: "Scenario | None" = None,
    profile: str | None = None,
    switches: Sequence[str] = (),
    serve_upstream: int | None = None,
) -> Iterator[Receiver]:
    """The receiver under test: the embedded one where it was asked for, else the one named.

    `serve_upstream`: the port of an upstream that is served until the block ends.
    """
    from ghlctl.cli.embedded import embedded
    from ghlctl.cli.upstreams import require_no_upstream_port, served_upstream

    if flags.url is not None and profile is not None:
        raise UsageError("--url and --profile name two receivers", "give one of them")
    spec = scenario.embedded if scenario and flags.url is None and profile is None else None
    if spec is not None:
        profile = spec.profile
        switches = [*(f"{name}={value}" for name, value in spec.set.items()), *switches]
    if profile is not None:
        require_no_upstream_port(serve_upstream)
        with embedded(profile, switches, scheme=flags.scheme or "ghl") as receiver:
            yield receiver
        return
    if switches:
        raise UsageError("--set turns switches of the embedded receiver", "add --profile optimized")
    receiver = settle(flags, config, scenario)
    ledger = scenario.effects.upstream if scenario and scenario.effects else None
    with served_upstream(serve_upstream, flags.upstream) as served:
        yield replace(receiver, upstream=served or receiver.upstream or ledger)


def captured_for(scenario: "Scenario") -> "tuple[Recording, ...]":
    """What the replays of a scenario send; raise UsageError before any run is begun."""
    from ghlctl.load.recording import recordings_of

    return recordings_of(scenario.arrivals)


def _left_out(recordings: "tuple[Recording, ...]") -> "Iterator[Caution]":
    from ghlctl.model.caution import Caution

    for recording in recordings:
        if recording.left_out:
            yield Caution(
                "captures-left-out",
                f"{recording.left_out} requests in {Path(recording.path).name} were no POST and"
                " are not sent",
                "deliveries are sent by POST; look at the file if you expected others",
            )


def load_order(
    scenario: "Scenario",
    receiver: Receiver,
    folder: "RunFolder",
    seed: int,
    recordings: "tuple[Recording, ...]" = (),
    spread: "Spread | None" = None,
) -> "LoadOrder":
    from ghlctl.load.measure import LoadOrder
    from ghlctl.load.plan import LoadPlan, Spread

    plan = LoadPlan(
        url=receiver.url,
        provider=receiver.provider,
        scheme=receiver.scheme,
        key_ref=receiver.signing_ref(),
        headers=receiver.headers,
        events=scenario.events,
        stages=scenario.arrivals,
        seed=seed,
        warmup_s=scenario.warmup_s,
        timeout_s=scenario.timeout_s,
        duplicates=scenario.duplicates,
        folder=str(folder.path.resolve()),
        retries=scenario.retries,
        locations=scenario.locations,
        recordings=recordings,
        spread=spread or Spread(),
        authorized=receiver.authorized,
    )
    within_s = scenario.effects.within_s if scenario.effects else 10.0
    later = relative_thresholds(scenario.thresholds)
    now = tuple(each for each in scenario.thresholds if each not in later)
    return LoadOrder(plan, now, receiver.upstream, within_s, receiver.pid)


def new_load_run(kind: "RunKind", name: str, scenario: "Scenario", receiver: Receiver) -> "Run":
    """A run for this scenario; its seed is the scenario's, or drawn now and recorded."""
    from ghlctl.scenario.reader import write_scenario
    from ghlctl.store.begin import new_run

    seed = scenario.seed if scenario.seed is not None else secrets.randbits(32)
    return new_run(
        kind,
        name,
        scenario=write_scenario(scenario),
        seed=seed,
        receiver=receiver.url,
        scheme=receiver.scheme,
    )


def measure_into(
    folder: "RunFolder",
    run: "Run",
    scenario: "Scenario",
    receiver: Receiver,
    recordings: "tuple[Recording, ...]" = (),
    spread: "Spread | None" = None,
) -> "Measured":
    """Send the scenario's load; the run is on disk, complete or aborted, when this returns."""
    import msgspec

    from ghlctl.cli.progress import Plan, shown_progress
    from ghlctl.load.measure import Onlookers, measure_load
    from ghlctl.scenario.scenario import known_duration_s

    order = load_order(scenario, receiver, folder, run.seed, recordings, spread)
    plan = Plan(run.name, known_duration_s(scenario.arrivals), scenario.thresholds)
    run = msgspec.structs.replace(run, cautions=(*run.cautions, *_left_out(recordings)))
    with shown_progress(plan) as on_progress:
        onlookers = Onlookers(on_progress, say)
        return measure_load(order, folder, run, environ=os.environ, onlookers=onlookers)


def require_ready(receiver: Receiver) -> None:
    """Raise before any run is begun: for a key that does not fit, and for an empty address."""
    from ghlctl.cli.deliveries import signing_key

    signing_key(receiver)
    require_reachable(receiver.url)


def require_reachable(url: str) -> None:
    """Raise NotMeasuredError before any load is sent to where nobody listens."""
    from ghlctl.transport.address import place_of, shown_url
    from ghlctl.transport.attempt import Failure
    from ghlctl.transport.http2 import speaks_only_http2
    from ghlctl.transport.probe import unreachable
    from ghlctl.transport.reach import Reach

    with Reach(timeout_s=5.0) as reach:
        answer = reach.ask("GET", place_of(url).origin + "/health")
    if isinstance(answer, Failure) and speaks_only_http2(answer, place_of(url)):
        raise NotMeasuredError(
            f"the receiver {shown_url(url)} speaks HTTP/2 only, and load is sent by HTTP/1.1",
            "let it, or the proxy before it, take HTTP/1.1, as most webhooks are sent",
        )
    if isinstance(answer, Failure) and unreachable(answer):
        raise NotMeasuredError(
            f"the receiver {shown_url(url)} cannot be reached: {answer.text}",
            "is it running, and on this port? ghlctl health tells more",
        )


def status_of(measured: "Measured") -> ExitStatus:
    """The contract's exit status of a load run; numbers that cannot be trusted come first."""
    from ghlctl.analysis.standing import RunStanding, standing_of
    from ghlctl.analysis.thresholds import gate
    from ghlctl.load.abort import STOPPED
    from ghlctl.load.measure import NO_EFFECTS
    from ghlctl.model.threshold import GateStanding

    summary = measured.summary
    codes = {caution.code for caution in summary.cautions}
    if measured.interrupted:
        return ExitStatus.INTERRUPTED
    if STOPPED in codes:
        return ExitStatus.FAILED
    if NO_EFFECTS in codes:
        return ExitStatus.NOT_MEASURED
    if standing_of(summary) is not RunStanding.MEASURED:
        return ExitStatus.NOT_MEASURED
    if gate(summary.thresholds).standing is GateStanding.NOT_MEASURED:
        return ExitStatus.NOT_MEASURED
    return ExitStatus.FINE if summary.passed else ExitStatus.FAILED


def load_report(folder: "RunFolder", summary: "LoadSummary", form: Format) -> str:
    from ghlctl.cli.report import document_of
    from ghlctl.report.catalogue import format_named

    return as_json(summary) if form is Format.JSON else format_named("text")(document_of([folder]))
