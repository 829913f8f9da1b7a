"""All that a receiver keeps of one person, for that person."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import msgspec

from ghlctl.errors import UsageError
from ghlctl.reference.compliance.audit_file import AuditFile
from ghlctl.reference.compliance.entry import Action, Entry, Purpose, fields_of
from ghlctl.reference.compliance.places import Places, Row, Shelf
from ghlctl.reference.compliance.pseudonyms import Pseudonyms
from ghlctl.reference.storage import State

BY_NAME = ("id", "contactId")
MEMORY = "the cache in the memory of a running receiver: it ends with it, or after an hour"
NO_KEY = "the audit log and what was said of consent: without the compliance key nobody is found"
NO_CACHE = "a Redis: none was named with --cache"


@dataclass(frozen=True, slots=True)
class Person:
    """By whatever of the two is known."""

    contact_id: str = ""
    email: str = ""


def everything_about(person: Person, places: Places, now: float) -> dict[str, Any]:
    """As JSON will have it; that it was asked for goes on record. `now` is in unix seconds."""
    names = Pseudonyms(places.key.pseudonyms) if places.key else None
    records = places.records() if names else []
    with places.shelf() as shelf:
        known = _Known(frozenset({person.contact_id} - {""}), person.email.strip().casefold())
        found = _found(known, shelf, records, names)
        while found.known != known:  # an address leads to an id, and that to more
            known = found.known
            found = _found(known, shelf, records, names)
        pseudonyms = _pseudonyms(known, records, names)
        standings = shelf.standings(sorted(pseudonyms))
    cached = places.cached(sorted(known.contact_ids))
    export = {
        "schema_version": 1,
        "asked_for": {"contact": person.contact_id or None, "email": person.email or None},
        "contacts": sorted(known.contact_ids),
        "deliveries": [_delivery(row) for row in found.deliveries],
        "results": [_result(row) for row in found.insights],
        "standing": [_standing(row) for row in standings],
        "records": found.records,
        "cache": cached or [],
        "not_looked_into": _missing(cached is not None, names is not None),
    }
    export["found"] = any(export[name] for name in _KEPT)
    _put_on_record(places, pseudonyms, now)
    return export


_KEPT = ("deliveries", "results", "standing", "records", "cache")


@dataclass(frozen=True, slots=True)
class _Known:
    contact_ids: frozenset[str]
    email: str


@dataclass(frozen=True, slots=True)
class _Found:
    known: _Known
    deliveries: list[Row]
    insights: list[Row]
    records: list[Row]


def _found(known: _Known, shelf: Shelf, records: list[Row], names: Pseudonyms | None) -> _Found:
    mine = [record for record in records if names and _is_mine(record, known, names)]
    ids = sorted({record["delivery"] for record in mine if record.get("delivery")})
    rows = {row["seq"]: row for row in shelf.deliveries(ids)}
    rows |= {row["seq"]: row for row in shelf.open_deliveries() if _names(row["body"], known)}
    insights = shelf.insights(sorted(known.contact_ids), sorted(rows))
    contacts = {row["contact_id"] for row in insights}
    contacts |= {one for row in rows.values() for one in _contacts_in(row["body"])}
    return _Found(
        replace(known, contact_ids=known.contact_ids | contacts),
        [rows[seq] for seq in sorted(rows)],
        insights,
        mine,
    )


def _is_mine(record: Row, known: _Known, names: Pseudonyms) -> bool:
    if known.email and record.get("email") == names.email(known.email):
        return True
    contact, location = record.get("contact"), record.get("location", "")
    return contact is not None and any(
        contact == names.contact(location, one) for one in known.contact_ids
    )


def _pseudonyms(known: _Known, records: list[Row], names: Pseudonyms | None) -> set[str]:
    """Under which it stands: they hold the location, which the records know."""
    mine = [record for record in records if names and _is_mine(record, known, names)]
    return {record["contact"] for record in mine if record.get("contact")}


def _names(body: bytes, known: _Known) -> bool:
    if known.contact_ids & set(_contacts_in(body)):
        return True
    return bool(known.email) and known.email in {
        text.strip().casefold() for text in _texts(_content(body))
    }


def _contacts_in(body: bytes | None) -> list[str]:
    content = _content(body)
    booked = content.get("appointment")
    about = [content.get("contactId")]
    about += [booked.get("contactId")] if isinstance(booked, dict) else []
    if str(content.get("type")).startswith("Contact"):
        about.append(content.get("id"))
    return [one for one in about if isinstance(one, str)]


def _content(body: bytes | None) -> dict[str, Any]:
    try:
        content = msgspec.json.decode(body) if body else {}
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _texts(value: Any) -> Iterable[str]:
    open_ = [value]
    while open_:
        match open_.pop():
            case dict() as fields:
                open_ += fields.values()
            case list() as several:
                open_ += several
            case str() as text:
                yield text


def _delivery(row: Row) -> Row:
    body = row["body"]
    return {
        "delivery": row["webhook_id"],
        "received_at": _time(row["received_at"]),
        "state": State(row["state"]).name.lower(),
        "content": _content(body) or (None if body is None else body.decode(errors="replace")),
    }


def _result(row: Row) -> Row:
    """`kept` is what the delivery said beside, as JSON."""
    return row | {"kept": _content(row.get("kept")) or None}


def _standing(row: Row) -> Row:
    return {
        "contact": row["contact"],
        "opted_out": bool(row["opted_out"]),
        "said_at": _time(row["said_at"]),
        "erased_at": None if row["erased_at"] is None else _time(row["erased_at"]),
    }


def _missing(cache: bool, keyed: bool) -> list[str]:
    return [MEMORY, *([] if cache else [NO_CACHE]), *([] if keyed else [NO_KEY])]


def _put_on_record(places: Places, contacts: Iterable[str], now: float) -> None:
    if places.key is None or not places.audit_log.exists():
        return
    entries = [
        Entry(Action.EXPORTED, Purpose.ACCESS, "exported", people={"contact": one})
        for one in sorted(contacts)
    ] or [Entry(Action.EXPORTED, Purpose.ACCESS, "nobody found")]
    file = AuditFile(places.audit_log, places.key.chain)
    try:
        file.append([fields_of(entry, now) for entry in entries], now, sync=True)
    except OSError as error:
        raise UsageError(
            f"the export cannot be put on record: {error.strerror}",
            "run it as a user who may write the audit log",
        ) from None
    finally:
        file.close()


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
