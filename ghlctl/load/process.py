"""The parent's side: one load run in the engine's process, heard to its end."""

import signal
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from ghlctl.errors import NotMeasuredError
from ghlctl.load import messages, spawned
from ghlctl.load.messages import (
    Finished,
    Noted,
    Parted,
    Prepared,
    Progress,
    Refused,
    Said,
    Started,
)
from ghlctl.load.plan import LoadPlan, encode_plan
from ghlctl.model.caution import Caution
from ghlctl.model.run import RunState
from ghlctl.model.summary import GeneratorSummary
from ghlctl.store.samples import rows_kept

SAMPLES_MISSING = "samples-missing"


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
    on_said: Callable[[str], None] | None = None,
    agree: Callable[[int], int] | None = None,
) -> LoadOutcome:
    """Run the plan to its end; blocks. `should_stop` may answer with a reason to stop the run.

    `agree` is given the earliest moment that the engine could begin at and answers with the
    moment that it shall; a plan with `agreed_start` needs it.

    Ctrl-C stops it too, and a second one kills the engine: in each case the outcome is ABORTED
    and what was measured is on disk. Raise a GhlctlError when nothing could be measured.
    """
    heard = _Heard()
    with tempfile.TemporaryFile() as last_words:
        process = spawned.start("ghlctl.load.child", environ, last_words)
        try:
            spawned.hand_over(process, encode_plan(plan))
            listener = _Listener(process, heard, on_progress, should_stop, on_said, agree)
            interrupted = spawned.listen(process, listener.hear)
        finally:
            cpu_s = spawned.end(process)
        if heard.refused is not None:
            raise messages.as_error(heard.refused)
        if heard.finished is not None:
            heard.cautions.extend(_missing(heard.finished.progress, Path(plan.folder)))
        ended = _Ended(heard, cpu_s, process.returncode, interrupted)
        return _outcome(plan, ended, last_words)


def _missing(progress: Progress, folder: Path) -> list[Caution]:
    """What the engine counted, held against what can be read of it."""
    counted = progress.done + progress.dropped + progress.retries
    kept = rows_kept(folder)
    if kept == counted:
        return []
    return [
        Caution(
            SAMPLES_MISSING,
            f"the engine counted {counted} arrivals, and the samples hold {kept}",
            "do not use the numbers of this run; look for a full disk and measure again",
        )
    ]


@dataclass(slots=True)
class _Listener:
    process: spawned.Process
    heard: _Heard
    on_progress: Callable[[Progress], None] | None
    should_stop: Callable[[Progress], str | None] | None
    on_said: Callable[[str], None] | None
    agree: Callable[[int], int] | None
    stopping: bool = False

    def hear(self, line: bytes) -> None:
        match messages.from_child(line):
            case Started() as started:
                self.heard.started = started
            case Prepared(origin_ns):
                self._agree(origin_ns)
            case Noted(caution):
                self.heard.cautions.append(caution)
            case Said(text):
                if self.on_said is not None:
                    self.on_said(text)
            case Refused() as refused:
                self.heard.refused = refused
            case Progress() as progress:
                self._follow(progress)
            case Finished(progress=progress) as finished:
                self.heard.finished = finished
                self._follow(progress)
            case Parted():
                pass  # a worker's word, to whoever started that

    def _agree(self, origin_ns: int) -> None:
        begin_ns = origin_ns if self.agree is None else self.agree(origin_ns)
        spawned.hand_over(self.process, b"%d" % begin_ns)

    def _follow(self, progress: Progress) -> None:
        self.heard.progress = progress
        if self.on_progress is not None:
            self.on_progress(progress)
        if self.should_stop is None or self.stopping or self.heard.finished is not None:
            return
        reason = self.should_stop(progress)
        if reason is not None:
            self.stopping = True
            spawned.send_signal(self.process, signal.SIGTERM)
            text = f"the run was stopped: {reason}"
            self.heard.cautions.append(Caution("stopped", text, "it covers less than was planned"))


@dataclass(frozen=True, slots=True)
class _Ended:
    heard: _Heard
    cpu_s: float
    status: int
    interrupted: bool


def _outcome(plan: LoadPlan, ended: _Ended, last_words: IO[bytes]) -> LoadOutcome:
    heard = ended.heard
    if heard.started is None and not ended.interrupted:
        raise NotMeasuredError(
            f"the load engine ended before it began ({spawned.ending(ended.status)})",
            spawned.last_line(last_words) or "try again; ghlctl doctor looks at this machine",
        )
    finished = heard.finished
    if finished is None and not ended.interrupted:
        heard.cautions.append(_killed(ended.status, last_words))
    return LoadOutcome(
        state=RunState.ABORTED if finished is None or finished.aborted else RunState.COMPLETE,
        origin_unix_ns=heard.started.origin_unix_ns if heard.started else 0,
        generator=_generator(plan, heard, ended.cpu_s),
        cautions=tuple(heard.cautions),
        progress=heard.progress,
        interrupted=ended.interrupted,
    )


def _generator(plan: LoadPlan, heard: _Heard, cpu_s: float) -> GeneratorSummary:
    finished, progress = heard.finished, heard.progress
    elsewhere_s = finished.elsewhere_cpu_s if finished else 0.0
    return GeneratorSummary(
        cpu_s=round(cpu_s + elsewhere_s, 3),
        workers=plan.spread.together,
        keeping_up=finished is not None and finished.keeping_up,
        run_queue_wait_s=round(progress.run_queue_wait_s, 6) if progress else 0.0,
        by_worker=finished.workers if finished else (),
    )


def _killed(status: int, last_words: IO[bytes]) -> Caution:
    said = spawned.last_line(last_words)
    return Caution(
        "engine-killed",
        f"the load engine ended during the run ({spawned.ending(status)})",
        said or "what it had measured is kept; look for memory limits and try again",
    )
