"""Opportunities: made, read, changed, deleted, found."""

from ghlctl.upstream.answers import Answer, Json
from ghlctl.upstream.asked import PAGE, Act, Asked, absent, number, page_of
from ghlctl.upstream.contacts import SUCCEEDED
from ghlctl.upstream.crm import Kind

_ACTS_ON_FOLLOWERS = ("followers", "isRemoveAllFollowers", "followersActionType")


def _create(asked: Asked) -> Answer:
    made = asked.crm.create(Kind.OPPORTUNITY, asked.location, asked.body)
    return Answer(201, {"opportunity": _shown(made)})


def _get(asked: Asked) -> Answer:
    found = asked.find(Kind.OPPORTUNITY)
    return (
        absent(Kind.OPPORTUNITY) if found is None else Answer(200, {"opportunity": _shown(found)})
    )


def _update(asked: Asked) -> Answer:
    found = asked.find(Kind.OPPORTUNITY)
    if found is None:
        return absent(Kind.OPPORTUNITY)
    asked.crm.write(Kind.OPPORTUNITY, found, asked.body)
    return Answer(200, {"opportunity": _shown(found)})


def _set_status(asked: Asked) -> Answer:
    updated = _update(asked)
    return Answer(200, SUCCEEDED) if updated.fine else updated


def _delete(asked: Asked) -> Answer:
    left = asked.crm.delete(Kind.OPPORTUNITY, asked.location, asked.ids[0])
    return Answer(200, SUCCEEDED) if left else absent(Kind.OPPORTUNITY)


def _upsert(asked: Asked) -> Answer:
    """By `id` alone, the only field of its schema that names one opportunity."""
    crm, body, place = asked.crm, asked.body, asked.location
    fields = {key: one for key, one in body.items() if key not in _ACTS_ON_FOLLOWERS}
    named = str(body.get("id") or "")
    new = not (named and crm.known(Kind.OPPORTUNITY, place, named))
    record = crm.find(Kind.OPPORTUNITY, place, named) if named else None
    if record is None:
        record = crm.create(Kind.OPPORTUNITY, place, {})
    crm.write(Kind.OPPORTUNITY, record, fields)
    _follow(record, body)
    return Answer(200, {"opportunity": _shown(record), "new": new})


def _follow(record: Json, body: Json) -> None:
    kept = [] if body["isRemoveAllFollowers"] else record.get("followers", [])
    given = body["followers"]
    kept = [one for one in kept if one not in given]
    adds = body["followersActionType"] == "add"
    record["followers"] = kept + list(dict.fromkeys(given)) if adds else kept


def _search(asked: Asked) -> Answer:
    query = asked.query
    wanted = {
        "pipelineId": query.get("pipeline_id"),
        "pipelineStageId": query.get("pipeline_stage_id"),
        "contactId": query.get("contact_id"),
        "assignedTo": query.get("assigned_to"),
        "id": query.get("id"),
        "status": None if query.get("status") == "all" else query.get("status"),
    }
    found = [one for one in _named(asked, query.get("q", "")) if _like(one, wanted)]
    page, limit = number(query.get("page"), 1), number(query.get("limit"), PAGE)
    shown = page_of(found, (page - 1) * limit, limit)
    return Answer(200, {"opportunities": shown, "meta": {"total": len(found)}})


def _search_by_body(asked: Asked) -> Answer:
    body = asked.body
    found = _named(asked, body["query"])
    shown = page_of(found, (body["page"] - 1) * body["limit"], body["limit"])
    return Answer(200, {"opportunities": shown, "total": len(found)})


def _pipelines(asked: Asked) -> Answer:
    """Those that opportunities of this location are in: a pipeline cannot be made here."""
    ids = dict.fromkeys(one["pipelineId"] for one in _all(asked) if "pipelineId" in one)
    found = [{"id": id_, "name": id_, "stages": [], "locationId": asked.location} for id_ in ids]
    return Answer(200, {"pipelines": found})


def _lost_reasons(_: Asked) -> Answer:
    """None: they cannot be made through the API."""
    return Answer(200, {"lostReasons": [], "total": 0})


def _all(asked: Asked) -> list[Json]:
    return asked.crm.all(Kind.OPPORTUNITY, asked.location)


def _named(asked: Asked, text: str) -> list[Json]:
    wanted = text.casefold()
    return [_shown(one) for one in _all(asked) if wanted in str(one.get("name", "")).casefold()]


def _like(record: Json, wanted: Json) -> bool:
    return all(value is None or record.get(name) == value for name, value in wanted.items())


def _shown(record: Json) -> Json:
    """As it is answered: custom fields have other names there than where they are given."""
    if "customFields" not in record:
        return record
    fields = [
        {"id": one.get("id") or one.get("key", ""), "fieldValue": one.get("field_value", "")}
        for one in record["customFields"]
    ]
    return record | {"customFields": fields}


OPPORTUNITIES: dict[str, Act] = {
    "opportunities.create-opportunity": _create,
    "opportunities.get-opportunity": _get,
    "opportunities.update-opportunity": _update,
    "opportunities.update-opportunity-status": _set_status,
    "opportunities.delete-opportunity": _delete,
    "opportunities.Upsert-opportunity": _upsert,
    "opportunities.search-opportunity": _search,
    "opportunities.search-opportunities-advanced": _search_by_body,
    "opportunities.get-pipelines": _pipelines,
    "opportunities.get-lost-reason": _lost_reasons,
}
