"""An upstream of a page that keeps the ledger by the contract, fails when told, no more."""

import asyncio
import time

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ghlctl.model.effect import LedgerEntry
from ghlctl.upstream.orders import FaultOrder, FaultOrders


def upstream_app() -> Starlette:
    entries: list[LedgerEntry] = []

    async def ledger(request: Request) -> Response:
        after, limit = int(request.query_params["after"]), int(request.query_params["limit"])
        page = entries[after : after + limit]
        return JSONResponse(
            {"entries": msgspec.to_builtins(page), "next": page[-1].seq if page else after}
        )

    async def health(request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def anything(request: Request) -> Response:
        body = await request.body()
        order = orders.take(f"{request.scope['raw_path']!r}{request.headers!r}{body!r}")
        await asyncio.sleep(order.delay_ms / 1000 if order else 0)
        failed = order.status if order else 0
        entries.append(
            LedgerEntry(
                seq=len(entries) + 1,
                at_unix_ns=time.time_ns(),
                method=request.method,
                path=request.scope["raw_path"].decode() + _query(request),
                status=failed or 200,
                applied=request.method != "GET" and not failed,
                location_id=request.headers.get("authorization", "").partition("loc-")[2],
                idempotency_key=request.headers.get("idempotency-key", ""),
                body=body.decode("utf-8", "replace"),
            )
        )
        return JSONResponse({}, status_code=failed or 200)

    orders = FaultOrders()

    async def faults(request: Request) -> Response:
        if request.method == "POST":
            orders.add(msgspec.json.decode(await request.body(), type=FaultOrder))
        return JSONResponse({"open": len(orders)})

    def _query(request: Request) -> str:
        query = request.scope["query_string"].decode()
        return f"?{query}" if query else ""

    methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    return Starlette(
        routes=[
            Route("/_ghlctl/faults", faults, methods=["GET", "POST"]),
            Route("/_ghlctl/ledger", ledger),
            Route("/_ghlctl/health", health),
            Route("/{path:path}", anything, methods=methods),
        ]
    )
