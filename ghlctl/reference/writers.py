"""Ways to durable writes in SQLite: a transaction for each, or one for all that wait."""

import asyncio
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

from ghlctl.reference.failpoints import Failpoint, reach

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]

BATCH = 256
BUSY_MS = 2_000


class Writer(Protocol):
    async def run(self, work: Work[T]) -> T:
        """What `work` returns, once it is on disk. Raise sqlite3.Error when it could not be."""
        ...

    def close(self) -> None: ...


def connect(path: Path) -> sqlite3.Connection:
    """A connection whose commits survive a power cut (WAL with full synchronisation)."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    return connection


class SingleWrites:
    """One transaction per write, on the event loop, as code without a second thought does it."""

    def __init__(self, path: Path) -> None:
        self._connection = connect(path)

    async def run(self, work: Work[T]) -> T:
        return _in_transaction(self._connection, [work])[0]

    def close(self) -> None:
        self._connection.close()


@dataclass(frozen=True, slots=True)
class _Waiting:
    work: Work[Any]
    future: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop


class GroupCommit:
    """One thread writes; what arrives during a commit shares the next one.

    With `linger_s` every write waits that long for company; without, nothing is delayed.
    """

    def __init__(self, path: Path, linger_s: float = 0.0) -> None:
        self._connection = connect(path)
        self._linger_s = linger_s
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="group-commit", daemon=True)
        self._thread.start()

    async def run(self, work: Work[T]) -> T:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._queue.put(_Waiting(work, future, loop))
        return await future

    def close(self) -> None:
        """Write what waits, then stop."""
        self._queue.put(None)
        self._thread.join()
        self._connection.close()

    def _serve(self) -> None:
        while (first := self._queue.get()) is not None:
            batch, last = self._gather(first)
            self._write(batch)
            if last:
                return

    def _gather(self, first: _Waiting) -> tuple[list[_Waiting], bool]:
        batch = [first]
        if self._linger_s:
            time.sleep(self._linger_s)
        while len(batch) < BATCH:
            try:
                waiting = self._queue.get_nowait()
            except queue.Empty:
                break
            if waiting is None:
                return batch, True
            batch.append(waiting)
        return batch, False

    def _write(self, batch: list[_Waiting]) -> None:
        try:
            results = _in_transaction(self._connection, [waiting.work for waiting in batch])
        except Exception as error:  # noqa: BLE001 - whatever it is, its writer must hear of it and the thread live on
            if len(batch) == 1:
                _tell(batch[0], partial(_fail, error=error))
                return
            for waiting in batch:  # one bad write must not fail its neighbours
                self._write([waiting])
            return
        for waiting, result in zip(batch, results, strict=True):
            _tell(waiting, partial(_succeed, result=result))


def _in_transaction(connection: sqlite3.Connection, works: Sequence[Work[T]]) -> list[T]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        results = [work(connection) for work in works]
        reach(Failpoint.BEFORE_COMMIT)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return results


def _succeed(future: asyncio.Future[Any], result: Any) -> None:
    future.set_result(result)


def _fail(future: asyncio.Future[Any], error: Exception) -> None:
    future.set_exception(error)


def _tell(waiting: _Waiting, tell: Callable[[asyncio.Future[Any]], None]) -> None:
    def settle() -> None:
        if not waiting.future.done():
            tell(waiting.future)

    if not waiting.loop.is_closed():
        waiting.loop.call_soon_threadsafe(settle)
