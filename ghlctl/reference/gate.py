"""What a request is held to before its body is read, and what every answer carries."""

import hmac
import time
from dataclasses import dataclass, field

from starlette.requests import Request

from ghlctl.reference.profile import Media, Profile, RateLimit
from ghlctl.reference.rates import FORGERIES, REQUESTS, Rates, source_of
from ghlctl.reference.refusal import Refusal, RefusalCode

HEADERS = [
    ("X-Content-Type-Options", "nosniff"),
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
]
_JSON = "application/json"
_UTF8 = ("", "charset=utf-8", 'charset="utf-8"')
_BEARER = "Bearer "


@dataclass(slots=True)
class Gate:
    """One per process; it remembers how often each source came."""

    profile: Profile
    _requests: Rates = field(default_factory=lambda: Rates(REQUESTS))
    _forgeries: Rates = field(default_factory=lambda: Rates(FORGERIES))

    def refuse(self, request: Request) -> Refusal | None:
        """By what stands in its head alone."""
        if self.profile.rate_limit is RateLimit.ON:
            wait_s = self._requests.wait_s(_source(request), time.monotonic())
            if wait_s:
                return Refusal(RefusalCode.TOO_MANY, "rate: of this source", wait_s)
        return None if self.profile.media is Media.ANY else _refuse_media(request)

    def judged(self, request: Request, refusal: Refusal) -> Refusal:
        """The refusal, or 429 for a source that keeps sending what is not genuine.

        Only after verification: deliveries from the same address are taken all the while, or a
        forger behind the provider's proxy could shut the provider out.
        """
        if self.profile.rate_limit is RateLimit.OFF:
            return refusal
        if refusal.code is not RefusalCode.UNAUTHORIZED:
            return refusal
        wait_s = self._forgeries.wait_s(_source(request), time.monotonic())
        if not wait_s:
            return refusal
        return Refusal(RefusalCode.TOO_MANY, "rate: of forgeries from this source", wait_s)


def _refuse_media(request: Request) -> Refusal | None:
    """No type at all passes: nothing is ever read as anything but JSON in UTF-8."""
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        return Refusal(RefusalCode.NOT_JSON, "the body is compressed")
    if request.headers.get("expect", "100-continue").strip().lower() != "100-continue":
        return Refusal(RefusalCode.EXPECTED, "an expectation that nobody knows")
    given = request.headers.get("content-type", _JSON).lower()
    kind, _, parameters = given.partition(";")
    known = kind.strip() == _JSON or (
        kind.strip().startswith("application/") and kind.strip().endswith("+json")
    )
    if not known or parameters.replace(" ", "") not in _UTF8:
        return Refusal(RefusalCode.NOT_JSON, "the content type is not JSON in UTF-8")
    return None


def may_see(request: Request, token: str) -> bool:
    """Whether the request shows the token; without a token nobody may."""
    shown = request.headers.get("authorization", "")
    if not token or not shown.startswith(_BEARER):
        return False
    return hmac.compare_digest(shown.removeprefix(_BEARER).encode(), token.encode())


def _source(request: Request) -> str:
    peer = getattr(request.state, "peer", None)
    if isinstance(peer, str):
        return source_of(peer)
    return source_of(request.client.host) if request.client else ""
