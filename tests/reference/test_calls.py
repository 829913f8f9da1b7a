"""Calls against an upstream that answers as the test says."""

import asyncio
from typing import Any

import msgspec
import pytest

from ghlctl.reference.breaker import Breaker
from ghlctl.reference.calls import (
    Call,
    Persistence,
    Upstream,
    UpstreamRefusedError,
    UpstreamUnavailableError,
)
from ghlctl.reference.connections import Answered, Request, Unanswered
from ghlctl.reference.counters import Counters

TWICE = Persistence(2, backoff=False)
FINE = Answered(200, {}, b'{"contact": {"id": "c"}}')
DOWN = Answered(503, {}, b"")


class Scripted:
    """Connections that give the answers it was made with, one after another."""

    def __init__(self, *answers: Answered | Unanswered) -> None:
        self._answers = list(answers)
        self.requests: list[Request] = []

    async def send(self, request: Request) -> Answered | Unanswered:
        self.requests.append(request)
        return self._answers.pop(0)

    async def close(self) -> None:
        self._answers.clear()


def perform(
    line: Scripted, call: Call, persistence: Persistence = TWICE, breaker: Breaker | None = None
) -> Any:
    upstream = Upstream("http://up", line, Counters(), breaker, None)
    return asyncio.run(upstream.perform(call, persistence))


def test_a_write_carries_its_location_version_and_key() -> None:
    line = Scripted(FINE)
    call = Call("PUT", "L", "c/1..", content={"tags": []}, key="w:update")
    assert perform(line, call) == {"contact": {"id": "c"}}
    request = line.requests[0]
    assert str(request.url) == "http://up/contacts/c%2F1%2E%2E"
    assert request.headers["Authorization"] == "Bearer loc-L"
    assert request.headers["Version"] == "2021-07-28"
    assert request.headers["Idempotency-Key"] == "w:update"
    assert msgspec.json.decode(request.body or b"") == {"tags": []}


@pytest.mark.parametrize("first", [DOWN, Answered(429, {}, b""), Unanswered("TimeoutError")])
def test_what_may_pass_is_tried_again_once(first: Answered | Unanswered) -> None:
    line = Scripted(first, FINE)
    assert perform(line, Call("GET", "L", "c"))
    with pytest.raises(UpstreamUnavailableError):
        perform(Scripted(first, first, FINE), Call("GET", "L", "c"))


@pytest.mark.parametrize("status", [301, 400, 401, 404, 422])
def test_a_refusal_is_not_asked_for_twice(status: int) -> None:
    line = Scripted(Answered(status, {}, b""), FINE)
    with pytest.raises(UpstreamRefusedError, match=f"status {status}"):
        perform(line, Call("GET", "L", "c"), Persistence(None, backoff=True))
    assert len(line.requests) == 1


def test_an_error_names_the_call_and_nobody() -> None:
    with pytest.raises(UpstreamUnavailableError) as raised:
        perform(Scripted(DOWN, DOWN), Call("POST", "Loc7", "Contact7", below="/tags"))
    assert str(raised.value) == "POST /contacts/…/tags: status 503"


def test_the_breaker_hears_of_failures_and_not_of_refusals() -> None:
    breaker = Breaker(failures=2, rest_s=0.01)
    line = Scripted(DOWN, DOWN, FINE)
    perform(line, Call("GET", "L", "c"), Persistence(None, backoff=False), breaker)
    assert breaker.opened == 1
    refusing = Scripted(*[Answered(404, {}, b"")] * 3)
    for _ in range(3):
        with pytest.raises(UpstreamRefusedError):
            perform(refusing, Call("GET", "L", "c"), TWICE, breaker)
    assert breaker.opened == 1


@pytest.mark.parametrize("body", [b"", b"no json", b"\xff", b"[" * 50_000])
def test_an_answer_that_is_no_json_says_nothing(body: bytes) -> None:
    assert perform(Scripted(Answered(200, {}, body)), Call("GET", "L", "c")) is None
