"""An upstream of 40 lines that keeps the ledger by the contract, and nothing else."""

import time

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ghlctl.model.effect import LedgerEntry


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
        entries.append(
            LedgerEntry(
                seq=len(entries) + 1,
                at_unix_ns=time.time_ns(),
                method=request.method,
                path=request.scope["raw_path"].decode(),
                status=200,
                applied=request.method != "GET",
                idempotency_key=request.headers.get("idempotency-key", ""),
                body=body.decode("utf-8", "replace"),
            )
        )
        return JSONResponse({})

    methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    return Starlette(
        routes=[
            Route("/_ghlctl/ledger", ledger),
            Route("/_ghlctl/health", health),
            Route("/{path:path}", anything, methods=methods),
        ]
    )
