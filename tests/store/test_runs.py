from pathlib import Path

import msgspec
import pytest

from ghlctl.errors import StoreError
from ghlctl.model.run import SCHEMA_VERSION, Run, RunKind, RunState
from ghlctl.store.environment import same_machine, this_environment
from ghlctl.store.runs import RunStore, run_id, state_on_disk


def a_run(run: str = "20260101T000000Z-loadtest-aa", state: RunState = RunState.COMPLETE) -> Run:
    return Run(
        schema_version=SCHEMA_VERSION,
        id=run,
        kind=RunKind.LOADTEST,
        state=state,
        name="steady",
        scenario={"name": "steady"},
        seed=1,
        receiver="http://127.0.0.1:8700/webhooks/ghl",
        scheme="ghl",
        environment=this_environment(),
        started_at="2026-01-01T00:00:00Z",
    )


def test_a_run_is_read_as_it_was_written(tmp_path: Path) -> None:
    folder = RunStore(tmp_path).create(a_run())
    assert folder.read_run() == a_run()
    assert folder.read_load() is None
    assert folder.read_audit() is None


def test_runs_are_listed_oldest_first_and_stray_folders_are_left_out(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    (tmp_path / "notes").mkdir()
    second = store.create(a_run("20260102T000000Z-loadtest-bb"))
    first = store.create(a_run("20260101T000000Z-loadtest-aa"))
    assert [run.path for run in store.runs()] == [first.path, second.path]
    assert store.find("latest").path == second.path


def test_a_run_is_found_by_path_id_part_or_baseline_name(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    run = store.create(a_run())
    baseline = store.create_baseline("before", a_run("20260101T000000Z-baseline-cc"))
    assert store.find(str(run.path)).path == run.path
    assert store.find(str(run.path / "summary.json")).path == run.path
    assert store.find(run.id).path == run.path
    assert store.find("test-aa").path == run.path
    assert store.find("before").path == baseline.path


def test_a_baseline_is_found_by_its_run_s_id_too(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    baseline = store.create_baseline("before", a_run("20260101T000000Z-baseline-cc"))
    damaged = store.create_baseline("damaged", a_run("20260101T000000Z-baseline-dd"))
    (damaged.path / "run.json").write_text("{")
    assert store.find("20260101T000000Z-baseline-cc").path == baseline.path
    assert store.find("baseline-cc").path == baseline.path


@pytest.mark.parametrize("reference", ["", " "])
def test_an_empty_reference_is_no_run_even_where_there_is_only_one(
    tmp_path: Path, reference: str
) -> None:
    store = RunStore(tmp_path)
    store.create(a_run())
    with pytest.raises(StoreError, match="no run was named"):
        store.find(reference)


def test_an_ambiguous_part_names_the_candidates(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    store.create(a_run("20260101T000000Z-loadtest-aa"))
    store.create(a_run("20260102T000000Z-loadtest-bb"))
    with pytest.raises(StoreError) as refusal:
        store.find("loadtest")
    assert "20260101T000000Z-loadtest-aa" in refusal.value.hint


def test_an_unknown_run_and_an_empty_store_are_clear_errors(tmp_path: Path) -> None:
    for reference in ("nothing", "latest"):
        with pytest.raises(StoreError):
            RunStore(tmp_path / "absent").find(reference)


def test_a_baseline_is_not_overwritten(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    store.create_baseline("before", a_run())
    with pytest.raises(StoreError):
        store.create_baseline("before", a_run())


def test_deleting_removes_one_run_only(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    store.create(a_run("20260101T000000Z-loadtest-aa"))
    kept = store.create(a_run("20260102T000000Z-loadtest-bb"))
    store.delete("test-aa")
    assert [run.id for run in store.runs()] == [kept.id]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"schema_version": 1}'])
def test_a_damaged_run_file_is_a_clear_error(tmp_path: Path, content: bytes) -> None:
    folder = RunStore(tmp_path).create(a_run())
    (folder.path / "run.json").write_bytes(content)
    with pytest.raises(StoreError):
        folder.read_run()


def test_another_schema_version_is_named_and_not_guessed_at(tmp_path: Path) -> None:
    folder = RunStore(tmp_path).create(a_run())
    other = msgspec.structs.replace(a_run(), schema_version=99)
    folder.write_run(other)
    with pytest.raises(StoreError, match="schema version 99"):
        folder.read_run()


def test_a_folder_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    with pytest.raises(StoreError):
        RunStore(blocked).create(a_run())


def test_a_run_that_is_still_called_running_on_disk_was_killed() -> None:
    assert state_on_disk(a_run(state=RunState.RUNNING)) is RunState.ABORTED
    assert state_on_disk(a_run(state=RunState.COMPLETE)) is RunState.COMPLETE


def test_run_ids_sort_by_time() -> None:
    early = run_id(RunKind.AUDIT, "20260101T000000Z", "ff")
    late = run_id(RunKind.LOADTEST, "20260102T000000Z", "00")
    assert sorted([late, early]) == [early, late]


def test_load_is_no_part_of_what_makes_two_machines_the_same() -> None:
    here = this_environment()
    assert same_machine(here, msgspec.structs.replace(here, load_1m=99.0))
    assert not same_machine(here, msgspec.structs.replace(here, cores=here.cores + 1))
