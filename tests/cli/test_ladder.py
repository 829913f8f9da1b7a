"""ghlctl ladder: rungs that are measured one after another, each on a receiver of its own."""

import json
from pathlib import Path

import pytest

from ghlctl.cli.ladder import RUNGS, _steps
from ghlctl.errors import UsageError
from ghlctl.reference.profile import BASELINE, OPTIMIZED, with_switches
from tests.cli.conftest import Run


def test_the_usual_rungs_lead_from_the_baseline_to_the_optimized_profile() -> None:
    turned = [switch for step in _steps("baseline", RUNGS) for switch in step]
    assert with_switches(BASELINE, turned) == OPTIMIZED


@pytest.mark.parametrize("rung", ["cache=none", "", "cahce=memory", "cache=memory,,cache=none"])
def test_a_rung_that_turns_nothing_is_refused_before_anything_runs(rung: str) -> None:
    with pytest.raises(UsageError):
        _steps("baseline", (rung,))


def test_a_short_ladder_is_measured_from_end_to_end(ghlctl: Run, tmp_path: Path) -> None:
    network = ["--rtt", "5", "--latency", "5", "--faults", "0"]
    load = ["--quick", "--duration", "1s", "--rate", "40"]
    rung = ["--rung", "upstream_updates=merged,cache=memory"]
    said = ghlctl("ladder", *load, *network, *rung, "--format", "json")
    assert said.status == 0, said.err
    result = json.loads(said.out)
    first, second = result["rungs"]
    assert (result["state"], first["turned"], second["turned"]) == (
        "complete",
        [],
        ["upstream_updates=merged", "cache=memory"],
    )
    assert first["calls_per_event"] == pytest.approx(6, abs=0.5)
    assert 1 <= second["calls_per_event"] <= 2.2
    assert first["hit_rate"] is None
    assert 0 < second["hit_rate"] < 1
    assert [rung["lost"] for rung in result["rungs"]] == [0, 0]
    assert all(rung["cpu_ms_per_event"] > 0 and rung["call_ms"] > 0 for rung in result["rungs"])
    assert sorted(path.name for path in (tmp_path / "reports").iterdir()) == sorted(
        rung["run"] for rung in result["rungs"]
    )
