"""One request, from the wire to the ledger: network, admission, fault, operation, record."""

import asyncio
import time
import uuid
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from ghlctl.upstream import answers
from ghlctl.upstream.answers import Answer
from ghlctl.upstream.caller import Caller, identify
from ghlctl.upstream.crm import Crm
from ghlctl.upstream.ledger import Ledger
from ghlctl.upstream.limits import Limits
from ghlctl.upstream.network import ABORT, Network
from ghlctl.upstream.operations import Call, belongs_to_api, find_call, refuse_body
from ghlctl.upstream.orders import FaultOrder, FaultOrders
from ghlctl.upstream.settings import FaultKind, UpstreamSettings

BODY_BYTES_MAX = 32 * 1024 * 1024
REMEMBERED_KEYS = 100_000
READING = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Heard:
    """A request as it arrived; `path` as sent, without its query, `body` the bytes of `content`."""

    method: str
    path: str
    query: str
    key: str
    version: str
    body: bytes
    content: Any
    caller: Caller

    @property
    def writes(self) -> bool:
        return self.method not in READING


class Api:
    """The ASGI application behind every path that is not ghlctl's own."""

    def __init__(
        self, settings: UpstreamSettings, ledger: Ledger, orders: FaultOrders | None = None
    ) -> None:
        self._orders = FaultOrders() if orders is None else orders
        self._settings = settings
        self._ledger = ledger
        self._network = Network(settings)
        self._limits = Limits(
            settings.limit, settings.limit_interval_ms / 1000, settings.limit_daily
        )
        self._crm = Crm()
        self._installed: set[str] = set()
        self._remembered: OrderedDict[tuple[str, ...], Answer] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            heard = await _hear(Request(scope, receive))
        except ClientDisconnect:
            return
        await asyncio.sleep(self._network.one_way_s)
        refusal, headers = self._admit(heard)
        fault = self._network.fault() if refusal is None else None
        if refusal is None:
            await asyncio.sleep(self._network.service_s())
        if fault is FaultKind.SLOW:
            await asyncio.sleep(self._settings.fault_slow_ms / 1000)
        order = self._ordered(heard) if refusal is None else None
        if order is not None:
            await asyncio.sleep(order.delay_ms / 1000)
        if refusal is None and order is not None and order.status:
            refusal = answers.failed(order.status)
        answer, applied = (refusal, False) if refusal else self._answer(heard, fault)
        self._record(heard, answer, applied=applied)
        if answer.status == 0:
            scope["extensions"][ABORT]["abort"]()
        await asyncio.sleep(self._network.one_way_s)
        if answer.status:
            body = answer.body | {"traceId": str(uuid.uuid4())}
            await JSONResponse(body, answer.status, headers)(scope, receive, send)

    def _ordered(self, heard: Heard) -> FaultOrder | None:
        text = f"{heard.path}?{heard.query}\n{heard.key}\n"
        return self._orders.take(text + heard.body.decode("utf-8", "replace"))

    def _admit(self, heard: Heard) -> tuple[Answer | None, dict[str, str]]:
        """Why a request is not served, if so, and the headers that its answer carries."""
        if len(heard.body) > BODY_BYTES_MAX:
            return Answer(413, {"statusCode": 413, "message": "Payload Too Large"}), {}
        if not belongs_to_api(heard.path):
            return None, {}
        caller = heard.caller
        if not caller.authorized:
            return answers.unauthorized(), {}
        if not caller.consistent or not self._may_call(caller.budget):
            return answers.forbidden(), {}
        if not heard.version:
            return answers.bad_request("version header was not found."), {}
        allowance = self._limits.take(caller.budget, time.monotonic())
        return None if allowance.granted else answers.too_many(), self._limits.headers(allowance)

    def _may_call(self, budget: str) -> bool:
        most = self._settings.locations
        if not most or budget in self._installed:
            return True
        if len(self._installed) < most:
            self._installed.add(budget)
        return budget in self._installed

    def _answer(self, heard: Heard, fault: FaultKind | None) -> tuple[Answer, bool]:
        """The answer, and whether it changed anything."""
        if fault is FaultKind.STATUS:
            return answers.failed(self._settings.fault_status), False
        if fault is FaultKind.RESET:
            return Answer(0, {}), False
        memory = (heard.caller.budget, heard.method, heard.path, heard.key)
        honoured = self._settings.honours_idempotency_keys and heard.writes and heard.key
        if honoured and memory in self._remembered:
            return self._remembered[memory], False
        answer = self._perform(heard)
        applied = heard.writes and answer.fine
        if honoured and applied:
            self._remembered[memory] = answer
            if len(self._remembered) > REMEMBERED_KEYS:
                self._remembered.popitem(last=False)
        return answer, applied

    def _perform(self, heard: Heard) -> Answer:
        call = find_call(heard.method, heard.path)
        if call is not None:
            return self._operate(call, heard)
        if heard.writes and not belongs_to_api(heard.path):
            return Answer(200, {"recorded": True})
        return answers.not_found(f"Cannot {heard.method} {heard.path}")

    def _operate(self, call: Call, heard: Heard) -> Answer:
        body = {} if heard.method in ("GET", "DELETE") and not heard.body else heard.content
        refusal = refuse_body(body)
        if refusal is not None:
            return refusal
        return call.operation(self._crm, heard.caller.location, call.record_id, body)

    def _record(self, heard: Heard, answer: Answer, *, applied: bool) -> None:
        self._ledger.record(
            at_unix_ns=time.time_ns(),
            method=heard.method,
            path=f"{heard.path}?{heard.query}" if heard.query else heard.path,
            status=answer.status,
            applied=applied,
            location_id=heard.caller.location,
            idempotency_key=heard.key,
            body=heard.body,
        )


async def _hear(request: Request) -> Heard:
    body = await _body(request)
    content = _json(body)
    return Heard(
        request.method,
        request.scope.get("raw_path", request.scope["path"].encode()).decode("latin-1"),
        request.scope["query_string"].decode("latin-1"),
        request.headers.get("idempotency-key", ""),
        request.headers.get("version", ""),
        body,
        content,
        identify(request.headers, request.query_params, content),
    )


async def _body(request: Request) -> bytes:
    """The body, read no further than one chunk beyond its bound."""
    chunks, size = [], 0
    async for chunk in request.stream():
        chunks.append(chunk)
        size += len(chunk)
        if size > BODY_BYTES_MAX:
            break
    return b"".join(chunks)


def _json(body: bytes) -> Any:
    """The body's value; None for what is no JSON, which no operation takes."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
