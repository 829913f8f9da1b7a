"""Receivers whose one flaw is in how much, or how long, they let a stranger ask for."""

import asyncio
import gzip
import zlib
from collections.abc import Callable
from dataclasses import replace

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from ghlctl.model.delivery import Headers
from ghlctl.signing.scheme import Rejection
from tests.audit.flaws.flaw import FAIL, Flaw
from tests.audit.receivers import LIMIT, Steps, read_bounded, verify_signature

_HEADERS_HELD = 8192
_CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
}


def reads_any_size(steps: Steps) -> Steps:
    """Takes the whole body into memory, whatever its size."""

    async def read(request: Request) -> bytes:
        return await request.body()

    return replace(steps, read=read)


def believes_the_length(steps: Steps) -> Steps:
    """Looks at Content-Length, and then reads whatever comes."""

    async def read(request: Request) -> bytes | None:
        if int(request.headers.get("content-length", 0)) > LIMIT:
            return None
        return await request.body()

    return replace(steps, read=read)


def inflates(steps: Steps) -> Steps:
    """Unpacks what comes packed, without a limit on what comes out."""

    async def read(request: Request) -> bytes | None:
        body = await read_bounded(request)
        for coding in reversed(request.headers.get("content-encoding", "").split(",")):
            unpack = _CODINGS.get(coding.strip())
            if body is not None and unpack is not None:
                body = unpack(body)
        return body

    return replace(steps, read=read)


def one_at_a_time(steps: Steps) -> Steps:
    """As a single worker that is given a request before it has come."""
    turn = asyncio.Lock()

    async def read(request: Request) -> bytes | None:
        async with turn:
            return await read_bounded(request)

    return replace(steps, read=read)


def parses_first(steps: Steps) -> Steps:
    """A parser of its own looks into the body before its signature has been verified."""

    def verify(steps: Steps, body: bytes, headers: Headers) -> Rejection | None:
        _depth_of(body)
        return verify_signature(steps, body, headers)

    return replace(steps, verify=verify)


def _depth_of(body: bytes) -> int:
    """How deeply JSON is nested, slowly: what is no JSON is not looked at."""
    depth = deepest = 0
    for _ in range(2 if body[:1] == b"[" else 0):
        for byte in body:
            depth += (byte in b"[{") - (byte in b"]}")
            deepest = max(deepest, depth)
    return deepest


def breaks_over_long_headers(steps: Steps) -> Steps:
    def around(app: ASGIApp) -> ASGIApp:
        async def asked(scope: Scope, receive: Receive, send: Send) -> None:
            size = sum(len(name) + len(value) for name, value in scope["headers"])
            if size > _HEADERS_HELD:
                raise MemoryError(size)
            await app(scope, receive, send)

        return asked

    return replace(steps, around=around)


def waits_for_upstream(steps: Steps) -> Steps:
    """Answers when the upstream has answered, however long that takes."""
    return replace(steps, answers_within_s=None)


FLAWS = (
    Flaw(
        "any-size",
        "ghl",
        reads_any_size,
        {"RES-01": FAIL, "RES-02": FAIL},
        "who reads whatever comes does so with a length and without",
    ),
    Flaw(
        "any-size",
        "hmac-timestamp",
        reads_any_size,
        {"RES-01": FAIL, "RES-02": FAIL},
        "who reads whatever comes does so with a length and without",
    ),
    Flaw("believes-the-length", "ghl", believes_the_length, {"RES-02": FAIL}),
    Flaw("inflates", "hmac-timestamp", inflates, {"RES-03": FAIL}),
    Flaw("one-at-a-time", "ghl", one_at_a_time, {"RES-04": FAIL}),
    Flaw("breaks-over-long-headers", "ghl", breaks_over_long_headers, {"RES-12": FAIL}),
    Flaw("waits-for-upstream", "ghl", waits_for_upstream, {"RES-13": FAIL}),
)
