"""Doubts, gathered once each, under the numbers that they weigh on."""

from collections.abc import Iterable
from dataclasses import dataclass

from ghlctl.model.caution import Caution
from ghlctl.report.document import AuditView, Document, LoadView


@dataclass(frozen=True, slots=True)
class Doubts:
    """The cautions on one load, audit or comparison, named by `about`."""

    about: str
    cautions: tuple[Caution, ...]


def load_doubts(load: LoadView) -> Doubts:
    return Doubts(load.label, _once((*load.summary.cautions, *load.run.cautions)))


def audit_doubts(audit: AuditView) -> Doubts:
    return Doubts(f"audit of {audit.label}", _once(audit.summary.cautions))


def comparison_doubts(document: Document) -> Doubts:
    """Those that the comparison does not merely repeat from its runs."""
    cautions = document.comparison.cautions if document.comparison else ()
    said = {
        (each.code, each.text) for load in document.loads for each in load_doubts(load).cautions
    }
    own = (each for each in cautions if (each.code, _bare(each.text)) not in said)
    return Doubts("the comparison", _once(own))


def all_doubts(document: Document) -> tuple[Doubts, ...]:
    """Every non-empty group, loads first."""
    groups = (
        *(load_doubts(load) for load in document.loads),
        comparison_doubts(document),
        *(audit_doubts(audit) for audit in document.audits),
    )
    return tuple(group for group in groups if group.cautions)


def _bare(text: str) -> str:
    """A caution's text without the name of the run that a comparison writes before it."""
    arm, colon, rest = text.partition(": ")
    return rest if colon and arm in {"baseline", "candidate"} else text


def _once(cautions: Iterable[Caution]) -> tuple[Caution, ...]:
    return tuple(dict.fromkeys(cautions))
