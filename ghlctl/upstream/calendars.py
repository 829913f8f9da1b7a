"""Calendars, their appointments and their blocked slots."""

from ghlctl.upstream.answers import Answer, Json
from ghlctl.upstream.asked import Act, Asked, absent
from ghlctl.upstream.crm import Kind

_TEXTS = ("title", "calendarId", "contactId", "groupId", "appointmentStatus", "assignedUserId")
_TIMES = ("startTime", "endTime", "dateAdded", "dateUpdated")


def _create_calendar(asked: Asked) -> Answer:
    return _calendar(asked.crm.create(Kind.CALENDAR, asked.location, asked.body))


def _get_calendar(asked: Asked) -> Answer:
    found = asked.find(Kind.CALENDAR)
    return absent(Kind.CALENDAR) if found is None else _calendar(found)


def _update_calendar(asked: Asked) -> Answer:
    found = asked.find(Kind.CALENDAR)
    if found is None:
        return absent(Kind.CALENDAR)
    asked.crm.write(Kind.CALENDAR, found, asked.body)
    return _calendar(found)


def _delete_calendar(asked: Asked) -> Answer:
    left = asked.crm.delete(Kind.CALENDAR, asked.location, asked.ids[0])
    return Answer(200, {"success": True}) if left else absent(Kind.CALENDAR)


def _calendars(asked: Asked) -> Answer:
    group = asked.query.get("groupId")
    found = asked.crm.all(Kind.CALENDAR, asked.location)
    shown = [_named(one) for one in found if group is None or one.get("groupId") == group]
    return Answer(200, {"calendars": shown})


def _groups(_: Asked) -> Answer:
    """None: groups cannot be made here."""
    return Answer(200, {"groups": []})


def _create_appointment(asked: Asked) -> Answer:
    return _flat(asked.crm.create(Kind.APPOINTMENT, asked.location, asked.body))


def _get_appointment(asked: Asked) -> Answer:
    found = asked.find(Kind.APPOINTMENT)
    return absent(Kind.APPOINTMENT) if found is None else Answer(200, {"event": _event(found)})


def _edit_appointment(asked: Asked) -> Answer:
    found = asked.find(Kind.APPOINTMENT)
    if found is None:
        return absent(Kind.APPOINTMENT)
    asked.crm.write(Kind.APPOINTMENT, found, asked.body)
    return _flat(found)


def _create_block(asked: Asked) -> Answer:
    return Answer(201, _slot(asked.crm.create(Kind.BLOCK, asked.location, asked.body)))


def _edit_block(asked: Asked) -> Answer:
    found = asked.find(Kind.BLOCK)
    if found is None:
        return absent(Kind.BLOCK)
    asked.crm.write(Kind.BLOCK, found, asked.body)
    return Answer(201, _slot(found))


def _delete_event(asked: Asked) -> Answer:
    """An event is an appointment, unless a blocked slot is known by its id."""
    blocked = asked.crm.known(Kind.BLOCK, asked.location, asked.ids[0])
    kind = Kind.BLOCK if blocked else Kind.APPOINTMENT
    left = asked.crm.delete(kind, asked.location, asked.ids[0])
    return Answer(201, {"succeeded": True}) if left else absent(kind)


def _events(kind: Kind) -> Act:
    """All of one calendar, user or group: their times are texts in any zone, and not compared."""

    def act(asked: Asked) -> Answer:
        wanted = {"calendarId": "calendarId", "userId": "assignedUserId", "groupId": "groupId"}
        given = {own: asked.query[name] for name, own in wanted.items() if name in asked.query}
        found = [
            _event(one)
            for one in asked.crm.all(kind, asked.location)
            if all(one.get(name) == value for name, value in given.items())
        ]
        return Answer(200, {"events": found})

    return act


def _of_contact(asked: Asked) -> Answer:
    if asked.find(Kind.CONTACT) is None:
        return absent(Kind.CONTACT)
    found = asked.crm.all(Kind.APPOINTMENT, asked.location)
    mine = [one for one in found if one.get("contactId") == asked.ids[0]]
    return Answer(200, {"events": mine})


def _calendar(record: Json) -> Answer:
    return Answer(200, {"calendar": _named(record)})


def _named(record: Json) -> Json:
    return {"name": ""} | record


def _flat(record: Json) -> Answer:
    return Answer(200, {"calendarId": "", "contactId": ""} | record)


def _slot(record: Json) -> Json:
    return dict.fromkeys(("title", "startTime", "endTime"), "") | record


def _event(record: Json) -> Json:
    return dict.fromkeys((*_TEXTS, *_TIMES), "") | {"users": []} | record


CALENDARS: dict[str, Act] = {
    "calendars.create-calendar": _create_calendar,
    "calendars.get-calendar": _get_calendar,
    "calendars.update-calendar": _update_calendar,
    "calendars.delete-calendar": _delete_calendar,
    "calendars.get-calendars": _calendars,
    "calendars.get-groups": _groups,
    "calendars.create-appointment": _create_appointment,
    "calendars.get-appointment": _get_appointment,
    "calendars.edit-appointment": _edit_appointment,
    "calendars.create-block-slot": _create_block,
    "calendars.edit-block-slot": _edit_block,
    "calendars.delete-event": _delete_event,
    "calendars.get-calendar-events": _events(Kind.APPOINTMENT),
    "calendars.get-blocked-slots": _events(Kind.BLOCK),
    "contacts.get-appointments-for-contact": _of_contact,
}
