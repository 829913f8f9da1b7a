"""The upstream as an application: the API, and ghlctl's own view of what it did."""

import os

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from ghlctl.upstream.api import Api
from ghlctl.upstream.ledger import PAGE_ENTRIES, PAGE_ENTRIES_MAX, Ledger
from ghlctl.upstream.settings import UpstreamSettings


def make_app(settings: UpstreamSettings, ledger: Ledger) -> Starlette:
    """Everything outside /_ghlctl/ledger and /_ghlctl/health is the API's, and is recorded."""

    async def read_ledger(request: Request) -> Response:
        after = _whole(request.query_params.get("after", "0"))
        limit = _whole(request.query_params.get("limit", str(PAGE_ENTRIES)))
        if after is None or limit is None or limit < 1:
            return _json({"error": "after and limit are whole numbers, limit at least 1"}, 400)
        return _json(ledger.page(after, min(limit, PAGE_ENTRIES_MAX)))

    async def read_health(_: Request) -> Response:
        about = {"status": "ok", "pid": os.getpid(), "entries": len(ledger), "last": ledger.last}
        return _json(about | {"settings": settings})

    return Starlette(
        routes=[
            Route("/_ghlctl/ledger", read_ledger),
            Route("/_ghlctl/health", read_health),
            Mount("/", app=Api(settings, ledger)),
        ]
    )


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None  # noqa: PLR2004 - 15 digits fit any store


def _json(value: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")
