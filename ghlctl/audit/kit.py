"""What the driver hands to a check: keys, events, time and chance. Checks get them nowhere else."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from ghlctl.audit.canary import Canary, Footprint, fresh_canary, marked
from ghlctl.model.delivery import Delivery, Event, Headers
from ghlctl.providers.deliver import CONTENT, deliver, encode
from ghlctl.providers.provider import EventSource
from ghlctl.signing.scheme import NOWHERE, Request, Scheme, SigningKey


@dataclass(frozen=True, slots=True)
class Genuine:
    """A delivery as the provider would send it, about a contact that nobody else knows."""

    canary: Canary
    event: Event
    delivery: Delivery
    at: float


@dataclass(frozen=True, slots=True)
class Kit:
    """`key` is None without a test key; `stranger` is a key of its kind that nobody trusts.

    `oracle`: an upstream's ledger tells what the receiver did. `skew_s`: how far the receiver's
    clock is ahead, None if it does not tell.
    """

    scheme: Scheme
    key: SigningKey | None
    stranger: SigningKey
    source: EventSource
    event_type: str
    now: Callable[[], float]
    random: Random
    oracle: bool
    largest_body_bytes: int
    footprint: Footprint
    skew_s: float | None = None
    extra: Headers = ()
    request: Request = NOWHERE

    def genuine(self, *, age_s: float = 0.0, canary: Canary | None = None) -> Genuine:
        """A genuine delivery of `age_s` ago; without a test key, one signed by the stranger."""
        mark = canary or fresh_canary(self.random)
        at = self.now() - age_s
        event = self.source.event(self.event_type, at=at, delivery_id=mark.delivery_id)
        event = replace(event, payload=marked(event.payload, mark))
        return Genuine(mark, event, self.delivered(event, mark, at), at)

    def delivered(self, event: Event, canary: Canary, at: float) -> Delivery:
        """The event signed with the test key at unix second `at`."""
        key = self.stranger if self.key is None else self.key
        return deliver(
            event,
            self.scheme,
            key,
            at=at,
            delivery_id=canary.delivery_id,
            extra=self.extra,
            request=self.request,
        )

    def with_payload(self, genuine: Genuine, payload: dict[str, Any]) -> Delivery:
        """The same delivery about another payload, signed genuinely."""
        event = replace(genuine.event, payload=payload)
        return self.delivered(event, genuine.canary, genuine.at)

    def unsigned(self, genuine: Genuine) -> Delivery:
        """The same delivery as somebody without any key would send it."""
        body = encode(genuine.event)
        return replace(genuine.delivery, body=body, headers=CONTENT + self.extra)
