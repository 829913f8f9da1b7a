"""The body of the workflow action "Webhook": a contact, its location, and what set it off.

It has no type, no id and no time of its own. Two names are misspelt as the platform spells them.
"""

from random import Random
from typing import Any

from ghlctl.providers.ghl.identity import iso, record_id
from ghlctl.providers.ghl.people import Contact

Body = dict[str, Any]

_NOTHING: Body = {}


def contact_body(random: Random, contact: Contact, opened_at: float) -> Body:
    """What every such webhook carries. Tags are one text, and customData is the user's own."""
    born = None if contact.born_s is None else iso(opened_at + contact.born_s)[:10]
    source = {"sessionSource": contact.source, "medium": "web", "mediumId": None}
    return {
        "contact_id": contact.id,
        "first_name": contact.first_name,
        "last_name": contact.last_name,
        "full_name": f"{contact.first_name} {contact.last_name}",
        "email": contact.email,
        "phone": contact.phone,
        "tags": ",".join(contact.tags),
        "address1": contact.address,
        "city": contact.place.city,
        "state": contact.place.state,
        "country": "US",
        "timezone": "America/New_York",
        "date_created": iso(opened_at + contact.added_s),
        "postal_code": contact.postal_code,
        "company_name": contact.company,
        "website": contact.website,
        **({"date_of_birth": born} if born else {}),
        "contact_source": contact.source,
        "full_address": f"{contact.address}, {contact.place.city} {contact.place.state}",
        "contact_type": "lead",
        "Budget": contact.budget,
        "Bedrooms": contact.bedrooms,
        "location": _location(contact),
        "workflow": {"id": record_id(random), "name": "New lead to the back office"},
        "triggerData": _NOTHING,
        "contact": {"attributionSource": source, "lastAttributionSource": source},
        "attributionSource": source,
        "customData": {"sent_by": "workflow"},
    }


def opportunity_part(random: Random, contact: Contact) -> Body:
    """At the root, beside the contact's own fields."""
    return {
        "opportunity_name": f"{contact.first_name} {contact.last_name}, {contact.property_type}",
        "status": random.choice(("open", "won", "lost", "abandoned")),
        "lead_value": contact.budget * 3 // 100,
        "opportunity_source": contact.source,
        "source": contact.source,
        "pipleline_stage": random.choice(("New lead", "Viewing", "Offer")),
        "pipeline_id": contact.location.pipeline_id,
        "id": record_id(random),
        "pipeline_name": "Buyers",
    }


def appointment_part(random: Random, contact: Contact, at: float) -> Body:
    start = at + random.randint(1, 14) * 86_400
    status = random.choice(("booked", "confirmed", "cancelled"))
    calendar = {
        "id": contact.location.calendar_id,
        "calendarName": "Viewings",
        "title": f"Viewing with {contact.first_name}",
        "appointmentId": record_id(random),
        "startTime": iso(start)[:19],
        "endTime": iso(start + 3600)[:19],
        "status": status,
        "appoinmentStatus": status,
    }
    return {"calendar": calendar}


def _location(contact: Contact) -> Body:
    place = contact.place
    return {
        "name": f"Example Homes {place.city}",
        "address": "1 Main Street",
        "city": place.city,
        "state": place.state,
        "country": "US",
        "postalCode": contact.postal_code,
        "fullAddress": f"1 Main Street, {place.city} {place.state}",
        "id": contact.location.id,
    }
