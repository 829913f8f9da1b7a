"""Entries on their way into the audit log: all that wait go in together, with one sync."""

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ghlctl.errors import UsageError
from ghlctl.reference.compliance.audit_file import AuditFile, Record
from ghlctl.reference.compliance.chain import Head
from ghlctl.reference.compliance.entry import Action, Entry, Purpose, fields_of
from ghlctl.reference.storage import StorageError

BATCH = 1024
KEPT = 10_000  # entries that nobody waits for, while the file cannot be written
SYNC_WITHIN_S = 1.0
LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Waiting:
    records: Sequence[Record]
    future: asyncio.Future[None]
    loop: asyncio.AbstractEventLoop


class AuditLog:
    """One thread writes. `note` waits for nothing, `write` for the disk."""

    def __init__(self, path: Path, key: bytes, clock: Callable[[], float] = time.time) -> None:
        """Raise UsageError for a file that cannot be written."""
        self._file = AuditFile(path, key)
        self._clock = clock
        self._queue: queue.SimpleQueue[_Waiting | Record | None] = queue.SimpleQueue()
        self._owed: list[Record] = []
        self._turned_away = 0  # counted by who notes; the next two by the thread alone
        self._lost = 0
        self._told = 0
        self._unsynced_since: float | None = None
        try:
            self._file.open()
        except OSError as error:
            raise UsageError(
                f"the audit log cannot be written: {error.strerror}: {path}",
                "name another with --audit-log",
            ) from None
        self._thread = threading.Thread(target=self._serve, name="audit-log", daemon=True)
        self._thread.start()

    @property
    def head(self) -> Head:
        return self._file.head

    def note(self, entry: Entry) -> None:
        """On disk within some SYNC_WITHIN_S; a killed process leaves what its thread took."""
        if self._queue.qsize() < KEPT:
            self._queue.put(fields_of(entry, self._clock()))
        else:
            self._turned_away += 1

    async def write(self, entries: Sequence[Entry]) -> None:
        """Return once they are on disk. Raise StorageError when they are not."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        now = self._clock()
        self._queue.put(_Waiting([fields_of(entry, now) for entry in entries], future, loop))
        await future

    def close(self) -> None:
        """Write what waits, then stop."""
        self._queue.put(None)
        self._thread.join()
        self._file.close()

    def _serve(self) -> None:
        while True:
            batch, last = self._gather()
            self._commit(batch, last=last)
            if last:
                return

    def _gather(self) -> tuple[list[_Waiting | Record], bool]:
        """What waits, and whether it is the last; nothing when it is time to sync."""
        batch: list[_Waiting | Record] = []
        idle = self._unsynced_since is None and not self._owed
        try:
            one = self._queue.get(timeout=None if idle else SYNC_WITHIN_S)
            while one is not None:
                batch.append(one)
                if len(batch) == BATCH:
                    return batch, False
                one = self._queue.get_nowait()
        except queue.Empty:
            return batch, False
        return batch, True

    def _commit(self, batch: Sequence[_Waiting | Record], *, last: bool) -> None:
        waiting = [one for one in batch if isinstance(one, _Waiting)]
        notes = [*self._owed, *(one for one in batch if not isinstance(one, _Waiting))]
        untold = self._turned_away + self._lost - self._told
        records = [
            *notes,
            *(record for one in waiting for record in one.records),
            *self._gap(untold),
        ]
        sync = bool(waiting) or last or self._due()
        try:
            if records:
                self._file.append(records, self._clock(), sync=sync)
            elif sync:
                self._file.sync()
        except OSError as error:
            LOG.warning("the audit log cannot be written: %s", error.strerror)
            self._owed = notes[:KEPT]
            self._lost += len(notes[KEPT:])
            _tell(waiting, StorageError(f"audit log: {error.strerror}"))
            return
        self._owed, self._told = [], self._told + untold
        if sync:
            self._unsynced_since = None
        elif records and self._unsynced_since is None:
            self._unsynced_since = time.monotonic()
        _tell(waiting, None)

    def _due(self) -> bool:
        since = self._unsynced_since
        return since is not None and time.monotonic() - since >= SYNC_WITHIN_S

    def _gap(self, untold: int) -> list[Record]:
        if not untold:
            return []
        entry = Entry(Action.DROPPED, Purpose.RECORD, more={"entries": untold})
        return [fields_of(entry, self._clock())]


def _tell(waiting: Sequence[_Waiting], error: StorageError | None) -> None:
    def settle(future: asyncio.Future[None]) -> None:
        if future.done():
            return
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)

    for one in waiting:
        if not one.loop.is_closed():
            one.loop.call_soon_threadsafe(settle, one.future)
