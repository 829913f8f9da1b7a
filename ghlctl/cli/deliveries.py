"""Single deliveries made here and now, for commands that send a few."""

import os
import time
import uuid
from typing import TYPE_CHECKING

from ghlctl.cli.settings import Receiver
from ghlctl.errors import UsageError

if TYPE_CHECKING:
    from ghlctl.model.delivery import Delivery
    from ghlctl.providers.provider import EventSource
    from ghlctl.signing.scheme import SigningKey

PEOPLE = 100


def signing_key(receiver: Receiver) -> "SigningKey":
    """Raise KeyMaterialError or UsageError where there is none that fits the scheme."""
    from ghlctl.signing.catalogue import scheme_named
    from ghlctl.store.keys import resolve_key

    text = resolve_key(receiver.signing_ref(), os.environ)
    return scheme_named(receiver.scheme).read_signing_key(text)


def source_for(receiver: Receiver, seed: int) -> "EventSource":
    from ghlctl.providers.catalogue import provider_named

    return provider_named(receiver.provider).source(seed, contacts=PEOPLE)


def delivery_of(
    receiver: Receiver,
    key: "SigningKey",
    event_type: str,
    source: "EventSource",
    *,
    changes: dict[str, object] | None = None,
) -> "Delivery":
    """One delivery with a fresh id, signed now; `changes` are set in the body by dotted path."""
    from ghlctl.model.delivery import Event
    from ghlctl.providers.deliver import deliver
    from ghlctl.signing.catalogue import scheme_named

    at, delivery_id = time.time(), str(uuid.uuid4())
    event = source.event(event_type, at=at, delivery_id=delivery_id)
    payload = with_changes(dict(event.payload), changes or {})
    return deliver(
        Event(event.type, at, payload),
        scheme_named(receiver.scheme),
        key,
        at=at,
        delivery_id=delivery_id,
        extra=receiver.headers,
    )


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
