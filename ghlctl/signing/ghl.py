"""GoHighLevel's current scheme: Ed25519 over the raw body, base64 in X-GHL-Signature.

Neither a time nor an id is signed outside the body: replays are the receiver's to refuse.
"""

from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ghlctl.errors import KeyMaterialError
from ghlctl.model.delivery import Headers
from ghlctl.signing import pem
from ghlctl.signing.encoding import to_base64
from ghlctl.signing.header import signature_in
from ghlctl.signing.scheme import (
    NOWHERE,
    Covered,
    KeyPair,
    Rejection,
    Request,
    SigningKey,
    VerifyingKey,
)

HEADER = "X-GHL-Signature"
SIGNATURE_BYTES = 64


@dataclass(frozen=True, slots=True)
class Ghl:
    name: str = "ghl"
    headers: tuple[str, ...] = (HEADER,)
    timestamped: bool = False
    covers: tuple[Covered, ...] = (Covered.BODY,)
    tolerance_s: float | None = None
    weakness: str = (
        "neither time nor id outside the body: replays are the receiver's to refuse; "
        "one key for every app, so appId and locationId must be checked too"
    )

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
        request: Request = NOWHERE,
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
        request: Request = NOWHERE,
    ) -> Rejection | None:
        if not isinstance(key, Ed25519PublicKey):
            raise KeyMaterialError("scheme ghl verifies with an Ed25519 public key")
        signature = signature_in(headers, HEADER, SIGNATURE_BYTES)
        if isinstance(signature, Rejection):
            return signature
        try:
            key.verify(signature, body)
        except InvalidSignature:
            return Rejection.MISMATCH
        return None
