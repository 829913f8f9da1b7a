"""The documented fields of every family, in JSON's types.

Field names and types are facts of the platform's own event pages (GoHighLevel/highlevel-api-docs,
CC0-1.0). An unset field is left out of a delivery.
"""

from ghlctl.providers.ghl.event_types import EVENT_TYPES, Action, Family
from ghlctl.providers.provider import EventDescription, Field


def _fields(names: str, kind: str = "string") -> tuple[Field, ...]:
    return tuple(Field(name, kind) for name in names.split())


ENVELOPE = _fields("versionId appId timestamp webhookId")
"""On every marketplace delivery, beside the event's own fields; the event pages omit them."""

_TENANT = _fields("type locationId")
_CONTACT = (
    *_fields("id firstName lastName name email phone address1 city state postalCode country"),
    *_fields("companyName website source dateAdded dateOfBirth assignedTo"),
    *_fields("dnd", "boolean"),
    *_fields("tags attachments", "array"),
    Field("customFields", "array"),
    *_fields("customFields[].id"),
    Field("customFields[].value", "string, number, array or object"),
)
_CHANNELS = ("SMS", "Email", "GMB", "FB", "WhatsApp", "Call")
DND_SETTINGS = (
    Field("dndSettings", "object"),
    *(Field(f"dndSettings.{name}", "object") for name in _CHANNELS),
    *(
        Field(f"dndSettings.{name}.{key}", "string")
        for name in _CHANNELS
        for key in ("status", "message", "code")
    ),
)
_OPPORTUNITY = (
    *_fields("id contactId name pipelineId pipelineStageId status source assignedTo dateAdded"),
    *_fields("monetaryValue", "number"),
)
_IN_APPOINTMENT = (
    *_fields("id address title calendarId contactId groupId appointmentStatus assignedUserId"),
    *_fields("users", "array"),
    *_fields("notes source startTime endTime dateAdded dateUpdated"),
)
_APPOINTMENT = (
    Field("appointment", "object"),
    *(Field(f"appointment.{field.name}", field.type) for field in _IN_APPOINTMENT),
)
_TASK = _fields("id contactId title body assignedTo dateAdded dueDate")
_NOTE = _fields("id contactId body dateAdded")
_MESSAGE = (
    *_fields("contactId conversationId conversationProviderId messageId messageType direction"),
    *_fields("status body contentType dateAdded userId"),
    *_fields("attachments", "array"),
    *_fields("callDuration", "number"),
    *_fields("callStatus emailMessageId threadId subject provider from"),
    *_fields("to cc bcc", "string or array"),
)
_BY_FAMILY: dict[Family, tuple[Field, ...]] = {
    Family.CONTACT: _CONTACT,
    Family.OPPORTUNITY: _OPPORTUNITY,
    Family.APPOINTMENT: _APPOINTMENT,
    Family.TASK: _TASK,
    Family.NOTE: _NOTE,
    Family.MESSAGE: _MESSAGE,
}
_NOTES: dict[Family, str] = {
    Family.CONTACT: "attachments are documented and never filled",
    Family.APPOINTMENT: "the documents' examples of update and delete carry the type of create",
    Family.MESSAGE: "which fields are set depends on messageType: SMS, Email or CALL",
    Family.TASK: "real deliveries of TaskCreate have been seen without contactId and body",
}


def describe(event_type: str) -> EventDescription:
    """A known wire type with its fields, the envelope's last; KeyError for any other name."""
    family, action = EVENT_TYPES[event_type]
    article = "an" if family[0] in "ao" else "a"
    extra: tuple[Field, ...] = ()
    match action:
        case Action.DND_SET:
            extra = DND_SETTINGS
        case Action.SENT:
            extra = _fields("source")
    return EventDescription(
        wire_type=event_type,
        family=family,
        summary=f"sent when {article} {family} {action}",
        fields=(*_TENANT, *_BY_FAMILY[family], *extra, *ENVELOPE),
        note=_NOTES.get(family, ""),
    )
