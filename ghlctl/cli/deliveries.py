"""Single deliveries made here and now, for commands that send a few."""

import os
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ghlctl.cli.settings import Receiver
from ghlctl.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from ghlctl.model.delivery import Delivery, Event
    from ghlctl.providers.provider import EventSource
    from ghlctl.signing.scheme import SigningKey

PEOPLE = 100


def signing_key(receiver: Receiver) -> "SigningKey":
    """Raise KeyMaterialError or UsageError where there is none that fits the scheme."""
    from ghlctl.signing.catalogue import scheme_named
    from ghlctl.store.keys import resolve_key

    text = resolve_key(receiver.signing_ref(), os.environ)
    return scheme_named(receiver.scheme).read_signing_key(text)


def token_text(ref: str | None) -> str:
    """What a reference to Meta's verify token leads to, "" for none."""
    from ghlctl.store.keys import resolve_key

    return "" if ref is None else resolve_key(ref, os.environ).decode("utf-8", "replace").strip()


def source_for(receiver: Receiver, seed: int) -> "EventSource":
    from ghlctl.providers.catalogue import provider_named

    return provider_named(receiver.provider).source(seed, contacts=PEOPLE)


@dataclass(frozen=True, slots=True)
class Addressed:
    """A delivery, and the URL to send it to, where some schemes put a part of their proof."""

    delivery: "Delivery"
    url: str


def delivery_of(
    receiver: Receiver,
    key: "SigningKey",
    event_type: str,
    source: "EventSource",
    *,
    changes: dict[str, object] | None = None,
) -> Addressed:
    """One delivery with a fresh id, signed now; `changes` are set in the body by dotted path."""
    at, delivery_id = time.time(), str(uuid.uuid4())
    event = source.event(event_type, at=at, delivery_id=delivery_id)
    return addressed(receiver, key, event, delivery_id, changes=changes)


def addressed(
    receiver: Receiver,
    key: "SigningKey",
    event: "Event",
    delivery_id: str,
    *,
    changes: dict[str, object] | None = None,
) -> Addressed:
    """The event signed now for the receiver, with `changes` in its body."""
    from ghlctl.model.delivery import Event
    from ghlctl.providers.deliver import deliver, encode
    from ghlctl.signing.catalogue import scheme_named
    from ghlctl.signing.scheme import Request
    from ghlctl.signing.target import target_of

    scheme = scheme_named(receiver.scheme)
    payload = with_changes(dict(event.payload), changes or {})
    changed = Event(event.type, event.occurred_at, payload)
    url = target_of(scheme, receiver.url, encode(changed))
    delivery = deliver(
        changed,
        scheme,
        key,
        at=time.time(),
        delivery_id=delivery_id,
        extra=receiver.headers,
        request=Request("POST", url),
    )
    return Addressed(delivery, url)


def story_of(
    receiver: Receiver,
    key: "SigningKey",
    sequence: str,
    source: "EventSource",
    *,
    out_of_order: float,
    random: "Random",
    changes: dict[str, object] | None = None,
) -> list[Addressed]:
    """The deliveries of one change in the order of their arrival, `changes` in every one."""
    from ghlctl.providers.ghl.sequences import order_of_arrival, sequence_named
    from ghlctl.providers.provider import StorySource

    types = sequence_named(sequence)
    if not isinstance(source, StorySource):
        raise UsageError(
            f"provider {receiver.provider} has no sequences", "--provider ghl has some"
        )
    ids = [str(uuid.uuid4()) for _ in types]
    told = source.story(types, at=time.time(), delivery_ids=ids)
    made = [
        addressed(receiver, key, event, delivery_id, changes=changes)
        for event, delivery_id in zip(told, ids, strict=True)
    ]
    order = order_of_arrival(len(made), random, out_of_order=out_of_order)
    return [made[place] for place in order]


def replays_of(receiver: Receiver, key: "SigningKey", path: str) -> "Iterator[Addressed]":
    """The captured deliveries of a file, each signed anew when it is asked for."""
    from ghlctl.signing.catalogue import scheme_named
    from ghlctl.signing.scheme import Request
    from ghlctl.signing.target import target_of
    from ghlctl.transport.capture import read_any
    from ghlctl.transport.replay import refreshed, replayed

    scheme = scheme_named(receiver.scheme)
    for one in read_any(Path(path), at=time.time()):
        at, delivery_id = time.time(), str(uuid.uuid4())
        url = target_of(scheme, receiver.url, refreshed(one.raw(), delivery_id, at))
        request = Request("POST", url)
        delivery = replayed(
            one,
            scheme,
            key,
            at=at,
            delivery_id=delivery_id,
            request=request,
            extra=receiver.headers,
        )
        yield Addressed(delivery, url)


def with_changes(payload: dict[str, object], changes: dict[str, object]) -> dict[str, object]:
    """The payload with values set by dotted path; new names are made, lists are not entered."""
    for path, value in changes.items():
        *parents, last = path.split(".")
        place = payload
        for name in parents:
            inner = place.get(name, {})
            if not isinstance(inner, dict):
                raise UsageError(f"{path} leads into something that is no object", "--set a.b=1")
            place[name] = inner = dict(inner)
            place = inner
        place[last] = value
    return payload
