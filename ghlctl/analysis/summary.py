"""Samples, effects and costs of a load run to its summary."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence

import msgspec
import numpy as np

from ghlctl.analysis.arrival_model import concurrency, has_bursts
from ghlctl.analysis.blocks import summarise_blocks
from ghlctl.analysis.cuts import Cuts, cuts_at
from ghlctl.analysis.effects import MatchedEffects
from ghlctl.analysis.labels import numbered
from ghlctl.analysis.retried import retries_of
from ghlctl.analysis.schedule import (
    acknowledged_per_s,
    duration_s,
    even_cuts,
    schedule_in,
    schedule_of,
)
from ghlctl.analysis.standing import RunStanding, standing_of
from ghlctl.analysis.steadiness import start_up_s
from ghlctl.analysis.thresholds import ParsedThreshold, evaluate, gate, parse_threshold
from ghlctl.analysis.validity import HELD, Evidence
from ghlctl.analysis.validity import cautions as doubts
from ghlctl.model.block import CpuReading
from ghlctl.model.caution import Caution
from ghlctl.model.run import SCHEMA_VERSION, Run
from ghlctl.model.sample import NEVER, Samples, Texts
from ghlctl.model.summary import (
    EventSummary,
    GeneratorSummary,
    LoadSummary,
    ReceiverCost,
)
from ghlctl.model.threshold import Level, Threshold
from ghlctl.providers.ghl.policy import breaker_statement
from ghlctl.stats.quantile import latency

KEPT_LOCATIONS = 20
"""The samples have them all."""

_WITH_BREAKER = ("ghl", "ghl-documented")


def summarise(
    run: Run,
    samples: Samples,
    *,
    matched: MatchedEffects | None,
    generator: GeneratorSummary,
    receiver_cost: ReceiverCost | None,
    thresholds: Sequence[Threshold] = (),
    cautions: Sequence[Caution] = (),
    cpu: Sequence[CpuReading] = (),
    block_s: float = 5.0,
    windows: Sequence[tuple[float, float]] = (),
) -> LoadSummary:
    """The account of a load run; nothing in it is NaN, and what cannot be said is None.

    Response and service times contain failed attempts, a timeout with the time waited. Effects
    are those of the whole run, everything else is of the counted arrivals; beside them, counted
    retries are in `retries` and in `throughput_per_s`. A dropped arrival is
    no error, as nothing was sent: it shows in `dropped` and as a caution. A run that may not be
    trusted does not pass, whatever its thresholds say. Blocks are cut evenly, after a start-up
    that outlasted the warm-up, or at `windows` in seconds from the run's zero.
    """
    samples = in_order(samples)
    counted = counted_part(samples)
    measured = _measured(
        run,
        counted,
        matched=matched,
        generator=generator,
        receiver_cost=receiver_cost,
        windows=windows,
        named={bound.location for bound in _parsed(thresholds)} - {None},
    )
    cuts = cuts_of(counted, block_s, windows)
    end_to_end = matched.end_to_end if matched else None
    measured = msgspec.structs.replace(
        measured, blocks=summarise_blocks(samples, counted.arrivals, cuts, end_to_end, cpu)
    )
    given = (*run.cautions, *cautions)
    held = any(caution.code == HELD for caution in given)
    evidence = Evidence(
        measured, counted.arrivals, matched, run.environment, late_by_design=held or has_bursts(run)
    )
    found = (*doubts(evidence), *_sender_says(run, measured))
    results = evaluate(thresholds, measured)
    judged = msgspec.structs.replace(measured, thresholds=results, cautions=_distinct(given, found))
    passed = gate(results).passed and standing_of(judged) is RunStanding.MEASURED
    return msgspec.structs.replace(judged, passed=passed)


def _sender_says(run: Run, measured: LoadSummary) -> Iterator[Caution]:
    """What the platform itself would do with a receiver that answers like this."""
    if run.scenario.get("provider") not in _WITH_BREAKER:
        return
    statement = breaker_statement(measured.sent, measured.sent - measured.errors)
    if statement:
        hint = "genuine deliveries must be answered 2xx: every other answer is retried and counted"
        yield Caution("ghl-would-pause", statement, hint)


def _measured(
    run: Run,
    counted: Samples,
    *,
    matched: MatchedEffects | None,
    generator: GeneratorSummary,
    receiver_cost: ReceiverCost | None,
    windows: Sequence[tuple[float, float]],
    named: Collection[str | None],
) -> LoadSummary:
    schedule = schedule_in(counted, cuts_at(windows)) if windows else schedule_of(counted)
    every, counted = counted, counted.arrivals
    sent = counted.sent
    ended = sent & (counted.done_ns != NEVER)
    failed = sent & ~counted.acknowledged
    attempts, errors = int(np.sum(sent)), int(np.sum(failed))
    slots = concurrency(run)
    return LoadSummary(
        schema_version=SCHEMA_VERSION,
        run=run.id,
        kind=run.kind.value,
        state=run.state.value,
        scenario=run.name,
        receiver=run.receiver,
        planned=len(counted),
        sent=attempts,
        dropped=len(counted) - attempts,
        errors=errors,
        errors_by_kind=dict(sorted(Counter(counted.error[failed].tolist()).items())),
        error_rate=_share(errors, attempts),
        throughput_per_s=acknowledged_per_s(every, schedule) if schedule else 0.0,
        planned_per_s=schedule.arrivals_per_s if schedule else 0.0,
        duration_s=duration_s(counted, schedule) if schedule else 0.0,
        response_time_ms=latency(counted.response_time_ms[ended]),
        service_time_ms=latency(counted.service_time_ms[ended]),
        lateness_ms=latency(counted.lateness_ms[sent]),
        by_event=_by(counted, counted.event),
        effects=matched.summary if matched and matched.telling else None,
        generator=generator,
        receiver_cost=receiver_cost,
        blocks=(),
        thresholds=(),
        cautions=(),
        passed=True,
        open_model=slots == 0,
        concurrency=slots,
        retries=retries_of(run, every),
        locations=len(set(counted.location.tolist()) - {""}),
        by_location=_by_location(run, counted, named),
    )


def _parsed(thresholds: Sequence[Threshold]) -> list[ParsedThreshold]:
    return [parse_threshold(each.expr) for each in thresholds if each.level is not Level.OFF]


def _by_location(
    run: Run, counted: Samples, named: Collection[str | None]
) -> dict[str, EventSummary]:
    """Where the scenario asks for locations, the busiest; those that are named in any case."""
    sent = Counter(counted.location[counted.sent].tolist())
    busiest = sorted(sent, key=lambda name: (-sent[name], name)) if _asks(run) else []
    kept = {*busiest[:KEPT_LOCATIONS], *named} - {"", None}
    if not kept:
        return {}
    rows = counted.where(np.fromiter((name in kept for name in counted.location), np.bool_))
    return _by(rows, rows.location)


def _asks(run: Run) -> bool:
    return run.scenario.get("locations") is not None


def in_order(samples: Samples) -> Samples:
    """The same rows by intended time; the same memory where they are so already."""
    at = samples.intended_ns
    if bool(np.all(at[1:] >= at[:-1])):
        return samples
    return samples.where(np.argsort(at, kind="stable"))


def counted_part(samples: Samples) -> Samples:
    """What is not warm-up of samples in order; a view, as the warm-up comes first."""
    warm = int(np.sum(samples.warmup))
    if np.all(samples.warmup[:warm]):
        return samples.part(warm)
    return samples.where(~samples.warmup)


def cuts_of(counted: Samples, block_s: float, windows: Sequence[tuple[float, float]] = ()) -> Cuts:
    """Where counted samples in order are cut into blocks; see `summarise`."""
    schedule = schedule_of(counted)
    if schedule is None:
        return cuts_at(())
    return (
        cuts_at(windows) if windows else even_cuts(schedule, block_s, start_up_s(counted.arrivals))
    )


def _by(counted: Samples, labels: Texts) -> dict[str, EventSummary]:
    """Every label by name, also one of which everything was dropped."""
    numbers, names = numbered(labels)
    sent, acknowledged = counted.sent, counted.acknowledged
    ended = sent & (counted.done_ns != NEVER)
    times = counted.response_time_ms
    summaries = {}
    for number, name in enumerate(names):
        of_type = numbers == number
        attempts = int(np.sum(of_type & sent))
        errors = int(np.sum(of_type & sent & ~acknowledged))
        rate, response = _share(errors, attempts), latency(times[of_type & ended])
        summaries[name] = EventSummary(attempts, errors, rate, response)
    return summaries


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _distinct(given: Sequence[Caution], found: Iterable[Caution]) -> tuple[Caution, ...]:
    """Each doubt once: what the engine said of itself is not said again from its numbers."""
    said = {caution.code for caution in given}
    return (*dict.fromkeys(given), *(caution for caution in found if caution.code not in said))
