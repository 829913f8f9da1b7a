"""The parent's side: starts the engine's process, listens to it, and outlives it."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq

from ghlctl.errors import NotMeasuredError, UsageError
from ghlctl.load import messages
from ghlctl.load.messages import Finished, Noted, Prepared, Progress, Refused, Started
from ghlctl.load.plan import LoadPlan, encode_plan
from ghlctl.model.caution import Caution
from ghlctl.model.run import RunState
from ghlctl.model.summary import GeneratorSummary
from ghlctl.store.samples import FILE

_PATIENCE_S = 5.0


@dataclass(frozen=True, slots=True)
class LoadOutcome:
    """How a load run ended; its samples are in the plan's folder.

    `origin_unix_ns` is the wall clock at the samples' zero. `interrupted`: by Ctrl-C.
    """

    state: RunState
    origin_unix_ns: int
    generator: GeneratorSummary
    cautions: tuple[Caution, ...]
    progress: Progress | None = None
    interrupted: bool = False


@dataclass(slots=True)
class _Heard:
    """What the engine has said so far."""

    started: Started | None = None
    progress: Progress | None = None
    finished: Finished | None = None
    refused: Refused | None = None
    cautions: list[Caution] = field(default_factory=list)


def run_load(
    plan: LoadPlan,
    *,
    environ: Mapping[str, str],
    on_progress: Callable[[Progress], None] | None = None,
    should_stop: Callable[[Progress], str | None] | None = None,
    agree: Callable[[int], int] | None = None,
) -> LoadOutcome:
    """Run the plan to its end; blocks. `should_stop` may answer with a reason to stop the run.

    `agree` is given the earliest moment that the engine could begin at and answers with the
    moment that it shall; a plan with `agreed_start` needs it.

    Ctrl-C stops it too, and a second one kills the engine: in each case the outcome is ABORTED
    and what was measured is on disk. Raise a GhlctlError when nothing could be measured.
    """
    if plan.workers != 1:
        raise UsageError("load runs in one worker process so far", "leave out --workers")
    heard = _Heard()
    with tempfile.TemporaryFile() as last_words:
        process = _start(environ, last_words)
        try:
            _hand_over(process, plan)
            listener = _Listener(process, heard, on_progress, should_stop, agree)
            interrupted = _listen(process, listener)
        finally:
            cpu_s = _end(process)
        if heard.refused is not None:
            raise messages.as_error(heard.refused)
        if heard.finished is not None:
            heard.cautions.extend(_missing(heard.finished.progress, Path(plan.folder)))
        return _outcome(heard, cpu_s, process.returncode, last_words, interrupted=interrupted)


def _start(environ: Mapping[str, str], last_words: IO[bytes]) -> subprocess.Popen[bytes]:
    """In a session of its own: a Ctrl-C in the terminal reaches it through us, once."""
    return subprocess.Popen(
        [sys.executable, "-m", "ghlctl.load.child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=last_words,
        env=dict(environ),
        start_new_session=True,
    )


def _hand_over(process: subprocess.Popen[bytes], plan: LoadPlan) -> None:
    """Through the pipe, where a kill of this process leaves no header behind."""
    _tell(process, encode_plan(plan) + b"\n")


def _tell(process: subprocess.Popen[bytes], line: bytes) -> None:
    if process.stdin is None:
        raise TypeError("the engine was started without a pipe")
    unsent = memoryview(line)
    try:
        while unsent:
            unsent = unsent[os.write(process.stdin.fileno(), unsent) :]
    except BrokenPipeError:
        return  # it has ended already: its last words say why


def _missing(progress: Progress, folder: Path) -> list[Caution]:
    """What the engine counted, held against what can be read of it."""
    counted = progress.done + progress.dropped + progress.retries
    kept = _kept(folder / FILE)
    if kept == counted:
        return []
    return [
        Caution(
            "samples-missing",
            f"the engine counted {counted} arrivals, and the samples hold {kept}",
            "do not use the numbers of this run; look for a full disk and measure again",
        )
    ]


def _kept(file: Path) -> int:
    try:
        return int(pq.read_metadata(file).num_rows)
    except (pa.ArrowException, OSError):
        return 0


@dataclass(slots=True)
class _Listener:
    process: subprocess.Popen[bytes]
    heard: _Heard
    on_progress: Callable[[Progress], None] | None
    should_stop: Callable[[Progress], str | None] | None
    agree: Callable[[int], int] | None = None
    stopping: bool = False

    def hear(self, line: bytes) -> None:
        match messages.from_child(line):
            case Started() as started:
                self.heard.started = started
            case Prepared(origin_ns) if self.agree is not None:
                _tell(self.process, b"%d\n" % self.agree(origin_ns))
            case Noted(caution):
                self.heard.cautions.append(caution)
            case Refused() as refused:
                self.heard.refused = refused
            case Progress() as progress:
                self._follow(progress)
            case Finished(progress=progress) as finished:
                self.heard.finished = finished
                self._follow(progress)

    def _follow(self, progress: Progress) -> None:
        self.heard.progress = progress
        if self.on_progress is not None:
            self.on_progress(progress)
        if self.should_stop is None or self.stopping or self.heard.finished is not None:
            return
        reason = self.should_stop(progress)
        if reason is not None:
            self.stopping = True
            _signal(self.process, signal.SIGTERM)
            text = f"the run was stopped: {reason}"
            self.heard.cautions.append(Caution("stopped", text, "it covers less than was planned"))


def _listen(process: subprocess.Popen[bytes], listener: _Listener) -> bool:
    """Hear everything the engine says until it ends; whether Ctrl-C ended it."""
    if process.stdout is None:
        raise TypeError("the engine was started without a pipe")
    interrupts = 0
    while True:
        try:
            for line in process.stdout:
                if line.endswith(b"\n"):  # a killed engine may leave half a word
                    listener.hear(line)
        except KeyboardInterrupt:
            interrupts += 1
            _signal(process, signal.SIGINT if interrupts == 1 else signal.SIGKILL)
        else:
            return interrupts > 0


def _end(process: subprocess.Popen[bytes]) -> float:
    """Make sure that the engine has ended: the CPU seconds of it and its ended children."""
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    impatience = threading.Timer(_PATIENCE_S, _signal, (process, signal.SIGKILL))
    impatience.start()
    _, status, usage = os.wait4(process.pid, 0)
    impatience.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Popen's own way may collect the process, and its usage with it."""
    if process.returncode is None:
        os.kill(process.pid, number)


def _outcome(
    heard: _Heard, cpu_s: float, status: int, last_words: IO[bytes], *, interrupted: bool
) -> LoadOutcome:
    if heard.started is None and not interrupted:
        raise NotMeasuredError(
            f"the load engine ended before it began ({_ending(status)})",
            _last_line(last_words) or "try again; ghlctl doctor looks at this machine",
        )
    finished, progress = heard.finished, heard.progress
    if finished is None and not interrupted:
        heard.cautions.append(_killed(status, last_words))
    return LoadOutcome(
        state=RunState.ABORTED if finished is None or finished.aborted else RunState.COMPLETE,
        origin_unix_ns=heard.started.origin_unix_ns if heard.started else 0,
        generator=GeneratorSummary(
            cpu_s=round(cpu_s, 3),
            workers=1,
            keeping_up=finished is not None and finished.keeping_up,
            run_queue_wait_s=round(progress.run_queue_wait_s, 6) if progress else 0.0,
        ),
        cautions=tuple(heard.cautions),
        progress=progress,
        interrupted=interrupted,
    )


def _killed(status: int, last_words: IO[bytes]) -> Caution:
    said = _last_line(last_words)
    return Caution(
        "engine-killed",
        f"the load engine ended during the run ({_ending(status)})",
        said or "what it had measured is kept; look for memory limits and try again",
    )


def _ending(status: int) -> str:
    return f"signal {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"


def _last_line(last_words: IO[bytes]) -> str:
    last_words.seek(0)
    lines = last_words.read().decode(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
