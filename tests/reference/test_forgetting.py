"""What every database promises of erasure, consent and old rows; time is an argument."""

import asyncio
import time
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from ghlctl.reference.behaviour import Segment
from ghlctl.reference.calls import Upstream
from ghlctl.reference.compliance.conduct import Conduct
from ghlctl.reference.compliance.consent import Rule
from ghlctl.reference.compliance.entry import Action, Entry, Purpose
from ghlctl.reference.compliance.journal import Journal
from ghlctl.reference.compliance.pseudonyms import Pseudonyms
from ghlctl.reference.connections import PerCallConnections
from ghlctl.reference.contact_cache import ContactCache
from ghlctl.reference.counters import Counters
from ghlctl.reference.housekeeping import Housekeeping
from ghlctl.reference.insight import Insight
from ghlctl.reference.memory_cache import MemoryCache
from ghlctl.reference.pipeline import Pipeline
from ghlctl.reference.postgres_storage import postgres_database
from ghlctl.reference.profile import OPTIMIZED, Deletion, TimestampWindow, Writes, with_switches
from ghlctl.reference.receiver import Receiver
from ghlctl.reference.sqlite_storage import sqlite_database
from ghlctl.reference.storage import (
    KEEP_S,
    Arrival,
    Change,
    Erased,
    Erasing,
    Finished,
    Found,
    Noted,
    Preference,
    Standing,
)
from ghlctl.reference.trust import KeyRing, KeyText
from ghlctl.reference.verification import Verification
from ghlctl.reference.writers import connect
from ghlctl.signing.hmac_timestamp import HMAC_TIMESTAMP

INSIGHT = Insight(0.5, Segment.QUIET, (1, 2), 9)
SECRET = b"a canary in its cage"


class Place:
    """A database by its kind, and the rows of its tables."""

    def __init__(self, kind: str, where: Any, writes: Writes) -> None:
        self.kind, self.where, self.writes = kind, where, writes

    def hold(self, deletion: Deletion) -> Any:
        opened = sqlite_database if self.kind == "sqlite" else postgres_database
        return opened(self.where, deletion)

    async def rows(self, query: str) -> list[tuple[Any, ...]]:
        if self.kind == "sqlite":
            connection = connect(self.where)
            found = connection.execute(query.format("")).fetchall()
            connection.close()
            return found
        remote = await asyncpg.connect(self.where)
        try:
            return [tuple(row) for row in await remote.fetch(query.format("ghlctl_"))]
        finally:
            await remote.close()


KINDS = [("sqlite", writes) for writes in (Writes.SINGLE, Writes.GROUP_COMMIT)]
KINDS += [("postgresql", writes) for writes in (Writes.SINGLE, Writes.GROUP_COMMIT)]


@pytest.fixture(params=KINDS, ids="-".join)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    kind, writes = request.param
    url = request.getfixturevalue("postgres") if kind == "postgresql" else None
    return Place(kind, url or tmp_path / "receiver.sqlite", writes)


def within(place: Place, work: Any, deletion: Deletion = Deletion.MARKED) -> Any:
    with place.hold(deletion) as opening:

        async def run() -> Any:
            storage = await opening(place.writes)
            try:
                return await work(storage)
            finally:
                await storage.close()

        return asyncio.run(run())


def arrival(body: bytes, webhook_id: str) -> Arrival:
    return Arrival(webhook_id, None, body, acknowledged=True, once=True)


ERASING = Erasing("pseudonym", "loc", "c1", 100.0)


def test_erasure_takes_the_contact_s_deliveries_and_results_and_no_others(place: Place) -> None:
    bodies = {
        "contact": b'{"type":"ContactUpdate","id":"c1","locationId":"loc"}',
        "opportunity": b'{"type":"OpportunityCreate","id":"o","contactId":"c1","locationId":"loc"}',
        "appointment": b'{"type":"AppointmentCreate","appointment":{"contactId":"c1"}}',
        "elsewhere": b'{"type":"ContactUpdate","id":"c1","locationId":"other"}',
        "mentioned": b'{"type":"ContactUpdate","id":"c2","locationId":"loc","note":"c1"}',
        "itself": b'{"type":"ContactDelete","id":"c1","locationId":"loc"}',
        "unreadable": b'{"id":"c1"',
    }

    async def work(storage: Any) -> Any:
        for name, body in bodies.items():
            await storage.insert(arrival(body, name))
        await storage.write([Found(1, "c1", INSIGHT), Found(2, "c2", INSIGHT)])
        return await storage.erase(ERASING), await storage.standing("pseudonym")

    erased, standing = within(place, work)
    assert erased == Erased(deliveries=3, insights=1)
    assert standing == Standing(opted_out=False, said_at=100.0, erased_at=100.0)
    left = asyncio.run(place.rows("SELECT webhook_id FROM {}inbox WHERE body IS NOT NULL"))
    assert {name for (name,) in left} == {"elsewhere", "mentioned", "itself", "unreadable"}
    assert asyncio.run(place.rows("SELECT contact_id FROM {}insight")) == [("c2",)]


def test_what_is_found_out_of_an_erased_contact_is_not_kept(place: Place) -> None:
    async def work(storage: Any) -> None:
        await storage.erase(ERASING)
        await storage.write(
            [Found(1, "c1", INSIGHT, b"", "pseudonym"), Found(2, "c2", INSIGHT, b"", "x")]
        )
        await storage.revive("pseudonym")
        await storage.write([Found(3, "c1", INSIGHT, b"", "pseudonym")])

    within(place, work)
    rows = asyncio.run(place.rows("SELECT seq FROM {}insight ORDER BY seq"))
    assert rows == [(2,), (3,)]


def test_the_newest_word_on_consent_holds_and_outlives_a_restart(place: Place) -> None:
    async def say(storage: Any) -> None:
        words: list[Change] = [Preference("p", True, 20.0), Preference("p", False, 10.0)]
        for word in words:
            await storage.write([word])
        await storage.write([Preference("q", True, 1.0), Preference("q", False, 2.0)])

    async def ask(storage: Any) -> list[Standing]:
        await storage.purge(1e12)  # an opt-out is not forgotten by its age
        return [await storage.standing(one) for one in ("p", "q", "nobody")]

    within(place, say)
    assert within(place, ask) == [Standing(True, 20.0), Standing(False, 2.0), Standing()]


def test_the_mark_of_an_erasure_ends_when_no_delivery_that_old_is_sent_again(place: Place) -> None:
    async def work(storage: Any) -> list[Any]:
        await storage.erase(ERASING)
        await storage.purge(99.0)
        before = await storage.standing("pseudonym")
        await storage.purge(101.0)
        return [before.erased_at, (await storage.standing("pseudonym")).erased_at]

    assert within(place, work) == [100.0, None]


def test_an_entry_of_a_log_that_nobody_keeps_changes_nothing(place: Place) -> None:
    async def work(storage: Any) -> None:
        await storage.insert(arrival(b"{}", "w"))
        await storage.write([Noted(Entry(Action.UPDATED, Purpose.SCORING)), Finished(1, "w")])

    within(place, work)
    assert asyncio.run(place.rows("SELECT state FROM {}inbox")) == [(1,)]


@pytest.mark.parametrize("deletion", list(Deletion))
@pytest.mark.parametrize("writes", [Writes.SINGLE, Writes.GROUP_COMMIT])
def test_sqlite_leaves_nothing_of_what_was_deleted_where_so_switched(
    tmp_path: Path, writes: Writes, deletion: Deletion
) -> None:
    place = Place("sqlite", tmp_path / "receiver.sqlite", writes)

    def traces() -> int:
        return sum(path.read_bytes().count(SECRET) for path in tmp_path.iterdir())

    async def work(storage: Any) -> tuple[int, bool, int]:
        for n in range(200):
            size = 1 + (n * 37) % 120  # rows that move between pages, and some over several
            await storage.insert(arrival(b"%d" % n + SECRET * size, f"w{n}"))
        for n in [*range(0, 200, 2), *range(1, 200, 2)]:
            await storage.write([Finished(n + 1, f"w{n}")])
        before = traces()
        return before, await storage.overwrite(all_pages=True), traces()

    before, done, after = within(place, work, deletion)
    assert before
    assert done is (deletion is Deletion.OVERWRITTEN)
    assert (after == 0) is (deletion is Deletion.OVERWRITTEN)
    rows = asyncio.run(place.rows("SELECT count(*) FROM {}inbox"))
    assert rows == [(200,)]


def test_sqlite_is_written_to_while_it_is_written_anew(tmp_path: Path) -> None:
    place = Place("sqlite", tmp_path / "receiver.sqlite", Writes.GROUP_COMMIT)

    async def work(storage: Any) -> None:
        for n in range(20):
            inserting = [storage.insert(arrival(b"{}", f"w{n}-{m}")) for m in range(20)]
            await asyncio.gather(*inserting, storage.overwrite(all_pages=True))

    within(place, work, Deletion.OVERWRITTEN)
    assert asyncio.run(place.rows("SELECT count(*) FROM {}inbox")) == [(400,)]


@pytest.mark.real
def test_postgresql_gives_the_room_of_what_was_deleted_back(postgres: str) -> None:
    place = Place("postgresql", postgres, Writes.GROUP_COMMIT)

    async def size() -> int:
        ((size,),) = await place.rows("SELECT pg_table_size('{}inbox')")
        return int(size)

    async def work(storage: Any) -> tuple[int, bool, int]:
        for n in range(100):
            await storage.insert(arrival(b"%d" % n + SECRET * 60, f"w{n}"))
        await storage.write([Finished(n + 1, f"w{n}") for n in range(100)])
        before = await size()
        return before, await storage.overwrite(all_pages=True), await size()

    before, done, after = within(place, work, Deletion.OVERWRITTEN)
    assert done
    assert after < before / 5


def test_housekeeping_drops_what_is_old_by_the_clock_that_it_is_given(place: Place) -> None:
    async def work(storage: Any) -> list[int]:
        for name in ("done", "open"):
            await storage.insert(arrival(SECRET, name))
        await storage.write([Found(1, "c1", INSIGHT), Finished(1, "done")])
        left = []
        for later in (KEEP_S - 60, KEEP_S + 60):
            cache = ContactCache(MemoryCache(lambda: 0.0), Counters())
            await housekeeping(storage, cache, time.time() + later).throw_away()
            left.append(len(await place.rows("SELECT seq FROM {}insight")))
        return left

    assert within(place, work, Deletion.OVERWRITTEN) == [1, 0]
    assert asyncio.run(place.rows("SELECT webhook_id FROM {}inbox")) == [("open",)]


def housekeeping(storage: Any, cache: ContactCache, now: float) -> Housekeeping:
    journal = Journal(None, Pseudonyms(b"names"), "ghl")
    profile = with_switches(OPTIMIZED, ["cache=none"])
    upstream = Upstream("", PerCallConnections(), Counters(), None, None)
    pipeline = Pipeline(profile, NO_INFERENCE, upstream)
    conduct = Conduct(pipeline, storage, cache, journal, Rule(asked=True), erases=True)
    key = KeyText(HMAC_TIMESTAMP.generate().public)
    ring = KeyRing(HMAC_TIMESTAMP.read_verifying_key, [key])
    verification = Verification(HMAC_TIMESTAMP, ring, TimestampWindow.OFF)
    receiver = Receiver(
        profile=profile,
        verification=verification,
        storage=storage,
        conduct=conduct,
        counters=Counters(),
    )
    return Housekeeping(storage, receiver, conduct, clock=lambda: now)


NO_INFERENCE: Any = None  # nothing is found out here


def test_a_cache_in_memory_lets_go_of_what_ended() -> None:
    now = 0.0
    cache = MemoryCache(lambda: now)

    async def fill() -> None:
        await cache.put("old", b"1")

    asyncio.run(fill())
    now = 3000.0
    asyncio.run(cache.put("new", b"2"))
    now = 3600.0
    asyncio.run(cache.sweep())
    assert list(cache._entries) == ["new"]
