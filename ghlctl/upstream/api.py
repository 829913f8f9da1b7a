"""One request, from the wire to the ledger: network, admission, fault, operation, record."""

import asyncio
import contextlib
import random
import time
from collections import OrderedDict

import msgspec
from starlette.types import Receive, Scope, Send

from ghlctl.upstream import answers
from ghlctl.upstream.answers import Answer
from ghlctl.upstream.asked import Asked
from ghlctl.upstream.caller import Tokens
from ghlctl.upstream.crm import Crm
from ghlctl.upstream.faults import Fault, FaultKind
from ghlctl.upstream.grants import Grants
from ghlctl.upstream.heard import BODY_BYTES_MAX, Heard, hear
from ghlctl.upstream.ledger import Ledger
from ghlctl.upstream.limits import Limits
from ghlctl.upstream.network import ABORT, Network
from ghlctl.upstream.operations import OPERATIONS, READING_BY_POST
from ghlctl.upstream.orders import FaultOrder, FaultOrders
from ghlctl.upstream.settings import UpstreamSettings
from ghlctl.upstream.sign_on import RECONNECT, SignOn
from ghlctl.upstream.specification import Operation, highlevel

REMEMBERED_KEYS = 100_000
HUNG_FOR_S = 3600.0
UNANSWERED = Answer(0, {})
_TYPE = (b"content-type", b"application/json")


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
        self._specification = highlevel()
        self._crm = Crm()
        grants = Grants(settings.token_life_s)
        self._tokens = Tokens(grants, only_issued=settings.oauth)
        self._sign_on = SignOn(grants)
        self._installed: set[str] = set()
        self._remembered: OrderedDict[tuple[str, ...], Answer] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        now = time.monotonic()
        heard = await hear(scope, receive, self._specification, self._tokens, now)
        if heard is None:
            return
        await _pass(self._network.one_way_s())
        refusal, headers = self._admit(heard)
        fault = None
        if refusal is None:
            fault = self._network.fault(time.monotonic())
            await _pass(self._network.service_s())
            refusal = await self._disturbed(heard, fault)
        answer, applied = (refusal, False) if refusal else self._answer(heard)
        self._record(heard, answer, applied=applied)
        if answer is UNANSWERED:
            await _leave(scope, receive, hang=fault is not None and fault.kind is FaultKind.HANG)
            return
        await _pass(self._network.one_way_s())
        await _send(send, answer, headers)

    def _admit(self, heard: Heard) -> tuple[Answer | None, list[tuple[bytes, bytes]]]:
        """Why a request is not served, if so, and the headers that its answer carries."""
        if len(heard.body) > BODY_BYTES_MAX:
            return Answer(413, {"statusCode": 413, "message": "Payload Too Large"}), []
        if not self._specification.owns(heard.path) or _signs_on(heard):
            return None, []
        refusal = self._refuse_caller(heard)
        if refusal is not None:
            return refusal, []
        allowance = self._limits.take(heard.caller.budget, time.monotonic())
        return None if allowance.granted else answers.too_many(), self._limits.headers(allowance)

    def _refuse_caller(self, heard: Heard) -> Answer | None:
        caller = heard.caller
        if not caller.authorized:
            return answers.unauthorized()
        if heard.found is not None and (caller.company is not None) != SignOn.serves(heard.found):
            return answers.wrong_level()
        if not caller.consistent or not self._may_call(caller.budget):
            return answers.forbidden()
        if not heard.version:
            return answers.no_version()
        known = heard.version in self._specification.versions
        return None if known else answers.unknown_version()

    def _may_call(self, budget: str) -> bool:
        most = self._settings.locations
        if not most or budget in self._installed:
            return True
        if len(self._installed) < most:
            self._installed.add(budget)
        return budget in self._installed

    async def _disturbed(self, heard: Heard, fault: Fault | None) -> Answer | None:
        """What is answered in place of the operation's own answer, if anything."""
        order = self._ordered(heard)
        if order is not None:
            await asyncio.sleep(order.delay_ms / 1000)
            if order.status:
                return answers.failed(order.status)
        if fault is None:
            return None
        if fault.kind is FaultKind.SLOW:
            await asyncio.sleep(self._settings.fault_slow_ms / 1000)
            return None
        return answers.failed(fault.status) if fault.kind is FaultKind.STATUS else UNANSWERED

    def _ordered(self, heard: Heard) -> FaultOrder | None:
        if not len(self._orders):
            return None
        text = f"{heard.path}?{heard.query}\n{heard.key}\n"
        return self._orders.take(text + heard.body.decode("utf-8", "replace"))

    def _answer(self, heard: Heard) -> tuple[Answer, bool]:
        """The answer, and whether it changed anything."""
        memory = (heard.caller.budget, heard.method, heard.path, heard.key)
        honoured = self._settings.honours_idempotency_keys and heard.writes and heard.key
        if honoured and memory in self._remembered:
            return self._remembered[memory], False
        answer = self._perform(heard)
        applied = answer.fine and _changes(heard)
        if honoured and applied:
            self._remembered[memory] = answer
            if len(self._remembered) > REMEMBERED_KEYS:
                self._remembered.popitem(last=False)
        return answer, applied

    def _perform(self, heard: Heard) -> Answer:
        if _reconnects(heard):
            return self._sign_on.reconnect(heard.content)
        if heard.found is not None:
            return self._operate(heard, heard.found.operation, heard.found.ids)
        if heard.writes and not self._specification.owns(heard.path):
            return Answer(200, {"recorded": True})
        return answers.not_found(f"Cannot {heard.method} {heard.path}")

    def _operate(self, heard: Heard, operation: Operation, ids: tuple[str, ...]) -> Answer:
        body = heard.content
        if operation.body is None or (not heard.body and not operation.body_required):
            body = {}
        if not isinstance(body, dict):
            return answers.bad_request("the body must be a JSON object")
        wrong = operation.faults(ids, heard.asked, body)
        if wrong:
            return answers.unprocessable(*wrong)
        if operation.id in self._sign_on.operations:
            return self._sign_on.perform(operation.id, heard)
        if operation.fields:
            body = {name: value for name, value in body.items() if name in operation.fields}
        asked = Asked(self._crm, heard.caller.location, ids, heard.asked, body)
        return OPERATIONS[operation.id](asked)

    def _record(self, heard: Heard, answer: Answer, *, applied: bool) -> None:
        self._ledger.record(
            at_unix_ns=time.time_ns(),
            method=heard.method,
            path=f"{heard.path}?{heard.query}" if heard.query else heard.path,
            status=answer.status,
            applied=applied,
            location_id=heard.caller.location,
            idempotency_key=heard.key,
            # What apps sign on with are secrets, and the ledger is open to everybody.
            body=b"" if _signs_on(heard) else heard.body,
        )


def _changes(heard: Heard) -> bool:
    """Whether it is an effect, once it was served: a write, which neither searches nor signs on."""
    if not heard.writes or _signs_on(heard):
        return False
    return heard.found is None or heard.found.operation.id not in READING_BY_POST


def _reconnects(heard: Heard) -> bool:
    return heard.method == "POST" and heard.path.rstrip("/") == RECONNECT


def _signs_on(heard: Heard) -> bool:
    return _reconnects(heard) or (heard.found is not None and not heard.found.operation.needs_token)


async def _pass(seconds: float) -> None:
    if seconds > 0:
        await asyncio.sleep(seconds)


async def _leave(scope: Scope, receive: Receive, *, hang: bool) -> None:
    """Without an answer: at once, or once the caller has given up."""
    if hang:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(HUNG_FOR_S):
                while (await receive())["type"] != "http.disconnect":
                    pass
    scope["extensions"][ABORT]["abort"]()


def _trace_id() -> str:
    """A UUID. Nobody has to be unable to guess it, so it needs no call to the kernel."""
    bits = f"{random.getrandbits(128):032x}"
    return f"{bits[:8]}-{bits[8:12]}-4{bits[13:16]}-a{bits[17:20]}-{bits[20:]}"


async def _send(send: Send, answer: Answer, headers: list[tuple[bytes, bytes]]) -> None:
    body = msgspec.json.encode(answer.body | {"traceId": _trace_id()})
    length = (b"content-length", str(len(body)).encode())
    start = {"type": "http.response.start", "status": answer.status}
    await send(start | {"headers": [_TYPE, length, *headers]})
    await send({"type": "http.response.body", "body": body})
