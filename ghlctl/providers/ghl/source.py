"""Events one after another, from a seed and a population."""

from collections.abc import Sequence
from random import Random
from typing import Any

from ghlctl.model.delivery import Event
from ghlctl.providers.ghl import conversations, kept
from ghlctl.providers.ghl.account import app_fields
from ghlctl.providers.ghl.contacts import changed_contact, contact_fields, dnd_settings
from ghlctl.providers.ghl.event_types import (
    EVENT_TYPES,
    OWN_TYPE,
    TYPE_UNSHOWN,
    Action,
    Family,
    wire_type,
)
from ghlctl.providers.ghl.identity import APP_ID, VERSION_ID, iso
from ghlctl.providers.ghl.knowledge import ASSET_ACTIONS, asset_fields
from ghlctl.providers.ghl.messages import message_fields
from ghlctl.providers.ghl.population import Population, Record, Slot
from ghlctl.providers.provider import unknown_event_type

_DAY_S = 86_400
_NOT_OPENED = float("-inf")
_PASSING = {
    Family.APP: app_fields,
    Family.CONVERSATION: conversations.conversation_fields,
    Family.CAMPAIGN: conversations.campaign_fields,
    Family.EMAIL: conversations.email_fields,
    Family.CALL: conversations.call_fields,
    Family.MESSAGE: conversations.handed_over_fields,
}
"""What happens and is not kept: nothing later changes it."""


class GhlSource:
    """A population that lives on from event to event.

    A contact that is created is new and may return; one that is deleted never does. An update
    concerns the contact's latest record of that family, which is made where there is none yet.
    Dates before the first event count back from that day's start. Without `types_stated` the
    events whose documents show no `type` carry none.
    """

    def __init__(
        self,
        seed: int,
        *,
        contacts: int,
        locations: int,
        types_stated: bool = True,
        tenants: int | None = None,
    ) -> None:
        self._types_stated = types_stated
        self._random = Random(seed)
        self._population = Population(seed, self._random, contacts, locations, tenants)
        self._opened_at = _NOT_OPENED
        self._slot: Slot | None = None
        self._gone: dict[Family, Record] = {}

    @property
    def locations(self) -> tuple[str, ...]:
        return self._population.locations

    def event(self, event_type: str, *, at: float, delivery_id: str) -> Event:
        """The next event. `at`: unix seconds. Raise UsageError for an unknown event type."""
        if event_type not in EVENT_TYPES:
            raise unknown_event_type("ghl", event_type, tuple(EVENT_TYPES))
        if self._opened_at == _NOT_OPENED:
            self._opened_at = at - at % _DAY_S
        family, action = EVENT_TYPES[event_type]
        payload = {
            **self._stated(event_type),
            **self._fields(family, action, at),
            "versionId": VERSION_ID,
            "appId": APP_ID,
            "timestamp": iso(at),
            "webhookId": delivery_id,
        }
        return Event(event_type, at, payload)

    def story(
        self, event_types: Sequence[str], *, at: float, delivery_ids: Sequence[str]
    ) -> list[Event]:
        """One change and all that it fires, about one contact, a second apart from `at` on.

        An event after a deletion still concerns what was deleted, as stragglers do.
        """
        self._slot = self._population.returning()
        try:
            return [
                self.event(event_type, at=at + number, delivery_id=delivery_id)
                for number, (event_type, delivery_id) in enumerate(
                    zip(event_types, delivery_ids, strict=True)
                )
            ]
        finally:
            self._slot = None
            self._gone = {}

    def _concerned(self) -> Slot:
        return self._slot or self._population.returning()

    def _joined(self, since: float) -> Slot:
        if self._slot is None:
            return self._population.joined(since)
        self._population.replace(self._slot, since)
        return self._slot

    def _stated(self, event_type: str) -> dict[str, str]:
        unstated = OWN_TYPE if self._types_stated else OWN_TYPE | TYPE_UNSHOWN
        return {} if event_type in unstated else {"type": wire_type(event_type)}

    def _fields(self, family: Family, action: Action, at: float) -> dict[str, Any]:
        match family:
            case Family.CONTACT:
                return self._contact(action, at)
            case Family.MESSAGE if action is not Action.HANDED_OVER:
                contact = self._concerned().contact
                return message_fields(self._random, contact, action, at)
            case _ if family in _PASSING:
                contact = self._concerned().contact
                return _PASSING[family](self._random, contact, action, at)
            case _:
                return self._record(family, action, at)

    def _contact(self, action: Action, at: float) -> dict[str, Any]:
        since = at - self._opened_at
        if action is Action.CREATED:
            return contact_fields(self._joined(since).contact, self._opened_at)
        slot = self._concerned()
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
        slot = self._concerned()
        contact = slot.contact
        if action is Action.CREATED:
            record = kept.new(family, self._random, contact, at)
        else:
            joined = self._opened_at + contact.added_s
            earlier = at - self._random.random() * (at - joined)
            known = slot.records.get(family) or self._gone.get(family)
            latest = known or kept.new(family, self._random, contact, earlier)
            if action in ASSET_ACTIONS:
                slot.records[family] = latest
                return asset_fields(self._random, latest, action)
            record = kept.changed(family, latest, action, self._random, contact, at)
        slot.records[family] = record
        if action in kept.LAST:
            del slot.records[family]
            if self._slot is not None:
                self._gone[family] = record
        return kept.shown(family, record, action)
