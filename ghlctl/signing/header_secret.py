"""A static secret in a header: all that a workflow's custom webhook can send.

The key's text is the secret, sent as X-Webhook-Secret; or a whole header, as in
`Authorization: Bearer …`, where the sender was told another name.
"""

import hmac
import re
from dataclasses import dataclass

from ghlctl.errors import KeyMaterialError
from ghlctl.model.delivery import Headers, first_header
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

HEADER = "X-Webhook-Secret"
_WHOLE_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+): (.+)")


@dataclass(frozen=True, slots=True)
class HeaderSecret:
    name: str = "header-secret"
    headers: tuple[str, ...] = (HEADER,)
    timestamped: bool = False
    covers: tuple[Covered, ...] = ()
    tolerance_s: float | None = None
    weakness: str = "covers nothing: whoever has seen one delivery can forge every other"

    def generate(self) -> KeyPair:
        return new_secret()

    def read_signing_key(self, text: bytes) -> bytes:
        secret = read_secret(text, self.name)
        if not secret.isascii() or not secret.decode().isprintable():
            raise KeyMaterialError(
                f"the secret for scheme {self.name} does not fit into a header",
                "use printable ASCII on one line",
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
        request: Request = NOWHERE,
    ) -> Headers:
        name, secret = _header(secret_of(key, self.name))
        return ((name, secret.decode("ascii")),)

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
        name, secret = _header(secret_of(key, self.name))
        value = first_header(headers, name)
        if not value:
            return Rejection.MISSING_HEADER
        given = value.encode("utf-8", "surrogatepass")
        return None if hmac.compare_digest(given, secret) else Rejection.MISMATCH


def _header(secret: bytes) -> tuple[str, bytes]:
    named = _WHOLE_HEADER.fullmatch(secret)
    return (named[1].decode(), named[2]) if named else (HEADER, secret)
