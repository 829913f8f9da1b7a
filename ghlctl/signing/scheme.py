"""What every scheme offers, and the ways a signature is refused."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

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


class Covered(StrEnum):
    """What a signature vouches for; what is not named here can be changed on its way."""

    BODY = "body"
    FORM_FIELDS = "form fields"
    METHOD = "method"
    URL = "URL"
    TIMESTAMP = "timestamp"
    ID = "id"


@dataclass(frozen=True, slots=True)
class Request:
    """Where a delivery goes, for schemes that sign it; the URL as the sender has written it."""

    method: str = "POST"
    url: str = ""


NOWHERE = Request()
"""Enough for every scheme that does not cover the URL."""


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

    @property
    def covers(self) -> tuple[Covered, ...]: ...

    @property
    def tolerance_s(self) -> float | None:
        """The age that the provider's own documents allow; None where they state none."""
        ...

    @property
    def weakness(self) -> str:
        """What a receiver must do itself, in one line."""
        ...

    def generate(self) -> KeyPair: ...

    def read_signing_key(self, text: bytes) -> SigningKey:
        """Raise KeyMaterialError when `text` is no private key of this scheme."""
        ...

    def read_verifying_key(self, text: bytes) -> VerifyingKey:
        """Accept a public key, or a private one whose public half is taken."""
        ...

    def sign(
        self,
        body: bytes,
        key: SigningKey,
        *,
        at: float,
        delivery_id: str,
        request: Request = NOWHERE,
    ) -> Headers:
        """Raise KeyMaterialError when `key` is of another scheme's kind.

        Raise UsageError when the scheme covers the URL and `request` has none.
        """
        ...

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
        """None when the signature holds; never an exception for anything a sender can send."""
        ...


@runtime_checkable
class Rotating(Protocol):
    """A scheme whose header holds several signatures: a sender can sign with old and new."""

    def sign_all(
        self,
        body: bytes,
        keys: Sequence[SigningKey],
        *,
        at: float,
        delivery_id: str,
        request: Request = NOWHERE,
    ) -> Headers:
        """As `sign`, with a signature by each of `keys`, of which there is at least one."""
        ...


@runtime_checkable
class Targeting(Protocol):
    """A scheme that carries a part of its proof in the URL to which a delivery is sent."""

    def target(self, url: str, body: bytes) -> str: ...
