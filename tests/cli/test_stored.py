"""Stored runs made by hand: noise floors, old runs without blocks, trends."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import numpy as np
import pytest

from ghlctl.cli.app import run as run_command
from ghlctl.cli.floors import measured_floors
from ghlctl.cli.shapes import stored_blocks
from ghlctl.model.estimate import CompareSummary, NoiseFloor, Verdict
from ghlctl.model.run import RunKind, RunState
from ghlctl.model.sample import Samples
from ghlctl.model.summary import GeneratorSummary, Latency, LoadSummary
from ghlctl.store.begin import new_run
from ghlctl.store.runs import RunFolder, RunStore
from ghlctl.store.samples import SampleWriter

START = datetime(2026, 11, 1, 12, tzinfo=UTC)


def stored(
    store: RunStore, name: str = "steady", *, hours: float = 0, kind: RunKind = RunKind.LOADTEST
) -> RunFolder:
    run = new_run(kind, name, scenario={"name": name}, seed=1, receiver="r", scheme="none")
    started = (START + timedelta(hours=hours)).isoformat()
    return store.create(msgspec.structs.replace(run, state=RunState.COMPLETE, started_at=started))


def control(store: RunStore, floor: float, *, hours: float = 0) -> RunFolder:
    folder = stored(store, "a and b", hours=hours, kind=RunKind.COMPARE)
    floors = (NoiseFloor("response_time mean", 0.01, floor),)
    empty = CompareSummary(1, "a", "b", "", (), Verdict.UNCLEAR, noise_floors=floors)
    folder.write_comparison(empty)
    return folder


def floor_between(store: RunStore, hours: float = 0) -> float | None:
    run = stored(store, hours=hours).read_run()
    floors = measured_floors(store, run, run)
    return floors.by_metric["response_time mean"] if floors else None


def test_the_noise_floor_is_the_most_that_controls_near_both_runs_measured(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    assert floor_between(store) is None
    control(store, 0.08)
    control(store, 0.12, hours=3)
    control(store, 0.4, hours=48)
    assert floor_between(store) == 0.12


def test_a_calm_control_lowers_the_floor_only_so_far(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    control(store, 0.001)
    assert floor_between(store) == 0.05


def test_a_control_on_another_machine_says_nothing(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    folder = control(store, 0.08)
    run = folder.read_run()
    other = msgspec.structs.replace(run.environment, cpu="another")
    folder.write_run(msgspec.structs.replace(run, environment=other))
    assert floor_between(store) is None


def test_blocks_of_a_run_of_an_older_version_are_made_from_its_samples(tmp_path: Path) -> None:
    folder = stored(RunStore(tmp_path))
    assert stored_blocks(folder) == ()
    n = 500
    due = np.arange(n, dtype=np.int64) * 40_000_000
    texts = {"delivery_id": "d", "event": "ContactCreate", "error": ""}
    columns = {name: np.full(n, word, dtype=object) for name, word in texts.items()}
    same = {name: np.full(n, 1) for name in ("status", "attempt", "stage")}
    done = due + 10_000_000
    writer = SampleWriter(folder.path)
    writer.append(
        Samples(
            intended_ns=due,
            sent_ns=due,
            first_byte_ns=done,
            done_ns=done,
            warmup=np.zeros(n, dtype=np.bool_),
            **columns,
            **same,
        )
    )
    writer.close()
    blocks = stored_blocks(folder)
    assert sum(block.sent for block in blocks) == n
    assert {block.response.sum_ns / block.response.total for block in blocks} == {10e6}


def summary_of(run: str, mean_ms: float) -> LoadSummary:
    times = Latency(mean_ms, mean_ms, None, None, None, None, mean_ms)
    return LoadSummary(
        schema_version=1,
        run=run,
        kind="loadtest",
        state="complete",
        scenario="steady",
        receiver="r",
        planned=100,
        sent=100,
        dropped=0,
        errors=0,
        errors_by_kind={},
        error_rate=0.0,
        throughput_per_s=25.0,
        planned_per_s=25.0,
        duration_s=4.0,
        response_time_ms=times,
        service_time_ms=times,
        lateness_ms=times,
        by_event={},
        effects=None,
        generator=GeneratorSummary(1.0, 1, keeping_up=True),
        receiver_cost=None,
        blocks=(),
        thresholds=(),
        cautions=(),
        passed=True,
    )


def test_a_trend_names_the_run_from_which_on_it_was_slower(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store, chance = RunStore(tmp_path), np.random.default_rng(1)
    folders = []
    for place in range(30):
        folder = stored(store, hours=place)
        level = 100 if place < 18 else 130
        folder.write_load(summary_of(folder.read_run().id, level * chance.normal(1, 0.02)))
        folders.append(folder)
    stored(store, "other", hours=50).write_load(summary_of("other", 1.0))
    assert run_command(["trend", "steady", "--reports", str(tmp_path), "--format", "json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert len(said["runs"]) == 30
    (mean,) = [each for each in said["metrics"] if each["metric"] == "response_time mean"]
    (change,) = mean["changes"]
    assert change["run"] == folders[18].read_run().id
    assert change["verdict"] == "worse"
    assert change["change"] == pytest.approx(0.3, abs=0.03)
    assert run_command(["trend", "steady", "--reports", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert "✗ worse" in text
    assert max(map(len, text.splitlines())) <= 80


def test_a_trend_of_few_runs_says_so_and_one_of_none_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["trend", "--reports", str(tmp_path)]) == 2
    assert "no whole load run is stored" in capsys.readouterr().err
    stored(RunStore(tmp_path)).write_load(summary_of("one", 1.0))
    assert run_command(["trend", "--reports", str(tmp_path)]) == 0
    assert "too-few-runs" in capsys.readouterr().out
