"""From the wire loop's raw numbers to samples on disk, on a thread of its own."""

import struct
import tempfile
import threading
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from ghlctl.errors import StoreError
from ghlctl.load.frames import (
    EVENT_BITS,
    HELD,
    LOCATION_BITS,
    LOCATION_MASK,
    RETRY_BITS,
    RETRY_MASK,
    STAGE_BITS,
    WARMUP,
    tag_of,
)
from ghlctl.load.histogram import Histogram
from ghlctl.model.sample import NEVER, ErrorKind, Flags, Ints, Samples, Texts
from ghlctl.store.samples import SampleWriter

KINDS: Final = tuple(ErrorKind)
CODE: Final = {kind: number for number, kind in enumerate(KINDS)}
ROW_FORMAT: Final = "<qqqqqq36s"
ERROR_BITS: Final = 8
_TIMES: Final = ("intended", "sent", "first_byte", "done")
_ROW: Final = np.dtype([(name, "<i8") for name in (*_TIMES, "tag", "result")] + [("id", "S36")])
_LOW, _WORD = 0xFF, 0xFFFF
_DROPPED: Final = CODE[ErrorKind.DROPPED]
_WRITE_EVERY_S: Final = 1.0
_LOOK_EVERY_S: Final = 0.1
_SOME: Final = 512  # ids made text in one go: nobody else gets the interpreter's lock meanwhile


@dataclass(frozen=True, slots=True)
class _Rows:
    """What the wire loop packed, as columns; times as the monotonic clock said them."""

    intended: Ints
    sent: Ints
    first_byte: Ints
    done: Ints
    status: Ints
    error: Ints
    stage: Ints
    event: Ints
    attempt: Ints
    held: Flags
    retry: Ints
    location: Ints
    warmup: Flags
    ids: npt.NDArray[np.bytes_]

    def __len__(self) -> int:
        return len(self.intended)

    def where(self, rows: Flags) -> "_Rows":
        return _Rows(**{each.name: getattr(self, each.name)[rows] for each in fields(self)})


@dataclass(frozen=True, slots=True)
class Tally:
    """What one chunk adds to Locust's statistics, per event: response times in ms, failures."""

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
        locations: Sequence[str] = (),
    ) -> None:
        self.totals = Totals()
        self.tallies: deque[Tally] = deque()
        self.fault: Exception | None = None
        self._chunks: deque[bytes] = deque()
        self._events = np.array([*events], dtype=object)
        self._locations = np.array(["", *locations], dtype=object)
        self._kinds = np.array([kind.value for kind in KINDS], dtype=object)
        self._origin_ns = origin_ns
        self._bursts = bursts  # all due at one moment: all but the first are late by design
        self._warmup_ns = round(warmup_s * 1e9)
        self._writer = SampleWriter(folder)
        self._unwritten: list[bytes] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="recorder")

    def start(self) -> None:
        self._thread.start()

    def take(self, chunk: bytes) -> None:
        """Rows of ROW_FORMAT from the wire loop; costs it one append."""
        self._chunks.append(chunk)

    def close(self) -> None:
        """Return when everything taken is on disk; raise StoreError when that failed."""
        self._over.set()
        self._thread.join()
        if self.fault is not None:
            hint = "free some space" if isinstance(self.fault, OSError) else "try again"
            said = f"samples cannot be written ({type(self.fault).__name__}: {self.fault})"
            raise StoreError(" ".join(said.split()), hint) from self.fault

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
        except Exception as fault:  # noqa: BLE001 - a full disk or a defect: unheard of, it would lose samples without a word
            self.fault = fault

    def _count_all(self) -> None:
        while self._chunks:
            chunk = self._chunks.popleft()
            self._unwritten.append(chunk)
            rows = _columns(chunk)
            if rows.retry.any():
                arrivals = rows.where(rows.retry == 0)
                self.totals.retries += len(rows) - len(arrivals)
                rows = arrivals
            self._count(rows)

    def _count(self, rows: _Rows) -> None:
        sent = rows.error != _DROPPED
        count = int(sent.sum())
        self.totals.done += count
        self.totals.dropped += len(rows) - count
        self.totals.held += int((sent & rows.held).sum())
        free = sent & ~rows.held & (rows.intended >= self._origin_ns + self._warmup_ns)
        if self._bursts:
            free &= ~np.isin(rows.stage, self._bursts)
        response = rows.done - rows.intended
        self.totals.lateness.add((rows.sent - rows.intended)[free])
        self.totals.response.add(response[sent])
        counts = np.bincount(rows.error, minlength=len(KINDS)).tolist()
        for kind, number in zip(KINDS, counts, strict=True):
            if number and kind is not ErrorKind.NONE:
                self.totals.errors[kind.value] += number
        for event in np.flatnonzero(np.bincount(rows.event[sent])).tolist():
            of_event = sent & (rows.event == event)
            self._tally(event, response[of_event], rows.error[of_event])

    def _tally(self, event: int, response_ns: Ints, errors: Ints) -> None:
        counts = np.bincount(errors, minlength=len(KINDS)).tolist()
        failures = {
            kind.value: number
            for kind, number in zip(KINDS, counts, strict=True)
            if number and kind is not ErrorKind.NONE
        }
        name = str(self._events[event])
        self.tallies.append(Tally(name, response_ns // 1_000_000, Counter(failures)))

    def _write(self) -> None:
        if not self._unwritten:
            return
        rows = _columns(b"".join(self._unwritten))
        self._unwritten.clear()
        self._writer.append(self._samples(rows))

    def _samples(self, rows: _Rows) -> Samples:
        intended = rows.intended - self._origin_ns
        return Samples(
            delivery_id=_texts(rows.ids),
            event=self._events[rows.event],
            intended_ns=intended,
            sent_ns=self._from_origin(rows.sent),
            first_byte_ns=self._from_origin(rows.first_byte),
            done_ns=self._from_origin(rows.done),
            status=rows.status,
            error=self._kinds[rows.error],
            attempt=rows.attempt,
            stage=rows.stage,
            warmup=(intended < self._warmup_ns) | rows.warmup,
            retry=rows.retry,
            location=self._locations[rows.location],
        )

    def _from_origin(self, moments: Ints) -> Ints:
        return np.where(moments == NEVER, NEVER, moments - self._origin_ns)


def rehearse_recording() -> None:
    """Record one row somewhere else: what is slow only the first time is slow before the run."""
    row = struct.pack(ROW_FORMAT, 0, 1, 2, 3, tag_of(0, 0, 1), 0, b"-" * 36)
    with tempfile.TemporaryDirectory() as folder:
        recorder = Recorder(Path(folder), ("",), origin_ns=0, warmup_s=0.0)
        recorder.take(row)
        recorder.start()
        recorder.close()


def _columns(chunk: bytes) -> _Rows:
    rows = np.frombuffer(chunk, dtype=_ROW)
    tag, result = np.ascontiguousarray(rows["tag"]), np.ascontiguousarray(rows["result"])
    intended, sent, first_byte, done = (np.ascontiguousarray(rows[name]) for name in _TIMES)
    return _Rows(
        intended=intended,
        sent=sent,
        first_byte=first_byte,
        done=done,
        status=result >> ERROR_BITS,
        error=result & _LOW,
        stage=tag >> STAGE_BITS & _WORD,
        event=tag >> EVENT_BITS & _WORD,
        attempt=tag & _LOW,
        held=(tag & HELD).astype(np.bool_),
        retry=tag >> RETRY_BITS & RETRY_MASK,
        location=tag >> LOCATION_BITS & LOCATION_MASK,
        warmup=(tag & WARMUP).astype(np.bool_),
        ids=rows["id"],
    )


def _texts(ids: npt.NDArray[np.bytes_]) -> Texts:
    texts = np.empty(len(ids), dtype=object)
    for begin in range(0, len(ids), _SOME):
        some = slice(begin, begin + _SOME)
        texts[some] = ids[some].astype("U36")
    return texts
