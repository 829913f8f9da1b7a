"""Several receivers over one PostgreSQL and one Redis, each a process of its own."""

import json
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.reference.realdb import Redis


def shared_by(start: Any, upstream: Any, postgres: str, redis: Redis, *switches: str) -> Any:
    return start.receiver(
        upstream.url,
        "optimized",
        "cache=redis",
        *switches,
        TEST_DATABASE=postgres,
        TEST_CACHE=redis.url,
    )


def test_two_that_race_on_one_delivery_have_one_effect(
    start: Any, deliveries: Any, eventually: Any, postgres: str, redis: Redis
) -> None:
    upstream = start.upstream()
    receivers = [shared_by(start, upstream, postgres, redis) for _ in range(2)]
    senders = [deliveries(receiver.url) for receiver in receivers]
    bodies = [senders[0].body(type="ContactUpdate") for _ in range(12)]
    with ThreadPoolExecutor(8) as pool:
        for body in bodies:
            raw = json.dumps(body).encode()
            replies = list(pool.map(lambda n, raw=raw: senders[n % 2].send(raw), range(8)))
            statuses = sorted(reply.json()["status"] for reply in replies)
            assert statuses == ["accepted"] + ["duplicate"] * 7
    assert eventually(lambda: sum(r.counters()["processed"] for r in receivers) == len(bodies))
    assert all(upstream.effects(body["webhookId"]) == ["update"] for body in bodies)
    assert [receiver.counters()["cache_errors"] for receiver in receivers] == [0, 0]


def test_two_that_race_before_acknowledging_have_one_effect(
    start: Any, deliveries: Any, postgres: str, redis: Redis
) -> None:
    upstream = start.upstream(rtt_ms=50)
    switch = "acknowledge=after_processing"
    receivers = [shared_by(start, upstream, postgres, redis, switch) for _ in range(2)]
    senders = [deliveries(receiver.url) for receiver in receivers]
    raw = json.dumps(body := senders[0].body()).encode()
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda n: senders[n % 2].send(raw), range(8)))
    assert {reply.status_code for reply in replies} <= {200, 429}
    assert [r.json().get("status") for r in replies].count("processed") == 1
    assert upstream.effects(body["webhookId"]) == ["update"]
    assert senders[1].send(raw).json() == {"status": "duplicate"}


def test_one_finishes_what_another_acknowledged_before_it_was_killed(
    start: Any, deliveries: Any, eventually: Any, postgres: str, redis: Redis
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    start_at = f"http://127.0.0.1:{port}"
    away = type("Away", (), {"url": start_at})
    killed, living = (shared_by(start, away, postgres, redis) for _ in range(2))
    sender = deliveries(killed.url)
    bodies = [sender.body(type="ContactUpdate") for _ in range(5)]
    assert {sender.send(body).status_code for body in bodies} == {200}
    killed.process.send_signal(signal.SIGKILL)
    killed.process.wait(10)
    upstream = start.upstream(port=port)
    assert eventually(lambda: living.counters()["processed"] == 5)
    assert all(upstream.effects(body["webhookId"]) == ["update"] for body in bodies)
    assert living.counters()["recovered"] == 5


def test_a_redis_that_goes_away_costs_no_delivery(
    start: Any, deliveries: Any, eventually: Any, redis: Redis
) -> None:
    upstream = start.upstream()
    receiver = start.receiver(upstream.url, "optimized", "cache=redis", TEST_CACHE=redis.url)
    sender = deliveries(receiver.url)
    before, during = sender.body(), sender.body()
    assert sender.send(before).status_code == 200
    assert eventually(lambda: upstream.effects(before["webhookId"]))
    redis.stop()
    assert sender.send(during).status_code == 200
    assert eventually(lambda: upstream.effects(during["webhookId"]))
    assert receiver.counters()["cache_errors"]


@pytest.mark.parametrize("switch", ["TEST_DATABASE", "TEST_CACHE"])
def test_a_password_in_a_url_is_never_said(start: Any, upstream: Any, switch: str) -> None:
    url = {
        "TEST_DATABASE": "postgresql://ada:hunter2@127.0.0.1:1/ghl",
        "TEST_CACHE": "redis://:hunter2@127.0.0.1:notaport/0",
    }[switch]
    with pytest.raises(AssertionError) as refused:
        start.receiver(
            upstream.url, "optimized", "cache=redis", **{"TEST_CACHE": "redis://h", switch: url}
        )
    said = str(refused.value)
    assert "UsageError" in said
    assert "127.0.0.1" in said
    assert "hunter2" not in said.partition("UsageError")[2]


def test_a_password_is_not_in_the_log_of_a_cache_that_is_away(
    start: Any, upstream: Any, deliveries: Any, eventually: Any
) -> None:
    url = "redis://:hunter2@127.0.0.1:1/0"
    receiver = start.receiver(upstream.url, "optimized", "cache=redis", TEST_CACHE=url)
    body = deliveries(receiver.url).body()
    assert deliveries(receiver.url).send(body).status_code == 200
    assert eventually(lambda: upstream.effects(body["webhookId"]))
    assert "the cache does not answer" in receiver.log.read_text()
    assert "hunter2" not in receiver.log.read_text()
