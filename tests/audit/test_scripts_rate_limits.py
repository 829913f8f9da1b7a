"""Receivers that limit, well and badly; each limiter counts what one audit sends it."""

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ghlctl.audit.receiver import Means
from ghlctl.model.finding import AuditSummary, Finding, Outcome
from tests.audit.conftest import Audit, Serve
from tests.audit.receivers import Payload, Steps, write

SCOPE = frozenset({"rate_limits"})
WINDOW_S = 1.5
MOST = 12  # in a window: fewer than a surge, more than the controls around it
Source = Callable[[Request], str]


def by_address(_request: Request) -> str:
    return "127.0.0.1"


def by_claim(request: Request) -> str:
    return request.headers.get("x-forwarded-for", "127.0.0.1")


def limited(source: Source, retry_after: str = "2") -> Callable[[Steps], Steps]:
    """So many requests of one source in a window, whatever they are."""
    begun: dict[str, list[float]] = defaultdict(list)

    def around(app: ASGIApp) -> ASGIApp:
        async def asked(scope: Scope, receive: Receive, send: Send) -> None:
            now = time.monotonic()
            own = begun[source(Request(scope))]
            own[:] = [at for at in own if now - at < WINDOW_S]
            if len(own) < MOST:
                own.append(now)
                return await app(scope, receive, send)
            headers = {"Retry-After": retry_after} if retry_after else {}
            return await Response(status_code=429, headers=headers)(scope, receive, send)

        return asked

    return lambda steps: replace(steps, around=around)


def shut_out_after_failures(status: int) -> Callable[[Steps], Steps]:
    """An address that sent too much that was refused is not let in again."""

    def around(app: ASGIApp) -> ASGIApp:
        failures = 0

        async def asked(scope: Scope, receive: Receive, send: Send) -> None:
            async def sent(message: Message) -> None:
                nonlocal failures
                failures += message.get("status") == 401
                await send(message)

            if failures < 2 * MOST:
                return await app(scope, receive, sent)
            headers = {"Retry-After": "900"} if status == 429 else {}
            return await Response(status_code=status, headers=headers)(scope, receive, send)

        return asked

    return lambda steps: replace(steps, around=around)


def notes_before_it_limits(steps: Steps) -> Steps:
    """The id is known already when the limit puts the delivery off."""
    begun: list[float] = []

    async def act(steps: Steps, payload: Payload) -> None:
        now = time.monotonic()
        begun[:] = [at for at in begun if now - at < WINDOW_S]
        if len(begun) >= MOST:
            raise HTTPException(429, headers={"Retry-After": "2"})
        begun.append(now)
        await write(steps, payload)

    return replace(steps, act=act)


@pytest.fixture
def asked(serve: Serve, audit: Audit) -> Callable[..., dict[str, Finding]]:
    def asked(
        change: Callable[[Steps], Steps],
        *ids: str,
        scheme: str = "ghl",
        rate: float | None = None,
    ) -> dict[str, Finding]:
        means = Means(intrusive=True, rate_limit_per_s=rate)
        scope = frozenset(ids) or SCOPE
        summary: AuditSummary = audit(serve(scheme, change), scheme, scope=scope, means=means)
        return {one.id: one for one in summary.checks if one.id.startswith("RES")}

    return asked


Asked = Callable[..., dict[str, Finding]]


def test_a_limit_that_puts_off_and_lets_in_again_trips_nothing(asked: Asked) -> None:
    found = asked(limited(by_address), *("RES-05", "RES-07", "RES-08", "RES-09"))
    outcomes = {one.id: one.outcome for one in found.values() if one.outcome is not Outcome.SKIP}
    assert set(outcomes.values()) == {Outcome.PASS}, found
    assert "put off" in found["RES-05"].reason
    assert "put off" in found["RES-08"].reason
    assert "once, 3 of 3 times" in found["RES-09"].reason


def test_a_limit_without_retry_after_is_a_warning(asked: Asked) -> None:
    found = asked(limited(by_address, ""), "RES-05")["RES-05"]
    assert found.outcome is Outcome.WARN
    assert "without Retry-After" in found.reason


def test_a_limit_that_a_header_lifts_is_a_failure(asked: Asked) -> None:
    found = asked(limited(by_claim), "RES-08")["RES-08"]
    assert found.outcome is Outcome.FAIL
    assert "3 of 3" in found.reason


@pytest.mark.parametrize("status", [403, 429])
def test_to_lock_out_an_address_over_forgeries_is_a_failure(asked: Asked, status: int) -> None:
    """And it stays one, although no genuine delivery is accepted any longer afterwards."""
    found = asked(shut_out_after_failures(status), "RES-07")["RES-07"]
    assert found.outcome is Outcome.FAIL
    assert f"answered {status}" in found.reason
    assert "3 of 3" in found.reason
    assert any(exchange.effects for exchange in found.evidence)


def test_what_is_put_off_and_then_taken_for_a_duplicate_is_lost(asked: Asked) -> None:
    found = asked(notes_before_it_limits, "RES-09")["RES-09"]
    assert found.outcome is Outcome.FAIL
    assert "lost" in found.reason


def test_a_declared_rate_that_nobody_keeps_is_a_failure(asked: Asked) -> None:
    found = asked(lambda steps: steps, "RES-05", rate=4.0)["RES-05"]
    assert found.outcome is Outcome.FAIL
    assert "4/s are declared" in found.reason


def test_a_declared_rate_that_is_kept_passes(asked: Asked) -> None:
    found = asked(limited(by_address), "RES-05", rate=4.0)["RES-05"]
    assert found.outcome is Outcome.PASS


def test_a_declared_rate_too_high_to_be_exceeded_decides_nothing(asked: Asked) -> None:
    found = asked(lambda steps: steps, "RES-05", rate=1000.0)["RES-05"]
    assert found.outcome is Outcome.INCONCLUSIVE
    assert "does not exceed" in found.reason


def test_a_secret_that_can_be_guessed_without_limit_is_a_failure(asked: Asked) -> None:
    free = asked(lambda steps: steps, "RES-06", scheme="header-secret")["RES-06"]
    assert free.outcome is Outcome.FAIL
    assert "30 of 30" in free.reason
    bound = asked(limited(by_address), "RES-06", scheme="header-secret")["RES-06"]
    assert bound.outcome is Outcome.PASS


def test_where_no_limit_is_met_what_is_about_limits_does_not_apply(asked: Asked) -> None:
    found = asked(lambda steps: steps, "RES-08", "RES-09")
    assert found["RES-08"].outcome is found["RES-09"].outcome is Outcome.NOT_APPLICABLE
    assert "no limit was met" in found["RES-08"].reason
