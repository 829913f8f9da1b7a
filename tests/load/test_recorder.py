"""What cannot be recorded, the engine hears of; what can is on disk whatever happens to it."""

import os
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ghlctl.errors import StoreError
from ghlctl.load import counted
from ghlctl.load.counted import Assignment, Opening
from ghlctl.load.frames import HELD, WARMUP, retry_tag, tag_of
from ghlctl.load.recorder import Recorder
from ghlctl.load.rows import DROPPED, ERROR_BITS, ROW_FORMAT
from ghlctl.model.sample import NEVER
from ghlctl.store.samples import PARTS, read_samples

NAME = b"d" * 36


def row(event: int = 0, *, name: bytes = NAME, status: int = 200, code: int = 0) -> bytes:
    result = status << ERROR_BITS | code
    return struct.pack(ROW_FORMAT, 0, 1, 2, 3_000_000, tag_of(0, event, 1), result, name)


def dropped() -> bytes:
    result = 0 << ERROR_BITS | DROPPED
    return struct.pack(ROW_FORMAT, 0, NEVER, NEVER, NEVER, tag_of(0, 0, 1), result, b"")


def recorder_of(folder: Path, *events: str) -> Recorder:
    return begun(Recorder(folder, events, warmup_s=0.0))


def begun(recorder: Recorder, origin_ns: int = 0, *locations: str) -> Recorder:
    recorder.ready()
    recorder.start(origin_ns, locations)
    return recorder


def wait_until(holds: Callable[[], object]) -> None:
    until = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_everything_taken_is_on_disk_and_counted_after_closing(tmp_path: Path) -> None:
    recorder = recorder_of(tmp_path, "ContactCreate", "ContactUpdate")
    recorder.take(row() * 3)
    recorder.take(row(1) + dropped())
    recorder.close()
    samples = read_samples(tmp_path)
    assert samples.status.tolist() == [200] * 4 + [0]
    assert sorted(samples.delivery_id) == ["", *[NAME.decode()] * 4]
    assert sorted(samples.event) == ["ContactCreate"] * 4 + ["ContactUpdate"]
    totals = recorder.totals
    assert (totals.done, totals.dropped, totals.errors) == (4, 1, {"dropped": 1})
    assert len(totals.lateness) == len(totals.response) == 4
    by_event = {tally.event: tally.response_ms.tolist() for tally in recorder.tallies}
    assert by_event == {"ContactCreate": [3, 3, 3], "ContactUpdate": [3]}


def test_lateness_leaves_the_warm_up_out(tmp_path: Path) -> None:
    origin = 10**12
    recorder = begun(Recorder(tmp_path, ("A",), warmup_s=1.0), origin)
    for due in (0, 999_999_999, 10**9):
        times = (origin + due, origin + due + 5, origin + due + 6, origin + due + 7)
        recorder.take(struct.pack(ROW_FORMAT, *times, tag_of(0, 0, 1), 200 << 8, NAME))
    recorder.close()
    assert len(recorder.totals.lateness) == 1
    assert read_samples(tmp_path).warmup.tolist() == [True, True, False]


def test_lateness_leaves_bursts_out_whose_arrivals_are_all_due_at_once(tmp_path: Path) -> None:
    recorder = begun(Recorder(tmp_path, ("A",), warmup_s=0.0, bursts=[1]))
    for stage in (0, 1, 1):
        recorder.take(struct.pack(ROW_FORMAT, 0, 1, 2, 3, tag_of(stage, 0, 1), 200 << 8, NAME))
    recorder.close()
    assert (len(recorder.totals.lateness), len(recorder.totals.response)) == (1, 3)


def test_a_retry_is_a_row_with_its_place_and_no_arrival(tmp_path: Path) -> None:
    recorder = begun(Recorder(tmp_path, ("A",), warmup_s=0.0), 0, "L1", "L2")
    first = tag_of(3, 0, 1, 2)
    for tag in (first, retry_tag(first | HELD), retry_tag(retry_tag(first)) | WARMUP):
        recorder.take(struct.pack(ROW_FORMAT, 0, 1, 2, 3, tag, 503 << 8 | 1, NAME))
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


def test_rows_of_every_size_of_chunk_give_the_same_samples(tmp_path: Path) -> None:
    recorder = recorder_of(tmp_path, "ContactCreate")
    for size in range(1, 40):
        recorder.take(row() * size)
    recorder.close()
    assert len(read_samples(tmp_path)) == recorder.totals.done == sum(range(1, 40))


def test_samples_of_any_kind_that_cannot_be_written_are_a_fault(tmp_path: Path) -> None:
    recorder = recorder_of(tmp_path, "ContactCreate")
    recorder.take(row(name=b"\xff"))  # no UTF-8, so no text
    with pytest.raises(StoreError, match=r"cannot be written \(UnicodeDecodeError"):
        recorder.close()
    assert recorder.fault is not None


def test_a_disk_that_refuses_is_a_fault_with_its_hint(tmp_path: Path) -> None:
    recorder = recorder_of(tmp_path, "ContactCreate")
    (tmp_path / PARTS).rmdir()
    recorder.take(row())
    with pytest.raises(StoreError) as refused:
        recorder.close()
    assert refused.value.hint == "free some space"


def test_a_folder_that_cannot_be_made_is_refused_before_the_run(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    recorder = Recorder(tmp_path / "taken", ["ContactCreate"], warmup_s=0.0)
    with pytest.raises(StoreError, match="cannot be written"):
        recorder.ready()
    recorder.close()


def test_a_recorder_that_never_started_closes_without_a_word(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, ["ContactCreate"], warmup_s=0.0)
    recorder.close()
    assert recorder.fault is None


def test_a_killed_recording_is_a_named_fault_and_keeps_what_it_wrote(tmp_path: Path) -> None:
    recorder = recorder_of(tmp_path, "ContactCreate")
    recorder.take(row() * 2)
    wait_until(lambda: list(tmp_path.glob(f"{PARTS}/*.parquet")))
    os.kill(recorder.pid, signal.SIGKILL)
    wait_until(lambda: recorder.fault)
    recorder.take(row())
    with pytest.raises(StoreError, match=r"records samples ended during the run \(signal SIGKILL"):
        recorder.close()
    assert len(read_samples(tmp_path)) == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_polite_signal_to_everybody_loses_no_row(tmp_path: Path, number: int) -> None:
    recorder = recorder_of(tmp_path, "ContactCreate")
    os.kill(recorder.pid, number)
    recorder.take(row())
    recorder.close()
    assert len(read_samples(tmp_path)) == 1


def test_when_the_engine_is_gone_the_rows_it_sent_are_kept(tmp_path: Path) -> None:
    task = Assignment(str(tmp_path), ("ContactCreate",), (), 0)
    lines = counted.encode(task) + b"\n" + counted.encode(Opening(0, ())) + b"\n"
    unfinished = row()[:-1]
    command = [sys.executable, "-m", "ghlctl.load.scribe"]
    rows = row() * 5 + unfinished
    subprocess.run(command, input=lines + rows, stdout=subprocess.DEVNULL, timeout=60, check=True)
    assert len(read_samples(tmp_path)) == 5
