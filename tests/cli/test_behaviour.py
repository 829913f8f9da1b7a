"""What a provider does, as scenarios: retries, replays and locations against the real receiver."""

import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from ghlctl.cli.processes import Started, started
from ghlctl.providers.catalogue import provider_named
from ghlctl.store.samples import read_samples
from tests.cli.conftest import Run, receiver_flags

SCENARIOS = Path(__file__).parents[2] / "scenarios"
# What a shared machine may come to: fine, a bound missed for want of speed, or not trusted.
MEASURED = (0, 1, 3)


def shortened(name: str, folder: Path, lasts: str, **more: object) -> Path:
    """A shipped scenario whose stages of a fixed length are shorter, beside its captured file."""
    scenario = yaml.safe_load((SCENARIOS / f"{name}.yaml").read_text())
    for stage in scenario["arrivals"]:
        if "for" in stage:
            stage["for"] = lasts
    scenario.pop("warmup", None)
    shutil.copy(SCENARIOS / "captured.jsonl", folder)
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(scenario | more))
    return path


def folder_of(run: str, where: Path) -> Path:
    return where / "reports" / run


def test_a_captured_file_replays_under_the_test_key_and_has_its_effects(
    ghlctl: Run, receiver: Started, tmp_path: Path
) -> None:
    scenario = shortened("replay", tmp_path, "1s")
    flags = [*receiver_flags(receiver), "--upstream", receiver.said["upstream"]]
    said = ghlctl("loadtest", "--scenario", str(scenario), *flags, "--format", "json")
    assert said.status in MEASURED, said.err
    summary = json.loads(said.out)
    assert (summary["planned"], summary["sent"], summary["errors"]) == (40, 40, 0)
    assert (summary["effects"]["expected"], summary["effects"]["lost"]) == (37, 0)
    samples = read_samples(folder_of(summary["run"], tmp_path))
    assert samples.attempt[samples.stage == 0].tolist().count(2) == 3
    log = ghlctl("report", summary["run"], "--format", "hdr")
    assert "Tag=service_time,0.000,1.000," in log.out
    assert "HISTFAAAA" in log.out


def test_replay_by_flag_takes_the_file_from_here(
    ghlctl: Run, receiver: Started, tmp_path: Path
) -> None:
    shutil.copy(SCENARIOS / "captured.jsonl", tmp_path)
    arguments = ["loadtest", "--replay", "captured.jsonl", "--speed", "20", "--format", "json"]
    said = ghlctl(*arguments, *receiver_flags(receiver))
    assert said.status in MEASURED, said.err
    summary = json.loads(said.out)
    assert (summary["planned"], summary["errors"]) == (30, 0)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--replay", "absent.jsonl"], "cannot read absent.jsonl: No such file or directory"),
        (["--replay", "x", "--rate", "5"], "--replay brings its own arrivals"),
        (["--speed", "2"], "--speed is that of a replay"),
        (["--replay", "x", "--speed", "0"], "the speed of a replay is above zero"),
    ],
)
def test_a_replay_that_makes_no_sense_is_refused_before_a_run(
    ghlctl: Run, tmp_path: Path, arguments: list[str], error: str
) -> None:
    said = ghlctl("loadtest", *arguments, "--url", "http://127.0.0.1:9/", "--key", "env:NONE")
    assert said.status == 2
    assert said.errors[0].startswith(f"error: {error}")
    assert not (tmp_path / "reports").exists()


def test_retries_bring_through_what_a_failing_upstream_cost(ghlctl: Run, tmp_path: Path) -> None:
    """The baseline profile answers 5xx where a call upstream fails; no delivery is left behind."""
    scenario = shortened("retries", tmp_path, "2s", retries={"policy": "ghl", "speed": 60_000})
    serve = ["serve", "--profile", "baseline", "--port", "0", "--upstream-port", "0"]
    failing = ["--faults", "0.25", "--rtt", "1", "--latency", "1"]
    with started([*serve, *failing]) as faulty:
        flags = [*receiver_flags(faulty), "--upstream", faulty.said["upstream"]]
        said = ghlctl("loadtest", "--scenario", str(scenario), *flags, "--format", "json")
    assert said.status in MEASURED, said.err
    summary = json.loads(said.out)
    retries = summary["retries"]
    assert (retries["policy"], retries["speed"]) == ("ghl", 60_000)
    assert summary["planned"] == summary["sent"] == 20
    failed = summary["errors"]
    assert failed > 0
    assert retries["sent"] >= failed
    assert retries["acknowledged"] + retries["given_up"] == failed
    assert retries["unfinished"] == 0
    assert summary["effects"]["expected"] == 20 - retries["given_up"]
    assert summary["effects"]["lost"] == 0
    run = folder_of(summary["run"], tmp_path)
    assert json.loads((run / "run.json").read_text())["scenario"]["retries"]["speed"] == 60_000
    shown = ghlctl("report", summary["run"])
    assert "Retries" in shown.out
    assert "60,000 times as fast" in shown.out
    assert max(map(len, shown.out.splitlines())) <= 80


def test_each_location_has_its_numbers(ghlctl: Run, receiver: Started, tmp_path: Path) -> None:
    scenario = shortened("locations", tmp_path, "2s", locations=3)
    names = provider_named("ghl").source(42, locations=3).locations  # the scenario's seed
    bound = f"response_time{{location={names[0]}}} max < 60s"
    arguments = ["loadtest", "--scenario", str(scenario), *receiver_flags(receiver)]
    summary = json.loads(ghlctl(*arguments, "--threshold", bound, "--format", "json").out)
    assert summary["locations"] == 3
    assert set(summary["by_location"]) == set(names)
    assert sum(part["sent"] for part in summary["by_location"].values()) == summary["sent"] == 40
    assert summary["thresholds"][-1]["pass"] is True
    stored = pq.read_table(folder_of(summary["run"], tmp_path) / "samples.parquet")
    assert str(stored.schema.field("location").type).startswith("dictionary")
