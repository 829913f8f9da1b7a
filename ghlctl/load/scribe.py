"""The process that records: `python -m ghlctl.load.scribe`.

A process of its own, because the wire loop must never wait for the interpreter's lock. It takes
what to record and the samples' zero as the first two lines of its standard input, then rows until
the end; when the engine is killed, that end comes too, and what it had sent is on disk.
"""

import os
import selectors
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pyarrow as pa

from ghlctl.load import counted
from ghlctl.load.counted import Assignment, Failed, FromScribe, Kept, Prepared
from ghlctl.load.rows import ROW_BYTES, columns
from ghlctl.load.sampling import Sampling
from ghlctl.load.tallying import Tallying
from ghlctl.store.samples import SampleWriter

_STDIN, _STDOUT = 0, 1
_ROOM: Final = 65_536
_COUNT_EVERY_S: Final = 0.25
_WRITE_EVERY_S: Final = 1.0
_MODEST: Final = 5


class Inbox:
    """Lines, then whole rows, of what comes on standard input."""

    def __init__(self) -> None:
        self.over = False
        self._unread = b""
        self._selector = selectors.DefaultSelector()
        self._selector.register(_STDIN, selectors.EVENT_READ)

    def line(self) -> bytes:
        """The next line, b"" where none will come."""
        while b"\n" not in self._unread and not self.over:
            self._unread += self._receive()
        line, found, rest = self._unread.partition(b"\n")
        self._unread = rest if found else line
        return line if found else b""

    def rows(self, until: float) -> bytes:
        """What comes until then, on the clock `time.monotonic`."""
        came = [self._unread]
        while not self.over and (left_s := until - time.monotonic()) > 0:
            if self._selector.select(left_s):
                came.append(self._receive())
        self._unread = b"".join(came)
        whole = len(self._unread) // ROW_BYTES * ROW_BYTES
        rows, self._unread = self._unread[:whole], self._unread[whole:]
        return rows

    def _receive(self) -> bytes:
        received = os.read(_STDIN, _ROOM)
        self.over = not received
        return received


def main() -> int:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the engine decides: after its last row comes an end
    os.nice(_MODEST)
    inbox = Inbox()
    line = inbox.line()
    if not line:
        return 1  # the engine found a reason not to begin
    try:
        for said in _record(inbox, counted.assignment_of(line)):
            _say(said)
    except (OSError, UnicodeError, pa.ArrowException, MemoryError) as fault:
        reason = " ".join(f"{type(fault).__name__}: {fault}".split())
        _say(Failed(reason, isinstance(fault, OSError)))
        return 1
    return 0


def _record(inbox: Inbox, task: Assignment) -> Iterator[FromScribe]:
    _rehearse(Sampling(task, ()))
    writer = SampleWriter(Path(task.folder))
    yield Prepared()
    line = inbox.line()
    if not line:
        return
    opening = counted.opening_of(line)
    sampling = Sampling(task, opening.locations)
    tallying = Tallying(task, opening.origin_ns)
    unwritten: list[bytes] = []
    write_at = time.monotonic() + _WRITE_EVERY_S
    over = False
    while not over:
        chunk = inbox.rows(until=time.monotonic() + _COUNT_EVERY_S)
        over = inbox.over
        if chunk:
            unwritten.append(chunk)
            yield tallying.count(columns(chunk))
        if over or time.monotonic() >= write_at:
            writer.append_table(sampling.table(columns(b"".join(unwritten)), opening.origin_ns))
            unwritten.clear()
            write_at = time.monotonic() + _WRITE_EVERY_S
    writer.close()
    yield Kept()


def _rehearse(sampling: Sampling) -> None:
    """Write one row somewhere else: what is slow only the first time is slow before the run."""
    with tempfile.TemporaryDirectory() as folder:
        writer = SampleWriter(Path(folder))
        writer.append_table(sampling.table(columns(bytes(ROW_BYTES)), 0))
        writer.close()


def _say(said: FromScribe) -> None:
    line = memoryview(counted.encode(said) + b"\n")
    try:
        while line:
            line = line[os.write(_STDOUT, line) :]
    except BrokenPipeError:  # the engine was killed: the samples matter all the more
        return


if __name__ == "__main__":
    sys.exit(main())
