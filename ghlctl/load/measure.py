"""One load run from its plan to its summary: send, watch the ledger, match, summarise, write."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import msgspec

from ghlctl.analysis.blocks import blocks_of
from ghlctl.analysis.effects import MatchedEffects
from ghlctl.analysis.summary import counted_part, cuts_of, summarise
from ghlctl.errors import NotMeasuredError
from ghlctl.load.abort import stopper
from ghlctl.load.cost import ProcessCost, read_cost
from ghlctl.load.link import Link
from ghlctl.load.messages import Progress
from ghlctl.load.meter import Meter
from ghlctl.load.plan import LoadPlan
from ghlctl.load.process import LoadOutcome, run_load
from ghlctl.load.watching import patience_for, watch_effects
from ghlctl.model.block import CpuReading
from ghlctl.model.caution import Caution
from ghlctl.model.run import Run, RunState
from ghlctl.model.sample import Samples
from ghlctl.model.summary import LoadSummary, ReceiverCost
from ghlctl.model.threshold import Threshold
from ghlctl.store.begin import utc_now
from ghlctl.store.blocks import write_blocks
from ghlctl.store.effects import write_effects
from ghlctl.store.runs import RunFolder
from ghlctl.store.samples import has_samples, no_samples, read_samples, read_timings
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
    """What to measure: the plan, whose ledger to read, which process to account for.

    `windows`: the blocks, where they are not cut evenly. `link`: to runs at the same time.
    """

    plan: LoadPlan
    thresholds: Sequence[Threshold] = ()
    upstream_url: str | None = None
    effects_within_s: float = 10.0
    receiver_pid: int | None = None
    windows: Sequence[tuple[float, float]] = ()
    link: Link = field(default_factory=Link)


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
        sent = _sent(order, environ, onlookers)
        return _measured(order, folder, run, sent, None)
    with Reach() as reach:
        ledger = Ledger(reach, order.upstream_url)
        ledger.fresh()  # what stood there before this run is not this run's effect
        sent = _sent(order, environ, onlookers)
        return _measured(order, folder, run, sent, ledger)


@dataclass(frozen=True, slots=True)
class _Sent:
    """A load that was sent: how that ended, and what was read of processes meanwhile."""

    outcome: LoadOutcome
    before: ProcessCost | None
    meter: Meter


def _sent(order: LoadOrder, environ: Mapping[str, str], onlookers: Onlookers) -> _Sent:
    before = _cost(order.receiver_pid)
    meter = Meter(order.receiver_pid, onlookers.on_progress)
    outcome = run_load(
        order.plan,
        environ=environ,
        on_progress=meter.read,
        should_stop=order.link.stops(stopper(order.thresholds)),
        on_said=onlookers.on_said,
        agree=order.link.agree,
    )
    return _Sent(outcome, before, meter)


def _measured(
    order: LoadOrder, folder: RunFolder, run: Run, sent: _Sent, ledger: Ledger | None
) -> Measured:
    outcome = sent.outcome
    ended = _written(folder, run, outcome)
    # Ctrl-C may come before the first of them.
    read = read_timings if ledger is None else read_samples  # ids are for effects alone
    samples = read(folder.path) if has_samples(folder.path) else no_samples()
    matched = None
    if ledger is not None:
        matched, outcome = _effects(order, samples, ledger, outcome)
        ended = _written(folder, ended, outcome)
        if matched is not None:
            write_effects(folder.path, matched.effects)
    cost = _spent(sent.before, _cost(order.receiver_pid), samples)
    cpu = sent.meter.readings(outcome.origin_unix_ns)
    summary = _summary(order, ended, samples, matched, outcome, cost, cpu)
    folder.write_load(summary)
    _write_blocks(order, folder, samples, matched, cpu)
    return Measured(summary, outcome.interrupted)


def _write_blocks(
    order: LoadOrder,
    folder: RunFolder,
    samples: Samples,
    matched: MatchedEffects | None,
    cpu: Sequence[CpuReading],
) -> None:
    counted = counted_part(samples)
    cuts = cuts_of(counted, BLOCK_S, order.windows)
    end_to_end = matched.end_to_end if matched else None
    write_blocks(folder.path, blocks_of(counted.arrivals, cuts, end_to_end, cpu))


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
        over = order.link.over
        return watch_effects(samples, ledger, outcome.origin_unix_ns, patience, over), outcome
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
    cpu: Sequence[CpuReading],
) -> LoadSummary:
    return summarise(
        run,
        samples,
        matched=matched,
        generator=outcome.generator,
        receiver_cost=cost,
        thresholds=order.thresholds,
        cautions=outcome.cautions,
        cpu=cpu,
        block_s=BLOCK_S,
        windows=order.windows,
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
