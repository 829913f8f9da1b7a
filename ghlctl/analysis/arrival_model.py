"""What the kind of arrivals means for reading a run, from the scenario as run.json holds it."""

from collections.abc import Iterator
from typing import Any

from ghlctl.model.run import Run


def concurrency(run: Run) -> int:
    """The most requests that closed stages keep in flight; 0 where every arrival was planned."""
    return max((int(body["concurrency"]) for body in _stages(run, "closed")), default=0)


def has_bursts(run: Run) -> bool:
    """Whether arrivals were due all at one moment: all but the first are late by design."""
    return any(True for _ in _stages(run, "burst"))


def _stages(run: Run, kind: str) -> Iterator[Any]:
    return (stage[kind] for stage in run.scenario.get("arrivals", ()) if kind in stage)
