"""A receiver is asked what its provider would ask it, and what anybody could."""

import time

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ghlctl.model.finding import Outcome
from ghlctl.model.health import HealthCheck
from ghlctl.signing.challenge import CHALLENGES, FORGED, Asked, Secrets
from ghlctl.transport.capture import Captured
from ghlctl.transport.challenging import challenge
from ghlctl.transport.listening import Challenged, make_listener
from ghlctl.transport.probe import health
from ghlctl.transport.reach import Reach
from ghlctl.transport.readiness import ready
from tests.audit.street import Street, unused_port

KNOWN = Secrets(b"s3cret-token", "v3rify")
every = pytest.mark.parametrize("scheme", list(CHALLENGES))


def kept(_: Captured) -> None:
    return None


def asked(url: str, scheme: str, known: Secrets = KNOWN) -> dict[str, HealthCheck]:
    with Reach(timeout_s=5) as reach:
        return {one.id: one for one in challenge(reach, url, scheme, known, now=time.time)}


@every
def test_a_listener_that_knows_the_secret_answers_rightly_and_nobody_else(
    street: Street, scheme: str
) -> None:
    url = street.app(make_listener(kept, None, Challenged(CHALLENGES[scheme], KNOWN))) + "/hook?a=1"
    found = asked(url, scheme)
    assert [one.outcome for one in found.values()] == [Outcome.PASS, Outcome.PASS]


@every
def test_a_receiver_that_knows_nothing_of_challenges_is_said_so_and_can_be_measured(
    street: Street, scheme: str
) -> None:
    url = street.app(make_listener(kept)) + "/hook"
    assert asked(url, scheme)["challenge"].outcome is Outcome.FAIL
    summary = health(ready(url, provider="ghl", scheme=scheme, key=KNOWN.key, verify_token="v"))
    found = {one.id: one for one in summary.checks}
    assert found["challenge"].outcome is Outcome.WARN
    assert found["challenge_forged"].outcome is Outcome.PASS
    assert summary.passed


def answers_anybody(scheme: str) -> Starlette:
    """Answers whoever asks, as receivers do that take the challenge before they verify."""
    kind = CHALLENGES[scheme]

    async def take(request: Request) -> Response:
        body = await request.body()
        headers = tuple(request.headers.items())
        one = Asked(request.method, str(request.url), headers, body)
        if scheme == "zoom":  # hashes with its own secret what anybody wants to have hashed
            token = (await request.json())["payload"]["plainToken"]
            one = kind.ask(str(request.url), token, KNOWN, time.time())
            return Response(kind.answer(one, KNOWN))
        return Response(kind.answer(one, FORGED) or kind.answer(one, KNOWN))

    return Starlette(routes=[Route("/hook", take, methods=["GET", "POST"])])


@every
def test_a_receiver_that_answers_a_forged_challenge_is_warned_of(
    street: Street, scheme: str
) -> None:
    found = asked(street.app(answers_anybody(scheme)) + "/hook", scheme)
    assert found["challenge"].outcome is Outcome.PASS
    assert found["challenge_forged"].outcome is Outcome.WARN
    assert CHALLENGES[scheme].forged_means in found["challenge_forged"].detail


@every
def test_without_what_is_needed_it_is_not_asked(street: Street, scheme: str) -> None:
    url = street.app(make_listener(kept)) + "/hook"
    assert asked(url, scheme, Secrets(b""))["challenge"].outcome is Outcome.NOT_TESTED


@every
def test_a_receiver_that_is_not_there_answers_nothing(scheme: str) -> None:
    found = asked(f"http://127.0.0.1:{unused_port()}/", scheme)
    assert found["challenge"].outcome is Outcome.FAIL
    assert found["challenge_forged"].outcome is Outcome.WARN


def test_other_schemes_are_not_asked_at_all(street: Street) -> None:
    url = street.app(make_listener(kept)) + "/hook"
    summary = health(ready(url, provider="ghl", scheme="github", key=b"secret"))
    assert not [one for one in summary.checks if one.id.startswith("challenge")]
