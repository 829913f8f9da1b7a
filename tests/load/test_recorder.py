"""What the recorder's thread cannot write, it says."""

import struct
from pathlib import Path

import pytest

from ghlctl.errors import StoreError
from ghlctl.load.frames import HELD, WARMUP, retry_tag, tag_of
from ghlctl.load.recorder import ROW_FORMAT, Recorder
from ghlctl.store.samples import PARTS, read_samples


def row(event: int) -> bytes:
    return struct.pack(ROW_FORMAT, 0, 1, 2, 3, tag_of(0, event, 1), 200 << 8, b"d" * 36)


def recorder_of(folder: Path, *events: str) -> Recorder:
    recorder = Recorder(folder, events, origin_ns=0, warmup_s=0.0)
    recorder.start()
    return recorder


def test_everything_taken_is_on_disk_after_closing(tmp_path: Path) -> None:
    recorder = recorder_of(tmp_path, "ContactCreate")
    recorder.take(row(0) * 3)
    recorder.close()
    assert read_samples(tmp_path).status.tolist() == [200] * 3


def test_lateness_leaves_the_warm_up_out(tmp_path: Path) -> None:
    origin = 10**12
    recorder = Recorder(tmp_path, ("A",), origin_ns=origin, warmup_s=1.0)
    recorder.start()
    for due in (0, 999_999_999, 10**9):
        times = (origin + due, origin + due + 5, origin + due + 6, origin + due + 7)
        recorder.take(struct.pack(ROW_FORMAT, *times, tag_of(0, 0, 1), 200 << 8, b"d" * 36))
    recorder.close()
    assert len(recorder.totals.lateness) == 1
    assert read_samples(tmp_path).warmup.tolist() == [True, True, False]


def test_a_retry_is_a_row_with_its_place_and_no_arrival(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, ("A",), origin_ns=0, warmup_s=0.0, locations=("L1", "L2"))
    recorder.start()
    first = tag_of(3, 0, 1, 2)
    for tag in (first, retry_tag(first | HELD), retry_tag(retry_tag(first)) | WARMUP):
        recorder.take(struct.pack(ROW_FORMAT, 0, 1, 2, 3, tag, 503 << 8 | 1, b"d" * 36))
    recorder.close()
    totals = recorder.totals
    assert (totals.done, totals.retries, totals.held, len(totals.response)) == (1, 2, 0, 1)
    assert sum(totals.errors.values()) == 1
    samples = read_samples(tmp_path)
    assert samples.retry.tolist() == [0, 1, 2]
    assert samples.attempt.tolist() == [1, 2, 3]
    assert samples.stage.tolist() == [3] * 3
    assert samples.location.tolist() == ["L2"] * 3
    assert samples.warmup.tolist() == [False, False, True]


def test_samples_of_any_kind_that_cannot_be_written_are_a_fault(tmp_path: Path) -> None:
    recorder = recorder_of(tmp_path, "\ud800")  # no UTF-8, so no Parquet
    recorder.take(row(0))
    with pytest.raises(StoreError, match=r"cannot be written \(UnicodeEncodeError"):
        recorder.close()
    assert isinstance(recorder.fault, UnicodeEncodeError)


def test_a_disk_that_refuses_is_a_fault_with_its_hint(tmp_path: Path) -> None:
    recorder = recorder_of(tmp_path, "ContactCreate")
    (tmp_path / PARTS).rmdir()
    recorder.take(row(0))
    with pytest.raises(StoreError) as refused:
        recorder.close()
    assert refused.value.hint == "free some space"
