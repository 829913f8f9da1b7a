"""Child processes of the shell: started, heard, and ended with their parent."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from ghlctl.errors import ExitStatus, GhlctlError, NotMeasuredError, UsageError

READY_WITHIN_S = 60.0  # a first start generates the receiver's listings on a slow machine
END_WITHIN_S = 15.0
PARENT_POLL_S = 0.5


@dataclass(frozen=True, slots=True)
class Started:
    """A running `ghlctl` child and what it announced as JSON when it was ready."""

    pid: int
    said: dict[str, Any]


@contextmanager
def started(arguments: Sequence[str], *, log: Path | None = None) -> Iterator[Started]:
    """Run `ghlctl <arguments>` beside this process until the block ends.

    `log`: a file that all it writes to stderr is added to, line by line.
    Raise the child's own refusal when it ends before it is ready.
    """
    command = [sys.executable, "-m", "ghlctl", *arguments, "--format", "json", "--exit-with-parent"]
    process = subprocess.Popen(  # noqa: S603 - our own program with our own arguments
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    errors = _Tail(process, log)
    try:
        yield Started(process.pid, _first_line(process, errors))
    finally:
        _end(process)
        errors.join()


class _Tail(threading.Thread):
    """Reads a child's stderr on, so that it never blocks, and keeps its last lines."""

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path | None) -> None:
        super().__init__(daemon=True)
        self._process = process
        self._log = log
        self.lines: list[str] = []
        self.start()

    def run(self) -> None:
        if self._process.stderr is not None:
            with self._process.stderr as stream, _written(self._log) as log:
                for line in stream:
                    log.write(line)
                    self.lines = [*self.lines[-20:], line.decode(errors="replace").rstrip()]


def _written(log: Path | None) -> BinaryIO:
    """Unbuffered, so that who reads it sees what has been said so far."""
    return Path(os.devnull if log is None else log).open("ab", buffering=0)


def _first_line(process: "subprocess.Popen[bytes]", errors: _Tail) -> dict[str, Any]:
    if process.stdout is None:
        raise NotMeasuredError("a child process has no output", "")
    watchdog = threading.Timer(READY_WITHIN_S, process.kill)
    watchdog.start()
    try:
        line = process.stdout.readline()
    finally:
        watchdog.cancel()
    if not line:
        process.wait(END_WITHIN_S)
        errors.join(END_WITHIN_S)
        raise _refused(process, errors.lines)
    said = json.loads(line)
    if not isinstance(said, dict):
        raise NotMeasuredError("a child process announced something else than JSON", "")
    return said


def _refused(process: "subprocess.Popen[bytes]", lines: list[str]) -> GhlctlError:
    """The child's own refusal; what was wrong usage there is wrong usage here."""
    said = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    hints = [line.removeprefix("hint: ") for line in lines if line.startswith("hint: ")]
    hint = hints[-1] if hints else ""
    if said and process.returncode == ExitStatus.USAGE:
        return UsageError(said[-1], hint)
    cause = said[-1] if said else (lines[-1] if lines else "it ended without a word")
    return NotMeasuredError(f"a part of ghlctl did not start: {cause}", hint)


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(END_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


def die_with_parent() -> None:
    """End this process, in good order, when the one that started it is gone."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(PARENT_POLL_S)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()
