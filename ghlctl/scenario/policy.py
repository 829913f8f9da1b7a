"""Thresholds in a file of their own, and the presets that ship."""

from dataclasses import dataclass
from importlib.resources import files

from msgspec import Struct

from ghlctl.errors import UsageError
from ghlctl.model.threshold import Place, Threshold
from ghlctl.scenario.bounds import check_text
from ghlctl.scenario.convert import fit
from ghlctl.scenario.document import Document, read_document
from ghlctl.scenario.units import duration_s

PRESETS = ("plan", "strict", "smoke")


class PolicyShape(Struct, forbid_unknown_fields=True):
    """Thresholds that belong together, under a name."""

    name: str
    thresholds: list[str | Threshold]
    about: str = ""


@dataclass(frozen=True, slots=True)
class Policy:
    """`places` has where each of `thresholds` is written; a preset's have no file."""

    name: str
    thresholds: tuple[Threshold, ...]
    places: tuple[Place, ...]


def preset(name: str) -> Policy:
    """A policy that ships; UsageError for a name that none has."""
    if name not in PRESETS:
        raise UsageError(
            f"there is no policy {name!r}, neither a file nor a preset",
            f"name a file, or one of {', '.join(PRESETS)}",
        )
    text = files("ghlctl.scenario").joinpath("policies", f"{name}.yaml").read_text("utf-8")
    return read_policy(text, "")


def read_policy(text: str, source: str) -> Policy:
    """Raise UsageError with file and line; the expressions are left to who evaluates them."""
    document = read_document(text, source)
    shape = fit(document, PolicyShape)
    with document.at("name"):
        check_text("a policy's name", shape.name)
    if not shape.thresholds:
        raise document.error(("thresholds",), "a policy without thresholds passes anything")
    thresholds = tuple(_threshold(document, n, each) for n, each in enumerate(shape.thresholds))
    places = tuple(
        Place(source, document.line("thresholds", number)) for number in range(len(thresholds))
    )
    return Policy(shape.name, thresholds, places)


def places_in(text: str, source: str) -> dict[str, Place]:
    """Where each expression of a scenario's or policy's `thresholds` stands, by its text."""
    document = read_document(text, source)
    written = document.value.get("thresholds")
    found: dict[str, Place] = {}
    for number, each in enumerate(written if isinstance(written, list) else ()):
        expression = each.get("expr") if isinstance(each, dict) else each
        if isinstance(expression, str):
            place = Place(source, document.line("thresholds", number))
            found.setdefault(expression.strip(), place)
    return found


def _threshold(document: Document, number: int, written: str | Threshold) -> Threshold:
    threshold = Threshold(written) if isinstance(written, str) else written
    with document.at("thresholds", number, "after"):
        duration_s(threshold.after)
    return threshold
