"""Nine questions about readiness, each with a clear outcome in bounded time."""

import asyncio
import time
from dataclasses import replace
from email.utils import formatdate

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ghlctl.errors import KeyMaterialError, UsageError
from ghlctl.model.delivery import Reply
from ghlctl.model.finding import Outcome
from ghlctl.model.health import HealthSummary
from ghlctl.signing.catalogue import scheme_named
from ghlctl.transport.clocks import skew_s
from ghlctl.transport.probe import Ready, _clock, health
from ghlctl.transport.readiness import ready
from tests.audit.book import upstream_app
from tests.audit.receivers import PATH, receiver, steps_for
from tests.audit.street import Street, Talk, unused_port

KEY = scheme_named("ghl").generate().private


def asked(url: str, **changes: object) -> HealthSummary:
    question = ready(url, provider="ghl", scheme="ghl", key=KEY, timeout_s=2.0)
    return health(replace(question, **changes))  # type: ignore[arg-type] # reason: the fields are named by the tests


def outcomes(summary: HealthSummary) -> dict[str, Outcome]:
    return {check.id: check.outcome for check in summary.checks}


def test_a_receiver_that_is_ready_passes_every_question(street: Street) -> None:
    upstream = street.app(upstream_app())
    app = receiver(steps_for("ghl", KEY, upstream))

    async def fine(request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    app.routes.append(Route("/health", fine))
    summary = asked(street.app(app) + PATH, upstream_url=upstream)
    found = outcomes(summary)
    assert found.pop("tls") is Outcome.NOT_APPLICABLE
    assert set(found.values()) == {Outcome.PASS}
    assert len(found) == 8
    assert summary.passed


def test_a_missing_health_endpoint_is_no_failure(street: Street) -> None:
    upstream = street.app(upstream_app())
    summary = asked(street.app(receiver(steps_for("ghl", KEY, upstream))) + PATH)
    assert outcomes(summary)["health_endpoint"] is Outcome.INFORMATIVE
    assert summary.passed


def test_without_a_key_the_genuine_delivery_is_not_tested(street: Street) -> None:
    upstream = street.app(upstream_app())
    url = street.app(receiver(steps_for("ghl", KEY, upstream))) + PATH
    summary = health(ready(url, provider="ghl", scheme="ghl", key=None))
    genuine = next(check for check in summary.checks if check.id == "genuine")
    assert genuine.outcome is Outcome.NOT_TESTED
    assert "--key" in genuine.hint
    assert outcomes(summary)["forgery"] is Outcome.PASS


def test_a_receiver_that_trusts_another_key_fails_and_says_so(street: Street) -> None:
    other = scheme_named("ghl").generate().private
    url = street.app(receiver(steps_for("ghl", other, "http://127.0.0.1:1"))) + PATH
    summary = asked(url)
    assert outcomes(summary)["genuine"] is Outcome.FAIL
    assert not summary.passed


def test_a_receiver_that_accepts_forgeries_is_warned_about(street: Street) -> None:
    async def yes(request: Request) -> Response:
        return Response()

    summary = asked(street.app(Starlette(routes=[Route(PATH, yes, methods=["POST"])])) + PATH)
    assert outcomes(summary)["forgery"] is Outcome.WARN
    forgery = next(check for check in summary.checks if check.id == "forgery")
    assert forgery.detail == "a forged delivery was answered 200, as if it were accepted"
    assert "ghlctl audit" in forgery.hint


def test_a_difference_of_less_than_half_a_second_has_no_minus() -> None:
    date = (("Date", "Tue, 14 Nov 2023 22:13:20 GMT"),)
    check = _clock(Reply(200, date, b"", 0.0, 0.0, 0.0), 1_700_000_000.9)
    assert check.detail.startswith("the receiver's clock differs by +0 s")


def test_a_receiver_that_is_not_there_fails_to_connect_and_is_asked_no_more() -> None:
    summary = asked(f"http://127.0.0.1:{unused_port()}{PATH}")
    found = outcomes(summary)
    assert found["connects"] is Outcome.FAIL
    assert {found[name] for name in ("genuine", "forgery", "speed", "clock")} == {
        Outcome.NOT_TESTED
    }
    assert not summary.passed


def test_a_name_that_does_not_resolve_fails_first() -> None:
    summary = asked("http://receiver.invalid/webhooks/ghl")
    assert outcomes(summary)["resolves"] is Outcome.FAIL
    assert not summary.passed


async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(30)


async def babbling(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(100)
    writer.write(b"\x1b[2J\x00" * 100)
    await writer.drain()


@pytest.mark.parametrize("talk", [mute, babbling])
def test_a_receiver_that_never_answers_sense_fails_in_bounded_time(
    street: Street, talk: Talk
) -> None:
    started = time.monotonic()
    summary = asked(street.raw(talk) + PATH, timeout_s=0.3)
    found = outcomes(summary)
    assert found["connects"] is Outcome.PASS
    assert found["genuine"] is Outcome.FAIL
    assert not summary.passed
    assert all(check.detail.isprintable() for check in summary.checks)
    assert time.monotonic() - started < 10


def test_an_upstream_that_is_not_there_fails(street: Street) -> None:
    url = street.app(receiver(steps_for("ghl", KEY, "http://127.0.0.1:1"))) + PATH
    summary = asked(url, upstream_url=f"http://127.0.0.1:{unused_port()}")
    assert outcomes(summary)["upstream"] is Outcome.FAIL


def test_a_clock_minutes_away_is_warned_about(street: Street) -> None:
    async def late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        date = formatdate(time.time() - 240, usegmt=True)
        writer.write(f"HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()
        await asyncio.sleep(0.2)

    summary = asked(street.raw(late) + PATH)
    clock = next(check for check in summary.checks if check.id == "clock")
    assert clock.outcome is Outcome.WARN
    assert "-240" in clock.detail or "-239" in clock.detail or "-241" in clock.detail


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("Tue, 14 Nov 2023 22:13:20 GMT", 0.5),
        ("Tue, 14 Nov 2023 22:14:20 GMT", 60.5),
        ("Tue, 14 Nov 2023 22:13:20", 0.5),
        ("yesterday", None),
        ("", None),
    ],
)
def test_a_skew_is_read_from_a_date_or_not_at_all(date: str, expected: float | None) -> None:
    reply = Reply(200, (("date", date),), b"", 0.0, 0.0, 0.0)
    assert skew_s(reply, 1_700_000_000.0) == expected
    assert skew_s(Reply(200, (), b"", 0.0, 0.0, 0.0), 0.0) is None


def test_wrong_names_and_keys_are_refused() -> None:
    with pytest.raises(UsageError):
        ready("http://127.0.0.1/", provider="none", scheme="ghl", key=None)
    with pytest.raises(KeyMaterialError):
        ready("http://127.0.0.1/", provider="ghl", scheme="ghl", key=b"no key")
    with pytest.raises(UsageError):
        health(Ready("nothing", ready("x", provider="ghl", scheme="ghl", key=None).forgery))
