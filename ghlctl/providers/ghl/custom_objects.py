"""Custom objects on the wire: their schemas and records, and what joins two of them."""

from random import Random

from ghlctl.providers.ghl.event_types import Action
from ghlctl.providers.ghl.identity import hex_id, iso
from ghlctl.providers.ghl.people import Contact
from ghlctl.providers.ghl.population import Record

_KINDS = (("property", "properties"), ("viewing", "viewings"), ("offer", "offers"))
_MANY = "MANY_TO_MANY"


def new_object_schema(random: Random, contact: Contact, at: float) -> Record:
    one, many = random.choice(_KINDS)
    key = f"custom_objects.{many}_{random.randint(1, 99_999)}"
    return {
        "id": hex_id(random),
        "labels": {"singular": one, "plural": many},
        "description": f"The {many} of this office",
        "searchableProperties": [f"{key}.title"],
        "primaryDisplayProperty": f"{key}.title",
        "key": key,
        "locationId": contact.location.id,
        "updatedAt": iso(at),
        "createdAt": iso(at),
        "objectType": "USER_DEFINED",
        "timestamp": iso(at),
    }


def changed_object_schema(record: Record, random: Random, _contact: Contact, at: float) -> Record:
    words = f"The {record['labels']['plural']}, revision {random.randint(1, 99_999)}"
    return {**record, "description": words, "updatedAt": iso(at), "timestamp": iso(at)}


def new_object_record(random: Random, contact: Contact, at: float) -> Record:
    return {
        "id": hex_id(random),
        "locationId": contact.location.id,
        "timestamp": iso(at),
        "owners": [contact.location.user_ids[0]],
        "followers": list(contact.location.user_ids[1:]),
        "properties": [{"key": "title", "valueString": _title(random, contact)}],
    }


def changed_object_record(record: Record, random: Random, contact: Contact, at: float) -> Record:
    properties = [{"key": "title", "valueString": _title(random, contact)}]
    return {**record, "properties": properties, "timestamp": iso(at)}


def new_association(random: Random, contact: Contact, _at: float) -> Record:
    """With cardinalities, which a created association does not show; see `shown_association`."""
    return {
        "id": hex_id(random),
        "associationType": "USER_DEFINED",
        "firstObjectKey": "contact",
        "firstObjectLabel": "Interested buyer",
        "firstObjectToSecondObjectCardinality": _MANY,
        "secondObjectKey": "custom_objects.properties",
        "secondObjectLabel": "Property",
        "secondObjectToFirstObjectCardinality": _MANY,
        "key": f"buyer_property_{random.randint(1, 99_999)}",
        "locationId": contact.location.id,
    }


def changed_association(record: Record, random: Random, _contact: Contact, _at: float) -> Record:
    return {**record, "firstObjectLabel": f"Interested buyer {random.randint(1, 99_999)}"}


def shown_association(record: Record, action: Action) -> Record:
    if action is not Action.CREATED:
        return record
    return {name: value for name, value in record.items() if not name.endswith("Cardinality")}


def new_relation(random: Random, contact: Contact, _at: float) -> Record:
    return {
        "id": hex_id(random),
        "firstObjectKey": "custom_objects.properties",
        "firstRecordId": hex_id(random),
        "secondObjectKey": "contact",
        "secondRecordId": contact.id,
        "associationId": hex_id(random),
        "locationId": contact.location.id,
    }


def _title(random: Random, contact: Contact) -> str:
    return f"{contact.property_type} in {contact.wanted_city}, no. {random.randint(1, 99_999)}"
