"""What the driver hands to a check: keys, events, time and chance. Checks get them nowhere else."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from random import Random
from typing import Any

from ghlctl.audit.canary import Canary, Footprint, fresh_canary, marked
from ghlctl.audit.fits import KeyKind, Subject
from ghlctl.audit.needs import Need
from ghlctl.model.delivery import Delivery, Event, Headers
from ghlctl.providers.deliver import CONTENT, deliver, encode
from ghlctl.providers.provider import EventSource, Provider
from ghlctl.signing.scheme import NOWHERE, Request, Scheme, SigningKey, VerifyingKey
from ghlctl.signing.target import target_of

_CONTACTS = 12  # their ids are replaced by canaries; only their variety is wanted


def people_of(provider: Provider, tenants: int) -> Callable[[int], EventSource]:
    """Sources of events about the same tenants (by a seed), each with people of its own."""
    return partial(provider.source, contacts=_CONTACTS, tenants=tenants)


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

    `oracle`: something tells what the receiver did; `ledger`: it is an upstream's ledger, with
    paths and bodies. `multiplicity`: how many effects one genuine delivery has here. `skew_s`: how
    far the receiver's clock is ahead, None if it does not tell. `public` and `public_text`: the
    half that the receiver holds; `key_text`: the test key as it was given, never to be shown.
    `listener`: where callbacks are heard, "" where the receiver could not reach it. `people`: a
    source of events from a seed, always of the same tenants. `answer_within_s`: how long a provider
    waits for a reply. `given`: for scripts that ask more where they can. `needed_fields`: personal
    details that the receiver's purpose needs, by name.
    """

    scheme: Scheme
    key: SigningKey | None
    stranger: SigningKey
    people: Callable[[int], EventSource]
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
    provider: str = "ghl"
    ledger: bool = True
    multiplicity: int = 1
    second_key: SigningKey | None = None
    public: VerifyingKey | None = None
    public_text: bytes = b""
    key_text: bytes = field(default=b"", repr=False)
    second_key_text: bytes = field(default=b"", repr=False)
    listener: str = ""
    rate_limit_per_s: float | None = None
    retention_days: float | None = None
    answer_within_s: float = 15.0

    needed_fields: tuple[str, ...] = ()
    given: frozenset[Need] = frozenset()

    @property
    def subject(self) -> Subject:
        """What applicability is judged by."""
        kind = KeyKind.SECRET if isinstance(self.stranger, bytes) else KeyKind.PAIR
        secure = self.request.url.startswith("https:")
        return Subject(self.scheme, kind, self.provider, secure)

    def seeded(self, seed: int) -> "Kit":
        """A kit whose events and chance rest on `seed`, and on nothing that was asked before."""
        return replace(self, random=Random(seed), source=self.people(seed))

    def genuine(
        self, *, age_s: float = 0.0, canary: Canary | None = None, event_type: str = ""
    ) -> Genuine:
        """A genuine delivery of `age_s` ago; without a test key, one signed by the stranger."""
        mark = canary or fresh_canary(self.random)
        at = self.now() - age_s
        name = event_type or self.event_type
        event = self.source.event(name, at=at, delivery_id=mark.delivery_id)
        event = replace(event, payload=marked(event.payload, mark))
        return Genuine(mark, event, self.delivered(event, mark, at), at)

    def delivered(
        self, event: Event, canary: Canary, at: float, *, key: SigningKey | None = None
    ) -> Delivery:
        """The event signed at unix second `at`, with the test key unless another is given."""
        return deliver(
            event,
            self.scheme,
            self._key(key),
            at=at,
            delivery_id=canary.delivery_id,
            extra=self.extra,
            request=self._request(encode(event)),
        )

    def signed(
        self,
        body: bytes,
        canary: Canary,
        *,
        at: float | None = None,
        key: SigningKey | None = None,
        content_type: str = "application/json",
    ) -> Delivery:
        """Any bytes as a body, signed genuinely."""
        signature = self.scheme.sign(
            body,
            self._key(key),
            at=self.now() if at is None else at,
            delivery_id=canary.delivery_id,
            request=self._request(body),
        )
        said = {name.lower() for name, _ in self.extra} | {"content-type"}
        content = tuple(pair for pair in CONTENT if pair[0].lower() not in said)
        headers = (("Content-Type", content_type), *content, *signature, *self.extra)
        return Delivery(canary.delivery_id, self.event_type, body, headers)

    def with_payload(self, genuine: Genuine, payload: dict[str, Any]) -> Delivery:
        """The same delivery about another payload, signed genuinely."""
        event = replace(genuine.event, payload=payload)
        return self.delivered(event, genuine.canary, genuine.at)

    def unsigned(self, genuine: Genuine) -> Delivery:
        """The same delivery as somebody without any key would send it."""
        body = encode(genuine.event)
        return replace(genuine.delivery, body=body, headers=CONTENT + self.extra)

    def _key(self, key: SigningKey | None) -> SigningKey:
        if key is not None:
            return key
        return self.stranger if self.key is None else self.key

    def _request(self, body: bytes) -> Request:
        """Where such a body goes, as some schemes sign it."""
        return replace(self.request, url=target_of(self.scheme, self.request.url, body))
