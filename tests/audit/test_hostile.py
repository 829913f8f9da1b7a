"""Receivers that are dead, mute, hostile or gone half way: no score, no hang, no pass."""

import asyncio
import gzip
import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ghlctl.audit.driver import run_audit
from ghlctl.audit.receiver import AuditedReceiver
from ghlctl.errors import KeyMaterialError, NotMeasuredError, UsageError
from ghlctl.model.delivery import Headers
from ghlctl.model.finding import AuditSummary, Outcome
from ghlctl.signing.scheme import Rejection
from ghlctl.transport.ledger import read_ledger
from tests.audit.conftest import KEYS, QUICK, Audit, Serve
from tests.audit.flaws.signature import inverted
from tests.audit.receivers import PATH, Steps, receiver, steps_for, verify_signature
from tests.audit.street import Street, Talk, unused_port

SIGNATURE = frozenset({"signature"})
REPLAY = frozenset({"replay"})


def outcome_of(summary: AuditSummary, check: str) -> Outcome:
    return next(one.outcome for one in summary.checks if one.id == check)


def assert_nothing_is_claimed(summary: AuditSummary) -> None:
    assert (summary.score, summary.score_low, summary.score_high) == (None, None, None)
    assert (summary.grade, summary.passed) == ("", False)
    checks = [one for one in summary.checks if one.topic != "controls"]
    assert not any(one.outcome is Outcome.PASS for one in checks)


async def hangs(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


async def resets(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readexactly(1)


async def babbles(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readexactly(1)
    writer.write(b"\x00\x1b[2J220 mail.example ready\r\n" * 50)
    await writer.drain()


async def drips(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readexactly(1)
    writer.write(b"HTTP/1.1 200 OK\r\n")
    for _ in range(600):
        writer.write(b"X-More: x\r\n")
        await writer.drain()
        await asyncio.sleep(0.1)


async def never_ends_its_headers(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    await reader.readexactly(1)
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-More: " + b"x" * 4096 + b"\r\n")
        await writer.drain()


@pytest.mark.parametrize("talk", [hangs, resets, babbles, drips, never_ends_its_headers])
def test_a_receiver_without_a_reply_gets_no_score(street: Street, audit: Audit, talk: Talk) -> None:
    started = time.monotonic()
    summary = audit(street.raw(talk) + PATH, timeout_s=0.5)
    assert_nothing_is_claimed(summary)
    assert outcome_of(summary, "CTL-01") is Outcome.ERROR
    assert time.monotonic() - started < 20


def test_a_receiver_that_is_not_there_gets_no_score(audit: Audit) -> None:
    summary = audit(f"http://127.0.0.1:{unused_port()}{PATH}")
    assert_nothing_is_claimed(summary)
    control = next(one for one in summary.checks if one.id == "CTL-01")
    assert "cannot connect" in control.reason
    assert any(caution.code == "audit-control-failed" for caution in summary.cautions)


def test_a_receiver_that_refuses_everything_gets_no_score(serve: Serve, audit: Audit) -> None:
    def refuse(steps: Steps) -> Steps:
        return replace(steps, verify=lambda _s, _b, _h: Rejection.MISMATCH)

    assert_nothing_is_claimed(audit(serve("ghl", refuse)))


def test_a_receiver_that_acknowledges_everything_and_does_nothing_gets_no_score(
    street: Street, audit: Audit
) -> None:
    async def yes(request: Request) -> Response:
        await request.body()
        return Response()

    url = street.app(Starlette(routes=[Route(PATH, yes, methods=["POST"])])) + PATH
    assert_nothing_is_claimed(audit(url, scope=REPLAY, bounds=replace(QUICK, act_within_s=0.2)))


def test_an_inverted_receiver_fails_although_its_control_failed(serve: Serve, audit: Audit) -> None:
    summary = audit(serve("ghl", inverted), scope=SIGNATURE)
    assert summary.score is None
    assert outcome_of(summary, "CTL-01") is Outcome.ERROR
    assert outcome_of(summary, "SIG-01") is Outcome.ERROR
    assert {outcome_of(summary, id_) for id_ in ("SIG-03", "SIG-04", "SIG-08")} == {Outcome.FAIL}


def test_a_redirect_is_never_followed(street: Street, upstream: str, audit: Audit) -> None:
    before = len(read_ledger(upstream))

    async def elsewhere(request: Request) -> Response:
        return RedirectResponse(f"{upstream}/stolen", status_code=307)

    url = street.app(Starlette(routes=[Route(PATH, elsewhere, methods=["POST"])])) + PATH
    summary = audit(url, scope=SIGNATURE)
    assert_nothing_is_claimed(summary)
    assert not any(line.path == "/stolen" for line in read_ledger(upstream)[before:])
    assert "redirect" in next(one.reason for one in summary.checks if one.id == "CTL-01")


def dying_after(count: int) -> Callable[[Steps], Steps]:
    def change(steps: Steps) -> Steps:
        left = iter(range(count))

        def verify(steps: Steps, body: bytes, headers: Headers) -> Rejection | None:
            if next(left, None) is None:
                raise RuntimeError("out of order")
            return verify_signature(steps, body, headers)

        return replace(steps, verify=verify)

    return change


def test_a_receiver_that_dies_half_way_gets_no_score_and_says_where(
    serve: Serve, audit: Audit
) -> None:
    summary = audit(serve("ghl", dying_after(8)))
    assert_nothing_is_claimed(summary)
    assert outcome_of(summary, "CTL-01") is Outcome.PASS
    control = next(one for one in summary.checks if one.id == "CTL-02")
    assert control.outcome is Outcome.ERROR
    assert "SIG-01" in control.reason
    last = next(one for one in summary.checks if one.id == "RES-01")
    assert last.outcome is Outcome.ERROR
    assert last.reason.startswith("not asked")


def test_a_slow_queue_is_waited_for_and_its_lie_is_found(serve: Serve, audit: Audit) -> None:
    """It acknowledges at once; only the effect, long after the least wait, tells."""

    def careless(steps: Steps) -> Steps:
        def verify(steps: Steps, body: bytes, headers: Headers) -> Rejection | None:
            rejection = verify_signature(steps, body, headers)
            return None if rejection is Rejection.MISSING_HEADER else rejection

        return replace(steps, delay_s=0.15, verify=verify)

    summary = audit(serve("ghl", careless), scope=frozenset({"SIG-01"}))
    assert outcome_of(summary, "SIG-01") is Outcome.FAIL


def test_a_receiver_that_answers_200_to_forgeries_without_acting_is_correct(
    serve: Serve, audit: Audit
) -> None:
    summary = audit(serve("ghl", lambda steps: replace(steps, refusal=200)), scope=SIGNATURE)
    assert outcome_of(summary, "SIG-03") is Outcome.PASS


def test_without_an_upstream_a_200_to_a_forgery_is_inconclusive_and_a_4xx_a_modest_pass(
    serve: Serve, audit: Audit
) -> None:
    polite = audit(serve("ghl", lambda steps: replace(steps, refusal=200)), upstream_url=None)
    plain = audit(serve("ghl"), upstream_url=None)
    assert outcome_of(polite, "SIG-03") is Outcome.INCONCLUSIVE
    found = next(one for one in plain.checks if one.id == "SIG-03")
    assert (found.outcome, found.confidence.value) == (Outcome.PASS, "medium")
    assert outcome_of(plain, "RPL-05") is Outcome.INCONCLUSIVE
    assert not any(one.outcome is Outcome.FAIL for one in (*polite.checks, *plain.checks))
    assert any(caution.code == "audit-no-upstream" for caution in plain.cautions)
    assert any("replays" in caution.text for caution in plain.cautions)


def test_without_a_key_what_needs_one_is_not_tested_and_nothing_passes(
    serve: Serve, audit: Audit
) -> None:
    summary = audit(serve("ghl"), key=None)
    assert_nothing_is_claimed(summary)
    stale = next(one for one in summary.checks if one.id == "RPL-05")
    assert stale.outcome is Outcome.NOT_TESTED
    assert 'key: "env:NAME"' in stale.reason
    assert outcome_of(summary, "SIG-01") is Outcome.INCONCLUSIVE


def test_without_a_key_an_open_door_is_still_found(serve: Serve, audit: Audit) -> None:
    def open_door(steps: Steps) -> Steps:
        return replace(steps, verify=lambda _s, _b, _h: None)

    summary = audit(serve("ghl", open_door), key=None)
    assert outcome_of(summary, "SIG-01") is Outcome.FAIL
    assert summary.passed is False


def test_a_busy_receiver_is_given_time(
    street: Street, upstream: str, serve: Serve, audit: Audit
) -> None:
    """Every other request gets a 429: patience, not a verdict."""
    app = receiver(steps_for("ghl", KEYS["ghl"], upstream))
    count = iter(range(100_000))

    async def busy(scope: object, receive: object, send: object) -> None:
        if next(count) % 2 == 0:
            answer = Response(status_code=429, headers={"Retry-After": "0"})
            await answer(scope, receive, send)  # type: ignore[arg-type] # reason: ASGI's own shapes
        else:
            await app(scope, receive, send)  # type: ignore[arg-type] # reason: as above

    url = street.app(busy) + PATH  # type: ignore[arg-type] # reason: any ASGI app serves
    summary = audit(url, scope=SIGNATURE)
    assert summary.score == 100.0


def test_what_a_receiver_answers_stays_inert_and_without_secrets(
    street: Street, upstream: str
) -> None:
    secret = b"a-shared-secret-of-some-length"
    token = "Bearer 0123456789-staging"

    async def shouting(request: Request) -> Response:
        await request.body()
        said = b"\x1b[31m\x00<script>alert(1)</script>\xe2\x80\xae " + secret + token.encode()
        headers = {"X-Echo": token, "X-Key": secret.decode()}
        return Response(said, headers=headers, media_type="text/html")

    url = street.app(Starlette(routes=[Route(PATH, shouting, methods=["POST"])])) + PATH
    audited = AuditedReceiver(
        url + "?token=very-secret",
        scheme="hmac-timestamp",
        key=secret,
        upstream_url=upstream,
        headers=(("Authorization", token),),
    )
    summary = run_audit(audited, scope=SIGNATURE, bounds=replace(QUICK, act_within_s=0.2))
    shown = [
        exchange
        for one in summary.checks
        for exchange in one.evidence
        if exchange.status == 200  # others are the framework's own, which shouts nothing
    ]
    assert shown
    for exchange in shown:
        assert not {"\x1b", "\x00", "\u202e"} & set(exchange.reply_body)
        assert "<script>" in exchange.reply_body
    everything = repr(summary)
    for hidden in (secret.decode(), token, "very-secret"):
        assert hidden not in everything
    assert secret.decode() not in repr(audited)


def test_a_gzip_bomb_is_not_inflated(street: Street, audit: Audit) -> None:
    bomb = gzip.compress(b"\x00" * 50_000_000)

    async def bombing(request: Request) -> Response:
        await request.body()
        return Response(bomb, status_code=401, headers={"Content-Encoding": "gzip"})

    url = street.app(Starlette(routes=[Route(PATH, bombing, methods=["POST"])])) + PATH
    summary = audit(url, scope=frozenset({"SIG-01"}))
    for one in summary.checks:
        for exchange in one.evidence:
            assert len(exchange.reply_body) < 20_000


def test_bounds_end_an_audit_and_what_was_not_asked_is_an_error(serve: Serve, audit: Audit) -> None:
    summary = audit(serve("ghl"), bounds=replace(QUICK, requests=6))
    assert_nothing_is_claimed(summary)
    reasons = [one.reason for one in summary.checks if one.outcome is Outcome.ERROR]
    assert any("6 requests were spent" in reason for reason in reasons)


def test_a_scope_leaves_the_rest_out_and_says_so(serve: Serve, audit: Audit) -> None:
    summary = audit(serve("ghl"), scope=REPLAY)
    assert outcome_of(summary, "SIG-01") is Outcome.SKIP
    assert outcome_of(summary, "RPL-05") is Outcome.PASS
    absent = next(one for one in summary.cautions if one.code == "audit-topics-absent")
    assert "signature" in absent.text


def test_wrong_names_and_keys_are_refused_before_anything_is_sent(upstream: str) -> None:
    url = f"http://127.0.0.1:{unused_port()}/"
    with pytest.raises(UsageError, match="unknown scope 'signatur'") as refused:
        run_audit(AuditedReceiver(url), scope=frozenset({"signatur"}))
    assert "signature" in refused.value.hint
    with pytest.raises(UsageError, match="unknown scheme"):
        run_audit(AuditedReceiver(url, scheme="nonesuch"))
    with pytest.raises(KeyMaterialError):
        run_audit(AuditedReceiver(url, key=b"no key"))
    with pytest.raises(UsageError, match="no http or https URL"):
        run_audit(AuditedReceiver("ftp://127.0.0.1/"))


def test_an_upstream_that_is_not_there_is_named_before_anything_is_sent(serve: Serve) -> None:
    gone = f"http://127.0.0.1:{unused_port()}"
    with pytest.raises(NotMeasuredError, match="the upstream"):
        run_audit(AuditedReceiver(serve("ghl"), key=KEYS["ghl"], upstream_url=gone))


def test_a_server_that_is_no_upstream_is_named(serve: Serve) -> None:
    with pytest.raises(NotMeasuredError, match="keeps no ledger"):
        run_audit(AuditedReceiver(serve("ghl"), key=KEYS["ghl"], upstream_url=serve("ghl")))


def test_min_score_is_held_against_the_lower_bound(serve: Serve, upstream: str) -> None:
    url = serve("ghl")
    audited = AuditedReceiver(url, key=KEYS["ghl"], upstream_url=upstream)
    scope = frozenset({"SIG-01"})
    assert run_audit(audited, scope=scope, min_score=95.0, bounds=QUICK).passed
    blind = replace(audited, upstream_url=None)
    summary = run_audit(blind, scope=frozenset({"SIG-01", "RPL-05"}), min_score=95.0, bounds=QUICK)
    assert summary.score == 100.0
    assert summary.score_low is not None
    assert summary.score_low < 95.0
    assert summary.passed is False
