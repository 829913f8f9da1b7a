"""Events one after another, from a seed and a population."""

from random import Random
from typing import Any

from ghlctl.model.delivery import Event
from ghlctl.providers.ghl.contacts import changed_contact, contact_fields, dnd_settings
from ghlctl.providers.ghl.event_types import EVENT_TYPES, Action, Family
from ghlctl.providers.ghl.identity import APP_ID, VERSION_ID, iso
from ghlctl.providers.ghl.messages import message_fields
from ghlctl.providers.ghl.population import Population, Record
from ghlctl.providers.ghl.records import changed_record, new_record
from ghlctl.providers.provider import unknown_event_type

_DAY_S = 86_400
_NOT_OPENED = float("-inf")


class GhlSource:
    """A population that lives on from event to event.

    A contact that is created is new and may return; one that is deleted never does. An update
    concerns the contact's latest record of that family, which is made where there is none yet.
    Dates before the first event count back from that day's start.
    """

    def __init__(self, seed: int, *, contacts: int, locations: int) -> None:
        self._random = Random(seed)
        self._population = Population(seed, self._random, contacts, locations)
        self._opened_at = _NOT_OPENED

    def event(self, event_type: str, *, at: float, delivery_id: str) -> Event:
        """The next event. `at`: unix seconds. Raise UsageError for an unknown event type."""
        if event_type not in EVENT_TYPES:
            raise unknown_event_type("ghl", event_type, tuple(EVENT_TYPES))
        if self._opened_at == _NOT_OPENED:
            self._opened_at = at - at % _DAY_S
        family, action = EVENT_TYPES[event_type]
        payload = {
            "type": event_type,
            **self._fields(family, action, at),
            "versionId": VERSION_ID,
            "appId": APP_ID,
            "timestamp": iso(at),
            "webhookId": delivery_id,
        }
        return Event(event_type, at, payload)

    def _fields(self, family: Family, action: Action, at: float) -> dict[str, Any]:
        match family:
            case Family.CONTACT:
                return self._contact(action, at)
            case Family.MESSAGE:
                contact = self._population.returning().contact
                return message_fields(self._random, contact, action, at)
            case _:
                return self._record(family, action, at)

    def _contact(self, action: Action, at: float) -> dict[str, Any]:
        since = at - self._opened_at
        if action is Action.CREATED:
            return contact_fields(self._population.joined(since).contact, self._opened_at)
        slot = self._population.returning()
        if action is Action.DELETED:
            fields = contact_fields(slot.contact, self._opened_at)
            self._population.replace(slot, since)
            return fields
        slot.contact = changed_contact(slot.contact, action, self._random, self._population.pools)
        fields = contact_fields(slot.contact, self._opened_at)
        if action is Action.DND_SET:
            fields["dndSettings"] = dnd_settings(slot.contact, self._random)
        return fields

    def _record(self, family: Family, action: Action, at: float) -> Record:
        slot = self._population.returning()
        contact = slot.contact
        if action is Action.CREATED:
            record = new_record(family, self._random, contact, at)
        else:
            joined = self._opened_at + contact.added_s
            earlier = at - self._random.random() * (at - joined)
            latest = slot.records.get(family) or new_record(family, self._random, contact, earlier)
            record = changed_record(latest, action, self._random, contact, at)
        slot.records[family] = record
        if action in {Action.DELETED, Action.COMPLETED}:
            del slot.records[family]
        return record
