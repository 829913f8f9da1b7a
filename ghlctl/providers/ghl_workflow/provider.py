"""GoHighLevel's workflow webhooks as a provider: by what set the workflow off."""

from dataclasses import dataclass
from random import Random
from typing import Any

from ghlctl.model.delivery import Event
from ghlctl.providers.ghl.identity import iso
from ghlctl.providers.ghl.population import Population
from ghlctl.providers.ghl_workflow.body import appointment_part, contact_body, opportunity_part
from ghlctl.providers.provider import (
    CONTACTS,
    LOCATIONS,
    EventDescription,
    Field,
    unknown_event_type,
)

TRIGGERS = {
    "ContactChanged": "a contact is created or changed",
    "OpportunityChanged": "an opportunity is created or changed",
    "AppointmentBooked": "an appointment is booked or changed",
}
_NOTE = (
    "unsigned, and without type, webhookId or time: a receiver can neither tell a forgery nor "
    "two deliveries of one event apart; field names follow the platform's help pages"
)
_DAY_S = 86_400
_KINDS = {bool: "boolean", int: "number", float: "number", str: "string", list: "array"}


class WorkflowSource:
    """People as in provider ghl; nothing is remembered from one body to the next."""

    def __init__(
        self, seed: int, *, contacts: int, locations: int, tenants: int | None = None
    ) -> None:
        self._random = Random(seed)
        self._population = Population(seed, self._random, contacts, locations, tenants)

    @property
    def locations(self) -> tuple[str, ...]:
        return self._population.locations

    def event(self, event_type: str, *, at: float, delivery_id: str) -> Event:  # noqa: ARG002 - the source protocol has it
        """The next event; `delivery_id` is nowhere in it, for the platform sends none."""
        if event_type not in TRIGGERS:
            raise unknown_event_type("ghl-workflow", event_type, tuple(TRIGGERS))
        contact = self._population.returning().contact
        body = contact_body(self._random, contact, at - at % _DAY_S)
        match event_type:
            case "OpportunityChanged":
                body |= opportunity_part(self._random, contact)
            case "AppointmentBooked":
                body |= appointment_part(self._random, contact, at)
        return Event(event_type, at, body)


@dataclass(frozen=True, slots=True)
class GhlWorkflow:
    name: str = "ghl-workflow"
    default_scheme: str = "none"
    event_types: tuple[str, ...] = tuple(TRIGGERS)

    def source(
        self,
        seed: int,
        *,
        contacts: int = CONTACTS,
        locations: int = LOCATIONS,
        tenants: int | None = None,
    ) -> WorkflowSource:
        return WorkflowSource(seed, contacts=contacts, locations=locations, tenants=tenants)

    def moment(self, at: float) -> str:
        """As every platform date; bodies of workflows carry none of their own delivery."""
        return iso(at)

    def describe(self, event_type: str) -> EventDescription:
        if event_type not in TRIGGERS:
            raise unknown_event_type(self.name, event_type, self.event_types)
        example = WorkflowSource(1, contacts=1, locations=1)
        body = example.event(event_type, at=1.79e9, delivery_id="").payload
        return EventDescription(
            wire_type="",
            family="workflow",
            summary=f"sent by a workflow when {TRIGGERS[event_type]}",
            fields=tuple(_fields(dict(body))),
            note=_NOTE,
            tenancy=("location.id",),
        )


def _fields(body: dict[str, Any], prefix: str = "") -> list[Field]:
    found = []
    for name, value in body.items():
        found.append(Field(prefix + name, _KINDS.get(type(value), "object")))
        if isinstance(value, dict):
            found += _fields(value, f"{prefix}{name}.")
    return found
