"""Several load runs at the same time: the arms of a live comparison."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace

from ghlctl.errors import GhlctlError
from ghlctl.load.link import Link, Meeting
from ghlctl.load.measure import LoadOrder, Measured, Onlookers, measure_load
from ghlctl.load.messages import Progress
from ghlctl.model.run import Run, RunState
from ghlctl.store.runs import RunFolder

INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class ArmOrder:
    """What to measure of one arm, and where it goes."""

    name: str
    order: LoadOrder
    folder: RunFolder
    run: Run


@dataclass(frozen=True, slots=True)
class Together:
    """Per arm its account; empty where `fault` kept one of them from having one.

    `interrupted` by Ctrl-C.
    """

    measured: tuple[Measured, ...]
    fault: GhlctlError | None
    interrupted: bool


def measure_together(
    arms: Sequence[ArmOrder],
    *,
    environ: Mapping[str, str],
    gap_s: float = 0.0,
    on_progress: Callable[[Progress], None] | None = None,
) -> Together:
    """Begin all arms at one moment and end all once one has ended early; blocks.

    `gap_s` is the mean time between arrivals, over which the arms are spread evenly. Progress is
    the first arm's. What was measured is in the folders, Ctrl-C or not.
    """
    meeting, faults = Meeting(len(arms)), list[GhlctlError]()
    with ThreadPoolExecutor(len(arms), "arm") as pool:
        futures = []
        for place, arm in enumerate(arms):
            link = Link(meeting, round(gap_s * 1e9 * place / len(arms)))
            order = replace(arm.order, link=link)
            heard = None if place else on_progress
            futures.append(pool.submit(_measure, arm, order, meeting, faults, environ, heard))
        interrupted = _await(futures, meeting)
    measured = [each for future in futures if (each := future.result()) is not None]
    if faults:
        return Together((), faults[0], interrupted)
    return Together(tuple(measured), None, interrupted)


def _measure(
    arm: ArmOrder,
    order: LoadOrder,
    meeting: Meeting,
    faults: list[GhlctlError],
    environ: Mapping[str, str],
    on_progress: Callable[[Progress], None] | None,
) -> Measured | None:
    try:
        measured = measure_load(
            order, arm.folder, arm.run, environ=environ, onlookers=Onlookers(on_progress)
        )
    except GhlctlError as fault:
        faults.append(fault)  # the first in time says why; the others follow from it
        meeting.end(f"{arm.name} could not be measured: {fault.message}")
        return None
    except BaseException:
        meeting.end(f"{arm.name} could not be measured")  # a defect must not leave others waiting
        raise
    if measured.summary.state != RunState.COMPLETE:
        meeting.end(f"the load on {arm.name} ended early")
    return measured


def _await(futures: "Sequence[Future[Measured | None]]", meeting: Meeting) -> bool:
    """Wait for all; whether Ctrl-C ended them."""
    interrupted = False
    while True:
        try:
            pending: set[Future[Measured | None]] = set(futures)
            while pending:
                _, pending = wait(pending, return_when=FIRST_COMPLETED)
        except KeyboardInterrupt:
            interrupted = True
            meeting.end(INTERRUPTED)
        else:
            return interrupted
