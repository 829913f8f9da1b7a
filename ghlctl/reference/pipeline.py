"""One delivery, from what it says to the contact's update upstream."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

import msgspec

from ghlctl.reference.behaviour import Behaviour
from ghlctl.reference.calls import Call, Persistence, Upstream, UpstreamRefusedError
from ghlctl.reference.contact_cache import ContactCache
from ghlctl.reference.incoming import Family, Incoming, Lead
from ghlctl.reference.insight import Analyst, Insight
from ghlctl.reference.profile import Concurrency, Profile, Updates

T = TypeVar("T")
U = TypeVar("U")
Keep = Callable[[Insight], Awaitable[None]]
"""Called with the insight before anything is written upstream."""


class _Known(msgspec.Struct, frozen=True):
    """What is used of an upstream contact; unknown or null fields say nothing."""

    email: str | None = None
    phone: str | None = None
    companyName: str | None = None  # noqa: N815 - the wire's own name
    website: str | None = None
    source: str | None = None
    city: str | None = None
    tags: list[str] | None = None
    dnd: bool | None = None


class Pipeline:
    def __init__(
        self, profile: Profile, analyst: Analyst, upstream: Upstream, cache: ContactCache | None
    ) -> None:
        self._analyst = analyst
        self._upstream = upstream
        self._cache = cache
        self._at_once = profile.concurrency is Concurrency.TASKGROUP
        self._merged = profile.upstream_updates is Updates.MERGED

    async def process(self, incoming: Incoming, persistence: Persistence, keep: Keep) -> None:
        """Find out about the contact and write it upstream. Raise UpstreamError."""
        known, behaviour = await self._look_up(incoming, persistence)
        lead = filled_up(incoming.lead, known)
        insight = self._analyst.insight(incoming.contact_id, lead, behaviour)
        await keep(insight)
        writes = (
            [merged(incoming, insight, known)]
            if self._merged
            else field_by_field(incoming, insight)
        )
        answers = await self._each(
            [partial(self._upstream.perform, write, persistence) for write in writes]
        )
        if self._cache and self._merged:
            self._remember(incoming, answers[0])

    async def _look_up(
        self, incoming: Incoming, persistence: Persistence
    ) -> tuple[_Known, Behaviour]:
        if not self._at_once:
            known = await self._contact(incoming, persistence)
            return known, self._analyst.behaviour(incoming.contact_id)
        return await _both(
            self._contact(incoming, persistence),
            asyncio.to_thread(self._analyst.behaviour, incoming.contact_id),
        )

    async def _contact(self, incoming: Incoming, persistence: Persistence) -> _Known:
        location, contact = incoming.location_id, incoming.contact_id
        if self._cache and incoming.lead.family is Family.CONTACT:
            self._cache.forget(location, contact)  # the event says that it changed
        cached = self._cache.get(location, contact) if self._cache else None
        if cached is not None:
            self._upstream.counters.cache_hits += 1
            return _known(cached)
        answer = await self._upstream.perform(Call("GET", location, contact), persistence)
        self._remember(incoming, answer)
        return _known(_contact_in(answer))

    def _remember(self, incoming: Incoming, answer: Any) -> None:
        contact = _contact_in(answer)
        if self._cache and contact is not None:
            self._cache.put(incoming.location_id, incoming.contact_id, contact)

    async def _each(self, calls: list[Callable[[], Awaitable[Any]]]) -> list[Any]:
        if not self._at_once:
            return [await call() for call in calls]
        return await _side_by_side(calls)


def field_by_field(incoming: Incoming, insight: Insight) -> list[Call]:
    """A call for every field, as an integration grows when each feature adds its own."""

    def put(operation: str, field: str, value: object) -> Call:
        return _write(incoming, operation, {"customFields": [_field(field, value)]})

    return [
        put("score", "lead_score", _percent(insight)),
        put("matches", "matched_listings", insight.matches_text),
        put("segment", "behaviour_segment", insight.segment),
        put("next-contact", "next_contact_hour", insight.next_contact_hour),
        replace(_write(incoming, "tags", {"tags": [insight.tag]}), method="POST", below="/tags"),
    ]


def merged(incoming: Incoming, insight: Insight, known: _Known) -> Call:
    """The same in one call. A PUT replaces all tags, so those that are known go along."""
    tags = [tag for tag in known.tags or [] if tag != insight.tag]
    fields = [
        _field("lead_score", _percent(insight)),
        _field("matched_listings", insight.matches_text),
        _field("behaviour_segment", insight.segment),
        _field("next_contact_hour", insight.next_contact_hour),
    ]
    return _write(incoming, "update", {"customFields": fields, "tags": [*tags, insight.tag]})


def filled_up(lead: Lead, known: _Known) -> Lead:
    """The event's own words first; where it is silent, what the upstream knows."""
    return replace(
        lead,
        email=lead.email or known.email or "",
        phone=lead.phone or known.phone or "",
        company=lead.company or known.companyName or "",
        website=lead.website or known.website or "",
        source=lead.source or known.source or "",
        city=lead.city or known.city or "",
        tags=lead.tags or tuple(known.tags or ()),
        do_not_disturb=lead.do_not_disturb or bool(known.dnd),
    )


def _write(incoming: Incoming, operation: str, content: object) -> Call:
    key = f"{incoming.webhook_id}:{operation}"
    return Call("PUT", incoming.location_id, incoming.contact_id, content=content, key=key)


def _field(key: str, value: object) -> dict[str, object]:
    return {"key": key, "field_value": value}


def _percent(insight: Insight) -> float:
    return round(100 * insight.score, 1)


def _contact_in(answer: Any) -> Any | None:
    return answer.get("contact") if isinstance(answer, dict) else None


def _known(contact: Any) -> _Known:
    try:
        return msgspec.convert(contact, _Known)
    except msgspec.ValidationError:
        # Written on, its tags would be replaced by a guess.
        raise UpstreamRefusedError("GET /contacts/…: the contact cannot be read") from None


async def _both(first: Awaitable[T], second: Awaitable[U]) -> tuple[T, U]:
    one, two = await _side_by_side([lambda: first, lambda: second])
    return one, two


async def _side_by_side(calls: list[Callable[[], Awaitable[Any]]]) -> list[Any]:
    """The results in order. The first failure cancels the rest and is raised as it is."""

    async def run(call: Callable[[], Awaitable[Any]]) -> Any:
        return await call()

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(run(call)) for call in calls]
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return [task.result() for task in tasks]
