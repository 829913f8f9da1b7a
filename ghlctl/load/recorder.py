"""From the wire loop's raw numbers to samples on disk, on a thread of its own."""

import threading
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from ghlctl.load.histogram import Histogram
from ghlctl.model.sample import NEVER, ErrorKind, Ints, Samples
from ghlctl.store.samples import SampleWriter

KINDS: Final = tuple(ErrorKind)
CODE: Final = {kind: number for number, kind in enumerate(KINDS)}
WIDTH: Final = 10
(_INTENDED, _SENT, _FIRST, _DONE, _STATUS, _ERROR, _STAGE, _EVENT, _ATTEMPT, _HELD) = range(WIDTH)
_DROPPED: Final = CODE[ErrorKind.DROPPED]
_WRITE_EVERY_S: Final = 1.0
_LOOK_EVERY_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows of `WIDTH` 64-bit numbers, times as the monotonic clock said them, and their ids."""

    numbers: bytes
    ids: list[str]


@dataclass(frozen=True, slots=True)
class Tally:
    """What one chunk adds to Locust's statistics, per event: response times in ms, failures."""

    event: str
    response_ms: Ints
    failures: Counter[str]


@dataclass(slots=True)
class Totals:
    """The run so far; written by the recorder's thread alone.

    `lateness` leaves out arrivals of bursts and those that the bound on connections held.
    """

    done: int = 0
    dropped: int = 0
    held: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    lateness: Histogram = field(default_factory=Histogram)
    response: Histogram = field(default_factory=Histogram)


class Recorder:
    """Takes chunks from the wire loop; makes samples, totals and tallies of them."""

    def __init__(
        self,
        folder: Path,
        events: Sequence[str],
        *,
        origin_ns: int,
        warmup_s: float,
        bursts: Sequence[int] = (),
    ) -> None:
        self.totals = Totals()
        self.tallies: deque[Tally] = deque()
        self.fault: OSError | None = None
        self._chunks: deque[Chunk] = deque()
        self._events = np.array([*events], dtype=object)
        self._kinds = np.array([kind.value for kind in KINDS], dtype=object)
        self._origin_ns = origin_ns
        self._bursts = bursts  # all due at one moment: all but the first are late by design
        self._warmup_ns = round(warmup_s * 1e9)
        self._writer = SampleWriter(folder)
        self._unwritten: list[tuple[Ints, list[str]]] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="recorder")

    def start(self) -> None:
        self._thread.start()

    def take(self, chunk: Chunk) -> None:
        """Called by the wire loop; costs it one append."""
        self._chunks.append(chunk)

    def close(self) -> None:
        """Return when everything taken is on disk; raise OSError when that failed."""
        self._over.set()
        self._thread.join()
        if self.fault is not None:
            raise self.fault

    def _run(self) -> None:
        try:
            waited_s = 0.0
            while not self._over.wait(_LOOK_EVERY_S):
                waited_s += _LOOK_EVERY_S
                self._count_all()
                if waited_s >= _WRITE_EVERY_S:
                    waited_s = 0.0
                    self._write()
            self._count_all()
            self._write()
            self._writer.close()
        except OSError as fault:  # a full disk: the wire loop's thread must hear of it
            self.fault = fault

    def _count_all(self) -> None:
        while self._chunks:
            chunk = self._chunks.popleft()
            rows = np.frombuffer(chunk.numbers, dtype=np.int64).reshape(-1, WIDTH)
            self._unwritten.append((rows, chunk.ids))
            self._count(rows)

    def _count(self, rows: Ints) -> None:
        sent = rows[rows[:, _ERROR] != _DROPPED]
        self.totals.done += len(sent)
        self.totals.dropped += len(rows) - len(sent)
        self.totals.held += int(sent[:, _HELD].sum())
        free = sent[(sent[:, _HELD] == 0) & ~np.isin(sent[:, _STAGE], self._bursts)]
        self.totals.lateness.add(free[:, _SENT] - free[:, _INTENDED])
        self.totals.response.add(sent[:, _DONE] - sent[:, _INTENDED])
        codes, counts = np.unique(rows[:, _ERROR], return_counts=True)
        for code, count in zip(codes.tolist(), counts.tolist(), strict=True):
            if KINDS[code] is not ErrorKind.NONE:
                self.totals.errors[KINDS[code].value] += count
        for event in np.unique(sent[:, _EVENT]).tolist():
            self._tally(event, sent[sent[:, _EVENT] == event])

    def _tally(self, event: int, rows: Ints) -> None:
        response_ms = (rows[:, _DONE] - rows[:, _INTENDED]) // 1_000_000
        codes = rows[:, _ERROR].tolist()
        failures = Counter(KINDS[code].value for code in codes if code)
        self.tallies.append(Tally(str(self._events[event]), response_ms, failures))

    def _write(self) -> None:
        if not self._unwritten:
            return
        rows = np.concatenate([rows for rows, _ in self._unwritten])
        ids = [each for _, names in self._unwritten for each in names]
        self._unwritten.clear()
        self._writer.append(self._samples(rows, ids))

    def _samples(self, rows: Ints, ids: list[str]) -> Samples:
        intended = rows[:, _INTENDED] - self._origin_ns
        return Samples(
            delivery_id=np.array(ids, dtype=object),
            event=self._events[rows[:, _EVENT]],
            intended_ns=intended,
            sent_ns=self._from_origin(rows[:, _SENT]),
            first_byte_ns=self._from_origin(rows[:, _FIRST]),
            done_ns=self._from_origin(rows[:, _DONE]),
            status=rows[:, _STATUS].copy(),
            error=self._kinds[rows[:, _ERROR]],
            attempt=rows[:, _ATTEMPT].copy(),
            stage=rows[:, _STAGE].copy(),
            warmup=intended < self._warmup_ns,
        )

    def _from_origin(self, moments: Ints) -> Ints:
        return np.where(moments == NEVER, NEVER, moments - self._origin_ns)
