"""The operations of HighLevel API v2 that this upstream serves, and how a request finds one."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from urllib.parse import unquote

from ghlctl.upstream.answers import Answer, Json, bad_request, not_found, unprocessable
from ghlctl.upstream.crm import Crm, Kind, write

Operation = Callable[[Crm, str, str, Json], Answer]
"""Of the state, the location, the id in the path ("" without one) and the body."""


@dataclass(frozen=True, slots=True)
class Call:
    """An operation and the id its path named."""

    operation: Operation
    record_id: str


def _create(kind: Kind, crm: Crm, location: str, _: str, body: Json) -> Answer:
    return Answer(201, {str(kind): crm.create(kind, location, body)})


def _get(kind: Kind, crm: Crm, location: str, record_id: str, _: Json) -> Answer:
    record = crm.find(kind, location, record_id)
    return _absent(kind) if record is None else Answer(200, {str(kind): record})


def _put(kind: Kind, crm: Crm, location: str, record_id: str, body: Json) -> Answer:
    record = crm.find(kind, location, record_id)
    if record is None:
        return _absent(kind)
    write(record, body)
    # "succeded" is how HighLevel spells it.
    return Answer(200, {"succeded": True, str(kind): record})


def _delete(crm: Crm, location: str, record_id: str, _: Json) -> Answer:
    if not crm.delete(Kind.CONTACT, location, record_id):
        return _absent(Kind.CONTACT)
    return Answer(200, {"succeded": True})


def _upsert(crm: Crm, location: str, _: str, body: Json) -> Answer:
    known = crm.contact_like(location, body)
    if known is None:
        return Answer(201, {"new": True, "contact": crm.create(Kind.CONTACT, location, body)})
    write(known, body)
    return Answer(200, {"new": False, "contact": known})


def _add_tags(crm: Crm, location: str, record_id: str, body: Json) -> Answer:
    return _tags(crm, location, record_id, body, add=True)


def _remove_tags(crm: Crm, location: str, record_id: str, body: Json) -> Answer:
    return _tags(crm, location, record_id, body, add=False)


def _tags(crm: Crm, location: str, record_id: str, body: Json, *, add: bool) -> Answer:
    if "tags" not in body:
        return unprocessable("tags must be an array")
    contact = crm.find(Kind.CONTACT, location, record_id)
    if contact is None:
        return _absent(Kind.CONTACT)
    given = list(dict.fromkeys(body["tags"]))
    kept = [tag for tag in contact["tags"] if tag not in given]
    contact["tags"] = kept + given if add else kept
    return Answer(201 if add else 200, {"tags": contact["tags"]})


def _bulk_tags(crm: Crm, location: str, way: str, body: Json) -> Answer:
    """Tags of many contacts; one that is gone is an error in the answer and stops no other."""
    contacts = body.get("contacts")
    if not isinstance(contacts, list) or not all(isinstance(id_, str) for id_ in contacts):
        return unprocessable("contacts must be an array of strings")
    if "tags" not in body or not body.get("locationId"):
        return unprocessable("tags and locationId should not be empty")
    outcomes = [_tagged(crm, location, id_, body["tags"], add=way == "add") for id_ in contacts]
    errors = sum(outcome["type"] == "error" for outcome in outcomes)
    return Answer(201, {"succeded": not errors, "errorCount": errors, "responses": outcomes})


def _tagged(crm: Crm, location: str, contact_id: str, tags: list[str], *, add: bool) -> Json:
    if crm.find(Kind.CONTACT, location, contact_id) is None:
        return {"contactId": contact_id, "message": "contact is deleted", "type": "error"}
    _tags(crm, location, contact_id, {"tags": tags}, add=add)
    return {"contactId": contact_id, "message": "Tags updated", "type": "success"}


def _add_note(crm: Crm, location: str, record_id: str, body: Json) -> Answer:
    if not isinstance(body.get("body"), str):
        return unprocessable("body must be a string")
    if crm.find(Kind.CONTACT, location, record_id) is None:
        return _absent(Kind.CONTACT)
    return Answer(201, {"note": crm.create(Kind.NOTE, location, body | {"contactId": record_id})})


def _absent(kind: Kind) -> Answer:
    return not_found(f"{kind.capitalize()} not found")


_ID = "([^/]+)"
_APPOINTMENTS = "/calendars/events/appointments"
_ROUTES: tuple[tuple[str, re.Pattern[str], Operation], ...] = tuple(
    (method, re.compile(path), operation)
    for method, path, operation in (
        ("POST", "/contacts/?", partial(_create, Kind.CONTACT)),
        ("POST", "/contacts/upsert/?", _upsert),
        ("POST", "/contacts/bulk/tags/update/(add|remove)/?", _bulk_tags),
        ("GET", f"/contacts/{_ID}/?", partial(_get, Kind.CONTACT)),
        ("PUT", f"/contacts/{_ID}/?", partial(_put, Kind.CONTACT)),
        ("DELETE", f"/contacts/{_ID}/?", _delete),
        ("POST", f"/contacts/{_ID}/tags/?", _add_tags),
        ("DELETE", f"/contacts/{_ID}/tags/?", _remove_tags),
        ("POST", f"/contacts/{_ID}/notes/?", _add_note),
        ("POST", "/opportunities/?", partial(_create, Kind.OPPORTUNITY)),
        ("GET", f"/opportunities/{_ID}/?", partial(_get, Kind.OPPORTUNITY)),
        ("PUT", f"/opportunities/{_ID}/?", partial(_put, Kind.OPPORTUNITY)),
        ("POST", f"{_APPOINTMENTS}/?", partial(_create, Kind.APPOINTMENT)),
        ("GET", f"{_APPOINTMENTS}/{_ID}/?", partial(_get, Kind.APPOINTMENT)),
        ("PUT", f"{_APPOINTMENTS}/{_ID}/?", partial(_put, Kind.APPOINTMENT)),
    )
)
_OURS = re.compile(r"/(contacts|opportunities|calendars)(/.*)?")


def find_call(method: str, path: str) -> Call | None:
    """The operation for a path as it was sent (percent-encoded), or None."""
    for wanted, pattern, operation in _ROUTES:
        match = pattern.fullmatch(path) if method == wanted else None
        if match:
            return Call(operation, unquote(match[1]) if match.groups() else "")
    return None


def belongs_to_api(path: str) -> bool:
    """Whether HighLevel would have something to say about this path at all."""
    return _OURS.fullmatch(path) is not None


def refuse_body(body: object) -> Answer | None:
    """What HighLevel's validation would answer; None for a body that may be written."""
    if not isinstance(body, dict):
        return bad_request("the body must be a JSON object")
    tags, fields = body.get("tags", []), body.get("customFields", [])
    wrong = [f"{name} must be a string" for name in _TEXTS if not _text(body.get(name))]
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        wrong.append("tags must be an array of strings")
    if not isinstance(fields, list) or not all(_custom_field(item) for item in fields):
        wrong.append("customFields must be an array of objects with an id or a key")
    return unprocessable(*wrong) if wrong else None


_TEXTS = ("firstName", "lastName", "name", "email", "phone", "city", "country", "source")


def _text(value: object) -> bool:
    return value is None or isinstance(value, str)


def _custom_field(item: object) -> bool:
    return isinstance(item, dict) and isinstance(item.get("id") or item.get("key"), str)
