"""Each command once from end to end, against the real embedded receiver."""

import json
import os
import signal
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml

from ghlctl import __version__
from ghlctl.audit.grading import LEAST_COVERAGE
from ghlctl.cli.processes import Started
from ghlctl.model.run import RunState
from ghlctl.store.runs import RunStore
from ghlctl.store.samples import read_samples
from tests.cli.conftest import Run, receiver_flags, status_for

# What a shared machine may come to: fine, a bound missed for want of speed, or not trusted.
MEASURED = (0, 1, 3)


def test_version_says_which(ghlctl: Run) -> None:
    assert ghlctl("--version").out == f"ghlctl {__version__}\n"


def test_no_command_shows_the_help(ghlctl: Run) -> None:
    said = ghlctl()
    assert said.status == 0
    assert "loadtest" in said.out


def test_doctor_looks_at_this_machine(ghlctl: Run) -> None:
    said = ghlctl("doctor", "--format", "json")
    found = {check["id"] for check in json.loads(said.out)["checks"]}
    assert {"cores", "clock", "loopback", "timer"} <= found


def test_events_lists_types_and_shows_one_with_an_example(ghlctl: Run) -> None:
    listed = json.loads(ghlctl("events", "--format", "json").out)["events"]
    assert {"ContactCreate", "OpportunityCreate"} <= {event["type"] for event in listed}
    shown = json.loads(ghlctl("events", "ContactCreate", "--format", "json").out)
    assert shown["example"]["type"] == "ContactCreate"
    assert "webhookId" in shown["example"]
    assert "ContactCreate" in ghlctl("events", "ContactCreate").out


def test_keys_are_made_listed_and_never_shown(ghlctl: Run, tmp_path: Path) -> None:
    made = ghlctl("keys", "generate", "--scheme", "ghl")
    listed = ghlctl("keys", "list")
    private = (tmp_path / ".ghlctl" / "keys" / "ghl-test.key").read_text()
    assert "ghl-test.key" in made.out
    assert "ghl-test.key" in listed.out
    assert private.splitlines()[1] not in made.out + listed.out
    assert ghlctl("keys", "public").out.startswith("-----BEGIN PUBLIC KEY-----")


def test_init_writes_what_the_other_commands_read(ghlctl: Run, tmp_path: Path) -> None:
    assert ghlctl("init").status == 0
    assert (tmp_path / "ghlctl.yaml").is_file()
    again = ghlctl("init")
    assert again.status == 2
    assert "--force" in again.err
    assert ghlctl("init", "--force").status == 0
    said = ghlctl("loadtest", "--rate", "20", "--duration", "6s", "--profile", "optimized")
    assert said.status in MEASURED, said.err


def test_init_keeps_keys_and_runs_out_of_the_repository(ghlctl: Run, tmp_path: Path) -> None:
    ignored = tmp_path / ".gitignore"
    ignored.write_text("*.log\n.ghlctl/")
    assert ghlctl("init").status == 0
    once = ["*.log", ".ghlctl/", "reports/*", "!reports/baselines/", "*.parquet"]
    assert ignored.read_text().splitlines() == once
    assert ghlctl("init", "--force").status == 0
    assert ignored.read_text().splitlines() == once
    assert ghlctl("init", "new").status == 0
    assert (tmp_path / "new" / ".gitignore").read_text().splitlines() == once[1:]


def test_the_ci_workflow_measures_the_users_own_receiver(ghlctl: Run, tmp_path: Path) -> None:
    ghlctl("init")
    workflow = yaml.safe_load((tmp_path / ".github" / "workflows" / "ghlctl.yaml").read_text())
    steps = [step.get("run", "") for step in workflow["jobs"]["ghlctl"]["steps"]]
    (load,) = [step for step in steps if "loadtest" in step]
    assert "--profile" not in load
    assert any("ghlctl health" in step for step in steps[: steps.index(load)])


@pytest.mark.parametrize("subject", ["config", "scenario"])
def test_schemas_are_json_schemas(ghlctl: Run, subject: str) -> None:
    schema = json.loads(ghlctl("schema", subject).out)
    assert schema.get("type") == "object" or "$ref" in schema
    assert "$schema" in schema


def test_health_finds_the_embedded_receiver_ready(ghlctl: Run, receiver: Started) -> None:
    flags = [*receiver_flags(receiver), "--upstream", receiver.said["upstream"]]
    said = ghlctl("health", *flags, "--format", "json")
    outcomes = {check["id"]: check["outcome"] for check in json.loads(said.out)["checks"]}
    assert said.status == 0, said.out
    assert outcomes["genuine"] == outcomes["forgery"] == outcomes["upstream"] == "pass"


def test_send_is_acknowledged_and_show_sends_nothing(ghlctl: Run, receiver: Started) -> None:
    flags = receiver_flags(receiver)
    sent = ghlctl("send", "ContactCreate", *flags, "--count", "2", "--set", "email=a@example.com")
    assert sent.status == 0, sent.err
    assert len(sent.out.splitlines()) == 2
    shown = ghlctl("send", "ContactCreate", *flags, "--show", "--set", "email=a@example.com")
    assert "X-GHL-Signature: " in shown.out
    assert '"email":"a@example.com"' in shown.out


def test_the_four_routes_of_single_events_take_their_event(ghlctl: Run, receiver: Started) -> None:
    origin = receiver.said["url"].removesuffix("/webhooks/ghl")
    routes = {
        "contact.created": "ContactCreate",
        "contact.updated": "ContactUpdate",
        "opportunity.created": "OpportunityCreate",
        "appointment.scheduled": "AppointmentCreate",
    }
    for route, event in routes.items():
        url = f"{origin}/api/v1/ghl/webhook/{route}"
        said = ghlctl("send", event, *receiver_flags(receiver), "--url", url)
        assert said.status == 0, (route, said.out, said.err)


def measure(ghlctl: Run, receiver: Started, *more: str) -> None:
    flags = [*receiver_flags(receiver), "--upstream", receiver.said["upstream"]]
    load = ["--rate", "20", "--duration", "2s"]
    said = ghlctl("loadtest", *flags, *load, *more)
    assert said.status in MEASURED, said.err


def test_loadtest_measures_matches_effects_and_writes_its_run(
    ghlctl: Run, receiver: Started, tmp_path: Path
) -> None:
    flags = [*receiver_flags(receiver), "--upstream", receiver.said["upstream"]]
    load = ["--rate", "20", "--duration", "2s", "--format", "json"]
    said = ghlctl("loadtest", *flags, *load, "--threshold", "effects lost == 0")
    summary = json.loads(said.out)
    assert said.status in MEASURED, said.err
    assert summary["planned"] == 40
    assert summary["sent"] + summary["dropped"] == 40
    assert summary["effects"]["lost"] == 0
    assert summary["effects"]["seen"] == summary["effects"]["expected"]
    assert summary["thresholds"][0]["pass"] is True
    (run,) = RunStore(tmp_path / "reports").runs()
    assert run.read_run().state is RunState.COMPLETE
    assert len(read_samples(run.path)) == 40


def test_closed_model_by_flags(ghlctl: Run, receiver: Started, tmp_path: Path) -> None:
    said = ghlctl("loadtest", *receiver_flags(receiver), "--iterations", "30", "--concurrency", "3")
    assert said.status in MEASURED, said.err
    (run,) = RunStore(tmp_path / "reports").runs()
    assert len(read_samples(run.path)) == 30


def test_a_missed_threshold_fails_and_the_run_is_there_all_the_same(
    ghlctl: Run, receiver: Started, tmp_path: Path
) -> None:
    load = ["--rate", "20", "--duration", "1s", "--threshold", "throughput > 100000/s"]
    said = ghlctl("loadtest", *receiver_flags(receiver), *load)
    (run,) = RunStore(tmp_path / "reports").runs()
    summary = run.read_load()
    assert summary is not None
    assert said.status == status_for(summary, passed=False), said.err


def test_compare_gate_report_and_runs_read_what_was_measured(
    ghlctl: Run, receiver: Started, tmp_path: Path
) -> None:
    measure(ghlctl, receiver)
    measure(ghlctl, receiver)
    first, second = [run.id for run in RunStore(tmp_path / "reports").runs()]
    compared = json.loads(ghlctl("compare", first, second, "--format", "json").out)
    assert compared["baseline"] == first
    assert {metric["verdict"] for metric in compared["metrics"]} <= {
        "better",
        "worse",
        "same",
        "unclear",
    }
    assert ghlctl("gate", second, "--threshold", "sent_nothing < 1").status == 2
    summary = RunStore(tmp_path / "reports").find(second).read_load()
    assert summary is not None
    held = ghlctl("gate", second, "--threshold", "dropped >= 0")
    assert held.status == status_for(summary, passed=True)
    missed = ghlctl("gate", second, "--threshold", "response_time mean < 0.0001ms")
    assert missed.status == status_for(summary, passed=False)
    for form in ("text", "html", "markdown", "json", "csv", "junit"):
        said = ghlctl("report", first, second, "--format", form)
        assert said.status == 0, (form, said.err)
        assert said.out
    assert second in ghlctl("runs", "list").out
    assert ghlctl("runs", "show", second).status == 0
    assert len(ghlctl("runs", "export", second).out.splitlines()) == 41
    assert ghlctl("runs", "delete", first).status == 0
    assert first not in ghlctl("runs", "list").out


def test_a_baseline_is_captured_shown_compared_with_and_deleted(
    ghlctl: Run, receiver: Started, tmp_path: Path
) -> None:
    flags = [*receiver_flags(receiver), "--upstream", receiver.said["upstream"]]
    captured = ghlctl("baseline", "before", *flags, "--rate", "20", "--duration", "2s")
    assert captured.status in MEASURED, captured.err
    folder = RunStore(tmp_path / "reports").find("before")
    assert folder.read_audit() is not None
    assert folder.read_load() is not None
    assert "before" in ghlctl("baseline", "list").out
    assert ghlctl("baseline", "show", "before").status == 0
    again = ghlctl("baseline", "before", *flags, "--rate", "20", "--duration", "1s")
    assert again.status == 2
    measure(ghlctl, receiver, "--against", "before")
    assert ghlctl("baseline", "delete", "before").status == 0
    assert "ghlctl baseline NAME" in ghlctl("baseline", "list").out


def test_audit_scores_the_receiver_with_evidence(
    ghlctl: Run, receiver: Started, tmp_path: Path
) -> None:
    flags = [*receiver_flags(receiver), "--upstream", receiver.said["upstream"]]
    said = ghlctl("audit", *flags, "--format", "json")
    summary = json.loads(said.out)
    # By flags alone it has no log, no second key and no leave to disturb: too little may be left.
    whole = summary["coverage"] >= LEAST_COVERAGE or "fail" in summary["counts"]
    assert said.status == ((0 if summary["pass"] else 1) if whole else 3), said.err
    assert summary["coverage"] > LEAST_COVERAGE / 2
    assert summary["score"] is not None
    assert all(check["outcome"] != "error" for check in summary["checks"]), summary["counts"]
    (run,) = RunStore(tmp_path / "reports").runs()
    assert run.read_audit() is not None
    assert (run.path / "transcripts.jsonl").read_text().count("\n") > 8


def test_audit_explains_and_lists_its_checks(ghlctl: Run) -> None:
    listed = ghlctl("audit", "list").out.split()
    assert "SIG-01" in listed
    explained = ghlctl("audit", "explain", "SIG-01").out
    assert "remedy" in explained
    assert max(len(line) for line in explained.splitlines()) <= 80


def start(tmp_path: Path, *arguments: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "ghlctl", *arguments],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def wait_for_samples(tmp_path: Path) -> None:
    for _ in range(600):
        if list((tmp_path / "reports").glob("*/samples.parts/part-*.parquet")):
            return
        time.sleep(0.1)
    pytest.fail("no samples were written within a minute")


def test_ctrl_c_leaves_a_readable_run_marked_aborted(
    ghlctl: Run, receiver: Started, tmp_path: Path
) -> None:
    load = ["--rate", "20", "--duration", "60s"]
    process = start(tmp_path, "loadtest", *receiver_flags(receiver), *load)
    wait_for_samples(tmp_path)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err.decode()
    assert b"Traceback" not in err
    (run,) = RunStore(tmp_path / "reports").runs()
    assert run.read_run().state is RunState.ABORTED
    assert "abort" in ghlctl("report", "latest").out


def test_a_killed_loadtest_leaves_a_run_that_report_still_shows(
    ghlctl: Run, receiver: Started, tmp_path: Path
) -> None:
    load = ["--rate", "20", "--duration", "60s"]
    process = start(tmp_path, "loadtest", *receiver_flags(receiver), *load)
    wait_for_samples(tmp_path)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    for form in ("text", "html", "json"):
        said = ghlctl("report", "latest", "--format", form)
        assert said.status == 0, said.err
        assert "abort" in said.out
    assert "aborted" in ghlctl("runs", "list").out


class _Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002 - the base's shape
        self.names.append(tag)


def test_demo_tells_the_whole_story(ghlctl: Run, tmp_path: Path) -> None:
    said = ghlctl("demo", "--quick")
    assert said.status in MEASURED, said.err
    assert "baseline" in said.out
    assert "optimized" in said.out
    (report,) = (tmp_path / "reports").glob("*.html")
    page = _Elements()
    page.feed(report.read_text())
    assert "svg" in page.names
    assert "script" not in page.names
    before, after = (run.read_load() for run in RunStore(tmp_path / "reports").runs())
    assert before is not None
    assert after is not None
    assert after.effects is not None
    assert after.effects.lost == 0
    assert before.response_time_ms.mean is not None
    assert after.response_time_ms.mean is not None
    assert after.response_time_ms.mean < before.response_time_ms.mean
