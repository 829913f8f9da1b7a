"""The file of accepted risks: ghlctl-suppressions.yaml, or wherever --suppressions points."""

from datetime import date, timedelta
from typing import Annotated, Any

from msgspec import Meta, Struct

from ghlctl.errors import UsageError
from ghlctl.model.suppression import LONGEST_DAYS, AcceptedBecause, Suppression
from ghlctl.scenario.bounds import check_text
from ghlctl.scenario.convert import fit
from ghlctl.scenario.document import Document, read_document

_ISO_DATE = r"^\d{4}-\d{2}-\d{2}$"


class SuppressionShape(Struct, forbid_unknown_fields=True):
    """One accepted risk: which check, why, who answers for it, and until when."""

    id: str
    reason: AcceptedBecause
    statement: str
    owner: str
    expires: Annotated[Any, Meta(extra_json_schema={"type": "string", "pattern": _ISO_DATE})]
    target: str = "*"


class SuppressionsShape(Struct, forbid_unknown_fields=True):
    """Every accepted risk of a project."""

    suppressions: list[SuppressionShape]


def read_suppressions(text: str, source: str, *, today: date) -> tuple[Suppression, ...]:
    """Raise UsageError with file and line. One that has expired is read: it must not vanish."""
    document = read_document(text, source)
    shape = fit(document, SuppressionsShape)
    return tuple(
        _suppression(document, number, each, today)
        for number, each in enumerate(shape.suppressions)
    )


def _suppression(
    document: Document, number: int, shape: SuppressionShape, today: date
) -> Suppression:
    at = ("suppressions", number)
    for key in ("id", "owner", "target"):
        with document.at(*at, key):
            check_text(f"a suppression's {key}", getattr(shape, key))
    with document.at(*at, "statement"):
        _check_statement(shape.statement)
    with document.at(*at, "expires"):
        expires = _last_day(shape.expires, today)
    return Suppression(
        id=shape.id,
        reason=shape.reason,
        statement=shape.statement.strip(),
        owner=shape.owner,
        expires=expires.isoformat(),
        target=shape.target,
    )


def _check_statement(text: str) -> None:
    if not text.strip():
        raise UsageError("a suppression needs a statement", "say why the risk can be borne")


def _last_day(written: object, today: date) -> date:
    try:
        last = date.fromisoformat(str(written))
    except ValueError:
        raise UsageError("this is no date", "write it as 2027-01-31") from None
    if last > today + timedelta(days=LONGEST_DAYS):
        latest = today + timedelta(days=LONGEST_DAYS)
        raise UsageError(
            f"a risk is accepted for {LONGEST_DAYS} days at most",
            f"{latest.isoformat()} is the latest day today",
        )
    return last
