"""Contacts on the wire, and the changes that happen to them."""

from dataclasses import replace
from random import Random
from typing import Any

from ghlctl.providers.ghl.custom_fields import BEDROOMS, BUDGET, CITY, PROPERTY_TYPE
from ghlctl.providers.ghl.event_types import Action
from ghlctl.providers.ghl.identity import iso
from ghlctl.providers.ghl.people import TAGS, Contact, NamePools, address

_CHANNELS = ("SMS", "Call", "Email", "GMB", "FB", "WhatsApp")
_BUDGET_STEPS = (-50_000, -20_000, 15_000, 25_000, 60_000)
_LEAST_BUDGET = 5000


def contact_fields(contact: Contact, opened_at: float) -> dict[str, Any]:
    """The body's fields after `type`; what the contact does not have is left out."""
    fields: dict[str, Any] = {
        "locationId": contact.location.id,
        "id": contact.id,
        "address1": contact.address,
        "city": contact.place.city,
        "state": contact.place.state,
        "country": "US",
        "source": contact.source,
        "dateAdded": iso(opened_at + contact.added_s),
        "dnd": contact.dnd,
        "email": contact.email,
        "name": f"{contact.first_name} {contact.last_name}",
        "firstName": contact.first_name,
        "lastName": contact.last_name,
        "phone": contact.phone,
        "postalCode": contact.postal_code,
        "tags": list(contact.tags),
        "attachments": [],
        "customFields": [
            {"id": BUDGET, "value": contact.budget},
            {"id": BEDROOMS, "value": contact.bedrooms},
            {"id": PROPERTY_TYPE, "value": contact.property_type},
            {"id": CITY, "value": contact.wanted_city},
        ],
    }
    if contact.company:
        fields |= {"companyName": contact.company, "website": contact.website}
    if contact.born_s is not None:
        fields["dateOfBirth"] = iso(opened_at + contact.born_s)[:10] + "T00:00:00.000Z"
    if contact.assigned_to:
        fields["assignedTo"] = contact.assigned_to
    return fields


def changed_contact(contact: Contact, action: Action, random: Random, pools: NamePools) -> Contact:
    """The contact after `action`, different from before in what the action is about."""
    match action:
        case Action.TAGGED:
            return replace(contact, tags=_other_tags(contact.tags, random))
        case Action.DND_SET:
            return replace(contact, dnd=not contact.dnd)
        case _:
            return _updated(contact, random, pools)


def dnd_settings(contact: Contact, random: Random) -> dict[str, dict[str, str]]:
    """Per channel whether do-not-disturb is active; at least one agrees with the contact's flag."""
    refused = set(random.sample(_CHANNELS, random.randint(1, 3))) if contact.dnd else set()
    return {
        name: {
            "status": "active" if name in refused else "inactive",
            "message": "asked not to be contacted" if name in refused else "",
            "code": "101",
        }
        for name in _CHANNELS
    }


def _updated(contact: Contact, random: Random, pools: NamePools) -> Contact:
    match random.randrange(4):
        case 0:
            budget = max(_LEAST_BUDGET, contact.budget + random.choice(_BUDGET_STEPS))
            return replace(contact, budget=budget)
        case 1:
            return replace(contact, bedrooms=contact.bedrooms % 6 + 1)
        case 2:
            return replace(contact, address=address(random, pools))
        case _:
            users = [*contact.location.user_ids, ""]
            users.remove(contact.assigned_to)
            return replace(contact, assigned_to=random.choice(users))


def _other_tags(tags: tuple[str, ...], random: Random) -> tuple[str, ...]:
    missing = [tag for tag in TAGS if tag not in tags]
    if len(tags) > 1 and (not missing or random.random() < 0.5):  # noqa: PLR2004 - a share
        gone = random.choice(tags)
        return tuple(tag for tag in tags if tag != gone)
    return (*tags, random.choice(missing))
