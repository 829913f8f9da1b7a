"""The hardened receiver as strangers, its provider and its operator meet it."""

import json
import sqlite3
import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.reference.conftest import RECEIVER, SECRET

GUARDED = {
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
}
FEW = """
from ghlctl.reference import gate, screening
from ghlctl.reference.rates import Rate
gate.FORGERIES = Rate(per_s=0.001, burst=3.0)
screening.EVENTS = Rate(per_s=1.0, burst=3.0)
"""
NAME = "O'Brien & Sons <3"


@pytest.fixture(scope="module")
def strict(shared: Any, upstream: Any) -> Any:
    """A receiver that takes few of everything."""
    return shared.receiver(upstream.url, program=FEW + RECEIVER)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/docs", 404, "not_found"),
        ("GET", "/openapi.json", 404, "not_found"),
        ("GET", "/metrics", 404, "not_found"),
        ("POST", "/webhooks/ghl/", 404, "not_found"),
        ("GET", "/webhooks/ghl", 405, "method_not_allowed"),
        ("TRACE", "/webhooks/ghl", 405, "method_not_allowed"),
        ("POST", "/webhooks/ghl", 401, "unauthorized"),
    ],
)
def test_every_refusal_is_a_code_and_nothing_else(
    optimized: Any, method: str, path: str, status: int, code: str
) -> None:
    reply = httpx.request(method, optimized.url + path, headers={"Host": "evil.example"})
    assert (reply.status_code, reply.json()) == (status, {"error": code})
    assert GUARDED.items() <= dict(reply.headers).items()
    assert not {"server", "location", "x-powered-by"} & set(reply.headers)
    assert (status == 405) == ("allow" in reply.headers)


def test_an_acknowledgement_is_guarded_too_and_the_baseline_is_not(
    optimized: Any, baseline: Any, deliveries: Any
) -> None:
    sender = deliveries(optimized.url)
    reply = sender.send(sender.body())
    assert reply.status_code == 200
    assert GUARDED.items() <= dict(reply.headers).items()
    assert "x-content-type-options" not in httpx.get(f"{baseline.url}/health").headers
    assert httpx.post(f"{baseline.url}/webhooks/ghl/").status_code == 307


def test_health_tells_strangers_that_it_lives_and_no_more(optimized: Any, baseline: Any) -> None:
    for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": "a token of the tests"}):
        assert httpx.get(f"{optimized.url}/health", headers=headers).json() == {"status": "ok"}
    assert "switches" in optimized.health()
    assert "switches" in httpx.get(f"{baseline.url}/health").json()


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("Content-Type", "application/json", 200),
        ("Content-Type", "Application/JSON; charset=UTF-8", 200),
        ("Content-Type", "application/cloudevents+json", 200),
        ("Content-Type", "application/json; charset=utf-16", 415),
        ("Content-Type", "application/xml", 415),
        ("Content-Type", "text/plain", 415),
        ("Content-Type", "application/x-www-form-urlencoded", 415),
        ("Content-Encoding", "identity", 200),
        ("Content-Encoding", "gzip", 415),
        ("Content-Encoding", "deflate, br", 415),
        ("Expect", "100-continue", 200),
        ("Expect", "a miracle", 417),
    ],
)
def test_only_json_as_it_is_gets_in(
    optimized: Any, deliveries: Any, name: str, value: str, status: int
) -> None:
    sender = deliveries(optimized.url)
    raw = json.dumps(sender.body()).encode()
    reply = sender.send(raw, headers=sender.signature(raw, 0) | {name: value})
    assert reply.status_code == status
    assert status == 200 or set(reply.json()) == {"error"}


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a": 1, "a": 2}',
        b'{"__proto__": {"x": 1}}',
        rb'{"x": "\ud800"}',
        b"[" * 100 + b"]" * 100,
        b'{"x": 1e999}',
    ],
)
def test_a_structure_that_no_event_has_is_refused_by_a_code_alone(
    optimized: Any, deliveries: Any, raw: bytes
) -> None:
    sender = deliveries(optimized.url)
    event = json.dumps(sender.body()).encode()
    inside = event[:-1] + b', "extra": ' + raw + b"}"
    reply = sender.send(inside)
    assert (reply.status_code, reply.json()) == (422, {"error": "unprocessable"})


def test_a_forger_is_throttled_and_the_provider_beside_it_is_not(
    strict: Any, upstream: Any, deliveries: Any, eventually: Any
) -> None:
    sender = deliveries(strict.url)
    forged = [
        sender.send(sender.body(), headers={"X-Forwarded-For": f"203.0.113.{n}"}) for n in range(6)
    ]
    assert [reply.status_code for reply in forged] == [401] * 3 + [429] * 3
    assert int(forged[-1].headers["Retry-After"]) >= 1
    body = sender.body()
    assert sender.send(body).status_code == 200
    assert eventually(lambda: upstream.effects(body["webhookId"])) == ["update"]


def test_a_location_beyond_its_rate_waits_and_loses_nothing(
    strict: Any, upstream: Any, deliveries: Any, eventually: Any
) -> None:
    sender = deliveries(strict.url)
    location = uuid.uuid4().hex[:20]
    bodies = [sender.body(locationId=location) for _ in range(30)]
    replies = [sender.send(body) for body in bodies]
    busy = [b for b, reply in zip(bodies, replies, strict=True) if reply.status_code == 429]
    assert busy
    assert {reply.status_code for reply in replies} == {200, 429}
    assert all(r.headers["Retry-After"] == "1" for r in replies if r.status_code == 429)
    assert sender.send(sender.body()).status_code == 200
    assert eventually(lambda: sender.send(busy[0]).status_code == 200)
    assert eventually(lambda: upstream.effects(busy[0]["webhookId"])) == ["update"]


def test_what_the_provider_adds_and_what_people_wrote_is_stored_unharmed(
    start: Any, upstream: Any, deliveries: Any, eventually: Any
) -> None:
    state: Path = start.state()
    receiver = start.receiver(upstream.url, state=state)
    sender = deliveries(receiver.url)
    contact = sender.body(companyName=NAME, loyalty={"name": NAME, "points": 1.0})
    of_it = {"contactId": contact["id"], "email": ..., "phone": ..., "city": ..., "tags": ...}
    mail = {"messageType": "Email", "body": "<p>Hi<script>x</script>"}
    sender.send(contact)
    sender.send(sender.body(type="InboundMessage", source=..., **of_it, **mail))
    sender.send(sender.body(type="NoteCreate", source=..., **of_it, body=f"{NAME}\x07"))
    assert eventually(lambda: receiver.counters()["processed"] == 3)
    receiver.stop()
    connection = sqlite3.connect(state / "receiver.sqlite")
    rows = connection.execute("SELECT kept FROM insight ORDER BY seq").fetchall()
    connection.close()
    assert [json.loads(kept) for (kept,) in rows] == [
        {"words": {"companyName": NAME}, "unknown": {"loyalty": {"name": NAME, "points": 1.0}}},
        {"words": {"body": "<p>Hi</p>"}},
        {"words": {"body": NAME}},
    ]


def test_a_name_and_a_tag_upstream_survive_to_the_byte(
    optimized: Any, upstream: Any, deliveries: Any, eventually: Any
) -> None:
    sender = deliveries(optimized.url)
    body = sender.body(type="ContactUpdate", companyName=NAME)
    place = f"{upstream.url}/contacts/{body['id']}"
    headers = {"Authorization": f"Bearer loc-{body['locationId']}", "Version": "2021-07-28"}
    httpx.put(place, headers=headers, json={"lastName": NAME, "tags": [NAME]})
    assert sender.send(body).status_code == 200
    assert eventually(lambda: upstream.effects(body["webhookId"])) == ["update"]
    contact = httpx.get(place, headers=headers).json()["contact"]
    assert contact["lastName"] == NAME
    assert NAME in contact["tags"]


def test_a_task_of_nobody_asks_for_nothing(optimized: Any, deliveries: Any) -> None:
    sender = deliveries(optimized.url)
    body = sender.body(type="TaskCreate", id=..., contactId=...)
    assert sender.send(body).json() == {"status": "ignored"}


def test_no_secret_is_in_any_answer_or_log(start: Any, deliveries: Any, upstream: Any) -> None:
    receiver = start.receiver(upstream.url, scheme="hmac-timestamp")
    sender = deliveries(receiver.url, "hmac-timestamp")
    replies = [
        sender.send(sender.body()),
        sender.send(b"{"),
        sender.send(sender.body(id=7)),
        sender.send(sender.body(), headers={}),
        sender.send(sender.body(), route="/nowhere"),
        httpx.get(f"{receiver.url}/health"),
    ]
    receiver.stop()
    said = "".join(f"{reply.headers}{reply.text}" for reply in replies) + receiver.log.read_text()
    assert SECRET.private.decode().strip() not in said
    assert "a token of the tests" not in said
