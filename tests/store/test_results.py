"""Results in files of their own; those that an older version wrote still open."""

import json
from pathlib import Path

import pytest

from ghlctl.errors import StoreError
from ghlctl.model.estimate import CompareSummary
from ghlctl.model.finding import AuditSummary
from ghlctl.model.health import HealthSummary
from ghlctl.model.summary import LoadSummary
from ghlctl.store.results import read_result
from ghlctl.store.runs import RunStore

V1 = Path(__file__).parent / "v1"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("baseline/summary.json", LoadSummary),
        ("baseline/findings.json", AuditSummary),
        ("optimized/summary.json", LoadSummary),
        ("comparison.json", CompareSummary),
        ("health.json", HealthSummary),
    ],
)
def test_results_of_version_1_open(name: str, kind: type) -> None:
    assert isinstance(read_result(V1 / name), kind)


@pytest.mark.parametrize("name", ["baseline", "optimized"])
def test_runs_of_version_1_open(name: str) -> None:
    folder = RunStore(V1).find(str(V1 / name))
    assert folder.read_run().schema_version == 1
    assert folder.read_load() is not None
    assert folder.read_audit() is not None


def changed(tmp_path: Path, **fields: object) -> Path:
    whole = json.loads((V1 / "baseline" / "summary.json").read_text()) | fields
    path = tmp_path / "summary.json"
    path.write_text(json.dumps(whole))
    return path


@pytest.mark.parametrize("version", [0, 2, "1", None])
def test_another_schema_version_is_refused_by_its_number(tmp_path: Path, version: object) -> None:
    with pytest.raises(StoreError) as refused:
        read_result(changed(tmp_path, schema_version=version))
    assert f"has schema version {version}, this is 1" in refused.value.message
    assert "wrote it" in refused.value.hint


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "{}", '{"schema_version": 1}', "\xff", '{"schema_version": NaN}'],
)
def test_what_is_no_result_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "summary.json"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(StoreError) as refused:
        read_result(path)
    assert str(path) in refused.value.message


def test_a_number_that_is_none_is_damage(tmp_path: Path) -> None:
    path = changed(tmp_path, error_rate=float("nan"))
    assert "NaN" in path.read_text()
    with pytest.raises(StoreError):
        read_result(path)


def test_an_unknown_field_is_damage_and_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is damaged"):
        read_result(changed(tmp_path, surprise=1))
    with pytest.raises(StoreError, match="cannot be read"):
        read_result(tmp_path / "nothing.json")
