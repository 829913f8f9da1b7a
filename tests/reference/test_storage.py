"""What is stored before it is acknowledged, and what of it a later process finds."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ghlctl.errors import UsageError
from ghlctl.reference.behaviour import Segment
from ghlctl.reference.insight import Insight
from ghlctl.reference.storage import (
    Claim,
    Lock,
    Stored,
    finish,
    give_up,
    insert,
    keep,
    prepare,
    together,
)
from ghlctl.reference.writers import GroupCommit, SingleWrites, Work, Writer

INSIGHT = Insight(0.5, Segment.QUIET, (1, 2), 9)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "receiver.sqlite"
    assert prepare(path) == []
    return path


@pytest.fixture(params=[SingleWrites, GroupCommit])
def writer(request: pytest.FixtureRequest, path: Path) -> Iterator[Writer]:
    with closing(request.param(path)) as writer:
        yield writer


def stored(webhook_id: str = "w", *, acknowledged: bool = True, once: bool = True) -> Work[Stored]:
    return insert(webhook_id, None, b"{}", acknowledged=acknowledged, once=once)


def run(writer: Writer, *works: Work[Any]) -> list[Any]:
    async def all_at_once() -> list[Any]:
        return await asyncio.gather(*(writer.run(work) for work in works))

    return asyncio.run(all_at_once())


def rows(path: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def test_of_many_copies_one_is_fresh(writer: Writer) -> None:
    claims = [result.claim for result in run(writer, *(stored() for _ in range(50)))]
    assert sorted(claims) == [Claim.DUPLICATE] * 49 + [Claim.FRESH]


def test_without_deduplication_every_copy_is_fresh(writer: Writer) -> None:
    results = run(writer, *(stored(once=False) for _ in range(3)))
    assert len({result.seq for result in results}) == 3


def test_an_unsettled_id_is_in_work_until_it_ends(writer: Writer) -> None:
    (first,) = run(writer, stored(acknowledged=False))
    assert run(writer, stored(acknowledged=False))[0].claim is Claim.IN_WORK
    run(writer, finish(first.seq, "w"))
    assert run(writer, stored(acknowledged=False))[0].claim is Claim.DUPLICATE


def test_a_failure_the_provider_knows_of_frees_the_id(writer: Writer) -> None:
    (first,) = run(writer, stored(acknowledged=False))
    run(writer, give_up(first.seq, "w", "upstream", forget=True))
    assert run(writer, stored(acknowledged=False))[0].claim is Claim.FRESH


def test_a_later_process_finds_what_was_acknowledged_and_not_done(
    writer: Writer, path: Path
) -> None:
    done, waiting, failed, refused = run(
        writer, *(stored(name) for name in ("a", "b", "c")), stored("d", acknowledged=False)
    )
    run(writer, finish(done.seq, "a"), give_up(failed.seq, "c", "gone", forget=False))
    assert [leftover.seq for leftover in prepare(path)] == [waiting.seq]
    assert run(writer, stored("d"))[0].claim is Claim.FRESH
    assert run(writer, stored("c"))[0].claim is Claim.DUPLICATE
    assert refused.seq not in {seq for (seq,) in rows(path, "SELECT seq FROM inbox WHERE state=2")}


def test_a_finished_delivery_keeps_its_insight_and_not_its_body(writer: Writer, path: Path) -> None:
    (first,) = run(writer, stored())
    run(writer, together([keep(first.seq, "c", INSIGHT), finish(first.seq, "w")]))
    assert rows(path, "SELECT body, state FROM inbox") == [(None, 1)]
    assert rows(path, "SELECT score, matches FROM insight") == [(0.5, "L00001,L00002")]


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

    large = insert("large", None, b"x" * 1_000_000, acknowledged=True, once=True)
    run(writer, bounded(20))
    with pytest.raises(sqlite3.OperationalError, match="full"):
        run(writer, large)
    run(writer, bounded(100_000))
    assert run(writer, large)[0].claim is Claim.FRESH


def test_closing_writes_what_still_waits(path: Path) -> None:
    async def hurried(writer: GroupCommit) -> list[Any]:
        tasks = [asyncio.ensure_future(writer.run(stored(str(n)))) for n in range(50)]
        await asyncio.sleep(0)
        await asyncio.to_thread(writer.close)
        return await asyncio.gather(*tasks)

    assert len(asyncio.run(hurried(GroupCommit(path)))) == 50
    assert rows(path, "SELECT count(*) FROM inbox") == [(50,)]


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


def test_a_finished_delivery_cannot_be_given_up(writer: Writer, path: Path) -> None:
    (first,) = run(writer, stored(acknowledged=False))
    run(writer, finish(first.seq, "w"), give_up(first.seq, "w", "cancelled", forget=True))
    assert rows(path, "SELECT state, reason FROM inbox") == [(1, None)]
    assert run(writer, stored(acknowledged=False))[0].claim is Claim.DUPLICATE


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
