"""The upstream as an application: the API, and ghlctl's own view of what it did."""

import os

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from ghlctl.upstream.api import Api
from ghlctl.upstream.ledger import PAGE_ENTRIES, PAGE_ENTRIES_MAX, Ledger
from ghlctl.upstream.orders import FaultOrder, FaultOrders
from ghlctl.upstream.settings import UpstreamSettings


def make_app(settings: UpstreamSettings, ledger: Ledger) -> Starlette:
    """Everything outside /_ghlctl is the API's, and is recorded."""
    orders = FaultOrders()

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

    return Starlette(
        routes=[
            Route("/_ghlctl/faults", take_order, methods=["POST"]),
            Route("/_ghlctl/faults", read_orders),
            Route("/_ghlctl/ledger", read_ledger),
            Route("/_ghlctl/health", read_health),
            Mount("/", app=Api(settings, ledger, orders)),
        ]
    )


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None  # noqa: PLR2004 - 15 digits fit any store


def _json(value: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")
