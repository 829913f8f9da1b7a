"""Calls to the upstream that are meant to succeed: retried, paced and held back as switched."""

import asyncio
import logging
import random
import time
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

import msgspec
from yarl import URL

from ghlctl.reference.breaker import Breaker
from ghlctl.reference.connections import Answered, Connections, Request, Unanswered
from ghlctl.reference.counters import Counters
from ghlctl.reference.pacing import Buckets
from ghlctl.reference.profile import Retry
from ghlctl.reference.tokens import NamedTokens, Tokens

VERSION = "2021-07-28"
UNAUTHORIZED = 401
TOO_MANY = 429
FINE = range(200, 300)
PASSING = frozenset({408, 425, TOO_MANY})
BACKOFF_BASE_S = 0.1
BACKOFF_CAP_S = 10.0
WAITED_FOR_ATTEMPTS = 5
LOG = logging.getLogger(__name__)


class UpstreamError(Exception):
    """A call that came to nothing; the text names the call and never what was in it."""


class UpstreamUnavailableError(UpstreamError):
    """Trying again later may help."""


class UpstreamRefusedError(UpstreamError):
    """Trying again would be refused again."""


@dataclass(frozen=True, slots=True)
class Persistence:
    """How long to try. `attempts` None: until it succeeds; without `backoff`: at once."""

    attempts: int | None
    backoff: bool

    def pause_s(self, failed_attempts: int) -> float:
        """Full jitter: anywhere between nothing and a bound that doubles."""
        if not self.backoff:
            return 0.0
        bound = BACKOFF_BASE_S * 2.0 ** min(failed_attempts - 1, 16)
        return random.uniform(0.0, min(BACKOFF_CAP_S, bound))


def persistence(retry: Retry, *, waited_for: bool) -> Persistence:
    """`waited_for`: the provider holds its connection open until this is done."""
    if retry is Retry.ONCE:
        return Persistence(attempts=2, backoff=False)
    return Persistence(attempts=WAITED_FOR_ATTEMPTS if waited_for else None, backoff=True)


@dataclass(frozen=True, slots=True)
class Call:
    """One operation of the API; `key` marks a write as belonging to a delivery.

    Without `contact_id` it is one of all contacts.
    """

    method: str
    location_id: str
    contact_id: str
    below: str = ""
    content: Any = None
    key: str = ""


@dataclass(slots=True)
class Upstream:
    """The HighLevel API as the receiver uses it; None in place of a guard means it is off."""

    url: str
    connections: Connections
    counters: Counters
    breaker: Breaker | None
    buckets: Buckets | None
    tokens: Tokens = field(default_factory=NamedTokens)
    _encoder: msgspec.json.Encoder = field(default_factory=msgspec.json.Encoder)

    async def perform(self, call: Call, persistence: Persistence) -> Any:
        """The answer's JSON. Raise UpstreamError once `persistence` is at its end.

        A token that is refused is renewed once, and the call made again.
        """
        request = self._request(call)
        failed, renewed = 0, False
        while True:
            token = await self.tokens.bearer(call.location_id)
            if isinstance(token, str):
                await self._may_call(call.location_id)
                answer = await self._send(_signed(request, token), call.location_id)
            else:
                answer = token
            if isinstance(answer, Answered) and answer.status in FINE:
                self.counters.calls_recovered += failed > 0
                return _content(answer)
            if not renewed and isinstance(token, str) and _unauthorized(answer):
                renewed = await self.tokens.renew(call.location_id, token)
                if renewed:
                    continue
            failed += 1
            reason = _described(call, answer)
            if not _worth_another(answer):
                raise UpstreamRefusedError(reason)
            self.counters.calls_troubled += failed == 1
            if persistence.attempts is not None and failed >= persistence.attempts:
                raise UpstreamUnavailableError(reason)
            self.counters.upstream_retries += 1
            await asyncio.sleep(persistence.pause_s(failed))

    def _request(self, call: Call) -> Request:
        # Quoted whole and taken as encoded: an id with a slash or two dots stays one segment.
        contact = "/" + quote(call.contact_id, safe="").replace(".", "%2E")
        headers = {"Version": VERSION}
        if call.key:
            headers["Idempotency-Key"] = call.key
        body = None
        if call.content is not None:
            headers["Content-Type"] = "application/json"
            body = self._encoder.encode(call.content)
        path = f"{self.url}/contacts{contact if call.contact_id else ''}{call.below}"
        return Request(call.method, URL(path, encoded=True), headers, body)

    async def _may_call(self, location_id: str) -> None:
        # What is waited for is time alone, so there is no event to wait for instead.
        while self.breaker and (  # noqa: ASYNC110 - as said above
            delay := self.breaker.delay(time.monotonic())
        ):
            await asyncio.sleep(delay)
        while self.buckets and (delay := self.buckets.delay(location_id, time.monotonic())):
            self.counters.paced += 1
            await asyncio.sleep(delay)

    async def _send(self, request: Request, location_id: str) -> Answered | Unanswered:
        self.counters.upstream_calls += 1
        began = time.monotonic()
        answer = await self.connections.send(request)
        now = time.monotonic()
        self.counters.upstream_s += now - began
        if self.breaker:
            broken = isinstance(answer, Unanswered) or answer.status >= 500  # noqa: PLR2004 - HTTP's range of server failures
            if broken:
                self.breaker.failed(now)
            else:
                self.breaker.succeeded()
        if self.buckets and isinstance(answer, Answered):
            refused = answer.status == TOO_MANY
            self.buckets.learn(location_id, answer.headers, now, refused=refused)
        return answer


def _signed(request: Request, token: str) -> Request:
    return replace(request, headers={"Authorization": f"Bearer {token}", **request.headers})


def _unauthorized(answer: Answered | Unanswered) -> bool:
    return isinstance(answer, Answered) and answer.status == UNAUTHORIZED


def _worth_another(answer: Answered | Unanswered) -> bool:
    if isinstance(answer, Unanswered):
        return True
    return answer.status in PASSING or answer.status >= 500  # noqa: PLR2004 - HTTP's range of server failures


def _content(answer: Answered) -> Any:
    try:
        return msgspec.json.decode(answer.body) if answer.body else None
    except (ValueError, RecursionError):
        return None


def _described(call: Call, answer: Answered | Unanswered) -> str:
    what = answer.reason if isinstance(answer, Unanswered) else f"status {answer.status}"
    return f"{call.method} /contacts{'/…' if call.contact_id else ''}{call.below}: {what}"
