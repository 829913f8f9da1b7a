"""The receiver as an application: its routes, its bounds, and what it tells callers."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import asdict
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from ghlctl.reference.compliance.gone import claimed_id
from ghlctl.reference.compliance.spoken_of import speaking_of
from ghlctl.reference.failpoints import Failpoint, reach, watched
from ghlctl.reference.gate import Gate, may_see
from ghlctl.reference.profile import Answers, BodyLimit, ErrorDetail, Health, Profile, name_of
from ghlctl.reference.rates import retry_after
from ghlctl.reference.receiver import Receiver, Taken
from ghlctl.reference.refusal import Refusal, RefusalCode
from ghlctl.signing.scheme import Request as SignedRequest

ROUTE = "/webhooks/ghl"
EVENT_ROUTES = {
    "contact.created": "ContactCreate",
    "contact.updated": "ContactUpdate",
    "opportunity.created": "OpportunityCreate",
    "appointment.scheduled": "AppointmentCreate",
}
BODY_BYTES = {BodyLimit.NONE: None, BodyLimit.ONE_MEBIBYTE: 1024 * 1024}
READ_WITHIN_S = 10.0
AGAIN_AFTER_S = 5
SAYS_OF_CONTENT = frozenset({RefusalCode.NO_JSON, RefusalCode.WRONG_TYPE})
UNREAD = frozenset(
    {RefusalCode.NOT_JSON, RefusalCode.EXPECTED, RefusalCode.TOO_LARGE, RefusalCode.TOO_MANY}
)
MISSES = {404: "not_found", 405: "method_not_allowed"}
LOG = logging.getLogger(__name__)

Opening = Callable[[], AbstractAsyncContextManager[Receiver]]


def make_app(profile: Profile, opening: Opening, health_token: str = "") -> Starlette:
    """`opening` makes the receiver when the server starts, and closes it when the server stops."""
    receiver: Receiver
    gate = Gate(profile)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        nonlocal receiver
        async with opening() as receiver:
            yield

    def endpoint(expected: str | None) -> Callable[[Request], Awaitable[Response]]:
        async def take(request: Request) -> Response:
            return await _answer(receiver, gate, request, expected)

        return take

    async def health(request: Request) -> Response:
        if profile.health is Health.PRIVATE and not may_see(request, health_token):
            return _json({"status": "ok"}, 200)
        return _health(receiver, profile)

    async def leak(_: Request, error: Exception) -> Response:
        return _json({"error": "internal", "detail": repr(error)}, 500)

    async def hush(_: Request, __: Exception) -> Response:
        return _json({"error": "internal"}, 500)

    shown = profile.error_detail is ErrorDetail.SHOWN
    told: dict[Any, Any] = {Exception: leak if shown else hush}
    guarded = profile.answers is Answers.GUARDED
    if guarded:
        told[HTTPException] = _missed
    app = Starlette(
        lifespan=lifespan,
        exception_handlers=told,
        routes=[
            Route(ROUTE, endpoint(None), methods=["POST"]),
            *(
                Route(f"/api/v1/ghl/webhook/{name}", endpoint(event_type), methods=["POST"])
                for name, event_type in EVENT_ROUTES.items()
            ),
            Route("/health", health),
        ],
    )
    app.router.redirect_slashes = not guarded
    return app


async def _answer(
    receiver: Receiver, gate: Gate, request: Request, expected: str | None
) -> Response:
    profile = gate.profile
    receiver.counters.received += 1
    outcome: Taken | Refusal | None = gate.refuse(request)
    if outcome is None:
        outcome = await _taken(receiver, profile, request, expected)
    if isinstance(outcome, Taken):
        response = _json({"status": outcome.status}, 200)
        if watched(Failpoint.AFTER_ACKNOWLEDGEMENT):
            response.background = BackgroundTask(reach, Failpoint.AFTER_ACKNOWLEDGEMENT)
        return response
    outcome = gate.judged(request, outcome)
    receiver.counters.refuse(outcome.code.value)
    _report(receiver, request, outcome)
    said = {"error": str(outcome.told)}
    if profile.error_detail is ErrorDetail.SHOWN:
        said["detail"] = outcome.detail
    response = _json(said, outcome.status)
    if outcome.code is RefusalCode.BUSY:
        response.headers["Retry-After"] = str(AGAIN_AFTER_S)
    if "expect" in request.headers and outcome.code in UNREAD:
        # The body may never come, and the next request must not be taken for it.
        response.headers["Connection"] = "close"
    if outcome.code is RefusalCode.TOO_MANY:
        response.headers["Retry-After"] = retry_after(outcome.wait_s)
    return response


async def _taken(
    receiver: Receiver, profile: Profile, request: Request, expected: str | None
) -> Taken | Refusal:
    body = await _read(request, profile.body_limit)
    if isinstance(body, Refusal):
        return body
    request.state.body = body
    headers = tuple((name, value) for name, value in request.headers.items())
    signed = SignedRequest(request.method, str(request.url))
    return await receiver.take(body, headers, expected, signed)


async def _missed(_: Request, error: HTTPException) -> Response:
    response = _json({"error": MISSES.get(error.status_code, "refused")}, error.status_code)
    response.headers.update(error.headers or {})
    return response


def _report(receiver: Receiver, request: Request, refusal: Refusal) -> None:
    """A refusal for whoever runs the receiver: on record, and in the log if it was genuine."""
    body = getattr(request.state, "body", b"")
    if refusal.code in SAYS_OF_CONTENT:  # all others strangers could write at will
        with speaking_of(body):
            LOG.warning("refused as %s: %s", refusal.code, refusal.detail)
    source = request.client.host if request.client else ""
    receiver.journal.refused(refusal, claimed_id(body), source)


async def _read(request: Request, limit: BodyLimit) -> bytes | Refusal:
    """The body, or why it was not read to its end."""
    most = BODY_BYTES[limit]
    try:
        if most is None:
            return await request.body()
        async with asyncio.timeout(READ_WITHIN_S):
            return await _read_at_most(request, most)
    except TimeoutError:
        return Refusal(RefusalCode.TOO_SLOW, "the body did not come in time")
    except ClientDisconnect:
        return Refusal(RefusalCode.TOO_SLOW, "the sender hung up before the body was whole")


async def _read_at_most(request: Request, most: int) -> bytes | Refusal:
    announced = request.headers.get("content-length", "0")
    too_large = Refusal(RefusalCode.TOO_LARGE, f"the body is larger than {most} bytes")
    if announced.isdigit() and int(announced[:20]) > most:
        return too_large
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > most:
            return too_large
        chunks.append(chunk)
    return b"".join(chunks)


def _health(receiver: Receiver, profile: Profile) -> Response:
    counters = asdict(receiver.counters)
    waiting = receiver.backlog.waiting
    about = {
        "status": "ok",
        "profile": name_of(profile),
        "switches": msgspec.to_builtins(profile),
        "pid": os.getpid(),
        "counters": counters | {"backlog": waiting, "crashed": receiver.backlog.crashed},
    }
    return _json(about, 200)


def _json(value: object, status: int) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")
