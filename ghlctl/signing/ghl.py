"""GoHighLevel's current scheme: Ed25519 over the raw body, base64 in X-GHL-Signature.

Neither a time nor an id is signed outside the body: replays are the receiver's to refuse.
"""

from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ghlctl.errors import KeyMaterialError
from ghlctl.model.delivery import Headers, first_header
from ghlctl.signing import pem
from ghlctl.signing.encoding import from_base64, to_base64
from ghlctl.signing.scheme import KeyPair, Rejection, SigningKey, VerifyingKey

HEADER = "X-GHL-Signature"
UNSIGNED = "N/A"  # the platform's literal for "this delivery is not signed"
SIGNATURE_BYTES = 64


@dataclass(frozen=True, slots=True)
class Ghl:
    name: str = "ghl"
    headers: tuple[str, ...] = (HEADER,)
    timestamped: bool = False

    def generate(self) -> KeyPair:
        return pem.pair(Ed25519PrivateKey.generate())

    def read_signing_key(self, text: bytes) -> Ed25519PrivateKey:
        key = pem.read_private(text, self.name)
        if not isinstance(key, Ed25519PrivateKey):
            raise pem.wrong_kind(self.name, key)
        return key

    def read_verifying_key(self, text: bytes) -> Ed25519PublicKey:
        key = pem.read_public(text, self.name)
        if not isinstance(key, Ed25519PublicKey):
            raise pem.wrong_kind(self.name, key)
        return key

    def sign(
        self,
        body: bytes,
        key: SigningKey,
        *,
        at: float,
        delivery_id: str,
    ) -> Headers:
        if not isinstance(key, Ed25519PrivateKey):
            raise KeyMaterialError("scheme ghl signs with an Ed25519 private key")
        return ((HEADER, to_base64(key.sign(body))),)

    def verify(
        self,
        body: bytes,
        headers: Headers,
        key: VerifyingKey,
        *,
        now: float,
        tolerance: float | None,
    ) -> Rejection | None:
        if not isinstance(key, Ed25519PublicKey):
            raise KeyMaterialError("scheme ghl verifies with an Ed25519 public key")
        value = first_header(headers, HEADER)
        if value is None or value in ("", UNSIGNED):
            return Rejection.MISSING_HEADER
        signature = from_base64(value)
        if signature is None or len(signature) != SIGNATURE_BYTES:
            return Rejection.MALFORMED
        try:
            key.verify(signature, body)
        except InvalidSignature:
            return Rejection.MISMATCH
        return None
