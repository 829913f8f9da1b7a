"""The shape that most schemes share: one HMAC in one header, beside it perhaps a time and an id.

A provider's file says what is signed and how it is written; this one signs and verifies it.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from ghlctl.errors import UsageError
from ghlctl.model.delivery import Headers, first_header
from ghlctl.signing.age import judge_age, read_time
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
from ghlctl.signing.secret import new_secret, read_secret, secret_of

_HEX_DIGITS = frozenset("0123456789abcdef")


class Digest(StrEnum):
    SHA1 = "sha1"
    SHA256 = "sha256"


class Writing(StrEnum):
    """How a signature stands in its header."""

    HEX = "hex"
    BASE64 = "base64"


@dataclass(frozen=True, slots=True)
class Message:
    """All that a signature may cover; `timestamp` is the header's text, "" where there is none."""

    body: bytes
    timestamp: str
    request: Request


Content = Callable[[Message], bytes | None]
"""The bytes that are signed; None for a message that cannot be signed at all."""


def body_alone(message: Message) -> bytes:
    return message.body


@dataclass(frozen=True, slots=True)
class SharedSecret:
    """A scheme by its figures. `ticks_per_s`: of the timestamp header, 1000 for milliseconds.

    `variants`: requests that count as the same one, where proxies rewrite what was signed.
    `addressed`: where a body is sent when the receiver listens at a URL.
    """

    name: str
    signature: str
    weakness: str
    covers: tuple[Covered, ...] = (Covered.BODY,)
    content: Content = body_alone
    prefix: str = ""
    writing: Writing = Writing.HEX
    digest: Digest = Digest.SHA256
    timestamp: str = ""
    ticks_per_s: int = 1
    tolerance_s: float | None = None
    id_header: str = ""
    variants: Callable[[Request], tuple[Request, ...]] = lambda request: (request,)
    addressed: Callable[[str, bytes], str] = lambda url, _: url

    @property
    def headers(self) -> tuple[str, ...]:
        return (self.signature, self.timestamp) if self.timestamp else (self.signature,)

    @property
    def timestamped(self) -> bool:
        return bool(self.timestamp)

    def generate(self) -> KeyPair:
        return new_secret()

    def read_signing_key(self, text: bytes) -> bytes:
        return read_secret(text, self.name)

    def read_verifying_key(self, text: bytes) -> bytes:
        return read_secret(text, self.name)

    def target(self, url: str, body: bytes) -> str:
        return self.addressed(url, body)

    def sign(
        self,
        body: bytes,
        key: SigningKey,
        *,
        at: float,
        delivery_id: str,
        request: Request = NOWHERE,
    ) -> Headers:
        secret = secret_of(key, self.name)
        self._require_url(request)
        timestamp = str(int(at * self.ticks_per_s)) if self.timestamp else ""
        mac = self._mac(secret, Message(body, timestamp, request))
        if mac is None:
            raise UsageError(
                f"scheme {self.name} cannot sign this body for this URL", self.weakness
            )
        headers = [(self.signature, self.prefix + _written(mac, self.writing))]
        if self.timestamp:
            headers.append((self.timestamp, timestamp))
        if self.id_header:
            headers.append((self.id_header, delivery_id))
        return tuple(headers)

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
        self._require_url(request)
        value = first_header(headers, self.signature)
        timestamp = first_header(headers, self.timestamp) if self.timestamp else ""
        if not value or timestamp is None or (self.timestamp and not timestamp):
            return Rejection.MISSING_HEADER
        given = self._read(value)
        sent_at = read_time(timestamp, self.ticks_per_s) if self.timestamp else now
        if isinstance(given, Rejection) or sent_at is None:
            return given if isinstance(given, Rejection) else Rejection.MALFORMED
        macs = [self._mac(secret, Message(body, timestamp, one)) for one in self.variants(request)]
        if not any(mac is not None and hmac.compare_digest(mac, given) for mac in macs):
            return Rejection.MISMATCH
        return judge_age(sent_at, now=now, tolerance=tolerance)

    def _mac(self, secret: bytes, message: Message) -> bytes | None:
        content = self.content(message)
        return None if content is None else hmac.digest(secret, content, self.digest.value)

    def _read(self, value: str) -> bytes | Rejection:
        if not value.startswith(self.prefix):
            version, equals, _ = value.partition("=")
            other = self.prefix.endswith("=") and equals and version.isalnum()
            return Rejection.UNKNOWN_VERSION if other else Rejection.MALFORMED
        raw = _bytes_of(value.removeprefix(self.prefix), self.writing)
        if raw is None or len(raw) != _LENGTH[self.digest]:
            return Rejection.MALFORMED
        return raw

    def _require_url(self, request: Request) -> None:
        if Covered.URL in self.covers and not request.url:
            raise UsageError(
                f"scheme {self.name} covers the URL, and none was named",
                "--url URL, as the sender writes it",
            )


_LENGTH = {Digest.SHA1: 20, Digest.SHA256: 32}


def _written(mac: bytes, writing: Writing) -> str:
    return mac.hex() if writing is Writing.HEX else to_base64(mac)


def _bytes_of(text: str, writing: Writing) -> bytes | None:
    if writing is Writing.BASE64:
        return from_base64(text)
    return bytes.fromhex(text) if _HEX_DIGITS.issuperset(text) and len(text) % 2 == 0 else None
