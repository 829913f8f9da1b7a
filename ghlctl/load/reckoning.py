"""The end of a distributed run: rows of everybody in one file, counts compared, doubts named."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from ghlctl.errors import StoreError
from ghlctl.load.clocks import TRUSTED_NS, apart, offset_from
from ghlctl.load.crew import Crew
from ghlctl.load.gathering import ask_clock
from ghlctl.load.histogram import Histogram
from ghlctl.load.landing import unreported_folder
from ghlctl.load.member import Member, said_together
from ghlctl.load.merging import (
    NO_REPORT,
    NOTHING,
    Counts,
    Merged,
    disagreement,
    merged,
    report_of,
)
from ghlctl.load.messages import Finished, Progress
from ghlctl.load.plan import Share
from ghlctl.load.schedule import planned, segments_of
from ghlctl.load.unreported import Lost, unreported
from ghlctl.load.waiting import aside, wait_for
from ghlctl.model.caution import Caution
from ghlctl.model.summary import WorkerSummary
from ghlctl.store.samples import (
    FILE,
    SampleWriter,
    has_samples,
    no_samples,
    read_samples,
    rows_kept,
    unite,
)

WORKER_LOST = "worker-lost"
_WALL_NS = 1_000_000_000
_WRITING_S = 10.0


@dataclass(slots=True)
class Course:
    """What happened when, in ns after the plan's zero, which was at `origin_ns` of our clock.

    `zeros` of the segments that began, `losses` by the worker that went.
    """

    origin_ns: int
    segments: int
    zeros: dict[int, int] = field(default_factory=lambda: {0: 0})
    losses: dict[str, int] = field(default_factory=dict)
    halted_ns: int | None = None


def progress_of(crew: Crew, course: Course) -> Progress:
    """Everybody's last word, merged; planned counts what a lost worker owned as well."""
    together = merged([member.report for member in crew if member.report is not None]).progress
    known = planned(segments_of(crew.plan))
    elapsed_s = max(0, time.monotonic_ns() - course.origin_ns) / 1e9
    return msgspec.structs.replace(
        together, elapsed_s=elapsed_s, planned=max(known, together.planned)
    )


def reckon(crew: Crew, course: Course) -> tuple[Finished, list[Caution]]:
    """Unite the samples and say what the run was; nobody is asked anything after this."""
    for member in crew:
        if member.process is None and not member.gone:
            _compare_again(crew, member)
    missing = [(each, _account_for(crew, course, each)) for each in crew if each.lost]
    together = merged([member.report for member in crew if member.report is not None])
    counts = [_counts_of(member) for member in crew if not member.lost]
    if not missing:
        counts.append(_counts_of_all(crew, together))
    aside(lambda: _unite(Path(crew.plan.folder)))
    wrong = disagreement(counts)
    said = [(each, doubt) for each in crew if each.ended for doubt in each.ended.cautions]
    cautions = [
        *_lost(missing),
        *([wrong] if wrong else []),
        *_unsure_clocks(crew),
        *said_together(said),
    ]
    return _finished(crew, together.progress), cautions


def _unite(folder: Path) -> None:
    try:
        unite(folder)
    except OSError as fault:
        said = f"samples cannot be written: {fault.strerror}"
        raise StoreError(said, "free some space") from None


def _finished(crew: Crew, progress: Progress) -> Finished:
    ended = [(member, member.ended) for member in crew if member.ended is not None]
    lost = any(member.lost for member in crew)
    return Finished(
        aborted=lost or any(word.aborted for _, word in ended),
        keeping_up=not lost and all(word.keeping_up for _, word in ended),
        progress=progress,
        workers=tuple(_summary(member) for member in crew),
        elsewhere_cpu_s=sum(word.cpu_s for member, word in ended if member.process is None),
    )


def _account_for(crew: Crew, course: Course, member: Member) -> int:
    """Put what a lost worker owned and did not report among the run's rows; how many that are."""
    share = Share(member.index, crew.plan.spread.together)
    plan = msgspec.structs.replace(crew.plan, share=share)
    if member.process is not None:  # who writes its samples outlives it, and writes them all
        wait_for((member.folder / FILE).exists, _WRITING_S)
    kept = read_samples(member.folder) if has_samples(member.folder) else no_samples()
    lost = Lost(plan, course.losses.get(member.client_id, 0))
    rows = unreported(lost, course.zeros, kept, course.halted_ns)
    SampleWriter(unreported_folder(member.folder)).append(rows)
    last = member.report.progress if member.report else NOTHING
    member.report = report_of(kept, last, unreported=len(rows))
    return len(rows)


def _compare_again(crew: Crew, member: Member) -> None:
    """Clocks drift: what was measured before the run is held against what is true after it."""
    member.trips.clear()
    ask_clock(crew, member)
    if member.trips:
        member.apart_ns = apart(member.offset, offset_from(member.trips))


def _counts_of(member: Member) -> Counts:
    report = member.report or NO_REPORT
    rows = rows_kept(member.folder) - report.progress.dropped - report.progress.retries
    held = len(Histogram.unpack(report.response))
    return Counts(member.name, report.progress.done, held, rows, "its samples")


def _counts_of_all(crew: Crew, together: Merged) -> Counts:
    requests = crew.desk.stats.total.num_requests
    held = len(together.response)
    return Counts("all workers", together.progress.done, held, requests, "Locust's statistics")


def _lost(missing: Sequence[tuple[Member, int]]) -> Iterator[Caution]:
    for member, rows in missing:
        why = member.gone or "it was stopped there"
        yield Caution(
            WORKER_LOST,
            f"{member.name} was lost ({why}): {rows} arrivals of its share are unreported",
            "they are rows with error unreported; look at that worker's machine, measure again",
        )


def _unsure_clocks(crew: Crew) -> Iterator[Caution]:
    for member in crew:
        if member.apart_ns > TRUSTED_NS:
            yield Caution(
                "clocks-unsure",
                f"moments of {member.name} are known to {member.apart_ns / 1e6:.1f} ms only",
                "that is between workers: times from intended to done are of one clock and hold",
            )
        if abs(member.wall_ns) > _WALL_NS:
            yield Caution(
                "wall-clock",
                f"the wall clock of {member.name} is off by {member.wall_ns / 1e9:.1f} s",
                "its signatures carry that time: let both machines keep their clocks right",
            )


def _summary(member: Member) -> WorkerSummary:
    progress, ended = (member.report or NO_REPORT).progress, member.ended
    return WorkerSummary(
        worker=member.index,
        sent=progress.done,
        dropped=progress.dropped,
        cpu_s=round(ended.cpu_s, 3) if ended else 0.0,
        lateness_p99_ms=progress.lateness_p99_ms,
        keeping_up=ended is not None and not ended.left and ended.keeping_up,
    )
