"""One load run from its plan to its summary: send, watch the ledger, match, summarise, write."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import msgspec

from ghlctl.analysis.blocks import blocks_of
from ghlctl.analysis.effects import MatchedEffects, match_effects
from ghlctl.analysis.summary import counted_part, cuts_of, summarise
from ghlctl.errors import NotMeasuredError
from ghlctl.load.abort import stopper
from ghlctl.load.cost import ProcessCost, read_cost
from ghlctl.load.link import Link
from ghlctl.load.messages import Progress
from ghlctl.load.meter import Meter
from ghlctl.load.plan import LoadPlan
from ghlctl.load.process import LoadOutcome, run_load
from ghlctl.model.block import CpuReading
from ghlctl.model.caution import Caution
from ghlctl.model.effect import LedgerEntry
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

POLL_S = 0.25
QUIET_S = 1.0  # without a new effect, before the ledger is taken for complete
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


def measure_load(
    order: LoadOrder,
    folder: RunFolder,
    run: Run,
    *,
    environ: Mapping[str, str],
    on_progress: Callable[[Progress], None] | None = None,
) -> Measured:
    """Send the load, then say what it showed; everything is in the folder before this returns."""
    if order.upstream_url is None:
        return _measured(order, folder, run, None, environ, on_progress)
    with Reach() as reach:
        ledger = Ledger(reach, order.upstream_url)
        ledger.fresh()  # what stood there before this run is not this run's effect
        return _measured(order, folder, run, ledger, environ, on_progress)


def _measured(
    order: LoadOrder,
    folder: RunFolder,
    run: Run,
    ledger: Ledger | None,
    environ: Mapping[str, str],
    on_progress: Callable[[Progress], None] | None,
) -> Measured:
    before = _cost(order.receiver_pid)
    meter = Meter(order.receiver_pid, on_progress)
    outcome = run_load(
        order.plan,
        environ=environ,
        on_progress=meter.read,
        should_stop=order.link.stops(stopper(order.thresholds)),
        agree=order.link.agree,
    )
    ended = msgspec.structs.replace(
        run,
        state=outcome.state,
        ended_at=utc_now(),
        origin_unix_ns=outcome.origin_unix_ns,
    )
    folder.write_run(ended)
    # Ctrl-C may come before the first of them.
    read = read_timings if ledger is None else read_samples  # ids are for effects alone
    samples = read(folder.path) if has_samples(folder.path) else no_samples()
    matched = None
    if ledger is not None:
        try:
            within_s, quiet_s = order.effects_within_s, _quiet_s(order)
            matched = _effects(
                samples, ledger, outcome, order.link, within_s=within_s, quiet_s=quiet_s
            )
            write_effects(folder.path, matched.effects)
        except NotMeasuredError as fault:
            outcome = _without_effects(outcome, fault.message)
        except KeyboardInterrupt:
            outcome = _without_effects(outcome, "interrupted while the effects were awaited")
            outcome = replace(outcome, state=RunState.ABORTED, interrupted=True)
            ended = msgspec.structs.replace(ended, state=RunState.ABORTED)
            folder.write_run(ended)
    cost = _spent(before, _cost(order.receiver_pid), samples)
    cpu = meter.readings(outcome.origin_unix_ns)
    summary = _summary(order, ended, samples, matched, outcome, cost, cpu)
    folder.write_load(summary)
    counted = counted_part(samples)
    cuts = cuts_of(counted, BLOCK_S, order.windows)
    end_to_end = matched.end_to_end if matched else None
    write_blocks(folder.path, blocks_of(counted.arrivals, cuts, end_to_end, cpu))
    return Measured(summary, outcome.interrupted)


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


def _effects(
    samples: Samples,
    ledger: Ledger,
    outcome: LoadOutcome,
    link: Link,
    *,
    within_s: float,
    quiet_s: float,
) -> MatchedEffects:
    """Watch until every acknowledged delivery shows an effect and no more come, or too long.

    Matching reads everything, so it waits for a moment in which nothing new came.
    """
    began = last_new = time.monotonic()
    entries: list[LedgerEntry] = []
    while True:
        time.sleep(POLL_S)
        fresh = ledger.fresh()
        entries += fresh
        now = time.monotonic()
        last_new = now if fresh else last_new
        over = now - began >= within_s or link.reason is not None
        if not over and now - last_new < quiet_s:
            continue
        matched = match_effects(samples, entries, outcome.origin_unix_ns)
        if over or matched.summary.lost == 0:
            return matched


def _quiet_s(order: LoadOrder) -> float:
    """How long nothing new must come: all the time there is where repeats are asked for."""
    asked = any("duplicated" in threshold.expr for threshold in order.thresholds)
    return order.effects_within_s if asked else min(QUIET_S, order.effects_within_s)


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
