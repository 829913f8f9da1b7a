"""The engine against raw receivers: every planned arrival has a row, and the row is true."""

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ghlctl.errors import KeyMaterialError, NotMeasuredError, StoreError
from ghlctl.load.messages import Progress
from ghlctl.load.plan import LoadPlan
from ghlctl.load.process import LoadOutcome, run_load
from ghlctl.model.run import RunState
from ghlctl.model.sample import NEVER, Samples
from ghlctl.scenario.scenario import Burst, Closed, Constant, Stage
from ghlctl.signing.ghl import Ghl as Ed25519Body
from ghlctl.signing.hmac_timestamp import HMAC_TIMESTAMP
from ghlctl.store.samples import FILE, SampleWriter, read_samples

SECRET = "a test secret"
ENVIRON = {**os.environ, "TEST_KEY": SECRET}
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
Serve = Callable[..., int]


def accept(connection: socket.socket, request: bytes) -> bool:
    connection.sendall(OK)
    return True


def plan_of(folder: Path, port: int, *stages: Stage, **more: Any) -> LoadPlan:
    plan = LoadPlan(
        url=f"http://127.0.0.1:{port}/hook?a=1",
        provider="ghl",
        scheme="hmac-timestamp",
        key_ref="env:TEST_KEY",
        events={"ContactCreate": 1.0, "ContactUpdate": 1.0},
        stages=stages,
        seed=7,
        folder=str(folder),
        timeout_s=2.0,
    )
    return msgspec.structs.replace(plan, **more)


def run(plan: LoadPlan, **more: Any) -> tuple[LoadOutcome, Samples]:
    outcome = run_load(plan, environ=ENVIRON, **more)
    return outcome, read_samples(Path(plan.folder))


def codes(outcome: LoadOutcome) -> set[str]:
    return {caution.code for caution in outcome.cautions}


def children_of(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


def engine_pid() -> int:
    for pid in children_of(os.getpid()):
        if b"ghlctl.load.child" in Path(f"/proc/{pid}/cmdline").read_bytes():
            return pid
    raise AssertionError("no engine is running")


def test_every_arrival_is_sent_signed_and_recorded(tmp_path: Path, serve: Serve) -> None:
    requests: list[bytes] = []

    def keep(connection: socket.socket, request: bytes) -> bool:
        requests.append(request)
        return accept(connection, request)

    plan = plan_of(
        tmp_path,
        serve(keep),
        Constant(200, 0.5),
        duplicates=0.3,
        warmup_s=0.25,
        headers=(("X-Mine", "1"),),
    )
    heard: list[Progress] = []
    outcome, samples = run(plan, on_progress=heard.append)

    assert outcome.state is RunState.COMPLETE
    assert outcome.generator.cpu_s > 0
    assert "samples-missing" not in codes(outcome)
    first = samples.where(samples.attempt == 1)
    again = samples.where(samples.attempt == 2)
    assert first.intended_ns.tolist() == [number * 5_000_000 for number in range(100)]
    assert len(set(first.delivery_id)) == 100
    assert len(again) > 10
    assert set(again.delivery_id) <= set(first.delivery_id)
    assert samples.acknowledged.all()
    assert (samples.intended_ns <= samples.sent_ns).all()
    assert (samples.sent_ns < samples.first_byte_ns).all()
    assert (samples.first_byte_ns <= samples.done_ns).all()
    assert (samples.warmup == (samples.intended_ns < 250_000_000)).all()
    assert heard[-1].sent == heard[-1].done == heard[-1].planned == len(requests) == len(samples)
    check_requests(requests, first, outcome.origin_unix_ns)


def check_requests(requests: list[bytes], first: Samples, origin_unix_ns: int) -> None:
    by_id: dict[str, set[bytes]] = {}
    for request in requests:
        head, _, body = request.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        assert lines[0] == "POST /hook?a=1 HTTP/1.1"
        headers = tuple((n, v) for n, _, v in (line.partition(": ") for line in lines[1:]))
        assert ("X-Mine", "1") in headers
        scheme = HMAC_TIMESTAMP
        key = scheme.read_verifying_key(SECRET.encode())
        assert scheme.verify(body, headers, key, now=time.time(), tolerance=60) is None
        by_id.setdefault(json.loads(body)["webhookId"], set()).add(request)
    assert all(len(copies) == 1 for copies in by_id.values())  # a duplicate is the same bytes
    assert set(by_id) == set(first.delivery_id)
    for name, intended_ns in zip(first.delivery_id, first.intended_ns.tolist(), strict=True):
        body = json.loads(next(iter(by_id[name])).partition(b"\r\n\r\n")[2])
        stamped = datetime.fromisoformat(body["timestamp"]).timestamp()
        assert abs(stamped - (origin_unix_ns + intended_ns) / 1e9) < 0.002


def test_signatures_too_dear_for_the_wire_loop_are_made_ahead(tmp_path: Path, serve: Serve) -> None:
    """Ed25519: every request comes whole from the producer, in open and closed stages."""
    requests: list[bytes] = []

    def keep(connection: socket.socket, request: bytes) -> bool:
        requests.append(request)
        return accept(connection, request)

    scheme = Ed25519Body()
    keys = scheme.generate()
    stages = (Constant(100, 0.4), Closed(2, iterations=30))
    plan = plan_of(tmp_path, serve(keep), *stages, scheme="ghl", duplicates=0.3)
    outcome = run_load(plan, environ={**ENVIRON, "TEST_KEY": keys.private.decode()})
    samples = read_samples(tmp_path)

    assert outcome.state is RunState.COMPLETE
    assert samples.acknowledged.all()
    assert len(samples.where(samples.stage == 1)) == 30
    first = samples.where(samples.attempt == 1)
    assert len(first.where(first.stage == 0)) == 40
    assert len(set(first.delivery_id)) == len(first)
    assert set(samples.where(samples.attempt == 2).delivery_id) <= set(first.delivery_id)
    key = scheme.read_verifying_key(keys.public)
    seen = set()
    for request in requests:
        head, _, body = request.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")[1:]
        headers = tuple((n, v) for n, _, v in (line.partition(": ") for line in lines))
        assert scheme.verify(body, headers, key, now=time.time(), tolerance=60) is None
        seen.add(json.loads(body)["webhookId"])
    assert seen == set(samples.delivery_id)


def test_a_header_that_hides_a_signature_is_sent_as_given(tmp_path: Path, serve: Serve) -> None:
    """No place can be left open in such a request, so the general path makes every one."""
    requests: list[bytes] = []

    def keep(connection: socket.socket, request: bytes) -> bool:
        requests.append(request)
        return accept(connection, request)

    plan = plan_of(tmp_path, serve(keep), Burst(5), headers=(("x-signature", "mine"),))
    _, samples = run(plan)
    assert samples.acknowledged.all()
    assert [b"\r\nx-signature: mine\r\n" in request for request in requests] == [True] * 5


def test_more_than_the_producer_can_make_is_sent_on_time_under_fresh_ids(
    tmp_path: Path, serve: Serve
) -> None:
    """A burst beyond the fresh events: contents come again, deliveries do not."""
    seen: list[dict[str, Any]] = []

    def keep(connection: socket.socket, request: bytes) -> bool:
        seen.append(json.loads(request.partition(b"\r\n\r\n")[2]))
        return accept(connection, request)

    _, samples = run(plan_of(tmp_path, serve(keep), Burst(1500), max_in_flight=20))
    assert samples.acknowledged.all()
    assert len({event["webhookId"] for event in seen}) == 1500
    assert len({event["id"] for event in seen}) > 100


def test_the_same_seed_sends_the_same_content_under_fresh_ids(tmp_path: Path, serve: Serve) -> None:
    contents: list[list[dict[str, Any]]] = []
    for number in range(2):
        seen: list[dict[str, Any]] = []

        def keep(
            connection: socket.socket, request: bytes, seen: list[dict[str, Any]] = seen
        ) -> bool:
            seen.append(json.loads(request.partition(b"\r\n\r\n")[2]))
            return accept(connection, request)

        folder = tmp_path / str(number)
        folder.mkdir()
        run(plan_of(folder, serve(keep), Closed(1, iterations=12)))
        contents.append(seen)
    one, two = contents
    assert [event["type"] for event in one] == [event["type"] for event in two]
    assert [event["email"] for event in one] == [event["email"] for event in two]
    assert not {event["webhookId"] for event in one} & {event["webhookId"] for event in two}


def test_a_stall_shows_in_response_time_as_the_schedule_says(tmp_path: Path, serve: Serve) -> None:
    """A receiver frozen for 1 s: what arrives meanwhile waits until its end, and no later."""
    started: list[float] = []
    begins, lasts = 0.5, 1.0

    def stall(connection: socket.socket, request: bytes) -> bool:
        now = time.monotonic()
        if not started:
            started.append(now)
        since = now - started[0]
        if begins <= since < begins + lasts:
            time.sleep(begins + lasts - since)
        return accept(connection, request)

    outcome, samples = run(plan_of(tmp_path, serve(stall), Constant(100, 2)))
    assert outcome.state is RunState.COMPLETE
    assert len(samples) == 200
    assert samples.sent.all()
    offset_s = samples.intended_ns / 1e9
    due = (offset_s >= begins) & (offset_s < begins + lasts)
    truth = np.where(due, begins + lasts - offset_s, 0.0) * 1e3
    # What this machine adds by itself shows in those that met no stall.
    own_ms = float(np.quantile(samples.response_time_ms[~due], 0.99))
    for quantile in (0.6, 0.75, 0.9, 0.99):
        expected = float(np.quantile(truth, quantile))
        found = float(np.quantile(samples.response_time_ms, quantile))
        assert found == pytest.approx(expected, abs=60 + own_ms)
    assert float(np.quantile(samples.response_time_ms, 0.4)) < 60 + own_ms
    assert float(np.quantile(samples.response_time_ms[~due], 0.5)) < lasts * 1e3 / 4


def linger_reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    connection.close()


def slowly(connection: socket.socket, reply: bytes) -> None:
    for byte in reply:
        connection.sendall(bytes([byte]))
        time.sleep(0.002)


def never(connection: socket.socket) -> None:
    connection.settimeout(5)
    connection.recv(1)


def drip(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 90\r\n\r\n")
    slowly_for = time.monotonic() + 4
    while time.monotonic() < slowly_for:
        connection.sendall(b".")
        time.sleep(0.1)


BEHAVIOURS: dict[str, tuple[Callable[[socket.socket], None], str, int]] = {
    "accepts": (lambda c: c.sendall(OK), "", 200),
    "dribbles": (lambda c: slowly(c, OK), "", 200),
    "chunks": (
        lambda c: c.sendall(
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 A\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n"
        ),
        "",
        202,
    ),
    "sends 10 MB": (
        lambda c: c.sendall(
            b"HTTP/1.1 200 OK\r\ncontent-length: 10000000\r\n\r\n" + bytes(10_000_000)
        ),
        "",
        200,
    ),
    "ends by closing": (lambda c: c.sendall(b"HTTP/1.1 200 OK\r\n\r\nhello"), "", 200),
    "refuses": (
        lambda c: c.sendall(b"HTTP/1.1 503 S\r\ncontent-length: 0\r\n\r\n"),
        "status",
        503,
    ),
    "speaks something else": (lambda c: c.sendall(b"220 smtp ready\r\n"), "protocol", 0),
    "resets": (linger_reset, "reset", 0),
    "closes": (socket.socket.close, "closed", 0),
    "cuts its reply": (
        lambda c: c.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort"),
        "closed",
        200,
    ),
    "never answers": (never, "timeout", 0),
    "never ends": (drip, "timeout", 200),
}


def test_each_way_to_fail_is_told_apart(tmp_path: Path, serve: Serve) -> None:
    names = list(BEHAVIOURS)
    done: dict[str, str] = {}
    lock = threading.Lock()

    def misbehave(connection: socket.socket, request: bytes) -> bool:
        with lock:
            name = names[len(done) % len(names)]
            done[json.loads(request.partition(b"\r\n\r\n")[2])["webhookId"]] = name
        BEHAVIOURS[name][0](connection)
        return name in {"accepts", "dribbles", "chunks", "sends 10 MB", "refuses"}

    count = 3 * len(names)
    plan = plan_of(tmp_path, serve(misbehave), Constant(count, 1), timeout_s=1.0)
    outcome, samples = run(plan)

    assert outcome.state is RunState.COMPLETE
    assert len(samples) == count
    found = {
        (done[name], error, status)
        for name, error, status in zip(
            samples.delivery_id, samples.error, samples.status.tolist(), strict=True
        )
    }
    assert found == {(name, error, status) for name, (_, error, status) in BEHAVIOURS.items()}
    gave_up = samples.where(samples.error == "timeout")
    assert (gave_up.service_time_ms >= 1000).all()
    silent = samples.where(samples.status == 0)
    assert (silent.first_byte_ns[silent.error != "protocol"] == NEVER).all()


def test_a_kept_connection_that_the_receiver_closed_is_not_a_failed_attempt(
    tmp_path: Path, serve: Serve
) -> None:
    def once(connection: socket.socket, request: bytes) -> bool:
        connection.sendall(OK)
        return False

    outcome, samples = run(plan_of(tmp_path, serve(once), Constant(40, 0.5)))
    assert len(samples) == 20
    assert samples.acknowledged.all()
    assert outcome.progress is not None
    assert outcome.progress.connections >= 20


def test_nobody_listening_is_connect_for_every_arrival(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        _, samples = run(plan_of(tmp_path, port, Burst(5), Closed(2, iterations=4)))
    assert samples.error.tolist() == ["connect"] * 9
    assert (samples.done_ns >= samples.sent_ns).all()


def test_a_bound_on_requests_in_flight_makes_arrivals_wait_and_says_so(
    tmp_path: Path, serve: Serve
) -> None:
    def slow(connection: socket.socket, request: bytes) -> bool:
        time.sleep(0.05)
        return accept(connection, request)

    outcome, samples = run(plan_of(tmp_path, serve(slow), Constant(80, 0.5), max_in_flight=2))
    assert len(samples) == 40
    assert samples.acknowledged.all()
    waited = samples.response_time_ms[-1]
    assert waited > 300  # 40 requests of 50 ms two at a time take 1 s, planned in half of it
    assert samples.service_time_ms[-1] < waited
    assert "in-flight-bound" in codes(outcome)
    assert outcome.progress is not None
    assert outcome.progress.connections == 2


def test_a_burst_is_not_held_against_the_generator(tmp_path: Path, serve: Serve) -> None:
    outcome, samples = run(plan_of(tmp_path, serve(accept), Burst(200)))
    assert samples.acknowledged.all()
    assert samples.intended_ns.tolist() == [0] * 200
    assert samples.lateness_ms.max() > 0
    assert "generator-late" not in codes(outcome)
    assert outcome.generator.keeping_up


def test_arrivals_that_cannot_be_sent_are_rows_and_cautions(tmp_path: Path, serve: Serve) -> None:
    def mute(connection: socket.socket, request: bytes) -> bool:
        never(connection)
        return False

    plan = plan_of(tmp_path, serve(mute), Burst(10), max_in_flight=1, timeout_s=0.4, grace_s=0.6)
    outcome, samples = run(plan)
    assert len(samples) == 10
    kinds = samples.error.tolist()
    assert set(kinds) == {"timeout", "dropped"}
    dropped = samples.where(samples.error == "dropped")
    assert (dropped.sent_ns == NEVER).all()
    assert (dropped.done_ns == NEVER).all()
    assert "arrivals-dropped" in codes(outcome)
    assert not outcome.generator.keeping_up


def test_a_closed_stage_never_has_more_in_flight_than_slots(tmp_path: Path, serve: Serve) -> None:
    busy, most = 0, 0
    lock = threading.Lock()

    def count(connection: socket.socket, request: bytes) -> bool:
        nonlocal busy, most
        with lock:
            busy += 1
            most = max(most, busy)
        time.sleep(0.01)
        with lock:
            busy -= 1
        return accept(connection, request)

    stages = (Closed(3, iterations=20), Constant(50, 0.2), Closed(2, for_s=0.3))
    outcome, samples = run(plan_of(tmp_path, serve(count), *stages))
    assert outcome.state is RunState.COMPLETE
    by_stage = [samples.where(samples.stage == number) for number in range(3)]
    assert [len(each) for each in by_stage[:2]] == [20, 10]
    assert len(by_stage[2]) > 4
    assert most <= 3
    for each in (by_stage[0], by_stage[2]):
        assert (each.intended_ns == each.sent_ns).all()
    assert by_stage[1].intended_ns.min() >= by_stage[0].done_ns.max()


def test_a_killed_engine_leaves_what_it_had_measured(tmp_path: Path, serve: Serve) -> None:
    def kill(progress: Progress) -> None:
        if progress.elapsed_s > 1.6:
            os.kill(engine_pid(), signal.SIGKILL)

    outcome, samples = run(plan_of(tmp_path, serve(accept), Constant(50, 20)), on_progress=kill)
    assert outcome.state is RunState.ABORTED
    assert not outcome.generator.keeping_up
    (caution,) = [each for each in outcome.cautions if each.code == "engine-killed"]
    assert "SIGKILL" in caution.text
    assert 20 < len(samples) < 1000
    assert (tmp_path / FILE).exists()  # whoever records for it was waited for


def test_a_killed_recording_ends_the_run_with_its_name(tmp_path: Path, serve: Serve) -> None:
    def kill(progress: Progress) -> None:
        for pid in children_of(engine_pid()):
            words = Path(f"/proc/{pid}/cmdline").read_bytes()
            if progress.elapsed_s > 1.3 and b"ghlctl.load.scribe" in words:
                os.kill(pid, signal.SIGKILL)

    with pytest.raises(StoreError, match=r"records samples ended .*SIGKILL"):
        run(plan_of(tmp_path, serve(accept), Constant(50, 20)), on_progress=kill)
    assert 20 < len(read_samples(tmp_path)) < 1000


def test_a_killed_producer_ends_the_run_and_is_named(tmp_path: Path, serve: Serve) -> None:
    killed: list[int] = []

    def kill(progress: Progress) -> None:
        if progress.elapsed_s > 0.5 and not killed:
            for pid in children_of(engine_pid()):
                if b"ghlctl.load.producer" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    killed.append(pid)
                    os.kill(pid, signal.SIGKILL)

    outcome, samples = run(plan_of(tmp_path, serve(accept), Constant(50, 20)), on_progress=kill)
    assert len(killed) == 1
    assert outcome.state is RunState.ABORTED
    assert not outcome.generator.keeping_up
    assert "producer-died" in codes(outcome)
    assert 10 < len(samples) < 1000


def test_control_c_ends_at_once_with_every_due_arrival_in_the_run(
    tmp_path: Path, serve: Serve
) -> None:
    def slow(connection: socket.socket, request: bytes) -> bool:
        time.sleep(0.3)
        return accept(connection, request)

    def interrupt(progress: Progress) -> None:
        if progress.elapsed_s > 0.6 and not pressed:
            pressed.append(time.monotonic())
            raise KeyboardInterrupt

    pressed: list[float] = []
    plan = plan_of(tmp_path, serve(slow), Constant(100, 60))
    outcome, samples = run(plan, on_progress=interrupt)
    assert time.monotonic() - pressed[0] < 30  # and not the minute that was planned
    assert (outcome.state, outcome.interrupted) == (RunState.ABORTED, True)
    assert 60 < len(samples) < 2000
    assert np.diff(samples.intended_ns).tolist() == [10_000_000] * (len(samples) - 1)
    assert set(samples.error) == {"", "dropped"}
    assert "cut-off" in codes(outcome)


def test_a_run_can_be_stopped_for_a_reason(tmp_path: Path, serve: Serve) -> None:
    outcome, samples = run(
        plan_of(tmp_path, serve(accept), Constant(50, 60)),
        should_stop=lambda progress: "enough" if progress.sent > 10 else None,
    )
    assert outcome.state is RunState.ABORTED
    assert not outcome.interrupted
    assert any(each.text == "the run was stopped: enough" for each in outcome.cautions)
    assert 10 < len(samples) < 3000


def test_an_engine_whose_parent_died_ends_by_itself(tmp_path: Path, serve: Serve) -> None:
    plan = plan_of(tmp_path, serve(accept), Constant(50, 60))
    command = [sys.executable, "-m", "ghlctl.load.child"]
    engine = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=ENVIRON)
    assert engine.stdin is not None
    assert engine.stdout is not None
    with engine.stdout:
        engine.stdin.write(msgspec.json.encode(plan) + b"\n")
        engine.stdin.flush()
        assert b"started" in engine.stdout.readline()
        engine.stdin.close()
        assert engine.wait(timeout=30) == 0  # and not after the minute that was planned
    assert len(read_samples(tmp_path)) < 3000


def test_an_engine_without_a_plan_ends_by_itself() -> None:
    command = [sys.executable, "-m", "ghlctl.load.child"]
    assert subprocess.run(command, input=b'{"url":', check=False, timeout=60).returncode


PARENT = """
import os, sys, msgspec
from ghlctl.load.plan import LoadPlan
from ghlctl.load.process import run_load
plan = msgspec.json.decode(sys.stdin.buffer.read(), type=LoadPlan)
run_load(plan, environ=os.environ, on_progress=lambda progress: print(progress.sent, flush=True))
"""


def test_a_killed_parent_leaves_no_header_behind(tmp_path: Path, serve: Serve) -> None:
    headers = (("Authorization", "Bearer a-secret-header"), ("X-Long", "x" * 70_000))
    plan = plan_of(tmp_path, serve(accept), Constant(50, 60), headers=headers)
    command = [sys.executable, "-c", PARENT]
    parent = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=ENVIRON)
    assert parent.stdin is not None
    assert parent.stdout is not None
    with parent.stdout:
        parent.stdin.write(msgspec.json.encode(plan))
        parent.stdin.close()
        assert any(int(line) > 0 for line in parent.stdout)  # requests sent, as it hears of them
        (engine,) = children_of(parent.pid)
        assert b"a-secret-header" not in Path(f"/proc/{engine}/cmdline").read_bytes()
        parent.kill()
        parent.wait()
    kept = [file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()]
    assert not any(b"a-secret-header" in content for content in kept)
    until = time.monotonic() + 20
    while not (tmp_path / FILE).exists() and time.monotonic() < until:
        time.sleep(0.05)
    assert 0 < len(read_samples(tmp_path)) < 3000


def test_samples_that_are_not_on_disk_are_missed(tmp_path: Path, serve: Serve) -> None:
    def lose(progress: Progress) -> None:
        if (tmp_path / FILE).exists():
            kept = read_samples(tmp_path)
            (tmp_path / FILE).unlink()
            writer = SampleWriter(tmp_path)
            writer.append(kept.where(kept.intended_ns > 0))
            writer.close()

    outcome, _ = run(plan_of(tmp_path, serve(accept), Constant(50, 0.4)), on_progress=lose)
    (caution,) = [each for each in outcome.cautions if each.code == "samples-missing"]
    assert caution.text == "the engine counted 20 arrivals, and the samples hold 19"


def test_what_cannot_begin_is_refused_with_a_hint(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, 1, Burst(1))
    with pytest.raises(KeyMaterialError, match="TEST_KEY") as refused:
        run_load(plan, environ={**os.environ, "TEST_KEY": ""})
    assert refused.value.hint
    nowhere = msgspec.structs.replace(plan, url="http://nowhere.invalid/")
    with pytest.raises(NotMeasuredError, match=r"nowhere\.invalid does not resolve"):
        run_load(nowhere, environ=ENVIRON)


def certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a test receiver")])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    )
    public = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / "ca.pem").write_bytes(public)
    (folder / "both.pem").write_bytes(private + public)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "both.pem")
    return folder / "ca.pem", context


def test_tls_is_verified_unless_told_otherwise(tmp_path: Path, serve: Serve) -> None:
    ca_file, context = certificate(tmp_path)

    def large(connection: socket.socket, request: bytes) -> bool:
        body = b"HTTP/1.1 200 OK\r\ncontent-length: 300000\r\n\r\n" + bytes(300_000)
        connection.sendall(body)
        return True

    port = serve(large, socket.AF_INET, context)
    plan = plan_of(tmp_path, port, Closed(2, iterations=6), url=f"https://127.0.0.1:{port}/")
    errors = {}
    ways: dict[str, dict[str, Any]] = {
        "unknown": {},
        "known": {"ca_file": str(ca_file)},
        "insecure": {"insecure": True},
    }
    for name, more in ways.items():
        folder = tmp_path / name
        folder.mkdir()
        _, samples = run(msgspec.structs.replace(plan, folder=str(folder), **more))
        errors[name] = samples.error.tolist()
    assert errors == {"unknown": ["tls"] * 6, "known": [""] * 6, "insecure": [""] * 6}


def test_ipv6_receivers_are_reached(tmp_path: Path, serve: Serve) -> None:
    try:
        port = serve(accept, socket.AF_INET6)
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    _, samples = run(plan_of(tmp_path, port, Burst(3), url=f"http://[::1]:{port}/"))
    assert samples.error.tolist() == [""] * 3
