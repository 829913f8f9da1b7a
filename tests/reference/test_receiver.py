"""Both profiles as processes, with a real upstream whose ledger says what they did."""

import json
import signal
import socket
import subprocess
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from ghlctl.errors import KeyMaterialError, UsageError
from ghlctl.providers.catalogue import provider_named
from ghlctl.providers.deliver import encode
from ghlctl.reference.incoming import family_of
from ghlctl.reference.serve import ReceiverSettings, serve_receiver
from ghlctl.signing.ghl import Ghl

FIELDS = ["score", "matches", "segment", "next-contact", "tags"]
ROUTES = {
    "contact.created": "ContactCreate",
    "contact.updated": "ContactUpdate",
    "opportunity.created": "OpportunityCreate",
    "appointment.scheduled": "AppointmentCreate",
}


def test_every_way_of_updating_leaves_the_same_contact_behind(
    baseline: Any, optimized: Any, start: Any, upstream: Any, deliveries: Any, eventually: Any
) -> None:
    contacts = []
    bulk = start.receiver(upstream.url, "optimized", "upstream_updates=bulk")
    for receiver, operations in ((baseline, FIELDS), (optimized, ["update"]), (bulk, ["update"])):
        sender = deliveries(receiver.url)
        location = uuid.uuid4().hex[:20]
        for change in ({}, {"type": "ContactUpdate", "source": "friend's referral", "tags": []}):
            body = sender.body(id="TheSameContact000001", locationId=location, **change)
            assert sender.send(body).status_code == 200
            wanted = eventually(lambda id_=body["webhookId"]: upstream.effects(id_))
            assert wanted == operations
        assert eventually(lambda: receiver.counters()["processed"] >= 2)  # noqa: B023 - asked at once
        contact = httpx.get(
            f"{upstream.url}/contacts/TheSameContact000001",
            headers={"Authorization": f"Bearer loc-{location}", "Version": "2021-07-28"},
        ).json()["contact"]
        contacts.append({name: contact[name] for name in ("tags", "customFields")})
    assert contacts[0] == contacts[1] == contacts[2]
    assert {f["key"] for f in contacts[0]["customFields"]} == {
        "lead_score",
        "matched_listings",
        "behaviour_segment",
        "next_contact_hour",
    }


def test_every_event_that_is_provided_is_taken_by_both(
    receiver: Any, upstream: Any, deliveries: Any, eventually: Any
) -> None:
    provider = provider_named("ghl")
    source = provider.source(5, contacts=20, locations=20)
    sender = deliveries(receiver.url)
    acted = []
    opted_out = {"ContactDndUpdate", "ContactDelete"}  # asked for nothing but to be left alone
    for event_type in sorted(provider.event_types, key=opted_out.__contains__):
        id_ = str(uuid.uuid4())
        event = source.event(event_type, at=time.time(), delivery_id=id_)
        reply = sender.send(encode(event))
        assert reply.status_code == 200, (event_type, reply.text)
        if event_type not in opted_out and family_of(event.payload["type"]) is not None:
            acted.append(id_)
    assert len(acted) == 21
    keys = {id_: eventually(lambda id_=id_: upstream.effects(id_)) for id_ in acted}
    assert all(keys.values())


@pytest.mark.parametrize("route", ROUTES)
def test_each_route_of_its_own_takes_its_event(receiver: Any, deliveries: Any, route: str) -> None:
    sender = deliveries(receiver.url)
    extra = {"contactId": "c1", "appointment": {"contactId": "c1"}}
    body = sender.body(type=ROUTES[route], **extra)
    assert sender.send(body, route=f"/api/v1/ghl/webhook/{route}").status_code == 200


def test_there_is_nothing_else(receiver: Any) -> None:
    assert httpx.get(f"{receiver.url}/docs").status_code == 404
    assert httpx.get(f"{receiver.url}/webhooks/ghl").status_code == 405
    assert httpx.post(f"{receiver.url}/api/v1/ghl/webhook/contact.gone").status_code == 404


def test_health_tells_the_profile_and_nothing_of_anybody(optimized: Any, deliveries: Any) -> None:
    sender = deliveries(optimized.url)
    sender.send(sender.body(email="secret.person@example.com"))
    about = optimized.health()
    assert (about["status"], about["profile"]) == ("ok", "optimized")
    assert about["pid"] == optimized.process.pid
    assert about["counters"]["accepted"] >= 1
    assert "secret.person" not in json.dumps(about)


@pytest.mark.parametrize(
    "headers",
    [{}, {"X-GHL-Signature": ""}, {"X-GHL-Signature": "N/A"}, {"X-GHL-Signature": "A" * 88}],
)
def test_a_forgery_is_refused_and_has_no_effect(
    receiver: Any, upstream: Any, deliveries: Any, headers: dict[str, str]
) -> None:
    sender = deliveries(receiver.url)
    body = sender.body()
    assert sender.send(body, headers=headers).status_code == 401
    assert sender.send(sender.body()).status_code == 200
    assert not upstream.effects(body["webhookId"])


def test_an_altered_body_is_refused(receiver: Any, deliveries: Any) -> None:
    sender = deliveries(receiver.url)
    signed = sender.signature(json.dumps(sender.body()).encode(), 0)
    assert sender.send(sender.body(), headers=signed).status_code == 401


def test_a_duplicate_is_acknowledged_and_acted_on_once_only_where_ids_are_kept(
    baseline: Any, optimized: Any, upstream: Any, deliveries: Any, eventually: Any
) -> None:
    for receiver, expected in ((baseline, 2), (optimized, 1)):
        sender = deliveries(receiver.url)
        body, last = sender.body(), sender.body()
        raw = json.dumps(body).encode()
        assert [sender.send(raw).status_code for _ in range(2)] == [200, 200]
        # The last delivery is of the same contact: once it is done, so is all before it.
        sender.send(last | {"id": body["id"]})
        assert eventually(lambda id_=last["webhookId"]: upstream.effects(id_))
        operation = upstream.effects(last["webhookId"])[0]
        assert upstream.effects(body["webhookId"]).count(operation) == expected


def test_of_many_copies_at_once_one_is_acted_on(
    optimized: Any, upstream: Any, deliveries: Any, eventually: Any
) -> None:
    sender = deliveries(optimized.url)
    body = sender.body()
    raw = json.dumps(body).encode()
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: sender.send(raw), range(8)))
    assert [reply.status_code for reply in replies] == [200] * 8
    statuses = sorted(reply.json()["status"] for reply in replies)
    assert statuses == ["accepted"] + ["duplicate"] * 7
    assert eventually(lambda: upstream.effects(body["webhookId"])) == ["update"]


DAY_S = 86_400


@pytest.mark.parametrize(
    ("age_s", "status"),
    [(900, 200), (3 * DAY_S, 200), (3 * DAY_S + 400, 401), (-290, 200), (-310, 401)],
)
def test_a_body_may_be_as_old_as_the_last_attempt_and_not_from_the_future(
    optimized: Any, baseline: Any, deliveries: Any, age_s: float, status: int
) -> None:
    for receiver, expected in ((optimized, status), (baseline, 200)):
        sender = deliveries(receiver.url)
        assert sender.send(sender.body(age_s=age_s)).status_code == expected


@pytest.mark.parametrize(("age_s", "status"), [(290, 200), (310, 401), (-310, 401), (-290, 200)])
def test_a_window_of_five_minutes_may_be_asked_for(
    start: Any, upstream: Any, deliveries: Any, age_s: float, status: int
) -> None:
    receiver = start.receiver(upstream.url, "baseline", "timestamp_window=300s")
    sender = deliveries(receiver.url)
    assert sender.send(sender.body(age_s=age_s)).status_code == status


def test_an_old_body_is_acted_on_once_however_often_it_comes(
    optimized: Any, upstream: Any, deliveries: Any, eventually: Any
) -> None:
    sender = deliveries(optimized.url)
    body = sender.body(age_s=2 * DAY_S)
    assert [sender.send(body).json()["status"] for _ in range(2)] == ["accepted", "duplicate"]
    assert eventually(lambda: upstream.effects(body["webhookId"])) == ["update"]


def test_a_scheme_with_a_time_of_its_own_is_held_to_that(
    start: Any, upstream: Any, deliveries: Any
) -> None:
    receiver = start.receiver(upstream.url, scheme="hmac-timestamp")
    sender = deliveries(receiver.url, "hmac-timestamp")
    assert sender.send(sender.body(age_s=900)).status_code == 200
    assert sender.send(sender.body(), at=time.time() - 310).status_code == 401


@pytest.mark.parametrize(
    "change",
    [
        {"id": 7},
        {"id": ""},
        {"id": "../locations"},
        {"id": ...},
        {"email": {"$gt": ""}},
        {"tags": "vip"},
        {"dnd": "yes"},
        {"locationId": ["L"]},
        {"webhookId": ...},
        {"webhookId": "a\r\nX-Evil: 1"},
        {"timestamp": 1700000000},
        {"timestamp": "yesterday"},
        {"type": None},
    ],
)
def test_a_wrong_type_is_refused_without_a_word_of_why(
    optimized: Any, upstream: Any, deliveries: Any, eventually: Any, change: dict[str, Any]
) -> None:
    sender = deliveries(optimized.url)
    assert eventually(lambda: optimized.counters()["backlog"] == 0)  # of the tests before
    before = len(upstream.ledger())
    reply = sender.send(sender.body(**change))
    assert (reply.status_code, reply.json()) == (422, {"error": "unprocessable"})
    assert len(upstream.ledger()) == before


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff\xfe", b'{"a":' * 50_000, b'{"type": NaN}'])
def test_what_is_no_json_is_refused_by_both(receiver: Any, deliveries: Any, raw: bytes) -> None:
    assert deliveries(receiver.url).send(raw).status_code in (400, 422)


@pytest.mark.parametrize("change", [{"id": 7}, {"email": {"$gt": ""}}, {"tags": "vip"}, {"dnd": 3}])
def test_the_baseline_acts_on_wrong_types(
    baseline: Any, upstream: Any, deliveries: Any, change: dict[str, Any]
) -> None:
    sender = deliveries(baseline.url)
    body = sender.body(**change)
    assert sender.send(body).status_code == 200
    assert upstream.effects(body["webhookId"]) == FIELDS


@pytest.mark.parametrize("contact", ["..", "a/../../locations/x", "a?b=c", "%2e%2e"])
def test_an_id_stays_one_segment_of_the_path(
    baseline: Any, upstream: Any, deliveries: Any, contact: str
) -> None:
    sender = deliveries(baseline.url)
    body = sender.body(id=contact)
    assert sender.send(body).status_code == 200
    paths = [
        entry.path
        for entry in upstream.ledger()
        if entry.idempotency_key == f"{body['webhookId']}:score"
    ]
    assert len(paths) == 1
    assert paths[0].count("/") == 2
    assert "?" not in paths[0]


def test_a_header_cannot_be_smuggled_through_an_id(
    baseline: Any, upstream: Any, deliveries: Any
) -> None:
    sender = deliveries(baseline.url)
    assert sender.send(sender.body(webhookId="a\r\nX-Evil: 1")).status_code == 200
    assert upstream.effects("a%0D%0AX-Evil") or any(
        "%0D%0A" in entry.idempotency_key for entry in upstream.ledger()
    )


@pytest.mark.parametrize("announced", [True, False])
def test_more_than_a_mebibyte_is_refused_however_it_comes(
    optimized: Any, baseline: Any, deliveries: Any, announced: bool
) -> None:
    for receiver, status in ((optimized, 413), (baseline, 200)):
        sender = deliveries(receiver.url)
        raw = json.dumps(sender.body(notes="x" * 1024 * 1024)).encode()
        content = raw if announced else (raw[i : i + 65536] for i in range(0, len(raw), 65536))
        reply = httpx.post(
            f"{receiver.url}/webhooks/ghl", content=content, headers=sender.signature(raw, 0)
        )
        assert reply.status_code == status


def test_the_baseline_tells_callers_what_went_wrong_inside(start: Any, deliveries: Any) -> None:
    failing = start.upstream(fault_rate=1.0)
    receiver = start.receiver(failing.url, "baseline")
    sender = deliveries(receiver.url)
    reply = sender.send(sender.body())
    assert (reply.status_code, reply.json()["error"]) == (502, "upstream")
    assert "status 503" in reply.json()["detail"]
    assert len(failing.ledger()) == 2  # the call, and its one retry
    assert receiver.counters()["failed"] == 1


def test_what_was_acknowledged_outlasts_an_upstream_that_fails(
    start: Any, deliveries: Any, eventually: Any
) -> None:
    failing = start.upstream(fault_rate=0.5, seed=11)
    receiver = start.receiver(failing.url)
    sender = deliveries(receiver.url)
    bodies = [sender.body() for _ in range(20)]
    assert {sender.send(body).status_code for body in bodies} == {200}
    assert eventually(lambda: receiver.counters()["processed"] == 20)
    assert all(failing.effects(body["webhookId"]) == ["update"] for body in bodies)


def test_a_failed_delivery_may_come_again_where_ids_are_kept(start: Any, deliveries: Any) -> None:
    failing = start.upstream(fault_rate=1.0)
    receiver = start.receiver(failing.url, "baseline", "deduplicate=atomic")
    sender = deliveries(receiver.url)
    body = sender.body()
    assert [sender.send(body).status_code for _ in range(2)] == [502, 502]


def test_a_killed_receiver_finishes_what_it_acknowledged_at_its_next_start(
    start: Any, deliveries: Any, eventually: Any, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    state = start.state()
    receiver = start.receiver(f"http://127.0.0.1:{port}", state=state)
    sender = deliveries(receiver.url)
    bodies = [sender.body(type="ContactUpdate") for _ in range(5)]
    assert {sender.send(body).status_code for body in bodies} == {200}
    receiver.process.send_signal(signal.SIGKILL)
    receiver.process.wait(10)
    upstream = start.upstream(port=port)
    again = start.receiver(upstream.url, state=state)
    assert eventually(lambda: again.counters()["processed"] == 5)
    assert all(upstream.effects(body["webhookId"]) == ["update"] for body in bodies)
    assert deliveries(again.url).send(bodies[0]).json() == {"status": "duplicate"}
    assert again.counters()["recovered"] == 5


def test_a_stopped_receiver_finishes_its_work_first_and_says_0(start: Any, deliveries: Any) -> None:
    upstream = start.upstream(rtt_ms=200)
    receiver = start.receiver(upstream.url)
    sender = deliveries(receiver.url)
    bodies = [sender.body() for _ in range(5)]
    for body in bodies:
        assert sender.send(body).status_code == 200
    assert receiver.stop() == 0
    assert all(upstream.effects(body["webhookId"]) for body in bodies)


def test_the_log_holds_nothing_of_anybody(start: Any, deliveries: Any, eventually: Any) -> None:
    refusing = start.upstream(fault_rate=1.0, fault_status=404)
    receiver = start.receiver(refusing.url)
    sender = deliveries(receiver.url)
    body = sender.body(email="secret.person@example.com")
    sender.send(body)
    sender.send(b'{"email": "secret.person@example.com"')
    assert eventually(lambda: receiver.counters()["failed"])
    log = receiver.log.read_text()
    assert "failed for good" in log
    assert not any(word in log for word in ("secret", body["id"], body["phone"], "Traceback"))


def test_a_delivery_that_cannot_be_stored_is_answered_with_429(start: Any, deliveries: Any) -> None:
    upstream = start.upstream()
    state = start.state()
    receiver = start.receiver(upstream.url, state=state)
    sender = deliveries(receiver.url)
    held = subprocess.Popen(
        [sys.executable, "-c", HOLD_THE_WRITE_LOCK, str(state / "receiver.sqlite")],
        stdout=subprocess.PIPE,
    )
    with held:
        assert held.stdout
        held.stdout.readline()
        reply = sender.send(sender.body())
        held.kill()
    assert (reply.status_code, reply.json()) == (429, {"error": "busy"})
    assert reply.headers["Retry-After"]


HOLD_THE_WRITE_LOCK = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
time.sleep(60)
"""


def test_a_second_receiver_on_the_same_database_is_refused(
    start: Any, upstream: Any, tmp_path: Path
) -> None:
    state = start.state()
    receiver = start.receiver(upstream.url, state=state)
    assert receiver.url
    key = Ghl().generate().public
    with pytest.raises(UsageError, match="in use"):
        serve_receiver(
            ReceiverSettings(upstream_url=upstream.url, key=key, port=0, state_dir=state),
            announce=print,
        )


def test_a_port_in_use_is_said_in_one_line(start: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = ReceiverSettings(
            upstream_url="http://127.0.0.1:1",
            key=Ghl().generate().public,
            port=port,
            state_dir=start.state(),
        )
        with pytest.raises(UsageError, match=f"port {port}: Address already in use"):
            serve_receiver(settings, announce=print)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"upstream_url": "localhost:8701"}, UsageError),
        ({"database": "mysql://x/y"}, UsageError),
        ({"scheme": "rot13"}, UsageError),
        ({"key": b"no key"}, KeyMaterialError),
    ],
)
def test_settings_that_cannot_be_served_with_are_refused(
    start: Any, change: dict[str, Any], error: type[Exception]
) -> None:
    settings = {
        "upstream_url": "http://127.0.0.1:1",
        "key": Ghl().generate().public,
        "port": 0,
        "state_dir": start.state(),
    } | change
    with pytest.raises(error):
        serve_receiver(ReceiverSettings(**settings), announce=print)
