"""A signature that lost its end: the only proof is to sign again and to compare the beginnings."""

from dataclasses import dataclass
from string import ascii_letters, digits

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from ghlctl.errors import GhlctlError
from ghlctl.model.delivery import Headers, first_header
from ghlctl.signing.age import read_time
from ghlctl.signing.scheme import Request, Scheme, VerifyingKey

LEAST = 12
"""Characters of a signature that two different ones do not share by chance."""

_LETTERS = ascii_letters + digits + "+/="
_MAC_BYTES, _ED25519_BYTES = 32, 64
_MILLISECONDS_FROM = 1e11
_HALF = 0.5


@dataclass(frozen=True, slots=True)
class Cut:
    """How much of the header's value is left."""

    characters: int
    whole: int


def cut_of(
    body: bytes, headers: Headers, scheme: Scheme, signing: bytes, request: Request
) -> Cut | None:
    """None where the header is not the beginning of what the key `signing` (its text) writes."""
    name = scheme.headers[0]
    value = (first_header(headers, name) or "").rstrip()
    try:
        key = scheme.read_signing_key(signing)
        made = scheme.sign(
            body, key, at=_signed_at(headers), delivery_id=_id(headers, scheme), request=request
        )
    except GhlctlError:
        return None  # a key of another kind, or a URL that is not known, proves nothing
    whole = first_header(made, name) or ""
    if len(value) >= len(whole) or not whole.startswith(value):
        return None
    shared = len(value) - _preamble(whole)
    return Cut(len(value), len(whole)) if shared >= LEAST else None


def may_be_cut(value: str, key: VerifyingKey) -> bool:
    """Whether the header's value ends in too few letters of a signature, and in nothing else."""
    left = len(value) - len(value.rstrip(_LETTERS))
    match key:
        case RSAPublicKey():
            whole = _in_base64(key.key_size // 8)
        case Ed25519PublicKey():
            whole = _in_base64(_ED25519_BYTES)
        case _:
            whole = 2 * _MAC_BYTES  # in hexadecimal, the longer of the two
    return LEAST <= left < whole


def _in_base64(length: int) -> int:
    return (length + 2) // 3 * 4


def _preamble(whole: str) -> int:
    """What every signature of the scheme begins with: a version, or Stripe's time."""
    return max(whole.rfind(mark, 0, len(whole) // 2) for mark in "=,") + 1


def _signed_at(headers: Headers) -> float:
    """The time that the headers state, in the middle of its tick so that nothing rounds it away."""
    for name, value in headers:
        text = value
        if name.lower() == "stripe-signature":
            text = value.partition("t=")[2].partition(",")[0]
        elif "timestamp" not in name.lower():
            continue
        ticks = read_time(text)
        if ticks is not None:
            scale = 1000 if ticks > _MILLISECONDS_FROM else 1
            return (ticks + _HALF) / scale
    return 0.0


def _id(headers: Headers, scheme: Scheme) -> str:
    return next((first_header(headers, one) or "" for one in scheme.headers if "-id" in one), "")
