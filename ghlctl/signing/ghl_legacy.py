"""GoHighLevel's retired scheme: RSA PKCS#1 v1.5 with SHA-256 over the raw body, X-WH-Signature.

No longer sent since September 2026; receivers that know nothing else are still in use.
"""

from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    RSAPublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256

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

HEADER = "X-WH-Signature"
KEY_BITS = 4096  # the platform's own key size


@dataclass(frozen=True, slots=True)
class GhlLegacy:
    name: str = "ghl-legacy"
    headers: tuple[str, ...] = (HEADER,)
    timestamped: bool = False
    covers: tuple[Covered, ...] = (Covered.BODY,)
    tolerance_s: float | None = None
    weakness: str = (
        "no longer sent since September 2026; as with ghl, replays and the tenant are "
        "the receiver's to check"
    )

    def generate(self) -> KeyPair:
        return pem.pair(generate_private_key(public_exponent=65537, key_size=KEY_BITS))

    def read_signing_key(self, text: bytes) -> RSAPrivateKey:
        key = pem.read_private(text, self.name)
        if not isinstance(key, RSAPrivateKey):
            raise pem.wrong_kind(self.name, key)
        return key

    def read_verifying_key(self, text: bytes) -> RSAPublicKey:
        key = pem.read_public(text, self.name)
        if not isinstance(key, RSAPublicKey):
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
        if not isinstance(key, RSAPrivateKey):
            raise KeyMaterialError("scheme ghl-legacy signs with an RSA private key")
        return ((HEADER, to_base64(key.sign(body, padding.PKCS1v15(), SHA256()))),)

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
        if not isinstance(key, RSAPublicKey):
            raise KeyMaterialError("scheme ghl-legacy verifies with an RSA public key")
        signature = signature_in(headers, HEADER, key.key_size // 8)
        if isinstance(signature, Rejection):
            return signature
        try:
            key.verify(signature, body, padding.PKCS1v15(), SHA256())
        except InvalidSignature:
            return Rejection.MISMATCH
        return None
