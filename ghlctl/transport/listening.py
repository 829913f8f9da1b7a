"""A receiver that only listens: it keeps every request as it came, and may pass it on."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import httpx
from msgspec.structs import replace
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from ghlctl.model.delivery import Headers, Reply, first_header
from ghlctl.model.sample import ErrorKind
from ghlctl.signing.challenge import Asked, Challenge, Secrets
from ghlctl.transport.attempt import KEPT_BYTES, Answer, Failure
from ghlctl.transport.capture import MOST_BODY_BYTES, Captured, Forwarded, body_fields, captured
from ghlctl.transport.failures import failure_of
from ghlctl.transport.replay import end_to_end

_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]

Keep = Callable[[Captured], None]
"""Told of each delivery when it is over; what it raises ends the request with 500."""


@dataclass(frozen=True, slots=True)
class Onward:
    """Where deliveries go next; `timeout_s` bounds the whole attempt."""

    url: str
    timeout_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Challenged:
    """By whom the listener's URL is validated before anything is sent to it."""

    kind: Challenge
    known: Secrets = field(repr=False)

    def answer(self, one: Captured) -> bytes | None:
        asked = Asked(one.method, one.url, one.headers, one.raw())
        return self.kind.answer(asked, self.known)


def make_listener(
    keep: Keep, onward: Onward | None = None, challenged: Challenged | None = None
) -> Starlette:
    """Answer 200 to everything, or what the receiver behind answers, 502 where it does not.

    A provider's challenge is answered as `challenged` knows how to, unless there is a receiver.
    """

    async def take(request: Request) -> Response:
        at = time.time()
        try:
            raw = await _read(request)
        except ClientDisconnect:
            return Response(status_code=400)
        if raw is None:
            return Response(f"more than {MOST_BODY_BYTES} bytes are not kept", 413)
        came = _text(request.headers.raw)
        one = captured(request.method, str(request.url), came, raw, at=at)
        if onward is None:
            keep(one)
            right = None if challenged is None else challenged.answer(one)
            if right is not None:
                return Response(right, media_type="text/plain")
            return Response('{"status":"captured"}', media_type="application/json")
        answer = await _forward(onward, request.method, came, raw)
        keep(_with(one, onward.url, answer))
        return _passed_on(answer)

    return Starlette(routes=[Route("/{path:path}", take, methods=_METHODS)])


async def _read(request: Request) -> bytes | None:
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MOST_BODY_BYTES:
            return None
        chunks.append(chunk)
    return b"".join(chunks)


async def _forward(onward: Onward, method: str, headers: Headers, raw: bytes) -> Answer:
    """The same bytes and headers; only what belongs to the connection is made anew."""
    kept = end_to_end(headers)
    pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in kept]
    pairs.append((b"accept-encoding", b"identity"))
    started = time.perf_counter()
    try:
        async with (
            asyncio.timeout(onward.timeout_s),
            httpx.AsyncClient(trust_env=False, timeout=None) as client,  # noqa: S113 - bounded above
        ):
            response = await client.request(method, onward.url, headers=pairs, content=raw)
    except TimeoutError:
        text = f"no whole reply within {onward.timeout_s:g} s"
        return Failure(ErrorKind.TIMEOUT, text, _ms(started))
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        kind, text = failure_of(error)
        return Failure(kind, text, _ms(started))
    answered = _text(response.headers.raw)
    took = _ms(started)
    return Reply(response.status_code, answered, response.content, 0.0, took, took)


def _with(one: Captured, url: str, answer: Answer) -> Captured:
    if isinstance(answer, Failure):
        return replace(one, forwarded=Forwarded(url, 0, answer.total_ms, error=answer.text))
    text, encoded = body_fields(answer.body[:KEPT_BYTES])
    reply = Forwarded(url, answer.status, answer.total_ms, answer.headers, text, encoded)
    return replace(one, forwarded=reply)


def _passed_on(answer: Answer) -> Response:
    if isinstance(answer, Failure):
        return Response(f"the receiver behind did not answer: {answer.text}", 502)
    kind = first_header(answer.headers, "content-type")
    return Response(answer.body, answer.status, media_type=kind)


def _text(raw: Sequence[tuple[bytes, bytes]]) -> Headers:
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in raw)


def _ms(started: float) -> float:
    return (time.perf_counter() - started) * 1e3
