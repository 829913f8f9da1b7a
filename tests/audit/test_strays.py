"""Effects that carry none of the audit's marks, and effects of requests that share one."""

import asyncio
import itertools
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import aiohttp

from ghlctl.model.finding import AuditSummary, Confidence, Finding, Outcome
from tests.audit.book import upstream_app
from tests.audit.conftest import Audit, Serve
from tests.audit.flaws.input import builds_paths_from_unchecked_ids
from tests.audit.flaws.replay import forgets_every_id
from tests.audit.receivers import Payload, Steps, write
from tests.audit.street import Street

INPUT = frozenset({"INP-09"})


def found(summary: AuditSummary, check: str = "INP-09") -> Finding:
    return next(one for one in summary.checks if one.id == check)


async def put(steps: Steps, path: str) -> None:
    async with aiohttp.ClientSession() as session, session.put(steps.upstream + path):
        pass


def audited(street: Street, serve: Serve, audit: Audit, change: object) -> AuditSummary:
    own = street.app(upstream_app())
    return audit(serve("ghl", change, own), upstream_url=own, scope=INPUT)


def test_a_path_made_of_nothing_is_caught_although_it_carries_no_mark(
    street: Street, serve: Serve, audit: Audit
) -> None:
    def change(steps: Steps) -> Steps:
        careless = builds_paths_from_unchecked_ids(steps)

        def valid(payload: Any) -> bool:
            return careless.valid(payload) and not isinstance(payload["id"], list | dict)

        return replace(careless, valid=valid)  # nothing that could hold a mark

    one = found(audited(street, serve, audit, change))
    assert (one.outcome, one.confidence) == (Outcome.FAIL, Confidence.CONFIRMED)
    assert "id as null" in one.reason
    assert "id as number" in one.reason
    assert "email" not in one.reason
    assert all(exchange.effects for exchange in one.evidence)


def test_effects_of_unknown_origin_leave_no_pass(
    street: Street, serve: Serve, audit: Audit
) -> None:
    """Such as those of somebody else who writes to the same upstream."""

    def change(steps: Steps) -> Steps:
        count = itertools.count()

        def valid(payload: Payload) -> bool:
            written.append(asyncio.ensure_future(put(steps, f"/jobs/{next(count)}")))
            return steps.valid(payload)

        return replace(steps, valid=valid)

    written: list[asyncio.Future[None]] = []
    one = found(audited(street, serve, audit, change))
    assert (one.outcome, one.confidence) == (Outcome.INCONCLUSIVE, Confidence.LOW)
    assert "none of the audit's marks, the first PUT /jobs/" in one.reason


def test_what_came_only_once_is_no_failure_and_no_pass(
    street: Street, serve: Serve, audit: Audit
) -> None:
    def change(steps: Steps) -> Steps:
        left = iter(range(1))
        careless = builds_paths_from_unchecked_ids(steps)

        async def act(steps: Steps, payload: Payload) -> None:
            if isinstance(payload["id"], str):
                await put(steps, f"/contacts/{quote(payload['id'], safe='')}")
            elif payload["id"] is None and next(left, None) is not None:
                await careless.act(steps, payload)

        return replace(careless, act=act)

    one = found(audited(street, serve, audit, change))
    assert one.outcome is Outcome.INCONCLUSIVE


def test_what_comes_with_every_genuine_delivery_is_no_stray(
    street: Street, serve: Serve, audit: Audit
) -> None:
    def change(steps: Steps) -> Steps:
        async def act(steps: Steps, payload: Payload) -> None:
            await put(steps, "/oauth/token")
            await write(steps, payload)

        return replace(steps, act=act)

    one = found(audited(street, serve, audit, change))
    assert (one.outcome, one.confidence) == (Outcome.PASS, Confidence.CONFIRMED)


def test_each_of_two_requests_with_one_mark_shows_its_own_effect(
    serve: Serve, audit: Audit
) -> None:
    summary = audit(serve("ghl", forgets_every_id), scope=frozenset({"RPL-05"}))
    evidence = found(summary, "RPL-05").evidence
    assert {one.purpose for one in evidence} == {"genuine", "sent once more, byte for byte"}
    assert [len(one.effects) for one in evidence] == [1] * len(evidence)


def test_without_an_upstream_no_evidence_counts_effects(serve: Serve, audit: Audit) -> None:
    for one in audit(serve("ghl"), upstream_url=None).checks:
        assert not any(exchange.observed for exchange in one.evidence)
    for one in audit(serve("ghl")).checks:
        assert all(exchange.observed for exchange in one.evidence)


def test_accepting_every_forgery_unseen_is_not_put_down_to_the_controls(
    serve: Serve, audit: Audit
) -> None:
    def open_door(steps: Steps) -> Steps:
        return replace(steps, verify=lambda _s, _b, _h: None)

    scope = frozenset({"signature"})
    summary = audit(serve("ghl", open_door), upstream_url=None, scope=scope)
    assert not summary.passed
    assert summary.grade == ""  # what little could be decided is no ground for one
    assert summary.score_low is not None
    assert summary.score_low < 50
    assert found(summary, "CTL-01").outcome is Outcome.PASS
    assert not any(caution.code == "audit-control-failed" for caution in summary.cautions)
