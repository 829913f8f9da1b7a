"""Reasons to doubt a load run's numbers, read from the numbers themselves."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ghlctl.analysis.effects import MatchedEffects
from ghlctl.analysis.steadiness import backlog, start_up_s
from ghlctl.model.caution import Caution
from ghlctl.model.run import Environment
from ghlctl.model.sample import ErrorKind, Samples
from ghlctl.model.summary import EffectsSummary, GeneratorSummary, LoadSummary, ReceiverCost
from ghlctl.stats.quantile import samples_needed

CONTENDED = "machine-contended"
BUSY = "machine-busy"
NOT_KEEPING_UP = "generator-not-keeping-up"
CLOCKS_DISAGREE = "clocks-disagree"
ERRORS = "errors-unrepresentative"
BACKLOG = "backlog-growing"
LOST = "effects-lost"
HELD = "in-flight-bound"  # the engine's own caution: arrivals waited for a free connection

MIN_BLOCKS = 3
ERROR_RATE_BOUND = 0.05
LATENESS_FLOOR_MS = 20.0
LATENESS_SHARE = 0.1  # of the mean response time, which contains the lateness
WAIT_SHARE = 0.4  # of the time a process could have run; a quiet 2-core machine shows 0.1 to 0.25
LEAST_CPU_SHARE = 0.05  # of one core: a process that hardly runs says nothing of the machine
LOAD_PER_CORE = 1.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """A summary with what stands behind it; `counted` are the samples after the warm-up.

    `late_by_design`: bursts, or arrivals that the bound on connections held, are among them.
    """

    summary: LoadSummary
    counted: Samples
    matched: MatchedEffects | None
    environment: Environment
    late_by_design: bool = False


def cautions(evidence: Evidence) -> tuple[Caution, ...]:
    """Everything that speaks against taking the numbers as they stand, gravest first."""
    summary = evidence.summary
    if summary.sent == 0:
        return (*_dropped(evidence), _nothing_counted(summary))
    return (
        *_contended(summary, evidence.environment),
        *_late(evidence),
        *_dropped(evidence),
        *_failed(evidence),
        *_timeouts(summary),
        *_unsteady(evidence.counted),
        *_few(summary),
        *_unsure_effects(evidence.matched),
    )


def _nothing_counted(summary: LoadSummary) -> Caution:
    return Caution(
        "no-samples",
        f"none of {summary.planned} counted arrivals was sent, so there is nothing to say",
        "check that the receiver is reachable, and that the run is longer than its warm-up",
    )


def _contended(summary: LoadSummary, environment: Environment) -> Iterator[Caution]:
    hint = "stop other work on this machine, or measure from another one, and run again"
    waits = {
        "generator": _wait_share(summary.generator, summary.duration_s),
        "receiver": _wait_share(summary.receiver_cost, summary.duration_s),
    }
    known = {name: share for name, share in waits.items() if share is not None}
    for name, share in known.items():
        if share > WAIT_SHARE:
            text = f"the {name} waited for a CPU during {share:.0%} of the time it could have run"
            yield Caution(CONTENDED, text, hint)
    if environment.load_1m > LOAD_PER_CORE * environment.cores:
        text = f"load average {environment.load_1m:.1f} on {environment.cores} cores at the start"
        yield Caution(BUSY if known else CONTENDED, text, hint)


def _wait_share(process: GeneratorSummary | ReceiverCost | None, duration_s: float) -> float | None:
    """Waiting as a share of waiting and running; None where it was not or hardly measured."""
    if process is None or process.run_queue_wait_s + process.cpu_s < LEAST_CPU_SHARE * duration_s:
        return None
    if process.run_queue_wait_s == 0:
        return None  # never exactly zero where it can be read
    return process.run_queue_wait_s / (process.run_queue_wait_s + process.cpu_s)


def _late(evidence: Evidence) -> Iterator[Caution]:
    """The engine's word, which knows every arrival; its numbers where they mean the same."""
    summary = evidence.summary
    lateness = summary.lateness_ms
    late_ms = lateness.p99 if lateness.p99 is not None else lateness.max
    if late_ms is None:
        return
    bound_ms = max(LATENESS_FLOOR_MS, LATENESS_SHARE * (summary.response_time_ms.mean or 0.0))
    hint = "lower the rate, or measure from another machine"
    if late_ms > bound_ms and not evidence.late_by_design:
        name = "p99" if lateness.p99 is not None else "at most"
        said = f"lateness {name} {late_ms:.1f} ms, bound {bound_ms:.0f} ms"
        yield Caution(NOT_KEEPING_UP, f"attempts were sent late: {said}", hint)
    elif not summary.generator.keeping_up:
        yield Caution(NOT_KEEPING_UP, "the generator fell behind, by its own account", hint)


def _dropped(evidence: Evidence) -> Iterator[Caution]:
    """Those that were certainly not sent; the engine itself speaks of unreported ones."""
    summary, errors = evidence.summary, evidence.counted.error
    dropped = summary.dropped - int(np.sum(errors == ErrorKind.UNREPORTED.value))
    if dropped > 0:
        yield Caution(
            "dropped-arrivals",
            f"{dropped} of {summary.planned} arrivals were never sent",
            "the load was lighter than planned: lower the rate or shorten the timeout",
        )


def _failed(evidence: Evidence) -> Iterator[Caution]:
    summary, counted = evidence.summary, evidence.counted
    if summary.error_rate <= ERROR_RATE_BOUND:
        return
    ended = counted.sent & (counted.done_ns >= 0)
    times, succeeded = counted.response_time_ms, counted.acknowledged
    medians = [
        f"{float(np.median(times[rows])):.1f} ms" if np.any(rows) else "unknown"
        for rows in (ended & ~succeeded, ended & succeeded)
    ]
    yield Caution(
        ERRORS,
        f"{summary.error_rate:.1%} of the attempts failed, after {medians[0]} at the median"
        f" against {medians[1]} of the acknowledged ones, and response_time contains both",
        "find out why attempts fail before reading response times",
    )


def _timeouts(summary: LoadSummary) -> Iterator[Caution]:
    count = summary.errors_by_kind.get(ErrorKind.TIMEOUT.value, 0)
    if count:
        yield Caution(
            "timeouts-censored",
            f"{count} attempts timed out and count with the time waited, a lower bound",
            "read high percentiles as at least so much, or raise the timeout",
        )


def _unsteady(counted: Samples) -> Iterator[Caution]:
    growth = backlog(counted)
    if growth is not None:
        before, after = growth
        yield Caution(
            BACKLOG,
            f"response time grew steadily, from {before:.0f} ms to {after:.0f} ms at the median:"
            " more arrived than the receiver could take",
            "the numbers depend on how long the run was; lower the rate below saturation",
        )
        return
    seconds = start_up_s(counted)
    if seconds > 0:
        yield Caution(
            "warmup-not-over",
            f"response times had not settled for another {seconds:.0f} s after the warm-up",
            f"lengthen the warm-up by {seconds:.0f} s",
        )


def _few(summary: LoadSummary) -> Iterator[Caution]:
    needed = samples_needed(0.99)
    if summary.sent < needed:
        yield Caution(
            "too-few-samples",
            f"{summary.sent} attempts were counted; p99 needs {needed}",
            "run longer, or do not ask for p99",
        )
    if len(summary.blocks) < MIN_BLOCKS:
        yield Caution(
            "too-few-blocks",
            f"the run holds {len(summary.blocks)} whole blocks; an interval needs {MIN_BLOCKS}",
            "run longer: without blocks no comparison can give a verdict",
        )


def _unsure_effects(matched: MatchedEffects | None) -> Iterator[Caution]:
    if matched is None:
        return
    if not matched.telling:
        yield Caution(
            "effects-not-attributable",
            f"effects were not measured: none of {matched.unattributed} upstream effects names the"
            " delivery it belongs to",
            "let the receiver put the webhookId into its upstream calls, best as Idempotency-Key",
        )
        return
    yield from _lost(matched.summary)
    if matched.summary.end_to_end_ms.max is None and matched.effects:
        yield Caution(
            "clock-unknown",
            "end-to-end times are missing: no counted effect can be placed on the sender's clock",
            "counts of effects hold all the same",
        )
    yield from _disagreeing_clocks(matched)
    if matched.silent:
        yield Caution(
            "effects-none-of-type",
            f"no acknowledged delivery of {', '.join(matched.silent)} had any effect; all of them"
            " count as lost",
            "where the receiver rightly does nothing upstream, take the type out of the scenario",
        )
    if matched.unattributed:
        yield Caution(
            "effects-unattributed",
            f"{matched.unattributed} effects belong to no delivery of this run",
            "if they are this run's, let the receiver put the delivery id into its upstream calls",
        )
    if matched.unmarked:
        yield Caution(
            "effects-unmarked",
            f"{matched.unmarked} effects carry no Idempotency-Key `<delivery id>:<operation>`, so"
            " only an exact repeat of a request shows as duplicated",
            "mark upstream calls with that header",
        )


def _lost(effects: EffectsSummary) -> Iterator[Caution]:
    if effects.lost:
        yield Caution(
            LOST,
            f"{effects.lost} of {effects.expected} acknowledged deliveries had no effect upstream"
            " while it was watched",
            "end-to-end times are of the others only: find out where these were left",
        )


def _disagreeing_clocks(matched: MatchedEffects) -> Iterator[Caution]:
    times = matched.end_to_end.ms
    negative = int(np.sum(times < 0))
    if negative:
        yield Caution(
            CLOCKS_DISAGREE,
            f"{negative} of {len(times)} effects came before their delivery was due, by up to"
            f" {-float(np.min(times)):.1f} ms",
            "sender and upstream need the same clock; do not use end-to-end times of this run",
        )
