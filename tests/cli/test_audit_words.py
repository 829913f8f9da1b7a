"""The words of audit around an audit: plan, replay, judge, baseline; and sign."""

import json
import subprocess
from pathlib import Path

import pytest

from ghlctl.cli.processes import Started
from ghlctl.report.curl import by_hand
from ghlctl.signing.catalogue import scheme_named
from ghlctl.store.runs import RunStore
from tests.cli.conftest import Run, receiver_flags

SECRET = "a-shared-secret-of-a-test"


@pytest.fixture
def flags(receiver: Started) -> list[str]:
    return [*receiver_flags(receiver), "--upstream", receiver.said["upstream"]]


def test_a_plan_says_what_would_be_asked_and_what_would_open_the_rest(
    ghlctl: Run, flags: list[str], tmp_path: Path
) -> None:
    said = ghlctl("audit", *flags, "--dry-run")
    assert said.status == 0, said.err
    assert "SIG-01  ask" in said.out
    assert "--intrusive" in said.out
    assert "requests" in said.out
    assert max(map(len, said.out.splitlines())) <= 80
    assert not (tmp_path / "reports").exists()
    assert "RES-01  ask" in ghlctl("audit", *flags, "--dry-run", "--intrusive").out


def test_an_audit_is_judged_again_replayed_and_a_baseline_of_the_next(
    ghlctl: Run, flags: list[str], tmp_path: Path
) -> None:
    first = ghlctl("audit", *flags, "--scope", "signature,replayed")
    assert "Webhook signature" in first.out
    assert "✓ PASS" in first.out
    (run,) = RunStore(tmp_path / "reports").runs()
    judged = ghlctl("audit", "judge", run.id)
    assert judged.out.rstrip().endswith("every verdict is the one that was stored")
    assert judged.status == first.status
    summary = json.loads(ghlctl("audit", "judge", run.id, "--format", "json").out)
    assert summary["score"] == json.loads((run.path / "findings.json").read_text())["score"]
    again = ghlctl("audit", "replay", "wrong-key", "--run", run.id, *flags)
    assert again.status == 0, again.err
    assert f"same verdict as in run {run.id}: pass" in again.out
    later = ghlctl("audit", *flags, "--scope", "SIG-01", "--baseline", run.id)
    assert later.status == 0, later.err
    assert ghlctl("audit", "replay", "SIG-99", "--run", run.id, *flags).status == 2


def test_the_configs_audit_section_is_read_and_its_mistakes_are_named(
    ghlctl: Run, flags: list[str], tmp_path: Path
) -> None:
    config = tmp_path / "ghlctl.yaml"
    config.write_text("audit: {intrusive: true, max_requests: 7}\n")
    assert "never more than 7" in " ".join(ghlctl("audit", *flags, "--dry-run").out.split())
    config.write_text("audit: {intrusiv: true}\n")
    refused = ghlctl("audit", *flags, "--dry-run")
    assert refused.status == 2
    assert "intrusive" in refused.err
    config.write_text("audit: {second_key: the-key-itself}\n")
    refused = ghlctl("audit", *flags, "--dry-run")
    assert refused.status == 2
    assert "ghlctl.yaml:1: audit.second_key" in refused.err
    assert "the-key-itself" not in refused.err


def test_sign_prints_headers_that_hold_and_never_the_secret(ghlctl: Run, tmp_path: Path) -> None:
    body = tmp_path / "body.json"
    body.write_bytes(b'{"a": 1}\n')
    for name in ("hmac-timestamp", "github", "standard"):
        key = SECRET if name != "standard" else scheme_named(name).generate().private.decode()
        said = ghlctl(
            "sign",
            str(body),
            "--scheme",
            name,
            "--key",
            "env:K",
            "--format",
            "json",
            env={"K": key},
        )
        assert said.status == 0, said.err
        assert key not in said.out + said.err
        headers = tuple((one, value) for one, value in json.loads(said.out)["headers"])
        scheme = scheme_named(name)
        trusted = scheme.read_verifying_key(key.encode())
        rejected = scheme.verify(b'{"a": 1}\n', headers, trusted, now=0.0, tolerance=None)
        assert rejected is None
    plain = ghlctl("sign", str(body), "--scheme", "github", "--key", "env:K", env={"K": SECRET})
    assert "Content-Type: application/json" in plain.out.splitlines()


def test_sign_refuses_what_it_cannot_print(ghlctl: Run, tmp_path: Path) -> None:
    body = tmp_path / "body.json"
    body.write_bytes(b"{}")
    key = ["--key", "env:K"]
    hidden = ghlctl("sign", str(body), "--scheme", "header-secret", *key, env={"K": SECRET})
    assert hidden.status == 2
    assert SECRET not in hidden.out + hidden.err
    assert ghlctl("sign", str(tmp_path / "no"), "--scheme", "github", *key).status == 2


def test_a_finding_can_be_asked_again_by_hand(
    ghlctl: Run, flags: list[str], tmp_path: Path
) -> None:
    """The line is run as it is printed; without its oracle it shows the reply alone."""
    ghlctl("audit", *flags, "--scope", "SIG-01")
    (run,) = RunStore(tmp_path / "reports").runs()
    audit = run.read_audit()
    assert audit is not None
    forged = next(one for one in audit.checks if one.id == "SIG-01").evidence[0]
    line = by_hand(forged)
    assert "X-GHL-Signature" not in line
    done = subprocess.run(
        ["/bin/sh", "-c", line], capture_output=True, text=True, timeout=60, check=False
    )
    if done.returncode == 127:
        pytest.skip("no curl on this machine")
    assert "401" in done.stdout.splitlines()[0]
