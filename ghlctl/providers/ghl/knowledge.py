"""Knowledge bases of AI agents on the wire, and what they are taught."""

from random import Random

from ghlctl.providers.ghl.event_types import Action
from ghlctl.providers.ghl.identity import hex_id, record_id
from ghlctl.providers.ghl.people import Contact
from ghlctl.providers.ghl.population import Record

_ASSETS = {
    Action.FAQ_CHANGED: ("faq", ("trained", "failed")),
    Action.FILE_CHANGED: ("file", ("uploaded", "trained", "failed")),
    Action.TEXT_CHANGED: ("rich_text", ("trained", "failed")),
    Action.TABLE_CHANGED: ("table_file", ("uploaded", "trained", "failed")),
    Action.URL_CHANGED: ("trained_url", ("trained", "failed", "aborted")),
}
ASSET_ACTIONS = frozenset(_ASSETS)


def new_knowledge_base(random: Random, contact: Contact, _at: float) -> Record:
    return {
        "locationId": contact.location.id,
        "id": record_id(random),
        "name": f"Homes in {contact.wanted_city} {random.randint(1, 99_999)}",
        "description": "What buyers ask before a viewing",
        "deleted": False,
    }


def changed_knowledge_base(record: Record, action: Action, random: Random) -> Record:
    if action is Action.DELETED:
        return {**record, "deleted": True}
    return {**record, "description": f"What buyers ask, revision {random.randint(1, 99_999)}"}


def asset_fields(random: Random, base: Record, action: Action) -> Record:
    """One thing that the base `base` was taught, or is no longer."""
    kind, statuses = _ASSETS[action]
    change = random.choice(("create", "update", "delete"))
    return {
        "locationId": base["locationId"],
        "knowledgeBaseId": base["id"],
        "id": hex_id(random),
        "assetType": kind,
        "status": random.choice(statuses),
        "action": change,
        "deleted": change == "delete",
    }
