from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghlctl.errors import StoreError
from ghlctl.model.sample import NEVER, Samples
from ghlctl.store.samples import FILE, PARTS, SampleWriter, read_samples, unite


def some_samples(intended: list[int], error: str = "") -> Samples:
    n = len(intended)
    start = np.array(intended, dtype=np.int64)
    return Samples(
        delivery_id=np.array([f"d-{i}" for i in intended], dtype=object),
        event=np.array(["ContactCreate", "NoteCreate"] * n, dtype=object)[:n],
        intended_ns=start,
        sent_ns=start + 10,
        first_byte_ns=np.full(n, NEVER, dtype=np.int64),
        done_ns=start + 1_000_000,
        status=np.full(n, 200, dtype=np.int64),
        error=np.array([error] * n, dtype=object),
        attempt=np.ones(n, dtype=np.int64),
        stage=np.zeros(n, dtype=np.int64),
        warmup=np.zeros(n, dtype=np.bool_),
    )


@given(
    chunks=st.lists(
        st.lists(st.integers(0, 10**12), max_size=20, unique=True), min_size=1, max_size=5
    )
)
def test_what_is_written_in_any_chunks_is_read_back_in_order_of_intention(
    tmp_path_factory: pytest.TempPathFactory, chunks: list[list[int]]
) -> None:
    folder = tmp_path_factory.mktemp("run")
    writer = SampleWriter(folder)
    for chunk in chunks:
        writer.append(some_samples(chunk))
    writer.close()
    read = read_samples(folder)
    everything = sorted(value for chunk in chunks for value in chunk)
    assert read.intended_ns.tolist() == everything
    assert read.delivery_id.tolist() == [f"d-{value}" for value in everything]
    assert read.acknowledged.all()


def test_a_run_of_before_retries_and_locations_opens(tmp_path: Path) -> None:
    writer = SampleWriter(tmp_path)
    writer.append(some_samples([1, 2]))
    writer.close()
    older = pq.read_table(tmp_path / FILE).drop_columns(["retry", "location"])
    pq.write_table(older, tmp_path / FILE)
    read = read_samples(tmp_path)
    assert (read.retry.tolist(), read.location.tolist()) == ([0, 0], ["", ""])
    assert read.arrivals is read


def test_a_column_of_another_version_is_refused(tmp_path: Path) -> None:
    writer = SampleWriter(tmp_path)
    writer.append(some_samples([1]))
    writer.close()
    table = pq.read_table(tmp_path / FILE)
    for other in (table.append_column("more", table["stage"]), table.drop_columns(["stage"])):
        pq.write_table(other, tmp_path / FILE)
        with pytest.raises(StoreError, match="other columns"):
            read_samples(tmp_path)


def test_a_killed_writer_leaves_its_parts_readable(tmp_path: Path) -> None:
    writer = SampleWriter(tmp_path)
    writer.append(some_samples([1, 2]))
    writer.append(some_samples([3], error="timeout"))
    (tmp_path / PARTS / "part-000003.unfinished").write_bytes(b"PAR1 half a file")
    read = read_samples(tmp_path)
    assert read.intended_ns.tolist() == [1, 2, 3]
    assert read.error.tolist() == ["", "", "timeout"]


def test_uniting_twice_and_after_a_kill_in_between_loses_nothing(tmp_path: Path) -> None:
    writer = SampleWriter(tmp_path)
    writer.append(some_samples([1]))
    writer.append(some_samples([2]))
    second = (tmp_path / PARTS / "part-000002.parquet").read_bytes()
    writer.close()
    (tmp_path / PARTS).mkdir()
    (tmp_path / PARTS / "part-000002.parquet").write_bytes(second)
    assert read_samples(tmp_path).intended_ns.tolist() == [1, 2]
    unite(tmp_path)
    assert read_samples(tmp_path).intended_ns.tolist() == [1, 2]


def test_a_run_in_which_nothing_was_sent_has_an_empty_file(tmp_path: Path) -> None:
    SampleWriter(tmp_path).close()
    assert len(read_samples(tmp_path)) == 0


def test_a_run_without_samples_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        read_samples(tmp_path)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"garbage" * 100])
def test_a_damaged_sample_file_is_a_clear_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(StoreError):
        read_samples(tmp_path)


def test_times_derive_from_the_intended_time() -> None:
    samples = some_samples([0])
    assert samples.response_time_ms.tolist() == [1.0]
    assert samples.service_time_ms.tolist() == pytest.approx([0.99999])
    assert samples.lateness_ms.tolist() == pytest.approx([1e-5])
