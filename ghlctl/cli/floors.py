"""The noise floor of this machine, as the control arms of stored live comparisons measured it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ghlctl.errors import StoreError

if TYPE_CHECKING:
    from ghlctl.analysis.comparison import NoiseFloors
    from ghlctl.model.estimate import CompareSummary
    from ghlctl.model.run import Run
    from ghlctl.store.runs import RunStore

WITHIN = timedelta(days=1)  # a machine is another one next week
LEAST = 0.05  # a machine that happened to be calm for some minutes is no proof for more


def measured_floors(store: "RunStore", one: "Run", other: "Run") -> "NoiseFloors | None":
    """The most that any control near both runs drifted by, metric by metric; None without any."""
    from ghlctl.analysis.comparison import NoiseFloors

    found: dict[str, float] = {}
    sources = []
    for run, comparison in _controls(store):
        if not (_near(run, one) and _near(run, other)):
            continue
        sources.append(run.id)
        for floor in comparison.noise_floors:
            if floor.sequential is not None:
                least = max(LEAST, floor.sequential)
                found[floor.metric] = max(least, found.get(floor.metric, 0.0))
    return NoiseFloors(", ".join(sources), found) if found else None


def _controls(store: "RunStore") -> "Iterator[tuple[Run, CompareSummary]]":
    """Whole live comparisons that had a control; what cannot be read is none."""
    from ghlctl.model.run import RunKind, RunState

    for folder in store.runs():
        try:
            run = folder.read_run()
            comparison = folder.read_comparison() if run.kind is RunKind.COMPARE else None
        except StoreError:
            continue
        if comparison is not None and run.state is RunState.COMPLETE:
            yield run, comparison


def _near(control: "Run", run: "Run") -> bool:
    """On the same machine, within a day."""
    from ghlctl.store.environment import same_machine

    try:
        apart = _moment(control.started_at) - _moment(run.started_at)
    except (ValueError, TypeError):
        return False
    return same_machine(control.environment, run.environment) and abs(apart) <= WITHIN


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
