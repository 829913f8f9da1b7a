"""Contacts: made, read, changed, deleted, found; their tags, one by one and in bulk."""

from collections.abc import Callable
from typing import Any

from ghlctl.upstream.answers import Answer, Json
from ghlctl.upstream.asked import PAGE, Act, Asked, absent, number, page_of
from ghlctl.upstream.crm import Kind

SUCCEEDED = {"succeded": True}  # which is how HighLevel spells it


def _create(asked: Asked) -> Answer:
    return Answer(201, {"contact": asked.crm.create(Kind.CONTACT, asked.location, asked.body)})


def _get(asked: Asked) -> Answer:
    contact = asked.find(Kind.CONTACT)
    return absent(Kind.CONTACT) if contact is None else Answer(200, {"contact": contact})


def _update(asked: Asked) -> Answer:
    contact = asked.find(Kind.CONTACT)
    if contact is None:
        return absent(Kind.CONTACT)
    asked.crm.write(Kind.CONTACT, contact, asked.body)
    return Answer(200, SUCCEEDED | {"contact": contact})


def _delete(asked: Asked) -> Answer:
    if not asked.crm.delete(Kind.CONTACT, asked.location, asked.ids[0]):
        return absent(Kind.CONTACT)
    return Answer(200, SUCCEEDED)


def _upsert(asked: Asked) -> Answer:
    fields = {key: one for key, one in asked.body.items() if key != "createNewIfDuplicateAllowed"}
    known = asked.crm.contact_like(asked.location, fields)
    if known is None:
        made = asked.crm.create(Kind.CONTACT, asked.location, fields)
        return Answer(200, {"new": True, "contact": made})
    asked.crm.write(Kind.CONTACT, known, fields)
    return Answer(200, {"new": False, "contact": known})


def _duplicate(asked: Asked) -> Answer:
    wanted = {"email": asked.query.get("email"), "phone": asked.query.get("number")}
    return Answer(200, {"contact": asked.crm.contact_like(asked.location, wanted)})


def _list(asked: Asked) -> Answer:
    text = asked.query.get("query", "").casefold()
    found = [one for one in _all(asked) if _mentions(one, text)]
    limit = number(asked.query.get("limit"), PAGE)
    return Answer(200, {"contacts": page_of(found, 0, limit), "count": len(found)})


def _search(asked: Asked) -> Answer:
    """Its filters are published as pictures of a query language; by `query` alone, then."""
    body = asked.body
    text = str(body.get("query") or "").casefold()
    found = [one for one in _all(asked) if _mentions(one, text)]
    page, limit = _whole(body.get("page"), 1), _whole(body.get("pageLimit"), PAGE)
    return Answer(200, {"contacts": page_of(found, (page - 1) * limit, limit), "total": len(found)})


def _of_business(asked: Asked) -> Answer:
    found = [one for one in _all(asked) if one.get("businessId") == asked.ids[0]]
    skip, limit = (number(asked.query.get(name), way) for name, way in (("skip", 0), ("limit", 25)))
    return Answer(200, {"contacts": page_of(found, skip, limit), "count": len(found)})


def _set_business(asked: Asked) -> Answer:
    contacts = [
        (one, asked.crm.find(Kind.CONTACT, asked.location, one)) for one in asked.body["ids"]
    ]
    for _, contact in contacts:
        if contact is not None:
            asked.crm.write(Kind.CONTACT, contact, {"businessId": asked.body["businessId"]})
    done = [id_ for id_, contact in contacts if contact is not None]
    return Answer(200, {"success": True, "ids": done})


def _tags(way: Callable[[Json, list[str]], None], status: int) -> Act:
    def act(asked: Asked) -> Answer:
        contact = asked.find(Kind.CONTACT)
        if contact is None:
            return absent(Kind.CONTACT)
        way(contact, asked.body["tags"])
        return Answer(status, {"tags": contact["tags"]})

    return act


def _add(contact: Json, tags: list[str]) -> None:
    given = dict.fromkeys(tags)
    contact["tags"] = [tag for tag in contact["tags"] if tag not in given] + list(given)


def _remove(contact: Json, tags: list[str]) -> None:
    contact["tags"] = [tag for tag in contact["tags"] if tag not in tags]


def _bulk_tags(asked: Asked) -> Answer:
    """Tags of many contacts; one that is gone is an error in the answer and stops no other."""
    way = _add if asked.ids[0] == "add" else _remove
    outcomes = [_tagged(asked, id_, way) for id_ in asked.body["contacts"]]
    errors = sum(outcome["type"] == "error" for outcome in outcomes)
    return Answer(201, {"succeded": not errors, "errorCount": errors, "responses": outcomes})


def _tagged(asked: Asked, contact_id: str, way: Callable[[Json, list[str]], None]) -> Json:
    contact = asked.crm.find(Kind.CONTACT, asked.location, contact_id)
    if contact is None:
        return {"contactId": contact_id, "message": "contact is deleted", "type": "error"}
    if way is _remove and asked.body.get("removeAllTags"):
        contact["tags"] = []
    way(contact, asked.body["tags"])
    return {"contactId": contact_id, "message": "Tags updated", "type": "success"}


def _all(asked: Asked) -> list[Json]:
    return asked.crm.all(Kind.CONTACT, asked.location)


def _mentions(contact: Json, text: str) -> bool:
    return any(text in str(contact.get(name, "")).casefold() for name in _SEARCHED)


def _whole(value: Any, otherwise: int) -> int:
    return value if type(value) is int and value > 0 else otherwise


_SEARCHED = ("id", "firstName", "lastName", "name", "email", "phone", "companyName")

CONTACTS: dict[str, Act] = {
    "contacts.create-contact": _create,
    "contacts.get-contact": _get,
    "contacts.update-contact": _update,
    "contacts.delete-contact": _delete,
    "contacts.upsert-contact": _upsert,
    "contacts.get-contacts": _list,
    "contacts.search-contacts-advanced": _search,
    "contacts.get-duplicate-contact": _duplicate,
    "contacts.get-contacts-by-businessId": _of_business,
    "contacts.add-remove-contact-from-business": _set_business,
    "contacts.add-tags": _tags(_add, 201),
    "contacts.remove-tags": _tags(_remove, 200),
    "contacts.create-association": _bulk_tags,
}
