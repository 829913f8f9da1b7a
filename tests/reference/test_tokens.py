"""Access tokens by OAuth: had once, and refreshed when they end or are refused."""

import asyncio
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import msgspec
import pytest

from ghlctl.reference.calls import (
    Call,
    Persistence,
    Upstream,
    UpstreamRefusedError,
    UpstreamUnavailableError,
)
from ghlctl.reference.connections import Answered, Request, Unanswered
from ghlctl.reference.counters import Counters
from ghlctl.reference.tokens import LOCATIONS, OAuthTokens
from tests.reference.conftest import Deliveries, Starter

Eventually = Callable[[Callable[[], Any]], Any]
ONCE = Persistence(1, backoff=False)


class Platform:
    """Answers as HighLevel does; `good` is the access token that it takes."""

    def __init__(self, life_s: float = 1000.0) -> None:
        self.asked: list[str] = []
        self.life_s = life_s
        self.issued = 0
        self.good = ""
        self.refresh = ""
        self.answers: dict[str, Answered | Unanswered] = {}

    async def send(self, request: Request) -> Answered | Unanswered:
        await asyncio.sleep(0)
        path = request.url.path
        said = self.answers.get(path)
        if path == "/oauth/token":
            form = {name: one[0] for name, one in parse_qs((request.body or b"").decode()).items()}
            self.asked.append(form["grant_type"])
            return said or self._token(form)
        self.asked.append(path.rpartition("/")[2])
        if path == "/oauth/reconnect":
            return said or Answered(200, {}, b'{"authorizationCode": "code"}')
        fine = request.headers["Authorization"] == f"Bearer {self.good}"
        return said or Answered(200 if fine else 401, {}, b"{}")

    def _token(self, form: dict[str, str]) -> Answered:
        if form["grant_type"] == "refresh_token" and form["refresh_token"] != self.refresh:
            return Answered(400, {}, b"{}")
        self.issued += 1
        self.good, self.refresh = f"access{self.issued}", f"refresh{self.issued}"
        body: dict[str, Any] = {"access_token": self.good, "refresh_token": self.refresh}
        return Answered(200, {}, msgspec.json.encode(body | {"expires_in": self.life_s}))

    async def close(self) -> None:
        self.asked.clear()


def upstream(platform: Platform) -> Upstream:
    tokens = OAuthTokens("http://up", platform)
    return Upstream("http://up", platform, Counters(), None, None, tokens)


CALL = Call("GET", "L", "c")


def test_a_token_is_had_once_for_all_calls_of_a_location() -> None:
    platform = Platform()

    async def calls() -> None:
        up = upstream(platform)
        await asyncio.gather(*(up.perform(CALL, ONCE) for _ in range(3)))

    asyncio.run(calls())
    assert platform.asked[:2] == ["reconnect", "authorization_code"]
    assert platform.asked[2:] == ["c"] * 3


def test_a_refused_token_is_refreshed_once_for_all_that_wait_and_the_calls_made_again() -> None:
    platform = Platform()

    async def calls() -> Upstream:
        up = upstream(platform)
        await up.perform(CALL, ONCE)
        platform.good = "revoked"
        await asyncio.gather(*(up.perform(CALL, ONCE) for _ in range(3)))
        return up

    up = asyncio.run(calls())
    assert platform.asked.count("refresh_token") == 1
    assert platform.asked.count("reconnect") == 1
    assert up.counters.calls_troubled == 0


def test_a_call_whose_new_token_is_refused_too_is_given_up() -> None:
    platform = Platform()
    platform.answers["/contacts/c"] = Answered(401, {}, b"{}")
    with pytest.raises(UpstreamRefusedError, match="status 401"):
        asyncio.run(upstream(platform).perform(CALL, Persistence(None, backoff=True)))
    assert platform.asked.count("c") == 2


def test_a_token_is_refreshed_before_it_ends() -> None:
    platform = Platform(life_s=0.0)

    async def calls() -> None:
        up = upstream(platform)
        for _ in range(2):
            await up.perform(CALL, ONCE)

    asyncio.run(calls())
    assert platform.asked == ["reconnect", "authorization_code", "c", "refresh_token", "c"]


def test_a_refresh_token_that_is_refused_begins_anew() -> None:
    platform = Platform(life_s=0.0)

    async def calls() -> None:
        up = upstream(platform)
        await up.perform(CALL, ONCE)
        platform.refresh = "lost, as when the upstream was started anew"
        await up.perform(CALL, ONCE)

    asyncio.run(calls())
    assert platform.asked[3:] == ["refresh_token", "reconnect", "authorization_code", "c"]


@pytest.mark.parametrize("path", ["/oauth/reconnect", "/oauth/token"])
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Unanswered("TimeoutError"), UpstreamUnavailableError),
        (Answered(503, {}, b""), UpstreamUnavailableError),
        (Answered(200, {}, b"[]"), UpstreamUnavailableError),
        (Answered(401, {}, b"{}"), UpstreamRefusedError),
    ],
)
def test_a_token_that_cannot_be_had_is_a_failure_of_its_call(
    path: str, answer: Answered | Unanswered, error: type[Exception]
) -> None:
    platform = Platform()
    platform.answers[path] = answer
    with pytest.raises(error):
        asyncio.run(upstream(platform).perform(CALL, ONCE))
    assert "c" not in platform.asked


def test_tokens_of_many_locations_are_bounded() -> None:
    async def calls() -> int:
        tokens = OAuthTokens("http://up", Platform())
        for number in range(LOCATIONS + 5):
            tokens._of(str(number))
        return len(tokens._held)

    assert asyncio.run(calls()) == LOCATIONS


def test_a_receiver_goes_on_when_its_tokens_end(
    start: Starter, deliveries: type[Deliveries], eventually: Eventually
) -> None:
    upstream = start.upstream(oauth=True, token_life_s=1)
    sender = deliveries(start.receiver(upstream.url, "optimized", TEST_OAUTH="1").url)
    sent = []

    def refreshed() -> bool:
        body = sender.body(locationId="Loc1")
        assert sender.send(body).status_code == 200
        sent.append(body["webhookId"])
        time.sleep(0.2)
        return [entry.path for entry in upstream.ledger()].count("/oauth/token") > 1

    assert eventually(refreshed)
    assert eventually(lambda: all(upstream.effects(one) == ["update"] for one in sent))
    paths = [entry.path for entry in upstream.ledger()]
    assert paths.count("/oauth/reconnect") == 1


def test_a_receiver_without_oauth_is_refused_where_it_is_asked_for(
    start: Starter, deliveries: type[Deliveries]
) -> None:
    upstream = start.upstream(oauth=True)
    sender = deliveries(start.receiver(upstream.url, "baseline").url)
    assert sender.send(sender.body()).status_code == 502
    assert {entry.status for entry in upstream.ledger()} == {401}
