"""What is particular to SQLite: one writer for all, one receiver to a file, a full disk."""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ghlctl.errors import UsageError
from ghlctl.reference.sqlite_storage import Lock, _insertion, prepare
from ghlctl.reference.storage import Arrival, Claim, Stored
from ghlctl.reference.writers import GroupCommit, SingleWrites, Work, Writer


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "receiver.sqlite"
    assert prepare(path) == []
    return path


@pytest.fixture(params=[SingleWrites, GroupCommit])
def writer(request: pytest.FixtureRequest, path: Path) -> Iterator[Writer]:
    with closing(request.param(path)) as writer:
        yield writer


def stored(webhook_id: str = "w", body: bytes = b"{}") -> Work[Stored]:
    return _insertion(Arrival(webhook_id, None, body, acknowledged=True, once=True), time.time())


def run(writer: Writer, *works: Work[Any]) -> list[Any]:
    async def all_at_once() -> list[Any]:
        return await asyncio.gather(*(writer.run(work) for work in works))

    return asyncio.run(all_at_once())


def rows(path: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def test_what_was_answered_for_is_on_disk(writer: Writer, path: Path) -> None:
    run(writer, *(stored(str(number)) for number in range(20)))
    assert rows(path, "SELECT count(*) FROM inbox") == [(20,)]


def test_a_bad_write_fails_alone(path: Path) -> None:
    def bad(connection: sqlite3.Connection) -> Stored:
        connection.execute("INSERT INTO no_such_table VALUES (1)")
        return Stored(0, Claim.FRESH)

    async def side_by_side(writer: Writer) -> list[Any]:
        works = [stored(str(n)) for n in range(10)]
        works.insert(5, bad)
        return await asyncio.gather(*(writer.run(w) for w in works), return_exceptions=True)

    with closing(GroupCommit(path)) as writer:
        results = asyncio.run(side_by_side(writer))
    assert [n for n, result in enumerate(results) if isinstance(result, sqlite3.Error)] == [5]
    assert rows(path, "SELECT count(*) FROM inbox") == [(10,)]


def test_a_full_disk_is_an_error_and_passes(writer: Writer) -> None:
    def bounded(pages: int) -> Callable[[sqlite3.Connection], Any]:
        connection = writer._connection  # type: ignore[attr-defined] # both writers have one
        return lambda _: connection.execute(f"PRAGMA max_page_count={pages}").fetchone()

    large = stored("large", b"x" * 1_000_000)
    run(writer, bounded(20))
    with pytest.raises(sqlite3.OperationalError, match="full"):
        run(writer, large)
    run(writer, bounded(100_000))
    assert run(writer, large)[0].claim is Claim.FRESH


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "receiver.sqlite"
    path.write_text("this is no database" * 100)
    with pytest.raises(UsageError, match="cannot use the database"):
        prepare(path)


def test_a_lock_is_free_again_once_it_is_let_go(path: Path) -> None:
    with Lock(path), pytest.raises(UsageError, match="in use"), Lock(path):
        pass
    with Lock(path):
        pass


def test_a_defect_in_one_write_ends_neither_its_neighbours_nor_the_thread(path: Path) -> None:
    def defect(connection: sqlite3.Connection) -> Stored:
        raise KeyError(connection)

    async def side_by_side(writer: Writer) -> list[Any]:
        works = [stored("a"), defect, stored("b")]
        return await asyncio.gather(*(writer.run(w) for w in works), return_exceptions=True)

    with closing(GroupCommit(path)) as writer:
        results = asyncio.run(asyncio.wait_for(side_by_side(writer), 20))
        assert [type(result) for result in results] == [Stored, KeyError, Stored]
        assert run(writer, stored("c"))[0].claim is Claim.FRESH
