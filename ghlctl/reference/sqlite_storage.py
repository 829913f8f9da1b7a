"""The receiver's storage in one SQLite file, which one receiver at a time may use."""

import asyncio
import fcntl
import sqlite3
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from ghlctl.errors import UsageError
from ghlctl.reference import sqlite_erasure
from ghlctl.reference.profile import Deletion, Writes
from ghlctl.reference.storage import (
    Arrival,
    Change,
    Claim,
    Erased,
    Erasing,
    Finished,
    Found,
    GivenUp,
    Leftover,
    Noted,
    Preference,
    Standing,
    State,
    Storage,
    StorageError,
    Stored,
)
from ghlctl.reference.writers import GroupCommit, SingleWrites, T, Work, Writer, connect

PURGED_AT_ONCE = 1000  # ids in one transaction, so that deliveries wait for it only a moment
LINGER_S = 0.01  # how long batched writes wait for company

_SCHEMA = """
CREATE TABLE IF NOT EXISTS inbox (
    seq INTEGER PRIMARY KEY, webhook_id TEXT NOT NULL, route TEXT, body BLOB,
    acknowledged INTEGER NOT NULL, state INTEGER NOT NULL, reason TEXT, received_at REAL NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS inbox_open ON inbox (seq) WHERE state = 0;
CREATE INDEX IF NOT EXISTS inbox_by_age ON inbox (received_at);
CREATE TABLE IF NOT EXISTS seen (
    webhook_id TEXT PRIMARY KEY, settled INTEGER NOT NULL, at REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS seen_by_age ON seen (at);
CREATE TABLE IF NOT EXISTS insight (
    seq INTEGER PRIMARY KEY, contact_id TEXT NOT NULL, score REAL NOT NULL, segment TEXT NOT NULL,
    matches TEXT NOT NULL, next_contact_hour INTEGER NOT NULL, kept BLOB
) STRICT;
CREATE TABLE IF NOT EXISTS standing (
    contact TEXT PRIMARY KEY, opted_out INTEGER NOT NULL, said_at REAL NOT NULL, erased_at REAL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS standing_erased ON standing (erased_at) WHERE erased_at IS NOT NULL;
"""
_HAS_KEPT = "SELECT 1 FROM pragma_table_info('insight') WHERE name = 'kept'"
_ADD_KEPT = "ALTER TABLE insight ADD COLUMN kept BLOB"  # databases of before have none


class SqliteStorage:
    """Storage over one writer; `leftovers` are handed out once.

    `overwritten` is the file in which deleted rows are to leave nothing, None where they may.
    """

    def __init__(
        self, writer: Writer, leftovers: Sequence[Leftover] = (), overwritten: Path | None = None
    ) -> None:
        self._writer = writer
        self._leftovers = list(leftovers)
        self._overwritten = overwritten

    async def insert(self, arrival: Arrival) -> Stored:
        return await self._run(_insertion(arrival, time.time()))

    async def write(self, changes: Sequence[Change]) -> None:
        def work(connection: sqlite3.Connection) -> None:
            for change in changes:
                _apply(connection, change)

        await self._run(work)

    async def adopt(self) -> list[Leftover]:
        leftovers, self._leftovers = self._leftovers, []
        return leftovers

    async def purge(self, before: float) -> int:
        purged = 0
        while some := await self._run(lambda connection: _purge(connection, before)):
            purged += some
        return purged

    async def standing(self, contact: str) -> Standing:
        return await self._run(lambda connection: sqlite_erasure.standing(connection, contact))

    async def erase(self, erasing: Erasing) -> Erased:
        return await self._run(lambda connection: sqlite_erasure.erase(connection, erasing))

    async def revive(self, contact: str) -> None:
        await self._run(lambda connection: sqlite_erasure.revive(connection, contact))

    async def overwrite(self, *, all_pages: bool) -> bool:
        if self._overwritten is None:
            return False
        try:
            return await asyncio.to_thread(sqlite_erasure.overwrite, self._overwritten, all_pages)
        except (sqlite3.Error, OSError) as error:
            raise StorageError(str(error)) from error

    async def close(self) -> None:
        self._writer.close()

    async def _run(self, work: Work[T]) -> T:
        try:
            return await self._writer.run(work)
        except sqlite3.Error as error:
            raise StorageError(str(error)) from error


@contextmanager
def sqlite_database(
    path: Path, deletion: Deletion = Deletion.MARKED
) -> Iterator[Callable[[Writes], Awaitable[Storage]]]:
    """Hold the database for this process; what is yielded opens its storage.

    Raise UsageError for one that is in use or cannot be used.
    """
    with Lock(path):
        leftovers = prepare(path)

        async def opened(writes: Writes) -> Storage:
            writer = writer_for(writes, path)
            if deletion is Deletion.MARKED:
                return SqliteStorage(writer, leftovers)
            await writer.run(sqlite_erasure.zero_what_is_deleted)
            return SqliteStorage(writer, leftovers, path)

        yield opened


def writer_for(writes: Writes, path: Path) -> Writer:
    match writes:
        case Writes.SINGLE:
            return SingleWrites(path)
        case Writes.BATCHED:
            return GroupCommit(path, linger_s=LINGER_S)
        case Writes.GROUP_COMMIT:
            return GroupCommit(path)


def _insertion(arrival: Arrival, now: float) -> Work[Stored]:
    def work(connection: sqlite3.Connection) -> Stored:
        if arrival.once:
            cursor = connection.execute(
                "INSERT OR IGNORE INTO seen VALUES (?, ?, ?)",
                (arrival.webhook_id, arrival.acknowledged, now),
            )
            if not cursor.rowcount:
                return Stored(0, _known(connection, arrival.webhook_id))
        cursor = connection.execute(
            "INSERT INTO inbox (webhook_id, route, body, acknowledged, state, received_at)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (
                arrival.webhook_id,
                arrival.route,
                arrival.body,
                arrival.acknowledged,
                State.OPEN,
                now,
            ),
        )
        return Stored(cursor.lastrowid or 0, Claim.FRESH)

    return work


def _known(connection: sqlite3.Connection, webhook_id: str) -> Claim:
    row = connection.execute(
        "SELECT settled FROM seen WHERE webhook_id = ?", (webhook_id,)
    ).fetchone()
    return Claim.DUPLICATE if row and row[0] else Claim.IN_WORK


def _apply(connection: sqlite3.Connection, change: Change) -> None:
    match change:
        case Found(seq, contact_id, insight, kept, contact):
            connection.execute(
                "INSERT OR REPLACE INTO insight SELECT ?, ?, ?, ?, ?, ?, ? WHERE NOT EXISTS"
                " (SELECT 1 FROM standing WHERE contact = ? AND erased_at IS NOT NULL)",
                (
                    seq,
                    contact_id,
                    insight.score,
                    insight.segment,
                    insight.matches_text,
                    insight.next_contact_hour,
                    kept or None,
                    contact,
                ),
            )
        case Finished(seq, webhook_id):
            connection.execute(
                "UPDATE inbox SET state = ?, body = NULL WHERE seq = ?", (State.DONE, seq)
            )
            connection.execute("UPDATE seen SET settled = 1 WHERE webhook_id = ?", (webhook_id,))
        case GivenUp(seq, webhook_id, reason, forget):
            connection.execute(
                "UPDATE inbox SET state = ?, reason = ?, body = NULL WHERE seq = ? AND state = ?",
                (State.FAILED, reason, seq, State.OPEN),
            )
            if forget:
                connection.execute(
                    "DELETE FROM seen WHERE webhook_id = ? AND NOT settled", (webhook_id,)
                )
        case Preference():
            sqlite_erasure.prefer(connection, change)
        case Noted():
            pass  # without an audit log


def _purge(connection: sqlite3.Connection, before: float) -> int:
    bound = (before, PURGED_AT_ONCE)
    old = connection.execute(
        "SELECT seq FROM inbox WHERE state != 0 AND received_at < ? LIMIT ?", bound
    ).fetchall()
    connection.executemany("DELETE FROM insight WHERE seq = ?", old)
    connection.executemany("DELETE FROM inbox WHERE seq = ?", old)
    ids = connection.execute("SELECT webhook_id FROM seen WHERE at < ? LIMIT ?", bound).fetchall()
    connection.executemany("DELETE FROM seen WHERE webhook_id = ?", ids)
    gone = sqlite_erasure.forget_erasures(connection, before, PURGED_AT_ONCE)
    return max(len(old), len(ids), gone)


def prepare(path: Path) -> list[Leftover]:
    """Make or open the database, free what nobody was told of, and say what is left undone.

    Raise UsageError when there is no usable database at `path`.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(connect(path)) as connection:
            connection.executescript(_SCHEMA)
            if not connection.execute(_HAS_KEPT).fetchone():
                connection.execute(_ADD_KEPT)
            # Whoever sent these was never answered, and will send them again.
            connection.execute("DELETE FROM seen WHERE NOT settled")
            connection.execute("DELETE FROM inbox WHERE state = 0 AND NOT acknowledged")
            rows = connection.execute(
                "SELECT seq, route, body FROM inbox WHERE state = 0 ORDER BY seq"
            ).fetchall()
    except (OSError, sqlite3.Error) as error:
        raise UsageError(
            f"the receiver cannot use the database {path.name}: {error}",
            "name another with --database, or another folder with --state",
        ) from None
    return [Leftover(*row) for row in rows]


class Lock(AbstractContextManager["Lock"]):
    """Keeps a second receiver off the same database, which would act on everything twice."""

    def __init__(self, path: Path) -> None:
        self._path = path.with_name(path.name + ".lock")

    def __enter__(self) -> Self:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("w")
        except OSError as error:
            raise UsageError(
                f"the folder of the database {self._path.stem} cannot be written: {error.strerror}",
                "name another with --state",
            ) from None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise UsageError(
                f"the database {self._path.stem} is in use by another receiver",
                "stop that one, or name another folder with --state",
            ) from None
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
