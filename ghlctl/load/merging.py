"""What all workers together sent: counts added up, histograms merged exactly, and both compared."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ghlctl.load.exchange import Report
from ghlctl.load.histogram import Histogram
from ghlctl.load.messages import Progress
from ghlctl.model.caution import Caution
from ghlctl.model.sample import ErrorKind, Samples

COUNTS_DISAGREE = "counts-disagree"
NOTHING = Progress(
    elapsed_s=0.0,
    planned=0,
    due=0,
    sent=0,
    done=0,
    dropped=0,
    in_flight=0,
    connections=0,
    errors={},
    lateness_p99_ms=None,
    response_p50_ms=None,
    response_p99_ms=None,
)
NO_REPORT = Report(NOTHING, Histogram().pack(), Histogram().pack())


@dataclass(frozen=True, slots=True)
class Merged:
    """All workers' progress as one, with the histograms that its quantiles come from."""

    progress: Progress
    lateness: Histogram
    response: Histogram


@dataclass(frozen=True, slots=True)
class Counts:
    """The same requests as three parts of the engine counted them, for one worker or for all."""

    who: str
    counted: int
    in_histogram: int
    elsewhere: int
    where: str


def merged(reports: Sequence[Report]) -> Merged:
    """Quantiles are of the merged histograms, never of other quantiles."""
    lateness = Histogram.merged([Histogram.unpack(report.lateness) for report in reports])
    response = Histogram.merged([Histogram.unpack(report.response) for report in reports])
    each = [report.progress for report in reports]
    errors: Counter[str] = Counter()
    for progress in each:
        errors.update(progress.errors)
    return Merged(
        Progress(
            elapsed_s=max((progress.elapsed_s for progress in each), default=0.0),
            planned=sum(progress.planned for progress in each),
            due=sum(progress.due for progress in each),
            sent=sum(progress.sent for progress in each),
            done=sum(progress.done for progress in each),
            dropped=sum(progress.dropped for progress in each),
            in_flight=sum(progress.in_flight for progress in each),
            connections=sum(progress.connections for progress in each),
            errors=dict(errors),
            lateness_p99_ms=lateness.quantile_ms(0.99),
            response_p50_ms=response.quantile_ms(0.5),
            response_p99_ms=response.quantile_ms(0.99),
            run_queue_wait_s=sum(progress.run_queue_wait_s for progress in each),
            retries=sum(progress.retries for progress in each),
            cpu_s=sum(progress.cpu_s for progress in each),
        ),
        lateness,
        response,
    )


def report_of(samples: Samples, last: Progress, *, unreported: int) -> Report:
    """What a lost worker's surviving rows say, and those it owes, in place of its last word."""
    arrivals = samples.arrivals
    sent = arrivals.sent
    counts = Counter(arrivals.error.tolist())
    lateness, response = Histogram(), Histogram()
    free = sent & ~arrivals.warmup
    lateness.add((arrivals.sent_ns - arrivals.intended_ns)[free])
    response.add((arrivals.done_ns - arrivals.intended_ns)[sent])
    done, dropped = int(np.sum(sent)), int(np.sum(~sent)) + unreported
    counts[ErrorKind.UNREPORTED.value] += unreported
    progress = Progress(
        elapsed_s=last.elapsed_s,
        planned=done + dropped,
        due=done + dropped,
        sent=done,
        done=done,
        dropped=dropped,
        in_flight=0,
        connections=last.connections,
        errors={kind: count for kind, count in counts.items() if kind and count},
        lateness_p99_ms=lateness.quantile_ms(0.99),
        response_p50_ms=response.quantile_ms(0.5),
        response_p99_ms=response.quantile_ms(0.99),
        run_queue_wait_s=last.run_queue_wait_s,
        retries=len(samples) - len(arrivals),
        cpu_s=last.cpu_s,
    )
    return Report(progress, lateness.pack(), response.pack())


def disagreement(counts: Sequence[Counts]) -> Caution | None:
    """The one reason never to use a run: its parts did not count the same requests."""
    wrong = [each for each in counts if len({each.counted, each.in_histogram, each.elsewhere}) > 1]
    if not wrong:
        return None
    first = wrong[0]
    return Caution(
        COUNTS_DISAGREE,
        f"{first.who} counted {first.counted} requests, its histogram holds {first.in_histogram},"
        f" {first.where} {first.elsewhere}",
        "do not use the numbers of this run; measure again, and report it if it comes again",
    )
