"""HMAC-SHA256, hex, over `timestamp.body`: the scheme that many custom webhooks use."""

import hmac
import re
import secrets
from dataclasses import dataclass

from ghlctl.errors import KeyMaterialError
from ghlctl.model.delivery import Headers, first_header
from ghlctl.signing.prepared import PreparedHmac
from ghlctl.signing.scheme import KeyPair, Rejection, SigningKey, VerifyingKey

SIGNATURE_HEADER = "X-Signature"
TIMESTAMP_HEADER = "X-Timestamp"
SECRET_BYTES = 32
_HEX_SHA256 = re.compile(r"[0-9a-f]{64}")
_UNIX_SECONDS = re.compile(r"[0-9]{1,12}")


@dataclass(frozen=True, slots=True)
class HmacTimestamp:
    name: str = "hmac-timestamp"
    headers: tuple[str, ...] = (SIGNATURE_HEADER, TIMESTAMP_HEADER)
    timestamped: bool = True

    def generate(self) -> KeyPair:
        secret = secrets.token_hex(SECRET_BYTES).encode()
        return KeyPair(secret, secret)

    def read_signing_key(self, text: bytes) -> bytes:
        secret = text.strip()
        if not secret:
            raise KeyMaterialError(
                "the secret for scheme hmac-timestamp is empty",
                "write a key with ghlctl keys generate",
            )
        if secret.startswith(b"-----BEGIN "):
            raise KeyMaterialError(
                "scheme hmac-timestamp takes a secret, not a PEM key",
                "use --scheme ghl for an Ed25519 key",
            )
        return secret

    def read_verifying_key(self, text: bytes) -> bytes:
        return self.read_signing_key(text)

    def sign(
        self,
        body: bytes,
        key: SigningKey,
        *,
        at: float,
        delivery_id: str,
    ) -> Headers:
        timestamp = str(int(at))
        return ((SIGNATURE_HEADER, _digest(body, key, timestamp)), (TIMESTAMP_HEADER, timestamp))

    def verify(
        self,
        body: bytes,
        headers: Headers,
        key: VerifyingKey,
        *,
        now: float,
        tolerance: float | None,
    ) -> Rejection | None:
        signature = first_header(headers, SIGNATURE_HEADER)
        timestamp = first_header(headers, TIMESTAMP_HEADER)
        if not signature or not timestamp:
            return Rejection.MISSING_HEADER
        if not _HEX_SHA256.fullmatch(signature) or not _UNIX_SECONDS.fullmatch(timestamp):
            return Rejection.MALFORMED
        if not hmac.compare_digest(_digest(body, key, timestamp), signature):
            return Rejection.MISMATCH
        age = now - int(timestamp)
        if tolerance is not None and age > tolerance:
            return Rejection.TOO_OLD
        if tolerance is not None and -age > tolerance:
            return Rejection.TOO_NEW
        return None


def beginning(timestamp: str, body_start: bytes) -> bytes:
    """What is signed begins with this; the rest of the body follows."""
    return timestamp.encode() + b"." + body_start


def prepare(key: SigningKey) -> PreparedHmac:
    """For many signatures with one key; raise KeyMaterialError for a key of another scheme."""
    if not isinstance(key, bytes):
        raise KeyMaterialError("scheme hmac-timestamp takes a shared secret")
    return PreparedHmac(key)


def _digest(body: bytes, key: SigningKey | VerifyingKey, timestamp: str) -> str:
    if not isinstance(key, bytes):
        raise KeyMaterialError("scheme hmac-timestamp takes a shared secret")
    return hmac.digest(key, beginning(timestamp, body), "sha256").hex()
