"""Opportunities, appointments, tasks and notes on the wire, and the changes that happen to them.

A record holds the body's fields after `type`. It is never mutated: a change is a new one.
"""

from datetime import datetime, timedelta, timezone
from random import Random

from ghlctl.providers.ghl.event_types import Action, Family
from ghlctl.providers.ghl.identity import iso, record_id
from ghlctl.providers.ghl.people import SOURCES, Contact
from ghlctl.providers.ghl.population import Record
from ghlctl.providers.ghl.texts import note_text, sentence, task_title

_STATUSES = ("open", "won", "lost", "abandoned")
_BOOKED = ("confirmed", "new", "showed", "noshow", "cancelled")
_HOUR_S, _DAY_S = 3600, 86_400
_OFFICE = timezone(timedelta(hours=-5))
_OPENS, _HALF_HOURS = 9, 16


def new_record(family: Family, random: Random, contact: Contact, at: float) -> Record:
    """A record of `contact` that was added at unix second `at`; messages have none."""
    match family:
        case Family.OPPORTUNITY:
            return _opportunity(random, contact, at)
        case Family.APPOINTMENT:
            return _appointment(random, contact, at)
        case Family.TASK:
            return _task(random, contact, at)
        case _:
            return _note(random, contact, at)


def changed_record(
    record: Record, action: Action, random: Random, contact: Contact, at: float
) -> Record:
    """The record after `action`; one that is completed or deleted is sent as it was."""
    match action:
        case Action.MOVED:
            return _with_other(record, "pipelineStageId", contact.location.stage_ids, random)
        case Action.STATUS_SET:
            return _with_other(record, "status", _STATUSES, random)
        case Action.ASSIGNED:
            return _with_other(record, "assignedTo", contact.location.user_ids, random)
        case Action.REVALUED:
            return _revalued(record, random)
        case Action.UPDATED:
            return _updated(record, random, contact, at)
        case _:
            return record


def _opportunity(random: Random, contact: Contact, at: float) -> Record:
    return {
        "locationId": contact.location.id,
        "id": record_id(random),
        "assignedTo": random.choice(contact.location.user_ids),
        "contactId": contact.id,
        "monetaryValue": contact.budget * 3 // 100,
        "name": f"{contact.first_name} {contact.last_name}, {contact.property_type}",
        "pipelineId": contact.location.pipeline_id,
        "pipelineStageId": contact.location.stage_ids[0],
        "source": random.choice(SOURCES),
        "status": "open",
        "dateAdded": iso(at),
    }


def _appointment(random: Random, contact: Contact, at: float) -> Record:
    host = random.choice(contact.location.user_ids)
    appointment = {
        "id": record_id(random),
        "address": f"{contact.address}, {contact.place.city}",
        "title": f"Viewing with {contact.first_name} {contact.last_name}",
        "calendarId": contact.location.calendar_id,
        "contactId": contact.id,
        "groupId": contact.location.calendar_id,
        "appointmentStatus": "confirmed",
        "assignedUserId": host,
        "users": [host],
        "notes": sentence(random, contact),
        "source": random.choice(("booking_widget", "calendar_page", "workflow")),
        "dateAdded": _local(at),
        "dateUpdated": _local(at),
        **_times(random, at),
    }
    return {"locationId": contact.location.id, "appointment": appointment}


def _task(random: Random, contact: Contact, at: float) -> Record:
    return {
        "locationId": contact.location.id,
        "id": record_id(random),
        "assignedTo": random.choice(contact.location.user_ids),
        "body": sentence(random, contact),
        "contactId": contact.id,
        "title": task_title(random, contact),
        "dateAdded": iso(at),
        "dueDate": iso(at + random.randint(1, 14 * 24) * _HOUR_S),
    }


def _note(random: Random, contact: Contact, at: float) -> Record:
    return {
        "locationId": contact.location.id,
        "id": record_id(random),
        "body": note_text(random, contact),
        "contactId": contact.id,
        "dateAdded": iso(at),
    }


def _updated(record: Record, random: Random, contact: Contact, at: float) -> Record:
    if "appointment" in record:
        old = record["appointment"]
        status = random.choice([name for name in _BOOKED if name != old["appointmentStatus"]])
        moved = {"appointmentStatus": status, "dateUpdated": _local(at), **_times(random, at)}
        return {**record, "appointment": {**old, **moved}}
    if "monetaryValue" in record:
        return _revalued(record, random)
    return {**record, "body": note_text(random, contact)}


def _with_other(record: Record, name: str, options: tuple[str, ...], random: Random) -> Record:
    return {**record, name: random.choice([text for text in options if text != record[name]])}


def _revalued(record: Record, random: Random) -> Record:
    value = random.randint(4, 120) * 250
    return {**record, "monetaryValue": value + (value == record["monetaryValue"])}


def _times(random: Random, at: float) -> Record:
    """Half an hour to two hours, from a half hour between 9:00 and 16:30, one to 21 days on."""
    day = datetime.fromtimestamp(at + random.randint(1, 21) * _DAY_S, _OFFICE)
    start = day.replace(hour=_OPENS, minute=0, second=0, microsecond=0)
    start += timedelta(minutes=30 * random.randrange(_HALF_HOURS))
    end = start + timedelta(minutes=30 * random.randint(1, 4))
    return {"startTime": start.isoformat(), "endTime": end.isoformat()}


def _local(at: float) -> str:
    return datetime.fromtimestamp(at, _OFFICE).isoformat(timespec="seconds")
