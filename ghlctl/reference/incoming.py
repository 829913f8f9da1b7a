"""From a body to what the receiver acts on: typed, or as lenient as hasty receivers are."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
from msgspec import Meta

from ghlctl.reference.profile import Types
from ghlctl.reference.refusal import Refusal, RefusalCode

DAY_S = 86_400


class Family(StrEnum):
    CONTACT = "Contact"
    OPPORTUNITY = "Opportunity"
    APPOINTMENT = "Appointment"
    RELATED = "related"  # tasks, notes and messages: of a contact, and saying little about it


@dataclass(frozen=True, slots=True)
class Lead:
    """What an event, or the upstream, says of a contact."""

    family: Family
    email: str = ""
    phone: str = ""
    company: str = ""
    website: str = ""
    source: str = ""
    city: str = ""
    tags: tuple[str, ...] = ()
    do_not_disturb: bool = False
    value: float = 0.0
    age_days: int = 0


@dataclass(frozen=True, slots=True)
class Incoming:
    """A delivery that is to be acted on. `sent_at` is the body's own time in unix seconds.

    `kept`: JSON of what it says beside, to be stored with what is found out.
    `opted_out` is what it says of the contact's consent, None for nothing or where nobody asks.
    """

    webhook_id: str
    event_type: str
    location_id: str
    contact_id: str
    sent_at: float | None
    lead: Lead
    kept: bytes = field(default=b"", repr=False)
    opted_out: bool | None = None


@dataclass(frozen=True, slots=True)
class Ignored:
    """A genuine delivery that asks for nothing here: other event types, contacts that are gone."""

    event_type: str
    sent_at: float | None


Parsed = Incoming | Ignored | Refusal

_RELATED = ("Task", "Note", "InboundMessage", "OutboundMessage")
_GONE = "ContactDelete"

_RecordId = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9_-]{1,64}\Z")]
_WebhookId = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9_.:-]{1,128}\Z")]
_EventType = Annotated[str, Meta(pattern=r"\A[A-Za-z_]{1,64}\Z")]
_Text = Annotated[str, Meta(max_length=4000)] | None
_LongText = Annotated[str, Meta(max_length=256 * 1024)] | None
_Tags = Annotated[list[Annotated[str, Meta(max_length=200)]], Meta(max_length=200)] | None


class _Envelope(msgspec.Struct, frozen=True):
    type: _EventType
    webhookId: _WebhookId  # noqa: N815 - the wire's own name, as all below
    timestamp: Annotated[str, Meta(max_length=40)]


class _Contact(msgspec.Struct, frozen=True):
    locationId: _RecordId  # noqa: N815 - HighLevel's name
    id: _RecordId
    firstName: _Text = None  # noqa: N815 - HighLevel's name
    lastName: _Text = None  # noqa: N815 - HighLevel's name
    name: _Text = None
    email: _Text = None
    phone: _Text = None
    companyName: _Text = None  # noqa: N815 - HighLevel's name
    website: _Text = None
    source: _Text = None
    city: _Text = None
    state: _Text = None
    country: _Text = None
    postalCode: _Text = None  # noqa: N815 - HighLevel's name
    dateAdded: _Text = None  # noqa: N815 - HighLevel's name
    tags: _Tags = None
    dnd: bool | None = None


class _Opportunity(msgspec.Struct, frozen=True):
    locationId: _RecordId  # noqa: N815 - HighLevel's name
    contactId: _RecordId  # noqa: N815 - HighLevel's name
    id: _RecordId | None = None
    name: _Text = None
    status: _Text = None
    source: _Text = None
    monetaryValue: float | None = None  # noqa: N815 - HighLevel's name
    dateAdded: _Text = None  # noqa: N815 - HighLevel's name


class _Booking(msgspec.Struct, frozen=True):
    contactId: _RecordId  # noqa: N815 - HighLevel's name
    id: _RecordId | None = None
    title: _Text = None
    notes: _LongText = None
    appointmentStatus: _Text = None  # noqa: N815 - HighLevel's name
    source: _Text = None
    startTime: _Text = None  # noqa: N815 - HighLevel's name
    dateAdded: _Text = None  # noqa: N815 - HighLevel's name


class _Appointment(msgspec.Struct, frozen=True):
    locationId: _RecordId  # noqa: N815 - HighLevel's name
    appointment: _Booking


class _Related(msgspec.Struct, frozen=True):
    locationId: _RecordId  # noqa: N815 - HighLevel's name
    contactId: _RecordId | None = None  # noqa: N815 - real tasks have come without one
    title: _Text = None
    subject: _Text = None
    body: _LongText = None
    contentType: _Text = None  # noqa: N815 - HighLevel's name
    messageType: _Text = None  # noqa: N815 - HighLevel's name


_SHAPES: dict[Family, Any] = {
    Family.CONTACT: _Contact,
    Family.OPPORTUNITY: _Opportunity,
    Family.APPOINTMENT: _Appointment,
    Family.RELATED: _Related,
}


@dataclass(frozen=True, slots=True)
class _Said:
    """What both readers find, before it is put in order."""

    webhook_id: str
    event_type: str
    family: Family
    location_id: str
    contact_id: str
    timestamp: str
    attributes: dict[str, Any] = field(default_factory=dict)


def parse(body: bytes, types: Types, expected: str | None) -> Parsed:
    """`expected` is the event type of the route, None on the route for all."""
    return _strict(body, expected) if types is Types.STRICT else _lenient(body, expected)


def family_of(event_type: str) -> Family | None:
    """None for events that are not about a contact."""
    for family in (Family.CONTACT, Family.OPPORTUNITY, Family.APPOINTMENT):
        if event_type.startswith(family):
            return family
    return Family.RELATED if event_type.startswith(_RELATED) else None


def _strict(body: bytes, expected: str | None) -> Parsed:
    try:
        envelope = msgspec.json.decode(body, type=_Envelope)
        family = family_of(envelope.type)
        if expected not in (None, envelope.type):
            return Refusal(RefusalCode.WRONG_TYPE, "the event does not belong to this route")
        sent_at = unix_time(envelope.timestamp)
        if sent_at is None:
            return Refusal(RefusalCode.WRONG_TYPE, "timestamp is no ISO 8601 time")
        ignored = Ignored(envelope.type, sent_at)
        if family is None or envelope.type == _GONE:
            return ignored
        content = msgspec.json.decode(body, type=_SHAPES[family])
    except msgspec.ValidationError as error:
        return Refusal(RefusalCode.WRONG_TYPE, str(error))
    except (ValueError, RecursionError) as error:
        return Refusal(RefusalCode.NO_JSON, str(error))
    about = content.appointment if isinstance(content, _Appointment) else content
    attributes = msgspec.structs.asdict(about)
    contact_id = attributes["id" if family is Family.CONTACT else "contactId"]
    said = _Said(
        envelope.webhookId,
        envelope.type,
        family,
        content.locationId,
        contact_id or "",
        envelope.timestamp,
        attributes,
    )
    return _incoming(said) if contact_id else ignored


def _lenient(body: bytes, expected: str | None) -> Parsed:
    """Takes whatever can be turned into text; what is missing becomes "None", as it does there."""
    try:
        content = msgspec.json.decode(body)
    except (ValueError, RecursionError) as error:
        return Refusal(RefusalCode.NO_JSON, f"{error} in {body[:200]!r}")
    if not isinstance(content, dict):
        return Refusal(RefusalCode.WRONG_TYPE, f"expected an object, got {content!r:.200}")
    event_type = str(content.get("type") or expected)
    family = family_of(event_type)
    if family is None or event_type == _GONE:
        return Ignored(event_type, unix_time(str(content.get("timestamp"))))
    about = content.get("appointment") if family is Family.APPOINTMENT else content
    attributes = about if isinstance(about, dict) else {}
    contact_id = attributes.get("id" if family is Family.CONTACT else "contactId")
    return _incoming(
        _Said(
            quote(str(content.get("webhookId")), safe="-_.:"),
            event_type,
            family,
            quote(str(content.get("locationId")), safe="-_"),
            str(contact_id),
            str(content.get("timestamp")),
            {name: _coerced(name, value) for name, value in attributes.items()},
        )
    )


def _coerced(name: str, value: Any) -> Any:
    match name, value:
        case "tags", list():
            return [str(tag) for tag in value]
        case "monetaryValue", int() | float():
            return float(value)
        case "dnd", _:
            return bool(value)
        case "tags" | "monetaryValue", _:
            return None
        case _:
            return None if value is None else str(value)


def _incoming(said: _Said) -> Incoming:
    sent_at = unix_time(said.timestamp)
    return Incoming(
        said.webhook_id,
        said.event_type,
        said.location_id,
        said.contact_id,
        sent_at,
        lead_from(said.family, said.attributes, sent_at),
    )


def lead_from(family: Family, attributes: dict[str, Any], sent_at: float | None) -> Lead:
    """A lead from the fields of an event or of an upstream contact, checked or coerced before."""
    added = unix_time(attributes.get("dateAdded") or "")
    return Lead(
        family,
        email=attributes.get("email") or "",
        phone=attributes.get("phone") or "",
        company=attributes.get("companyName") or "",
        website=attributes.get("website") or "",
        source=attributes.get("source") or "",
        city=attributes.get("city") or "",
        tags=tuple(attributes.get("tags") or ()),
        do_not_disturb=bool(attributes.get("dnd")),
        value=attributes.get("monetaryValue") or 0.0,
        age_days=int(max(0.0, sent_at - added) / DAY_S) if added and sent_at else 0,
    )


def unix_time(text: str) -> float | None:
    """Unix seconds of an ISO 8601 time with its offset; None for any other text."""
    try:
        at = datetime.fromisoformat(text)
        return None if at.tzinfo is None else at.timestamp()
    except (ValueError, OverflowError):
        return None
