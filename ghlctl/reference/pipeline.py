"""One delivery, from what it says to the contact's update upstream."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any

import msgspec

from ghlctl.reference.bulk import BulkTags
from ghlctl.reference.calls import Call, Persistence, Upstream, UpstreamRefusedError
from ghlctl.reference.compliance.consent import Rule, Stated
from ghlctl.reference.contact_cache import ContactCache
from ghlctl.reference.incoming import Incoming, Lead
from ghlctl.reference.inference import Inference
from ghlctl.reference.insight import Insight
from ghlctl.reference.profile import Concurrency, Profile, Updates

ASK_NOBODY = Rule(asked=False)
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
    dndSettings: Any = None  # noqa: N815 - HighLevel's name
    customFields: Any = None  # noqa: N815 - HighLevel's name


class Pipeline:
    """`cache` None remembers nothing; `tags` None writes them with the contact.

    `consent` is asked before anything is found out about a contact that the upstream knows.
    """

    def __init__(
        self,
        profile: Profile,
        inference: Inference,
        upstream: Upstream,
        cache: ContactCache | None = None,
        tags: BulkTags | None = None,
        consent: Rule = ASK_NOBODY,
    ) -> None:
        self._consent = consent
        self._inference = inference
        self._upstream = upstream
        self._cache = cache
        self._tags = tags
        self._at_once = profile.concurrency is Concurrency.TASKGROUP
        self._per_field = profile.upstream_updates is Updates.PER_FIELD

    async def process(self, incoming: Incoming, persistence: Persistence, keep: Keep) -> None:
        """Find out about the contact and write it upstream.

        Raise UpstreamError, and OptedOutError before anything is kept or written.
        """
        known, insight = await self._find_out(incoming, persistence)
        await keep(insight)
        if self._per_field:
            writes = field_by_field(incoming, insight)
            await self._each([partial(self._perform, write, persistence) for write in writes])
        elif self._tags is None:
            written = await self._perform(merged(incoming, insight, known), persistence)
            await self._remember(incoming, written)
        else:
            written, _ = await self._each(
                [
                    partial(self._perform, fields_only(incoming, insight), persistence),
                    partial(self._tag, incoming, insight, persistence),
                ]
            )
            await self._remember(incoming, written)

    async def _find_out(
        self, incoming: Incoming, persistence: Persistence
    ) -> tuple[_Known, Insight]:
        contact_id = incoming.contact_id
        if self._cache is None and self._at_once:
            known, behaviour = await _side_by_side(
                [
                    partial(self._fetched, incoming, persistence),
                    partial(self._inference.behaviour, contact_id),
                ]
            )
            lead = filled_up(incoming.lead, known)
            return known, await self._inference.insight(contact_id, lead, behaviour)
        if self._cache is None:
            known = await self._fetched(incoming, persistence)
            lead = filled_up(incoming.lead, known)
            return known, await self._inference.everything(contact_id, lead)
        fetch = partial(self._contact, incoming, persistence)
        known = self._consenting(_known(await self._cache.contact(incoming, fetch)))
        lead = filled_up(incoming.lead, known)
        compute = partial(self._inference.everything, contact_id, lead)
        return known, await self._cache.insight(incoming, lead, compute)

    async def _fetched(self, incoming: Incoming, persistence: Persistence) -> _Known:
        return self._consenting(_known(await self._contact(incoming, persistence)))

    def _consenting(self, known: _Known) -> _Known:
        self._consent.require(Stated(known.dnd, known.dndSettings, known.customFields))
        return known

    async def _contact(self, incoming: Incoming, persistence: Persistence) -> Any:
        call = Call("GET", incoming.location_id, incoming.contact_id)
        contact = _contact_in(await self._perform(call, persistence))
        _known(contact)  # what cannot be read is not remembered either
        return contact

    async def _perform(self, call: Call, persistence: Persistence) -> Any:
        return await self._upstream.perform(call, persistence)

    async def _tag(self, incoming: Incoming, insight: Insight, persistence: Persistence) -> None:
        if self._tags is not None:
            await self._tags.add(
                incoming.location_id,
                incoming.contact_id,
                insight.tag,
                incoming.webhook_id,
                persistence,
            )

    async def _remember(self, incoming: Incoming, answer: Any) -> None:
        contact = _contact_in(answer)
        if self._cache and contact is not None:
            await self._cache.remember(incoming, contact)

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
    content = {"customFields": _fields(insight), "tags": [*tags, insight.tag]}
    return _write(incoming, "update", content)


def fields_only(incoming: Incoming, insight: Insight) -> Call:
    """The merged call without tags, which are added in bulk and so replace nobody's."""
    return _write(incoming, "update", {"customFields": _fields(insight)})


def _fields(insight: Insight) -> list[dict[str, object]]:
    return [
        _field("lead_score", _percent(insight)),
        _field("matched_listings", insight.matches_text),
        _field("behaviour_segment", insight.segment),
        _field("next_contact_hour", insight.next_contact_hour),
    ]


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
