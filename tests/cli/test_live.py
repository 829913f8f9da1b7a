"""Live comparisons on real receivers, too short to be asked what they find."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ghlctl.cli.app import run as run_command
from ghlctl.cli.live import stretched
from ghlctl.cli.processes import Started, started
from ghlctl.model.estimate import Mode
from ghlctl.model.run import RunKind, RunState
from ghlctl.scenario.arrivals import plan_arrivals
from ghlctl.scenario.scenario import Constant, Scenario
from ghlctl.scenario.turns import Rhythm, counted_windows, turns_of
from ghlctl.store.blocks import read_blocks
from ghlctl.store.runs import RunFolder
from ghlctl.store.samples import read_samples
from tests.cli.conftest import Run, receiver_flags
from tests.cli.test_interrupts import ended, only_run, start, wait_for

SCENARIO = """
name: steady
provider: ghl
events: {ContactCreate: 1, ContactUpdate: 1}
arrivals: [{constant: 20/s, for: 10s}]
warmup: 1s
seed: 5
"""
SHORT = ("--scenario", "steady.yaml", "--pairs", "6", "--block", "500ms")


@pytest.mark.parametrize("seed", range(4))
def test_every_turn_of_both_arms_has_as_many_arrivals(seed: int) -> None:
    turns = turns_of(Rhythm(Mode.ABBA, 6, 3.0, 0.5, 4.0, control=False, seed=seed))
    scenario = stretched(
        Scenario("slow", "ghl", {"ContactCreate": 1.0}, (Constant(5.0, 1.0),)), turns
    )
    due_s = plan_arrivals(scenario.arrivals, seed).offset_ns / 1e9
    windows = [counted_windows(turns, arm) for arm in "AB"]
    due = {int(np.sum((due_s >= a) & (due_s < b))) for arm in windows for a, b in arm}
    assert due == {15}


def compare_flags(receiver: Started) -> list[str]:
    url = receiver.said["url"]
    return ["compare", "--live", url, url, *receiver_flags(receiver)[2:], *SHORT]


def only_comparison(tmp_path: Path) -> tuple[RunFolder, dict[str, Any]]:
    folder = only_run(tmp_path)
    return folder, json.loads((folder.path / "comparison.json").read_text())


def test_a_duet_is_a_run_with_both_arms_its_order_and_its_ratios(
    ghlctl: Run, receiver: Started, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "steady.yaml").write_text(SCENARIO)
    said = ghlctl(*compare_flags(receiver), "--format", "json")
    assert said.status in (0, 1), said.err
    result = json.loads(said.out)
    folder, stored = only_comparison(tmp_path)
    assert stored == result
    run = folder.read_run()
    assert (run.kind, run.state, run.seed) == (RunKind.COMPARE, RunState.COMPLETE, 5)
    assert run.interleaved is not None
    assert run.interleaved.order == "A+B A+B A+B A+B A+B A+B"
    assert result["attempts"] == run.interleaved.attempt == 1
    assert {each["baseline"] for each in result["metrics"]} == {None}
    for arm in folder.arms().values():
        samples, blocks = read_samples(arm.path), read_blocks(arm.path)
        assert len(samples) == 80
        assert blocks is not None
        assert sum(block.sent for block in blocks) == 60
    gated = ghlctl("gate", folder.id, "--format", "json")
    (held,) = json.loads(gated.out)["comparisons"]
    assert held == result
    readable = not any(each["code"].startswith("run-") for each in result["cautions"])
    fine = 0 if readable else 3  # a machine may be too busy for all arrivals to be sent
    assert gated.status == (1 if result["verdict"] == "worse" else fine), gated.err
    again = ghlctl(*compare_flags(receiver), "--control")
    assert again.status in (0, 1), again.err
    assert "attempt 2 at this pair" in again.out
    assert "Noise floor, from the control" in again.out
    assert max(map(len, again.out.splitlines())) <= 80
    for form in ("text", "html", "markdown", "json"):
        output = str(tmp_path / form)
        assert run_command(["report", str(folder.path), "--format", form, "--output", output]) == 0
    assert run_command(["compare", str(folder.path), str(folder.path)]) == 2
    assert "measured no load" in capsys.readouterr().err


def test_ctrl_c_leaves_both_arms_as_far_as_they_came(receiver: Started, tmp_path: Path) -> None:
    (tmp_path / "steady.yaml").write_text(SCENARIO)
    process = start(tmp_path, *compare_flags(receiver), "--mode", "abba", "--pairs", "100")
    for arm in "AB":
        wait_for(tmp_path, f"*/arms/{arm}/samples.parts/part-*.parquet")
    process.send_signal(signal.SIGINT)
    ended(process)
    folder, result = only_comparison(tmp_path)
    assert folder.read_run().state is RunState.ABORTED
    assert (result["state"], result["verdict"]) == ("aborted", "unclear")
    assert all(len(read_samples(arm.path)) for arm in folder.arms().values())


def test_an_arm_that_dies_in_the_middle_never_looks_better(
    receiver: Started, tmp_path: Path
) -> None:
    (tmp_path / "steady.yaml").write_text(SCENARIO)
    state = ["--state", str(tmp_path / "state"), "--port", "0", "--upstream-port", "0"]
    key = receiver.said["key"].removeprefix("file:")
    public = Path(key).with_name(Path(key).name.replace("private", "public"))
    with started(["serve", "--profile", "optimized", *state, "--key", f"file:{public}"]) as other:
        flags = compare_flags(receiver)
        flags[3] = other.said["url"]
        process = start(tmp_path, *flags, "--format", "json", "--output", "result.json")
        wait_for(tmp_path, "*/arms/B/samples.parts/part-*.parquet")
        os.kill(other.pid, signal.SIGKILL)
        process.communicate(timeout=60)
    result = json.loads((tmp_path / "result.json").read_text())
    assert result["verdict"] in ("worse", "unclear")
    assert "better" not in {each["verdict"] for each in result["metrics"]}
    whole = 1 if result["verdict"] == "worse" else 0
    assert process.returncode == (whole if result["state"] == "complete" else 3)
    killed = only_run(tmp_path).arms()["B"].read_load()
    assert killed is not None
    assert killed.errors > 0


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--pairs", "5"), "--pairs 5 is not between 6 and"),
        (("--mode", "abba", "--pairs", "7"), "even number of pairs"),
        (("--block", "10ms"), "a block of 10ms"),
        (("--margin", "0", "--margin-ms", "0"), "a margin is a finite number above zero"),
        (("--margin-ms", "inf"), "a margin is a finite number above zero"),
        (("--upstream", "http://127.0.0.1:9"), "one ledger cannot tell"),
        (("--set", "cache=none"), "--set turns switches of an embedded B"),
        (("--mode", "sequential"), "known: duet, abba"),
    ],
)
def test_what_cannot_be_compared_live_is_refused_before_anything_is_sent(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    flags: tuple[str, ...],
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    url = "http://127.0.0.1:9/webhooks"
    assert run_command(["compare", "--live", url, url, "--key", "env:K", *flags]) == 2
    error, hint = capsys.readouterr().err.splitlines()
    assert words in error
    assert hint.startswith("hint: ")
    assert not (tmp_path / "reports").exists()


def test_a_name_that_is_neither_url_nor_profile_and_a_load_that_varies_are_refused(
    ghlctl: Run, tmp_path: Path
) -> None:
    assert "no URL and no profile" in ghlctl("compare", "--live", "fast", "optimized").errors[0]
    (tmp_path / "steady.yaml").write_text(SCENARIO.replace("constant: 20/s", "ramp: [1/s, 20/s]"))
    said = ghlctl("compare", "--live", "baseline", "optimized", *SHORT)
    assert (said.status, "one steady rate" in said.errors[0]) == (2, True)


def test_live_flags_beside_stored_runs_are_refused(ghlctl: Run) -> None:
    assert "--control is for receivers" in ghlctl("compare", "a", "b", "--control").errors[0]
