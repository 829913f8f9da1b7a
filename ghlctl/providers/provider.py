"""What every sender offers: its event types, their fields, and a source of events."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from ghlctl.errors import UsageError
from ghlctl.model.delivery import Event
from ghlctl.model.suggestion import did_you_mean

CONTACTS = 2000
LOCATIONS = 40


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an event's body; `name` is dotted where fields nest, `type` is JSON's."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class EventDescription:
    """What `ghlctl events TYPE` tells; `note` says where real deliveries leave the documents.

    `wire_type` is what the body's `type` says, "" where there is none. `tenancy`: the fields that
    say whose event it is.
    """

    wire_type: str
    family: str
    summary: str
    fields: tuple[Field, ...]
    note: str = ""
    tenancy: tuple[str, ...] = ()


class EventSource(Protocol):
    """Events from a seed: a fresh source, asked the same questions, gives the same answers."""

    @property
    def locations(self) -> tuple[str, ...]:
        """The ids of all tenants that the events may be about."""
        ...

    def event(self, event_type: str, *, at: float, delivery_id: str) -> Event:
        """The next event. `at`: unix seconds. Raise UsageError for an unknown event type."""
        ...


@runtime_checkable
class StorySource(EventSource, Protocol):
    """A source that can tell what happens to one contact, event after event."""

    def story(
        self, event_types: Sequence[str], *, at: float, delivery_ids: Sequence[str]
    ) -> list[Event]: ...


class Provider(Protocol):
    """A sender of webhooks."""

    @property
    def name(self) -> str: ...

    @property
    def default_scheme(self) -> str: ...

    @property
    def event_types(self) -> tuple[str, ...]: ...

    def source(
        self,
        seed: int,
        *,
        contacts: int = CONTACTS,
        locations: int = LOCATIONS,
        tenants: int | None = None,
    ) -> EventSource:
        """A population of `contacts` people over `locations` tenants, made here and once.

        `tenants`: the seed of a source whose tenants, as many as here, these people have too.
        """
        ...

    def moment(self, at: float) -> str:
        """How this sender writes a moment (unix seconds) in an event's body.

        Where a body says its own moment several times, the last is the delivery's timestamp.
        """
        ...

    def describe(self, event_type: str) -> EventDescription:
        """Raise UsageError for an unknown event type."""
        ...


def unknown_event_type(provider: str, name: str, known: Sequence[str]) -> UsageError:
    """The refusal of an event type that `provider` never sends."""
    return UsageError(
        f"provider {provider} sends no event type {name!r}",
        did_you_mean(name, known) or f"ghlctl events lists all {len(known)}",
    )
