"""A captured delivery sent again: the same body, signed anew with a test key."""

import json
from collections.abc import Iterable

from ghlctl.model.delivery import Delivery, Headers
from ghlctl.providers.ghl.identity import iso
from ghlctl.providers.tenancy import location_of
from ghlctl.signing.catalogue import SCHEMES
from ghlctl.signing.scheme import NOWHERE, Request, Scheme, SigningKey
from ghlctl.transport.capture import Captured

_OF_THE_CONNECTION = frozenset(
    {
        "host",
        "content-length",
        "connection",
        "keep-alive",
        "transfer-encoding",
        "te",
        "trailer",
        "upgrade",
        "expect",
        "accept-encoding",
    }
)
_ID_HEADERS = ("webhook-id", "svix-id", "x-shopify-event-id", "x-github-delivery")
UNKNOWN_TYPE = "unknown"


def end_to_end(headers: Headers) -> Headers:
    """Without what belongs to one connection alone."""
    return tuple(pair for pair in headers if pair[0].lower() not in _OF_THE_CONNECTION)


def replayed(
    one: Captured,
    scheme: Scheme,
    key: SigningKey,
    *,
    at: float,
    delivery_id: str,
    request: Request = NOWHERE,
    extra: Headers = (),
    fresh: bool = True,
    happened_at: float | None = None,
) -> Delivery:
    """Sign the captured body at unix second `at`; every older signature is left out.

    `fresh` puts `delivery_id` and `at` where the body has webhookId and timestamp, or a receiver
    that deduplicates would refuse it; all other bytes stay as they are. `happened_at` is what a
    repeat's body says in place of `at`. A header in `extra` replaces the captured one.
    """
    happened = at if happened_at is None else happened_at
    body = refreshed(one.raw(), delivery_id, happened) if fresh else one.raw()
    left_out = _SIGNING | _lower(name for name, _ in extra)
    kept = tuple(pair for pair in end_to_end(one.headers) if pair[0].lower() not in left_out)
    signed = scheme.sign(body, key, at=at, delivery_id=delivery_id, request=request)
    return Delivery(delivery_id, event_type_of(body), body, kept + signed + extra)


def event_type_of(body: bytes) -> str:
    """What the body says of itself, or "unknown"."""
    found = _root(body).get("type")
    return found if isinstance(found, str) and found else UNKNOWN_TYPE


def delivery_id_of(one: Captured) -> str:
    """What its sender called the delivery, in the body or a header; "" where nothing does."""
    named = _root(one.raw()).get("webhookId")
    if isinstance(named, str) and named:
        return named
    headers = {name.lower(): value for name, value in one.headers}
    return next((headers[name] for name in _ID_HEADERS if headers.get(name)), "")


def location_of_body(body: bytes) -> str:
    """The tenant that the body names, or ""."""
    return location_of(_root(body))


def refreshed(body: bytes, delivery_id: str, at: float) -> bytes:
    """The body with its webhookId and timestamp replaced, if it has them, and nothing else."""
    root = _root(body)
    for name, new in (("webhookId", delivery_id), ("timestamp", iso(at))):
        old = root.get(name)
        if isinstance(old, str) and old:
            body = _replaced(body, name, old, new)
    return body


def _replaced(body: bytes, name: str, old: str, new: str) -> bytes:
    """The value of the last such name, where it is written plainly; else nothing is touched."""
    for space in (b"", b" "):
        key = b'"' + name.encode() + b'":' + space
        written = key + b'"' + old.encode("utf-8", "replace") + b'"'
        if written in body:
            before, _, after = body.rpartition(written)
            return before + key + b'"' + new.encode() + b'"' + after
    return body


def _root(body: bytes) -> dict[str, object]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _lower(names: Iterable[str]) -> frozenset[str]:
    return frozenset(name.lower() for name in names)


_SIGNING = _lower(name for scheme in SCHEMES.values() for name in scheme.headers)
"""Signature headers of every scheme: a replay must not carry another sender's."""
