"""What a running receiver does with people's details: records, consent, erasure, silence."""

import asyncio
import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from ghlctl.reference.compliance.chain import verify
from ghlctl.reference.compliance.pseudonyms import Pseudonyms, key_in
from ghlctl.reference.redis_cache import cached_about
from tests.reference.canaries import Canary
from tests.reference.realdb import Redis


def records(state: Path) -> list[dict[str, Any]]:
    with (state / "audit.jsonl").open("rb") as lines:
        found = list(lines)
    assert verify(found, key_in(state).chain).problem is None
    return [json.loads(line) for line in found if b'"hash"' in line]


def actions(state: Path, delivery: str) -> list[str]:
    return [one["action"] for one in records(state) if one.get("delivery") == delivery]


def files_of(state: Path) -> Iterator[Path]:
    return (path for path in state.iterdir() if not path.is_symlink())


def traces(canary: Canary, state: Path, *logs: Path) -> list[tuple[str, bytes]]:
    """Where anything of a person stands in what a receiver wrote."""
    return [
        (path.name, form)
        for path in [*files_of(state), *logs]
        for form in canary.found_in(path.read_bytes())
    ]


@pytest.fixture
def canary() -> Canary:
    return Canary()


@pytest.fixture
def state(start: Any) -> Path:
    folder: Path = start.state()
    return folder


@pytest.fixture
def receiver(start: Any, upstream: Any, state: Path) -> Any:
    return start.receiver(upstream.url, "optimized", state=state)


def test_each_delivery_is_on_record_with_nothing_of_anybody_in_it(
    receiver: Any, upstream: Any, deliveries: Any, eventually: Any, state: Path, canary: Canary
) -> None:
    sender = deliveries(receiver.url)
    body = canary.of(sender.body())
    assert sender.send(body).json() == {"status": "accepted"}
    assert eventually(lambda: actions(state, body["webhookId"]) == ["received", "updated"])
    assert sender.send(body).json() == {"status": "duplicate"}
    assert eventually(lambda: len(actions(state, body["webhookId"])) == 3)
    first = next(one for one in records(state) if one["action"] == "received")
    names = Pseudonyms(key_in(state).pseudonyms)
    assert first["at"].endswith("+00:00")
    assert {name: first[name] for name in ("outcome", "event", "location", "actor")} == {
        "outcome": "accepted",
        "event": "ContactCreate",
        "location": body["locationId"],
        "actor": "ghl",
    }
    assert first["contact"] == names.contact(body["locationId"], body["id"])
    assert first["email"] == names.email(canary.email.upper())
    assert first["phone"] == names.phone("1 (512) 555-01" + canary.phones[0][-2:])
    assert first["purpose"]
    assert first["keep_until"] > first["at"]
    raw = (state / "audit.jsonl").read_bytes()
    assert canary.found_in(raw) == []
    assert body["id"].encode() not in raw


def test_each_refusal_is_on_record_with_its_reason(
    receiver: Any, deliveries: Any, eventually: Any, state: Path, canary: Canary
) -> None:
    sender = deliveries(receiver.url)
    forged = canary.of(sender.body(webhookId=canary.email))
    old = canary.of(sender.body(age_s=400_000))
    wrong = canary.of(sender.body(dnd="maybe"))
    assert sender.send(forged, headers={}).status_code == 401
    assert sender.send(old).status_code == 401
    assert sender.send(wrong).status_code == 422
    assert sender.send(json.dumps(wrong).encode()[:-9]).status_code == 400
    wanted = ["unauthorized", "stale", "unprocessable", "malformed"]

    def outcomes() -> list[str]:
        return [one["outcome"] for one in records(state) if one["action"] == "refused"]

    assert eventually(lambda: outcomes() == wanted)
    refusals = [one for one in records(state) if one["action"] == "refused"]
    assert [one.get("delivery") for one in refusals] == [
        None,
        old["webhookId"],
        wrong["webhookId"],
        None,
    ]
    assert all(len(one["network"]) == 32 for one in refusals)
    receiver.stop()
    assert traces(canary, state, receiver.log) == []
    said = [json.loads(line) for line in receiver.log.read_text().splitlines()]
    refused = [line["event"].split(":")[0] for line in said if "refused" in line["event"]]
    assert refused == [f"refused as {outcome}" for outcome in wanted[2:]]


@pytest.mark.parametrize("switch", ["types=lenient", "error_detail=shown"])
def test_no_reply_and_no_log_repeats_a_person_however_it_goes(
    start: Any, upstream: Any, deliveries: Any, state: Path, canary: Canary, switch: str
) -> None:
    receiver = start.receiver(upstream.url, "optimized", switch, state=state)
    sender = deliveries(receiver.url)
    whole = canary.of(sender.body())
    raw = json.dumps(whole, ensure_ascii=False).encode()
    sender.send(whole, headers={})
    sender.send(raw[:-9])
    sender.send(canary.of(sender.body(timestamp=canary.email)))
    sender.send(canary.of(sender.body(id={"email": canary.email})))
    sender.send(whole)
    receiver.stop()
    assert receiver.log.read_text()
    assert canary.found_in(receiver.log.read_bytes()) == []


def test_the_baseline_keeps_no_record_and_says_what_it_refuses(
    start: Any, upstream: Any, deliveries: Any, state: Path, canary: Canary
) -> None:
    receiver = start.receiver(upstream.url, "baseline", state=state)
    sender = deliveries(receiver.url)
    assert sender.send(json.dumps(canary.of({})).encode()[:-9]).status_code == 400
    receiver.stop()
    assert not (state / "audit.jsonl").exists()
    assert canary.found_in(receiver.log.read_bytes())


DND = {"type": "ContactDndUpdate"}


def test_who_opted_out_is_left_alone_until_that_is_taken_back(
    receiver: Any, upstream: Any, deliveries: Any, eventually: Any, state: Path
) -> None:
    sender = deliveries(receiver.url)
    first = sender.body()
    person = {"id": first["id"], "locationId": first["locationId"]}
    about = {"locationId": first["locationId"], "contactId": first["id"], "id": "opp-1"}
    out = sender.body(**DND, dnd=True, **person)
    then = sender.body(type="OpportunityCreate", **about)
    back = sender.body(**DND, dnd=False, **person)
    again = sender.body(type="OpportunityUpdate", **about)
    wanted = ["updated", "withheld", "withheld", "updated", "updated"]
    for body, action in zip((first, out, then, back, again), wanted, strict=True):
        assert sender.send(body).json() == {"status": "accepted"}
        id_ = body["webhookId"]
        assert eventually(lambda id_=id_: actions(state, id_)[1:]) == [action]
        assert bool(upstream.effects(id_)) is (action == "updated")

    def results() -> int:
        with closing(sqlite3.connect(state / "receiver.sqlite")) as database:
            (number,) = database.execute("SELECT count(*) FROM insight").fetchone()
            return int(number)

    assert eventually(lambda: results() == 3)  # on record first, and then stored


def test_an_older_word_does_not_take_back_a_newer_one(
    receiver: Any, upstream: Any, deliveries: Any, eventually: Any, state: Path
) -> None:
    sender = deliveries(receiver.url)
    out = sender.body(**DND, dnd=True)
    person = {"id": out["id"], "locationId": out["locationId"]}
    late = sender.body(type="ContactUpdate", age_s=60, dnd=False, **person)
    for body in (out, late):
        sender.send(body)
        id_ = body["webhookId"]
        assert eventually(lambda id_=id_: actions(state, id_)[1:]) == ["withheld"]


@pytest.mark.parametrize("switch", ["cache=none", "cache=memory", "concurrency=sequential"])
def test_an_upstream_that_says_no_is_heeded_too(
    start: Any, upstream: Any, deliveries: Any, eventually: Any, state: Path, switch: str
) -> None:
    receiver = start.receiver(upstream.url, "optimized", switch, state=state)
    sender = deliveries(receiver.url)
    body = sender.body(type="ContactUpdate")
    made = {"dnd": True, "firstName": "Ada", "locationId": body["locationId"]}
    headers = {"Authorization": f"Bearer loc-{body['locationId']}", "Version": "2021-07-28"}
    reply = httpx.put(f"{upstream.url}/contacts/{body['id']}", json=made, headers=headers)
    assert reply.status_code in {200, 201}, reply.text
    sender.send(body)
    assert eventually(lambda: actions(state, body["webhookId"])[1:]) == ["withheld"]
    assert not upstream.effects(body["webhookId"])


def erasure_of(sender: Any, body: dict[str, Any], canary: Canary) -> dict[str, Any]:
    person = {"id": body["id"], "locationId": body["locationId"]}
    return canary.of(sender.body(type="ContactDelete", **person))


def erased(state: Path, delivery: str) -> dict[str, Any] | None:
    found = [one for one in records(state) if one.get("delivery") == delivery]
    return next((one for one in found if one["action"] == "erased"), None)


def test_a_deleted_contact_is_erased_everywhere_and_that_is_on_record(
    receiver: Any, upstream: Any, deliveries: Any, eventually: Any, state: Path, canary: Canary
) -> None:
    sender = deliveries(receiver.url)
    body = canary.of(sender.body())
    sender.send(body)
    for _ in range(50):
        sender.send(sender.body())
    assert eventually(lambda: upstream.effects(body["webhookId"]))
    gone = erasure_of(sender, body, canary)
    assert sender.send(gone).json() == {"status": "accepted"}
    proof = eventually(lambda: erased(state, gone["webhookId"]))
    assert (proof["cache"], proof["results"]) == ("emptied", 1)
    names = Pseudonyms(key_in(state).pseudonyms)
    assert proof["contact"] == names.contact(body["locationId"], body["id"])
    late = canary.of(
        sender.body(type="ContactUpdate", id=body["id"], locationId=body["locationId"])
    )
    sender.send(late)
    assert eventually(lambda: actions(state, late["webhookId"])[1:]) == ["withheld"]
    assert not upstream.effects(late["webhookId"])

    def overwritten_since() -> bool:
        after = [one["action"] for one in records(state)]
        return "overwritten" in after[after.index("erased") :]

    assert eventually(overwritten_since)
    receiver.stop()
    assert traces(canary, state, receiver.log) == []
    assert body["id"].encode() not in (state / "receiver.sqlite").read_bytes()


def test_what_waits_for_an_upstream_that_is_away_is_erased_at_once(
    start: Any, deliveries: Any, eventually: Any, state: Path, canary: Canary
) -> None:
    receiver = start.receiver("http://127.0.0.1:9", "optimized", "workers=1", state=state)
    sender = deliveries(receiver.url)
    body = canary.of(sender.body())
    same = {"id": body["id"], "locationId": body["locationId"]}
    for one in (sender.body(), body, canary.of(sender.body(type="ContactUpdate", **same))):
        assert sender.send(one).json() == {"status": "accepted"}
    gone = erasure_of(sender, body, canary)
    sender.send(gone)
    proof = eventually(lambda: erased(state, gone["webhookId"]))
    assert proof["deliveries"] == 2
    receiver.process.send_signal(signal.SIGKILL)
    receiver.process.wait(20)
    start.receiver("http://127.0.0.1:9", "optimized", state=state)

    def nothing_left() -> bool:
        return not canary.found_in((state / "receiver.sqlite").read_bytes()) and not (
            canary.found_in((state / "receiver.sqlite-wal").read_bytes())
        )

    assert eventually(nothing_left)


def test_a_contact_that_is_made_again_is_one_again(
    receiver: Any, upstream: Any, deliveries: Any, eventually: Any, state: Path, canary: Canary
) -> None:
    sender = deliveries(receiver.url)
    body = sender.body(age_s=60)
    gone = sender.body(type="ContactDelete", age_s=30, id=body["id"], locationId=body["locationId"])
    again = sender.body(id=body["id"], locationId=body["locationId"])
    for one in (gone, again):
        sender.send(one)
        id_ = one["webhookId"]
        assert eventually(lambda id_=id_: len(actions(state, id_)) == 2)
    assert upstream.effects(again["webhookId"])


def test_a_killed_receiver_leaves_a_chain_that_holds_and_no_unrecorded_deed(
    start: Any, upstream: Any, deliveries: Any, eventually: Any, state: Path
) -> None:
    sent = []
    for _ in range(3):
        receiver = start.receiver(upstream.url, "optimized", state=state)
        sender = deliveries(receiver.url)
        for _ in range(15):
            sent.append(sender.body())
            assert sender.send(sent[-1]).status_code == 200
        receiver.process.send_signal(signal.SIGKILL)
        receiver.process.wait(20)
    receiver = start.receiver(upstream.url, "optimized", state=state)

    def done() -> list[str]:
        with closing(sqlite3.connect(state / "receiver.sqlite")) as database:
            query = "SELECT webhook_id FROM inbox WHERE state = 1"
            return [id_ for (id_,) in database.execute(query)]

    ids = {body["webhookId"] for body in sent}
    assert eventually(lambda: set(done()) == ids)
    updated = {one["delivery"] for one in records(state) if one["action"] == "updated"}
    assert updated == ids


@pytest.mark.real
def test_postgresql_and_redis_forget_a_contact_too(
    start: Any,
    upstream: Any,
    deliveries: Any,
    eventually: Any,
    state: Path,
    canary: Canary,
    postgres: str,
    redis: Redis,
) -> None:
    given = {"TEST_DATABASE": postgres, "TEST_CACHE": redis.url}
    receiver = start.receiver(upstream.url, "optimized", "cache=redis", state=state, **given)
    sender = deliveries(receiver.url)
    body = canary.of(sender.body())
    sender.send(body)
    assert eventually(lambda: upstream.effects(body["webhookId"]))
    assert eventually(lambda: asyncio.run(cached_about(redis.url, [body["id"]])))
    gone = erasure_of(sender, body, canary)
    sender.send(gone)
    proof = eventually(lambda: erased(state, gone["webhookId"]))
    assert (proof["cache"], proof["results"]) == ("emptied", 1)
    assert eventually(lambda: receiver.counters()["processed"] == 2)
    places = ["--database", postgres, "--cache", redis.url, "--state", str(state)]
    export = exported("--contact", body["id"], *places)
    assert (export["results"], export["cache"]) == ([], [])
    assert [one["content"] for one in export["deliveries"]] == [None, None]
    assert [one["erased_at"] is not None for one in export["standing"]] == [True]


def exported(*words: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "ghlctl", "compliance", "export", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found
