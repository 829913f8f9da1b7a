"""The gate over stored results: what passes, what fails, and what was never measured."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ghlctl.cli.accepting import status_with_accepted
from ghlctl.cli.app import run as run_ghlctl
from ghlctl.model.finding import AuditSummary
from ghlctl.model.finding import Outcome as CheckOutcome
from ghlctl.model.run import RunKind
from ghlctl.model.suppression import AcceptedBecause, Suppression
from ghlctl.store.begin import new_run
from ghlctl.store.runs import RunStore

V1 = Path(__file__).parents[1] / "store" / "v1"
AFTER, BEFORE = str(V1 / "optimized"), str(V1 / "baseline")
Gate = Callable[..., "Outcome"]


class Outcome:
    """One run of `ghlctl gate` in this process."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err

    @property
    def result(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def gate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Gate:
    monkeypatch.chdir(tmp_path)
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str) -> Outcome:
        status = run_ghlctl(["gate", *arguments])
        said = capsys.readouterr()
        return Outcome(status, said.out, said.err)

    return run


def test_the_plan_passes_and_prints_value_bound_margin_and_n(gate: Gate) -> None:
    said = gate(AFTER, "--policy", "plan")
    assert said.status == 0, said.out
    assert "2.27 ms, bound 500 ms, 99.55 % below, n 1,500 requests" in said.out
    assert "98.5, bound 95, 3.7 % above, n 12 checks" in said.out
    assert said.out.rstrip().endswith("gate: ✓ pass (5 passed)")
    assert max(map(len, said.out.splitlines())) <= 80


@pytest.mark.parametrize(("run", "status"), [(AFTER, 0), (BEFORE, 1)])
def test_a_reader_that_left_changes_no_verdict(tmp_path: Path, run: str, status: int) -> None:
    """As in `ghlctl gate … | head -1`."""
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "ghlctl", "gate", run, "--policy", "plan"]
    said = subprocess.run(
        command, cwd=tmp_path, stdout=writing, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writing)
    assert (said.returncode, said.stderr) == (status, "")


def test_the_plan_fails_where_it_is_missed(gate: Gate) -> None:
    said = gate(BEFORE, "--policy", "plan", "--format", "json")
    assert (said.status, said.result["pass"], said.result["standing"]) == (1, False, "failed")
    assert said.result["policy"] == "plan"
    missed = [each for each in said.result["thresholds"] if each["pass"] is False]
    assert {"value", "bound", "margin", "n", "level", "expression"} <= set(missed[0])


def test_a_policy_that_asks_for_what_was_not_measured_is_no_pass(gate: Gate) -> None:
    said = gate(f"{AFTER}/findings.json", "--policy", "smoke")
    assert said.status == 3
    assert "? not measured  error_rate < 5%" in said.out
    assert "no load was measured" in said.out


def test_health_and_comparisons_are_gated_from_their_files(gate: Gate) -> None:
    health, comparison = str(V1 / "health.json"), str(V1 / "comparison.json")
    assert gate(health, "--threshold", "health fail == 0").status == 1
    assert gate(health, "--threshold", "health pass >= 1").status == 0
    bound = "response_time p95 vs baseline < +10% or +20ms"
    assert gate(comparison, "--threshold", bound).status == 0
    assert gate(comparison, "--threshold", "throughput vs baseline > -5%").status == 3
    assert gate(comparison).status == 0


def compared(tmp_path: Path, **changes: Any) -> str:
    """A comparison that found no difference and excluded none, with what was changed of it."""
    whole = json.loads((V1 / "comparison.json").read_text())
    metrics = [each | {"verdict": "unclear", "note": ""} for each in whole["metrics"]]
    text = json.dumps(whole | {"metrics": metrics, "verdict": "unclear"} | changes)
    (tmp_path / "compared.json").write_text(text)
    return "compared.json"


def test_a_comparison_that_ended_early_or_could_not_be_read_is_no_pass(
    gate: Gate, tmp_path: Path
) -> None:
    assert gate(compared(tmp_path)).status == 0
    early = gate(compared(tmp_path, run="x", state="aborted"))
    assert early.status == 3, early.out
    whole = json.loads((V1 / "comparison.json").read_text())
    blind = [each | {"verdict": "unclear", "low": None, "high": None} for each in whole["metrics"]]
    for metrics in (blind, []):
        assert gate(compared(tmp_path, metrics=metrics)).status == 3
        verdict = ["--threshold", "verdict != worse"]
        assert gate(compared(tmp_path, metrics=metrics), *verdict).status == 3


@pytest.mark.parametrize(("verdict", "status"), [("worse", 1), ("better", 0)])
def test_a_live_comparison_is_gated_by_its_run(
    gate: Gate, tmp_path: Path, verdict: str, status: int
) -> None:
    scenario = {
        "name": "steady",
        "provider": "ghl",
        "events": {"ContactCreate": 1},
        "arrivals": [{"constant": "20/s", "for": "10s"}],
    }
    run = new_run(RunKind.COMPARE, "a and b", scenario=scenario, seed=1, receiver="a", scheme="ghl")
    folder = RunStore(tmp_path / "reports").create(run)
    content = (tmp_path / compared(tmp_path, verdict=verdict)).read_bytes()
    (folder.path / "comparison.json").write_bytes(content)
    said = gate(folder.id)
    assert said.status == status, said.out + said.err
    assert gate(folder.id, "--threshold", "verdict != worse").status == status


def test_a_baseline_is_a_run_or_its_committed_summary(gate: Gate, tmp_path: Path) -> None:
    shutil.copy(V1 / "baseline" / "summary.json", tmp_path / "base.json")
    bound = ["--threshold", "response_time p95 vs baseline < -50%"]
    for against in (BEFORE, f"{BEFORE}/summary.json", "base.json"):
        said = gate(AFTER, "--against", against, *bound)
        assert said.status == 0, said.out
    assert "[environment-unknown]" in said.out
    assert gate(BEFORE, "--against", AFTER, *bound).status == 1
    assert gate(AFTER, *bound).status == 3


def test_worse_fails_where_no_threshold_speaks_of_the_comparison(gate: Gate) -> None:
    assert gate(BEFORE, "--against", AFTER).status == 1
    assert gate(BEFORE, "--against", AFTER, "--threshold", "planned > 1").status == 1
    only = ["--threshold", "verdict{metric=error_rate} == worse"]
    assert gate(BEFORE, "--against", AFTER, *only).status == 0


def test_a_relative_warning_does_not_take_the_decision_from_the_verdict(
    gate: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warns = {"expr": "response_time p95 vs baseline < +10%", "level": "warn"}
    (tmp_path / "gate.yaml").write_text(json.dumps({"name": "a", "thresholds": [warns]}))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    said = gate(BEFORE, "--against", AFTER, "--policy", "gate.yaml")
    assert said.status == 1
    assert "::warning file=gate.yaml,line=1" in said.err


def test_unclear_fails_only_the_strict(gate: Gate) -> None:
    same = [AFTER, "--against", f"{AFTER}/summary.json"]
    bound = ["--threshold", "response_time p95 vs baseline < +10%"]
    assert gate(*same, *bound).status == 0
    said = gate(*same, *bound, "--strict", "--format", "json")
    assert (said.status, said.result["standing"], said.result["pass"]) == (4, "unclear", False)


@pytest.mark.parametrize(
    ("changes", "bound"),
    [
        ({"state": "aborted"}, "planned > 1"),
        ({"sent": 0}, "planned > 1"),
        ({"blocks": []}, "response_time p95 vs baseline < +10%"),
    ],
)
def test_a_run_that_shows_nothing_passes_nothing(
    gate: Gate, tmp_path: Path, changes: dict[str, Any], bound: str
) -> None:
    whole = json.loads((V1 / "optimized" / "summary.json").read_text())
    (tmp_path / "measured.json").write_text(json.dumps(whole | changes))
    said = gate("measured.json", "--against", BEFORE, "--threshold", bound)
    assert said.status == 3, said.out


def test_one_block_alone_gives_no_interval_and_no_pass(gate: Gate, tmp_path: Path) -> None:
    whole = json.loads((V1 / "optimized" / "summary.json").read_text())
    (tmp_path / "one.json").write_text(json.dumps(whole | {"blocks": whole["blocks"][:1]}))
    bound = "response_time p95 vs baseline < +10%"
    said = gate("one.json", "--against", BEFORE, "--threshold", bound)
    assert said.status == 3
    assert "3 blocks" in said.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--threshold", "respnse_time p95 < 1s"], "did you mean response_time"),
        (["--policy", "lax"], "plan, strict, smoke"),
        (["--policy", "missing.yaml"], "cannot read missing.yaml"),
        (["--suppressions", "missing.yaml"], "cannot read missing.yaml"),
        (["--against", "nothing"], "no run or baseline 'nothing'"),
        (["--threshold", "planned > 1", "--output", "no/where"], "no folder"),
        (["--threshold", "planned > 1", "--artifacts", "/dev/null/x"], "--artifacts"),
        (["--threshold", "planned > 1", "--artifacts", ""], "--artifacts is empty"),
    ],
)
def test_misuse_is_named(gate: Gate, arguments: list[str], said: str) -> None:
    outcome = gate(AFTER, *arguments)
    assert outcome.status == 2
    assert said in outcome.err


def test_nothing_to_hold_an_audit_against_is_misuse(gate: Gate) -> None:
    outcome = gate(f"{AFTER}/findings.json")
    assert outcome.status == 2
    assert "--threshold, --policy or --against" in outcome.err


def test_a_bound_in_a_policy_that_cannot_be_read_has_its_line(gate: Gate, tmp_path: Path) -> None:
    (tmp_path / "gate.yaml").write_text('name: a\nthresholds:\n  - "error_rate < 5ms"\n')
    outcome = gate(AFTER, "--policy", "gate.yaml")
    assert outcome.status == 2
    assert "gate.yaml:3: threshold 'error_rate < 5ms'" in outcome.err


def accepted(tmp_path: Path, days: int, *ids: str) -> str:
    last = (datetime.now(UTC).date() + timedelta(days=days)).isoformat()
    entries = [
        {"id": id_, "reason": "fix-planned", "statement": "soon", "owner": "me", "expires": last}
        for id_ in ids
    ]
    (tmp_path / "accepted.yaml").write_text(json.dumps({"suppressions": entries}, indent=1))
    return "accepted.yaml"


def failed_checks() -> list[str]:
    audit = json.loads((V1 / "baseline" / "findings.json").read_text())
    return [each["id"] for each in audit["checks"] if each["outcome"] == "fail"]


def test_accepted_risks_leave_counts_and_never_raise_the_score(gate: Gate, tmp_path: Path) -> None:
    audit, file = f"{BEFORE}/findings.json", accepted(tmp_path, 30, *failed_checks())
    none_failed = ["--threshold", "audit fail == 0"]
    assert gate(audit, *none_failed).status == 1
    said = gate(audit, *none_failed, "--suppressions", file)
    assert said.status == 0, said.out
    assert gate(audit, "--threshold", "audit score > 95", "--suppressions", file).status == 1


def test_an_expired_suppression_fails_whatever_else_holds(gate: Gate, tmp_path: Path) -> None:
    file = accepted(tmp_path, -1, failed_checks()[0])
    said = gate(f"{BEFORE}/findings.json", "--threshold", "audit coverage > 0%")
    assert said.status == 0
    said = gate(
        f"{BEFORE}/findings.json", "--threshold", "audit coverage > 0%", "--suppressions", file
    )
    assert said.status == 1
    assert "suppression-expired" in said.out


def audit_left(**changes: Any) -> AuditSummary:
    whole = msgspec.json.decode((V1 / "baseline" / "findings.json").read_bytes(), type=AuditSummary)
    accepted = tuple(
        Suppression(id_, AcceptedBecause.FIX_PLANNED, "soon", "me", "2099-01-01")
        for id_ in failed_checks()
    )
    given = {"suppressions": accepted, "score_with_accepted_risks": 97.0} | changes
    return msgspec.structs.replace(whole, **given)


def test_an_audit_that_only_accepted_risks_fail_is_fine() -> None:
    assert status_with_accepted(audit_left(suppressions=()), min_score=None) == 1
    assert status_with_accepted(audit_left(), min_score=None) == 0
    assert status_with_accepted(audit_left(), min_score=98) == 1
    assert status_with_accepted(audit_left(), min_score=95) == 0


def test_an_incomplete_audit_is_not_measured_whatever_was_accepted() -> None:
    assert status_with_accepted(audit_left(coverage=0.5), min_score=None) == 3
    checks = audit_left().checks
    broken = msgspec.structs.replace(checks[-1], outcome=CheckOutcome.ERROR)
    assert status_with_accepted(audit_left(checks=(*checks, broken)), min_score=None) == 3
    expired = audit_left(expired_suppressions=audit_left().suppressions, suppressions=())
    assert status_with_accepted(expired, min_score=None) == 1


def test_github_gets_a_summary_and_annotations(
    gate: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    (tmp_path / "gate.yaml").write_text('name: a\nthresholds:\n\n  - "response_time p95 < 1ms"\n')
    said = gate(BEFORE, "--policy", "gate.yaml", "--format", "json")
    assert said.result["pass"] is False
    assert said.err.startswith("::error file=gate.yaml,line=4,title=response_time p95 < 1ms::")
    written = summary.read_text()
    assert written.startswith("before\n")
    assert "1 failed" in written
    summary.write_bytes(b"x" * (1024 * 1024 - 50))
    gate(BEFORE, "--policy", "gate.yaml")
    assert summary.stat().st_size <= 1024 * 1024


def test_artifacts_are_what_gitlab_reads(gate: Gate, tmp_path: Path) -> None:
    gate(BEFORE, "--policy", "plan", "--artifacts", "ci")
    names = {path.name for path in (tmp_path / "ci").iterdir()}
    assert names == {"junit.xml", "gl-code-quality.json", "metrics.txt", "summary.md"}
    assert 'testsuite name="gate"' in (tmp_path / "ci" / "junit.xml").read_text()
    assert json.loads((tmp_path / "ci" / "gl-code-quality.json").read_text())
