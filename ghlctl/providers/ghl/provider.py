"""GoHighLevel as a provider."""

from dataclasses import dataclass

from ghlctl.providers.ghl.event_types import EVENT_TYPES
from ghlctl.providers.ghl.fields import describe
from ghlctl.providers.ghl.identity import iso
from ghlctl.providers.ghl.source import GhlSource
from ghlctl.providers.provider import (
    CONTACTS,
    LOCATIONS,
    EventDescription,
    unknown_event_type,
)


@dataclass(frozen=True, slots=True)
class Ghl:
    name: str = "ghl"
    default_scheme: str = "ghl"
    event_types: tuple[str, ...] = tuple(EVENT_TYPES)

    def source(
        self, seed: int, *, contacts: int = CONTACTS, locations: int = LOCATIONS
    ) -> GhlSource:
        return GhlSource(seed, contacts=contacts, locations=locations)

    def moment(self, at: float) -> str:
        return iso(at)

    def describe(self, event_type: str) -> EventDescription:
        if event_type not in EVENT_TYPES:
            raise unknown_event_type(self.name, event_type, self.event_types)
        return describe(event_type)
