"""A storage whose changes are on record before they are on disk."""

from collections.abc import Sequence
from dataclasses import dataclass

from ghlctl.reference.compliance.audit_log import AuditLog
from ghlctl.reference.compliance.entry import Action, Entry, Purpose
from ghlctl.reference.storage import (
    Arrival,
    Change,
    Erased,
    Erasing,
    Leftover,
    Noted,
    Standing,
    Storage,
    Stored,
)


@dataclass(slots=True)
class RecordedStorage:
    """What is done twice, because a process died in between, is on record twice."""

    inner: Storage
    log: AuditLog

    async def insert(self, arrival: Arrival) -> Stored:
        return await self.inner.insert(arrival)

    async def write(self, changes: Sequence[Change]) -> None:
        """What could not be stored is tried again by its caller, and not put on record again."""
        unrecorded = [one for one in changes if isinstance(one, Noted) and not one.on_record]
        if unrecorded:
            await self.log.write([one.entry for one in unrecorded])
            for one in unrecorded:
                one.on_record = True
        await self.inner.write([one for one in changes if not isinstance(one, Noted)])

    async def adopt(self) -> list[Leftover]:
        return await self.inner.adopt()

    async def purge(self, before: float) -> int:
        purged = await self.inner.purge(before)
        if purged:
            more: dict[str, object] = {"rows": purged}
            self.log.note(Entry(Action.PURGED, Purpose.RETENTION, more=more))
        return purged

    async def standing(self, contact: str) -> Standing:
        return await self.inner.standing(contact)

    async def erase(self, erasing: Erasing) -> Erased:
        return await self.inner.erase(erasing)

    async def revive(self, contact: str) -> None:
        await self.inner.revive(contact)

    async def overwrite(self, *, all_pages: bool) -> bool:
        overwritten = await self.inner.overwrite(all_pages=all_pages)
        if overwritten and all_pages:
            self.log.note(Entry(Action.OVERWRITTEN, Purpose.RETENTION))
        return overwritten

    async def close(self) -> None:
        await self.inner.close()
