"""An event becomes a delivery: the bytes and headers of every attempt."""

import msgspec

from ghlctl import __version__
from ghlctl.model.delivery import Delivery, Event, Headers
from ghlctl.signing.scheme import NOWHERE, Request, Scheme, SigningKey

CONTENT: Headers = (
    ("Content-Type", "application/json"),
    ("Accept", "application/json, text/plain, */*"),
    ("User-Agent", f"ghlctl/{__version__}"),
)

_encoder = msgspec.json.Encoder()


def encode(event: Event) -> bytes:
    """Compact UTF-8 JSON without escapes for what is not ASCII, as JavaScript's stringify."""
    return _encoder.encode(event.payload)


def deliver(
    event: Event,
    scheme: Scheme,
    key: SigningKey,
    *,
    at: float,
    delivery_id: str,
    extra: Headers = (),
    request: Request = NOWHERE,
) -> Delivery:
    """Sign `event` at unix second `at`; a header in `extra` replaces the sender's own.

    Signature headers are never replaced. Raise KeyMaterialError for a key of another scheme,
    UsageError where the scheme covers the URL and `request` has none.
    """
    body = encode(event)
    signature = scheme.sign(body, key, at=at, delivery_id=delivery_id, request=request)
    said = {name.lower() for name, _ in extra}
    content = tuple(pair for pair in CONTENT if pair[0].lower() not in said) if said else CONTENT
    return Delivery(delivery_id, event.type, body, content + signature + extra)
