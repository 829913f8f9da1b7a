"""A small parent that holds the listening socket while receivers come and go.

Whoever connects while none runs waits in the socket's queue, and is refused by nobody: HighLevel
may never send again what met a refused connection.
"""

import contextlib
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any

from ghlctl.cli.output import say
from ghlctl.errors import ExitStatus

POLL_S = 0.1
READY_WITHIN_S = 60.0
STOP_WITHIN_S = 30.0  # what a receiver may take to answer, work off and write
STEADY_S = 1.0  # of service, after which a receiver's end counts as its first again
PAUSE_S = 0.1  # before the start after a second failure; doubles
LONGEST_PAUSE_S = 1.0  # whoever waits in the queue does not wait for ever

Process = subprocess.Popen[bytes]


@dataclass(slots=True)
class _Asked:
    """What signals have asked for."""

    stop: bool = False
    anew: bool = False

    def hear(self, number: int, _frame: FrameType | None) -> None:
        self.stop = self.stop or number != signal.SIGHUP
        self.anew = self.anew or number == signal.SIGHUP

    def to_stop(self) -> bool:
        """A signal may come between any two looks at it."""
        return self.stop


def supervise(
    arguments: Sequence[str], listening: socket.socket, announce: Callable[[dict[str, Any]], None]
) -> int:
    """Run `ghlctl serve <arguments>` on the socket until SIGTERM or SIGINT, again when it ends.

    SIGHUP lets the running one finish and starts the next. `announce` is told what the first one
    said; where that one does not start, its exit status is returned and nothing is repeated.
    """
    failed_in_a_row = 0
    said = None
    with _signals() as asked:
        while not asked.to_stop():
            process = _start(arguments, listening)
            try:
                line = _first_line(process)
                ready = time.monotonic()
                if said is None and not line:
                    return ExitStatus.FINE if asked.to_stop() else process.wait()
                if said is None:
                    said = json.loads(line)
                    announce(said)
                _wait(process, asked)
            finally:
                _end(process)
            if asked.anew or asked.to_stop():
                asked.anew = False
                continue
            served_well = line and time.monotonic() - ready >= STEADY_S
            failed_in_a_row = 1 if served_well else failed_in_a_row + 1
            say(f"the receiver ended with {_how(process.returncode)}, another starts")
            _pause(pause_s(failed_in_a_row), asked)
    return ExitStatus.FINE


def pause_s(failed_in_a_row: int) -> float:
    """Nothing after a first failure: whoever waits in the queue waits for the next receiver."""
    if failed_in_a_row <= 1:
        return 0.0
    return min(LONGEST_PAUSE_S, PAUSE_S * 2.0 ** min(failed_in_a_row - 2, 16))


def _start(arguments: Sequence[str], listening: socket.socket) -> Process:
    number = listening.fileno()
    command = [sys.executable, "-m", "ghlctl", "serve", *arguments]
    command += ["--listen-fd", str(number), "--format", "json", "--exit-with-parent"]
    return subprocess.Popen(  # noqa: S603 - our own program with our own arguments
        command, stdout=subprocess.PIPE, pass_fds=[number], start_new_session=True
    )


def _first_line(process: Process) -> bytes:
    """What it announces; nothing where it ends before it is ready, or is never ready."""
    watchdog = threading.Timer(READY_WITHIN_S, process.kill)
    watchdog.start()
    try:
        return process.stdout.readline() if process.stdout else b""
    finally:
        watchdog.cancel()


def _wait(process: Process, asked: _Asked) -> None:
    while not (asked.to_stop() or asked.anew):
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(POLL_S)
            return


def _pause(lasts_s: float, asked: _Asked) -> None:
    until = time.monotonic() + lasts_s
    while not asked.to_stop() and (left := until - time.monotonic()) > 0:
        time.sleep(min(left, POLL_S))


def _end(process: Process) -> None:
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(STOP_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _how(status: int) -> str:
    return f"signal {-status}" if status < 0 else f"status {status}"


@contextlib.contextmanager
def _signals() -> Iterator[_Asked]:
    asked = _Asked()
    heard = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = {number: signal.signal(number, asked.hear) for number in heard}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
