"""A process of the engine as its parent sees it: started, given its order, heard, outlived."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import IO

Process = subprocess.Popen[bytes]
_PATIENCE_S = 5.0
_ORPHANS_S = 10.0  # for workers whose master was killed to write what they have


def start(module: str, environ: Mapping[str, str], last_words: IO[bytes]) -> Process:
    """In a session of its own: a Ctrl-C in the terminal reaches it through us, once."""
    return subprocess.Popen(  # noqa: S603 - our own module, no shell
        [sys.executable, "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=last_words,
        env=dict(environ),
        start_new_session=True,
    )


def hand_over(process: Process, order: bytes) -> None:
    """Through the pipe, where a kill of this process leaves no header behind."""
    if process.stdin is None:
        raise TypeError("the engine was started without a pipe")
    unsent = memoryview(order + b"\n")
    try:
        while unsent:
            unsent = unsent[os.write(process.stdin.fileno(), unsent) :]
    except BrokenPipeError:
        return  # it has ended already: its last words say why


def listen(process: Process, hear: Callable[[bytes], None]) -> bool:
    """Hear everything that it and its workers say until all have ended; whether Ctrl-C ended it."""
    if process.stdout is None:
        raise TypeError("the engine was started without a pipe")
    interrupts = 0
    with _orphans_end(process):
        while True:
            try:
                for line in process.stdout:
                    if line.endswith(b"\n"):  # a killed engine may leave half a word
                        hear(line)
            except KeyboardInterrupt:
                interrupts += 1
                send_signal(process, signal.SIGINT if interrupts == 1 else signal.SIGKILL)
            else:
                return interrupts > 0


def end(process: Process) -> float:
    """Make sure that it has ended: the CPU seconds of it and its ended children."""
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    impatience = threading.Timer(_PATIENCE_S, send_signal, (process, signal.SIGKILL))
    impatience.start()
    _, status, usage = os.wait4(process.pid, 0)
    impatience.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime


def send_signal(process: Process, number: signal.Signals) -> None:
    """Popen's own way may collect the process, and its usage with it."""
    if process.returncode is None:
        os.kill(process.pid, number)


def ending(status: int) -> str:
    return f"signal {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"


def last_line(last_words: IO[bytes]) -> str:
    last_words.seek(0)
    lines = last_words.read().decode(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


@contextlib.contextmanager
def _orphans_end(process: Process) -> Iterator[None]:
    """Workers hold the pipe until they have ended; those of a killed master may not stay long."""
    heard_all = threading.Event()

    def watch() -> None:
        with contextlib.suppress(ChildProcessError, ProcessLookupError):  # nobody is left
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
            if not heard_all.wait(_ORPHANS_S):
                os.killpg(process.pid, signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        heard_all.set()
