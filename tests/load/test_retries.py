"""What is not acknowledged is sent again as the provider would, and no arrival moves for it."""

import json
import socket
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ghlctl.load.messages import Progress
from ghlctl.model.run import RunState
from ghlctl.model.sample import NEVER, Samples
from ghlctl.model.trace import span_id, trace_id
from ghlctl.providers.ghl.policy import POLICIES
from ghlctl.scenario.scenario import Burst, Closed, Constant, RetriesSpec, Signature
from ghlctl.signing.hmac_timestamp import HMAC_TIMESTAMP
from tests.load.test_engine import OK, SECRET, accept, codes, plan_of, run

Serve = Callable[..., int]
FAST = 1e6  # all twelve retries of the policy of 2026 in a quarter second


def said(status: int) -> bytes:
    return f"HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n".encode()


class Refusing:
    """Answers `status` to the first `times` attempts at each delivery; keeps every request."""

    def __init__(self, times: int, status: int = 503) -> None:
        self.requests: dict[str, list[bytes]] = defaultdict(list)
        self._times = times
        self._status = status
        self._lock = threading.Lock()

    def __call__(self, connection: socket.socket, request: bytes) -> bool:
        name = json.loads(request.partition(b"\r\n\r\n")[2])["webhookId"]
        with self._lock:
            self.requests[name].append(request)
            refused = len(self.requests[name]) <= self._times
        connection.sendall(said(self._status) if refused else OK)
        return True


def header(request: bytes, name: str) -> str:
    lines = request.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    return next(line.partition(": ")[2] for line in lines if line.lower().startswith(name))


def retried(samples: Samples) -> Samples:
    return samples.where(samples.retry > 0)


@pytest.mark.parametrize("signature", list(Signature))
def test_every_attempt_keeps_id_and_body_and_belongs_to_one_trace(
    tmp_path: Path, serve: Serve, signature: Signature
) -> None:
    receiver = Refusing(1)
    spec = RetriesSpec("ghl-2026", 50.0, signature)  # after 1.2 to 2.4 s
    outcome, samples = run(plan_of(tmp_path, serve(receiver), Burst(5), retries=spec))
    assert outcome.state is RunState.COMPLETE
    assert "samples-missing" not in codes(outcome)
    assert Counter(samples.retry.tolist()) == {0: 5, 1: 5}
    assert (samples.attempt == samples.retry + 1).all()
    assert samples.acknowledged.tolist() == (samples.retry == 1).tolist()
    verifying = HMAC_TIMESTAMP.read_verifying_key(SECRET.encode())
    for name, requests in receiver.requests.items():
        bodies = {request.partition(b"\r\n\r\n")[2] for request in requests}
        assert len(bodies) == 1
        spans = [header(request, "traceparent").split("-")[1:3] for request in requests]
        assert spans == [[trace_id(name), span_id(name, retry)] for retry in range(2)]
        for request in requests:
            lines = request.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
            pairs = tuple((key, value) for key, _, value in (x.partition(": ") for x in lines))
            assert len(pairs) == len({key.lower() for key, _ in pairs})
            held = HMAC_TIMESTAMP.verify(
                next(iter(bodies)), pairs, verifying, now=time.time(), tolerance=60
            )
            assert held is None
        signed = {(header(x, "x-timestamp"), header(x, "x-signature")) for x in requests}
        assert len(signed) == (2 if signature is Signature.FRESH else 1)


def test_each_generation_retries_what_it_says_and_as_often(tmp_path: Path, serve: Serve) -> None:
    """By the first digit of its id a delivery gets 429, 503 or no reply at all."""
    expected = {"ghl-2025": {429: 7, 503: 1, 0: 1}, "ghl-2026": {429: 13, 503: 13, 0: 13}}
    for policy, attempts in expected.items():
        receivers = {429: Refusing(99, 429), 503: Refusing(99, 503)}
        silent: Counter[str] = Counter()
        folder = tmp_path / policy
        folder.mkdir()

        def answer(
            connection: socket.socket,
            request: bytes,
            receivers: dict[int, Refusing] = receivers,
            silent: Counter[str] = silent,
        ) -> bool:
            name = json.loads(request.partition(b"\r\n\r\n")[2])["webhookId"]
            kind = int(name[0], 16) % 3
            if kind == 0:
                silent[name] += 1
                return False
            return receivers[429 if kind == 1 else 503](connection, request)

        spec = RetriesSpec(policy, FAST)
        _, samples = run(plan_of(folder, serve(answer), Burst(30), retries=spec))
        counts = {
            status: set(map(len, each.requests.values())) for status, each in receivers.items()
        }
        assert counts == {429: {attempts[429]}, 503: {attempts[503]}}
        assert set(silent.values()) == {attempts[0]}
        assert not samples.acknowledged.any()
        assert len(samples.arrivals) == 30


def test_retries_move_no_arrival_and_are_counted_apart(tmp_path: Path, serve: Serve) -> None:
    plain, with_retries = tmp_path / "plain", tmp_path / "retries"
    plain.mkdir()
    with_retries.mkdir()
    stages = (Constant(100, 0.5), Burst(20), Constant(50, 0.4))
    common: dict[str, Any] = {"duplicates": 0.2, "warmup_s": 0.3}
    _, before = run(plan_of(plain, serve(accept), *stages, **common))
    heard: list[Progress] = []
    receiver = Refusing(3)
    spec = RetriesSpec("ghl", FAST)
    plan = plan_of(with_retries, serve(receiver), *stages, retries=spec, **common)
    outcome, after = run(plan, on_progress=heard.append)
    arrivals = after.arrivals
    assert schedule_of(arrivals) == schedule_of(before)
    again = retried(after)
    copies = set(arrivals.delivery_id[arrivals.attempt > 1])
    assert {len(receiver.requests[name]) for name in copies} <= {4, 5}  # the copy is not retried
    assert heard[-1].planned == heard[-1].sent == heard[-1].done == len(before)
    assert heard[-1].retries == len(again) > len(before)
    assert "samples-missing" not in codes(outcome)
    check_places(after)


def schedule_of(samples: Samples) -> list[tuple[Any, ...]]:
    columns = (samples.intended_ns, samples.attempt, samples.event, samples.stage, samples.warmup)
    return sorted(zip(*(column.tolist() for column in columns), strict=True))


def check_places(samples: Samples) -> None:
    """A retry is of its arrival's stage and warm-up, and due after the attempt before it ended."""
    first = {
        name: (stage, bool(warmup))
        for name, stage, warmup, attempt in zip(
            samples.delivery_id, samples.stage, samples.warmup, samples.attempt, strict=True
        )
        if attempt == 1
    }
    again = retried(samples)
    for name, stage, warmup in zip(again.delivery_id, again.stage, again.warmup, strict=True):
        assert first[name] == (stage, bool(warmup))
    assert (again.sent_ns >= again.intended_ns).all()
    by_name: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
    chain = samples.where(samples.attempt == samples.retry + 1)
    for name, retry, due, done in zip(
        chain.delivery_id, chain.retry, chain.intended_ns, chain.done_ns, strict=True
    ):
        by_name[name].append((retry, due, done))
    for rows in by_name.values():
        rows.sort()
        assert all(due > done for (_, _, done), (_, due, _) in pairwise(rows))


def test_a_closed_stage_counts_iterations_and_not_their_retries(
    tmp_path: Path, serve: Serve
) -> None:
    receiver = Refusing(2)
    stage = Closed(3, iterations=30)
    _, samples = run(plan_of(tmp_path, serve(receiver), stage, retries=RetriesSpec("ghl", FAST)))
    assert len(samples.arrivals) == len(receiver.requests) == 30
    assert Counter(samples.retry.tolist()) == {0: 30, 1: 30, 2: 30}


def test_a_stopped_run_leaves_a_row_for_every_retry_that_was_still_to_come(
    tmp_path: Path, serve: Serve
) -> None:
    spec = RetriesSpec("ghl", 1.0)  # the first retry is due after a minute
    plan = plan_of(tmp_path, serve(Refusing(99)), Constant(50, 0.4), retries=spec)
    began = time.monotonic()
    outcome, samples = run(
        plan, should_stop=lambda progress: "enough" if progress.done == 20 else None
    )
    assert time.monotonic() - began < 30
    assert outcome.state is RunState.ABORTED
    again = retried(samples)
    assert Counter(again.error.tolist()) == {"dropped": 20}
    assert (again.sent_ns == NEVER).all()
    assert "arrivals-dropped" not in codes(outcome)
    assert "samples-missing" not in codes(outcome)


@pytest.mark.parametrize("name", POLICIES)
def test_at_its_usual_speed_no_policy_takes_longer_than_half_a_minute(name: str) -> None:
    policy = POLICIES[name]
    took_s = policy.longest_s / policy.usual_speed
    assert 15 < took_s <= 30
    assert np.isclose(policy.usual_speed, float(f"{policy.usual_speed:.1e}"))
