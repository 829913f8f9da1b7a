"""Tags of many contacts in one call, by the only bulk endpoint that HighLevel has for contacts."""

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import Any

import msgspec

from ghlctl.reference.calls import Call, Persistence, Upstream, UpstreamError, UpstreamRefusedError

LINGER_S = 0.05
AT_ONCE = 50


class _Outcome(msgspec.Struct, frozen=True):
    contactId: str  # noqa: N815 - the wire's own name
    type: str
    message: str = ""


class _Outcomes(msgspec.Struct, frozen=True):
    responses: list[_Outcome]


@dataclass(slots=True)
class _Group:
    """Contacts of one location that get one tag, and the deliveries that want it."""

    location_id: str
    tag: str
    persistence: Persistence
    contacts: dict[str, None] = field(default_factory=dict)
    deliveries: list[str] = field(default_factory=list)
    full: asyncio.Event = field(default_factory=asyncio.Event)


class BulkTags:
    """Waits LINGER_S for company, or until AT_ONCE contacts are together."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self._open: dict[tuple[str, str, Persistence], tuple[_Group, asyncio.Task[Any]]] = {}

    async def add(
        self, location_id: str, contact_id: str, tag: str, delivery: str, persistence: Persistence
    ) -> None:
        """Raise UpstreamError when this contact did not get its tag."""
        key = (location_id, tag, persistence)
        if key not in self._open:
            group = _Group(location_id, tag, persistence)
            self._open[key] = group, asyncio.create_task(self._send(key, group))
        group, sending = self._open[key]
        group.contacts[contact_id] = None
        group.deliveries.append(delivery)
        if len(group.deliveries) >= AT_ONCE:
            del self._open[key]
            group.full.set()
        refuse(await asyncio.shield(sending), contact_id)

    async def _send(self, key: tuple[str, str, Persistence], group: _Group) -> Any:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LINGER_S):
                await group.full.wait()
        if key in self._open and self._open[key][0] is group:
            del self._open[key]  # who comes now makes the next group
        call = Call(
            "POST",
            group.location_id,
            "",
            below="/bulk/tags/update/add",
            content={
                "contacts": list(group.contacts),
                "tags": [group.tag],
                "locationId": group.location_id,
            },
            key=",".join(group.deliveries),
        )
        return await self._upstream.perform(call, group.persistence)


def refuse(answer: Any, contact_id: str) -> None:
    """Raise UpstreamRefusedError unless the answer says that this contact was updated."""
    try:
        outcomes = msgspec.convert(answer, _Outcomes).responses
    except msgspec.ValidationError:
        raise UpstreamError("POST /contacts/bulk/…: the answer cannot be read") from None
    mine = [outcome for outcome in outcomes if outcome.contactId == contact_id]
    if not mine or mine[-1].type != "success":
        raise UpstreamRefusedError("POST /contacts/bulk/…: the contact was not updated")
