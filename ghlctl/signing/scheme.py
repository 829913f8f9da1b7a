"""What every scheme offers, and the ways a signature is refused."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from ghlctl.model.delivery import Headers

SigningKey = bytes | Ed25519PrivateKey | RSAPrivateKey
VerifyingKey = bytes | Ed25519PublicKey | RSAPublicKey


class Rejection(StrEnum):
    """Why a delivery is refused; one code per cause, the same in every scheme."""

    MISSING_HEADER = "missing_header"
    MALFORMED = "malformed"
    UNKNOWN_VERSION = "unknown_version"
    TOO_OLD = "too_old"
    TOO_NEW = "too_new"
    MISMATCH = "mismatch"


@dataclass(frozen=True, slots=True)
class KeyPair:
    """Key files' contents: PEM, or the secret's text for HMAC, where both are the same."""

    private: bytes
    public: bytes


class Scheme(Protocol):
    """A way of signing. `at`, `now`: unix seconds; `tolerance`: seconds, None for any age."""

    @property
    def name(self) -> str: ...

    @property
    def headers(self) -> tuple[str, ...]:
        """The headers that carry the signature and what it needs."""
        ...

    @property
    def timestamped(self) -> bool:
        """Whether the scheme itself carries a time that `verify` can hold against `now`."""
        ...

    def generate(self) -> KeyPair: ...

    def read_signing_key(self, text: bytes) -> SigningKey:
        """Raise KeyMaterialError when `text` is no private key of this scheme."""
        ...

    def read_verifying_key(self, text: bytes) -> VerifyingKey:
        """Accept a public key, or a private one whose public half is taken."""
        ...

    def sign(self, body: bytes, key: SigningKey, *, at: float, delivery_id: str) -> Headers:
        """Raise KeyMaterialError when `key` is of another scheme's kind."""
        ...

    def verify(
        self,
        body: bytes,
        headers: Headers,
        key: VerifyingKey,
        *,
        now: float,
        tolerance: float | None,
    ) -> Rejection | None:
        """None when the signature holds; never an exception for anything a sender can send."""
        ...
