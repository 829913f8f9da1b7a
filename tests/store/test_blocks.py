from pathlib import Path

import numpy as np
import pytest

from ghlctl.errors import StoreError
from ghlctl.model.block import Block
from ghlctl.stats.histogram import EMPTY, histogram
from ghlctl.store.blocks import FILE, read_blocks, write_blocks


def block(number: int, *times_ms: int, end_to_end: bool = True) -> Block:
    times = histogram(np.array(times_ms, dtype=np.int64) * 1_000_000)
    return Block(
        number=number,
        start_s=4.0 * number,
        duration_s=4.0,
        event="ContactCreate",
        planned=len(times_ms) + 1,
        sent=len(times_ms),
        acknowledged=len(times_ms) - 1,
        errors={"status": 1},
        response=times,
        service=times,
        end_to_end=times if end_to_end else None,
        receiver_cpu_s=0.25 if number else None,
        generator_cpu_s=None,
    )


def test_blocks_come_back_as_they_were_written(tmp_path: Path) -> None:
    written = [block(0, 5, 7, 7, 900), block(1, 1, end_to_end=False), block(2)]
    write_blocks(tmp_path, written)
    read = read_blocks(tmp_path)
    assert read is not None
    for one, other in zip(read, written, strict=True):
        assert one.response.bins.tolist() == other.response.bins.tolist()
        assert one.response.counts.tolist() == other.response.counts.tolist()
        assert one.response.sum_ns == other.response.sum_ns
        assert (one.end_to_end is None) is (other.end_to_end is None)
        for name in ("number", "start_s", "event", "planned", "sent", "errors", "receiver_cpu_s"):
            assert getattr(one, name) == getattr(other, name)


def test_a_run_of_an_older_version_has_none(tmp_path: Path) -> None:
    assert read_blocks(tmp_path) is None


def test_no_blocks_are_a_file_of_none(tmp_path: Path) -> None:
    write_blocks(tmp_path, [])
    assert read_blocks(tmp_path) == ()


def test_blocks_without_a_time_are_empty_histograms(tmp_path: Path) -> None:
    write_blocks(tmp_path, [block(0)])
    (read,) = read_blocks(tmp_path) or ()
    assert read.response.total == EMPTY.total


def test_damaged_blocks_are_refused_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"PAR1 and then nothing")
    with pytest.raises(StoreError, match="cannot be read") as refusal:
        read_blocks(tmp_path)
    assert "made again" in refusal.value.hint
