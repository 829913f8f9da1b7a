"""Receivers that limit, well and badly; each limiter counts what one audit sends it."""

import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ghlctl.audit.receiver import Means
from ghlctl.model.finding import AuditSummary, Finding, Outcome
from ghlctl.transport.reach import Reach
from ghlctl.transport.upstream_faults import fail_next
from tests.audit.conftest import Audit, Serve
from tests.audit.flaws.rate_limits import breaks, crowded, forgets
from tests.audit.receivers import Payload, Steps, call, write

WINDOW_S = 1.5
REFUSED = "refused-by-upstream"
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


def refused_upstream(steps: Steps) -> Steps:
    """Every third of its calls is refused by the upstream, which it passes on to the provider."""
    calls = 0

    async def act(steps: Steps, payload: Payload) -> None:
        nonlocal calls
        calls += 1
        kind = REFUSED if calls % 3 == 0 else "contacts"
        await call(steps, f"/{kind}/{payload['id']}", payload)

    return replace(steps, act=act)


@dataclass(frozen=True)
class Case:
    """A receiver, and the only questions that it is asked."""

    change: Callable[[Steps], Steps]
    ids: tuple[str, ...]
    scheme: str = "ghl"
    rate: float | None = None


def as_it_is(steps: Steps) -> Steps:
    return steps


CASES = {
    "limited": Case(limited(by_address), ("RES-05", "RES-07", "RES-08", "RES-09")),
    "crowded-and-forgetful": Case(crowded(forgets, 0.0), ("RES-05",)),
    "limited-by-claim": Case(limited(by_claim), ("RES-08",)),
    "crowded-and-breaking": Case(crowded(breaks, 1.0), ("RES-05",), "hmac-timestamp"),
    "above-any-flood": Case(as_it_is, ("RES-05",), rate=1000.0),
    "limited-without-a-word": Case(limited(by_address, ""), ("RES-05",)),
    "noted-before-limited": Case(notes_before_it_limits, ("RES-09",)),
    "limited-as-declared": Case(limited(by_address), ("RES-05",), rate=4.0),
    "unlimited-although-declared": Case(as_it_is, ("RES-05",), rate=4.0),
    "locked-out-by-429": Case(shut_out_after_failures(429), ("RES-07",)),
    "locked-out-by-403": Case(shut_out_after_failures(403), ("RES-07",)),
    "guessable": Case(as_it_is, ("RES-06",), "header-secret"),
    "guessable-but-limited": Case(limited(by_address), ("RES-06",), "header-secret"),
    "refused-by-upstream": Case(refused_upstream, ("RES-05",)),
    "unlimited": Case(as_it_is, ("RES-08", "RES-09")),
}
"""The slowest first."""

Found = dict[str, dict[str, Finding]]


@pytest.fixture(scope="module")
def found(serve: Serve, audit: Audit, upstream: str) -> Found:
    """Some side by side, because most of it is waiting for limits to end."""
    with Reach() as reach:
        fail_next(reach, upstream, any_of=(REFUSED,), status=503, times=1000, delay_s=0.0)

    def one(case: Case) -> dict[str, Finding]:
        means = Means(intrusive=True, rate_limit_per_s=case.rate)
        url = serve(case.scheme, case.change)
        summary: AuditSummary = audit(url, case.scheme, scope=frozenset(case.ids), means=means)
        return {each.id: each for each in summary.checks if each.id in case.ids}

    with ThreadPoolExecutor(max_workers=5) as pool:
        return dict(zip(CASES, pool.map(one, CASES.values()), strict=True))


def test_a_limit_that_puts_off_and_lets_in_again_trips_nothing(found: Found) -> None:
    limit = found["limited"]
    assert {one.outcome for one in limit.values()} == {Outcome.PASS}, limit
    assert "put off" in limit["RES-05"].reason
    assert "put off" in limit["RES-08"].reason
    assert "once, 3 of 3 times" in limit["RES-09"].reason


@pytest.mark.parametrize(
    ("name", "outcome", "words"),
    [
        ("limited-without-a-word", Outcome.WARN, "without Retry-After"),
        ("limited-by-claim", Outcome.FAIL, "X-Forwarded-For, 3 of 3 times"),
        ("noted-before-limited", Outcome.FAIL, "what was put off is lost"),
        ("unlimited-although-declared", Outcome.FAIL, "although 4/s are declared"),
        ("limited-as-declared", Outcome.PASS, "with Retry-After"),
        ("above-any-flood", Outcome.INCONCLUSIVE, "does not exceed the declared 1000/s"),
        ("guessable", Outcome.FAIL, "30 of 30 wrong secrets"),
        ("guessable-but-limited", Outcome.PASS, "put off or shut out"),
        ("crowded-and-forgetful", Outcome.FAIL, "acknowledged and never done, 3 of 3 times"),
        ("crowded-and-breaking", Outcome.FAIL, "(answered 500), 3 of 3 times"),
        ("refused-by-upstream", Outcome.PASS, "refused because the upstream had refused"),
    ],
)
def test_what_a_receiver_does_with_many_decides(
    found: Found, name: str, outcome: Outcome, words: str
) -> None:
    (finding,) = found[name].values()
    assert finding.outcome is outcome, finding.reason
    assert words in finding.reason


@pytest.mark.parametrize("status", [403, 429])
def test_to_lock_out_an_address_over_forgeries_is_a_failure(found: Found, status: int) -> None:
    """And it stays one, although no genuine delivery is accepted any longer afterwards."""
    finding = found[f"locked-out-by-{status}"]["RES-07"]
    assert finding.outcome is Outcome.FAIL
    assert f"answered {status}" in finding.reason
    assert "3 of 3" in finding.reason
    assert any(exchange.effects for exchange in finding.evidence)


def test_where_no_limit_is_met_what_is_about_limits_does_not_apply(found: Found) -> None:
    free = found["unlimited"]
    assert free["RES-08"].outcome is free["RES-09"].outcome is Outcome.NOT_APPLICABLE
    assert "no limit was met" in free["RES-08"].reason
