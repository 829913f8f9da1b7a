"""The contacts that a source knows, who of them is active, and what belongs to each."""

from dataclasses import dataclass, field
from functools import lru_cache
from random import Random
from typing import Any

from ghlctl.errors import UsageError
from ghlctl.providers.ghl.identity import record_id, uuid4
from ghlctl.providers.ghl.people import Contact, Location, NamePools, name_pools, person

ACTIVE_CONTACTS = 0.05
ACTIVE_EVENTS = 0.8
"""Four events of five concern one contact of twenty, so that a receiver's cache can hit."""

MAX_CONTACTS = 1_000_000
MAX_LOCATIONS = 100_000
_USERS, _STAGES = 3, 5
_OLDEST_S = 730 * 86_400

Record = dict[str, Any]
"""Fields of an opportunity, appointment, task or note as they go on the wire; never mutated."""


@dataclass(slots=True)
class Slot:
    """A place in the population: whoever holds it, and the latest record of each family."""

    contact: Contact
    records: dict[str, Record] = field(default_factory=dict)


class Population:
    """A fixed number of slots over the locations in turn; contacts come into them and leave."""

    def __init__(
        self,
        seed: int,
        random: Random,
        contacts: int,
        locations: int,
        tenants: int | None = None,
    ) -> None:
        _bounded("contacts", contacts, MAX_CONTACTS)
        _bounded("locations", locations, MAX_LOCATIONS)
        self.pools: NamePools = name_pools(seed if tenants is None else tenants)
        self._random = random
        self._made = 0
        # The tenants of a source are the first that its chance makes.
        places = _places(random, locations) if tenants is None else _of(tenants, locations)
        self.locations = tuple(place.id for place in places)
        self._slots = [
            Slot(self._newcomer(places[n % locations], -random.random() * _OLDEST_S))
            for n in range(contacts)
        ]
        self._active = max(1, round(contacts * ACTIVE_CONTACTS))

    def returning(self) -> Slot:
        """A slot by popularity: the first ones are the active contacts."""
        busy = self._random.random() < ACTIVE_EVENTS
        return self._slots[self._random.randrange(self._active if busy else len(self._slots))]

    def joined(self, added_s: float) -> Slot:
        """A slot, any with equal chance, that a new contact took over just now."""
        slot = self._random.choice(self._slots)
        self.replace(slot, added_s)
        return slot

    def replace(self, slot: Slot, added_s: float) -> None:
        """Put a new contact of the same location, without records, into `slot`."""
        slot.contact = self._newcomer(slot.contact.location, added_s)
        slot.records = {}

    def _newcomer(self, location: Location, added_s: float) -> Contact:
        self._made += 1
        return person(self._random, self.pools, location, number=self._made, added_s=added_s)


def _places(random: Random, count: int) -> tuple[Location, ...]:
    return tuple(_location(random) for _ in range(count))


@lru_cache(maxsize=2)
def _of(seed: int, count: int) -> tuple[Location, ...]:
    """The tenants of the source with that seed; made once for the many sources of an audit."""
    return _places(Random(seed), count)


def _location(random: Random) -> Location:
    return Location(
        record_id(random),
        tuple(record_id(random) for _ in range(_USERS)),
        record_id(random),
        record_id(random),
        tuple(uuid4(random) for _ in range(_STAGES)),
    )


def _bounded(what: str, count: int, most: int) -> None:
    if not 1 <= count <= most:
        raise UsageError(f"{count} {what} cannot be made", f"ask for 1 to {most:,} {what}")
