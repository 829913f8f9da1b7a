"""The upstream as an application: the API, and ghlctl's own view of what it did."""

import os

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from ghlctl.upstream.api import Api
from ghlctl.upstream.ledger import PAGE_ENTRIES, PAGE_ENTRIES_MAX, Ledger
from ghlctl.upstream.orders import FaultOrder, FaultOrders
from ghlctl.upstream.settings import UpstreamSettings
from ghlctl.upstream.specification import text

OWN = "/_ghlctl/"


def make_app(settings: UpstreamSettings, ledger: Ledger) -> ASGIApp:
    """Everything outside /_ghlctl is the API's, and is recorded."""
    orders = FaultOrders()
    api, own = Api(settings, ledger, orders), _own_pages(settings, ledger, orders)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        # Most requests are the API's, and need none of Starlette's routing.
        await (own if scope["path"].startswith(OWN) else api)(scope, receive, send)

    return app


def _own_pages(settings: UpstreamSettings, ledger: Ledger, orders: FaultOrders) -> Starlette:

    async def read_ledger(request: Request) -> Response:
        after = _whole(request.query_params.get("after", "0"))
        limit = _whole(request.query_params.get("limit", str(PAGE_ENTRIES)))
        if after is None or limit is None or limit < 1:
            return _json({"error": "after and limit are whole numbers, limit at least 1"}, 400)
        return _json(ledger.page(after, min(limit, PAGE_ENTRIES_MAX)))

    async def read_health(_: Request) -> Response:
        about = {"status": "ok", "pid": os.getpid(), "entries": len(ledger), "last": ledger.last}
        return _json(about | {"settings": settings})

    async def take_order(request: Request) -> Response:
        try:
            order = msgspec.json.decode(await request.body(), type=FaultOrder)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return _json({"error": "this is no order"}, 400)
        taken = orders.add(order)
        return _json({"open": len(orders)}, 200 if taken else 400)

    async def read_orders(_: Request) -> Response:
        return _json({"open": len(orders)})

    async def read_specification(_: Request) -> Response:
        return Response(text(), media_type="application/json")

    return Starlette(
        routes=[
            Route("/_ghlctl/openapi.json", read_specification),
            Route("/_ghlctl/faults", take_order, methods=["POST"]),
            Route("/_ghlctl/faults", read_orders),
            Route("/_ghlctl/ledger", read_ledger),
            Route("/_ghlctl/health", read_health),
        ]
    )


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None  # noqa: PLR2004 - 15 digits fit any store


def _json(value: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")
