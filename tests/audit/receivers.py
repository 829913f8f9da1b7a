"""A correct receiver for each scheme, in steps that a flaw replaces one at a time."""

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from ghlctl.model.delivery import Headers
from ghlctl.signing.catalogue import scheme_named
from ghlctl.signing.scheme import NOWHERE, Rejection, Scheme, VerifyingKey
from ghlctl.signing.scheme import Request as Asked

PATH = "/webhooks/ghl"
LIMIT = 1_000_000
BROKEN = 500
AGAIN_S = 0.05
ANSWERS_WITHIN_S = 1.0
HEADER_TOLERANCE_S = 300.0
BODY_TOLERANCE_S = 7 * 86400.0
PLAIN = re.compile(r"[A-Za-z0-9._:-]{0,127}[A-Za-z0-9]", re.ASCII)
TEXTS = ("type", "locationId", "id", "email", "timestamp", "webhookId")

Payload = dict[str, Any]
ASKED: ContextVar[Asked] = ContextVar("ASKED", default=NOWHERE)
"""Method and URL of the request at hand, for schemes that sign them."""


async def read_bounded(request: Request) -> bytes | None:
    if int(request.headers.get("content-length", 0)) > LIMIT:
        return None
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LIMIT:
            return None
    return bytes(body)


def verify_signature(steps: "Steps", body: bytes, headers: Headers) -> Rejection | None:
    return steps.scheme.verify(
        body,
        headers,
        steps.key,
        now=time.time(),
        tolerance=HEADER_TOLERANCE_S,
        request=ASKED.get(),
    )


def well_formed(payload: Any) -> bool:
    return (
        isinstance(payload, dict)
        and all(isinstance(payload.get(name), str) and payload[name] for name in TEXTS)
        and all(PLAIN.fullmatch(payload[name]) for name in ("locationId", "id", "webhookId"))
    )


def too_old(steps: "Steps", payload: Payload) -> bool:
    if steps.scheme.timestamped:
        return False
    try:
        told = datetime.fromisoformat(payload["timestamp"])
    except ValueError:
        return True
    return abs(time.time() - told.timestamp()) > BODY_TOLERANCE_S


async def write(steps: "Steps", payload: Payload) -> None:
    await call(steps, f"/contacts/{quote(payload['id'], safe='')}", payload)


async def call(
    steps: "Steps", path: str, payload: Mapping[str, Any], *, method: str = "PUT"
) -> None:
    headers = {
        "Idempotency-Key": f"{payload.get('webhookId')}:score",
        "Authorization": f"Bearer loc-{payload.get('locationId')}",
    }
    async with (
        aiohttp.ClientSession() as session,
        session.request(
            method, steps.upstream + path, json={"score": 7}, headers=headers
        ) as answer,
    ):
        if answer.status >= BROKEN:
            raise UpstreamFailed


def identity(payload: Payload, _headers: Headers) -> str:
    return str(payload["webhookId"])


def noted(steps: "Steps", outcome: str, **facts: object) -> None:
    """One line of JSON about a delivery, without personal data."""
    if steps.log is not None:
        at = datetime.now(UTC).isoformat()
        with steps.log.open("a", encoding="utf-8") as log:
            log.write(json.dumps({"at": at, "outcome": outcome, **facts}) + "\n")


@dataclass(frozen=True)
class Steps:
    """What a receiver does with a delivery, one function per step, all correct by default."""

    scheme: Scheme
    key: VerifyingKey
    upstream: str
    read: Callable[[Request], Awaitable[bytes | None]] = read_bounded
    verify: Callable[["Steps", bytes, Headers], Rejection | None] = verify_signature
    parse: Callable[[bytes], Any] = json.loads
    valid: Callable[[Any], bool] = well_formed
    stale: Callable[["Steps", Payload], bool] = too_old
    identity: Callable[[Payload, Headers], str] = identity
    act: Callable[["Steps", Payload], Awaitable[None]] = write
    refusal: int = 401
    before_refusing: Callable[["Steps", bytes, Rejection], Awaitable[None]] | None = None
    delay_s: float | None = None
    answers_within_s: float | None = ANSWERS_WITHIN_S
    around: Callable[[ASGIApp], ASGIApp] | None = None
    log: Path | None = None
    beside: tuple[Route, ...] = ()


class UpstreamFailed(Exception):  # noqa: N818 - what happened, in one word
    """The upstream did not do what it was asked for."""


class Refused(Exception):  # noqa: N818 - a refusal is an answer
    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def receiver(steps: Steps) -> Starlette:  # noqa: C901, PLR0915 - its steps share one memory of seen ids
    seen: set[str] = set()

    async def webhook(request: Request) -> Response:
        ASKED.set(Asked(request.method, str(request.url)))
        try:
            payload = await accepted(request)
        except Refused as refused:
            noted(steps, "refused", status=refused.status)
            return JSONResponse({"error": "refused"}, status_code=refused.status)
        name = steps.identity(payload, tuple(request.headers.items()))
        known = name in seen
        facts = {key: payload.get(key) for key in ("webhookId", "type", "locationId", "appId")}
        noted(steps, "duplicate" if known else "accepted", **facts)
        if known:
            return JSONResponse({"status": "duplicate"})
        seen.add(name)
        if steps.delay_s is not None:
            return JSONResponse({"status": "queued"}, background=BackgroundTask(later, payload))
        acting = asyncio.ensure_future(steps.act(steps, payload))
        done, _ = await asyncio.wait({acting}, timeout=steps.answers_within_s)
        if not done:  # the provider does not wait for a slow upstream
            return JSONResponse({"status": "queued"}, background=BackgroundTask(ended, acting))
        try:
            acting.result()
        except UpstreamFailed:
            seen.discard(name)  # the provider's next attempt is to find it free
            return JSONResponse({"status": "try again"}, status_code=503)
        return JSONResponse({"status": "done"})

    async def ended(acting: "asyncio.Future[None]") -> None:
        with suppress(UpstreamFailed):
            await acting

    async def accepted(request: Request) -> Payload:
        body = await whole(request)
        await authentic(body, tuple(request.headers.items()))
        try:
            payload = steps.parse(body)
        except (ValueError, RecursionError):
            raise Refused(400) from None
        if not steps.valid(payload):
            raise Refused(422)
        if steps.stale(steps, payload):
            raise Refused(400)
        return dict(payload)

    async def whole(request: Request) -> bytes:
        try:
            body = await steps.read(request)
        except ClientDisconnect:
            body = None
        if body is None:
            raise Refused(413)
        return body

    async def authentic(body: bytes, headers: Headers) -> None:
        try:
            rejection = steps.verify(steps, body, headers)
            if rejection is not None and steps.before_refusing is not None:
                await steps.before_refusing(steps, body, rejection)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            raise Refused(400) from None  # a flaw in verifying is to break over no body besides
        if rejection is not None:
            raise Refused(steps.refusal)

    async def later(payload: Payload) -> None:
        await asyncio.sleep(steps.delay_s or 0)
        while True:
            try:
                await steps.act(steps, payload)
            except UpstreamFailed:
                await asyncio.sleep(AGAIN_S)
            else:
                return

    before = [] if steps.around is None else [Middleware(steps.around)]
    routes = [Route(PATH, webhook, methods=["POST"]), *steps.beside]
    return Starlette(routes=routes, middleware=before)


def steps_for(scheme_name: str, key: bytes, upstream: str) -> Steps:
    scheme = scheme_named(scheme_name)
    return Steps(scheme, scheme.read_verifying_key(key), upstream)
