"""Several workers against one receiver: together they are the plan, and a lost one is named."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgpack
import msgspec
import numpy as np
import pytest
import zmq

from ghlctl.errors import KeyMaterialError, NotMeasuredError, UsageError
from ghlctl.load.messages import Progress
from ghlctl.load.plan import LoadPlan, Spread
from ghlctl.load.process import LoadOutcome, run_load
from ghlctl.load.schedule import OpenSegment, segments_of
from ghlctl.load.turn import _prepare
from ghlctl.model.run import RunState
from ghlctl.model.sample import Samples
from ghlctl.scenario.scenario import Burst, Closed, Constant, Stage
from ghlctl.store.samples import FILE, WORKERS, read_samples

ENVIRON = {**os.environ, "TEST_KEY": "a test secret"}
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
SECRET = "Bearer a-secret-header"
PATIENCE_S = 60.0
Serve = Callable[..., int]


def accept(connection: socket.socket, request: bytes) -> bool:
    connection.sendall(OK)
    return True


def plan_of(folder: Path, port: int, *stages: Stage, **more: Any) -> LoadPlan:
    folder.mkdir(exist_ok=True)
    plan = LoadPlan(
        url=f"http://127.0.0.1:{port}/hook",
        provider="ghl",
        scheme="hmac-timestamp",
        key_ref="env:TEST_KEY",
        events={"ContactCreate": 1.0, "ContactUpdate": 1.0},
        stages=stages,
        seed=7,
        folder=str(folder),
        timeout_s=20.0,
        spread=Spread(workers=2),
    )
    return msgspec.structs.replace(plan, **more)


def from_elsewhere(expect: int, **more: Any) -> Spread:
    return Spread(workers=0, listen="127.0.0.1:0", expect=expect, **more)


def codes(outcome: LoadOutcome) -> set[str]:
    """What was doubted, but for what a busy machine may cause, Locust's own warnings of it too."""
    busy = {"generator-late", "signing-bound", "locust"}
    return {caution.code for caution in outcome.cautions} - busy


def text_of(outcome: LoadOutcome, code: str) -> str:
    return next(caution.text for caution in outcome.cautions if caution.code == code)


def descendants(pid: int, module: str) -> list[int]:
    """Living processes below `pid` that run a module of the engine, in the order of their start."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in map(int, (task / "children").read_text().split()):
                command = Path(f"/proc/{child}/cmdline").read_bytes()
                found += [child] if module.encode() in command else []
                found += descendants(child, module)
    return sorted(found)


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.02)


@dataclass(slots=True)
class Running:
    """A run on a thread of its own, and what it has said."""

    said: list[str] = field(default_factory=list)
    heard: list[Progress] = field(default_factory=list)
    outcome: "Future[LoadOutcome] | None" = None

    def found(self, pattern: str) -> str:
        """What the pattern's group is in a line that was said, once there is one."""

        def lines() -> list[str]:
            matches = [re.search(pattern, line) for line in self.said]
            return [match[1] for match in matches if match]

        wait_until(lambda: bool(lines()) or self.over)
        return lines()[0]

    @property
    def over(self) -> bool:
        return self.outcome is not None and self.outcome.done()

    @property
    def address(self) -> str:
        return self.found(r"ghlctl worker (\S+)")

    def elapsed(self, seconds: float) -> None:
        wait_until(lambda: self.over or any(each.elapsed_s > seconds for each in self.heard))

    def result(self) -> LoadOutcome:
        assert self.outcome is not None
        return self.outcome.result(PATIENCE_S)


@pytest.fixture
def begin() -> Iterator[Callable[..., Running]]:
    """Start a run beside the test."""
    with ThreadPoolExecutor() as pool:

        def start(plan: LoadPlan, environ: dict[str, str] = ENVIRON) -> Running:
            running = Running()
            running.outcome = pool.submit(
                run_load,
                plan,
                environ=environ,
                on_progress=running.heard.append,
                on_said=running.said.append,
            )
            return running

        yield start


Begin = Callable[..., Running]
Join = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def join() -> Iterator[Join]:
    """Start `ghlctl worker ADDRESS`."""
    started: list[subprocess.Popen[str]] = []

    def start(address: str, *, environ: dict[str, str] = ENVIRON) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "ghlctl", "worker", address]
        started.append(
            subprocess.Popen(
                command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            )
        )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def last_words(process: "subprocess.Popen[str]") -> str:
    return process.communicate(timeout=PATIENCE_S)[0]


def test_workers_together_send_exactly_the_plan(tmp_path: Path, serve: Serve) -> None:
    requests: list[bytes] = []

    def keep(connection: socket.socket, request: bytes) -> bool:
        requests.append(request)
        return accept(connection, request)

    stages = (Constant(100, 0.7), Closed(3, iterations=20), Burst(9), Constant(50, 0.3))
    plan = plan_of(tmp_path, serve(keep), *stages, duplicates=0.2, warmup_s=0.2)
    outcome = run_load(plan, environ=ENVIRON)
    samples = read_samples(tmp_path)

    assert outcome.state is RunState.COMPLETE
    assert not codes(outcome)
    assert [path.name for path in tmp_path.iterdir()] == [FILE]
    first, _, last = segments_of(plan)
    for segment in (first, last):
        assert isinstance(segment, OpenSegment)
        own = samples.where(np.isin(samples.stage, np.unique(segment.stage)))
        zero_ns = own.intended_ns.min()
        assert (own.intended_ns - zero_ns).tolist() == segment.offset_ns.tolist()
    assert samples.intended_ns[0] == 0
    assert len(samples.where(samples.stage == 1)) == 20
    assert samples.acknowledged.all()
    assert len(requests) == len(samples)
    assert outcome.generator.workers == 2
    by_worker = outcome.generator.by_worker
    assert [each.worker for each in by_worker] == [0, 1]
    assert sum(each.sent for each in by_worker) == len(samples)
    assert sum(each.cpu_s for each in by_worker) < outcome.generator.cpu_s
    assert outcome.progress is not None
    assert outcome.progress.done == outcome.progress.planned == len(samples)
    exact = float(np.quantile(samples.response_time_ms, 0.99, method="inverted_cdf"))
    assert outcome.progress.response_p99_ms == pytest.approx(exact, rel=0.002)
    people = {json.loads(each.partition(b"\r\n\r\n")[2])["email"] for each in requests}
    assert len(people) > 20


def test_a_killed_worker_is_named_and_its_share_is_in_the_run(
    tmp_path: Path, serve: Serve, begin: Begin
) -> None:
    stages = (Closed(2, iterations=40), Constant(30, 5))

    def slow(connection: socket.socket, request: bytes) -> bool:
        time.sleep(0.01)
        return accept(connection, request)

    running = begin(plan_of(tmp_path, serve(slow), *stages))
    wait_until(lambda: running.over or any(each.done > 50 for each in running.heard))
    victim = descendants(os.getpid(), "ghlctl.load.worker")[-1]
    os.kill(victim, signal.SIGKILL)
    outcome = running.result()
    samples = read_samples(tmp_path)

    assert outcome.state is RunState.ABORTED
    assert not outcome.generator.keeping_up
    assert "worker-lost" in codes(outcome)
    assert "counts-disagree" not in codes(outcome)
    assert "samples-missing" not in codes(outcome)
    text = text_of(outcome, "worker-lost")
    assert f"(pid {victim} on {socket.gethostname()}) was lost (signal 9)" in text
    owed = samples.where(samples.error == "unreported")
    assert f"{len(owed)} arrivals" in text
    assert 1 <= len(owed) <= 75 + 40
    assert not owed.sent.any()
    assert len(samples) == 40 + 150
    open_ns = samples.where(samples.stage == 1).intended_ns
    assert set(np.diff(open_ns).tolist()) <= {33333333, 33333334}
    assert len(samples.where(samples.acknowledged)) == len(samples) - len(owed)
    assert any("is lost: signal 9" in line for line in running.said)


def test_samples_that_a_worker_wrote_and_that_are_gone_are_missed(
    tmp_path: Path, serve: Serve, begin: Begin
) -> None:
    running = begin(plan_of(tmp_path, serve(accept), Constant(100, 4)))
    wait_until(lambda: running.over or any(tmp_path.glob("*/0001/*/part-*.parquet")))
    next(tmp_path.glob("*/0001/*/part-*.parquet")).unlink()
    outcome = running.result()
    assert re.match(r"worker 1 \(.*\) counted 200 requests", text_of(outcome, "counts-disagree"))
    assert "samples-missing" in codes(outcome)


def test_a_killed_master_leaves_readable_samples_and_no_process(
    tmp_path: Path, serve: Serve, begin: Begin
) -> None:
    running = begin(plan_of(tmp_path, serve(accept), Constant(100, 60)))
    running.elapsed(1.7)
    workers = descendants(os.getpid(), "ghlctl.load.worker")
    (master,) = descendants(os.getpid(), "ghlctl.load.child")
    assert len(workers) == 2
    os.kill(master, signal.SIGKILL)
    outcome = running.result()
    assert outcome.state is RunState.ABORTED
    assert not outcome.generator.keeping_up
    assert "engine-killed" in codes(outcome)
    assert all(map(gone, workers))
    assert 100 < len(read_samples(tmp_path)) < 6000
    assert (tmp_path / WORKERS).is_dir()


def test_control_c_ends_all_workers_with_every_due_arrival_in_the_run(
    tmp_path: Path, serve: Serve
) -> None:
    def interrupt(progress: Progress) -> None:
        if progress.elapsed_s > 0.6 and not pressed:
            pressed.append(time.monotonic())
            raise KeyboardInterrupt

    pressed: list[float] = []
    plan = plan_of(tmp_path, serve(accept), Constant(100, 60))
    outcome = run_load(plan, environ=ENVIRON, on_progress=interrupt)
    assert time.monotonic() - pressed[0] < PATIENCE_S / 2
    assert (outcome.state, outcome.interrupted) == (RunState.ABORTED, True)
    assert codes(outcome) <= {"cut-off", "arrivals-dropped"}
    assert not descendants(os.getpid(), "ghlctl.load.worker")
    for worker in (0, 1):  # they hear of it one after the other
        own = read_samples(tmp_path).intended_ns[worker::2]
        assert len(own) > 20
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_workers_from_elsewhere_send_their_share_and_its_samples_back(
    tmp_path: Path, serve: Serve, begin: Begin, join: Join
) -> None:
    """One joins, one is the master's own; the header stays in their memories."""
    spread = Spread(workers=1, listen="127.0.0.1:0", expect=1)
    headers = (("Authorization", SECRET),)
    plan = plan_of(tmp_path, serve(accept), Constant(200, 2.5), spread=spread, headers=headers)
    running = begin(plan)
    worker = join(running.address)
    running.elapsed(0.5)
    for module in ("ghlctl.load.worker", "ghlctl.load.producer"):
        for pid in descendants(os.getpid(), module):
            with contextlib.suppress(OSError):
                assert SECRET.encode() not in Path(f"/proc/{pid}/cmdline").read_bytes()
    outcome = running.result()
    said = last_words(worker)

    assert worker.returncode == 0
    assert "joined as worker" in said
    assert outcome.state is RunState.COMPLETE
    assert codes(outcome) <= {"clocks-unsure"}
    samples = read_samples(tmp_path)
    assert samples.intended_ns.tolist() == [number * 5_000_000 for number in range(500)]
    assert samples.acknowledged.all()
    assert (samples.lateness_ms >= 0).all()
    assert outcome.generator.workers == 2
    assert [each.sent for each in outcome.generator.by_worker] == [250, 250]
    kept = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert not any(SECRET.encode() in content for content in kept)


def test_a_worker_that_is_stopped_where_it_runs_is_lost(
    tmp_path: Path, serve: Serve, begin: Begin, join: Join
) -> None:
    plan = plan_of(tmp_path, serve(accept), Constant(60, 5), spread=from_elsewhere(2))
    running = begin(plan)
    staying, leaving = join(running.address), join(running.address)
    running.elapsed(0.6)
    leaving.send_signal(signal.SIGINT)
    outcome = running.result()
    assert "it was stopped there" in text_of(outcome, "worker-lost")
    assert outcome.state is RunState.ABORTED
    samples = read_samples(tmp_path)
    assert len(samples) == 300
    owed = samples.where(samples.error == "unreported")
    assert 1 <= len(owed) < 150
    assert len(samples.where(samples.acknowledged)) >= 150
    last_words(leaving)
    assert leaving.returncode == 130
    last_words(staying)
    assert staying.returncode == 0


def test_a_killed_worker_from_elsewhere_is_missed_and_a_run_beside_it_is_not_disturbed(
    tmp_path: Path, serve: Serve, begin: Begin, join: Join
) -> None:
    port = serve(accept)
    plan = plan_of(tmp_path / "a", port, Constant(60, 5), spread=from_elsewhere(1))
    running = begin(plan)
    worker = join(running.address)
    wait_until(lambda: running.over or any((tmp_path / "a").glob("*/*/*/part-*.parquet")))
    (pid,) = descendants(worker.pid, "ghlctl.load.worker")
    os.kill(pid, signal.SIGKILL)
    beside = begin(plan_of(tmp_path / "b", port, Constant(40, 1))).result()
    outcome = running.result()
    assert "nothing heard for" in text_of(outcome, "worker-lost")
    samples = read_samples(tmp_path / "a")
    assert len(samples) == 300
    assert len(samples.where(samples.acknowledged)) > 10
    assert "signal SIGKILL" in last_words(worker)
    assert worker.returncode == 3
    assert (beside.state, codes(beside)) == (RunState.COMPLETE, set())
    assert read_samples(tmp_path / "b").acknowledged.tolist() == [True] * 40


VERSION = "import ghlctl; ghlctl.__version__ = '0.0.1'"
OTHER_VERSION = f"{VERSION}; from ghlctl.load import worker; worker.main()"


def test_who_cannot_take_part_is_told_why(
    tmp_path: Path, serve: Serve, begin: Begin, join: Join
) -> None:
    running = begin(plan_of(tmp_path, serve(accept), Burst(4), spread=from_elsewhere(1)))
    order = {"host": "127.0.0.1", "port": int(running.address.rpartition(":")[2])}
    command = [sys.executable, "-c", OTHER_VERSION]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, env=ENVIRON, text=True, bufsize=1, stdin=pipe, stdout=pipe
    ) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        other.stdin.write(json.dumps(order) + "\n")
        assert "the worker is ghlctl 0.0.1 with Locust" in other.stdout.readline()
    keyless = join(running.address, environ={**ENVIRON, "TEST_KEY": ""})
    with pytest.raises(KeyMaterialError, match=r"worker 0 \(pid .*TEST_KEY holds no key"):
        running.result()
    assert "TEST_KEY holds no key" in last_words(keyless)
    assert keyless.returncode == 2


def test_garbage_at_the_masters_port_does_not_disturb_a_run(
    tmp_path: Path, serve: Serve, begin: Begin, join: Join
) -> None:
    running = begin(plan_of(tmp_path, serve(accept), Burst(4), spread=from_elsewhere(1)))
    port = int(running.address.rpartition(":")[2])
    context = zmq.Context()
    stranger = context.socket(zmq.DEALER)
    stranger.setsockopt(zmq.IDENTITY, b"stranger")
    stranger.connect(f"tcp://127.0.0.1:{port}")
    ready = ("client_ready", "2.0", "somebody else")
    words: list[Any] = [ready, 7, "text", ("ghlctl", b"no message", ""), ("stats", {}, ""), {}]
    for frame in (b"\xc1", b"", b"\x93", *map(msgpack.dumps, words)):
        stranger.send(frame)
    with socket.create_connection(("127.0.0.1", port)) as other:
        other.sendall(b"GET / HTTP/1.1\r\n\r\n")
    join(running.address)
    outcome = running.result()
    context.destroy(linger=0)
    assert outcome.state is RunState.COMPLETE
    assert codes(outcome) <= {"clocks-unsure"}
    assert len(read_samples(tmp_path)) == 4


def test_nobody_to_join_is_said_in_time() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        command = [sys.executable, "-m", "ghlctl", "worker", place, "--within", "0.5s"]
        done = subprocess.run(
            command, env=ENVIRON, capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
        assert done.returncode == 3
        assert f"error: no master answered at {place} within" in done.stderr
        spread = Spread(workers=0, listen=place, expect=1)
        plan = LoadPlan(
            url="http://127.0.0.1:1/",
            provider="ghl",
            scheme="none",
            key_ref="none",
            events={"ContactCreate": 1.0},
            stages=(Burst(1),),
            seed=1,
            folder="unused",
            spread=spread,
        )
        with pytest.raises(NotMeasuredError, match=f"cannot listen at {place}"):
            run_load(plan, environ=ENVIRON)


def test_a_worker_asks_for_permission_and_for_a_receiver_that_all_can_reach(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, 1, Burst(1))
    public = msgspec.structs.replace(plan, url="http://203.0.113.7/")
    with pytest.raises(UsageError, match="neither this machine nor a private network"):
        _prepare(public, "another machine")
    with pytest.raises(UsageError, match=r"127\.0\.0\.1 means another machine here"):
        _prepare(plan, "another machine")


def asked(url: str, origin: str = "", **post: str) -> tuple[int, Any]:
    data = urllib.parse.urlencode(post).encode() if post else None
    request = urllib.request.Request(url, data, {"Origin": origin} if origin else {})  # noqa: S310 - our own page
    try:
        with urllib.request.urlopen(request, timeout=10) as reply:  # noqa: S310 - as above
            return reply.status, json.loads(reply.read())
    except urllib.error.HTTPError as fault:
        with fault:
            return fault.code, json.loads(fault.read())


@pytest.mark.parametrize("workers", [1, 2])
def test_locusts_page_counts_what_the_run_counts_and_can_only_stop_it(
    tmp_path: Path, serve: Serve, begin: Begin, workers: int
) -> None:
    """The last request is held back until the page was read: nothing moves under the comparison."""
    read = threading.Event()
    seen: list[bytes] = []
    lock = threading.Lock()

    def hold(connection: socket.socket, request: bytes) -> bool:
        with lock:
            seen.append(request)
            number = len(seen)
        if number == 60:
            read.wait(PATIENCE_S)
        status = b"500 No" if number % 10 == 0 else b"200 OK"
        connection.sendall(b"HTTP/1.1 " + status + b"\r\ncontent-length: 0\r\n\r\n")
        return True

    spread = Spread(workers=workers, web_port=0)
    plan = plan_of(tmp_path, serve(hold), Constant(60, 1.0), spread=spread, timeout_s=PATIENCE_S)
    running = begin(plan)
    page = running.found(r"(http://127\.0\.0\.1:\d+)")
    wait_until(lambda: running.over or shown(page)["stats"][-1]["num_requests"] >= 59)
    said = shown(page)
    only = "ghlctl runs one plan: start another run from the command line"
    refusal = (403, {"success": False, "message": only})
    assert asked(f"{page}/swarm", user_count="9", spawn_rate="9") == refusal
    assert asked(f"{page}/stats/reset", now="1") == refusal
    assert asked(f"{page}/stop", now="1", origin="http://elsewhere.test")[0] == 403
    assert asked(f"{page}/stop", now="1")[0] == 200
    outcome = running.result()
    read.set()

    assert (outcome.state, outcome.interrupted) == (RunState.ABORTED, False)
    assert said["state"] == "running"
    assert [each["state"] for each in said.get("workers", [])] == ["running"] * (
        workers if workers > 1 else 0
    )
    samples = read_samples(tmp_path)
    answered = samples.where(samples.sent)
    *by_event, total = said["stats"]
    assert total["num_requests"] == len(answered) == 59
    assert total["num_failures"] == int((answered.error == "status").sum()) == 5
    assert {each["name"]: each["num_requests"] for each in by_event} == _counts(answered)
    assert sum(each["occurrences"] for each in said["errors"]) == 5


def shown(page: str) -> dict[str, Any]:
    _, said = asked(f"{page}/stats/requests")
    return dict(said)


def _counts(samples: Samples) -> dict[str, int]:
    names, counts = np.unique(samples.event.astype(str), return_counts=True)
    return dict(zip(names.tolist(), counts.tolist(), strict=True))
