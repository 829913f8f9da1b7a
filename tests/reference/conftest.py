"""Receivers and upstreams as processes of their own, and genuine deliveries for them."""

import asyncio
import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import msgspec
import pytest

from ghlctl.model.effect import LedgerEntry
from ghlctl.reference.population import population_in
from ghlctl.signing.ghl import Ghl
from ghlctl.signing.hmac_timestamp import HMAC_TIMESTAMP
from tests.reference.realdb import AbsentError, Redis, postgres_server, redis_server

UPSTREAM = """
import sys, msgspec
from ghlctl.upstream.serve import serve_upstream
from ghlctl.upstream.settings import UpstreamSettings
serve_upstream(
    msgspec.json.decode(sys.argv[1], type=UpstreamSettings),
    host="127.0.0.1", port=int(sys.argv[2]), announce=lambda port: print(port, flush=True),
)
"""
RECEIVER = """
import os, sys
from pathlib import Path
from ghlctl.reference.profile import profile_named, with_switches
from ghlctl.reference.serve import ReceiverSettings, serve_receiver
upstream, key, state, scheme, profile, *switches = sys.argv[1:]
serve_receiver(
    ReceiverSettings(
        upstream_url=upstream, key=bytes.fromhex(key), port=0, state_dir=Path(state),
        scheme=scheme, profile=with_switches(profile_named(profile), switches),
        database=os.environ.get("TEST_DATABASE"), cache=os.environ.get("TEST_CACHE"),
        health_token="a token of the tests",
        oauth="TEST_OAUTH" in os.environ,
    ),
    announce=lambda port: print(port, flush=True),
)
"""
# One client without certificates to load: loading them takes longer than the test's own requests.
CLIENT = httpx.Client(trust_env=False, verify=False, timeout=30)  # noqa: S501 - loopback, no TLS
KEYS = Ghl().generate()
SECRET = HMAC_TIMESTAMP.generate()


@dataclass
class Process:
    """A server that was started for a test."""

    process: subprocess.Popen[str]
    url: str
    log: Path

    def ledger(self) -> list[LedgerEntry]:
        reply = CLIENT.get(f"{self.url}/_ghlctl/ledger")
        return msgspec.convert(reply.json()["entries"], list[LedgerEntry])

    def effects(self, webhook_id: str) -> list[str]:
        """The operations applied because of one delivery, in their order."""
        keys = [e.idempotency_key.partition(":") for e in self.ledger() if e.applied]
        return [operation for id_, _, operation in keys if id_ == webhook_id]

    def counters(self) -> dict[str, Any]:
        counters: dict[str, Any] = self.health()["counters"]
        return counters

    def health(self) -> dict[str, Any]:
        """What holders of the token are told."""
        headers = {"Authorization": "Bearer a token of the tests"}
        about: dict[str, Any] = CLIENT.get(f"{self.url}/health", headers=headers).json()
        return about

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(20)


@dataclass
class Deliveries:
    """Makes bodies and signs them; every change to the healthy default is by name."""

    url: str
    scheme: str = "ghl"
    sent: list[str] = field(default_factory=list)

    def body(self, *, age_s: float = 0.0, **changes: Any) -> dict[str, Any]:
        at = datetime.fromtimestamp(time.time() - age_s, UTC)
        event: dict[str, Any] = {
            "type": "ContactCreate",
            "locationId": uuid.uuid4().hex[:20],
            "id": uuid.uuid4().hex[:20],
            "email": "ada@example.com",
            "phone": "+15125550100",
            "source": "website form",
            "city": "Austin",
            "tags": ["vip"],
            "timestamp": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "webhookId": str(uuid.uuid4()),
        } | changes
        return {name: value for name, value in event.items() if value is not ...}

    def send(
        self,
        body: Any,
        *,
        route: str = "/webhooks/ghl",
        headers: dict[str, str] | None = None,
        at: float | None = None,
    ) -> httpx.Response:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        signed = self.signature(raw, time.time() if at is None else at)
        given = signed if headers is None else headers
        return CLIENT.post(self.url + route, content=raw, headers=given)

    def signature(self, raw: bytes, at: float) -> dict[str, str]:
        if self.scheme == "ghl":
            key = Ghl().read_signing_key(KEYS.private)
            return dict(Ghl().sign(raw, key, at=at, delivery_id=""))
        secret = HMAC_TIMESTAMP.read_signing_key(SECRET.private)
        return dict(HMAC_TIMESTAMP.sign(raw, secret, at=at, delivery_id=""))


class Starter:
    """Starts servers and ends them with the test."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = ExitStack()

    def upstream(self, port: int = 0, **changes: Any) -> Process:
        settings = {"rtt_ms": 0, "setup_rtts": 0, "service_ms": 0} | changes
        return self._start(UPSTREAM, json.dumps(settings), str(port))

    def receiver(
        self,
        upstream: str,
        profile: str = "optimized",
        *switches: str,
        state: Path | None = None,
        scheme: str = "ghl",
        program: str = RECEIVER,
        **environment: str,
    ) -> Process:
        key = KEYS.public if scheme == "ghl" else SECRET.public
        arguments = [upstream, key.hex(), str(state or self.state()), scheme, profile, *switches]
        return self._start(program, *arguments, **environment)

    def state(self) -> Path:
        """A state folder of its own, with the population that all tests share."""
        folder = self._folder / uuid.uuid4().hex
        folder.mkdir()
        shared = population_in(self._folder)
        (folder / shared.name).symlink_to(shared)
        return folder

    def close(self) -> None:
        self._stack.close()

    def _start(self, program: str, *arguments: str, **environment: str) -> Process:
        log = self._folder / f"{uuid.uuid4().hex}.log"
        errors = self._stack.enter_context(log.open("w"))
        process = self._stack.enter_context(
            subprocess.Popen(
                [sys.executable, "-c", program, *arguments],
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=os.environ | environment,
            )
        )
        self._stack.callback(process.kill)
        assert process.stdout
        line = process.stdout.readline()
        assert line, log.read_text()
        return Process(process, f"http://127.0.0.1:{int(line)}", log)


@pytest.fixture(scope="session", autouse=True)
def client() -> Iterator[httpx.Client]:
    with CLIENT:
        yield CLIENT


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reference")


@pytest.fixture(scope="session")
def population(folder: Path) -> Path:
    return population_in(folder)


@pytest.fixture
def start(folder: Path) -> Iterator[Starter]:
    starter = Starter(folder)
    yield starter
    starter.close()


@pytest.fixture(scope="session")
def shared(folder: Path) -> Iterator[Starter]:
    starter = Starter(folder)
    yield starter
    starter.close()


@pytest.fixture(scope="session")
def upstream(shared: Starter) -> Process:
    return shared.upstream(limit=100_000)


@pytest.fixture(scope="session")
def baseline(shared: Starter, upstream: Process) -> Process:
    return shared.receiver(upstream.url, "baseline")


@pytest.fixture(scope="session")
def optimized(shared: Starter, upstream: Process) -> Process:
    return shared.receiver(upstream.url, "optimized")


@pytest.fixture(params=["baseline", "optimized"])
def receiver(request: pytest.FixtureRequest) -> Process:
    process: Process = request.getfixturevalue(request.param)
    return process


@pytest.fixture
def deliveries() -> type[Deliveries]:
    return Deliveries


@pytest.fixture
def eventually() -> Callable[[Callable[[], Any]], Any]:
    def wait(question: Callable[[], Any]) -> Any:
        """The first true answer; a generous deadline, because the machine is shared."""
        until = time.monotonic() + 20
        while not (answer := question()) and time.monotonic() < until:
            time.sleep(0.02)
        return answer

    return wait


BACKENDS: dict[str, str] = {}
"""What the real databases of this session were, for its summary."""


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if BACKENDS:
        said = ", ".join(f"{name} {what}" for name, what in sorted(BACKENDS.items()))
        terminalreporter.write_line(f"real backends: {said}")


def real(name: str, server: Any) -> Iterator[Any]:
    """What `server` yields; where it is absent a shown skip, or a failure if none is allowed."""
    with ExitStack() as stack:
        try:
            running = stack.enter_context(server)
        except AbsentError as reason:
            BACKENDS[name] = f"SKIPPED: {reason}"
            if os.environ.get("GHLCTL_REQUIRE_REAL") == "1":
                pytest.fail(f"GHLCTL_REQUIRE_REAL=1, and no real {name}: {reason}")
            pytest.skip(f"no real {name}: {reason}")
        BACKENDS[name] = "ran"
        yield running


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[str]:
    yield from real("PostgreSQL", postgres_server())


@pytest.fixture
def postgres(postgres_cluster: str) -> str:
    """The URL of the real PostgreSQL, without the receiver's tables."""

    async def empty() -> None:
        connection = await asyncpg.connect(postgres_cluster)
        for kind, name in POSTGRES_OBJECTS:
            await connection.execute(f"DROP {kind} IF EXISTS {name}")
        await connection.close()

    asyncio.run(empty())
    return postgres_cluster


POSTGRES_OBJECTS = [
    *(("TABLE", f"ghlctl_{name}") for name in ("inbox", "seen", "insight", "standing")),
    *(("SEQUENCE", f"ghlctl_{name}") for name in ("owner", "seq")),
]


@pytest.fixture(scope="session")
def redis_process() -> Iterator[Redis]:
    yield from real("Redis", redis_server())


@pytest.fixture
def redis(redis_process: Redis) -> Redis:
    """A real Redis, running and empty."""
    redis_process.stop()
    redis_process.start()
    return redis_process
