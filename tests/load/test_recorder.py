"""What the recorder's thread cannot write, it says."""

import struct
from pathlib import Path

import pytest

from ghlctl.errors import StoreError
from ghlctl.load.frames import tag_of
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
