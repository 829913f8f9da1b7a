"""Receivers under node, as people write them with Express: flawed ones, and correct ones."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ghlctl.audit.receiver import Means
from ghlctl.model.finding import AuditSummary, Outcome
from ghlctl.signing.catalogue import scheme_named
from tests.audit.book import upstream_app
from tests.audit.conftest import KEYS, Audit
from tests.audit.receivers import PATH
from tests.audit.street import Street

FOLDER = Path(__file__).parent / "express"
MODULES = Path(sys.prefix) / "express" / "node_modules"
REAL = os.environ.get("GHLCTL_REQUIRE_REAL") == "1"
FAIL = Outcome.FAIL
NOTHING = (Outcome.PASS, Outcome.NOT_APPLICABLE, Outcome.INFORMATIVE, Outcome.NOT_TESTED)


@dataclass(frozen=True)
class Flawed:
    """A file of `express/`, what is asked of it, and what it trips of that."""

    name: str
    scheme: str
    scope: frozenset[str]
    trips: Mapping[str, Outcome] = field(default_factory=dict)


WITHIN = frozenset({"signature", "replay", "input", "resilience"})
RECEIVERS = (
    Flawed("correct", "ghl", WITHIN),
    Flawed("correct-http", "github", WITHIN),
    Flawed(
        "reserialised",
        "github",
        frozenset({"SIG-01", "SIG-09", "SIG-10", "RES-11"}),
        {"SIG-09": FAIL, "SIG-10": FAIL},
    ),
    Flawed(
        "goes-on",
        "ghl",
        frozenset({"SIG-01", "SIG-03", "SIG-04", "RPL-05"}),
        {"SIG-01": FAIL, "SIG-03": FAIL, "SIG-04": FAIL},
    ),
    Flawed("raced", "ghl", frozenset({"replay"}), {"RPL-09": FAIL}),
    Flawed("dies", "github", frozenset({"RES-11"}), {"RES-11": FAIL, "CTL-02": Outcome.ERROR}),
    Flawed("inflates", "github", frozenset({"RES-01", "RES-02", "RES-03"}), {"RES-03": FAIL}),
    Flawed("waits", "ghl", frozenset({"RES-11", "RES-13"}), {"RES-13": FAIL}),
    Flawed("trusts-types", "ghl", frozenset({"INP-09"}), {"INP-09": FAIL}),
)


def node() -> str:
    """A shown skip without node or Express, or a failure where nothing real may be skipped."""
    program = shutil.which("node")
    missing = "node" if not program else "" if (MODULES / "express").is_dir() else "Express"
    if not missing:
        return str(program)
    if REAL:
        pytest.fail(f"GHLCTL_REQUIRE_REAL=1, and there is no {missing} here")
    pytest.skip(f"there is no {missing} here: make env-express")


@contextmanager
def running(program: str, one: Flawed, upstream: str) -> Iterator[str]:
    scheme = scheme_named(one.scheme)
    public = scheme.read_verifying_key(KEYS[one.scheme])
    key = {"SECRET": KEYS[one.scheme].decode()}
    if not isinstance(public, bytes):
        text = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        key = {"PUBLIC_KEY": text.decode()}
    environment = {"NODE_PATH": str(MODULES), "UPSTREAM": upstream, "PATH": os.environ["PATH"]}
    process = subprocess.Popen(
        [program, str(FOLDER / f"{one.name}.js")],
        env=environment | key,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # what a dying one says of it
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline().decode()
        assert line.startswith("listening on "), line
        yield f"http://127.0.0.1:{line.split()[-1]}{PATH}"
    finally:
        process.kill()
        process.wait(30)
        process.stdout.close()


@pytest.fixture(scope="module")
def audits(street: Street, audit: Audit) -> dict[str, AuditSummary]:
    """All side by side, because most of an audit is waiting."""
    program = node()

    def one(flawed: Flawed) -> AuditSummary:
        own = street.app(upstream_app())
        with running(program, flawed, own) as url:
            means = Means(intrusive=True)
            return audit(url, flawed.scheme, upstream_url=own, scope=flawed.scope, means=means)

    with ThreadPoolExecutor(max_workers=3) as pool:
        summaries = list(pool.map(one, RECEIVERS))
    return {each.name: summary for each, summary in zip(RECEIVERS, summaries, strict=True)}


@pytest.mark.real
@pytest.mark.parametrize("flawed", RECEIVERS, ids=lambda one: one.name)
def test_a_receiver_under_node_trips_what_it_should_and_nothing_else(
    flawed: Flawed, audits: dict[str, AuditSummary]
) -> None:
    asked = [one for one in audits[flawed.name].checks if one.outcome is not Outcome.SKIP]
    tripped = {one.id: one.outcome for one in asked if one.outcome not in NOTHING}
    assert tripped == dict(flawed.trips), [one.reason for one in asked if one.id in tripped]


def test_the_lock_carries_hashes_and_no_address() -> None:
    text = (FOLDER / "package-lock.json").read_text()
    assert "://" not in text
    assert "resolved" not in text
    assert text.count('"integrity": "sha512-') == text.count('"node_modules/')


def test_every_receiver_of_the_folder_is_asked() -> None:
    files = {file.stem for file in FOLDER.glob("*.js")} - {"webhook"}
    assert files == {one.name for one in RECEIVERS}
