"""What every database promises that keeps the receiver's deliveries."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from ghlctl.reference.behaviour import Segment
from ghlctl.reference.insight import Insight
from ghlctl.reference.postgres_storage import PostgresStorage, postgres_database
from ghlctl.reference.profile import Writes
from ghlctl.reference.sqlite_storage import sqlite_database
from ghlctl.reference.storage import (
    Arrival,
    Change,
    Claim,
    Finished,
    Found,
    GivenUp,
    Leftover,
    Storage,
    StorageError,
    Stored,
)
from ghlctl.reference.writers import connect

INSIGHT = Insight(0.5, Segment.QUIET, (1, 2), 9)
Opening = Callable[[Writes], Awaitable[Storage]]


@dataclass
class Database:
    """One database; each `opened` is a process of its own to it."""

    hold: Callable[[], AbstractContextManager[Opening]]
    rows: Callable[[str], Awaitable[list[tuple[Any, ...]]]]
    writes: Writes
    change: Callable[[str], Awaitable[None]]

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Storage]:
        holding = await asyncio.to_thread(self.hold)
        opening = await asyncio.to_thread(holding.__enter__)
        storage = await opening(self.writes)
        try:
            yield storage
        finally:
            await storage.close()
            holding.__exit__(None, None, None)


def sqlite(folder: Path, writes: Writes) -> Database:
    path = folder / "receiver.sqlite"

    async def rows(query: str) -> list[tuple[Any, ...]]:
        connection = connect(path)
        found = connection.execute(query).fetchall()
        connection.close()
        return found

    async def change(statement: str) -> None:
        connection = connect(path)
        connection.execute(statement)
        connection.close()

    return Database(lambda: sqlite_database(path), rows, writes, change)


def postgresql(url: str, writes: Writes) -> Database:
    async def rows(query: str) -> list[tuple[Any, ...]]:
        """Tables by the names that they have in SQLite."""
        connection = await asyncpg.connect(url)
        found = [
            tuple(row)
            for row in await connection.fetch(re.sub(r"FROM (?!pg_)", "FROM ghlctl_", query))
        ]
        await connection.close()
        return found

    async def change(statement: str) -> None:
        connection = await asyncpg.connect(url)
        await connection.execute(statement.replace("TABLE ", "TABLE ghlctl_"))
        await connection.close()

    return Database(lambda: postgres_database(url), rows, writes, change)


KINDS = [(kind, writes) for kind in ("sqlite", "postgresql") for writes in Writes]


@pytest.fixture(params=KINDS, ids=[f"{kind}-{writes}" for kind, writes in KINDS])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    kind, writes = request.param
    if kind == "sqlite":
        return sqlite(tmp_path, writes)
    return postgresql(request.getfixturevalue("postgres"), writes)


def arrival(webhook_id: str = "w", *, acknowledged: bool = True, once: bool = True) -> Arrival:
    return Arrival(webhook_id, None, b"{}", acknowledged=acknowledged, once=once)


async def all_at_once(storage: Storage, *arrivals: Arrival) -> list[Stored]:
    return await asyncio.gather(*(storage.insert(one) for one in arrivals))


async def left_by_others(storage: Storage) -> list[Leftover]:
    """Asked until something is found: a database that is shared looks twice before it takes."""
    for _ in range(200):
        if found := await storage.adopt():
            return found
        await asyncio.sleep(0.02)
    return []


def test_of_many_copies_one_is_fresh(database: Database) -> None:
    async def story() -> list[Claim]:
        async with database.opened() as storage:
            return [one.claim for one in await all_at_once(storage, *[arrival()] * 50)]

    assert sorted(asyncio.run(story())) == [Claim.DUPLICATE] * 49 + [Claim.FRESH]


def test_without_deduplication_every_copy_is_fresh(database: Database) -> None:
    async def story() -> set[int]:
        async with database.opened() as storage:
            return {one.seq for one in await all_at_once(storage, *[arrival(once=False)] * 3)}

    assert len(asyncio.run(story())) == 3


def test_deliveries_are_numbered_in_the_order_in_which_they_came(database: Database) -> None:
    async def story() -> list[int]:
        async with database.opened() as storage:
            ids = ["z", "a", "m", "b", "y", "c"]
            return [one.seq for one in await all_at_once(storage, *map(arrival, ids))]

    numbers = asyncio.run(story())
    assert numbers == sorted(numbers)


def test_an_unsettled_id_is_in_work_until_it_ends(database: Database) -> None:
    async def story() -> None:
        async with database.opened() as storage:
            first = await storage.insert(arrival(acknowledged=False))
            assert (await storage.insert(arrival(acknowledged=False))).claim is Claim.IN_WORK
            await storage.write([Finished(first.seq, "w")])
            assert (await storage.insert(arrival(acknowledged=False))).claim is Claim.DUPLICATE

    asyncio.run(story())


def test_a_failure_the_provider_knows_of_frees_the_id(database: Database) -> None:
    async def story() -> None:
        async with database.opened() as storage:
            first = await storage.insert(arrival(acknowledged=False))
            await storage.write([GivenUp(first.seq, "w", "upstream", forget=True)])
            assert (await storage.insert(arrival(acknowledged=False))).claim is Claim.FRESH

    asyncio.run(story())


def test_a_later_process_finds_what_was_acknowledged_and_not_done(database: Database) -> None:
    async def story() -> None:
        async with database.opened() as storage:
            done, waiting, failed, also = await all_at_once(storage, *map(arrival, "abce"))
            await storage.insert(arrival("d", acknowledged=False))
            await storage.write([Finished(done.seq, "a")])
            await storage.write([GivenUp(failed.seq, "c", "gone", forget=False)])
        async with database.opened() as later:
            assert [one.seq for one in await left_by_others(later)] == [waiting.seq, also.seq]
            assert await later.adopt() == []
            assert (await later.insert(arrival("d"))).claim is Claim.FRESH
            assert (await later.insert(arrival("c"))).claim is Claim.DUPLICATE

    asyncio.run(story())


def test_a_finished_delivery_keeps_its_insight_and_not_its_body(database: Database) -> None:
    async def story() -> None:
        async with database.opened() as storage:
            first = await storage.insert(arrival())
            again = Insight(0.75, Segment.QUIET, (1, 2), 9)
            await storage.write([Found(first.seq, "c\0ntact", INSIGHT)])
            found = Found(first.seq, "contact", again, b'{"words":{}}')
            await storage.write([found, Finished(first.seq, "w")])
        inbox = await database.rows("SELECT body, state FROM inbox")
        insight = await database.rows("SELECT score, matches, kept FROM insight")
        kept = b'{"words":{}}'
        assert (inbox, insight) == ([(None, 1)], [(0.75, "L00001,L00002", kept)])

    asyncio.run(story())


@pytest.mark.parametrize("order", [1, -1])
def test_a_finished_delivery_cannot_be_given_up(database: Database, order: int) -> None:
    async def story() -> None:
        async with database.opened() as storage:
            seq = (await storage.insert(arrival(acknowledged=False))).seq
            ends: list[Change] = [Finished(seq, "w"), GivenUp(seq, "w", "cancelled", forget=True)]
            await asyncio.gather(*(storage.write([end]) for end in ends[::order]))
        assert (await database.rows("SELECT state FROM inbox")) == [(1,)]

    asyncio.run(story())


def test_what_is_old_and_ended_goes_and_what_is_open_stays(database: Database) -> None:
    async def story() -> None:
        async with database.opened() as storage:
            first, second = await all_at_once(storage, arrival("a"), arrival("b"))
            await storage.write([Found(first.seq, "c", INSIGHT), Finished(first.seq, "a")])
            assert await storage.purge(time.time() - 60) == 0
            assert await storage.purge(time.time() + 60) > 0
            assert (await storage.insert(arrival("a"))).claim is Claim.FRESH
        left = await database.rows("SELECT seq FROM inbox ORDER BY seq")
        assert left[0] == (second.seq,)
        assert len(left) == 2
        assert await database.rows("SELECT seq FROM insight") == []

    asyncio.run(story())


def test_closing_writes_what_still_waits(database: Database) -> None:
    async def story() -> None:
        async with database.opened() as storage:
            hurried = [asyncio.ensure_future(storage.insert(arrival(str(n)))) for n in range(50)]
            await asyncio.sleep(0)
        await asyncio.gather(*hurried)
        counted = await database.rows("SELECT count(*) FROM inbox")
        assert counted == [(50,)]

    asyncio.run(story())


def test_of_two_that_ask_one_takes_over_and_never_from_the_living(postgres: str) -> None:
    database = postgresql(postgres, Writes.GROUP_COMMIT)

    async def story() -> list[list[Leftover]]:
        async with database.opened() as one, database.opened() as other:
            async with database.opened() as ended:
                await all_at_once(ended, *map(arrival, "abc"))
                for _ in range(3):
                    assert await one.adopt() == []
            rounds: list[list[Leftover]] = []
            while not any(rounds):
                rounds += await asyncio.gather(one.adopt(), other.adopt())
            return [*rounds, await one.adopt(), await other.adopt()]

    found = asyncio.run(asyncio.wait_for(story(), 60))
    assert [len(each) for each in found if each] == [3]


def test_two_that_store_the_same_ids_at_once_share_them_out(postgres: str) -> None:
    database = postgresql(postgres, Writes.GROUP_COMMIT)

    async def story() -> list[Claim]:
        ids = [str(n) for n in range(200)]
        async with database.opened() as one, database.opened() as other:
            results = await asyncio.gather(
                all_at_once(one, *map(arrival, ids)), all_at_once(other, *map(arrival, ids[::-1]))
            )
        return [stored.claim for result in results for stored in result]

    claims = asyncio.run(story())
    assert (claims.count(Claim.FRESH), claims.count(Claim.DUPLICATE)) == (200, 200)


@pytest.mark.parametrize("acknowledged", [True, False])
def test_what_was_stored_without_hearing_so_is_found_again(
    postgres: str, acknowledged: bool
) -> None:
    database = postgresql(postgres, Writes.GROUP_COMMIT)
    mine = arrival(acknowledged=acknowledged)

    async def story() -> None:
        async with database.opened() as storage:
            assert isinstance(storage, PostgresStorage)
            whole = storage._in_one_transaction

            async def cut(works: Any) -> Any:
                await whole(works)
                raise ConnectionResetError

            storage._in_one_transaction = cut  # type: ignore[method-assign] # the line goes dead
            with pytest.raises(StorageError):
                await storage.insert(mine)
            storage._in_one_transaction = whole  # type: ignore[method-assign] # it is back
            assert (await storage.insert(mine)).claim is not Claim.FRESH
            assert len(await storage.adopt()) == (1 if acknowledged else 0)
            assert await storage.adopt() == []
            claim = (await storage.insert(mine)).claim
            assert claim is (Claim.DUPLICATE if acknowledged else Claim.FRESH)

    asyncio.run(story())


def test_a_value_that_cannot_be_stored_fails_alone(postgres: str) -> None:
    database = postgresql(postgres, Writes.GROUP_COMMIT)

    async def story() -> list[Any]:
        async with database.opened() as storage:
            works = [storage.insert(arrival(id_)) for id_ in ("a", "b\0", "c")]
            return await asyncio.gather(*works, return_exceptions=True)

    results = asyncio.run(story())
    assert [type(result) for result in results] == [Stored, StorageError, Stored]


def test_a_session_that_the_database_ended_is_begun_again(postgres: str) -> None:
    database = postgresql(postgres, Writes.GROUP_COMMIT)
    kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"

    async def story() -> None:
        async with database.opened() as storage:
            await database.rows(kill + " AND application_name = 'ghlctl receiver'")
            for _ in range(100):
                try:
                    stored = await storage.insert(arrival())
                    await storage.adopt()
                    break
                except StorageError:
                    await asyncio.sleep(0.05)
            assert stored.claim in (Claim.FRESH, Claim.DUPLICATE)
            locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
            assert await database.rows(locks) == [(1,)]

    asyncio.run(story())


def test_a_database_of_before_learns_to_keep_more(database: Database) -> None:
    async def run() -> None:
        async with database.opened():
            pass
        await database.change("ALTER TABLE insight DROP COLUMN kept")
        async with database.opened() as storage:
            stored = await storage.insert(arrival())
            await storage.write([Found(stored.seq, "c", INSIGHT, b"{}")])
        assert await database.rows("SELECT kept FROM insight") == [(b"{}",)]

    asyncio.run(run())
