"""How often the receiver's cache hits: `python -m benchmarks.cache_hits [EVENTS]`.

An hour at 25 events a second by default, of the provider's usual people – 2,000 contacts over 40
locations, four events of five about one contact of twenty – through the receiver's own cache and
in the clock of the events. Three mixes: returning contacts alone, the same with one event of ten a
new contact, and the load tests' usual one, of which 70 % make new records and 40 % new contacts.
"""

import asyncio
import random
import sys
from dataclasses import dataclass

from ghlctl.cli.load_shape import USUAL_EVENTS
from ghlctl.providers.catalogue import provider_named
from ghlctl.providers.deliver import encode
from ghlctl.reference.behaviour import Segment
from ghlctl.reference.contact_cache import ContactCache
from ghlctl.reference.counters import Counters
from ghlctl.reference.incoming import Incoming, parse
from ghlctl.reference.insight import Insight
from ghlctl.reference.memory_cache import MemoryCache
from ghlctl.reference.profile import Types

PER_S = 25.0
EVENTS = 90_000
SEED = 7
RETURNING = {
    "ContactUpdate": 25.0,
    "ContactTagUpdate": 10.0,
    "OpportunityUpdate": 10.0,
    "OpportunityStageUpdate": 10.0,
    "AppointmentUpdate": 10.0,
    "InboundMessage": 20.0,
    "OutboundMessage": 15.0,
}
WITH_NEWCOMERS = RETURNING | {"ContactCreate": 11.0}
ANY = Insight(0.5, Segment.QUIET, (1, 2, 3, 4, 5), 9)


@dataclass(slots=True)
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


async def hits(mix: dict[str, float], events: int) -> Counters:
    """Every event asks for its contact and its score, as the pipeline does."""
    source = provider_named("ghl").source(SEED)
    drawn = random.Random(SEED).choices(list(mix), list(mix.values()), k=events)
    clock, counters = Clock(), Counters()
    cache = ContactCache(MemoryCache(clock), counters)

    async def fetch() -> dict[str, str]:
        return {"id": "c"}

    async def compute() -> Insight:
        return ANY

    for number, event_type in enumerate(drawn):
        clock.now = number / PER_S
        event = source.event(event_type, at=1.7e9 + clock.now, delivery_id=str(number))
        incoming = parse(encode(event), Types.STRICT, None)
        if isinstance(incoming, Incoming):
            await cache.contact(incoming, fetch)
            await cache.insight(incoming, incoming.lead, compute)
    return counters


def _share(hits: int, misses: int) -> str:
    return f"{hits / (hits + misses):.1%}"


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS
    for name, mix in (
        ("returning contacts", RETURNING),
        ("with newcomers", WITH_NEWCOMERS),
        ("usual events", USUAL_EVENTS),
    ):
        counted = asyncio.run(hits(mix, wanted))
        scores = _share(counted.score_hits, counted.score_misses)
        contacts = _share(counted.cache_hits, counted.cache_misses)
        sys.stdout.write(f"{name}: {wanted} events, scores {scores}, contacts {contacts}\n")
