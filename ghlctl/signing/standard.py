"""Standard Webhooks, and Svix before it: `id.timestamp.body`, a list of versioned signatures.

v1 is HMAC-SHA256 with a secret `whsec_…`, v1a Ed25519 with keys `whsk_…` and `whpk_…`, all
base64. Either family of headers is read, `webhook-*` or `svix-*`; the scheme's own is written.
"""

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ghlctl.errors import KeyMaterialError
from ghlctl.model.delivery import Headers, first_header
from ghlctl.signing.age import read_time
from ghlctl.signing.encoding import from_base64, to_base64
from ghlctl.signing.scheme import (
    NOWHERE,
    Covered,
    KeyPair,
    Rejection,
    Request,
    SigningKey,
    VerifyingKey,
)
from ghlctl.signing.several import judge_several

FAMILIES = ("webhook", "svix")
SECRET, PRIVATE, PUBLIC = "whsec_", "whsk_", "whpk_"
_SECRET_BYTES = 32
_KEY_BYTES, _SEED_AND_KEY_BYTES = 32, 64


@dataclass(frozen=True, slots=True)
class Standard:
    name: str = "standard"
    family: Literal["webhook", "svix"] = "webhook"
    version: Literal["v1", "v1a"] = "v1"
    timestamped: bool = True
    covers: tuple[Covered, ...] = (Covered.ID, Covered.TIMESTAMP, Covered.BODY)
    tolerance_s: float | None = 300.0
    weakness: str = "inside five minutes a replay verifies: the id must be remembered"

    @property
    def headers(self) -> tuple[str, ...]:
        return tuple(f"{self.family}-{part}" for part in ("signature", "timestamp", "id"))

    def generate(self) -> KeyPair:
        if self.version == "v1":
            secret = (SECRET + to_base64(secrets.token_bytes(_SECRET_BYTES))).encode()
            return KeyPair(secret, secret)
        key = Ed25519PrivateKey.generate()
        return KeyPair(
            (PRIVATE + to_base64(key.private_bytes_raw())).encode(),
            (PUBLIC + to_base64(key.public_key().public_bytes_raw())).encode(),
        )

    def read_signing_key(self, text: bytes) -> bytes | Ed25519PrivateKey:
        prefix, raw = self._read(text)
        if self.version == "v1" and prefix in (SECRET, ""):
            return raw
        if self.version == "v1a" and prefix == PRIVATE:
            return Ed25519PrivateKey.from_private_bytes(raw[:_KEY_BYTES])
        raise self._wrong_kind()

    def read_verifying_key(self, text: bytes) -> bytes | Ed25519PublicKey:
        prefix, raw = self._read(text)
        if self.version == "v1" and prefix in (SECRET, ""):
            return raw
        if self.version == "v1a" and prefix == PUBLIC:
            return Ed25519PublicKey.from_public_bytes(raw)
        if self.version == "v1a" and prefix == PRIVATE:
            return Ed25519PrivateKey.from_private_bytes(raw[:_KEY_BYTES]).public_key()
        raise self._wrong_kind()

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
        timestamp = str(int(at))
        content = f"{delivery_id}.{timestamp}.".encode() + body
        signatures = " ".join(self._signature(content, key) for key in keys)
        return tuple(zip(self.headers, (signatures, timestamp, delivery_id), strict=True))

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
        self._require(key, verifying=True)
        said = _first_family(headers)
        if said is None:
            return Rejection.MISSING_HEADER
        signatures, timestamp, delivery_id = said
        sent_at = read_time(timestamp)
        pairs = [one.partition(",") for one in signatures.split(" ") if one]
        if sent_at is None or not all(comma for _, comma, _ in pairs):
            return Rejection.MALFORMED
        content = f"{delivery_id}.{timestamp}.".encode("utf-8", "surrogatepass") + body
        return judge_several(
            [(version, text) for version, _, text in pairs],
            self.version,
            sent_at,
            read=from_base64,
            holds=lambda raw: _holds(content, raw, key),
            now=now,
            tolerance=tolerance,
        )

    def _signature(self, content: bytes, key: SigningKey) -> str:
        self._require(key, verifying=False)
        if isinstance(key, Ed25519PrivateKey):
            return "v1a," + to_base64(key.sign(content))
        assert isinstance(key, bytes)  # noqa: S101 - _require has looked
        return "v1," + to_base64(hmac.digest(key, content, "sha256"))

    def _require(self, key: SigningKey | VerifyingKey, *, verifying: bool) -> None:
        half = Ed25519PublicKey if verifying else Ed25519PrivateKey
        if not isinstance(key, bytes if self.version == "v1" else half):
            raise self._wrong_kind()

    def _read(self, text: bytes) -> tuple[str, bytes]:
        """Prefix and bytes of a key's text; raise KeyMaterialError for what is none."""
        written = text.decode("ascii", "replace").strip()
        prefix = next((one for one in (SECRET, PRIVATE, PUBLIC) if written.startswith(one)), "")
        text64 = written.removeprefix(prefix)
        raw = from_base64(text64 + "=" * (-len(text64) % 4))  # some dashboards leave these out
        lengths = {PRIVATE: (_KEY_BYTES, _SEED_AND_KEY_BYTES), PUBLIC: (_KEY_BYTES,)}
        if not raw or (prefix in lengths and len(raw) not in lengths[prefix]):
            raise self._wrong_kind()
        return prefix, raw

    def _wrong_kind(self) -> KeyMaterialError:
        wanted = (
            f"{SECRET}…" if self.version == "v1" else f"{PRIVATE}… to sign, {PUBLIC}… to verify"
        )
        return KeyMaterialError(
            f"scheme {self.name} takes a key in base64: {wanted}",
            f"write one with: ghlctl keys generate --scheme {self.name}",
        )


def _first_family(headers: Headers) -> tuple[str, str, str] | None:
    """Signature, timestamp and id from one family of headers; halves of two are never joined."""
    for family in FAMILIES:
        parts = [
            first_header(headers, f"{family}-{one}") for one in ("signature", "timestamp", "id")
        ]
        if all(parts):
            signature, timestamp, delivery_id = (part or "" for part in parts)
            return signature, timestamp, delivery_id
    return None


def _holds(content: bytes, signature: bytes, key: VerifyingKey) -> bool:
    if isinstance(key, bytes):
        return hmac.compare_digest(hmac.digest(key, content, "sha256"), signature)
    assert isinstance(key, Ed25519PublicKey)  # noqa: S101 - the caller has looked
    try:
        key.verify(signature, content)
    except InvalidSignature:
        return False
    return True
