"""The wire types that are provided: what each concerns, and what happened to it."""

from enum import StrEnum


class Family(StrEnum):
    """What an event concerns."""

    CONTACT = "contact"
    OPPORTUNITY = "opportunity"
    APPOINTMENT = "appointment"
    TASK = "task"
    NOTE = "note"
    MESSAGE = "message"


class Action(StrEnum):
    """What happened to it; the values complete the sentence "a contact …"."""

    CREATED = "is created"
    UPDATED = "is updated"
    DELETED = "is deleted"
    TAGGED = "gets or loses a tag"
    DND_SET = "allows or forbids a channel"
    MOVED = "moves to another stage"
    STATUS_SET = "is won, lost, abandoned or open again"
    ASSIGNED = "is assigned to another user"
    REVALUED = "has another monetary value"
    COMPLETED = "is completed"
    RECEIVED = "comes from a contact"
    SENT = "goes to a contact"


EVENT_TYPES: dict[str, tuple[Family, Action]] = {
    "ContactCreate": (Family.CONTACT, Action.CREATED),
    "ContactUpdate": (Family.CONTACT, Action.UPDATED),
    "ContactDelete": (Family.CONTACT, Action.DELETED),
    "ContactTagUpdate": (Family.CONTACT, Action.TAGGED),
    "ContactDndUpdate": (Family.CONTACT, Action.DND_SET),
    "OpportunityCreate": (Family.OPPORTUNITY, Action.CREATED),
    "OpportunityUpdate": (Family.OPPORTUNITY, Action.UPDATED),
    "OpportunityDelete": (Family.OPPORTUNITY, Action.DELETED),
    "OpportunityStageUpdate": (Family.OPPORTUNITY, Action.MOVED),
    "OpportunityStatusUpdate": (Family.OPPORTUNITY, Action.STATUS_SET),
    "OpportunityAssignedToUpdate": (Family.OPPORTUNITY, Action.ASSIGNED),
    "OpportunityMonetaryValueUpdate": (Family.OPPORTUNITY, Action.REVALUED),
    "AppointmentCreate": (Family.APPOINTMENT, Action.CREATED),
    "AppointmentUpdate": (Family.APPOINTMENT, Action.UPDATED),
    "AppointmentDelete": (Family.APPOINTMENT, Action.DELETED),
    "TaskCreate": (Family.TASK, Action.CREATED),
    "TaskComplete": (Family.TASK, Action.COMPLETED),
    "TaskDelete": (Family.TASK, Action.DELETED),
    "NoteCreate": (Family.NOTE, Action.CREATED),
    "NoteUpdate": (Family.NOTE, Action.UPDATED),
    "NoteDelete": (Family.NOTE, Action.DELETED),
    "InboundMessage": (Family.MESSAGE, Action.RECEIVED),
    "OutboundMessage": (Family.MESSAGE, Action.SENT),
}
