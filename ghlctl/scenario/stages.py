"""One stage of the arrivals: from what a person writes, and back."""

from dataclasses import dataclass
from typing import Any

from msgspec import UNSET

from ghlctl.errors import UsageError
from ghlctl.model.suggestion import did_you_mean
from ghlctl.scenario.bounds import check_duration
from ghlctl.scenario.convert import fit
from ghlctl.scenario.document import Document
from ghlctl.scenario.scenario import Burst, Closed, Constant, Poisson, Ramp, Replay, Stage
from ghlctl.scenario.shape import (
    STAGES,
    BurstShape,
    ClosedBody,
    ClosedShape,
    ConstantShape,
    PoissonShape,
    RampShape,
    ReplayShape,
    StageShape,
)
from ghlctl.scenario.units import duration_s, rate_per_s, write_duration, write_rate

_EXAMPLE = "write one of: " + ", ".join(STAGES)


def read_stage(document: Document, number: int) -> Stage:
    """The stage at `arrivals[number]`; UsageError that names what is wrong in it."""
    at = ("arrivals", number)
    raw = document.value["arrivals"][number]
    if not isinstance(raw, dict):
        raise document.error(at, "a stage is a mapping", "write {constant: 25/s, for: 30s}")
    kinds = [kind for kind in STAGES if kind in raw]
    if not kinds:
        hints = [hint for key in raw if (hint := did_you_mean(key, STAGES))]
        raise document.error(at, "this is no stage", hints[0] if hints else _EXAMPLE)
    if len(kinds) > 1:
        said = " and ".join(kinds)
        raise document.error(at, f"{said} are two stages", "write each as its own list item")
    shape = fit(document, STAGES[kinds[0]], *at)
    with document.at(*at):
        return _stage(_Place(document, at), shape)


def write_stage(stage: Stage) -> dict[str, Any]:  # noqa: PLR0911 - one for each kind of stage
    """The mapping that `read_stage` reads the same stage from."""
    match stage:
        case Constant(rate, for_s):
            return {"constant": write_rate(rate), "for": write_duration(for_s)}
        case Poisson(rate, for_s):
            return {"poisson": write_rate(rate), "for": write_duration(for_s)}
        case Ramp(low, high, for_s):
            return {"ramp": [write_rate(low), write_rate(high)], "for": write_duration(for_s)}
        case Burst(count):
            return {"burst": count}
        case Replay(path, speed):
            return {"replay": path, "speed": speed}
        case Closed(concurrency, iterations, None):
            return {"closed": {"concurrency": concurrency, "iterations": iterations}}
        case Closed(concurrency, _, for_s):
            lasts = write_duration(for_s or 0.0)
            return {"closed": {"concurrency": concurrency, "for": lasts}}


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a stage stands, so that its texts are refused under their own keys."""

    document: Document
    path: tuple[str | int, ...]

    def rate(self, written: object, *key: str | int) -> float:
        with self.document.at(*self.path, *key):
            return rate_per_s(written)

    def lasts(self, written: object, *key: str) -> float:
        with self.document.at(*self.path, *key, "for"):
            seconds = duration_s(written)
            check_duration(seconds)
            return seconds


def _stage(place: _Place, shape: StageShape) -> Stage:
    match shape:
        case ConstantShape(constant=rate, for_=lasts):
            return Constant(place.rate(rate, "constant"), place.lasts(lasts))
        case PoissonShape(poisson=rate, for_=lasts):
            return Poisson(place.rate(rate, "poisson"), place.lasts(lasts))
        case RampShape(ramp=[low, high], for_=lasts):
            rates = place.rate(low, "ramp", 0), place.rate(high, "ramp", 1)
            return Ramp(*rates, place.lasts(lasts))
        case RampShape():
            raise UsageError("a ramp goes from one rate to another", "write ramp: [25/s, 100/s]")
        case BurstShape(burst=count):
            return Burst(count)
        case ReplayShape(replay=path, speed=speed):
            return Replay(path, speed)
        case ClosedShape(closed=body):
            return _closed(place, body)


def _closed(place: _Place, body: ClosedBody) -> Closed:
    return Closed(
        body.concurrency,
        None if body.iterations is UNSET else body.iterations,
        None if body.for_ is UNSET else place.lasts(body.for_, "closed"),
    )
