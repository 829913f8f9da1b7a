"""What is remembered of a contact for an hour: the upstream's record, and what was found out."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import msgspec

from ghlctl.reference.behaviour import Segment
from ghlctl.reference.counters import Counters
from ghlctl.reference.incoming import Family, Incoming, Lead
from ghlctl.reference.insight import Insight
from ghlctl.reference.leads import basis_of

TTL_S = 3600.0
SCORES = 8  # of one contact: its events, opportunities and appointments score differently


class CacheStore(Protocol):
    """Bytes under names for TTL_S. No method raises: a cache that fails has forgotten."""

    async def get(self, name: str) -> bytes | None: ...

    async def claim(self, name: str) -> str | None:
        """The right to find the value; None where another process is at it."""
        ...

    async def awaited(self, name: str) -> bytes | None:
        """What the process that is at it stores; None if it does not."""
        ...

    async def put(self, name: str, value: bytes, claim: str = "") -> None:
        """Store and end the `claim`; not if the name was forgotten since it was given."""
        ...

    async def forget(self, *names: str) -> bool:
        """Whether they are gone now; if not, they are before anything is read again."""
        ...

    async def sweep(self) -> None:
        """Let go of what nobody may read any more."""
        ...

    async def close(self) -> None: ...


class _Scored(msgspec.Struct, frozen=True, array_like=True):
    """An insight and a digest of what it was found from."""

    basis: str
    score: float
    segment: Segment
    matches: tuple[int, ...]
    next_contact_hour: int


class ContactCache:
    """Of many that ask for one missing value at once, one finds it and the others wait for it."""

    def __init__(self, store: CacheStore, counters: Counters) -> None:
        self._store = store
        self._counters = counters
        self._flights: dict[str, asyncio.Future[bytes]] = {}

    async def contact(self, incoming: Incoming, fetch: Callable[[], Awaitable[Any]]) -> Any:
        """The contact as JSON. An event that says it changed has it fetched anew."""
        name = _contact_name(incoming)
        if incoming.lead.family is Family.CONTACT:
            self._flights.pop(name, None)  # what is under way may be older than the event
            await self._store.forget(name)
        else:
            known = await self._store.get(name)
            if known is not None:
                self._counters.cache_hits += 1
                return msgspec.json.decode(known)
        self._counters.cache_misses += 1

        async def make() -> bytes:
            return msgspec.json.encode(await fetch())

        return msgspec.json.decode(await self._once(name, make))

    async def remember(self, incoming: Incoming, contact: Any) -> None:
        """Take over what the upstream answered to a write."""
        await self._store.put(_contact_name(incoming), msgspec.json.encode(contact))

    async def insight(
        self, incoming: Incoming, lead: Lead, compute: Callable[[], Awaitable[Insight]]
    ) -> Insight:
        """What was found out from the same before, else what `compute` finds out now."""
        name = f"{_prefix(incoming)}/scores"
        basis = _digest(lead)
        stored = _scores(await self._store.get(name))
        for scored in stored:
            if scored.basis == basis:
                self._counters.score_hits += 1
                return _insight(scored)
        self._counters.score_misses += 1
        insight = await compute()
        kept = [*stored, _scored(insight, basis)][-SCORES:]
        await self._store.put(name, msgspec.json.encode(kept))
        return insight

    async def erase(self, incoming: Incoming) -> str:
        """Forget all of a contact; what to say of that on record."""
        name = _contact_name(incoming)
        self._flights.pop(name, None)
        gone = await self._store.forget(name, f"{_prefix(incoming)}/scores")
        return "emptied" if gone else f"unreachable; ends by itself within {TTL_S:.0f} s"

    async def sweep(self) -> None:
        await self._store.sweep()

    async def close(self) -> None:
        await self._store.close()

    async def _once(self, name: str, make: Callable[[], Awaitable[bytes]]) -> bytes:
        waited = False
        while (flight := self._flights.get(name)) is not None:
            waited = True
            self._counters.cache_waits += 1
            await asyncio.wait([flight])
            if not flight.cancelled():
                return flight.result()
        mine: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._flights[name] = mine
        try:
            # Looked up within the flight, or all who waited would look at once and each ask anew.
            value = await self._store.get(name) if waited else None
            if value is None:
                value = await self._find(name, mine, make)
            mine.set_result(value)
            return value
        finally:
            mine.cancel()  # whoever waits tries on its own
            if self._flights.get(name) is mine:
                del self._flights[name]

    async def _find(
        self, name: str, mine: asyncio.Future[bytes], make: Callable[[], Awaitable[bytes]]
    ) -> bytes:
        claim = await self._store.claim(name)
        if claim is None:
            self._counters.cache_waits += 1
            found = await self._store.awaited(name)
            if found is not None:
                return found
        try:
            value = await make()
        except BaseException:
            if claim:
                await self._store.forget(name)  # other processes need not wait for it
            raise
        if claim is not None and self._flights.get(name) is mine:
            await self._store.put(name, value, claim)
        return value


def _prefix(incoming: Incoming) -> str:
    return f"{incoming.location_id}/{incoming.contact_id}"


def _contact_name(incoming: Incoming) -> str:
    return f"{_prefix(incoming)}/contact"


def _digest(lead: Lead) -> str:
    return hashlib.blake2b(msgspec.json.encode(basis_of(lead)), digest_size=16).hexdigest()


def _scored(insight: Insight, basis: str) -> _Scored:
    found = (insight.score, insight.segment, insight.matches, insight.next_contact_hour)
    return _Scored(basis, *found)


def _insight(scored: _Scored) -> Insight:
    return Insight(scored.score, scored.segment, scored.matches, scored.next_contact_hour)


def _scores(stored: bytes | None) -> list[_Scored]:
    try:
        return msgspec.json.decode(stored, type=list[_Scored]) if stored else []
    except msgspec.DecodeError:
        return []  # written by another version
