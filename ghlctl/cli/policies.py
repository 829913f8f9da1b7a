"""Which thresholds a gate holds: a policy's, those of the command line, or each run's own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ghlctl.cli.settings import load_config, read_text
from ghlctl.errors import UsageError

if TYPE_CHECKING:
    from ghlctl.model.threshold import Place, Threshold
    from ghlctl.store.runs import RunFolder


@dataclass(frozen=True, slots=True)
class Bounds:
    """Thresholds with the name of their policy, and where each expression is written."""

    thresholds: "tuple[Threshold, ...]"
    places: "Mapping[str, Place]"
    policy: str = ""


def bounds_given(expressions: Sequence[str], policy: str | None) -> Bounds:
    """Those of the command line; every one can be read, or UsageError says where not."""
    from ghlctl.model.threshold import Threshold
    from ghlctl.scenario.policy import preset, read_policy

    given = tuple(Threshold(expr=text) for text in expressions)
    for each in given:
        _check(each)
    if policy is None:
        return Bounds(given, {})
    is_file = Path(policy).is_file() or Path(policy).suffix in (".yaml", ".yml")
    read = (
        read_policy(read_text(Path(policy)), _from_here(Path(policy)))
        if is_file
        else preset(policy)
    )
    placed = {
        threshold.expr.strip(): place
        for threshold, place in zip(read.thresholds, read.places, strict=True)
    }
    for each in read.thresholds:
        _check(each, placed[each.expr.strip()])
    in_files = {expression: place for expression, place in placed.items() if place.file}
    return Bounds((*read.thresholds, *given), in_files, read.name)


def own_bounds(folder: "RunFolder") -> "tuple[Threshold, ...]":
    """The thresholds of a load run's scenario; an audit has none."""
    import yaml

    from ghlctl.model.run import RunKind
    from ghlctl.scenario.reader import read_scenario

    run = folder.read_run()
    if run.kind is RunKind.AUDIT:
        return ()
    return read_scenario(yaml.safe_dump(run.scenario), run.id).thresholds


def places_of_own(config: str | None) -> "Mapping[str, Place]":
    """Where the thresholds of the project's scenario are written, if it is still there."""
    from ghlctl.scenario.policy import places_in

    path = load_config(config).scenario
    if path is None or not Path(path).is_file():
        return {}
    shown = _from_here(Path(path))
    return places_in(read_text(Path(path)), shown)


def _check(threshold: "Threshold", place: "Place | None" = None) -> None:
    from ghlctl.analysis.thresholds import parse_threshold

    try:
        parse_threshold(threshold.expr)
    except UsageError as refusal:
        if place is None or not place.file:
            raise
        where = f"{place.file}:{place.line}: {refusal.message}"
        raise UsageError(where, refusal.hint) from None


def _from_here(path: Path) -> str:
    """As a CI service knows the file: relative to where the job runs."""
    here = Path.cwd()
    whole = path.resolve()
    return str(whole.relative_to(here) if whole.is_relative_to(here) else path)
