"""What ends a command early leaves a run that can be read, and says where it is."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from ghlctl.cli.app import run as run_command
from ghlctl.cli.interrupts import kept, signals_interrupt
from ghlctl.cli.processes import Started, started
from ghlctl.errors import NotMeasuredError
from ghlctl.model.run import RunKind, RunState
from ghlctl.store.begin import new_run
from ghlctl.store.runs import RunFolder, RunStore
from tests.cli.conftest import receiver_flags

WITHIN_S = 60
LONG = ("--rate", "20", "--duration", "60s")


def start(tmp_path: Path, *arguments: str) -> "subprocess.Popen[bytes]":
    (tmp_path / "temporary").mkdir(exist_ok=True)
    return subprocess.Popen(
        [sys.executable, "-m", "ghlctl", *arguments],
        cwd=tmp_path,
        env=os.environ | {"TMPDIR": str(tmp_path / "temporary")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def wait_for(tmp_path: Path, pattern: str) -> None:
    deadline = time.monotonic() + WITHIN_S
    while time.monotonic() < deadline:
        if any((tmp_path / "reports").glob(pattern)):
            return
        time.sleep(0.02)
    pytest.fail(f"no {pattern} was written in time")


def ended(process: "subprocess.Popen[bytes]") -> str:
    """What an interrupted command said, after checking that it ended as the contract has it."""
    said = process.communicate(timeout=WITHIN_S)[1].decode()
    assert process.returncode == 130, said
    assert "error: interrupted" in said
    assert "Traceback" not in said
    return said


def only_run(tmp_path: Path) -> RunFolder:
    (folder,) = RunStore(tmp_path / "reports").runs()
    return folder


def test_ctrl_c_in_the_first_load_of_the_demo_is_its_end(tmp_path: Path) -> None:
    process = start(tmp_path, "demo", "--quick")
    wait_for(tmp_path, "*/samples.parts/part-*.parquet")
    process.send_signal(signal.SIGINT)
    said = ended(process)
    folder = only_run(tmp_path)
    assert folder.read_run().state is RunState.ABORTED
    assert f"run {folder.id} in reports/{folder.id}" in said


def test_ctrl_c_in_an_audit_leaves_its_transcripts_so_far_marked_aborted(
    receiver: Started, tmp_path: Path
) -> None:
    flags = [*receiver_flags(receiver), "--upstream", receiver.said["upstream"]]
    process = start(tmp_path, "audit", *flags)
    wait_for(tmp_path, "*/transcripts.jsonl")
    process.send_signal(signal.SIGINT)
    said = ended(process)
    folder = only_run(tmp_path)
    assert folder.read_run().state is RunState.ABORTED
    assert folder.read_run().ended_at
    assert folder.id in said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_cancelled_job_and_a_closed_terminal_end_a_run_as_ctrl_c_does(
    tmp_path: Path, number: signal.Signals
) -> None:
    process = start(tmp_path, "loadtest", "--profile", "optimized", *LONG)
    wait_for(tmp_path, "*/samples.parts/part-*.parquet")
    process.send_signal(number)
    ended(process)
    folder = only_run(tmp_path)
    assert folder.read_run().state is RunState.ABORTED
    assert folder.read_load() is not None
    assert not list((tmp_path / "temporary").iterdir())


def test_ctrl_c_before_the_first_sample_is_an_empty_run(receiver: Started, tmp_path: Path) -> None:
    process = start(tmp_path, "loadtest", *receiver_flags(receiver), *LONG)
    wait_for(tmp_path, "*/run.json")
    process.send_signal(signal.SIGINT)
    ended(process)
    assert only_run(tmp_path).read_run().state is RunState.ABORTED


def test_ctrl_c_while_a_dataclass_is_being_made_has_the_status_of_every_other(
    tmp_path: Path,
) -> None:
    (tmp_path / "interrupted.py").write_text(
        "import sys\n"
        "from ghlctl.cli import app\n"
        "app.app = lambda **_: exec('raise KeyboardInterrupt')\n"
        "sys.exit(app.run([]))\n"
    )
    command = [sys.executable, "-m", "interrupted"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert ran.returncode == 130, ran.stderr.decode()


@pytest.fixture
def upstream() -> Iterator[Started]:
    with started(["upstream", "--port", "0"]) as process:
        yield process


def test_an_upstream_that_dies_under_a_run_costs_the_effects_alone(
    receiver: Started, upstream: Started, tmp_path: Path
) -> None:
    load = ["--rate", "20", "--duration", "3s", "--threshold", "effects lost == 0"]
    flags = [*receiver_flags(receiver), "--upstream", upstream.said["url"]]
    process = start(tmp_path, "loadtest", *flags, *load)
    wait_for(tmp_path, "*/samples.parts/part-*.parquet")
    os.kill(upstream.pid, signal.SIGKILL)
    said = process.communicate(timeout=WITHIN_S)[1].decode()
    assert process.returncode == 3, said
    folder = only_run(tmp_path)
    assert folder.read_run().state is RunState.COMPLETE
    summary = folder.read_load()
    assert summary is not None
    assert summary.planned == 60
    assert summary.effects is None
    assert summary.thresholds[0].passed is None
    (caution,) = [each for each in summary.cautions if each.code == "effects-not-measured"]
    assert upstream.said["url"] in caution.text
    assert "keep the upstream running" in caution.hint


def test_a_refusal_in_the_middle_marks_the_run_aborted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = new_run(RunKind.AUDIT, "audit", scenario={}, seed=0, receiver="http://x/", scheme="ghl")
    folder = RunStore(tmp_path).create(run)
    with pytest.raises(NotMeasuredError), kept(folder):
        raise NotMeasuredError("the upstream went away")
    assert folder.read_run() == msgspec.structs.replace(
        run, state=RunState.ABORTED, ended_at=folder.read_run().ended_at
    )
    assert f"run {run.id} in " in capsys.readouterr().err


@contextmanager
def ignoring(number: signal.Signals) -> Iterator[None]:
    before = signal.signal(number, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(number, before)


def test_signals_are_as_they_were_after_a_command() -> None:
    before = signal.getsignal(signal.SIGTERM)
    threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGTERM)).start()
    with pytest.raises(KeyboardInterrupt), signals_interrupt():
        time.sleep(WITHIN_S)
    assert signal.getsignal(signal.SIGTERM) is before


class Swallows:
    def __del__(self) -> None:
        raise KeyboardInterrupt


def test_a_ctrl_c_that_fell_where_nothing_can_be_raised_comes_again() -> None:
    def lose_one_and_wait() -> None:
        Swallows()
        time.sleep(WITHIN_S)

    with pytest.raises(KeyboardInterrupt), signals_interrupt():
        lose_one_and_wait()


def test_a_hangup_that_is_ignored_stays_ignored() -> None:
    with ignoring(signal.SIGHUP), signals_interrupt():
        os.kill(os.getpid(), signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def test_a_command_runs_in_another_thread_too(capsys: pytest.CaptureFixture[str]) -> None:
    statuses: list[int] = []
    thread = threading.Thread(target=lambda: statuses.append(run_command(["events"])))
    thread.start()
    thread.join(WITHIN_S)
    assert statuses == [0]
    assert "ContactCreate" in capsys.readouterr().out
