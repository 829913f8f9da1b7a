"""What may be done with a delivery's contact: updated, left alone, or forgotten."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import Any

from ghlctl.reference.calls import Persistence
from ghlctl.reference.compliance.consent import OptedOutError, Rule
from ghlctl.reference.compliance.entry import Action
from ghlctl.reference.compliance.gone import CREATED, GONE, as_deletion
from ghlctl.reference.compliance.journal import Journal
from ghlctl.reference.contact_cache import ContactCache
from ghlctl.reference.incoming import Family, Ignored, Incoming, Parsed
from ghlctl.reference.pipeline import Keep, Pipeline
from ghlctl.reference.storage import Change, Erasing, Preference, Standing, Storage

REMEMBERED = 10_000  # erasures; all of them stand in the storage


@dataclass(slots=True)
class Conduct:
    """Around the pipeline; made once per process. `erasures` counts, for housekeeping."""

    pipeline: Pipeline
    storage: Storage
    cache: ContactCache | None
    journal: Journal
    consent: Rule
    erases: bool
    clock: Callable[[], float] = time.time
    erasures: int = 0
    _gone: dict[str, float] = field(default_factory=dict)
    _under_way: dict[str, set[asyncio.Task[None]]] = field(default_factory=dict)

    def reading(self, parsed: Parsed, body: bytes) -> Parsed:
        """What the body says of consent; a deleted contact is not passed over, but erased."""
        match parsed:
            case Ignored() if self.erases:
                return as_deletion(parsed, body)
            case Incoming() if self.consent.asked and parsed.lead.family is Family.CONTACT:
                return replace(parsed, opted_out=self.consent.said_in(body))
        return parsed

    async def process(
        self, incoming: Incoming, persistence: Persistence, keep: Keep
    ) -> list[Change]:
        """Do what may be done; what is returned is to be written as the delivery is finished."""
        contact = self.pseudonym(incoming)
        if is_erasure(incoming):
            return await self._erase(incoming, contact)
        standing = await self._standing(incoming, contact)
        if standing.erased_at is not None:
            return self._withheld(incoming, "the contact was erased")
        said = self._said(incoming, contact)
        if self._opted_out(incoming, standing):
            return [*self._withheld(incoming, "the contact opted out"), *said]
        try:
            done = await self._unless_erased(
                contact, self.pipeline.process(incoming, persistence, keep)
            )
        except OptedOutError:
            return [*self._withheld(incoming, "the contact opted out upstream"), *said]
        if not done:
            return self._withheld(incoming, "the contact was erased")
        return [*self.journal.noted(Action.UPDATED, incoming, "updated"), *said]

    def pseudonym(self, incoming: Incoming) -> str:
        return self.journal.pseudonyms.contact(incoming.location_id, incoming.contact_id)

    async def _standing(self, incoming: Incoming, contact: str) -> Standing:
        if not (self.erases or self.consent.asked):
            return Standing()
        standing = await self.storage.standing(contact)
        if self.erases and contact in self._gone:  # since the storage was asked
            standing = Standing(erased_at=self._gone[contact])
        if standing.erased_at is None:
            return standing
        if self.erases and not _made_again(incoming, standing.erased_at):
            return standing
        await self.storage.revive(contact)
        self._gone.pop(contact, None)
        return Standing()

    def _opted_out(self, incoming: Incoming, standing: Standing) -> bool:
        """By the newest word; a delivery that comes late does not undo what was said after it."""
        if not self.consent.asked:
            return False
        late = incoming.sent_at is not None and incoming.sent_at < standing.said_at
        return standing.opted_out if incoming.opted_out is None or late else incoming.opted_out

    def _said(self, incoming: Incoming, contact: str) -> list[Change]:
        if incoming.opted_out is None:
            return []
        return [Preference(contact, incoming.opted_out, self._at(incoming))]

    def _withheld(self, incoming: Incoming, why: str) -> list[Change]:
        return self.journal.noted(Action.WITHHELD, incoming, why)

    async def _erase(self, incoming: Incoming, contact: str) -> list[Change]:
        """From here on nothing of it is begun; what is under way ends; then it is forgotten."""
        at = self._at(incoming)
        self._gone[contact] = at
        while len(self._gone) > REMEMBERED:
            del self._gone[next(iter(self._gone))]
        erasing = Erasing(contact, incoming.location_id, incoming.contact_id, at)
        erased = await self.storage.erase(erasing)
        await _ended(self._under_way.get(contact, set()))
        cache = "none" if self.cache is None else await self.cache.erase(incoming)
        self.erasures += 1
        return self.journal.noted(
            Action.ERASED,
            incoming,
            "erased",
            deliveries=erased.deliveries,
            results=erased.insights,
            cache=cache,
        )

    async def _unless_erased(self, contact: str, work: Coroutine[Any, Any, None]) -> bool:
        """Do it to its end, or until the contact is erased; whether it came to its end."""
        if not self.erases:
            await work
            return True
        task = asyncio.ensure_future(work)
        under_way = self._under_way.setdefault(contact, set())
        under_way.add(task)
        try:
            await asyncio.wait([task])
        finally:
            await _ended({task})
            under_way.discard(task)
            if not under_way and self._under_way.get(contact) is under_way:
                del self._under_way[contact]
        if task.cancelled():
            return False
        task.result()
        return True

    def _at(self, incoming: Incoming) -> float:
        return self.clock() if incoming.sent_at is None else incoming.sent_at


def is_erasure(incoming: Incoming) -> bool:
    """Only what `reading` turned into one: others pass a deleted contact over."""
    return incoming.event_type == GONE


def _made_again(incoming: Incoming, erased_at: float) -> bool:
    """A contact may be made anew under its id, after it was deleted."""
    made = incoming.event_type == CREATED
    return made and incoming.sent_at is not None and incoming.sent_at > erased_at


async def _ended(tasks: set[asyncio.Task[None]]) -> None:
    living = [task for task in tasks if not task.done()]
    for task in living:
        task.cancel()
    if living:
        await asyncio.wait(living)
