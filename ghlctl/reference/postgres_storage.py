"""The receiver's storage in PostgreSQL, which several receivers may share.

Every row that is open belongs to an owner, the process that took it. An owner holds an advisory
lock for as long as its session lives; when that lock can be had by another, the owner has ended,
and what it left undone goes to whoever asked. No clock is involved.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

import asyncpg

from ghlctl.errors import UsageError
from ghlctl.model.address import shown_url
from ghlctl.reference import postgres_erasure
from ghlctl.reference import postgres_statements as sql
from ghlctl.reference.failpoints import Failpoint, reach
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
    Preference,
    Standing,
    Storage,
    StorageError,
    Stored,
)

POOL = 8
BATCH = 256
LINGER_S = 0.01
CONNECT_WITHIN_S = 5.0
ANSWER_WITHIN_S = 10.0
REWRITE_WITHIN_S = 60.0
BROKEN = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)
LOG = logging.getLogger(__name__)

Pool = Any  # asyncpg ships no types
Connection = Any


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A write and who waits for it: an arrival, or changes that go together."""

    work: Arrival | Sequence[Change]
    future: asyncio.Future[Any]


class PostgresStorage:
    """Storage over a pool; how writes share transactions is what `writes` says.

    `overwritten` is the database in which deleted rows are to leave nothing, None where they may.
    """

    def __init__(
        self, pool: Pool, lease: "Lease", writes: Writes, overwritten: str | None = None
    ) -> None:
        self._overwritten = overwritten
        self._pool = pool
        self._lease = lease
        self._linger_s = LINGER_S if writes is Writes.BATCHED else 0.0
        self._waiting: asyncio.Queue[_Waiting] | None = None
        self._one_by_one = asyncio.Lock()
        self._in_doubt: set[str] = set()
        if writes is not Writes.SINGLE:
            self._waiting = asyncio.Queue()
            self._committing = asyncio.create_task(self._commit_groups(self._waiting))

    async def insert(self, arrival: Arrival) -> Stored:
        try:
            stored: Stored = await self._do(arrival)
        except StorageError:
            self._in_doubt.add(arrival.webhook_id)
            raise
        if stored.claim is Claim.FRESH:
            self._in_doubt.discard(arrival.webhook_id)
        return stored

    async def write(self, changes: Sequence[Change]) -> None:
        await self._do(changes)

    async def adopt(self) -> list[Leftover]:
        """Also what this process itself stored without hearing so, as its connection broke."""
        with _reported():
            await self._lease.hold()
            async with self._transaction() as connection:
                found = await self._lease.adopt(connection)
                doubtful = list(self._in_doubt)
                if doubtful:
                    await connection.execute(sql.FREE_DOUBTFUL, doubtful, self._lease.owner)
                    await connection.execute(sql.DROP_DOUBTFUL, doubtful, self._lease.owner)
                    found += await connection.fetch(sql.DOUBTFUL, doubtful, self._lease.owner)
            self._in_doubt.difference_update(doubtful)
            return [Leftover(*row) for row in sorted(found)]

    async def purge(self, before: float) -> int:
        purged = 0
        with _reported():
            while True:
                async with self._transaction() as connection:
                    some = len(await connection.fetch(sql.PURGE_INBOX, before))
                    some += len(await connection.fetch(sql.PURGE_SEEN, before))
                    some += len(await connection.fetch(sql.PURGE_ERASURES, before))
                if not some:
                    return purged
                purged += some

    async def standing(self, contact: str) -> Standing:
        with _reported():
            async with self._transaction() as connection:
                return await postgres_erasure.standing(connection, contact)

    async def erase(self, erasing: Erasing) -> Erased:
        with _reported():
            async with self._transaction() as connection:
                return await postgres_erasure.erase(connection, erasing)

    async def revive(self, contact: str) -> None:
        with _reported():
            async with self._transaction() as connection:
                await connection.execute(sql.REVIVE, contact)

    async def overwrite(self, *, all_pages: bool) -> bool:
        if self._overwritten is None or not all_pages:
            return False  # there is no log of writes that a user of the database could empty
        with _reported():
            connection = await _connect(self._overwritten, timeout_s=REWRITE_WITHIN_S)
            try:
                return await postgres_erasure.overwrite(connection)
            finally:
                await connection.close(timeout=CONNECT_WITHIN_S)

    async def close(self) -> None:
        async with self._one_by_one:  # which is given in the order in which it was asked for
            pass
        if self._waiting is not None:
            await self._waiting.join()
            self._committing.cancel()
            await asyncio.wait([self._committing])
        await self._lease.release()
        with contextlib.suppress(*BROKEN):
            await asyncio.wait_for(self._pool.close(), ANSWER_WITHIN_S)

    async def _do(self, work: Arrival | Sequence[Change]) -> Any:
        if self._waiting is None:
            with _reported():
                async with self._one_by_one:
                    return (await self._in_one_transaction([work]))[0]
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.put_nowait(_Waiting(work, future))
        return await future

    async def _commit_groups(self, waiting: asyncio.Queue[_Waiting]) -> None:
        """What arrives during a commit shares the next one."""
        while True:
            first = await waiting.get()
            if self._linger_s:
                await asyncio.sleep(self._linger_s)
            more = (waiting.get_nowait() for _ in range(waiting.qsize()))
            batch = [first, *islice(more, BATCH - 1)]
            await self._commit(batch)
            for _ in batch:
                waiting.task_done()

    async def _commit(self, batch: list[_Waiting]) -> None:
        try:
            with _reported():
                results = await self._in_one_transaction([one.work for one in batch])
        except StorageError as error:
            if len(batch) > 1 and isinstance(error.__cause__, asyncpg.DataError):
                for one in batch:  # one bad write must not fail its neighbours
                    await self._commit([one])
                return
            for one in batch:
                _tell(one.future, error)
            return
        for one, result in zip(batch, results, strict=True):
            _tell(one.future, result)

    async def _in_one_transaction(self, works: Sequence[Arrival | Sequence[Change]]) -> list[Any]:
        arrivals = [work for work in works if isinstance(work, Arrival)]
        changes = [one for work in works if not isinstance(work, Arrival) for one in work]
        async with self._transaction() as connection:
            stored = iter(await _insert(connection, arrivals, self._lease.owner))
            await _apply(connection, changes)
            reach(Failpoint.BEFORE_COMMIT)
        return [next(stored) if isinstance(work, Arrival) else None for work in works]

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Connection]:
        async with (
            self._pool.acquire(timeout=CONNECT_WITHIN_S) as connection,
            connection.transaction(),
        ):
            yield connection


class Lease:
    """This process's right to its rows: an advisory lock, on a connection of its own."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: Connection = None
        self._suspects: set[int] = set()
        self.owner = 0

    async def hold(self) -> None:
        """Take the lock, or take it again after the connection was lost."""
        if self._connection is not None and not self._connection.is_closed():
            return
        self._connection = await _connect(self._url)
        if not self.owner:
            self.owner = await self._connection.fetchval(sql.NEXT_OWNER)
        await self._connection.execute(sql.LOCK, sql.LOCKS, self.owner)

    async def adopt(self, connection: Connection) -> list[Any]:
        """Take over from owners that were gone at the last call too.

        Twice, because after a restart of the database all of them are gone for a moment.
        """
        owners = {row[0] for row in await connection.fetch(sql.OTHER_OWNERS, self.owner)}
        gone = set()
        found: list[Any] = []
        for owner in sorted(owners):
            # Held until the transaction ends: of two receivers that ask, one takes over.
            if not await connection.fetchval(sql.TRY_LOCK, sql.LOCKS, owner):
                continue
            gone.add(owner)
            if owner in self._suspects:
                await connection.execute(sql.FREE, owner)
                await connection.execute(sql.DROP, owner)
                found += await connection.fetch(sql.ADOPT, owner, self.owner)
        self._suspects = gone
        return found

    async def release(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(*BROKEN):
                await self._connection.close(timeout=CONNECT_WITHIN_S)


@contextmanager
def postgres_database(
    url: str, deletion: Deletion = Deletion.MARKED
) -> Iterator[Callable[[Writes], Awaitable[Storage]]]:
    """Make the tables where there are none; what is yielded opens the storage.

    Raise UsageError for a database that cannot be used; no message holds its password.
    """
    try:
        asyncio.run(_prepare(url))
    except (*BROKEN, ValueError) as error:
        raise UsageError(
            f"the receiver cannot use the database {shown_url(url)}: {_told(error, url)}",
            "is it running, and may this user make tables in it?",
        ) from None

    async def opened(writes: Writes) -> Storage:
        pool = await asyncpg.create_pool(
            url, min_size=1, max_size=POOL, command_timeout=ANSWER_WITHIN_S, **_SESSION
        )
        lease = Lease(url)
        await lease.hold()
        return PostgresStorage(pool, lease, writes, None if deletion is Deletion.MARKED else url)

    yield opened


async def fetched(url: str, query: str, lists: list[list[Any]]) -> list[dict[str, Any]]:
    """The rows of one question, without taking part. Raise UsageError where it cannot be asked."""
    try:
        connection = await _connect(url)
        try:
            return [dict(row) for row in await connection.fetch(query, *lists)]
        finally:
            await connection.close(timeout=CONNECT_WITHIN_S)
    except (*BROKEN, ValueError) as error:
        raise UsageError(
            f"the database {shown_url(url)} cannot be read: {_told(error, url)}",
            "is it the receiver's?",
        ) from None


_SESSION: dict[str, Any] = {
    "timeout": CONNECT_WITHIN_S,
    "server_settings": {"synchronous_commit": "on", "application_name": "ghlctl receiver"},
}


async def _connect(url: str, timeout_s: float = ANSWER_WITHIN_S) -> Connection:
    return await asyncpg.connect(url, command_timeout=timeout_s, **_SESSION)


async def _prepare(url: str) -> None:
    connection = await _connect(url)
    try:
        if await connection.fetchval(sql.EXISTS) is None:
            async with connection.transaction():
                # Receivers that start together would each find nothing, and each make it.
                await connection.execute(sql.ALONE, sql.LOCKS)
                await connection.execute(sql.SCHEMA)
        elif await connection.fetchval(sql.HAS_KEPT) is None:
            await connection.execute(sql.ADD_KEPT)
    finally:
        await connection.close(timeout=CONNECT_WITHIN_S)


async def _insert(connection: Connection, arrivals: list[Arrival], owner: int) -> list[Stored]:
    if not arrivals:
        return []
    rows = [
        (n, one.webhook_id, one.route, one.body, one.acknowledged, one.once)
        for n, one in enumerate(arrivals)
    ]
    fresh = dict(await connection.fetch(sql.INSERT, *zip(*rows, strict=True), owner, time.time()))
    others = [one.webhook_id for n, one in enumerate(arrivals) if n not in fresh]
    settled = dict(await connection.fetch(sql.SETTLED, others)) if others else {}
    return [
        Stored(fresh[n], Claim.FRESH)
        if n in fresh
        # An id that is gone again was freed just now: its sender may try again.
        else Stored(0, Claim.DUPLICATE if settled.get(one.webhook_id) else Claim.IN_WORK)
        for n, one in enumerate(arrivals)
    ]


async def _apply(connection: Connection, changes: Sequence[Change]) -> None:
    """In this order a delivery that is both finished and given up stays finished."""
    found = [_row(one) for one in changes if isinstance(one, Found)]
    finished = [one for one in changes if isinstance(one, Finished)]
    given_up = [one for one in changes if isinstance(one, GivenUp)]
    if found:
        await connection.executemany(sql.FOUND, found)
    if finished:
        await connection.execute(sql.FINISHED, [one.seq for one in finished])
        await connection.execute(sql.SETTLE, sorted(one.webhook_id for one in finished))
    for one in given_up:
        await connection.execute(sql.GIVEN_UP, one.seq, _text(one.reason))
        if one.forget:
            await connection.execute(sql.FORGET, one.webhook_id)
    preferences = [one for one in changes if isinstance(one, Preference)]
    if preferences:
        await postgres_erasure.prefer(connection, preferences)


def _row(found: Found) -> tuple[Any, ...]:
    insight = found.insight
    return (
        found.seq,
        _text(found.contact_id),
        insight.score,
        str(insight.segment),
        insight.matches_text,
        insight.next_contact_hour,
        found.kept or None,
        found.contact,
    )


def _text(text: str) -> str:
    return text.replace("\0", "\ufffd")  # the one character that PostgreSQL's text cannot hold


def _tell(future: asyncio.Future[Any], outcome: Any) -> None:
    if future.done():
        return
    if isinstance(outcome, StorageError):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)


@contextmanager
def _reported() -> Iterator[None]:
    """PostgreSQL's errors as StorageError, without the values that its details repeat."""
    try:
        yield
    except BROKEN as error:
        text = error.args[0] if isinstance(error, asyncpg.PostgresError) and error.args else ""
        raise StorageError(f"{type(error).__name__} {str(text)[:200]}".strip()) from error


def _told(error: BaseException, url: str) -> str:
    """An error's first line; one that repeats the URL, as its parser's do, is only named."""
    line = (str(error).splitlines() or [""])[0]
    secret = url.partition("://")[2].partition("@")[0]
    return type(error).__name__ if not line or (secret and secret in line) else line
