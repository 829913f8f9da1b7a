"""ghlctl serve: whose events it takes, whose keys it trusts, and whom it tells about itself."""

import json
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from ghlctl.cli.processes import Started, started
from ghlctl.signing.ghl import Ghl
from ghlctl.signing.scheme import KeyPair
from tests.cli.conftest import Run

APP, PLACE = "ourApp0000000000000a", "ourPlace00000000000a"


@contextmanager
def serving(folder: Path, *flags: str) -> Iterator[Started]:
    words = ["serve", "--port", "0", "--upstream", "http://127.0.0.1:9", "--state", str(folder)]
    with started([*words, *flags]) as process:
        yield process


def sent(url: str, pair: KeyPair, **changes: Any) -> int:
    """The status of a genuine delivery of something that asks for nothing."""
    event = {
        "type": "LocationUpdate",
        "appId": APP,
        "locationId": PLACE,
        "timestamp": datetime.now(UTC).isoformat(),
        "webhookId": str(uuid.uuid4()),
    }
    raw = json.dumps(event | changes).encode()
    scheme = Ghl()
    headers = scheme.sign(
        raw, scheme.read_signing_key(pair.private), at=time.time(), delivery_id=""
    )
    return httpx.post(url, content=raw, headers=dict(headers)).status_code


def soon(question: Callable[[], bool]) -> bool:
    until = time.monotonic() + 30
    while not (answer := question()) and time.monotonic() < until:
        time.sleep(0.05)
    return answer


@pytest.fixture
def pair() -> KeyPair:
    return Ghl().generate()


def test_only_the_tenants_that_are_named_are_taken(tmp_path: Path, pair: KeyPair) -> None:
    key = tmp_path / "key"
    key.write_bytes(pair.public)
    places = tmp_path / "places"
    places.write_text(f"{PLACE}\nanotherPlace00000000")
    flags = ["--key", f"file:{key}", "--app-id", APP, "--location", f"file:{places}"]
    with serving(tmp_path, *flags) as process:
        url = process.said["url"]
        assert process.said["any_tenant"] is False
        assert sent(url, pair) == 200
        assert sent(url, pair, locationId="anotherPlace00000000") == 200
        assert sent(url, pair, locationId="foreignPlace00000000") == 401
        assert sent(url, pair, appId="foreignApp0000000000") == 401
        token = (tmp_path / "health.token").read_text()
        assert token not in json.dumps(process.said)
        health = url.replace("/webhooks/ghl", "/health")
        assert httpx.get(health).json() == {"status": "ok"}
        about = httpx.get(health, headers={"Authorization": f"Bearer {token}"}).json()
        assert about["pid"] == process.pid
        assert about["counters"]["refused"] == {"foreign_tenant": 2}


def test_tenants_that_nobody_looks_at_are_an_error(ghlctl: Run) -> None:
    said = ghlctl("serve", "--profile", "baseline", "--location", PLACE, "--port", "0")
    assert said.status == 2
    assert said.hints == ["hint: --set tenant_check=on"]
    said = ghlctl("serve", "--location", "no id", "--port", "0", "--key", "none:")
    assert said.status == 2
    assert len(said.errors) == 1


def test_a_key_file_that_is_replaced_is_trusted_without_a_restart_and_the_old_one_no_more(
    tmp_path: Path, pair: KeyPair
) -> None:
    key = tmp_path / "key"
    key.write_bytes(pair.public)
    new = Ghl().generate()
    with serving(tmp_path, "--key", f"file:{key}", "--key-overlap", "0s") as process:
        url = process.said["url"]
        assert [sent(url, pair), sent(url, new)] == [200, 401]
        key.write_bytes(new.public)
        assert soon(lambda: sent(url, new) == 200)
        assert sent(url, pair) == 401


def test_a_rotated_test_key_is_trusted_without_a_restart(tmp_path: Path, ghlctl: Run) -> None:
    with serving(tmp_path) as process:
        place = Path(process.said["key"].removeprefix("file:"))
        old = KeyPair(place.read_bytes(), b"")
        assert ghlctl("keys", "rotate", "--state", str(tmp_path), "--overlap", "10m").status == 0
        new = KeyPair(place.read_bytes(), b"")
        assert new != old
        url = process.said["url"]
        assert soon(lambda: sent(url, new) == 200)
        assert sent(url, old) == 200
        assert process.said["any_tenant"] is True
        assert sent(url, new, locationId="anyPlace000000000000") == 200
