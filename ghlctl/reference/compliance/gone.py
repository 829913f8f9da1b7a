"""A delivery that says a contact is gone, and deliveries of a contact that is."""

import re
from typing import Any

import msgspec

from ghlctl.reference.incoming import Family, Ignored, Incoming, Lead, unix_time
from ghlctl.reference.refusal import Refusal, RefusalCode
from ghlctl.reference.storage import Erasing

GONE = "ContactDelete"
CREATED = "ContactCreate"
_RECORD_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_WEBHOOK_ID = re.compile(r"[A-Za-z0-9_.:-]{1,128}")


class _Said(msgspec.Struct, frozen=True):
    """The fields by which any event names its contact."""

    type: Any = None
    webhookId: Any = None  # noqa: N815 - the wire's own name, as below
    locationId: Any = None  # noqa: N815 - HighLevel's name
    timestamp: Any = None
    id: Any = None
    contactId: Any = None  # noqa: N815 - HighLevel's name
    appointment: Any = None


def as_deletion(ignored: Ignored, body: bytes) -> Incoming | Ignored | Refusal:
    """What was passed over as a deleted contact, as a delivery that asks for its erasure."""
    if ignored.event_type != GONE:
        return ignored
    said = _read(body)
    ids = (said.webhookId, said.locationId, said.id)
    forms = (_WEBHOOK_ID, _RECORD_ID, _RECORD_ID)
    if not all(
        isinstance(one, str) and form.fullmatch(one) for one, form in zip(ids, forms, strict=True)
    ):
        return Refusal(RefusalCode.WRONG_TYPE, "ContactDelete names no contact")
    webhook_id, location_id, contact_id = ids
    lead = Lead(Family.CONTACT)
    return Incoming(webhook_id, GONE, location_id, contact_id, unix_time(str(said.timestamp)), lead)


def concerns(body: bytes, erasing: Erasing) -> bool:
    """Whether a stored delivery is about this contact, in whichever field it says so.

    One that asks for the erasure itself is not: it ends when that is done, and on record.
    """
    said = _read(body)
    if said.type == GONE:
        return False
    booked = said.appointment.get("contactId") if isinstance(said.appointment, dict) else None
    if erasing.contact_id not in (said.id, said.contactId, booked):
        return False
    return said.locationId in (erasing.location_id, None)


def claimed_id(body: bytes) -> Any:
    """The webhookId in any body, whoever wrote it."""
    return _read(body).webhookId


def _read(body: bytes) -> _Said:
    try:
        return msgspec.json.decode(body, type=_Said)
    except (ValueError, RecursionError):
        return _Said()
