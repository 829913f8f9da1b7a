"""The engine's side of recording: rows go out, counts come back, and neither makes it wait."""

import os
import signal
import subprocess
import sys
import threading
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

import numpy as np

from ghlctl.errors import StoreError
from ghlctl.load import counted
from ghlctl.load.counted import Assignment, Counted, EventCount, Failed, Kept, Opening, Prepared
from ghlctl.load.histogram import Histogram
from ghlctl.model.sample import Ints

_LOOK_EVERY_S: Final = 0.1
_STDOUT: Final = 1


@dataclass(frozen=True, slots=True)
class Tally:
    """What some rows add to Locust's statistics, per event: response times in ms, failures."""

    event: str
    response_ms: Ints
    failures: Counter[str]


@dataclass(slots=True)
class Totals:
    """The run so far; written by the recorder's thread alone.

    Everything is of arrivals but `retries`, which counts the rows of retries, sent or not.
    `lateness` leaves out the warm-up, arrivals of bursts and those that the bound on
    connections held.
    """

    done: int = 0
    dropped: int = 0
    held: int = 0
    retries: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    lateness: Histogram = field(default_factory=Histogram)
    response: Histogram = field(default_factory=Histogram)

    def add(self, more: Counted) -> None:
        self.done += more.done
        self.dropped += more.dropped
        self.held += more.held
        self.retries += more.retries
        self.errors.update(more.errors)
        self.lateness.absorb(Histogram.unpack(more.lateness))
        self.response.absorb(Histogram.unpack(more.response))


class Recorder:
    """Starts the process that records; `ready` before `start`, `close` in any case."""

    def __init__(
        self,
        folder: Path,
        events: Sequence[str],
        *,
        warmup_s: float,
        bursts: Sequence[int] = (),
    ) -> None:
        self.totals = Totals()
        self.tallies: deque[Tally] = deque()
        self.fault: StoreError | None = None
        self._events = tuple(events)
        self._chunks: deque[bytes] = deque()
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._feed, name="to the scribe"),
            threading.Thread(target=self._hear, name="from the scribe"),
        ]
        self._process, self._orders, self._said = _start()
        task = Assignment(str(folder), self._events, tuple(bursts), round(warmup_s * 1e9))
        self._write(counted.encode(task) + b"\n")

    @property
    def pid(self) -> int:
        """Of the process that records."""
        return self._process.pid

    def ready(self) -> None:
        """Wait until rows can be taken; raise StoreError where they cannot."""
        line = self._said.readline()
        match counted.from_scribe(line) if line else None:
            case Prepared():
                return
            case Failed() as failed:
                raise _refusal(failed)
            case _:
                raise _death(self._process)

    def start(self, origin_ns: int, locations: Sequence[str] = ()) -> None:
        """Samples count from `origin_ns` of the monotonic clock."""
        self._write(counted.encode(Opening(origin_ns, tuple(locations))) + b"\n")
        for thread in self._threads:
            thread.start()

    def take(self, chunk: bytes) -> None:
        """Rows of ROW_FORMAT from the wire loop; costs it one append."""
        self._chunks.append(chunk)

    def close(self) -> None:
        """Return when everything taken is on disk; raise StoreError when that failed."""
        self._over.set()
        if self._threads[0].ident is None:  # never started
            self._orders.close()
            self._said.close()
            self._process.wait()
            return
        for thread in self._threads:
            thread.join()
        if self.fault is not None:
            raise self.fault

    def _feed(self) -> None:
        while not self._over.wait(_LOOK_EVERY_S):
            self._hand_over()
        self._hand_over()
        self._orders.close()

    def _hand_over(self) -> None:
        while self._chunks:
            self._write(self._chunks.popleft())

    def _write(self, what: bytes) -> None:
        unsent = memoryview(what)
        try:
            while unsent:
                unsent = unsent[os.write(self._orders.fileno(), unsent) :]
        except BrokenPipeError:
            return  # what is heard of it says why

    def _hear(self) -> None:
        kept = False
        for line in self._said:
            match counted.from_scribe(line) if line.endswith(b"\n") else None:
                case Counted() as more:
                    self.totals.add(more)
                    self.tallies.extend(map(self._tally, more.events))
                case Failed() as failed:
                    self.fault = _refusal(failed)
                case Kept():
                    kept = True
        self._said.close()
        self._process.wait()
        if not kept and self.fault is None:
            self.fault = _death(self._process)

    def _tally(self, count: EventCount) -> Tally:
        values = np.frombuffer(count.response_ms, dtype=np.int64)
        times = np.frombuffer(count.counts, dtype=np.int64)
        name = self._events[count.event]
        return Tally(name, np.repeat(values, times), Counter(count.failures))


def _start() -> tuple[subprocess.Popen[bytes], IO[bytes], IO[bytes]]:
    """The process, the pipe to it and the pipe from it.

    It holds our standard output open, and says nothing there: whoever waits for the end of that
    waits for the samples too, even if we are killed.
    """
    held = os.dup(_STDOUT)
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "ghlctl.load.scribe"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=(held,),
        )
    finally:
        os.close(held)
    if process.stdin is None or process.stdout is None:
        raise TypeError("the scribe was started without pipes")
    return process, process.stdin, process.stdout


def _refusal(failed: Failed) -> StoreError:
    hint = "free some space" if failed.system else "try again"
    return StoreError(f"samples cannot be written ({failed.reason})", hint)


def _death(process: subprocess.Popen[bytes]) -> StoreError:
    status = process.wait()
    ending = f"signal {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
    return StoreError(
        f"the process that records samples ended during the run ({ending})",
        "what it had written is kept; look for memory limits and try again",
    )
