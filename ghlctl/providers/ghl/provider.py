"""GoHighLevel as a provider."""

from dataclasses import dataclass

from ghlctl.errors import UsageError
from ghlctl.providers.ghl.event_types import EVENT_TYPES, wire_type
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
    """`types_stated`: whether events whose documents show no `type` carry one all the same."""

    name: str = "ghl"
    default_scheme: str = "ghl"
    types_stated: bool = True
    event_types: tuple[str, ...] = tuple(EVENT_TYPES)

    def source(
        self,
        seed: int,
        *,
        contacts: int = CONTACTS,
        locations: int = LOCATIONS,
        tenants: int | None = None,
    ) -> GhlSource:
        return GhlSource(
            seed,
            contacts=contacts,
            locations=locations,
            types_stated=self.types_stated,
            tenants=tenants,
        )

    def moment(self, at: float) -> str:
        return iso(at)

    def describe(self, event_type: str) -> EventDescription:
        if event_type not in EVENT_TYPES:
            raise self._unknown(event_type)
        return describe(event_type)

    def _unknown(self, written: str) -> UsageError:
        """With the event's own name where what the wire calls it was written."""
        named = [one for one in EVENT_TYPES if wire_type(one) == written]
        if not named:
            return unknown_event_type(self.name, written, self.event_types)
        return UsageError(
            f"{written!r} is what the wire calls an event of provider {self.name}",
            f"its name is {' or '.join(named)}",
        )
