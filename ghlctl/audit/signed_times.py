"""Deliveries whose signed time is any text at all, or stands nowhere. Pure."""

import base64
import hmac
from collections.abc import Callable
from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ghlctl.audit.kit import Genuine, Kit
from ghlctl.model.delivery import Delivery, Headers
from ghlctl.signing.scheme import SigningKey
from ghlctl.signing.shared_secret import Message, SharedSecret, Writing
from ghlctl.signing.standard import Standard
from ghlctl.signing.stripe import HEADER as STRIPE_HEADER
from ghlctl.signing.stripe import Stripe


def with_time(kit: Kit, genuine: Genuine, text: str) -> Delivery:
    """The delivery with `text` where its time stands, signed genuinely with that text."""
    return _with(genuine, _headers(kit, genuine, text, _content(kit, genuine, text)))


def without_time(kit: Kit, genuine: Genuine) -> Delivery:
    """The delivery without any time, signed as if the time were an empty text."""
    return _timeless(kit, genuine, _content(kit, genuine, ""))


def body_alone(kit: Kit, genuine: Genuine) -> Delivery:
    """The delivery without any time, of which the body alone is signed."""
    return _timeless(kit, genuine, genuine.delivery.body)


def time_cut_out(kit: Kit, genuine: Genuine) -> Delivery:
    """The delivery as it was signed, its time taken away."""
    at = str(int(genuine.at * _ticks(kit)))
    return _timeless(kit, genuine, _content(kit, genuine, at))


def _timeless(kit: Kit, genuine: Genuine, content: bytes) -> Delivery:
    signed = _headers(kit, genuine, "", content)
    return _with(genuine, tuple(pair for pair in map(_without_empty, signed) if pair[1]))


def _without_empty(pair: tuple[str, str]) -> tuple[str, str]:
    """Stripe's time stands inside its header."""
    name, value = pair
    return name, value.removeprefix("t=,") if name == STRIPE_HEADER else value


def _with(genuine: Genuine, signed: Headers) -> Delivery:
    names = {name.lower() for name, _ in _signing_headers(genuine, signed)}
    kept = tuple(pair for pair in genuine.delivery.headers if pair[0].lower() not in names)
    return replace(genuine.delivery, headers=(*kept, *signed))


def _signing_headers(genuine: Genuine, signed: Headers) -> Headers:
    """Those that are written anew, and the header of a time that is left out."""
    timed = tuple(pair for pair in genuine.delivery.headers if "timestamp" in pair[0].lower())
    return (*signed, *timed)


def _content(kit: Kit, genuine: Genuine, text: str) -> bytes:
    body = genuine.delivery.body
    match kit.scheme:
        case SharedSecret() as scheme:
            return scheme.content(Message(body, text, kit.request)) or b""
        case Standard():
            return f"{genuine.canary.delivery_id}.{text}.".encode() + body
        case _:
            return f"{text}.".encode() + body


def _headers(kit: Kit, genuine: Genuine, text: str, content: bytes) -> Headers:
    key = kit.stranger if kit.key is None else kit.key
    match kit.scheme:
        case SharedSecret() as scheme:
            mac = hmac.digest(_secret(key), content, scheme.digest.value)
            written = _WRITINGS[scheme.writing](mac)
            return ((scheme.signature, scheme.prefix + written), (scheme.timestamp, text))
        case Standard() as standard:
            values = (_standard(key, content), text, genuine.canary.delivery_id)
            return tuple(zip(standard.headers, values, strict=True))
        case _:
            mac = hmac.digest(_secret(key), content, "sha256")
            return ((STRIPE_HEADER, f"t={text},v1={mac.hex()}"),)


def _standard(key: SigningKey, content: bytes) -> str:
    if isinstance(key, Ed25519PrivateKey):
        return "v1a," + _base64(key.sign(content))
    return "v1," + _base64(hmac.digest(_secret(key), content, "sha256"))


def _secret(key: SigningKey) -> bytes:
    assert isinstance(key, bytes)  # noqa: S101 - of the schemes named here one alone has a pair
    return key


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _ticks(kit: Kit) -> int:
    return kit.scheme.ticks_per_s if isinstance(kit.scheme, SharedSecret) else 1


_WRITINGS: dict[Writing, Callable[[bytes], str]] = {
    Writing.HEX: bytes.hex,
    Writing.BASE64: _base64,
}
KNOWN = (SharedSecret, Standard, Stripe)
"""The kinds of schemes that carry a time; a test holds this against the catalogue."""
