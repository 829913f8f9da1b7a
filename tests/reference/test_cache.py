"""What is remembered of contacts: the same from either cache, and never at a delivery's cost."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghlctl.errors import UsageError
from ghlctl.reference import redis_cache
from ghlctl.reference.behaviour import Segment
from ghlctl.reference.contact_cache import TTL_S, CacheStore, ContactCache
from ghlctl.reference.counters import Counters
from ghlctl.reference.incoming import Family, Incoming, Lead
from ghlctl.reference.insight import Analyst, Insight
from ghlctl.reference.leads import basis_of
from ghlctl.reference.memory_cache import ENTRIES, MemoryCache
from ghlctl.reference.profile import OPTIMIZED
from ghlctl.reference.redis_cache import RedisCache, check_url
from tests.reference.realdb import Redis

INSIGHT = Insight(0.5, Segment.QUIET, (1, 2), 9)
MakeStore = Callable[[Counters], CacheStore]


@pytest.fixture(params=["memory", "redis"])
def make_store(request: pytest.FixtureRequest) -> MakeStore:
    if request.param == "memory":
        return lambda _: MemoryCache()
    server: Redis = request.getfixturevalue("redis")
    return lambda counters: RedisCache(server.url, counters)


@asynccontextmanager
async def cache_in(make_store: MakeStore) -> AsyncIterator[tuple[ContactCache, Counters]]:
    counters = Counters()
    cache = ContactCache(make_store(counters), counters)
    try:
        yield cache, counters
    finally:
        await cache.close()


def incoming(family: Family = Family.OPPORTUNITY, contact_id: str = "c") -> Incoming:
    return Incoming("w", "AnyEvent", "L", contact_id, None, Lead(family))


def leads() -> st.SearchStrategy[Lead]:
    """Few values of each field, so that two often come to the same."""
    return st.builds(
        Lead,
        st.sampled_from(Family),
        email=st.sampled_from(["", "ada@gmail.com", "bob@gmail.com"]),
        phone=st.sampled_from(["", "+1", "+2"]),
        tags=st.sampled_from([(), ("vip",), ("new",), ("vip", "lead:hot")]),
        source=st.sampled_from(["", "Referral", "referral by Ada"]),
        city=st.sampled_from(["", "Austin"]),
        value=st.sampled_from([0.0, 300_000.0]),
    )


class Asked:
    """An upstream that is asked for a contact: how often, and what it says."""

    def __init__(self, *, failing: int = 0) -> None:
        self.times = 0
        self.failing = failing
        self.go = asyncio.Event()
        self.go.set()

    async def __call__(self) -> Any:
        self.times += 1
        time_of_asking = self.times
        await self.go.wait()
        if self.failing:
            self.failing -= 1
            raise LookupError("the upstream")
        return {"id": "c", "version": time_of_asking}


def test_a_contact_is_asked_for_once_and_for_each_location(make_store: MakeStore) -> None:
    async def story() -> None:
        async with cache_in(make_store) as (cache, counters):
            asked = Asked()
            for _ in range(3):
                assert await cache.contact(incoming(), asked) == {"id": "c", "version": 1}
            other = Incoming("w", "AnyEvent", "L2", "c", None, Lead(Family.RELATED))
            await cache.contact(other, asked)
            assert (asked.times, counters.cache_hits, counters.cache_misses) == (2, 2, 2)

    asyncio.run(story())


def test_an_event_that_says_it_changed_has_it_asked_for_anew(make_store: MakeStore) -> None:
    async def story() -> None:
        async with cache_in(make_store) as (cache, _):
            asked = Asked()
            await cache.contact(incoming(), asked)
            changed = await cache.contact(incoming(Family.CONTACT), asked)
            assert changed["version"] == 2
            assert (await cache.contact(incoming(), asked))["version"] == 2

    asyncio.run(story())


def test_of_many_at_once_one_asks(make_store: MakeStore) -> None:
    async def story() -> None:
        async with cache_in(make_store) as (cache, counters):
            asked = Asked()
            asked.go.clear()
            many = [asyncio.ensure_future(cache.contact(incoming(), asked)) for _ in range(50)]
            await until(lambda: counters.cache_waits == 49)
            asked.go.set()
            assert [contact["version"] for contact in await asyncio.gather(*many)] == [1] * 50
            assert asked.times == 1

    asyncio.run(story())


def test_when_the_one_that_asks_fails_another_asks(make_store: MakeStore) -> None:
    async def story() -> None:
        async with cache_in(make_store) as (cache, counters):
            asked = Asked(failing=1)
            asked.go.clear()
            many = [asyncio.ensure_future(cache.contact(incoming(), asked)) for _ in range(10)]
            await until(lambda: counters.cache_waits == 9)
            asked.go.set()
            answers = await asyncio.gather(*many, return_exceptions=True)
            assert sum(isinstance(answer, LookupError) for answer in answers) == 1
            assert asked.times == 2

    asyncio.run(story())


class LateToTell(MemoryCache):
    """What was there when it was asked for comes some turns later, as from a server."""

    async def get(self, name: str) -> bytes | None:
        found = await super().get(name)
        for _ in range(50):
            await asyncio.sleep(0)
        return found


def test_those_who_waited_do_not_all_look_and_then_all_ask() -> None:
    test_when_the_one_that_asks_fails_another_asks(lambda _: LateToTell())


def test_what_was_asked_for_before_a_change_is_not_remembered_after_it(
    make_store: MakeStore,
) -> None:
    async def story() -> None:
        async with cache_in(make_store) as (cache, _):
            slow, fast = Asked(), Asked()
            slow.go.clear()
            before = asyncio.ensure_future(cache.contact(incoming(), slow))
            await until(lambda: slow.times == 1)
            fast.times = 6
            assert (await cache.contact(incoming(Family.CONTACT), fast))["version"] == 7
            slow.go.set()
            assert (await before)["version"] == 1
            assert (await cache.contact(incoming(), fast))["version"] == 7

    asyncio.run(story())


def test_an_insight_holds_for_whatever_would_be_found_out_alike(make_store: MakeStore) -> None:
    async def story() -> None:
        async with cache_in(make_store) as (cache, counters):
            computed: list[Lead] = []

            def computing(lead: Lead) -> Callable[[], Awaitable[Insight]]:
                async def compute() -> Insight:
                    computed.append(lead)
                    return INSIGHT

                return compute

            one, other = Lead(Family.CONTACT, city="Austin"), Lead(Family.CONTACT, city="Reno")
            like_one = replace(one, phone="", source="word of no weight")
            for lead in (one, one, other, other, like_one):
                assert await cache.insight(incoming(), lead, computing(lead)) == INSIGHT
            assert computed == [one, other]
            assert (counters.score_hits, counters.score_misses) == (3, 2)

    asyncio.run(story())


def test_what_another_version_wrote_is_found_out_again(make_store: MakeStore) -> None:
    async def story() -> None:
        counters = Counters()
        store = make_store(counters)
        await store.put("L/c/scores", b'{"of": "another shape"}')
        cache = ContactCache(store, counters)

        async def compute() -> Insight:
            return INSIGHT

        assert await cache.insight(incoming(), Lead(Family.CONTACT), compute) == INSIGHT
        await cache.close()

    asyncio.run(story())


def test_the_memory_forgets_after_its_hour_and_what_was_used_least_recently() -> None:
    async def story() -> None:
        now = 0.0
        cache = MemoryCache(lambda: now)
        for number in range(ENTRIES):
            await cache.put(str(number), b"1")
        await cache.get("0")
        await cache.put("new", b"1")
        assert (await cache.get("0"), await cache.get("1")) == (b"1", None)
        now = TTL_S
        assert await cache.get("0") is None

    asyncio.run(story())


def test_redis_holds_a_value_for_an_hour(redis: Redis) -> None:
    async def story() -> None:
        cache = RedisCache(redis.url, Counters())
        await cache.put("name", b"1")
        left_ms = await cache._redis.pttl("ghlctl:name")
        assert 0.9 * TTL_S * 1000 < left_ms <= TTL_S * 1000
        await cache.close()

    asyncio.run(story())


def test_of_two_processes_one_asks_and_the_other_takes_its_answer(redis: Redis) -> None:
    async def story() -> None:
        one, other = (lambda counters: RedisCache(redis.url, counters) for _ in range(2))
        async with cache_in(one) as (first, _), cache_in(other) as (second, waits):
            slow, never = Asked(), Asked()
            slow.go.clear()
            asking = asyncio.ensure_future(first.contact(incoming(), slow))
            await until(lambda: slow.times == 1)
            waiting = asyncio.ensure_future(second.contact(incoming(), never))
            await until(lambda: waits.cache_waits == 1)
            slow.go.set()
            assert await asking == await waiting
            assert never.times == 0

    asyncio.run(story())


def test_a_claim_that_came_to_nothing_keeps_nobody_waiting(redis: Redis) -> None:
    async def story() -> None:
        one, other = (lambda counters: RedisCache(redis.url, counters) for _ in range(2))
        async with cache_in(one) as (first, _), cache_in(other) as (second, waits):
            failing, working = Asked(failing=1), Asked()
            failing.go.clear()
            asking = asyncio.ensure_future(first.contact(incoming(), failing))
            await until(lambda: failing.times == 1)
            waiting = asyncio.ensure_future(second.contact(incoming(), working))
            await until(lambda: waits.cache_waits == 1)
            failing.go.set()
            with pytest.raises(LookupError):
                await asking
            assert (await waiting)["version"] == 1

    asyncio.run(story())


def test_without_redis_the_upstream_is_asked_and_nothing_fails(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_cache, "REST_S", 0.05)

    async def story() -> None:
        async with cache_in(lambda counters: RedisCache(redis.url, counters)) as (cache, counters):
            asked = Asked()
            await cache.contact(incoming(), asked)
            redis.stop()
            for _ in range(5):
                assert (await cache.contact(incoming(), asked))["id"] == "c"
            assert asked.times == 6
            assert counters.cache_errors
            redis.start()
            await until_cached(cache, asked)

    asyncio.run(story())


def test_a_change_that_redis_did_not_hear_of_is_told_before_it_is_read_again(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_cache, "REST_S", 0.0)

    async def story() -> None:
        counters = Counters()
        cache = RedisCache(redis.url, counters)
        await cache.put("name", b"old")
        cache._quiet_until = time.monotonic() + 60  # Redis is away, and keeps the old value
        await cache.forget("name")
        cache._quiet_until = 0.0
        assert await cache.get("name") is None
        await cache.close()

    asyncio.run(story())


@pytest.fixture(scope="module")
def analyst(population: Path) -> Iterator[Analyst]:
    with closing(Analyst(OPTIMIZED, population)) as analyst:
        yield analyst


@given(one=leads(), other=leads())
def test_leads_with_one_basis_are_scored_and_matched_alike(
    analyst: Analyst, one: Lead, other: Lead
) -> None:
    found = [analyst.everything("c", lead) for lead in (one, other)]
    assert basis_of(one) != basis_of(other) or found[0] == found[1]


@pytest.mark.parametrize("url", ["redis://localhost:notaport", "redis://h/?socket_timeout=x"])
def test_a_url_that_is_none_of_redis_is_said_without_its_password(url: str) -> None:
    secret = url.replace("//", "//user:hunter2@")
    with pytest.raises(UsageError) as raised:
        check_url(secret)
    assert "hunter2" not in str(raised.value)


async def until(question: Callable[[], bool]) -> None:
    limit = time.monotonic() + 20
    while not question():
        assert time.monotonic() < limit
        await asyncio.sleep(0.005)


async def until_cached(cache: ContactCache, asked: Asked) -> None:
    limit = time.monotonic() + 20
    while True:
        before = asked.times
        await cache.contact(incoming(), asked)
        if asked.times == before:
            return
        assert time.monotonic() < limit
        await asyncio.sleep(0.02)
