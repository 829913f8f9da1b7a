"""Stripe: HMAC-SHA256, hex, over `t.body`; the header `t=…,v1=…` may hold several v1.

The secret is used as text, its prefix `whsec_` included. Only the past is bounded.
"""

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ghlctl.model.delivery import Headers, first_header
from ghlctl.signing.age import read_time
from ghlctl.signing.scheme import (
    NOWHERE,
    Covered,
    KeyPair,
    Rejection,
    Request,
    SigningKey,
    VerifyingKey,
)
from ghlctl.signing.secret import new_secret, read_secret, secret_of
from ghlctl.signing.several import judge_several

HEADER = "Stripe-Signature"
_HEX_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Stripe:
    name: str = "stripe"
    headers: tuple[str, ...] = (HEADER,)
    timestamped: bool = True
    covers: tuple[Covered, ...] = (Covered.BODY, Covered.TIMESTAMP)
    tolerance_s: float | None = 300.0
    weakness: str = "a time in the future is never refused, and no id is covered outside the body"

    def generate(self) -> KeyPair:
        secret = b"whsec_" + new_secret().private
        return KeyPair(secret, secret)

    def read_signing_key(self, text: bytes) -> bytes:
        return read_secret(text, self.name)

    def read_verifying_key(self, text: bytes) -> bytes:
        return read_secret(text, self.name)

    def sign(
        self,
        body: bytes,
        key: SigningKey,
        *,
        at: float,
        delivery_id: str,
        request: Request = NOWHERE,
    ) -> Headers:
        return self.sign_all(body, (key,), at=at, delivery_id=delivery_id)

    def sign_all(
        self,
        body: bytes,
        keys: Sequence[SigningKey],
        *,
        at: float,
        delivery_id: str,
        request: Request = NOWHERE,
    ) -> Headers:
        time = str(int(at))
        signatures = [f"v1={_digest(body, secret_of(key, self.name), time).hex()}" for key in keys]
        return ((HEADER, ",".join((f"t={time}", *signatures))),)

    def verify(
        self,
        body: bytes,
        headers: Headers,
        key: VerifyingKey,
        *,
        now: float,
        tolerance: float | None,
        request: Request = NOWHERE,
    ) -> Rejection | None:
        secret = secret_of(key, self.name)
        value = first_header(headers, HEADER)
        if not value:
            return Rejection.MISSING_HEADER
        parts = [(part.partition("=")[0], part.partition("=")[2]) for part in value.split(",")]
        times = [text for name, text in parts if name == "t"]
        sent_at = read_time(times[0]) if len(times) == 1 else None
        if sent_at is None:
            return Rejection.MALFORMED
        expected = _digest(body, secret, times[0])
        return judge_several(
            parts,
            "v1",
            sent_at,
            read=_hex_digest,
            holds=lambda raw: hmac.compare_digest(expected, raw),
            now=now,
            tolerance=tolerance,
            both_ways=False,
        )


def _digest(body: bytes, secret: bytes, time: str) -> bytes:
    return hmac.digest(secret, time.encode() + b"." + body, "sha256")


def _hex_digest(text: str) -> bytes | None:
    return bytes.fromhex(text) if _HEX_SHA256.fullmatch(text) else None
