"""The documented fields of every event, in JSON's types, and where real deliveries differ.

Field names and types are facts of the platform's own event pages (GoHighLevel/highlevel-api-docs,
CC0-1.0); of pages without a licence only the names are taken. An unset field is left out.
"""

import functools
from importlib.resources import files

import msgspec

from ghlctl.providers.ghl.event_types import (
    EVENT_TYPES,
    FIELDS_UNCONFIRMED,
    OWN_TYPE,
    TYPE_UNSHOWN,
    Family,
    wire_type,
)
from ghlctl.providers.provider import EventDescription, Field

ENVELOPE = tuple(Field(name, "string") for name in ("versionId", "appId", "timestamp", "webhookId"))
"""On every marketplace delivery, beside the event's own fields; the event pages omit them."""

TENANCY = ("locationId", "altId", "companyId")
"""Where a receiver finds whose event it is; orders and invoices say altId."""

_NOTES: dict[Family, str] = {
    Family.CONTACT: "attachments are documented and never filled",
    Family.APPOINTMENT: "the documents' examples of update and delete carry the type of create",
    Family.MESSAGE: "which fields are set depends on the channel: SMS, Email or CALL",
    Family.TASK: "real deliveries of TaskCreate have been seen without contactId and body",
    Family.PRICE: "its kind is priceType where it is created, and type afterwards",
    Family.INVOICE: "the tenant is altId, of altType location",
    Family.ORDER: "the tenant is altId as well as locationId",
    Family.APP: "goes to the app's default webhook URL; locationId is absent for an agency",
}
_OWN_TYPES = {Family.MESSAGE: "SMS or Email", Family.PRICE: "one_time or recurring"}
_OWN_TYPE_NOTE = "type is a field of its own, not the name of the event"
_TYPE_NOTE = "no documented example shows a type; that it is sent is not confirmed"
_LEFT_OUT = "; provider ghl-documented leaves it out"
_FIELDS_NOTE = "listed by name alone: its fields are those of its siblings, not confirmed"


class _Group(msgspec.Struct, frozen=True):
    events: tuple[str, ...]
    fields: dict[str, str]


class _Documented(msgspec.Struct, frozen=True):
    groups: tuple[_Group, ...]


def describe(event_type: str) -> EventDescription:
    """A known event with its fields, the envelope's last; KeyError for any other name."""
    family, action = EVENT_TYPES[event_type]
    article = "an" if family[0] in "aeio" else "a"
    documented = _documented()[event_type]
    own = tuple(Field(name, kind) for name, kind in documented.items())
    envelope = tuple(field for field in ENVELOPE if field.name not in documented)
    return EventDescription(
        wire_type=_OWN_TYPES[family] if event_type in OWN_TYPE else wire_type(event_type),
        family=family,
        summary=f"sent when {article} {family} {action}",
        fields=(*own, *envelope),
        note="; ".join(_notes(event_type, family)),
        tenancy=tuple(name for name in TENANCY if name in documented),
    )


def _notes(event_type: str, family: Family) -> list[str]:
    said = [_NOTES[family]] if family in _NOTES else []
    if event_type in OWN_TYPE:
        said.append(_OWN_TYPE_NOTE)
    if event_type in TYPE_UNSHOWN:
        said.append(_TYPE_NOTE + _LEFT_OUT)
    if event_type in FIELDS_UNCONFIRMED:
        said.append(_FIELDS_NOTE)
    return said


@functools.cache
def _documented() -> dict[str, dict[str, str]]:
    text = files(__package__).joinpath("documented_fields.json").read_bytes()
    groups = msgspec.json.decode(text, type=_Documented).groups
    return {name: group.fields for group in groups for name in group.events}
