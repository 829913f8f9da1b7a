"""The audit log as a file to which several processes append, one at a time."""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ghlctl.reference.compliance.chain import GENESIS, Head, Line, read, sealed, torn_of
from ghlctl.reference.compliance.entry import Action, Entry, Purpose, fields_of

Record = dict[str, object]
TAIL_BYTES = 64 * 1024
MODE = 0o600


class AuditFile:
    """Every method may raise OSError.

    Whoever appends holds a lock on the file and reads first what others appended. A file that was
    renamed is left, and its chain goes on in a new one.
    """

    def __init__(self, path: Path, key: bytes) -> None:
        self._path = path
        self._key = key
        self._handle = -1
        self._size = 0
        self.head = Head()

    def open(self) -> None:
        """Find the head, and mend what a killed process left torn."""
        with self._alone():
            self._catch_up(0.0, mend=False)

    def append(self, records: Sequence[Record], at: float, *, sync: bool) -> None:
        """All in one write. With `sync` they survive a power cut. `at`: now, in unix seconds."""
        with self._alone():
            self._catch_up(at, mend=True)
            self._write(records)
            if sync:
                os.fdatasync(self._handle)

    def sync(self) -> None:
        if self._handle >= 0:
            os.fdatasync(self._handle)

    def close(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    @contextmanager
    def _alone(self) -> Iterator[None]:
        while True:
            if self._handle < 0:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
                self._handle, self._size = os.open(self._path, flags, MODE), 0
            fcntl.flock(self._handle, fcntl.LOCK_EX)
            if self._is_current():
                break
            self._leave()
        try:
            yield
        finally:
            fcntl.flock(self._handle, fcntl.LOCK_UN)

    def _is_current(self) -> bool:
        try:
            return os.path.samestat(os.fstat(self._handle), self._path.stat())
        except FileNotFoundError:
            return False

    def _leave(self) -> None:
        """Follow the renamed file to its end; what is written next goes into another."""
        self._catch_up(0.0, mend=False)
        os.close(self._handle)
        self._handle = -1

    def _catch_up(self, at: float, *, mend: bool) -> None:
        size = os.fstat(self._handle).st_size
        if size == self._size:
            return
        if size < self._size:
            self._size = size  # it was cut: what follows will not fit, and the file shows it
            return
        whole = self._follow(self._size, size)
        torn = os.pread(self._handle, size - whole, whole)
        self._size = whole
        if not torn or not mend:
            return
        last = read(torn)
        if last is not None and last.follows(self.head):
            self._append(b"\n")  # only its newline was missing
            self.head, self._size = last.head, size + 1
            return
        if not torn.endswith(b"\n"):
            self._append(b"\n")
            torn += b"\n"
        self._size = whole + len(torn)
        entry = Entry(Action.MENDED, Purpose.RECORD, more={"torn": torn_of(torn)})
        self._write([fields_of(entry, at)])

    def _follow(self, start: int, size: int) -> int:
        """Move the head over all whole lines; where the last one ends."""
        if start == 0 and size > TAIL_BYTES:
            found = self._last_of(size - TAIL_BYTES, size)
            if found is not None:
                return found
        position = whole = start
        with os.fdopen(os.dup(self._handle), "rb") as file:
            file.seek(start)
            for text in file:
                position += len(text)
                line = read(text[:-1]) if text.endswith(b"\n") else None
                if line is not None and (line.follows(self.head) or self._begins(line, whole)):
                    self.head, whole = line.head, position
        return whole

    def _begins(self, line: Line, whole: int) -> bool:
        """Whether a file's first line may be taken as it is: it may go on from another file."""
        return whole == 0 and self.head.hash == GENESIS and self.head.count < line.number

    def _last_of(self, start: int, size: int) -> int | None:
        """The same by its end alone: a line says itself which one it is."""
        tail = os.pread(self._handle, size - start, start)
        end = len(tail)
        while (newline := tail.rfind(b"\n", 0, end)) >= 0:
            begin = tail.rfind(b"\n", 0, newline) + 1
            line = read(tail[begin:newline]) if begin else None
            if line is not None:
                self.head = line.head
                return start + newline + 1
            end = newline
        return None

    def _write(self, records: Sequence[Record]) -> None:
        head, lines = self.head, []
        for fields in records:
            line, head = sealed(fields, head, self._key)
            lines.append(line)
        text = b"".join(lines)
        self._append(text)
        self.head, self._size = head, self._size + len(text)

    def _append(self, text: bytes) -> None:
        left = memoryview(text)
        while left:
            left = left[os.write(self._handle, left) :]
