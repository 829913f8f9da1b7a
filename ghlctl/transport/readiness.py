"""The two deliveries that a health check needs, made from a provider's own events."""

import time
import uuid

from ghlctl.model.delivery import Delivery, Headers
from ghlctl.providers.catalogue import provider_named
from ghlctl.providers.deliver import CONTENT, deliver, encode
from ghlctl.providers.provider import Provider
from ghlctl.signing.catalogue import scheme_named
from ghlctl.signing.challenge import CHALLENGES, Secrets
from ghlctl.signing.scheme import Request
from ghlctl.transport.probe import PROVIDER_WAITS_S, Ready

SEED = 0
"""The same tenants every time, so that a receiver can be told to serve them."""

USUAL = "ContactCreate"


def ready(
    url: str,
    *,
    provider: str,
    scheme: str,
    key: bytes | None,
    upstream_url: str | None = None,
    headers: Headers = (),
    timeout_s: float = PROVIDER_WAITS_S,
    event_type: str = "",
    verify_token: str = "",
) -> Ready:
    """What to ask a receiver; `key` is the signing key's text, None where there is none.

    `verify_token`: Meta's, which its challenge carries.

    Raise UsageError for an unknown name, KeyMaterialError for a key that does not fit.
    """
    sender, signer = provider_named(provider), scheme_named(scheme)
    source = sender.source(SEED, contacts=1)
    at = time.time()
    delivery_id = str(uuid.uuid4())
    event = source.event(event_type or usual_event_type(sender), at=at, delivery_id=delivery_id)
    signatures = tuple((name, "forged") for name in signer.headers)
    forgery = Delivery(delivery_id, event.type, encode(event), CONTENT + signatures + headers)
    genuine = None
    if key is not None:
        private = signer.read_signing_key(key)
        genuine = deliver(
            event,
            signer,
            private,
            at=at,
            delivery_id=delivery_id,
            extra=headers,
            request=Request("POST", url),
        )
    challenged = signer.name if signer.name in CHALLENGES else ""
    known = Secrets(key.strip() if challenged and key else b"", verify_token)
    return Ready(
        url, forgery, genuine, upstream_url, headers, timeout_s, challenged=challenged, known=known
    )


def usual_event_type(provider: Provider) -> str:
    """The event that most receivers act on: a new contact, or the provider's first."""
    return USUAL if USUAL in provider.event_types else provider.event_types[0]
