"""No signature at all, as GoHighLevel's workflow webhooks are sent."""

from dataclasses import dataclass

from ghlctl.model.delivery import Headers
from ghlctl.signing.scheme import (
    NOWHERE,
    Covered,
    KeyPair,
    Rejection,
    Request,
    SigningKey,
    VerifyingKey,
)


@dataclass(frozen=True, slots=True)
class Unsigned:
    """Takes any key and uses none; nothing is ever refused."""

    name: str = "none"
    headers: tuple[str, ...] = ()
    timestamped: bool = False
    covers: tuple[Covered, ...] = ()
    tolerance_s: float | None = None
    weakness: str = "anyone who knows the URL can send anything"

    def generate(self) -> KeyPair:
        return KeyPair(b"none", b"none")

    def read_signing_key(self, text: bytes) -> bytes:
        return text.strip()

    def read_verifying_key(self, text: bytes) -> bytes:
        return text.strip()

    def sign(
        self,
        body: bytes,
        key: SigningKey,
        *,
        at: float,
        delivery_id: str,
        request: Request = NOWHERE,
    ) -> Headers:
        return ()

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
        return None
