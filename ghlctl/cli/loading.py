"""From a scenario to a measured run: what loadtest, baseline and demo have in common."""

import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ghlctl.cli.load_shape import relative_thresholds
from ghlctl.cli.output import Format, as_json, say
from ghlctl.cli.settings import Flags, Receiver, settle
from ghlctl.errors import ExitStatus, NotMeasuredError, UsageError

if TYPE_CHECKING:
    from ghlctl.load.measure import LoadOrder, Measured
    from ghlctl.load.plan import Spread
    from ghlctl.load.recording import Recording
    from ghlctl.model.caution import Caution
    from ghlctl.model.run import Run, RunKind
    from ghlctl.model.summary import LoadSummary
    from ghlctl.scenario.config import Config
    from ghlctl.scenario.scenario import Scenario
    from ghlctl.store.runs import RunFolder


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
