"""One load run from its plan to its summary: send, watch the ledger, match, summarise, write."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec

from ghlctl.analysis.effects import MatchedEffects
from ghlctl.analysis.summary import summarise
from ghlctl.errors import NotMeasuredError
from ghlctl.load.abort import stopper
from ghlctl.load.cost import ProcessCost, read_cost
from ghlctl.load.messages import Progress
from ghlctl.load.plan import LoadPlan
from ghlctl.load.process import LoadOutcome, run_load
from ghlctl.load.watching import patience_for, watch_effects
from ghlctl.model.caution import Caution
from ghlctl.model.run import Run, RunState
from ghlctl.model.sample import Samples
from ghlctl.model.summary import LoadSummary, ReceiverCost
from ghlctl.model.threshold import Threshold
from ghlctl.store.begin import utc_now
from ghlctl.store.effects import write_effects
from ghlctl.store.runs import RunFolder
from ghlctl.store.samples import has_samples, no_samples, read_samples
from ghlctl.transport.ledger import Ledger
from ghlctl.transport.reach import Reach

BLOCK_S = 4.0  # the shortest that held its own in measurements; short runs need every block
NO_EFFECTS = "effects-not-measured"


@dataclass(frozen=True, slots=True)
class Measured:
    """The account of a run; `interrupted` by the person who started it."""

    summary: LoadSummary
    interrupted: bool


@dataclass(frozen=True, slots=True)
class LoadOrder:
    """What to measure: the plan, whose ledger to read, which process to account for."""

    plan: LoadPlan
    thresholds: Sequence[Threshold] = ()
    upstream_url: str | None = None
    effects_within_s: float = 10.0
    receiver_pid: int | None = None


@dataclass(frozen=True, slots=True)
class Onlookers:
    """Whoever follows a run while it goes on: with its progress, and with what it has to say."""

    on_progress: Callable[[Progress], None] | None = None
    on_said: Callable[[str], None] | None = None


def measure_load(
    order: LoadOrder,
    folder: RunFolder,
    run: Run,
    *,
    environ: Mapping[str, str],
    onlookers: Onlookers,
) -> Measured:
    """Send the load, then say what it showed; everything is in the folder before this returns."""
    if order.upstream_url is None:
        before = _cost(order.receiver_pid)
        outcome = _sent(order, environ, onlookers)
        return _measured(order, folder, run, outcome, before, None)
    with Reach() as reach:
        ledger = Ledger(reach, order.upstream_url)
        ledger.fresh()  # what stood there before this run is not this run's effect
        before = _cost(order.receiver_pid)
        outcome = _sent(order, environ, onlookers)
        return _measured(order, folder, run, outcome, before, ledger)


def _sent(order: LoadOrder, environ: Mapping[str, str], onlookers: Onlookers) -> LoadOutcome:
    return run_load(
        order.plan,
        environ=environ,
        on_progress=onlookers.on_progress,
        should_stop=stopper(order.thresholds),
        on_said=onlookers.on_said,
    )


def _measured(
    order: LoadOrder,
    folder: RunFolder,
    run: Run,
    outcome: LoadOutcome,
    before: ProcessCost | None,
    ledger: Ledger | None,
) -> Measured:
    ended = _written(folder, run, outcome)
    # Ctrl-C may come before the first of them.
    samples = read_samples(folder.path) if has_samples(folder.path) else no_samples()
    matched = None
    if ledger is not None:
        matched, outcome = _effects(order, samples, ledger, outcome)
        ended = _written(folder, ended, outcome)
        if matched is not None:
            write_effects(folder.path, matched.effects)
    cost = _spent(before, _cost(order.receiver_pid), samples)
    summary = _summary(order, ended, samples, matched, outcome, cost)
    folder.write_load(summary)
    return Measured(summary, outcome.interrupted)


def _written(folder: RunFolder, run: Run, outcome: LoadOutcome) -> Run:
    """The run as it ended, on disk before anything else can fail."""
    ended = msgspec.structs.replace(
        run,
        state=outcome.state,
        ended_at=run.ended_at or utc_now(),
        origin_unix_ns=outcome.origin_unix_ns,
    )
    folder.write_run(ended)
    return ended


def _effects(
    order: LoadOrder, samples: Samples, ledger: Ledger, outcome: LoadOutcome
) -> tuple[MatchedEffects | None, LoadOutcome]:
    """What came of the deliveries, and the outcome with why that could not be told."""
    patience = patience_for(order.effects_within_s, order.thresholds)
    try:
        return watch_effects(samples, ledger, outcome.origin_unix_ns, patience), outcome
    except NotMeasuredError as fault:
        return None, _without_effects(outcome, fault.message)
    except KeyboardInterrupt:
        outcome = _without_effects(outcome, "interrupted while the effects were awaited")
        return None, replace(outcome, state=RunState.ABORTED, interrupted=True)


def _without_effects(outcome: LoadOutcome, reason: str) -> LoadOutcome:
    """The deliveries were measured all the same: a run is not lost with its ledger."""
    caution = Caution(
        NO_EFFECTS,
        f"the effects could not be measured: {reason}",
        "keep the upstream running until the run has ended, then measure again",
    )
    return replace(outcome, cautions=(*outcome.cautions, caution))


def _summary(
    order: LoadOrder,
    run: Run,
    samples: Samples,
    matched: MatchedEffects | None,
    outcome: LoadOutcome,
    cost: ReceiverCost | None,
) -> LoadSummary:
    return summarise(
        run,
        samples,
        matched=matched,
        generator=outcome.generator,
        receiver_cost=cost,
        thresholds=order.thresholds,
        cautions=outcome.cautions,
        block_s=BLOCK_S,
    )


def _cost(pid: int | None) -> ProcessCost | None:
    return None if pid is None else read_cost(pid)


def _spent(
    before: ProcessCost | None, after: ProcessCost | None, samples: Samples
) -> ReceiverCost | None:
    """What the receiver spent on every attempt sent, warm-up included."""
    sent = int(samples.sent.sum())
    if before is None or after is None or sent == 0:
        return None
    cpu_s = after.cpu_s - before.cpu_s
    return ReceiverCost(
        cpu_s=cpu_s,
        cpu_ms_per_event=cpu_s * 1e3 / sent,
        run_queue_wait_s=after.run_queue_wait_s - before.run_queue_wait_s,
    )
