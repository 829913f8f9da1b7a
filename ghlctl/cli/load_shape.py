"""From the command line's words about a load to the scenario that is run."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ghlctl.cli.settings import read_text
from ghlctl.errors import UsageError

if TYPE_CHECKING:
    from ghlctl.model.threshold import Threshold
    from ghlctl.scenario.config import Config
    from ghlctl.scenario.scenario import RetriesSpec, Scenario, Stage


USUAL_EVENTS: dict[str, float] = {
    "ContactCreate": 40,
    "ContactUpdate": 30,
    "OpportunityCreate": 15,
    "AppointmentCreate": 15,
}
"""Weights of what most integrations handle, where no scenario says otherwise."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The load as the command line has it, laid over a scenario."""

    scenario: str | None = None
    iterations: int | None = None
    concurrency: int | None = None
    rate: float | None = None
    duration: str | None = None
    thresholds: Sequence[str] = ()
    seed: int | None = None
    replay: str | None = None
    speed: float | None = None


def scenario_for(shape: Shape, config: "Config") -> "Scenario":
    """The scenario named by flag or config, or a plain one from the flags alone."""
    import msgspec

    from ghlctl.model.threshold import Threshold
    from ghlctl.scenario.reader import read_scenario
    from ghlctl.scenario.scenario import Constant, Scenario

    path = config.scenario if shape.scenario is None else shape.scenario
    stages = _stages(shape)
    if path is not None:
        scenario = _found_from(Path(path).parent, read_scenario(read_text(Path(path)), path))
    else:
        scenario = Scenario(
            name="quick",
            provider="ghl",
            events=USUAL_EVENTS,
            arrivals=stages or (Constant(10.0, 10.0),),
        )
    given = tuple(Threshold(expr=text) for text in shape.thresholds)
    scenario = msgspec.structs.replace(
        scenario,
        arrivals=stages or scenario.arrivals,
        thresholds=(*scenario.thresholds, *given),
        seed=shape.seed if shape.seed is not None else scenario.seed,
        retries=_settled(scenario.retries),
    )
    _check_thresholds(scenario.thresholds)
    return scenario


def _stages(shape: Shape) -> "tuple[Stage, ...]":
    from ghlctl.scenario.scenario import Closed, Constant, Replay
    from ghlctl.scenario.units import duration_s

    generated = (shape.iterations, shape.concurrency, shape.rate, shape.duration)
    if shape.replay is not None:
        if any(given is not None for given in generated):
            raise UsageError(
                "--replay brings its own arrivals", "leave out --rate, --iterations and the like"
            )
        return (Replay(shape.replay, 1.0 if shape.speed is None else shape.speed),)
    if shape.speed is not None:
        raise UsageError("--speed is that of a replay", "add --replay FILE")
    closed = shape.iterations is not None or shape.concurrency is not None
    if closed and (shape.rate is not None or shape.duration is not None):
        raise UsageError(
            "--rate is an open model and --concurrency a closed one",
            "give --rate and --duration, or --iterations and --concurrency",
        )
    if closed:
        return (Closed(shape.concurrency or 1, shape.iterations or 100),)
    if shape.rate is None and shape.duration is None:
        return ()
    return (Constant(shape.rate or 10.0, duration_s(shape.duration or "10s")),)


def _found_from(folder: Path, scenario: "Scenario") -> "Scenario":
    """Captured files are named as seen from the scenario's own folder."""
    import msgspec

    from ghlctl.scenario.scenario import Replay

    stages = tuple(
        Replay(str(folder / stage.path), stage.speed) if isinstance(stage, Replay) else stage
        for stage in scenario.arrivals
    )
    return msgspec.structs.replace(scenario, arrivals=stages)


def _settled(retries: "RetriesSpec | None") -> "RetriesSpec | None":
    """With a speed in any case, so that the run tells which it was."""
    import msgspec

    from ghlctl.providers.ghl.policy import POLICIES

    if retries is None or retries.speed is not None:
        return retries
    return msgspec.structs.replace(retries, speed=POLICIES[retries.policy].usual_speed)


def _check_thresholds(thresholds: "Sequence[Threshold]") -> None:
    """Before anything is sent: a threshold that cannot be read would waste the run."""
    from ghlctl.analysis.thresholds import parse_threshold
    from ghlctl.load.abort import stopper

    for threshold in thresholds:
        parse_threshold(threshold.expr)
    stopper(thresholds)


def relative_thresholds(thresholds: "Sequence[Threshold]") -> "tuple[Threshold, ...]":
    """Those that only a comparison can judge, once the run is there."""
    from ghlctl.analysis.thresholds import needs_comparison, parse_threshold
    from ghlctl.model.threshold import Level

    on = (each for each in thresholds if each.level is not Level.OFF)
    return tuple(each for each in on if needs_comparison(parse_threshold(each.expr)))
